"""The wallet warns of itself: raised and taken back, told once each, over the real engine."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from desktop_wallet.core.alerts import LEAST_LOOKUPS, LEAST_READS, AlertKind
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.services.alerts import Alerts
from tests.fakes.engine import ADDRESSES, Engine, engine, timeout


class Watched:
    """An engine whose alerts are watched."""

    def __init__(self, e: Engine) -> None:
        self.e = e
        self.alerts = Alerts(
            e.parts.counters, e.parts.feed, e.clock, lambda key: e.balances.state(key).failure is not None
        )
        self.told: list[ChangeSet] = []
        e.parts.feed.subscribe(self.told.append)

    def kinds(self) -> tuple[AlertKind, ...]:
        return tuple(alert.kind for alert in self.alerts.current())

    def look_up(self, hits: int, misses: int) -> None:
        """Count reads of one balance each."""
        key = self.e.key
        for is_hit in [True] * hits + [False] * misses:
            self.e.parts.counters.looked_up([key], [] if is_hit else [key])
        self.alerts.check()

    def invalidate(self, times: int) -> None:
        for _ in range(times):
            self.e.parts.counters.invalidation()


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    async with engine(tmp_path, addresses=ADDRESSES) as e:
        yield Watched(e)


async def test_a_low_hit_rate_is_warned_of_and_taken_back(watched: Watched) -> None:
    watched.look_up(139, 61)
    [alert] = watched.alerts.current()
    assert (alert.kind, alert.measured, alert.limit) == (AlertKind.LOW_HIT_RATE, 0.695, 0.70)
    assert alert.since == watched.e.clock.now()
    watched.e.clock.advance(10)
    watched.look_up(40, 0)
    [still] = watched.alerts.current()
    assert still.since == alert.since
    assert still.measured == pytest.approx(179 / 240), "past the limit, and not yet far enough"
    watched.look_up(10, 0)
    assert watched.kinds() == ()


async def test_a_new_wallet_with_nothing_in_its_cache_is_left_in_peace(watched: Watched) -> None:
    watched.look_up(0, LEAST_LOOKUPS - 1)
    assert watched.kinds() == ()
    keys = list(watched.e.keys) * LEAST_LOOKUPS
    watched.e.parts.counters._recent.clear()
    for _ in range(LEAST_READS - 1):
        watched.e.parts.counters.looked_up(keys, keys)
    watched.alerts.check()
    assert watched.kinds() == (), "a page that was opened a few times"
    watched.e.parts.counters.looked_up(keys, keys)
    watched.alerts.check()
    assert watched.kinds() == (AlertKind.LOW_HIT_RATE,)


async def test_an_hour_later_a_hit_rate_is_over(watched: Watched) -> None:
    watched.look_up(0, LEAST_LOOKUPS)
    assert watched.kinds() == (AlertKind.LOW_HIT_RATE,)
    watched.e.clock.advance(3_600)
    watched.alerts.check()
    assert watched.kinds() == ()


async def test_more_than_a_thousand_invalidations_an_hour_are_warned_of_at_once(watched: Watched) -> None:
    watched.invalidate(500)
    watched.e.clock.advance(1_800)
    watched.invalidate(500)
    assert watched.kinds() == ()
    watched.invalidate(1)
    assert watched.kinds() == (AlertKind.MANY_INVALIDATIONS,)
    watched.e.clock.advance(1_800)
    watched.alerts.check()
    assert watched.kinds() == (), "the first five hundred are an hour old"


async def test_a_thousand_spread_over_more_than_an_hour_are_not(watched: Watched) -> None:
    for _ in range(12):
        watched.invalidate(100)
        watched.e.clock.advance(480)
    assert watched.kinds() == ()


async def test_a_preload_that_fails_is_warned_of_until_its_balances_were_read(watched: Watched) -> None:
    e = watched.e
    e.adapter.main.faults.append(timeout())
    await e.preload.run()
    [alert] = watched.alerts.current()
    assert (alert.kind, alert.measured, alert.limit) == (AlertKind.PRELOAD_FAILED, 1.0, 0.10)
    await e.balances.refresh(e.keys[:2])
    watched.alerts.check()
    assert watched.alerts.current()[0].measured == pytest.approx(1 / 3)
    await e.balances.refresh(e.keys)
    watched.alerts.check()
    assert watched.kinds() == ()


async def test_a_preload_that_succeeds_takes_the_warning_back(watched: Watched) -> None:
    e = watched.e
    e.adapter.main.faults.append(timeout())
    await e.preload.run()
    assert watched.kinds() == (AlertKind.PRELOAD_FAILED,)
    await e.preload.run()
    assert watched.kinds() == ()


async def test_whoever_listens_is_told_and_the_log_says_it_once_each(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    import asyncio

    caplog.set_level(logging.INFO, "desktop_wallet.services.alerts")
    watched.invalidate(1_001)
    await asyncio.sleep(0)
    assert sum(changes.alerts for changes in watched.told) == 1
    for _ in range(3):
        watched.alerts.check()
    await asyncio.sleep(0)
    assert sum(changes.alerts for changes in watched.told) == 1, "nothing new"
    watched.e.clock.advance(3_600)
    watched.alerts.check()
    await asyncio.sleep(0)
    assert sum(changes.alerts for changes in watched.told) == 2
    assert [record.message for record in caplog.records] == [
        "alert many-invalidations: measured 1001, limit 1000",
        "alert many-invalidations is over",
    ]


async def test_a_reset_takes_every_warning_back(watched: Watched) -> None:
    watched.invalidate(1_001)
    watched.look_up(0, LEAST_LOOKUPS)
    assert len(watched.kinds()) == 2
    await watched.e.parts.counters.reset()
    assert watched.kinds() == ()
