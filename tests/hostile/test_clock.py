"""A clock that is set, a machine that sleeps: no number passes for younger, nothing waits, nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.freshness import BadgeKind, StaleReason
from desktop_wallet.net.bucket import TokenBucket
from desktop_wallet.services.flights import COALESCE_S
from tests.fakes.clock import FakeClock
from tests.fakes.engine import engine
from tests.hostile.practice_house import Waits, amounts, at_rest, badges, practising

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_wallet.services.session import Session

MINUTE_S, DAY_S = 60.0, 86_400.0
YEAR_S = 365 * DAY_S
AHEAD = (2 * MINUTE_S, 40 * DAY_S, 3 * YEAR_S)
BACK = (-2 * MINUTE_S, -40 * DAY_S, -3 * YEAR_S)


def kinds(session: Session) -> set[BadgeKind]:
    return {badge.kind for badge in badges(session)}


def reasons(session: Session) -> set[StaleReason]:
    return {reason for badge in badges(session) for reason in badge.reasons}


@pytest.mark.parametrize("by_s", AHEAD)
async def test_a_clock_set_ahead_makes_all_stale_loses_nothing_and_mends_when_it_is_set_right(
    tmp_path: Path, by_s: float
) -> None:
    clock, waits = FakeClock(), Waits()
    async with practising(tmp_path, clock, waits) as (_, session):
        before, pages = amounts(session), (await session.pages.stats()).pages
        clock.wall_s += by_s
        assert kinds(session) == {BadgeKind.STALE}
        assert StaleReason.EXPIRED in reasons(session)
        await waits.pass_a_minute(session)
        assert amounts(session) == before, "nobody was idle, and nothing is too old"
        report = await session.balances.refresh(session.balances.keys())
        assert report.failed == ()
        assert amounts(session) == before
        clock.wall_s -= by_s
        clock.advance(1)
        await session.balances.refresh(session.balances.keys())
        assert kinds(session) <= {BadgeKind.FRESH, BadgeKind.CACHED}
        await waits.pass_a_minute(session)
        await session.balances._reads.kept()
        assert (await session.pages.stats()).pages == pages
        assert (await session.metrics.snapshot()).evictions == 0


@pytest.mark.parametrize("by_s", BACK)
async def test_a_clock_set_back_makes_nothing_younger_and_mends_when_it_is_set_right(
    tmp_path: Path, by_s: float
) -> None:
    clock, waits = FakeClock(), Waits()
    async with practising(tmp_path, clock, waits) as (_, session):
        before, pages = amounts(session), (await session.pages.stats()).pages
        clock.advance(10)
        clock.wall_s += by_s
        assert all(badge.age_s is not None and badge.age_s >= 10 for badge in badges(session))
        clock.advance(30)
        assert kinds(session) == {BadgeKind.STALE}
        await session.balances.refresh(session.balances.keys())
        # Blocks a day and more ahead of our clock are not believed: the rows stay Stale and say so.
        believed = by_s > -DAY_S
        assert kinds(session) == ({BadgeKind.CACHED} if believed else {BadgeKind.STALE})
        assert believed or amounts(session) == before
        await waits.pass_a_minute(session)
        clock.wall_s -= by_s
        clock.advance(1)
        await session.balances.refresh(session.balances.keys())
        assert kinds(session) == {BadgeKind.CACHED}
        await waits.pass_a_minute(session)
        await session.balances._reads.kept()
        assert (await session.pages.stats()).pages == pages


@pytest.mark.parametrize("by_s", [*AHEAD[:1], *BACK])
async def test_across_a_restart_the_wall_clock_alone_tells_and_what_comes_from_the_future_is_stale(
    tmp_path: Path, by_s: float
) -> None:
    clock = FakeClock()
    async with practising(tmp_path, clock, Waits()) as (_, session):
        before = amounts(session)
    clock.restart()
    clock.wall_s += by_s
    waits = Waits()
    waits.answers.clear()  # no server answers yet: all that is shown comes from the disk
    async with practising(tmp_path, clock, waits) as (_, session):
        await session.balances.load_pages(session.balances.keys())
        assert amounts(session) == before
        assert kinds(session) == {BadgeKind.STALE}
        assert reasons(session) >= {StaleReason.EXPIRED if by_s > 0 else StaleReason.FUTURE}


async def test_after_a_sleep_all_is_stale_until_it_is_read_again(tmp_path: Path) -> None:
    clock = FakeClock()
    async with practising(tmp_path, clock, Waits()) as (_, session):
        before = amounts(session)
        clock.advance(8)  # less than any time limit
        session.balances.note_waking()
        assert (kinds(session), reasons(session)) == ({BadgeKind.STALE}, {StaleReason.SLEPT})
        clock.advance(1)
        await session.balances.refresh(session.balances.keys())
        assert kinds(session) == {BadgeKind.CACHED}
        assert amounts(session) == before
        clock.advance(8 * 3_600)
        clock.wall_s -= 2 * 3_600  # woken in another time zone by a clock that is wrong
        assert StaleReason.EXPIRED in reasons(session)
        assert min(badge.age_s or 0 for badge in badges(session)) >= 8 * 3_600
        session.begin_preload()
        await at_rest(session)
        assert kinds(session) == {BadgeKind.CACHED}


@pytest.mark.parametrize("by_s", [*AHEAD, *BACK])
async def test_no_wait_for_company_or_for_a_server_grows_with_a_clock_that_is_set(tmp_path: Path, by_s: float) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    clock = FakeClock()
    async with engine(tmp_path, clock=clock, sleep=sleep) as e:
        await e.balances.read(e.keys)
        clock.wall_s += by_s
        clock.advance(31)
        assert not (await e.balances.read(e.keys))[e.key].from_cache
        assert slept
        assert max(slept) <= COALESCE_S
    bucket = TokenBucket(clock, sleep, rate_per_min=60, burst=1)
    await bucket.take()
    bucket.refused(7.0)
    before_s = bucket.next_try_s()
    clock.wall_s -= by_s
    assert bucket.next_try_s() == before_s
    clock.advance(before_s)
    assert bucket.next_try_s() == 0
