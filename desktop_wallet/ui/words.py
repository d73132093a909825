"""Balances, badges, failures and progress in words: the one place where the window says them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.core.freshness import Badge, BadgeKind, StaleReason
from desktop_wallet.core.positions import Height
from desktop_wallet.ui.measures import (
    age_text,
    bytes_text,
    clock_text,
    count_text,
    countdown_text,
    left_text,
    percent_text,
    time_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from desktop_wallet.core.balances import BalanceState, ReadFailure
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.totals import Total
    from desktop_wallet.services.reports import Waiting

__all__ = [
    "BADGE_WORDS",
    "age_text",
    "badge_text",
    "badge_tooltip",
    "bytes_text",
    "clock_text",
    "count_text",
    "countdown_text",
    "failure_sentence",
    "left_text",
    "percent_text",
    "progress_text",
    "stale_sentence",
    "time_text",
    "total_text",
    "waiting_text",
]

BADGE_WORDS: dict[BadgeKind, str] = {
    BadgeKind.UNAVAILABLE: "Unavailable",
    BadgeKind.PENDING: "Pending",
    BadgeKind.STALE: "Stale",
    BadgeKind.FRESH: "Fresh",
    BadgeKind.CACHED: "Cached",
}


def badge_text(badge: Badge) -> str:
    """Return the word and the age of a badge: "Fresh · 3 s"; Unavailable has no age."""
    word = BADGE_WORDS[badge.kind]
    return word if badge.age_s is None else f"{word} · {age_text(badge.age_s)}"


def badge_tooltip(
    badge: Badge,
    state: BalanceState | None = None,
    network_name: str = "",
    now: Instant | None = None,
    waiting: int = 0,
) -> str:
    """Return what a badge means here: the reason or the time left, and whether it is being read now.

    `waiting` is how many payments make the balance pending, 0 if that is not known.
    """
    lines = list(_pending_lines(waiting, network_name)) if badge.kind is BadgeKind.PENDING else []
    lines += [line for line in _badge_lines(badge, state, network_name, now) if line]
    if badge.updating:
        lines.append("It is being read now.")
    return "\n".join(lines)


def _badge_lines(badge: Badge, state: BalanceState | None, network_name: str, now: Instant | None) -> Iterable[str]:
    left = f"{left_text(badge.left_s)} left until it is read again." if badge.left_s else ""
    if badge.kind is BadgeKind.UNAVAILABLE:
        yield "This balance has not been read yet."
        if state is not None and state.failure is not None and now is not None:
            yield failure_sentence(state.failure, network_name, None, now)
    elif badge.kind is BadgeKind.STALE:
        for reason in badge.reasons:
            yield stale_sentence(reason, state, network_name, now)
    elif badge.kind is BadgeKind.FRESH:
        yield "The network answered since this page was opened."
        yield left
    elif badge.kind is BadgeKind.CACHED:
        yield "Kept from an earlier read, and still within its time."
        yield left


def _pending_lines(waiting: int, network_name: str) -> Iterable[str]:
    it = "them" if waiting > 1 else "it"
    touch = "touch" if waiting > 1 else "touches"
    payments = count_text(waiting, "open payment") if waiting else "A payment"
    yield f"{payments} of yours {touch} this balance. Shown is the amount before {it}."
    yield f"It is settled when {network_name or 'the network'} answers from a block with {it} in it."


_STALE_SENTENCES = {
    StaleReason.FAILED: "The last try to read it failed.",
    StaleReason.INVALIDATED: "Something has changed since this was read.",
    StaleReason.LEFT_CHAIN: "The block this was read at is no longer part of {network}.",
    StaleReason.HEAD_TOO_OLD: "The chain of this server stands still.",
    StaleReason.BEHIND: "The servers of {network} answer from before this block.",
    StaleReason.FUTURE: "This was read at a time that lies in the future. The clock of this computer may be wrong.",
    StaleReason.SLEPT: "The computer slept since this was read.",
    StaleReason.EXPIRED: "Its time is over, and it has not been read again yet.",
}


def stale_sentence(
    reason: StaleReason, state: BalanceState | None = None, network_name: str = "", now: Instant | None = None
) -> str:
    """Return why a balance is Stale, with the particulars that the state holds."""
    name = network_name or "the network"
    if state is not None and state.reading is not None and now is not None:
        if reason is StaleReason.FAILED and state.failure is not None:
            return failure_sentence(state.failure, network_name, state.reading.started.wall_s, now)
        position = state.reading.position
        if reason is StaleReason.HEAD_TOO_OLD and isinstance(position, Height) and position.time_s is not None:
            since = time_text(position.time_s, now.wall_s)
            return f"The chain of {state.reading.endpoint} stands still since {since}."
        if reason is StaleReason.BEHIND and state.behind is not None:
            return f"The servers of {name} are {count_text(state.behind.blocks, 'block')} behind."
    return _STALE_SENTENCES[reason].format(network=name)


def failure_sentence(failure: ReadFailure, network_name: str, shown_wall_s: float | None, now: Instant) -> str:
    """Return why the last try gave no number, and what is shown instead.

    "Base did not answer for 10 s. Shown is what it said at 14:02."
    """
    sentence = _failure_sentence(failure, network_name or failure.host or "The network", now)
    if shown_wall_s is None:
        return sentence
    return f"{sentence} Shown is what it said at {time_text(shown_wall_s, now.wall_s)}."


def _failure_sentence(failure: ReadFailure, name: str, now: Instant) -> str:
    from desktop_wallet.core.balances import FailureReason  # noqa: PLC0415 - Unlock needs words, but not these

    server = failure.host or "Its server"
    after_s = failure.after_s
    match failure.reason:
        case FailureReason.OFFLINE:
            return "This computer seems to be offline."
        case FailureReason.UNREACHABLE:
            return f"{name} could not be reached."
        case FailureReason.TIMEOUT:
            return f"{name} did not answer{f' for {left_text(after_s)}' if after_s else ' in time'}."
        case FailureReason.RATE_LIMITED:
            if after_s is None:
                return f"{server} asks for fewer requests."
            rest = after_s - failure.at.age_s(now)
            return f"{server} asks for fewer requests. Next try in {left_text(max(rest, 1))}."
        case FailureReason.REFUSED:
            return f"{server} refused the request."
        case FailureReason.UNTRUSTED:
            return f"{server} sent an answer that cannot be right. It was not used."
        case FailureReason.WRONG_CHAIN:
            return f"{server} answers for another network than {name}. Its answer was not used."
        case FailureReason.EMPTY:
            return f"{name} answered without a number. That is not a zero."
        case FailureReason.DOUBTED | FailureReason.BELOW_RECEIPT:
            doubted = "claims a block far ahead of the clock, and no second server agreed"
            below = "has not got to the block of your last transaction yet"
            return f"{server} {doubted if failure.reason is FailureReason.DOUBTED else below}."


def total_text(total: Total) -> str:
    """Return how complete a total is: "Oldest 14 s, 2 of 48 unknown, 1 pending"."""
    if total.parts == 0:
        return "No balances"
    if total.oldest_age_s is None:
        return f"{total.unknown} of {total.parts} unknown"
    parts = [f"Oldest {age_text(total.oldest_age_s)}"]
    if total.unknown:
        parts.append(f"{total.unknown} of {total.parts} unknown")
    if total.pending:
        parts.append(f"{total.pending} pending")
    return ", ".join(parts)


def progress_text(done: int, total: int) -> str:
    """Return "34 of 47"."""
    return f"{done:,} of {total:,}"


def waiting_text(waiting: Iterable[Waiting], name: Callable[[NetworkId], str]) -> str:
    """Return who is waited for, one part a network: "Relay: rate-limited, next try in 8 s"."""
    parts = (f"{name(w.network)}: rate-limited, next try in {left_text(max(w.retry_s, 1))}" for w in waiting)
    return " · ".join(parts)
