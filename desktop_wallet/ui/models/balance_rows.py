"""The lines of the balances table as plain state: grouped, sorted, searched, filtered and folded, without Qt.

A line is what the table shows at a place: a row's number, or `~group` for a heading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.freshness import BadgeKind
from desktop_wallet.ui.models.balance_names import BalanceNames
from desktop_wallet.ui.models.balance_snapshot import CODES, BalanceSnapshot
from desktop_wallet.ui.models.balance_view import BalanceView, Grouping, Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.instants import Clock, Instant
    from desktop_wallet.core.totals import Total
    from desktop_wallet.ui.models.balance_names import Family
    from desktop_wallet.ui.models.balance_snapshot import BalanceRow
    from desktop_wallet.ui.models.balance_worths import GroupUnits, MoneySum
    from desktop_wallet.ui.models.sources import AccountSource, BalanceSource, CatalogueSource, PriceView

_STALE = CODES[BadgeKind.STALE]


@dataclass(frozen=True, slots=True)
class Heading:
    """A group as its heading shows it; `total` is of the rows in sight, with an amount where they are of one family."""

    title: str
    total: Total
    folded: bool
    grouping: Grouping
    networks: int
    accounts: int
    family: Family | None = None
    money: MoneySum | None = None
    """None while prices are off."""


@dataclass(frozen=True, slots=True)
class _Groups:
    """The groups of one grouping: what each stands for, and which one a row's account or asset belongs to."""

    keys: tuple[object, ...]
    titles: tuple[str, ...]
    of_number: tuple[int, ...]
    by_account: bool


class BalanceRows:
    """What the balances table shows, and in which order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.view = BalanceView()
        self.page_opened: Instant | None = None
        self._folded: dict[Grouping, set[object]] = {grouping: set() for grouping in Grouping}
        self.clear()

    def clear(self) -> None:
        """Drop every snapshot."""
        self.snapshot: BalanceSnapshot | None = None
        self.lines: list[int] = []
        self._members: dict[int, list[int]] = {}
        self._planned: dict[int, list[int]] = {}
        self._spread: dict[int, tuple[int, int]] = {}
        """How many networks and accounts a group's rows are of: it stays while the same rows stand in it."""
        self._worths: dict[int, GroupUnits] = {}
        """What groups are worth that were painted: it is followed change by change."""
        self._counted = self._planned_visible = b""
        """Which rows stand in `_members`, and in `_planned`."""
        self._groups = _Groups((), (), (), by_account=True)
        self._place: dict[int, int] | None = None
        self._visible = bytearray()
        self._account_hits: list[int] = []
        self._asset_hits: list[int] = []
        self._all_hits = 0

    def load(
        self,
        accounts: AccountSource,
        catalogue: CatalogueSource,
        balances: BalanceSource,
        prices: PriceView | None = None,
    ) -> None:
        """Take a snapshot of every balance. The layout follows with `laid_out`; folded groups stay folded."""
        self.clear()
        names = BalanceNames(accounts, catalogue)
        self._spread.clear()
        self.snapshot = BalanceSnapshot(names, balances, self._clock, self.page_opened)
        self.snapshot.price(prices)
        self._groups = _groups(self.view.grouping, names)
        self._search()
        self._look_at_all()

    def open(self, opened: Instant | None) -> None:
        """Count answers since this instant as Fresh, from now on."""
        self.page_opened = opened
        if self.snapshot is not None:
            self.snapshot.page_opened = opened

    def update(self, keys: Iterable[BalanceKey]) -> tuple[list[int], bool]:
        """Take over what changed; return the rows it touched and whether the layout may change with it."""
        if self.snapshot is None:
            return [], False
        rows = self.snapshot.update(keys)
        self._follow()
        moved = self._look_at(rows)
        return rows, moved or (bool(rows) and self.view.order.moves)

    def fill_in(self, keys: Iterable[BalanceKey]) -> tuple[list[int], bool]:
        """Take over the first numbers of many balances, badges left for later; return as `update`."""
        if self.snapshot is None:
            return [], False
        rows = self.snapshot.fill_in(keys)
        self._follow()
        moved = self._look_at(rows)
        return rows, moved or (bool(rows) and self.view.order.moves)

    def price(self, prices: PriceView | None) -> tuple[bool, bool]:
        """Take over what coins cost now; return whether that shows anywhere, and whether the layout may change."""
        changed = self.snapshot is not None and self.snapshot.price(prices)
        if changed:
            self._worths.clear()
        return changed, changed and self.view.order is Order.VALUE

    def survey(self, limit: int) -> tuple[list[int], bool]:
        """Look at the next `limit` rows for what time changed; return as `update`."""
        if self.snapshot is None:
            return [], False
        rows = self.snapshot.survey(limit)
        self._follow()
        return rows, self._look_at(rows)

    def show(self, view: BalanceView) -> None:
        """Change what is asked for; the layout follows with `laid_out`."""
        old, self.view = self.view, view
        if self.snapshot is None:
            return
        if view.grouping is not old.grouping:
            self._groups = _groups(view.grouping, self.snapshot.names)
        if view.words != old.words:
            self._search()
        self._look_at_all()

    def fold(self, group: int, *, folded: bool) -> None:
        """Fold a group or unfold it; the layout follows with `laid_out`."""
        held = self._folded[self.view.grouping]
        (held.add if folded else held.discard)(self._groups.keys[group])

    def fold_all(self, *, folded: bool) -> None:
        """Fold every group of this grouping, or unfold them; the layout follows with `laid_out`."""
        self._folded[self.view.grouping] = set(self._groups.keys) if folded else set()

    def laid_out(self) -> list[int]:
        """Return the lines that the view asks for now; they count once they were handed to `settle`."""
        snapshot = self.snapshot
        if snapshot is None:
            return []
        members: list[list[int]] = [[] for _ in self._groups.keys]
        numbers = snapshot.account if self._groups.by_account else snapshot.asset
        of_number, visible = self._groups.of_number, self._visible
        for row, number in enumerate(numbers):
            if visible[row]:
                members[of_number[number]].append(row)
        folded = self._folded[self.view.grouping]
        lines: list[int] = []
        self._planned = {group: self._sorted(rows) for group, rows in enumerate(members) if rows}
        self._planned_visible = bytes(visible)
        for group, rows in self._planned.items():
            lines.append(~group)
            if self._groups.keys[group] not in folded:
                lines.extend(rows)
        return lines

    def settle(self, lines: list[int]) -> None:
        """Show these lines from now on, which `laid_out` returned last."""
        self.lines = lines
        self._members = self._planned
        self._counted = self._planned_visible
        self._place = None
        self._spread.clear()
        self._worths.clear()

    def place(self, line: int) -> int | None:
        """Return where a line stands, None if it is out of sight."""
        if self._place is None:
            self._place = {line: at for at, line in enumerate(self.lines)}
        return self._place.get(line)

    def group_of(self, row: int) -> int:
        """Return the group that a row belongs to."""
        snapshot = self.snapshot
        if snapshot is None:
            raise LookupError(row)
        numbers = snapshot.account if self._groups.by_account else snapshot.asset
        return self._groups.of_number[numbers[row]]

    def row(self, row: int) -> BalanceRow:
        """Return what a row shows now."""
        if self.snapshot is None:
            raise LookupError(row)
        return self.snapshot.row(row)

    def heading(self, group: int) -> Heading:
        """Return what a heading shows now."""
        snapshot = self.snapshot
        if snapshot is None:
            raise LookupError(group)
        rows = self._members.get(group, [])
        key = self._groups.keys[group]
        spread = self._spread.get(group)
        if spread is None:
            assets = set(map(snapshot.asset.__getitem__, rows))
            networks = {snapshot.names.assets[number].network.id for number in assets}
            spread = len(networks), len(set(map(snapshot.account.__getitem__, rows)))
            self._spread[group] = spread
        family = snapshot.family(rows[0]) if self.view.grouping is Grouping.ASSET and rows else None
        return Heading(
            self._groups.titles[group],
            snapshot.total_of(rows, one_family=family is not None),
            key in self._folded[self.view.grouping],
            self.view.grouping,
            *spread,
            family,
            self._money_of(group, rows),
        )

    def shown_keys(self) -> tuple[BalanceKey, ...]:
        """Return the balances that the view shows, those of folded groups too."""
        if self.snapshot is None:
            return ()
        keys = self.snapshot.keys
        return tuple(keys[row] for rows in self._members.values() for row in rows)

    # Within

    def _money_of(self, group: int, rows: list[int]) -> MoneySum | None:
        snapshot = self.snapshot
        if snapshot is None or snapshot.worths is None:
            return None
        held = self._worths.get(group)
        if held is None:
            held = snapshot.worths.units_of(rows, snapshot.asset, snapshot.amounts, snapshot.expected)
            self._worths[group] = held
        return snapshot.worths.sum_of(held)

    def _follow(self) -> None:
        """Take over into the groups that were painted what their balances became."""
        snapshot = self.snapshot
        if snapshot is None or snapshot.worths is None:
            return
        for move in snapshot.take_moves():
            held = self._worths.get(self.group_of(move.row)) if self._counted and self._counted[move.row] else None
            if held is not None:
                snapshot.worths.follow(held, move)

    def _search(self) -> None:
        """Note for each account and each asset which words of the search it holds, one bit a word."""
        assert self.snapshot is not None  # noqa: S101 - callers hold a snapshot
        words, names = self.view.words, self.snapshot.names
        self._all_hits = (1 << len(words)) - 1
        self._account_hits = [_hits(account.haystack, words) for account in names.accounts]
        self._asset_hits = [_hits(asset.haystack, words) for asset in names.assets]

    def _look_at_all(self) -> None:
        """Decide of every row whether it shows."""
        snapshot = self.snapshot
        assert snapshot is not None  # noqa: S101 - callers hold a snapshot
        if self.view.narrowed:
            self._visible = bytearray(self._shows(row) for row in range(len(snapshot.keys)))
            return
        if self.view.zeros:
            self._visible = bytearray(b"\x01") * len(snapshot.keys)
            return
        self._visible = bytearray(amount != 0 for amount in snapshot.amounts)
        for row in snapshot.expected:
            self._visible[row] = True
        self._look_at([row for row in [self._pinned_row()] if row is not None])

    def _look_at(self, rows: Iterable[int]) -> bool:
        """Decide of these rows whether they show; return whether any decision changed."""
        changed = False
        for row in rows:
            shows = self._shows(row)
            changed |= shows != self._visible[row]
            self._visible[row] = shows
        return changed

    def _shows(self, row: int) -> bool:
        snapshot, view = self.snapshot, self.view
        assert snapshot is not None  # noqa: S101 - callers hold a snapshot
        if self._account_hits[snapshot.account[row]] | self._asset_hits[snapshot.asset[row]] != self._all_hits:
            return False
        if view.pinned is not None and snapshot.keys[row] == view.pinned:
            return True
        if view.stale_only and snapshot.kinds[row] != _STALE:
            return False
        return view.zeros or snapshot.amounts[row] != 0 or row in snapshot.expected

    def _pinned_row(self) -> int | None:
        return None if self.snapshot is None or self.view.pinned is None else self.snapshot.row_of(self.view.pinned)

    def _sorted(self, rows: list[int]) -> list[int]:
        key = self._sort_key()
        if key is None:
            return rows[::-1] if self.view.descending else rows
        if not self.view.order.moves:
            return sorted(rows, key=key, reverse=self.view.descending)
        assert self.snapshot is not None  # noqa: S101 - there are no rows without a snapshot
        amounts, asset, worths = self.snapshot.amounts, self.snapshot.asset, self.snapshot.worths
        if self.view.order is Order.VALUE and worths is not None:
            priced = [price is not None for price in worths.prices]
            known = [row for row in rows if amounts[row] is not None and priced[asset[row]]]
            unknown = [row for row in rows if amounts[row] is None or not priced[asset[row]]]
        else:
            known = [row for row in rows if amounts[row] is not None]
            unknown = [row for row in rows if amounts[row] is None]
        return sorted(known, key=key, reverse=self.view.descending) + unknown

    def _sort_key(self) -> Callable[[int], float] | None:
        """Return what rows are sorted by, None for their natural order. What is unknown sorts last either way."""
        snapshot, order = self.snapshot, self.view.order
        if snapshot is None or order is Order.NATURAL:
            return None
        names = snapshot.names
        if order is Order.AMOUNT:
            return self._amount_key(snapshot)
        if order is Order.VALUE:
            return self._value_key(snapshot)
        if order is Order.FRESHNESS:
            born_s = snapshot.born_s
            return lambda row: -born_s[row]
        if order is Order.ACCOUNT:
            ranks = _ranks((w.wallet_label.casefold(), w.label.casefold()) for w in names.accounts)
            numbers = snapshot.account
        elif order is Order.NETWORK:
            ranks, numbers = _ranks((w.network.name.casefold(), "") for w in names.assets), snapshot.asset
        else:
            ranks, numbers = _ranks((w.symbol.casefold(), w.name.casefold()) for w in names.assets), snapshot.asset
        return lambda row: ranks[numbers[row]]

    @staticmethod
    def _amount_key(snapshot: BalanceSnapshot) -> Callable[[int], int]:
        finest = max((words.asset.decimals for words in snapshot.names.assets), default=0)
        scales = [10 ** (finest - words.asset.decimals) for words in snapshot.names.assets]
        amounts, asset = snapshot.amounts, snapshot.asset
        return lambda row: (amounts[row] or 0) * scales[asset[row]]

    @staticmethod
    def _value_key(snapshot: BalanceSnapshot) -> Callable[[int], int]:
        if snapshot.worths is None:
            return lambda _: 0
        factors, amounts, asset = snapshot.worths.factors, snapshot.amounts, snapshot.asset
        return lambda row: (amounts[row] or 0) * factors[asset[row]]


def _hits(haystack: str, words: tuple[str, ...]) -> int:
    return sum(1 << bit for bit, word in enumerate(words) if word in haystack)


def _ranks(values: Iterable[tuple[str, str]]) -> list[int]:
    held = list(values)
    places = {value: place for place, value in enumerate(sorted(set(held)))}
    return [places[value] for value in held]


def _groups(grouping: Grouping, names: BalanceNames) -> _Groups:
    if grouping is Grouping.WALLET:
        wallets = {wallet: place for place, wallet in enumerate(names.wallets)}
        titles = {words.wallet.id: words.wallet_label for words in names.accounts}
        of_number = tuple(wallets[words.wallet.id] for words in names.accounts)
        return _Groups(tuple(wallets), tuple(titles.get(wallet, "") for wallet in wallets), of_number, by_account=True)
    if grouping is Grouping.NETWORK:
        networks = {network: place for place, network in enumerate(names.networks)}
        of_number = tuple(networks[words.network.id] for words in names.assets)
        titles_of = tuple(network.name for network in names.networks.values())
        return _Groups(tuple(networks), titles_of, of_number, by_account=False)
    families = {family: place for place, family in enumerate(dict.fromkeys(words.family for words in names.assets))}
    of_number = tuple(families[words.family] for words in names.assets)
    return _Groups(tuple(families), tuple(family.title for family in families), of_number, by_account=False)
