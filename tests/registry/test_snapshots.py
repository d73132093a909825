"""Snapshots: a row when an amount changes, none when it does not, few of what is long ago, chains kept apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.errors import StorageFull
from desktop_wallet.core.instants import Instant
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.core.positions import Height, HeightKind, Unordered
from desktop_wallet.registry.registry import Registry
from desktop_wallet.services.snapshots import SWEEP_EVERY_S, History
from tests.fakes.clock import FakeClock
from tests.fakes.readings import KEY, NETWORK
from tests.fakes.readings import reading as numbered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from desktop_wallet.core.balances import Reading

NOW_S = 1_790_000_000.0 // 86_400 * 86_400
DAY_S = 86_400.0
OTHER = BalanceKey(NETWORK, KEY.address, AssetId(NETWORK, "erc20", "0x" + "ab" * 20))


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[Registry]:
    made = await opened(tmp_path)
    yield made
    await made.close()


async def opened(folder: Path) -> Registry:
    return await Registry.open(folder / "registry.db", b"r" * 32, FakeClock())


def read(amount: int, at_s: float, *, key: BalanceKey = KEY, height: int = 100, chain: str = "0xa") -> Reading:
    at = Instant(at_s, at_s, FakeClock().run)
    position = Height(HeightKind.BLOCK, height, None, None, int(at_s) - 5)
    return replace(numbered(0), key=key, amount=amount, position=position, started=at, ended=at, chain_hash=chain)


async def amounts(registry: Registry, key: BalanceKey = KEY, since_s: float = 0.0) -> list[tuple[float, int]]:
    kept = (await registry.snapshots([key], since_s)).get(key, ())
    return [(snapshot.at_s - NOW_S, snapshot.amount) for snapshot in kept]


async def test_the_first_reading_and_every_change_is_a_row_and_nothing_else(registry: Registry) -> None:
    await registry.note_readings([read(0, NOW_S)])
    await registry.note_readings([read(0, NOW_S + 30)])
    await registry.note_readings([read(7, NOW_S + 60), read(7, NOW_S + 60, key=OTHER)])
    await registry.note_readings([read(7, NOW_S + 90), read(9, NOW_S + 120)])
    assert await amounts(registry) == [(0, 0), (60, 7), (120, 9)]
    assert await amounts(registry, OTHER) == [(60, 7)]
    (first, *_) = (await registry.snapshots([KEY], 0.0))[KEY]
    assert (first.height, first.block_time_s, first.host) == (100, int(NOW_S) - 5, numbered(0).endpoint)


async def test_a_restart_writes_no_unchanged_amount_again(registry: Registry, tmp_path: Path) -> None:
    await registry.note_readings([read(7, NOW_S), read(2**255, NOW_S, key=OTHER)])
    await registry.close()
    again = await opened(tmp_path)
    await again.note_readings([read(7, NOW_S + 30), read(2**255, NOW_S + 30, key=OTHER)])
    assert await amounts(again) == [(0, 7)]
    assert await amounts(again, OTHER) == [(0, 2**255)]
    await again.close()


async def test_an_address_on_two_networks_is_known_again_on_both(registry: Registry, tmp_path: Path) -> None:
    elsewhere = NetworkId("eip155", "10")
    there = BalanceKey(elsewhere, KEY.address, AssetId(elsewhere, "slip44", "60"))
    await registry.note_readings([read(7, NOW_S), read(7, NOW_S, key=there, chain="0xb")])
    await registry.close()
    again = await opened(tmp_path)
    await again.note_readings([read(7, NOW_S + 30)])
    await again.note_readings([read(7, NOW_S + 30, key=there, chain="0xb"), read(8, NOW_S + 30, key=OTHER)])
    assert [await amounts(again, key) for key in (KEY, there, OTHER)] == [[(0, 7)], [(0, 7)], [(30, 8)]]
    await again.close()


async def test_an_answer_that_came_late_does_not_lead_a_chart_back(registry: Registry) -> None:
    await registry.note_readings([read(7, NOW_S + 60)])
    await registry.note_readings([read(3, NOW_S + 30)])
    assert await amounts(registry) == [(60, 7)]


async def test_a_clock_that_was_years_ahead_once_does_not_end_the_chart(registry: Registry, tmp_path: Path) -> None:
    ahead_s = 3_000 * DAY_S
    await registry.note_readings([read(7, NOW_S)])
    await registry.note_readings([read(8, NOW_S + ahead_s)])
    await registry.note_readings([read(9, NOW_S + 60)])  # the clock was set right
    await registry.close()
    again = await opened(tmp_path)
    await again.note_readings([read(10, NOW_S + 120)])
    assert await amounts(again) == [(0, 7), (60, 9), (120, 10), (ahead_s, 8)]
    await again.close()


async def test_another_chain_is_marked_though_the_amount_is_the_same(registry: Registry) -> None:
    await registry.note_readings([read(7, NOW_S), read(7, NOW_S + 30, chain="0xb"), read(8, NOW_S + 60, chain="0xb")])
    kept = (await registry.snapshots([KEY], 0.0))[KEY]
    assert [(s.amount, s.new_chain) for s in kept] == [(7, False), (7, True), (8, False)]


async def test_the_newest_from_before_tells_what_the_balance_was_at_the_left_edge(registry: Registry) -> None:
    await registry.note_readings([read(n, NOW_S + 10 * n) for n in range(5)])
    assert await amounts(registry, since_s=NOW_S + 25) == [(20, 2), (30, 3), (40, 4)]
    assert await amounts(registry, since_s=NOW_S + 30) == [(30, 3), (40, 4)]
    assert await amounts(registry, since_s=NOW_S - 30) == [(10 * n, n) for n in range(5)]


async def test_a_network_without_heights_has_rows_without(registry: Registry) -> None:
    await registry.note_readings([replace(read(7, NOW_S), position=Unordered())])
    (kept,) = (await registry.snapshots([KEY], 0.0))[KEY]
    assert (kept.height, kept.block_time_s) == (None, None)


async def test_old_rows_are_thinned_to_the_last_of_each_hour_and_then_of_each_day(registry: Registry) -> None:
    ages_s = [100 * DAY_S, 100 * DAY_S - 7_200, 8 * DAY_S, 8 * DAY_S - 600, 8 * DAY_S - 3_600, DAY_S, DAY_S - 60]
    await registry.note_readings([read(n, NOW_S - age_s) for n, age_s in enumerate(ages_s)])
    await registry.thin_snapshots(NOW_S)
    assert await amounts(registry) == [(-ages_s[n], n) for n in (1, 3, 4, 5, 6)]
    assert await registry.thin_snapshots(NOW_S) == 0


async def test_thinning_never_lets_one_chain_stand_for_another(registry: Registry) -> None:
    at_s = NOW_S - 8 * DAY_S
    await registry.note_readings([read(1, at_s), read(2, at_s + 60, chain="0xb"), read(3, at_s + 120, chain="0xb")])
    await registry.thin_snapshots(NOW_S)
    kept = (await registry.snapshots([KEY], 0.0))[KEY]
    assert [(s.amount, s.new_chain) for s in kept] == [(1, False), (3, True)]


async def test_what_could_not_be_written_is_written_with_the_next_reading(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    await registry.note_readings([read(1, NOW_S)])
    write = registry._database.write

    async def full(work: object, then: object = None) -> None:
        # It fails when everything is done but the commit, as a full disk does.
        def fails(connection: object) -> None:
            work(connection)  # type: ignore[operator]
            raise StorageFull(name="registry.db")

        await write(fails)

    with monkeypatch.context() as patch:
        patch.setattr(registry._database, "write", full)
        with pytest.raises(StorageFull):
            await registry.note_readings([read(2, NOW_S + 30)])
    assert await amounts(registry) == [(0, 1)]
    await registry.note_readings([read(2, NOW_S + 60)])
    assert await amounts(registry) == [(0, 1), (60, 2)]


async def test_history_returns_many_at_once_and_sweeps_once_a_day(registry: Registry) -> None:
    clock = FakeClock(wall_s=NOW_S)
    history = History(registry, clock)
    await registry.note_readings([read(1, NOW_S - 8 * DAY_S), read(2, NOW_S - 8 * DAY_S + 60)])
    await registry.note_readings([read(5, NOW_S, key=OTHER)])
    await history.tend()
    assert [snapshot.amount for snapshot in await history.of(KEY, 0.0)] == [2]
    both = await history.of_many([KEY, OTHER], 0.0)
    assert {key: len(kept) for key, kept in both.items()} == {KEY: 1, OTHER: 1}
    await registry.note_readings([read(3, NOW_S - 7.5 * DAY_S), read(4, NOW_S - 7.5 * DAY_S + 60)])
    clock.advance(SWEEP_EVERY_S - 1)
    await history.tend()
    assert len(await history.of(KEY, 0.0)) == 3
    clock.advance(2)
    await history.tend()
    assert len(await history.of(KEY, 0.0)) == 2
