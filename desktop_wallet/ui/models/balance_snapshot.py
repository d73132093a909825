"""What is held of every balance, as flat lists by row number: a hundred thousand rows cost no objects of their own."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.amounts import Amount
from desktop_wallet.core.freshness import BadgeKind
from desktop_wallet.core.totals import Total
from desktop_wallet.ui.models.asset_totals import AssetTotals, oldest_row
from desktop_wallet.ui.models.balance_names import Money
from desktop_wallet.ui.models.balance_worths import Holdings, Move, Worths

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from desktop_wallet.core.balances import BalanceKey, BalanceState
    from desktop_wallet.core.freshness import Badge
    from desktop_wallet.core.instants import Clock, Instant
    from desktop_wallet.core.prices import MoneyTotal
    from desktop_wallet.ui.models.balance_names import AccountWords, AssetWords, BalanceNames, Family
    from desktop_wallet.ui.models.balance_worths import Worth
    from desktop_wallet.ui.models.sources import BalanceSource, PriceView

KINDS = tuple(BadgeKind)
CODES = {kind: code for code, kind in enumerate(KINDS)}
SURVEYED_AT_ONCE = 1_000
"""Rows whose badge is asked for while the table opens; the others follow in slices with `survey`."""


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One balance as a row shows it."""

    key: BalanceKey
    state: BalanceState
    badge: Badge
    account: AccountWords
    asset: AssetWords
    worth: Worth | None = None
    """None while prices are off."""

    @property
    def amount(self) -> Amount | None:
        """Return the last known amount, None while nothing is known."""
        reading = self.state.reading
        return None if reading is None else Amount(reading.amount, reading.decimals)


class BalanceSnapshot:
    """Every balance of a session as last told, its badge's kind as last looked at, and the totals of both.

    Rows and totals are counted from the same lists, so they cannot disagree.
    """

    def __init__(self, names: BalanceNames, source: BalanceSource, clock: Clock, page_opened: Instant | None) -> None:
        self.names = names
        self.page_opened = page_opened
        self.totals = AssetTotals()
        self._source = source
        self._clock = clock
        self.keys, self.account, self.asset = names.number(source.keys())
        self.holdings = Holdings(len(names.assets))
        self.worths: Worths | None = None
        """None while prices are off."""
        self._moves: list[Move] = []
        self._row_of: dict[BalanceKey, int] = {}
        self._states: list[BalanceState] = [source.state(key) for key in self.keys]
        self.amounts: list[int | None] = []
        self.kinds = bytearray()
        self.born_s: array[float] = array("d")
        self.expected: dict[int, int] = {}
        self._surveyed = 0
        self._fill()
        self.survey(SURVEYED_AT_ONCE)

    def _fill(self) -> None:
        now = self._clock.now()
        unavailable, cached = CODES[BadgeKind.UNAVAILABLE], CODES[BadgeKind.CACHED]
        count = len(self._states)
        amounts = self.amounts = [None] * count
        kinds = self.kinds = bytearray([unavailable]) * count
        born_s = self.born_s = array("d", [math.inf]) * count
        for row, state in enumerate(self._states):
            reading = state.reading
            if reading is not None:
                amounts[row] = reading.amount
                kinds[row] = cached
                born_s[row] = now.boot_s - reading.started.age_s(now)
        rows_of: dict[int, list[int]] = {}
        for row, number in enumerate(self.asset):
            rows_of.setdefault(number, []).append(row)
        for number, rows in rows_of.items():
            self.totals.add(self.names.assets[number].family, rows, amounts)
            self.holdings.add(number, rows, amounts)

    def price(self, prices: PriceView | None) -> bool:
        """Take over what coins cost now; return whether that changes what is shown."""
        before = self.worths
        currency = None if prices is None else prices.currency
        if prices is None or currency is None:
            self.worths = None
            return before is not None
        worths = Worths(self.names, prices, currency, now := self._clock.now())
        if before is not None and worths.look == before.look:
            before.renew(now)
            return False
        self.worths = worths
        return True

    def fill_in(self, keys: Iterable[BalanceKey]) -> list[int]:
        """Take over what is known now of balances of which nothing was; return their rows.

        Their kinds count as those of a snapshot that opens: as of the cache, until `update` or `survey` asks.
        """
        now = self._clock.now()
        cached, amounts, state_of = CODES[BadgeKind.CACHED], self.amounts, self._source.state
        came: dict[int, list[int]] = {}
        rows = []
        for key in keys:
            row = self.row_of(key)
            if row is None or amounts[row] is not None or row in self.expected:
                continue
            state = state_of(key)
            reading = state.reading
            if reading is None:
                continue
            self._states[row], amounts[row], self.kinds[row] = state, reading.amount, cached
            self.born_s[row] = now.boot_s - reading.started.age_s(now)
            came.setdefault(self.asset[row], []).append(reading.amount)
            rows.append(row)
            if self.worths is not None:
                self._moves.append(Move(row, self.asset[row], reading.amount, int(reading.amount != 0)))
        for number, some in came.items():
            self.totals.fill_in(self.names.assets[number].family, some)
            self.holdings.count(number, sum(some), sum(map(bool, some)))
        return rows

    def update(self, keys: Iterable[BalanceKey]) -> list[int]:
        """Take over what changed of these balances; return their rows. Balances of no row are passed over."""
        rows = [row for row in map(self.row_of, keys) if row is not None]
        now = self._clock.now()
        badges = self._source.badges([self.keys[row] for row in rows], self.page_opened)
        for row, badge in zip(rows, badges, strict=True):
            family = self.family(row)
            self._count(row, family, -1)
            state = self._states[row] = self._source.state(self.keys[row])
            reading = state.reading
            self.amounts[row] = None if reading is None else reading.amount
            self.born_s[row] = math.inf if reading is None else now.boot_s - reading.started.age_s(now)
            self._take_badge(row, badge)
            self._count(row, family, 1)
            self.totals.renew(family)
        return rows

    def survey(self, limit: int) -> list[int]:
        """Ask for the badges of the next `limit` rows, in turn; return the rows whose badge changed its kind.

        Time alone makes a row Stale, and nobody tells: so all rows are looked at in turn, in slices that a frame bears.
        """
        changed: list[int] = []
        count = len(self.keys)
        rows = [(self._surveyed + step) % count for step in range(min(limit, count))]
        self._surveyed = rows[-1] + 1 if rows else 0
        badges = self._source.badges([self.keys[row] for row in rows], self.page_opened)
        for row, badge in zip(rows, badges, strict=True):
            if badge.expected_change is None and row not in self.expected and _code(badge) == self.kinds[row]:
                continue
            family = self.family(row)
            before = self.kinds[row], self.expected.get(row, 0)
            self._count(row, family, -1)
            self._take_badge(row, badge)
            self._count(row, family, 1)
            if before != (self.kinds[row], self.expected.get(row, 0)):
                changed.append(row)
        return changed

    def row_of(self, key: BalanceKey) -> int | None:
        """Return the number of a balance's row, None if it has none."""
        if not self._row_of:
            self._row_of = {key: row for row, key in enumerate(self.keys)}
        return self._row_of.get(key)

    def row(self, row: int) -> BalanceRow:
        """Return what a row shows now."""
        key = self.keys[row]
        badge = self._source.badge(key, self.page_opened)
        number = self.asset[row]
        worth = None
        if self.worths is not None:
            worth = self.worths.of_row(number, self.amounts[row], self.expected.get(row))
        account, asset = self.names.accounts[self.account[row]], self.names.assets[number]
        return BalanceRow(key, self._states[row], badge, account, asset, worth)

    def family(self, row: int) -> Family:
        """Return the family that a row's base units may be added in."""
        return self.names.assets[self.asset[row]].family

    def family_total(self, family: Family) -> Total:
        """Return the total of a family over every account."""
        return self.totals.total(family, self.born_s, self._age_s)

    def whole(self) -> Total:
        """Return the line for all balances together."""
        return self.totals.whole(self.born_s, self._age_s)

    def money(self) -> MoneyTotal | None:
        """Return what everything is worth together; None while prices are off."""
        if self.worths is None:
            return None
        real = self.totals.whole(self.born_s, self._age_s, lambda family: family.money is not Money.TEST)
        return self.worths.whole(self.holdings, real)

    def take_moves(self) -> list[Move]:
        """Return how balances changed since this was asked last."""
        moves, self._moves = self._moves, []
        return moves

    def total_of(self, rows: Sequence[int], *, one_family: bool) -> Total:
        """Return the total of some rows; its amount is None unless they are of one family."""
        # A heading may stand over every row and is painted again with each of them: C loops, not Python's.
        amounts = list(map(self.amounts.__getitem__, rows))
        kinds = bytes(map(self.kinds.__getitem__, rows))
        oldest = oldest_row(rows, self.born_s)
        amount = None
        if one_family:
            expected = sum(self.expected[row] for row in rows if row in self.expected) if self.expected else 0
            amount = sum(filter(None, amounts)) + expected
        return Total(
            amount,
            len(rows),
            amounts.count(None),
            kinds.count(CODES[BadgeKind.PENDING]),
            kinds.count(CODES[BadgeKind.STALE]),
            None if oldest is None else self._age_s(oldest),
        )

    def _age_s(self, row: int) -> float | None:
        reading = self._states[row].reading
        return None if reading is None else max(reading.started.age_s(self._clock.now()), 0.0)

    def _count(self, row: int, family: Family, sign: int) -> None:
        kind = KINDS[self.kinds[row]]
        amount, expected = self.amounts[row], self.expected.get(row, 0)
        self.totals.count(family, amount, kind, expected, sign=sign)
        if amount is not None:
            move = Move(row, self.asset[row], sign * (amount + expected), sign * bool(amount or expected))
            self.holdings.count(*move[1:])
            if self.worths is not None:
                self._moves.append(move)

    def _take_badge(self, row: int, badge: Badge) -> None:
        self.kinds[row] = _code(badge)
        if badge.expected_change is None:
            self.expected.pop(row, None)
        else:
            self.expected[row] = badge.expected_change


def _code(badge: Badge) -> int:
    # Fresh and Cached differ only by when the page was opened: totals and filters treat them alike.
    return CODES[BadgeKind.CACHED if badge.kind is BadgeKind.FRESH else badge.kind]
