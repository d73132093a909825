"""Readings as tests need them, and strategies that draw them."""

from __future__ import annotations

from hypothesis import strategies as st

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import BalanceKey, Reading, ReadMethod, RegistryId
from desktop_wallet.core.instants import Instant, RunId
from desktop_wallet.core.networks import Family, NetworkId
from desktop_wallet.core.positions import Height, HeightKind

NETWORK = NetworkId("eip155", "1")
REGISTRY = RegistryId("registry-1")
RUN = RunId("run-1")
KEY = BalanceKey(NETWORK, Address(Family.EVM, "0x" + "11" * 20), AssetId(NETWORK, "slip44", "60"))


def instant(seconds: float) -> Instant:
    return Instant(1_790_000_000.0 + seconds, 1_000.0 + seconds, RUN)


def reading(
    number: int,
    *,
    amount: int = 1,
    started_s: float = 0.0,
    seq: int = 0,
    chain: str | None = "0xgenesis",
    block_hash: str | None = None,
    time_s: int | None = None,
    key: BalanceKey = KEY,
    endpoint: str = "one.example",
    registry: RegistryId = REGISTRY,
) -> Reading:
    return Reading(
        key=key,
        amount=amount,
        decimals=18,
        position=Height(HeightKind.BLOCK, number, block_hash, None, time_s),
        endpoint=endpoint,
        method=ReadMethod.MULTICALL,
        batch=1,
        started=instant(started_s),
        ended=instant(started_s + 0.1),
        seq=seq,
        registry=registry,
        chain_hash=chain,
    )


readings = st.builds(
    lambda number, amount, started, seq, chain: reading(number, amount=amount, started_s=started, seq=seq, chain=chain),
    number=st.integers(0, 300),
    amount=st.integers(0, 2**256 - 1),
    started=st.floats(-100, 100),
    seq=st.integers(0, 5),
    chain=st.sampled_from(["0xgenesis", "0xother", None]),
)
