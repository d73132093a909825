from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.balances import BalanceState, Behind, FailureReason, ReadFailure
from desktop_wallet.core.freshness import (
    TTL_S,
    Badge,
    BadgeKind,
    Circumstances,
    Policy,
    Purpose,
    StaleReason,
    badge,
    serves,
    stale_reasons,
)
from desktop_wallet.core.instants import Instant, RunId
from desktop_wallet.core.networks import Family, Network
from tests.fakes.readings import KEY, NETWORK, RUN, instant, reading

ETHEREUM = Network(NETWORK, Family.EVM, "Ethereum", 12.0, 120.0, "ETH", "Ether", 18, 60)


def seen(now_s: float = 0.0, **more: object) -> Circumstances:
    return replace(Circumstances(instant(now_s), 30.0, 120.0), **more)  # type: ignore[arg-type]


def answered(at_s: float = 0.0, **more: object) -> BalanceState:
    return BalanceState(KEY, reading(1, started_s=at_s, **more), arrived=instant(at_s))  # type: ignore[arg-type]


def from_disk(at_s: float = 0.0) -> BalanceState:
    return BalanceState(KEY, reading(1, started_s=at_s))


def test_nothing_kept_is_unavailable_even_after_a_failure() -> None:
    state = BalanceState(KEY, failure=ReadFailure(KEY, FailureReason.OFFLINE, instant(0)))
    assert badge(state, seen()) == Badge(BadgeKind.UNAVAILABLE)


def test_only_an_answer_since_the_page_was_opened_is_fresh() -> None:
    assert badge(answered(10), seen(12, page_opened=instant(5))).kind is BadgeKind.FRESH
    assert badge(answered(10), seen(12, page_opened=instant(11))).kind is BadgeKind.CACHED
    assert badge(answered(10), seen(12, page_opened=None)).kind is BadgeKind.CACHED
    assert badge(from_disk(10), seen(12, page_opened=instant(5))).kind is BadgeKind.CACHED


def test_an_age_equal_to_the_ttl_is_still_within() -> None:
    assert badge(answered(0), seen(30, page_opened=instant(0))).kind is BadgeKind.FRESH
    stale = badge(answered(0), seen(30.01, page_opened=instant(0)))
    assert (stale.kind, stale.reasons) == (BadgeKind.STALE, (StaleReason.EXPIRED,))


def test_the_age_is_the_readings_and_the_time_left_is_what_remains_of_the_ttl() -> None:
    shown = badge(answered(0), seen(12, page_opened=instant(0)))
    assert (shown.age_s, shown.left_s) == (12.0, 18.0)


def test_pending_comes_before_stale_and_carries_the_expected_change() -> None:
    shown = badge(answered(0), seen(99, expected_change=-1_500))
    assert (shown.kind, shown.expected_change) == (BadgeKind.PENDING, -1_500)


def test_each_cause_of_staleness_is_named() -> None:
    good = answered(0, time_s=1_790_000_000)
    failed = replace(good, failure=ReadFailure(KEY, FailureReason.TIMEOUT, instant(5), "one.example", 10.0))
    assert badge(failed, seen(1)).reasons == (StaleReason.FAILED,)
    assert badge(good, seen(1, valid=False)).reasons == (StaleReason.INVALIDATED,)
    assert badge(replace(good, left_chain=True), seen(1)).reasons == (StaleReason.LEFT_CHAIN,)
    assert badge(replace(good, behind=Behind(instant(0), 12, lasting=True)), seen(1)).reasons == (StaleReason.BEHIND,)
    assert badge(good, seen(1, woke=instant(0.5))).reasons == (StaleReason.SLEPT,)
    assert badge(good, seen(-3)).reasons == (StaleReason.FUTURE,)
    old_head = answered(0, time_s=1_790_000_000 - 121)
    assert badge(old_head, seen(0)).reasons == (StaleReason.HEAD_TOO_OLD,)


def test_servers_behind_for_a_moment_do_not_make_the_row_stale() -> None:
    state = replace(answered(0), behind=Behind(instant(0), 2))
    assert badge(state, seen(1, page_opened=instant(0))).kind is BadgeKind.FRESH


def test_updating_lies_over_a_badge_and_changes_nothing_else() -> None:
    for state in (BalanceState(KEY), answered(0), from_disk(-100)):
        calm, busy = badge(state, seen(1)), badge(state, seen(1, updating=True))
        assert busy == replace(calm, updating=True)


def test_after_a_restart_the_wall_clock_alone_tells_the_age() -> None:
    later = Instant(instant(20).wall_s, 3.0, RunId("run-2"))
    shown = badge(from_disk(0), replace(seen(), now=later))
    assert (shown.kind, shown.age_s) == (BadgeKind.CACHED, 20.0)


def test_setting_the_wall_clock_back_never_makes_a_number_younger() -> None:
    back = Instant(instant(0).wall_s - 3_600, instant(40).boot_s, RUN)
    shown = badge(answered(0), replace(seen(), now=back))
    assert (shown.kind, shown.age_s) == (BadgeKind.STALE, 40.0)


def test_the_display_limit_is_never_below_the_block_time_and_the_spend_limit_never_raised() -> None:
    slow = replace(ETHEREUM, block_time_s=600.0)
    policy = Policy()
    assert policy.ttl_s(Purpose.DISPLAY, ETHEREUM) == 30
    assert policy.ttl_s(Purpose.DISPLAY, slow) == 600
    assert policy.ttl_s(Purpose.BACKGROUND, slow) == 600
    assert policy.ttl_s(Purpose.SPEND, slow) == 5


def test_an_override_for_one_network_wins_over_one_for_all() -> None:
    policy = Policy({(Purpose.DISPLAY, None): 60.0, (Purpose.DISPLAY, NETWORK): 90.0})
    other = replace(ETHEREUM, id=type(NETWORK)("eip155", "10"))
    assert policy.ttl_s(Purpose.DISPLAY, ETHEREUM) == 90
    assert policy.ttl_s(Purpose.DISPLAY, other) == 60


def test_every_purpose_has_its_limit() -> None:
    assert set(TTL_S) == set(Purpose)


states = st.builds(
    lambda started, arrived, failed, left, behind, time_s, missing: BalanceState(
        KEY,
        None if missing else reading(1, started_s=started, time_s=time_s),
        instant(arrived) if arrived is not None else None,
        ReadFailure(KEY, FailureReason.TIMEOUT, instant(0)) if failed else None,
        Behind(instant(0), 3, lasting=behind) if behind is not None else None,
        left,
    ),
    started=st.floats(-200, 200),
    arrived=st.none() | st.floats(-200, 200),
    failed=st.booleans(),
    left=st.booleans(),
    behind=st.none() | st.booleans(),
    time_s=st.none() | st.integers(1_789_999_700, 1_790_000_300),
    missing=st.booleans(),
)
views = st.builds(
    lambda now, ttl, valid, opened, woke, change, updating: Circumstances(
        instant(now),
        ttl,
        120.0,
        valid,
        None if opened is None else instant(opened),
        None if woke is None else instant(woke),
        change,
        updating,
    ),
    now=st.floats(-200, 200),
    ttl=st.floats(1, 300),
    valid=st.booleans(),
    opened=st.none() | st.floats(-200, 200),
    woke=st.none() | st.floats(-200, 200),
    change=st.none() | st.integers(-5, 5),
    updating=st.booleans(),
)


@given(states, views)
def test_fresh_and_cached_are_never_older_than_the_ttl_nor_doubted(state: BalanceState, view: Circumstances) -> None:
    shown = badge(state, view)
    if shown.kind in (BadgeKind.FRESH, BadgeKind.CACHED):
        assert shown.age_s is not None
        assert shown.age_s <= view.ttl_s
        assert view.valid
        assert state.failure is None
    if state.reading is None:
        assert shown.kind is BadgeKind.UNAVAILABLE
        assert shown.age_s is None
    assert (shown.kind is BadgeKind.STALE) == bool(shown.reasons)


@given(states, views)
def test_a_reading_serves_exactly_while_no_reason_makes_it_stale(state: BalanceState, view: Circumstances) -> None:
    expected = state.reading is not None and not stale_reasons(state, state.reading, view)
    assert serves(state, view.now, view.ttl_s, view.max_head_age_s, valid=view.valid, woke=view.woke) == expected
