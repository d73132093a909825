"""What happens when reads overtake each other, are called off, or meet a change of what they read."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.errors import StorageFull, VaultLocked
from desktop_wallet.core.freshness import BadgeKind
from desktop_wallet.core.invalidation import Scope
from tests.fakes.clock import FakeClock
from tests.fakes.engine import ADDRESSES, engine, network, timeout, until
from tests.fakes.sleepers import Sleepers, settle

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from desktop_wallet.core.balances import BalanceKey, Reading
    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.services.feed import ChangeFeed
    from tests.fakes.engine import ScriptedAdapter


def lower(adapter: ScriptedAdapter, height: int, amount: int = 9) -> None:
    """Let every server answer from there."""
    for chain in adapter.chains.values():
        chain.height, chain.amount = height, amount


async def test_a_refresh_from_before_an_invalidation_takes_nobody_off_a_later_flight(tmp_path: Path) -> None:
    clock = FakeClock()
    sleepers = Sleepers(clock)
    async with engine(tmp_path, clock=clock, sleep=sleepers.sleep) as e:
        e.adapter.hold()
        refresh = asyncio.ensure_future(e.balances.refresh(e.keys))
        await until(lambda: e.adapter.requests)
        await e.balances.invalidate([Scope()], "a test")
        later = asyncio.ensure_future(e.balances.fetch(e.keys))
        await settle()
        e.adapter.release()
        await refresh
        await sleepers.advance(1)
        async with asyncio.timeout(10):
            await later
        assert e.amount() == 1
        assert not e.balances.updating


async def test_a_slow_read_that_fails_after_a_refresh_does_not_make_its_number_stale(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        e.adapter.main.faults.append(timeout())
        late = e.adapter.hold()
        slow = asyncio.ensure_future(e.balances.read(e.keys))
        await until(lambda: e.adapter.requests)
        e.adapter.release_later_ones()
        e.clock.advance(1)
        await e.balances.refresh(e.keys)
        late.set()
        await slow
        await until(lambda: not e.balances.updating)
        await settle()
        assert e.balances.badge(e.key, None).kind is BadgeKind.CACHED


async def test_a_refresh_right_after_a_restart_merges_with_what_the_disk_keeps(tmp_path: Path) -> None:
    clock = FakeClock()
    async with engine(tmp_path, clock=clock) as e:
        lower(e.adapter, 200, amount=5)
        await e.balances.read(e.keys)
    clock.advance(12)
    clock.restart()
    async with engine(tmp_path, clock=clock) as e:
        lower(e.adapter, 150)
        report = await e.balances.refresh(e.keys)
        assert (e.amount(), report.changed) == (5, 0)


async def test_a_first_read_overtaken_by_an_invalidation_is_made_again(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        e.adapter.hold()
        preload = asyncio.ensure_future(e.preload.run())
        await until(lambda: e.adapter.requests)
        await e.balances.invalidate([Scope()], "a test")
        e.adapter.release()
        await preload
        await until(lambda: e.amount() == 1)


async def test_every_balance_that_servers_are_behind_on_is_asked_again(tmp_path: Path) -> None:
    clock = FakeClock()
    sleepers = Sleepers(clock)
    async with engine(tmp_path, clock=clock, addresses=ADDRESSES[:2], sleep=sleepers.sleep) as e:
        await _read_in_time(e.balances.read(e.keys), sleepers)
        clock.advance(31)
        lower(e.adapter, 90)
        for key in e.keys:
            await _read_in_time(e.balances.read([key]), sleepers)
        asked = len(e.adapter.requests)
        await sleepers.advance(60)
        assert {key for request in e.adapter.requests[asked:] for key in request.keys} == set(e.keys)


async def test_the_only_server_under_two_addresses_is_its_own_second_witness(tmp_path: Path) -> None:
    one = network(servers=1)
    [server] = one.endpoints
    two = replace(one, endpoints=(server, replace(server, url=f"{server.url}another-key")))
    async with engine(tmp_path, networks=(two,)) as e:
        await e.balances.read(e.keys)
        e.clock.advance(31)
        e.adapter.main.height += 500
        report = await e.balances.refresh(e.keys)
        assert not report.failed


async def test_nothing_departs_after_a_lock(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.balances.stop()
        with pytest.raises(VaultLocked):
            await e.balances.read(e.keys)
        with pytest.raises(VaultLocked):
            await e.balances.refresh(e.keys)
        assert e.adapter.requests == []


async def test_a_reader_cancelled_at_once_leaves_no_flight_behind(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.balances.load_pages(e.keys)
        e.adapter.hold()
        reader = asyncio.ensure_future(e.balances.read(e.keys))
        await asyncio.sleep(0)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        await settle()
        assert not e.balances.updating


async def test_a_preload_cancelled_before_it_begins_is_not_in_the_way_of_the_next(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        preload = asyncio.ensure_future(e.preload.run())
        await asyncio.sleep(0)
        e.preload.cancel()
        assert (await preload).cancelled
        async with asyncio.timeout(10):
            assert (await e.preload.run()).answered == 1


async def test_pages_on_their_way_do_not_come_back_after_clearing(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.balances.read(e.keys)
        await e.balances._reads.kept()
        e.balances.forget_memory()
        loading = asyncio.ensure_future(e.balances.load_pages(e.keys))
        await asyncio.sleep(0)
        await e.balances.clear_cache()
        await loading
        assert e.amount() is None
        assert not await e.parts.pages.has(e.key)


async def test_what_was_read_just_now_is_forgotten_on_disk_too(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        e.adapter.hold()
        reader = asyncio.ensure_future(e.balances.read(e.keys))
        await until(lambda: e.adapter.requests)
        e.adapter.release()
        while e.amount() is None:  # noqa: ASYNC110 - the very turn in which the answer is taken
            await asyncio.sleep(0)
        await e.balances.forget(e.key)
        await reader
        await until(lambda: e.parts.pages.metrics.snapshot().sets)
        assert not await e.parts.pages.has(e.key)


async def test_idle_memory_is_let_go_with_the_news_of_it(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.balances.read(e.keys)
        news = Heard(e.parts.feed)
        e.clock.advance(3_601)
        await e.balances.tend()
        await settle()
        assert e.key in news.balances


async def test_memory_is_not_let_go_under_a_read(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        lower(e.adapter, 200, amount=5)
        await e.balances.read(e.keys)
        e.clock.advance(3_601)
        lower(e.adapter, 150)
        e.adapter.hold()
        refresh = asyncio.ensure_future(e.balances.refresh(e.keys))
        await until(lambda: len(e.adapter.requests) == 2)
        await e.balances.tend()
        e.adapter.release()
        await refresh
        assert e.amount() == 5


async def test_a_full_disk_under_the_registry_stops_no_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bugs: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: bugs.append(context))

    async def full(readings: Iterable[Reading]) -> None:
        raise StorageFull(name="registry.db")

    async with engine(tmp_path) as e:
        monkeypatch.setattr(e.parts.registry, "note_readings", full)
        await e.balances.read(e.keys)
        await e.balances._reads.kept()
        await settle()
        assert e.amount() == 1
    assert bugs == []


async def test_who_boards_in_the_very_turn_of_the_lock_is_told_and_waits_for_nothing(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        waiter = e.balances._reads.flights.join(e.keys, 30.0)
        await e.balances.stop()
        async with asyncio.timeout(5):
            with pytest.raises(VaultLocked):
                await waiter.wait()


async def test_a_flight_that_is_called_off_before_it_began_is_not_under_way(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        flights = e.balances._reads.flights
        waiter = flights.join(e.keys, 30.0)
        assert flights.under_way
        flights.leave(waiter)
        await asyncio.sleep(0)
        assert not flights.under_way


async def test_an_invalidation_in_the_middle_of_the_lock_leaves_no_read_behind(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.balances.read(e.keys)
        stop = e.balances._reads.flights.stop

        async def invalidated_meanwhile() -> None:
            e.balances.follow([Scope(e.key.network, e.key.address, e.key.asset)])
            await asyncio.sleep(0)  # the read has boarded
            await stop()

        e.balances._reads.flights.stop = invalidated_meanwhile  # type: ignore[method-assign]
        await e.balances.stop()
        left = [task.get_name() for task in asyncio.all_tasks() if "invalidation" in task.get_name()]
        assert left == []


class Heard:
    """Collects what a feed told of balances."""

    def __init__(self, feed: ChangeFeed) -> None:
        self.balances: set[BalanceKey] = set()
        feed.subscribe(self._take)

    def _take(self, changes: ChangeSet) -> None:
        self.balances |= changes.balances


async def _read_in_time(read: object, sleepers: Sleepers) -> None:
    task = asyncio.ensure_future(read)  # type: ignore[call-overload]
    while not task.done():
        await sleepers.advance(0.01)
        await asyncio.sleep(0.001)
    await task
