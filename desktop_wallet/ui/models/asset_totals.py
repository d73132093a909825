"""Honest totals of each asset, kept up to date balance by balance (requirement F8)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desktop_wallet.core.freshness import BadgeKind
from desktop_wallet.core.totals import Total

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_wallet.ui.models.balance_names import Family

_EMPTY = 2
"""The rank of a family whose balances are all known to be zero."""


@dataclass(slots=True)
class _Sum:
    rows: list[int] = field(default_factory=list)
    amount: int = 0
    unknown: int = 0
    pending: int = 0
    stale: int = 0
    oldest: int | None = None
    oldest_known: bool = False


class AssetTotals:
    """One running sum a family: a change costs the same among ten balances and among a hundred thousand.

    An amount of None stands for a balance that was never read; `expected` is the change that a pending one awaits, and
    0 for all others. Rows are numbers; `born_s` tells of each the boot time at which its reading had age 0.
    """

    def __init__(self) -> None:
        self._sums: dict[Family, _Sum] = {}

    def families(self) -> tuple[Family, ...]:
        """Return the families: those with money first, then those with unknown parts, else by their first balance."""
        return tuple(sorted(self._sums, key=self._rank))

    def counts(self, family: Family) -> bool:
        """Return whether a family has anything to tell: money, a pending change, or something unknown."""
        return self._rank(family) < _EMPTY

    def add(self, family: Family, rows: Sequence[int], amounts: Sequence[int | None]) -> None:
        """Count balances that are new, as neither pending nor stale; `amounts` has those of all rows."""
        total = self._sums.setdefault(family, _Sum())
        total.rows.extend(rows)
        known = [amount for amount in (amounts[row] for row in rows) if amount is not None]
        total.amount += sum(known)
        total.unknown += len(rows) - len(known)

    def count(self, family: Family, amount: int | None, kind: BadgeKind, expected: int, *, sign: int) -> None:
        """Count a balance that stands in a row already: -1 takes what it was, 1 adds what it became."""
        total = self._sums[family]
        if amount is None:
            total.unknown += sign
            return
        total.amount += sign * (amount + expected)
        total.pending += sign * (kind is BadgeKind.PENDING)
        total.stale += sign * (kind is BadgeKind.STALE)

    def fill_in(self, family: Family, amounts: Sequence[int]) -> None:
        """Count the amounts of balances that were unknown so far, as neither pending nor stale."""
        held = self._sums[family]
        held.unknown -= len(amounts)
        held.amount += sum(amounts)
        held.oldest_known = False

    def renew(self, family: Family) -> None:
        """Look for the oldest reading again: one of this family was replaced."""
        self._sums[family].oldest_known = False

    def total(self, family: Family, born_s: Sequence[float], age_s: Callable[[int], float | None]) -> Total:
        """Return the family's total; `age_s` tells how old a row is now."""
        held = self._sums[family]
        if not held.oldest_known:
            held.oldest = oldest_row(held.rows, born_s)
            held.oldest_known = True
        age = None if held.oldest is None else age_s(held.oldest)
        return Total(held.amount, len(held.rows), held.unknown, held.pending, held.stale, age)

    def whole(
        self,
        born_s: Sequence[float],
        age_s: Callable[[int], float | None],
        counts: Callable[[Family], bool] | None = None,
    ) -> Total:
        """Return the line for everything, or for the families that `counts` lets by; amounts of many do not add."""
        families = self._sums if counts is None else filter(counts, self._sums)
        parts = [self.total(family, born_s, age_s) for family in families]
        ages = [part.oldest_age_s for part in parts if part.oldest_age_s is not None]
        return Total(
            None,
            sum(part.parts for part in parts),
            sum(part.unknown for part in parts),
            sum(part.pending for part in parts),
            sum(part.stale for part in parts),
            max(ages, default=None),
        )

    def _rank(self, family: Family) -> int:
        held = self._sums[family]
        if held.amount or held.pending:
            return 0
        return 1 if held.unknown else _EMPTY


def oldest_row(rows: Sequence[int], born_s: Sequence[float]) -> int | None:
    """Return the row that was read the longest ago, None if none was ever read."""
    if not rows:
        return None
    oldest = min(rows, key=born_s.__getitem__)
    return None if math.isinf(born_s[oldest]) else oldest
