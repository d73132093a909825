from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.cache.pages import CacheMode
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.balances import FailureReason
from desktop_wallet.core.errors import EndpointRefused, VaultLocked
from desktop_wallet.core.freshness import BadgeKind, Purpose, StaleReason
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.networks import Family
from desktop_wallet.services.slicing import SLICE
from tests.fakes.clock import FakeClock
from tests.fakes.engine import ADDRESSES, engine, network, timeout, until

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from desktop_wallet.core.balances import Reading


async def test_a_first_read_asks_the_network_and_a_second_one_memory(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        first = await e.balances.read(e.keys)
        e.clock.advance(5)
        second = await e.balances.read(e.keys)
        assert (first[e.key].from_cache, second[e.key].from_cache) == (False, True)
        assert second[e.key].age_s == 5.0
        assert len(e.adapter.requests) == 1


async def test_after_a_restart_the_disk_answers_with_the_readings_own_age(tmp_path: Path) -> None:
    clock = FakeClock()
    async with engine(tmp_path, clock=clock) as e:
        e.adapter.main.amount = 77
        await e.balances.read(e.keys)
    clock.advance(12)
    clock.restart()
    async with engine(tmp_path, clock=clock) as e:
        answer = (await e.balances.read(e.keys))[e.key]
        assert (answer.from_cache, answer.age_s) == (True, 12.0)
        assert e.amount() == 77
        assert e.adapter.requests == []
        assert e.balances.badge(e.key, e.clock.now()).kind is BadgeKind.CACHED


async def test_what_one_flight_brings_is_written_once_and_after_all_of_it_has_landed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = tuple(Address(Family.EVM, f"0x{number:040x}") for number in range(1, 2 * SLICE + 2))
    async with engine(tmp_path, addresses=many) as e:
        written: list[tuple[int, int]] = []
        put = e.parts.pages.put

        async def watched(readings: Iterable[Reading]) -> None:
            written.append((len(tuple(readings)), len(e.balances.updating)))
            await put(readings)

        monkeypatch.setattr(e.parts.pages, "put", watched)
        await e.balances.refresh(e.keys)
        assert written == []  # whoever waited for the numbers has them first
        await e.balances._reads.kept()
        assert written == [(len(many), 0)]


async def test_after_the_ttl_what_is_kept_is_stale_and_read_anew(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.balances.read(e.keys)
        e.clock.advance(30.5)
        shown = e.balances.badge(e.key, e.clock.now())
        assert (shown.kind, shown.reasons) == (BadgeKind.STALE, (StaleReason.EXPIRED,))
        assert not (await e.balances.read(e.keys))[e.key].from_cache


async def test_a_number_for_spending_is_never_older_than_five_seconds(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.balances.read(e.keys)
        e.clock.advance(5.5)
        assert (await e.balances.read(e.keys, Purpose.DISPLAY))[e.key].from_cache
        assert not (await e.balances.read(e.keys, Purpose.SPEND))[e.key].from_cache


async def test_any_number_of_readers_cause_one_network_read(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        e.adapter.hold()
        readers = [asyncio.ensure_future(e.balances.read(e.keys)) for _ in range(50)]
        await until(lambda: e.adapter.requests)
        assert e.balances.updating == frozenset(e.keys)
        e.adapter.release()
        answers = await asyncio.gather(*readers)
        assert len(e.adapter.requests) == 1
        assert all(answer[e.key].state.reading is not None for answer in answers)
        assert e.balances.updating == frozenset()


async def test_a_reader_that_came_after_an_invalidation_never_gets_an_answer_from_before_it(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        e.adapter.hold()
        early = asyncio.ensure_future(e.balances.read(e.keys))
        await until(lambda: e.adapter.requests)
        await e.parts.registry.invalidate([Scope(address=e.key.address)], "a send")
        e.adapter.main.amount = 2
        late = asyncio.ensure_future(e.balances.read(e.keys))
        await until(lambda: len(e.adapter.requests) == 2)
        e.adapter.release()
        answer = (await late)[e.key]
        await early
        assert answer.state.reading is not None
        assert answer.state.reading.amount == 2
        assert answer.state.reading.seq == 1


async def test_a_read_begun_before_an_invalidation_counts_neither_in_memory_nor_on_disk_nor_after_a_restart(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with engine(tmp_path, clock=clock) as e:
        await e.balances.read(e.keys)
        clock.advance(31)
        e.adapter.hold()
        e.adapter.main.amount = 666
        reader = asyncio.ensure_future(e.balances.read(e.keys))
        await until(lambda: len(e.adapter.requests) == 2)
        await e.parts.registry.invalidate([Scope(network=e.key.network)], "a send")
        e.adapter.main.faults.extend([timeout()] * 5)
        e.adapter.release()
        await reader
        assert e.amount() == 1
        assert StaleReason.INVALIDATED in e.balances.badge(e.key, None).reasons
    async with engine(tmp_path, clock=clock) as e:
        e.adapter.main.faults.extend([timeout()] * 5)
        await e.balances.load_pages(e.keys)
        assert e.amount() == 1
        assert StaleReason.INVALIDATED in e.balances.badge(e.key, None).reasons
        assert not (await e.balances.read(e.keys))[e.key].from_cache


async def test_a_refresh_never_waits_for_a_background_read_and_its_answer_serves_both(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        e.adapter.hold()
        background = asyncio.ensure_future(e.balances.read(e.keys))
        await until(lambda: e.adapter.requests)
        e.adapter.main.amount = 2
        refresh = asyncio.ensure_future(e.balances.refresh(e.keys))
        await until(lambda: len(e.adapter.requests) == 2)
        assert [request.user_asked for request in e.adapter.requests] == [False, True]
        second = asyncio.ensure_future(e.balances.refresh(e.keys))
        await asyncio.sleep(0)
        e.adapter.release()
        report = await refresh
        assert (report.asked, report.answered, report.failed) == (1, 1, ())
        await asyncio.gather(background, second)
        assert len(e.adapter.requests) == 2
        assert e.amount() == 2


async def test_a_refresh_goes_past_every_tier_and_works_on_an_empty_cache(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        empty = await e.balances.refresh(e.keys)
        again = await e.balances.refresh(e.keys)
        assert (empty.changed, again.changed) == (1, 0)
        assert len(e.adapter.requests) == 2


async def test_a_cancelled_reader_leaves_the_others_alone(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        e.adapter.hold()
        leaves, stays = (asyncio.ensure_future(e.balances.read(e.keys)) for _ in range(2))
        await until(lambda: e.adapter.requests)
        leaves.cancel()
        await asyncio.wait([leaves])
        e.adapter.release()
        assert (await stays)[e.key].state.reading is not None
        assert e.adapter.cancelled == 0


async def test_a_flight_that_nobody_waits_for_is_called_off(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        e.adapter.hold()
        reader = asyncio.ensure_future(e.balances.read(e.keys))
        await until(lambda: e.adapter.requests)
        reader.cancel()
        await until(lambda: e.adapter.cancelled)
        await until(lambda: not e.balances.updating)


async def test_a_failed_read_keeps_the_amount_as_stale_with_the_reason_and_never_raises(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        e.adapter.main.amount = 42
        await e.balances.read(e.keys)
        e.adapter.main.faults.append(timeout())
        report = await e.balances.refresh(e.keys)
        assert [failure.reason for failure in report.failed] == [FailureReason.TIMEOUT]
        shown = e.balances.badge(e.key, e.clock.now())
        assert (shown.kind, shown.reasons) == (BadgeKind.STALE, (StaleReason.FAILED,))
        assert e.amount() == 42
        await e.balances.refresh(e.keys)
        assert e.balances.badge(e.key, e.clock.now()).reasons == ()


async def test_a_first_read_that_fails_is_unavailable_and_no_zero(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        e.adapter.main.faults.append(EndpointRefused(host="server0.example", status=500))
        answer = (await e.balances.read(e.keys))[e.key]
        assert answer.state.reading is None
        assert answer.failure is not None
        assert answer.failure.reason is FailureReason.REFUSED
        assert e.balances.badge(e.key, None).kind is BadgeKind.UNAVAILABLE


async def test_a_lagging_server_is_asked_elsewhere_and_never_brings_the_old_amount_back(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        first, second = e.adapter.chains.values()
        first.height, first.amount = 110, 5
        await e.balances.refresh(e.keys)
        first.height, first.amount = 105, 1
        second.height, second.amount = 111, 6
        e.clock.advance(6)
        await e.balances.refresh(e.keys)
        assert e.amount() == 6
        assert [request.avoid for request in e.adapter.requests] == [
            frozenset(), frozenset(), frozenset({"server0.example"}),
        ]  # fmt: skip


async def test_servers_that_stay_behind_make_the_row_stale_with_its_old_amount(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        for chain in e.adapter.chains.values():
            chain.height, chain.amount = 110, 5
        await e.balances.refresh(e.keys)
        for chain in e.adapter.chains.values():
            chain.height, chain.amount = 105, 1
        await e.balances.refresh(e.keys)
        e.clock.advance(40)
        await e.balances.refresh(e.keys)
        assert e.amount() == 5
        assert StaleReason.BEHIND in e.balances.badge(e.key, None).reasons


async def test_a_block_that_left_the_chain_lets_the_lower_reading_in(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        for chain in e.adapter.chains.values():
            chain.height, chain.amount = 110, 5
        await e.balances.refresh(e.keys)
        for chain in e.adapter.chains.values():
            chain.height, chain.amount = 108, 1
        e.adapter.on_chain = False
        await e.balances.refresh(e.keys)
        e.clock.advance(40)
        await e.balances.refresh(e.keys)
        assert e.amount() == 1


async def test_another_genesis_shows_the_new_chains_amounts_at_once(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        e.adapter.main.amount = 5
        await e.balances.refresh(e.keys)
        e.adapter.main.height, e.adapter.main.amount, e.adapter.main.genesis = 2, 9, "0xnew"
        await e.balances.refresh(e.keys)
        assert e.amount() == 9


async def test_a_height_that_ran_away_counts_only_with_a_second_witness(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        first, second = e.adapter.chains.values()
        await e.balances.refresh(e.keys)
        first.height, first.amount = 10**18, 0
        second.height, second.amount = 10**12, 0
        report = await e.balances.refresh(e.keys)
        assert [failure.reason for failure in report.failed] == [FailureReason.DOUBTED]
        assert e.amount() == 1
        first.height = second.height = 5_000
        second.amount = 3
        await e.balances.refresh(e.keys)
        assert e.amount() == 3


async def test_where_one_server_claims_an_absurd_height_the_number_of_another_counts(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        first, second = e.adapter.chains.values()
        await e.balances.refresh(e.keys)
        first.height, first.amount = 10**18, 0
        second.height, second.amount = 101, 3
        report = await e.balances.refresh(e.keys)
        assert (report.failed, e.amount()) == ((), 3)


async def test_one_network_that_fails_never_stops_the_others(tmp_path: Path) -> None:
    both = (network("1"), network("10"))
    async with engine(tmp_path, networks=both, addresses=ADDRESSES) as e:
        e.adapter.main.faults.append(timeout())
        seen: list[tuple[int, int]] = []
        report = await e.preload.run(on_progress=lambda p: seen.append((p.done, p.total)))
        assert (report.asked, report.answered, len(report.failed)) == (6, 3, 3)
        assert seen[0] == (0, 6)
        assert e.preload.progress is None


async def test_a_preload_skips_what_is_within_its_ttl_and_a_cancelled_one_says_so(tmp_path: Path) -> None:
    async with engine(tmp_path, addresses=ADDRESSES) as e:
        await e.balances.read(e.keys[:2])
        report = await e.preload.run()
        assert (report.asked, report.skipped) == (1, 2)
        e.clock.advance(31)
        e.adapter.hold()
        running = asyncio.ensure_future(e.preload.run())
        await until(lambda: e.adapter.requests[-1].keys == e.keys)
        assert e.preload.progress is not None
        e.preload.cancel()
        assert (await running).cancelled
        await until(lambda: e.adapter.cancelled)


async def test_forgetting_a_balance_forgets_it_in_memory_and_on_disk(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.balances.read(e.keys)
        await e.balances.forget(e.key)
        assert e.balances.badge(e.key, None).kind is BadgeKind.UNAVAILABLE
    async with engine(tmp_path) as e:
        await e.balances.load_pages(e.keys)
        assert e.amount() is None


async def test_clearing_the_cache_keeps_every_invalidation(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.parts.registry.invalidate([Scope()], "a send")
        await e.balances.read(e.keys)
        await e.balances.clear_cache()
        assert e.amount() is None
        assert e.parts.registry.invalidations.required(e.key) == 1


@pytest.mark.parametrize("mode", [CacheMode.MEMORY_ONLY, CacheMode.OFF])
async def test_without_the_disk_reads_go_on_and_nothing_is_left_there(tmp_path: Path, mode: CacheMode) -> None:
    async with engine(tmp_path, mode=mode) as e:
        assert (await e.balances.read(e.keys))[e.key].state.reading is not None
    left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] if (tmp_path / "cache").exists() else []
    assert left == []


async def test_waking_from_sleep_makes_everything_stale(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.balances.read(e.keys)
        e.clock.advance(1)
        e.balances.note_waking()
        assert e.balances.badge(e.key, None).reasons == (StaleReason.SLEPT,)
        assert not (await e.balances.read(e.keys))[e.key].from_cache


async def test_a_total_and_its_rows_come_from_one_store(tmp_path: Path) -> None:
    async with engine(tmp_path, addresses=ADDRESSES) as e:
        e.adapter.main.amount = 10
        await e.balances.read(e.keys[:2])
        e.clock.advance(14)
        whole = e.balances.total(e.keys, None, one_asset=True)
        assert (whole.amount, whole.parts, whole.unknown, whole.oldest_age_s) == (20, 3, 1, 14.0)


async def test_locking_calls_off_every_read_and_empties_memory(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.balances.read(e.keys)
        e.clock.advance(31)
        e.adapter.hold()
        reader = asyncio.ensure_future(e.balances.read(e.keys))
        await until(lambda: len(e.adapter.requests) == 2)
        await e.balances.stop()
        with pytest.raises(VaultLocked):
            await reader
        assert e.adapter.cancelled == 1
        assert e.amount() is None


async def test_background_reads_within_a_fifth_of_a_second_leave_together(tmp_path: Path) -> None:
    async with engine(tmp_path, addresses=ADDRESSES) as e:
        await e.balances.read(e.keys[:1])
        await e.balances.load_pages(e.keys)
        await asyncio.gather(e.balances.read(e.keys[1:2]), e.balances.read(e.keys[2:3]))
        assert [len(request.keys) for request in e.adapter.requests] == [1, 2]


async def test_with_the_cache_off_every_read_asks_the_network(tmp_path: Path) -> None:
    async with engine(tmp_path, mode=CacheMode.OFF) as e:
        await e.balances.read(e.keys)
        assert not (await e.balances.read(e.keys))[e.key].from_cache
        assert len(e.adapter.requests) == 2


async def test_an_invalidated_balance_is_stale_at_once_and_read_again_behind_the_caller(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.balances.read(e.keys)
        e.adapter.main.amount = 8
        await e.balances.invalidate([Scope(address=e.key.address)], "a send")
        assert StaleReason.INVALIDATED in e.balances.badge(e.key, None).reasons
        await until(lambda: e.amount() == 8)


async def test_a_profile_that_nobody_used_for_an_hour_leaves_memory_and_comes_back_from_disk(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        e.adapter.main.amount = 5
        await e.balances.read(e.keys)
        e.clock.advance(3_601)
        await e.balances.tend()
        assert e.amount() is None
        await e.balances.load_pages(e.keys)
        assert e.amount() == 5
