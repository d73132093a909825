"""The memory tier is a dictionary that knows scopes and gets out of the way when nobody uses it."""

from __future__ import annotations

import pytest

from desktop_wallet.cache.memory import BYTES_A_BALANCE, IDLE_S, MemoryTier
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import BalanceKey, BalanceState
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.networks import Family, NetworkId
from tests.fakes.clock import FakeClock
from tests.fakes.readings import reading

NETWORKS = [NetworkId("eip155", "0"), NetworkId("eip155", "1")]
KEYS = [
    BalanceKey(network, Address(Family.EVM, f"0x{address:040x}"), AssetId(network, "erc20", f"0x{asset:040x}"))
    for network in NETWORKS
    for address in range(3)
    for asset in range(2)
]


def _filled() -> MemoryTier:
    tier = MemoryTier()
    for key in KEYS:
        tier.put(BalanceState(key, reading(1, key=key)))
    return tier


def test_what_was_put_is_held_under_an_equal_key() -> None:
    tier = _filled()
    again = BalanceKey(KEYS[0].network, Address(Family.EVM, KEYS[0].address.text), KEYS[0].asset)
    assert tier.get(again) == BalanceState(KEYS[0], reading(1, key=KEYS[0]))
    tier.put(BalanceState(again, reading(2, key=again)))
    assert tier.get(KEYS[0]) == BalanceState(KEYS[0], reading(2, key=KEYS[0]))
    assert len(tier) == len(list(tier)) == len(tier.values()) == len(KEYS)


def test_deleting_forgets_one() -> None:
    tier = _filled()
    assert tier.delete(KEYS[0])
    assert not tier.delete(KEYS[0])
    assert tier.get(KEYS[0]) is None
    assert KEYS[0] not in tier
    assert KEYS[1] in tier


@pytest.mark.parametrize(
    ("scope", "count"),
    [
        (Scope(), 12),
        (Scope(network=NETWORKS[0]), 6),
        (Scope(address=KEYS[0].address), 4),
        (Scope(network=NETWORKS[1], address=KEYS[0].address), 2),
        (Scope(asset=KEYS[0].asset), 3),
        (Scope(network=NETWORKS[1], asset=KEYS[0].asset), 0),
    ],
)
def test_dropping_a_scope_drops_what_it_matches(scope: Scope, count: int) -> None:
    tier = _filled()
    dropped = tier.drop(scope)
    assert len(dropped) == count
    assert all(scope.matches(key) for key in dropped)
    assert set(tier) == {key for key in KEYS if not scope.matches(key)}


def test_a_profile_that_nobody_used_for_an_hour_leaves_memory() -> None:
    clock, tier = FakeClock(), _filled()
    tier.touch(clock.now())
    clock.advance(IDLE_S - 1)
    assert tier.evict_if_idle(clock.now()) == 0
    tier.touch(clock.now())
    clock.advance(IDLE_S - 1)
    assert tier.evict_if_idle(clock.now()) == 0
    clock.advance(1)
    assert tier.evict_if_idle(clock.now()) == len(KEYS)
    assert len(tier) == 0
    assert tier.get(KEYS[0]) is None


def test_idleness_counts_from_the_first_look_when_nobody_ever_used_it() -> None:
    clock, tier = FakeClock(), _filled()
    assert tier.evict_if_idle(clock.now()) == 0
    clock.advance(IDLE_S)
    assert tier.evict_if_idle(clock.now()) == len(KEYS)


@pytest.mark.parametrize("by_s", [10 * IDLE_S, 3e8, -10 * IDLE_S, -3e8])
def test_a_wall_clock_that_is_set_makes_nobody_idle_and_nobody_busy(by_s: float) -> None:
    clock, tier = FakeClock(), _filled()
    tier.touch(clock.now())
    clock.wall_s += by_s
    assert tier.evict_if_idle(clock.now()) == 0
    clock.advance(IDLE_S)
    assert tier.evict_if_idle(clock.now()) == len(KEYS)


def test_clearing_empties_it_and_it_goes_on() -> None:
    tier = _filled()
    assert tier.approximate_bytes == len(KEYS) * BYTES_A_BALANCE
    tier.clear()
    assert (len(tier), tier.approximate_bytes) == (0, 0)
    tier.put(BalanceState(KEYS[0]))
    assert tier.get(KEYS[0]) == BalanceState(KEYS[0])


def test_a_balance_takes_about_what_is_said() -> None:
    import tracemalloc

    tier = MemoryTier()
    tracemalloc.start()
    shared = reading(1)
    for number in range(2_000):
        address = Address(Family.EVM, f"0x{number // 20:040x}")
        key = BalanceKey(NETWORKS[1], address, AssetId(NETWORKS[1], "erc20", f"0x{number:040x}"))
        held = reading(1, key=key, amount=2**70 + number)
        tier.put(BalanceState(key, held, arrived=shared.started))
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.5 < taken / tier.approximate_bytes < 2
