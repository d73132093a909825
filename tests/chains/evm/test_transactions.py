"""Drafts become transactions and are read back from signed bytes; nothing but a transfer in its one form is read."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import rlp
from coincurve import PrivateKey
from Crypto.Hash import keccak
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.chains.evm.transactions import build, decode, parse_transaction
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId, native_asset
from desktop_wallet.core.fees import GasFee, Speed
from desktop_wallet.core.networks import Family, Network, NetworkId
from desktop_wallet.core.signing import EvmTransaction, LegacyPrice, MarketPrice, SignedTransaction
from desktop_wallet.core.transfers import Draft, TransferKind
from desktop_wallet.vault.signers.evm import address_of_key, sign_transaction

KEY = bytes([0x11]) * 32
SENDER = address_of_key(KEY)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
RECIPIENT = Address(Family.EVM, "0x" + "22" * 20)
TOKEN = Address(Family.EVM, "0x" + "33" * 20)


def network(chain_id: int = 8453) -> Network:
    return Network(NetworkId("eip155", str(chain_id)), Family.EVM, "Base", 2.0, 60.0, "ETH", "Ether", 18, 60)


NETWORK = network()
COIN = native_asset(NETWORK).id
TOKENS = AssetId(NETWORK.id, "erc20", TOKEN.text)
DRAFT = Draft(NETWORK.id, SENDER, RECIPIENT, COIN, 1_000)
FEE = GasFee(Speed.NORMAL, MarketPrice(50, 2), 21_000, 21_000, 20)

numbers_256 = st.integers(0, (1 << 256) - 1)
addresses = st.binary(min_size=20, max_size=20).map(lambda digits: Address(Family.EVM, "0x" + digits.hex()))
prices = st.builds(MarketPrice, numbers_256, numbers_256) | st.builds(LegacyPrice, numbers_256)


@st.composite
def sendings(draw: st.DrawFn) -> tuple[Network, bytes, Draft, GasFee, int]:
    """Return a network, the sender's key, a draft, its fee and its nonce."""
    chain = network(draw(st.sampled_from([0, 1, 127, 128, 31337, (1 << 64) - 1])))
    key = draw(st.integers(1, ORDER - 1)).to_bytes(32, "big")
    sender, coin = address_of_key(key), native_asset(chain).id
    draft = Draft(chain.id, sender, draw(addresses), coin, draw(numbers_256))
    kind = draw(st.sampled_from(["coin", "token", "cancel"]))
    if kind == "token":
        draft = replace(draft, asset=AssetId(chain.id, "erc20", draw(addresses).text))
    if kind == "cancel":
        draft = Draft(chain.id, sender, sender, coin, 0, TransferKind.CANCEL)
    gas_limit = draw(st.integers(1, (1 << 64) - 1))
    fee = GasFee(Speed.NORMAL, draw(prices), gas_limit, gas_limit, 0)
    return chain, key, draft, fee, draw(st.integers(0, (1 << 64) - 2))


@given(sendings())
def test_what_was_built_and_signed_reads_back_as_the_draft(
    sending: tuple[Network, bytes, Draft, GasFee, int],
) -> None:
    chain, key, draft, fee, nonce = sending
    signed = sign_transaction(key, build(chain, draft, fee, nonce))
    read = decode(chain, signed.raw)
    assert read.draft == replace(draft, kind=TransferKind.PAYMENT)
    assert (read.nonce, read.gas_limit, read.price, read.id) == (nonce, fee.gas_limit, fee.price, signed.id)
    assert read.fee_most == fee.gas_limit * fee.price.most_wei


SIGNED = [
    sign_transaction(KEY, build(NETWORK, replace(DRAFT, asset=asset), replace(FEE, price=price), 7))
    for asset in (COIN, TOKENS)
    for price in (MarketPrice(1_000_000_007, 12_345), LegacyPrice(1_000_000_007))
]


@pytest.mark.parametrize("signed", SIGNED, ids=["coin", "coin, legacy", "token", "token, legacy"])
def test_any_flipped_bit_is_refused_or_changes_sender_and_id(signed: SignedTransaction) -> None:
    refused = other = 0
    for bit in range(8 * len(signed.raw)):
        raw = bytearray(signed.raw)
        raw[bit // 8] ^= 1 << bit % 8
        try:
            read = decode(NETWORK, bytes(raw))
        except ValueError:
            refused += 1
        else:
            assert read.draft.sender != SENDER
            assert read.id != signed.id
            other += 1
    assert refused > 100
    assert other > 100


@given(st.sampled_from(SIGNED), st.data())
def test_no_bytes_make_the_reader_fail_otherwise_than_by_refusing(
    signed: SignedTransaction, data: st.DataObject
) -> None:
    raw = bytearray(signed.raw)
    start = data.draw(st.integers(0, len(raw)))
    raw[start : start + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=60))
    if raw == signed.raw:
        return
    try:
        read = parse_transaction(bytes(raw))
    except ValueError:
        return
    assert read.id != signed.id


@given(st.binary(max_size=300))
def test_random_bytes_are_no_transaction(raw: bytes) -> None:
    for start in (b"", b"\x01", b"\x02", b"\xf8"):
        with pytest.raises(ValueError):  # noqa: PT011 - each kind of rubbish has words of its own
            decode(NETWORK, start + raw)


@pytest.mark.parametrize("raw", [b"\xc1" * 500, b"\x02" + b"\xc1" * 500, b"\xf9\xff\xff" * 100, b"\xc1" * 200_000])
def test_lists_in_lists_are_refused(raw: bytes) -> None:
    for read in (parse_transaction, lambda raw: decode(NETWORK, raw)):
        with pytest.raises(ValueError):  # noqa: PT011 - as above
            read(raw)


# -- transactions that no signer of ours makes ------------------------------------------------------------------------


def number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def hashed(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def signature(data: bytes) -> tuple[int, int, int]:
    """Return the parity, r and s of the key's signature of those bytes."""
    made = PrivateKey(KEY).sign_recoverable(hashed(data), hasher=None)
    return made[64], int.from_bytes(made[:32], "big"), int.from_bytes(made[32:64], "big")


Field = bytes | list["Field"]


def market(*, kind: int = 2, high_s: bool = False, **changes: Field) -> bytes:
    """Return a signed coin transfer of type 2 with some fields otherwise; the signature is good for just those."""
    fields: dict[str, Field] = {
        "chain": number(8453),
        "nonce": number(7),
        "tip": number(2),
        "most": number(50),
        "gas": number(21_000),
        "to": bytes.fromhex(RECIPIENT.text[2:]),
        "value": number(1_000),
        "data": b"",
        "access": [],
    }
    body = list((fields | changes).values())
    parity, r, s = signature(bytes([kind]) + rlp.encode(body))
    if high_s:
        parity, s = 1 - parity, ORDER - s
    encoded: bytes = rlp.encode([*body, number(parity), number(r), number(s)])
    return bytes([kind]) + encoded


def legacy(chain_id: int | None, *, to: bytes = b"\x22" * 20) -> bytes:
    """Return a signed coin transfer of the old form."""
    body: list[Field] = [number(7), number(50), number(21_000), to, number(1_000), b""]
    guard = [] if chain_id is None else [number(chain_id), b"", b""]
    parity, r, s = signature(rlp.encode([*body, *guard]))
    v = 27 + parity if chain_id is None else 35 + 2 * chain_id + parity
    encoded: bytes = rlp.encode([*body, number(v), number(r), number(s)])
    return encoded


def old_market() -> bytes:
    """Return a signed coin transfer of type 1 (EIP-2930), without an access list."""
    to = bytes.fromhex(RECIPIENT.text[2:])
    body: list[Field] = [number(8453), number(7), number(50), number(21_000), to, number(1_000), b"", []]
    parity, r, s = signature(b"\x01" + rlp.encode(body))
    encoded: bytes = rlp.encode([*body, number(parity), number(r), number(s)])
    return b"\x01" + encoded


def transfer_data(*, selector: str = "a9059cbb", padding: bytes = bytes(12), end: bytes = b"") -> bytes:
    return bytes.fromhex(selector) + padding + b"\x22" * 20 + (5).to_bytes(32, "big") + end


def call(data: bytes) -> bytes:
    """Return a signed call of the token's contract."""
    return market(to=b"\x33" * 20, value=b"", data=data)


def test_the_forge_of_these_tests_makes_what_the_signer_makes() -> None:
    transaction = build(NETWORK, DRAFT, FEE, 7)
    assert sign_transaction(KEY, transaction).raw == market()
    old = replace(transaction, price=LegacyPrice(50))
    assert sign_transaction(KEY, old).raw == legacy(8453)
    assert decode(NETWORK, call(transfer_data())).draft == replace(DRAFT, asset=TOKENS, amount=5)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(market(chain=number(1)), id="another chain"),
        pytest.param(market(chain=b""), id="no chain"),
        pytest.param(legacy(1), id="another chain, legacy"),
        pytest.param(legacy(None), id="good on any chain"),
        pytest.param(market(high_s=True), id="s in the upper half"),
        pytest.param(market(to=b""), id="creates a contract"),
        pytest.param(legacy(8453, to=b""), id="creates a contract, legacy"),
        pytest.param(market(to=b"\x22" * 19), id="short address"),
        pytest.param(market(to=b"\x22" * 21), id="long address"),
        pytest.param(market(access=[[b"\x22" * 20, []]]), id="access list"),
        pytest.param(market(access=b""), id="bytes for the access list"),
        pytest.param(market(access=[b"\x22" * 20]), id="broken access list"),
        pytest.param(market(access=[[b"\x22" * 20, [b"\x01"]]]), id="short slot in the access list"),
        pytest.param(market(nonce=b"\0"), id="zero as a byte"),
        pytest.param(market(value=b"\0\x01"), id="leading zero"),
        pytest.param(market(value=b"\x01" * 33), id="33 bytes of value"),
        pytest.param(market(value=[]), id="list for the value"),
        pytest.param(market(nonce=number((1 << 64) - 1)), id="nonce beyond EIP-2681"),
        pytest.param(market(gas=number(1 << 64)), id="gas beyond 64 bits"),
        pytest.param(market(data=b"\x01"), id="coin with a message"),
        pytest.param(market(data=[]), id="list for the data"),
        pytest.param(market(data=b"\x01" * 1_000), id="long data"),
        pytest.param(call(transfer_data(selector="095ea7b3")), id="approve"),
        pytest.param(call(transfer_data(end=b"\0")), id="one byte more"),
        pytest.param(call(transfer_data()[:-1]), id="one byte less"),
        pytest.param(call(transfer_data()[:4]), id="no arguments"),
        pytest.param(call(transfer_data(padding=bytes(11) + b"\x01")), id="padding that is not zero"),
        pytest.param(market(to=b"\x33" * 20, data=transfer_data()), id="call that pays coins too"),
        pytest.param(old_market(), id="type 1"),
        pytest.param(market(kind=3), id="type 3"),
        pytest.param(market(kind=4), id="type 4"),
        pytest.param(market(kind=1), id="type 1 with the fields of type 2"),
        pytest.param(market() + b"\0", id="something left over"),
        pytest.param(market()[1:], id="without its kind"),
        pytest.param(b"\0" + legacy(8453), id="type 0"),
        pytest.param(market()[:-1], id="cut off"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x02", id="a kind and nothing"),
        pytest.param(b"\x02\xc0", id="no fields"),
    ],
)
def test_what_is_no_transfer_of_this_network_in_its_one_form_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - as above
        decode(NETWORK, raw)


def _with_signature(parity: int, r: int, s: int) -> bytes:
    body = rlp.decode(market()[1:])[:9]
    encoded: bytes = rlp.encode([*body, number(parity), number(r), number(s)])
    return b"\x02" + encoded


@pytest.mark.parametrize(
    ("parity", "r", "s"),
    [(0, 0, 1), (0, 1, 0), (0, ORDER, 1), (2, 2, 1), (27, 1, 1), (0, 5, 1), (0, 1, ORDER // 2 + 1), (0, 1 << 256, 1)],
    ids=[
        "r of 0",
        "s of 0",
        "r too large",
        "parity 2, whose point exists",
        "parity 27",
        "r on no point",
        "s too large",
        "r of 33 bytes",
    ],
)
def test_a_signature_of_no_known_form_is_refused(parity: int, r: int, s: int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - as above
        decode(NETWORK, _with_signature(parity, r, s))


def listed(payload: bytes) -> bytes:
    """Return a list in RLP, whose encoder here knows no depth."""
    if len(payload) < 56:
        return bytes([0xC0 + len(payload)]) + payload
    size = number(len(payload))
    return bytes([0xF7 + len(size)]) + size + payload


def test_the_encoder_without_depth_makes_what_the_library_makes() -> None:
    fields = rlp.decode(market()[1:])
    assert b"\x02" + listed(b"".join(rlp.encode(field) for field in fields)) == market()


@pytest.mark.parametrize("depth", [1, 50, 150, 250, 5_000])
def test_lists_in_lists_within_a_field_are_refused(depth: int) -> None:
    nested = listed(b"")
    for _ in range(depth):
        nested = listed(nested)
    fields = [rlp.encode(field) for field in rlp.decode(market()[1:])]
    with pytest.raises(ValueError):  # noqa: PT011 - as above
        parse_transaction(b"\x02" + listed(b"".join([*fields[:-4], nested, *fields[-3:]])))


def test_a_long_length_for_a_short_text_is_refused() -> None:
    """RLP: a text under 56 bytes has one form."""
    body = market()[3:]
    assert market()[:2] == b"\x02\xf8"
    value = b"\x82\x03\xe8"
    assert body.count(value) == 1
    longer = body.replace(value, b"\xb8\x02\x03\xe8")
    with pytest.raises(ValueError, match="no RLP"):
        decode(NETWORK, b"\x02\xf8" + bytes([len(longer)]) + longer)


@pytest.mark.parametrize("v", [0, 1, 26, 29, 34])
def test_an_old_signature_of_no_known_form_is_refused(v: int) -> None:
    fields = rlp.decode(legacy(None))
    fields[6] = number(v)
    with pytest.raises(ValueError, match="no known form"):
        parse_transaction(rlp.encode(fields))


def test_what_is_longer_than_any_transfer_is_not_taken_apart() -> None:
    with pytest.raises(ValueError, match="too long"):
        decode(NETWORK, market(data=b"\x01" * 500))


def test_bytes_that_are_not_the_shortest_are_refused_whatever_the_library_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rlp, "decode", partial(rlp.decode, strict=False))
    assert rlp.decode(market()[1:] + b"\0") == rlp.decode(market()[1:]), "it is lenient now"
    with pytest.raises(ValueError, match="not the fields"):
        decode(NETWORK, market() + b"\0")


def test_an_error_of_the_reader_carries_no_bytes() -> None:
    with pytest.raises(ValueError, match="no RLP") as caught:
        decode(NETWORK, market()[:-1])
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


# -- what is never built ----------------------------------------------------------------------------------------------


def test_a_token_is_sent_by_its_contract_and_costs_no_coin() -> None:
    built = build(NETWORK, replace(DRAFT, asset=TOKENS, amount=5), FEE, 7)
    assert built == EvmTransaction(8453, 7, TOKEN, 0, transfer_data(), 21_000, FEE.price)


def test_a_cancel_sends_nothing_to_the_sender() -> None:
    cancel = replace(DRAFT, recipient=SENDER, amount=0, kind=TransferKind.CANCEL)
    assert build(NETWORK, cancel, FEE, 7) == EvmTransaction(8453, 7, SENDER, 0, b"", 21_000, FEE.price)


@pytest.mark.parametrize(
    "draft",
    [
        replace(DRAFT, amount=-1),
        replace(DRAFT, amount=1 << 256),
        replace(DRAFT, network=NetworkId("eip155", "1")),
        replace(DRAFT, asset=native_asset(network(1)).id),
        replace(DRAFT, asset=AssetId(NetworkId("eip155", "1"), "erc20", TOKEN.text)),
        replace(DRAFT, asset=AssetId(NETWORK.id, "slip44", "1")),
        replace(DRAFT, asset=AssetId(NETWORK.id, "erc721", TOKEN.text)),
        replace(DRAFT, kind=TransferKind.CANCEL),
        replace(DRAFT, kind=TransferKind.CANCEL, recipient=SENDER),
        replace(DRAFT, kind=TransferKind.CANCEL, amount=0),
        replace(DRAFT, kind=TransferKind.CANCEL, recipient=SENDER, amount=0, asset=TOKENS),
    ],
    ids=lambda draft: f"{draft.kind.value} of {draft.amount} {draft.asset}",
)
def test_a_draft_that_the_network_cannot_carry_out_is_not_built(draft: Draft) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - as above
        build(NETWORK, draft, FEE, 7)


@pytest.mark.parametrize(
    ("fee", "nonce"),
    [
        (FEE, -1),
        (FEE, (1 << 64) - 1),
        (replace(FEE, gas_limit=0), 7),
        (replace(FEE, gas_limit=1 << 64), 7),
        (replace(FEE, price=LegacyPrice(-1)), 7),
        (replace(FEE, price=LegacyPrice(1 << 256)), 7),
        (replace(FEE, price=MarketPrice(1 << 256, 0)), 7),
        (replace(FEE, price=MarketPrice(1, -1)), 7),
        (replace(FEE, price=MarketPrice(1, 1 << 256)), 7),
    ],
)
def test_a_fee_or_nonce_that_the_network_cannot_carry_is_not_built(fee: GasFee, nonce: int) -> None:
    with pytest.raises(ValueError, match="can carry"):
        build(NETWORK, DRAFT, fee, nonce)
