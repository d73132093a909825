from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.net.bucket import TokenBucket
from tests.fakes.clock import FakeClock
from tests.fakes.sleepers import Sleepers, settle


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sleepers(clock: FakeClock) -> Sleepers:
    return Sleepers(clock)


async def _take(bucket: TokenBucket, gone: list[str], name: str, *, user_asked: bool = False) -> None:
    await bucket.take(user_asked=user_asked)
    gone.append(name)


async def test_a_burst_leaves_at_once_and_the_rest_flows(clock: FakeClock) -> None:
    bucket = TokenBucket(clock, clock.sleep, rate_per_min=100, burst=40)
    began_s = clock.boot_s
    for _ in range(40):
        await bucket.take()
    assert clock.boot_s == began_s
    await bucket.take()
    assert clock.boot_s - began_s == pytest.approx(1.0)  # 60 more flow in a minute


@given(
    st.integers(1, 200),
    st.integers(1, 200) | st.none(),
    st.lists(st.floats(0, 90), min_size=1, max_size=300),
)
async def test_no_minute_sees_more_than_the_rate(rate: int, burst: int | None, gaps_s: list[float]) -> None:
    clock = FakeClock()
    bucket = TokenBucket(clock, clock.sleep, rate_per_min=rate, burst=burst)
    left_s = []
    for gap_s in gaps_s:
        clock.advance(gap_s if gap_s > 45 else 0)
        await bucket.take()
        left_s.append(clock.boot_s)
    for at_s in left_s:
        within = sum(1 for each_s in left_s if at_s <= each_s < at_s + 60 - 1e-6)
        assert within <= max(rate, 2)


async def test_what_the_person_asked_for_goes_before_the_background(clock: FakeClock, sleepers: Sleepers) -> None:
    bucket = TokenBucket(clock, sleepers.sleep, rate_per_min=61, burst=1)
    gone: list[str] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(_take(bucket, gone, "first"))
        await settle()
        for name in ("background 1", "background 2"):
            group.create_task(_take(bucket, gone, name))
        await settle()
        for name in ("user 1", "user 2"):
            group.create_task(_take(bucket, gone, name, user_asked=True))
        for _ in range(10):
            await sleepers.advance(1.0)
    assert gone == ["first", "user 1", "user 2", "background 1", "background 2"]


async def test_a_cancelled_waiter_takes_nothing_and_holds_nobody_up(clock: FakeClock, sleepers: Sleepers) -> None:
    bucket = TokenBucket(clock, sleepers.sleep, rate_per_min=61, burst=1)
    gone: list[str] = []
    await bucket.take()
    async with asyncio.TaskGroup() as group:
        waiter = group.create_task(_take(bucket, gone, "cancelled"))
        await settle()
        waiter.cancel()
        await settle()
        assert bucket.next_try_s() == pytest.approx(1.0)
        group.create_task(_take(bucket, gone, "next"))
        await sleepers.advance(1.0)
        assert gone == ["next"]


async def test_the_time_of_the_next_try_is_told(clock: FakeClock) -> None:
    bucket = TokenBucket(clock, clock.sleep, rate_per_min=70, burst=10)
    assert bucket.next_try_s() == 0
    for _ in range(10):
        await bucket.take()
    assert bucket.next_try_s() == pytest.approx(1.0)
    clock.advance(0.25)
    assert bucket.next_try_s() == pytest.approx(0.75)
    clock.advance(0.75)
    assert bucket.next_try_s() == 0


async def test_a_servers_retry_after_is_honoured_by_everybody(clock: FakeClock) -> None:
    bucket = TokenBucket(clock, clock.sleep)
    bucket.refused(8.0)
    assert bucket.blocked_for_s() == bucket.blocked_for_s(user_asked=True) == bucket.next_try_s() == 8.0
    began_s = clock.boot_s
    await bucket.take(user_asked=True)
    assert clock.boot_s - began_s == pytest.approx(8.0)
    assert bucket.blocked_for_s() == 0


async def test_a_shorter_wait_does_not_shorten_a_longer_one(clock: FakeClock) -> None:
    bucket = TokenBucket(clock, clock.sleep)
    bucket.refused(30.0)
    bucket.refused(2.0)
    assert bucket.blocked_for_s() == 30.0


async def test_without_a_time_the_waits_double_up_to_a_minute_until_an_answer_comes(clock: FakeClock) -> None:
    bucket = TokenBucket(clock, clock.sleep)
    waits_s = []
    for _ in range(8):
        bucket.refused(None)
        waits_s.append(bucket.blocked_for_s(user_asked=True))
        clock.advance(waits_s[-1])
    assert waits_s == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    bucket.accepted()
    bucket.refused(None)
    assert bucket.blocked_for_s(user_asked=True) == 1.0


async def test_more_than_five_refusals_in_a_minute_pause_the_background_but_not_the_person(clock: FakeClock) -> None:
    bucket = TokenBucket(clock, clock.sleep)
    for _ in range(5):
        bucket.refused(0.0)
        clock.advance(10.0)
    assert bucket.blocked_for_s() == 0
    bucket.refused(0.0)
    assert bucket.blocked_for_s() == bucket.paused_for_s() == 120.0
    assert bucket.blocked_for_s(user_asked=True) == 0
    began_s = clock.boot_s
    await bucket.take(user_asked=True)
    assert clock.boot_s == began_s
    await bucket.take()
    assert clock.boot_s - began_s == pytest.approx(120.0)
    assert bucket.paused_for_s() == 0


async def test_six_refusals_in_more_than_a_minute_pause_nothing(clock: FakeClock) -> None:
    bucket = TokenBucket(clock, clock.sleep)
    for _ in range(6):
        bucket.refused(0.0)
        clock.advance(12.5)
    assert bucket.blocked_for_s() == 0


async def test_a_clock_of_another_run_does_not_wedge_the_bucket(clock: FakeClock) -> None:
    bucket = TokenBucket(clock, clock.sleep, rate_per_min=60, burst=1)
    await bucket.take()
    clock.restart()
    await bucket.take()
    assert clock.boot_s < 120
