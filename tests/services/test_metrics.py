"""What the wallet counts about itself: figures that can be checked by hand, over restarts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.cache.metrics import CacheMetrics
from desktop_wallet.core.balances import BalanceKey, Reading, ReadMethod, RegistryId
from desktop_wallet.core.freshness import Purpose
from desktop_wallet.core.instants import Instant, RunId
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.services.latencies import Latencies
from desktop_wallet.services.lookups import Lookups
from desktop_wallet.services.metrics import Metrics, MetricsSnapshot, kept_snapshot
from tests.fakes.clock import FakeClock
from tests.fakes.engine import ADDRESSES, Engine, engine, network, timeout

MAINNET = NetworkId("eip155", "1")
RUN = RunId("run-1")


def reading(key: BalanceKey, began_s: float, took_s: float) -> Reading:
    started, ended = Instant(began_s, began_s, RUN), Instant(began_s + took_s, began_s + took_s, RUN)
    position = Height(HeightKind.BLOCK, 1, "0x1", None, 1)
    return Reading(key, 1, 18, position, "h", ReadMethod.MULTICALL, 1, started, ended, 0, RegistryId("r"))


def without_sizes(found: MetricsSnapshot) -> MetricsSnapshot:
    """Return what outlives a run."""
    return replace(found, pages=0, bytes_on_disk=0, memory_entries=0, memory_bytes=0)


async def restarted(e: Engine) -> Metrics:
    """Return the counters as the next run of the program finds them."""
    await e.parts.counters.save()
    metrics = Metrics(e.parts.registry, e.parts.pages, e.parts.memory, CacheMetrics(), e.clock)
    await metrics.load()
    return metrics


async def test_hits_misses_and_stale_answers_are_those_of_a_reader(tmp_path: Path) -> None:
    async with engine(tmp_path, addresses=ADDRESSES) as e:
        await e.balances.read(e.keys)
        await e.balances.read(e.keys)
        e.clock.advance(31)
        e.adapter.main.faults.append(timeout())
        await e.balances.read(e.keys)
        found = await e.parts.counters.snapshot()
        assert (found.hits_memory, found.hits_disk, found.misses, found.stale_answers) == (3, 0, 6, 3)
        assert found.hit_rate == pytest.approx(1 / 3)
        assert found.memory_entries == 3
        assert found.memory_bytes > 0


async def test_what_the_disk_answers_is_told_apart_from_memory(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.balances.read(e.keys)
        await e.balances._reads.kept()
        e.balances.forget_memory()
        await e.balances.read(e.keys)
        found = await e.parts.counters.snapshot()
        assert (found.hits_memory, found.hits_disk, found.misses) == (0, 1, 1)
        assert found.pages == 1
        assert found.bytes_on_disk > 0


async def test_look_ups_are_counted_by_asset(tmp_path: Path) -> None:
    networks = (network("1"), network("2"))
    async with engine(tmp_path, networks=networks, addresses=ADDRESSES) as e:
        first = [key for key in e.keys if key.network == MAINNET]
        await e.balances.read(e.keys)
        await e.balances.read(first)
        await e.balances.read(first, Purpose.DISPLAY)
        found = (await e.parts.counters.snapshot()).by_asset
        assert {str(asset): lookups for asset, lookups in found.items()} == {
            "eip155:1/slip44:60": Lookups(6, 3),
            "eip155:2/slip44:60": Lookups(0, 3),
        }


async def test_everything_outlives_a_restart(tmp_path: Path) -> None:
    async with engine(tmp_path, addresses=ADDRESSES) as e:
        e.adapter.main.faults.append(timeout())
        await e.preload.run()
        e.clock.advance(100)
        await e.preload.run()
        await e.balances.read(e.keys)
        await e.balances.invalidate([], "a test")
        e.parts.counters.latency(MAINNET, reading(e.key, 10, 0.25))
        e.parts.counters.looked_up(e.keys, e.keys[:1])
        before = await e.parts.counters.snapshot()
        after = await (await restarted(e)).snapshot()
        assert without_sizes(after) == without_sizes(before)
        assert (before.preloads, before.preload_balances, before.preload_failures) == (2, 6, 3)
        assert before.invalidations == 1
        assert before.by_asset[e.key.asset] == Lookups(5, 1)
        assert before.latency[MAINNET].p95_ms == 250
        kept = kept_snapshot(await e.parts.registry.load_counters(), await e.parts.registry.load_settings())
        assert kept == without_sizes(before)


async def test_counting_began_when_the_profile_was_made_or_last_reset(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        began_s = e.clock.wall_s
        await e.balances.read(e.keys)
        e.clock.advance(1_000)
        metrics = await restarted(e)
        assert (await metrics.snapshot()).since_s == began_s
        await metrics.reset()
        assert (await metrics.snapshot()).since_s == began_s + 1_000


async def test_an_earlier_version_did_not_note_when_counting_began(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.parts.registry.save_counters({"misses": 4})
        metrics = Metrics(e.parts.registry, e.parts.pages, e.parts.memory, e.parts.pages.metrics, e.clock)
        await metrics.load()
        found = await metrics.snapshot()
        assert (found.since_s, found.misses) == (None, 4)


async def test_a_reset_holds_for_later_runs_too(tmp_path: Path) -> None:
    async with engine(tmp_path, addresses=ADDRESSES) as e:
        await e.preload.run()
        await e.balances.read(e.keys)
        await e.parts.counters.save()
        await e.parts.counters.reset()
        for metrics in (e.parts.counters, await restarted(e)):
            found = await metrics.snapshot()
            assert without_sizes(found) == MetricsSnapshot(since_s=e.clock.wall_s)


async def test_saved_calls_are_told_in_percent(tmp_path: Path) -> None:
    async with engine(tmp_path, addresses=ADDRESSES) as e:
        assert (await e.parts.counters.snapshot()).saved_share is None
        await e.balances.read(e.keys)
        found = await e.parts.counters.snapshot()
        assert (found.calls, found.calls_saved) == (1, 2)
        assert found.saved_share == pytest.approx(2 / 3)


# Latencies


def figures(times_ms: list[int]) -> tuple[int, float, float, float]:
    latencies, key = Latencies(), next(iter(_keys()))
    for number, took_ms in enumerate(times_ms):
        latencies.note(MAINNET, reading(key, number * 10_000.0, took_ms / 1000))
    found = latencies.snapshot()[MAINNET]
    return found.count, found.mean_ms, found.p50_ms, found.p95_ms


def _keys() -> list[BalanceKey]:
    from desktop_wallet.core.assets import AssetId

    return [BalanceKey(MAINNET, ADDRESSES[0], AssetId(MAINNET, "slip44", "60"))]


def test_percentiles_are_of_the_last_256_reads_and_the_mean_of_all() -> None:
    assert figures([100]) == (1, 100, 100, 100)
    assert figures([100, 300]) == (2, 200, 100, 300)
    assert figures(list(range(1, 101))) == (100, 50.5, 50, 95)
    assert figures([1_000_000] * 256 + [10] * 256) == (512, 500_005, 10, 10)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=300))
def test_the_figures_lie_among_the_times(times_ms: list[int]) -> None:
    count, mean_ms, p50_ms, p95_ms = figures(times_ms)
    last = times_ms[-256:]
    assert count == len(times_ms)
    assert mean_ms == pytest.approx(sum(times_ms) / len(times_ms))
    assert {p50_ms, p95_ms} <= set(last)
    assert sum(time <= p50_ms for time in last) * 2 >= len(last)
    assert sum(time <= p95_ms for time in last) * 100 >= len(last) * 95
    assert p50_ms <= p95_ms


def test_a_batch_that_lands_in_parts_counts_once() -> None:
    latencies, [key] = Latencies(), _keys()
    for _ in range(3):
        latencies.note(MAINNET, reading(key, 10, 0.1))
    latencies.note(MAINNET, reading(key, 20, 0.1))
    assert latencies.snapshot()[MAINNET].count == 2


def test_a_clock_that_was_set_back_makes_no_negative_time() -> None:
    latencies, [key] = Latencies(), _keys()
    latencies.note(MAINNET, reading(key, 10, -5))
    assert latencies.snapshot()[MAINNET].p50_ms == 0


@pytest.mark.parametrize(
    "text",
    ["[]", "{", '{"eip155:1": 3}', '{"eip155:1": []}', '{"nonsense": [1, 2, 3]}', '{"eip155:1": [1, 2, "x"]}',
     '{"eip155:1": [1, -2, 3]}', '{"eip155:1": [true, 2, 3]}', "7", "null", '"x"'],
)  # fmt: skip
def test_kept_latencies_that_cannot_be_read_count_as_none(text: str) -> None:
    latencies = Latencies()
    latencies.restore(text)
    assert latencies.snapshot() == {}


def test_no_counter_of_another_version_does_harm() -> None:
    strange = {"asset_hits nonsense": 3, "asset_hits eip155:1/slip44:60": -1, "asset_odd x": 1, "preloads": 2, "odd": 9}
    assert kept_snapshot(strange, {"latency": "{"}) == MetricsSnapshot(preloads=2)


def test_the_hour_before_is_forgotten_minute_by_minute() -> None:
    from desktop_wallet.services.recent import Recent

    clock = FakeClock()
    recent = Recent(clock)
    for _ in range(90):
        recent.invalidated()
        clock.advance(60)
    assert recent.sums()["invalidations"] == 60 - 1, "the one of an hour ago is just over"
    clock.wall_s -= 86_400
    assert recent.sums()["invalidations"] == 59, "the wall clock has no say"
    clock.advance(3_600)
    assert recent.sums()["invalidations"] == 0
