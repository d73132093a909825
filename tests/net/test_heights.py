from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.net.heights import Heights
from tests.fakes.clock import FakeClock
from tests.fakes.servers_in_process import HOSTS, example_network

A, B, C = HOSTS
BLOCK_S = 12
"""Of the example network; its heads may be 120 s old."""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def heights() -> Heights:
    return Heights(example_network([f"https://{host}/" for host in HOSTS]))


def tell(heights: Heights, clock: FakeClock, host: str, number: int, age_s: float = 5.0) -> None:
    heights.note(host, number, int(clock.wall_s - age_s), clock.now())


def test_the_lag_is_told_in_blocks_and_grows_only_as_others_tell_of_more(heights: Heights, clock: FakeClock) -> None:
    assert heights.lag_blocks(A) is None
    tell(heights, clock, A, 100)
    assert heights.lag_blocks(A) == 0
    tell(heights, clock, B, 107)
    assert (heights.lag_blocks(A), heights.lag_blocks(B)) == (7, 0)
    clock.advance(10 * BLOCK_S)
    assert heights.lag_blocks(A) == 7, "both go on as far as one knows"
    assert heights.lag_blocks(C) is None


def test_a_server_that_stands_still_is_behind_once_another_is_known_to_go_on(
    heights: Heights, clock: FakeClock
) -> None:
    tell(heights, clock, A, 100, age_s=121)
    assert heights.stands_still(A)
    assert not heights.is_behind(A), "nobody is known to do better"
    tell(heights, clock, B, 100)
    assert heights.is_behind(A)
    tell(heights, clock, A, 110)
    assert not heights.is_behind(A)


def test_a_height_that_no_chain_has_reached_demotes_who_tells_of_it_and_nobody_else(
    heights: Heights, clock: FakeClock
) -> None:
    tell(heights, clock, A, 100)
    tell(heights, clock, B, 10**18)
    assert heights.is_behind(B)
    assert not heights.is_behind(A)
    assert heights.lag_blocks(A) == 0
    assert heights.of(B) is None
    tell(heights, clock, B, 101)
    assert not heights.is_behind(B)
    assert heights.of(B) == 101


def test_a_leap_that_two_servers_tell_of_is_believed(heights: Heights, clock: FakeClock) -> None:
    tell(heights, clock, A, 100)
    tell(heights, clock, B, 100_000)
    tell(heights, clock, C, 100_002)
    assert not heights.is_behind(B)
    assert not heights.is_behind(C)
    assert heights.lag_blocks(A) == 99_902


def test_who_is_behind_is_due_once_a_minute_and_no_more_when_it_has_caught_up(
    heights: Heights, clock: FakeClock
) -> None:
    tell(heights, clock, A, 100)
    tell(heights, clock, B, 80)
    assert heights.due(HOSTS, clock.now()) == (), "it was heard a moment ago"
    clock.advance(60)
    tell(heights, clock, A, 105)
    assert heights.due(HOSTS, clock.now()) == (B,)
    assert heights.due(HOSTS, clock.now()) == ()
    clock.advance(59)
    assert heights.due(HOSTS, clock.now()) == ()
    clock.advance(1)
    assert heights.due((A, C), clock.now()) == (), "it limits us"
    assert heights.due(HOSTS, clock.now()) == (B,)
    tell(heights, clock, B, 110)
    clock.advance(600)
    assert heights.due(HOSTS, clock.now()) == ()


def test_where_all_that_is_known_stands_still_the_others_are_due(heights: Heights, clock: FakeClock) -> None:
    tell(heights, clock, A, 100, age_s=500)
    assert heights.due(HOSTS, clock.now()) == (B, C)
    tell(heights, clock, B, 100, age_s=500)
    tell(heights, clock, C, 140)
    clock.advance(60)
    assert set(heights.due(HOSTS, clock.now())) == {A, B}


def test_one_that_went_astray_is_asked_again_and_believed_when_it_tells_of_a_height_that_can_be(
    heights: Heights, clock: FakeClock
) -> None:
    tell(heights, clock, A, 100)
    tell(heights, clock, B, 10**18)
    assert heights.due(HOSTS, clock.now()) == (B,)
    tell(heights, clock, B, 10**18)
    assert heights.due(HOSTS, clock.now()) == ()
    clock.advance(60)
    tell(heights, clock, A, 105)
    assert heights.due(HOSTS, clock.now()) == (B,)
    tell(heights, clock, B, 105)
    assert heights.due(HOSTS, clock.now()) == ()


def test_another_chains_heights_are_forgotten(heights: Heights, clock: FakeClock) -> None:
    tell(heights, clock, A, 10**6)
    heights.forget()
    tell(heights, clock, B, 5)
    assert heights.of(A) is None
    assert not heights.is_behind(B)


@given(st.lists(st.tuples(st.sampled_from(HOSTS), st.integers(0, 2**63), st.floats(-100, 10**6)), max_size=30))
def test_whatever_they_tell_nobody_is_due_twice_in_a_minute(told: list[tuple[str, int, float]]) -> None:
    clock = FakeClock()
    heights = Heights(example_network([f"https://{host}/" for host in HOSTS]))
    last_s: dict[str, float] = {}
    for host, number, age_s in told:
        tell(heights, clock, host, number, age_s)
        clock.advance(7)
        now = clock.now()
        assert all((heights.lag_blocks(each) or 0) >= 0 for each in HOSTS)
        for each in heights.due(HOSTS, now):
            assert now.boot_s - last_s.get(each, -60.0) >= 60.0
            last_s[each] = now.boot_s
