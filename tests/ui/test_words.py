from __future__ import annotations

import pytest

from desktop_wallet.core.addresses import parse_address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import (
    BalanceKey,
    BalanceState,
    Behind,
    FailureReason,
    ReadFailure,
    Reading,
    ReadMethod,
    RegistryId,
)
from desktop_wallet.core.freshness import Badge, BadgeKind, StaleReason
from desktop_wallet.core.instants import Instant, RunId
from desktop_wallet.core.networks import Family, NetworkId
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.core.totals import Total
from desktop_wallet.services.reports import Waiting
from desktop_wallet.ui import words

BASE = NetworkId("eip155", "8453")
KEY = BalanceKey(BASE, parse_address(Family.EVM, "0x" + "11" * 20), AssetId(BASE, "slip44", "60"))
RUN = RunId("run")
NOON_S = 1_790_000_000.0


def at(seconds: float) -> Instant:
    return Instant(NOON_S + seconds, 1000 + seconds, RUN)


def state(failure: ReadFailure | None = None, behind: Behind | None = None) -> BalanceState:
    position = Height(HeightKind.BLOCK, 100, time_s=int(NOON_S) - 600)
    reading = Reading(KEY, 5, 18, position, "base.example", ReadMethod.MULTICALL, 2, at(0), at(1), 0, RegistryId("r"))
    return BalanceState(KEY, reading, None, failure, behind)


@pytest.mark.parametrize(
    ("age_s", "text"),
    [
        (-3, "0 s"),
        (0.4, "0 s"),
        (12.3, "12 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (8 * 60 + 59, "8 min"),
        (3600, "1 h"),
        (47.9 * 3600, "47 h"),
        (3 * 86_400, "3 days"),
    ],
)
def test_an_age_is_said_in_its_largest_whole_unit(age_s: float, text: str) -> None:
    assert words.age_text(age_s) == text


@pytest.mark.parametrize(
    ("left_s", "text"), [(27, "27 s"), (240, "4m 0s"), (245.9, "4m 5s"), (3900, "1h 5m"), (-1, "0 s")]
)
def test_what_is_left_is_said_to_the_second_while_that_matters(left_s: float, text: str) -> None:
    assert words.left_text(left_s) == text


@pytest.mark.parametrize(("left_s", "text"), [(581, "9:41"), (5, "0:05"), (3723, "1:02:03")])
def test_a_countdown_looks_like_a_clock(left_s: float, text: str) -> None:
    assert words.countdown_text(left_s) == text


def test_a_time_is_as_short_as_the_day_allows() -> None:
    time = words.clock_text(NOON_S)[:5]
    assert words.time_text(NOON_S, NOON_S + 1) == time
    assert words.time_text(NOON_S, NOON_S + 86_400) == f"yesterday, {time}"
    assert words.time_text(NOON_S, NOON_S + 20 * 86_400).endswith(f" 2026, {time}")


def test_nouns_follow_their_numbers() -> None:
    assert words.count_text(1, "wallet") == "1 wallet"
    assert words.count_text(3, "wallet") == "3 wallets"
    assert words.count_text(1204, "call") == "1,204 calls"


@pytest.mark.parametrize(("size", "text"), [(312, "312 bytes"), (42_999, "42 KB"), (4_200_000, "4.2 MB")])
def test_sizes(size: int, text: str) -> None:
    assert words.bytes_text(size) == text


def test_a_badge_is_a_word_and_an_age() -> None:
    assert words.badge_text(Badge(BadgeKind.FRESH, 3.9)) == "Fresh · 3 s"
    assert words.badge_text(Badge(BadgeKind.STALE, 480.0)) == "Stale · 8 min"
    assert words.badge_text(Badge(BadgeKind.UNAVAILABLE)) == "Unavailable"


def test_every_kind_of_badge_has_a_word_and_a_meaning() -> None:
    for kind in BadgeKind:
        reasons = (StaleReason.EXPIRED,) if kind is BadgeKind.STALE else ()
        assert words.BADGE_WORDS[kind].lower() == kind.value
        assert words.badge_tooltip(Badge(kind, 3.0, 27.0, reasons)).endswith(".")


def test_the_tooltip_shows_the_time_left_and_that_it_is_being_read() -> None:
    text = words.badge_tooltip(Badge(BadgeKind.CACHED, 60.0, 240.0, updating=True))
    assert "4m 0s left" in text
    assert text.endswith("It is being read now.")


def test_a_time_out_is_said_as_the_look_wants_it() -> None:
    failure = ReadFailure(KEY, FailureReason.TIMEOUT, at(10), "base.example", 10.0)
    time = words.clock_text(NOON_S)[:5]
    assert words.failure_sentence(failure, "Base", NOON_S, at(11)) == (
        f"Base did not answer for 10 s. Shown is what it said at {time}."
    )


@pytest.mark.parametrize("reason", FailureReason)
def test_every_failure_has_a_calm_sentence(reason: FailureReason) -> None:
    sentence = words.failure_sentence(ReadFailure(KEY, reason, at(0), "base.example"), "Base", None, at(1))
    assert sentence.endswith(".")
    assert "!" not in sentence
    assert "went wrong" not in sentence


def test_a_rate_limit_says_when_the_next_try_is() -> None:
    failure = ReadFailure(KEY, FailureReason.RATE_LIMITED, at(0), "base.example", 8.0)
    assert (
        words.failure_sentence(failure, "Base", None, at(3)) == "base.example asks for fewer requests. Next try in 5 s."
    )


@pytest.mark.parametrize("reason", StaleReason)
def test_every_reason_for_stale_has_a_sentence_with_and_without_particulars(reason: StaleReason) -> None:
    failure = ReadFailure(KEY, FailureReason.OFFLINE, at(5))
    known = words.stale_sentence(reason, state(failure, Behind(at(0), 12, lasting=True)), "Base", at(9))
    assert words.stale_sentence(reason).endswith(".")
    assert known.endswith(".")
    assert "{" not in known + words.stale_sentence(reason)


def test_particulars_of_stale_come_from_the_state() -> None:
    held = state(behind=Behind(at(0), 12, lasting=True))
    assert words.stale_sentence(StaleReason.BEHIND, held, "Base", at(9)) == "The servers of Base are 12 blocks behind."
    since = words.clock_text(NOON_S - 600)[:5]
    assert words.stale_sentence(StaleReason.HEAD_TOO_OLD, held, "Base", at(9)) == (
        f"The chain of base.example stands still since {since}."
    )


def test_a_total_says_what_is_not_in_it() -> None:
    assert words.total_text(Total(1, 48, 2, 1, 0, 14.2)) == "Oldest 14 s, 2 of 48 unknown, 1 pending"
    assert words.total_text(Total(1, 3, 0, 0, 0, 5.0)) == "Oldest 5 s"
    assert words.total_text(Total(0, 3, 3, 0, 0, None)) == "3 of 3 unknown"
    assert words.total_text(Total(0, 0, 0, 0, 0, None)) == "No balances"


def test_progress_names_who_is_waited_for() -> None:
    assert words.progress_text(34, 47) == "34 of 47"
    waiting = (Waiting(BASE, "base.example", 8.2),)
    assert words.waiting_text(waiting, lambda _: "Relay") == "Relay: rate-limited, next try in 8 s"
