"""Honest totals: what was added up, how old its oldest part is, and what is not in it (requirement F8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.freshness import BadgeKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.balances import BalanceState
    from desktop_wallet.core.freshness import Badge


@dataclass(frozen=True, slots=True)
class Total:
    """A sum over balances of one asset (base units), or over rows of many, where `amount` is None.

    `unknown` parts are not counted as 0: they are not counted. A pending part counts with its expected change.
    """

    amount: int | None
    parts: int
    unknown: int
    pending: int
    stale: int
    oldest_age_s: float | None


def total(parts: Iterable[tuple[BalanceState, Badge]], *, one_asset: bool) -> Total:
    """Return the total of the parts; `one_asset` tells whether their base units may be added at all."""
    amount = count = unknown = pending = stale = 0
    oldest: float | None = None
    for state, badge in parts:
        count += 1
        if state.reading is None:
            unknown += 1
            continue
        amount += state.reading.amount + (badge.expected_change or 0)
        pending += badge.kind is BadgeKind.PENDING
        stale += badge.kind is BadgeKind.STALE
        if badge.age_s is not None:
            oldest = badge.age_s if oldest is None else max(oldest, badge.age_s)
    return Total(amount if one_asset else None, count, unknown, pending, stale, oldest)
