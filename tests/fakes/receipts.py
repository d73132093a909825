"""What came in, ready made."""

from __future__ import annotations

from dataclasses import replace

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.networks import Family, NetworkId
from desktop_wallet.core.receipts import LogTrace, Received
from desktop_wallet.core.signing import TransactionId

NETWORK = NetworkId("eip155", "1")
OURS = Address(Family.EVM, "0x" + "1" * 40)
STRANGER = Address(Family.EVM, "0x" + "9" * 40)
TOKEN = AssetId(NETWORK, "erc20", "0x" + "c" * 40)


def received(
    *,
    network: NetworkId = NETWORK,
    address: Address = OURS,
    asset: AssetId = TOKEN,
    amount: int = 500,
    above: int | None = 100,
    to: int | None = 110,
    at_s: float = 1_790_000_000.0,
    host: str = "server0.example",
) -> Received:
    """Return what two readings tell of."""
    return Received(network, address, asset, amount, above, to, at_s, host)


def logged(of: Received, *, sender: Address = STRANGER, transaction: str = "a", index: int = 0) -> Received:
    """Return the same as a log tells it, in its highest block; `transaction` is a hexadecimal digit."""
    block_hash = f"0x{of.to_height or 0:064x}"
    trace = LogTrace(sender, TransactionId("0x" + transaction * 64), index, block_hash)
    return replace(of, from_height=of.to_height, trace=trace)
