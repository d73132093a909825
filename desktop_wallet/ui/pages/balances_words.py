"""What the Balances page says about what it did. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.core.prices import money_text
from desktop_wallet.ui.models.balance_words import UNKNOWN
from desktop_wallet.ui.words import age_text, count_text, failure_sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from desktop_wallet.core.balances import BalanceKey, ReadFailure
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.prices import MoneyTotal
    from desktop_wallet.services.reports import Report

_NAMED = 3
_EXACT_S = 10


def report_text(report: Report, keys: Collection[BalanceKey]) -> str:
    """Return what a refresh of these balances did, or a preload that chose among them, in whole sentences.

    "42 balances read from 5 networks in 0.8 s. 1 failed." Why it failed stands above the table, and not here too.
    """
    if report.cancelled and not report.asked:
        return "Stopped. What was read so far is kept."
    if report.cancelled:
        return f"Stopped. {report.answered:,} of {count_text(report.asked, 'balance')} were read."
    if not report.asked:
        skipped = count_text(report.skipped, "balance")
        return f"Nothing to read: {skipped} were read a moment ago." if report.skipped else "There is nothing to read."
    parts = []
    if report.answered:
        took = f"{report.took_s:.1f} s" if report.took_s < _EXACT_S else age_text(report.took_s)
        networks = count_text(_answering(report, keys), "network")
        many = f"{count_text(report.answered, 'balance')} read from {networks} in {took}"
        parts.append(f"{many}, {report.changed:,} changed." if report.changed else f"{many}.")
    if report.failed:
        parts.append(f"{len(report.failed):,} failed.")
    if report.skipped:
        were = "was" if report.skipped == 1 else "were"
        parts.append(f"{report.skipped:,} {were} read a moment ago and not asked again.")
    return " ".join(parts)


def _answering(report: Report, keys: Collection[BalanceKey]) -> int:
    """Return how many networks answered. A preload does not tell which balances it asked for, only how many."""
    failed = {failure.key for failure in report.failed}
    if len(keys) == report.asked:
        return len({key.network for key in keys if key not in failed})
    return max(report.networks - len({key.network for key in failed}), 1)


def failed_text(failed: Iterable[ReadFailure], name: Callable[[NetworkId], str], now: Instant) -> str:
    """Return who did not answer and why, one sentence a network, the first three by name."""
    by_network: dict[NetworkId, ReadFailure] = {}
    for failure in failed:
        by_network.setdefault(failure.key.network, failure)
    sentences = [
        f"{name(network)}: {sentence}" if name(network) not in sentence else sentence
        for network, failure in list(by_network.items())[:_NAMED]
        for sentence in (failure_sentence(failure, name(network), None, now),)
    ]
    more = len(by_network) - _NAMED
    if more > 0:
        sentences.append(f"And {count_text(more, 'other network')}.")
    return " ".join(sentences)


def all_shown_text(total: int, zeros: int) -> str:
    """Return what Show All Balances did."""
    if not zeros:
        return f"All {count_text(total, 'balance')} are shown. None is zero."
    return f"All {count_text(total, 'balance')} are shown, {zeros:,} of them zero."


def zeros_hidden_text(zeros: int) -> str:
    """Return what the second press of Show All Balances did."""
    if zeros == 1:
        return "1 zero balance is out of sight."
    return f"{count_text(zeros, 'zero balance')} are out of sight."


def worth_text(money: MoneyTotal) -> str:
    """Return what everything is worth together; a dash, never 0, while nothing of it is known."""
    if not money.priced and (money.without_price or money.unknown):
        return UNKNOWN
    return money_text(money.value, money.currency)


def money_line(money: MoneyTotal, *, playing: bool = False) -> str:
    """Return how old the parts of a total in money are, and what is not in it.

    "Oldest balance 14 s, prices 42 s old, 2 of 48 without a price, 1 unknown, 1 pending"
    """
    parts = [] if money.oldest_age_s is None else [f"Oldest balance {age_text(money.oldest_age_s)}"]
    if money.price_age_s is not None:
        parts.append(f"{'play prices' if playing else 'prices'} {age_text(money.price_age_s)} old")
    if money.without_price:
        parts.append(f"{money.without_price:,} of {money.parts:,} without a price")
    if money.unknown:
        many = f"{money.unknown:,}" if money.without_price else f"{money.unknown:,} of {money.parts:,}"
        parts.append(f"{many} unknown")
    if money.pending:
        parts.append(f"{money.pending:,} pending")
    line = ", ".join(parts)
    return line[:1].upper() + line[1:]
