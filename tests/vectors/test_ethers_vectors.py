"""Every vector of ethers about transactions and checksums, and which code of ours each one is about.

Our signer makes type 2 without an access list and legacy with a chain id, to some address. What it cannot express is
signed by eth-account alone, as our signer calls it, so that the library stands the whole test. Our reader reads all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from eth_account import Account

from desktop_wallet.chains.evm.transactions import SignedFields, decode, parse_transaction
from desktop_wallet.core.addresses import display_address, parse_address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.errors import InvalidAddress
from desktop_wallet.core.networks import Family, Network, NetworkId
from desktop_wallet.core.signing import EvmTransaction, LegacyPrice, MarketPrice
from desktop_wallet.core.transfers import Draft
from desktop_wallet.vault.signers.evm import address_of_key, parse_key, sign_transaction
from tests.vectors.ethers_cases import cases_of, data_of, number

if TYPE_CHECKING:
    from collections.abc import Callable

    Record = Callable[[str, object], None]

TYPED, LEGACY, ACCOUNTS = (cases_of(name) for name in ("typed-transactions", "transactions", "accounts"))
OURS = [case for case in TYPED if case["tx"]["type"] == 2 and case["tx"].get("to") and not case["tx"].get("accessList")]
TO_SOMEBODY = [case for case in LEGACY if data_of(case.get("to"))]


def told(record_property: Record, figure: str) -> None:
    """Put a count into the page of proofs and on the screen of who runs with -s."""
    record_property("figure", figure)
    print(figure)  # noqa: T201 - the counts are asked for


def network(chain_id: int) -> Network:
    return Network(NetworkId("eip155", str(chain_id)), Family.EVM, "", 12.0, 60.0, "", "", 18, 60)


def market_transaction(tx: dict[str, Any]) -> EvmTransaction:
    return EvmTransaction(
        number(tx.get("chainId")),
        number(tx.get("nonce")),
        parse_address(Family.EVM, tx["to"]),
        number(tx.get("value")),
        data_of(tx.get("data")),
        number(tx.get("gasLimit")),
        MarketPrice(number(tx.get("maxFeePerGas")), number(tx.get("maxPriorityFeePerGas"))),
    )


def legacy_transaction(case: dict[str, Any], chain_id: int) -> EvmTransaction:
    return EvmTransaction(
        chain_id,
        number(case.get("nonce")),
        parse_address(Family.EVM, case["to"]),
        number(case.get("value")),
        data_of(case.get("data")),
        number(case.get("gasLimit")),
        LegacyPrice(number(case.get("gasPrice"))),
    )


def library_fields(tx: dict[str, Any]) -> dict[str, Any]:
    """Return a case as eth-account takes it, whatever kind it is."""
    fields: dict[str, Any] = {
        "nonce": number(tx.get("nonce")),
        "gas": number(tx.get("gasLimit")),
        "value": number(tx.get("value")),
        "data": data_of(tx.get("data")),
    }
    if data_of(tx.get("to")):
        fields["to"] = data_of(tx["to"])
    if tx.get("type") == 2:
        fields["maxFeePerGas"] = number(tx.get("maxFeePerGas"))
        fields["maxPriorityFeePerGas"] = number(tx.get("maxPriorityFeePerGas"))
    else:
        fields["gasPrice"] = number(tx.get("gasPrice"))
    if tx.get("type"):
        fields |= {"type": tx["type"], "accessList": tx.get("accessList") or [], "chainId": number(tx.get("chainId"))}
    return fields


def signed_by_the_library(fields: dict[str, Any], key: str) -> tuple[bytes, str]:
    signed = Account.sign_transaction(fields, data_of(key))
    return bytes(signed.raw_transaction), "0x" + bytes(signed.hash).hex()


def check_fields(read: SignedFields, tx: dict[str, Any]) -> None:
    """Compare what we read with what a case says went in."""
    assert (read.nonce, read.value_wei, read.data) == (
        number(tx.get("nonce")),
        number(tx.get("value")),
        data_of(tx.get("data")),
    )
    assert read.gas_limit == number(tx.get("gasLimit"))
    assert (read.to.text if read.to else "") == ("0x" + data_of(tx.get("to")).hex() if data_of(tx.get("to")) else "")
    if tx.get("type") == 2:
        assert read.price == MarketPrice(number(tx.get("maxFeePerGas")), number(tx.get("maxPriorityFeePerGas")))
    else:
        assert read.price == LegacyPrice(number(tx.get("gasPrice")))
    wanted = [
        (data_of(entry["address"]), tuple(data_of(key) for key in entry["storageKeys"]))
        for entry in tx.get("accessList") or []
    ]
    assert list(read.access_list) == wanted


def test_all_typed_transactions_are_read_back_with_sender_and_every_field(record_property: Record) -> None:
    for case in TYPED:
        read = parse_transaction(data_of(case["signed"]))
        assert read.kind == case["tx"]["type"], case["name"]
        assert read.chain_id == number(case["tx"].get("chainId"))
        assert read.sender.text == case["address"].lower()
        check_fields(read, case["tx"])
    assert len(TYPED) == 1792
    told(record_property, f"{len(TYPED)} typed transactions of ethers read back: sender, kind, every field")


def test_typed_transactions_that_our_signer_can_express_come_out_byte_for_byte(record_property: Record) -> None:
    for case in OURS:
        signed = sign_transaction(parse_key(case["key"]), market_transaction(case["tx"]))
        assert signed.raw == data_of(case["signed"]), case["name"]
        assert signed.id == parse_transaction(signed.raw).id
    assert len(OURS) == 248
    told(record_property, f"{len(OURS)} typed transactions of ethers signed by our signer, byte for byte")


def test_the_library_that_our_signer_calls_signs_all_typed_transactions(record_property: Record) -> None:
    for case in TYPED:
        raw, transaction_id = signed_by_the_library(library_fields(case["tx"]), case["key"])
        assert raw == data_of(case["signed"]), case["name"]
        assert transaction_id == parse_transaction(raw).id
    told(record_property, f"{len(TYPED)} typed transactions of ethers signed by eth-account, byte for byte")


def test_our_decoder_takes_of_the_typed_transactions_the_plain_transfers_only(record_property: Record) -> None:
    plain = [case for case in OURS if not data_of(case["tx"].get("data"))]
    for case in TYPED:
        chain = network(number(case["tx"].get("chainId")))
        if case not in plain:
            with pytest.raises(ValueError, match=r"no transfer|no call"):
                decode(chain, data_of(case["signed"]))
            continue
        read = decode(chain, data_of(case["signed"]))
        coin = AssetId(chain.id, "slip44", "60")
        sender, to = (parse_address(Family.EVM, text) for text in (case["address"], case["tx"]["to"]))
        assert read.draft == Draft(chain.id, sender, to, coin, number(case["tx"].get("value"))), case["name"]
    assert len(plain) == 64, "every combination of the six other fields"
    told(record_property, f"{len(plain)} of {len(TYPED)} are plain transfers and decoded as such, all others refused")


def test_all_legacy_transactions_are_read_back_with_sender_and_every_field(record_property: Record) -> None:
    for case in LEGACY:
        for form, chain_id in (("signedTransaction", None), ("signedTransactionChainId5", 5)):
            read = parse_transaction(data_of(case[form]))
            assert (read.kind, read.chain_id) == (0, chain_id), case["name"]
            assert read.sender.text == case["accountAddress"].lower()
            check_fields(read, case)
    assert len(LEGACY) == 1067
    told(record_property, f"{len(LEGACY)} legacy transactions of ethers read back, with and without a chain id")


def test_legacy_transactions_that_our_signer_can_express_come_out_byte_for_byte(record_property: Record) -> None:
    for case in TO_SOMEBODY:
        signed = sign_transaction(parse_key(case["privateKey"]), legacy_transaction(case, 5))
        assert signed.raw == data_of(case["signedTransactionChainId5"]), case["name"]
        assert signed.id == parse_transaction(signed.raw).id
    assert len(TO_SOMEBODY) == 1035
    told(record_property, f"{len(TO_SOMEBODY)} legacy transactions of ethers signed by our signer, byte for byte")


def test_the_library_that_our_signer_calls_signs_all_legacy_transactions(record_property: Record) -> None:
    for case in LEGACY:
        fields = library_fields(case)
        unprotected, _ = signed_by_the_library(fields, case["privateKey"])
        assert unprotected == data_of(case["signedTransaction"]), case["name"]
        protected, transaction_id = signed_by_the_library({**fields, "chainId": 5}, case["privateKey"])
        assert protected == data_of(case["signedTransactionChainId5"]), case["name"]
        assert transaction_id == parse_transaction(protected).id
    told(
        record_property, f"{len(LEGACY)} legacy transactions of ethers signed by eth-account, with and without chain id"
    )


def test_our_decoder_refuses_every_legacy_transaction_that_is_good_on_any_chain() -> None:
    for case in LEGACY:
        with pytest.raises(ValueError, match=r"another chain|no transfer"):
            decode(network(5), data_of(case["signedTransaction"]))


def test_all_accounts_have_their_checksum_and_their_key_its_address(record_property: Record) -> None:
    with_key = wrong = 0
    for case in ACCOUNTS:
        address = parse_address(Family.EVM, case["checksumAddress"])
        assert address == parse_address(Family.EVM, case["address"])
        assert display_address(address) == case["checksumAddress"]
        digits = case["checksumAddress"][2:]
        if "privateKey" in case:
            assert address_of_key(parse_key(case["privateKey"])) == address
            with_key += 1
        if digits.swapcase() not in (digits.upper(), digits.lower()):
            with pytest.raises(InvalidAddress) as caught:
                parse_address(Family.EVM, "0x" + digits.swapcase())
            assert caught.value.data["problem"] == "checksum"
            wrong += 1
    assert (len(ACCOUNTS), with_key) == (1038, 1031)
    told(
        record_property, f"{len(ACCOUNTS)} ERC-55 addresses of ethers, {with_key} from their key, {wrong} wrong refused"
    )
