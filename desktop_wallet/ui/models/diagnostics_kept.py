"""The balances that are kept, as lines of a table: how old each is, how long it still serves, where it came from.

Any number of them: they are listed, matched and sorted in slices, and what a line says is made when it is painted.
"""

from __future__ import annotations

import enum
import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from desktop_wallet.core.addresses import display_address, shorten
from desktop_wallet.core.freshness import BadgeKind
from desktop_wallet.services.slicing import SLICE
from desktop_wallet.ui.measures import age_text, left_text
from desktop_wallet.ui.models.balance_names import BalanceNames
from desktop_wallet.ui.models.diagnostics_cells import Cell, CellsModel, Head
from desktop_wallet.ui.theme import TextStyle, Token
from desktop_wallet.ui.words import badge_text, badge_tooltip

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PySide6.QtCore import QObject

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.freshness import Badge
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.services.session import Session
    from desktop_wallet.services.slicing import Slicer
    from desktop_wallet.ui.models.balance_names import AccountWords, AssetWords

_SORTED_AT_ONCE = 1_000
"""Lines that are sorted in one go: half a millisecond."""
_BADGED_AT_ONCE = 100
"""A badge costs some microseconds."""


class KeptColumn(enum.IntEnum):
    """The columns, from left to right; the order in which they are sorted by a click."""

    ACCOUNT = 0
    NETWORK = 1
    ASSET = 2
    BADGE = 3
    AGE = 4
    LEFT = 5
    SOURCE = 6


@dataclass(frozen=True, slots=True)
class KeptView:
    """What a person wants to see: a search, and an order."""

    search: str = ""
    by: KeptColumn | None = None
    """None: as the Balances page has them."""
    descending: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    key: BalanceKey
    account: int
    asset: int


class KeptModel(CellsModel):
    """Shows what `relist` found last. Call `tick` once a second for the lines in sight."""

    heads: ClassVar[tuple[Head, ...]] = (
        Head("Account"),
        Head("Network"),
        Head("Asset"),
        Head("Freshness"),
        Head("Age", number=True, means="Since the read began."),
        Head("Time left", number=True, means="Until it no longer serves as Fresh or Cached."),
        Head("From", means="Memory: the network answered since the unlock. Disk: kept from before, encrypted."),
    )

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session: Session | None = None
        self._names: BalanceNames | None = None
        """Those that the lines have their numbers from."""
        self._renamed = False
        self._lines: list[_Line] = []
        self._badges: dict[int, Badge] = {}
        self.view = KeptView()
        self.total = 0
        """How many balances are kept, whatever is searched for."""
        self.opened: Instant | None = None
        """Answers since then are Fresh."""

    def attach(self, session: Session | None) -> None:
        """Show the balances of this session from the next `relist` on; None drops everything."""
        self._session = session
        self.total = 0
        self.view = KeptView()
        self._settle([], None)

    def forget_names(self) -> None:
        """Accounts, networks or tokens changed: the next `relist` takes their names anew."""
        self._renamed = True

    async def relist(self, slicer: Slicer) -> None:
        """List, match and sort what is kept now."""
        session, view = self._session, self.view
        if session is None:
            return
        names = self._names
        if names is None or self._renamed:
            self._renamed = False
            names = BalanceNames(session.accounts, session.catalogue)
        wanted = view.search.strip().casefold()
        accounts: dict[int, bool] = {}
        assets: dict[int, bool] = {}
        state = session.balances.state
        found: list[_Line] = []
        total = 0
        async for some in slicer.slices(session.balances.keys()):
            kept = [key for key in some if state(key).reading is not None]
            total += len(kept)
            for key, account, asset in zip(*names.number(kept), strict=True):
                if account not in accounts:
                    accounts[account] = wanted in names.accounts[account].haystack
                if asset not in assets:
                    assets[asset] = wanted in names.assets[asset].haystack
                if accounts[account] or assets[asset]:
                    found.append(_Line(key, account, asset))
        if view.by is not None:
            places = await self._places(session, names, found, view.by, slicer)
            found = await _sorted(found, places, slicer, descending=view.descending)
        if self._session is session:  # a lock may have come in between
            self.total = total
            self._settle(found, names)

    def tick(self, first: int, last: int) -> None:
        """A second has passed: repaint what says something else by now."""
        self._badges.clear()
        self.look_again(first, last)

    @property
    def keys(self) -> tuple[BalanceKey, ...]:
        """Return the balances in the order on screen."""
        return tuple(line.key for line in self._lines)

    @property
    @override
    def lines(self) -> int:
        return len(self._lines)

    @override
    def key_at(self, line: int) -> object:
        return self._lines[line].key if 0 <= line < len(self._lines) else None

    @override
    def line_of(self, key: object) -> int | None:
        return next((place for place, line in enumerate(self._lines) if line.key == key), None)

    @override
    def make_cell(self, line: int, column: int) -> Cell:
        key, badge = self._lines[line].key, self._badge(line)
        account, asset = self._words(line)
        match KeptColumn(column):
            case KeptColumn.ACCOUNT:
                return Cell(account.label, shorten(display_address(key.address)), style=TextStyle.MEDIUM)
            case KeptColumn.NETWORK:
                return Cell(asset.network.name, token=Token.MUTED)
            case KeptColumn.ASSET:
                return Cell(asset.symbol, asset.name)
            case KeptColumn.BADGE:
                return Cell(badge_text(badge), badge=badge)
            case KeptColumn.AGE:
                return Cell("" if badge.age_s is None else age_text(badge.age_s))
            case KeptColumn.LEFT:
                return Cell(left_text(badge.left_s) if badge.left_s else "over", token=_left_token(badge))
            case KeptColumn.SOURCE:
                return Cell(self._source(line), token=Token.MUTED)

    @override
    def explain(self, line: int, column: int) -> str:
        if self._session is None or not 0 <= line < len(self._lines):
            return ""
        account, asset = self._words(line)
        key = self._lines[line].key
        where = f"{account.wallet_label} · {account.label}, {asset.symbol} on {asset.network.name}"
        now = self._session.diagnostics.now()
        state = self._session.balances.state(key)
        return "\n".join((where, badge_tooltip(self._badge(line), state, asset.network.name, now)))

    @override
    def copied_text(self, line: int) -> str:
        if not 0 <= line < len(self._lines):
            return ""
        return "\t".join(self.make_cell(line, column).spoken for column in KeptColumn)

    def _words(self, line: int) -> tuple[AccountWords, AssetWords]:
        if self._names is None:
            raise LookupError("lines without names")
        return self._names.accounts[self._lines[line].account], self._names.assets[self._lines[line].asset]

    def _badge(self, line: int) -> Badge:
        badge = self._badges.get(line)
        if badge is None:
            if self._session is None:
                raise LookupError("lines without a session")
            badge = self._badges[line] = self._session.balances.badge(self._lines[line].key, self.opened)
        return badge

    def _source(self, line: int) -> str:
        state = None if self._session is None else self._session.balances.state(self._lines[line].key)
        return "Disk" if state is None or state.arrived is None else "Memory"

    async def _places(
        self, session: Session, names: BalanceNames, lines: Sequence[_Line], by: KeptColumn, slicer: Slicer
    ) -> list[float]:
        """Return the number that each line is sorted by."""
        symbols = sorted(range(len(names.assets)), key=lambda number: names.assets[number].symbol.casefold())
        ranks = {number: rank for rank, number in enumerate(symbols)}
        networks: dict[NetworkId, int] = {network: place for place, network in enumerate(names.networks)}
        places: list[float] = []
        async for some in slicer.slices(lines, _BADGED_AT_ONCE if by in _BY_BADGE else SLICE):
            if by in _BY_BADGE:
                badges = session.balances.badges([line.key for line in some], self.opened)
                places += [_BY_BADGE[by](badge) for badge in badges]
            elif by is KeptColumn.ACCOUNT:
                places += [line.account for line in some]
            elif by is KeptColumn.NETWORK:
                places += [networks.get(line.key.network, len(networks)) for line in some]
            elif by is KeptColumn.ASSET:
                places += [ranks[line.asset] for line in some]
            else:
                states = (session.balances.state(line.key) for line in some)
                places += [0.0 if state.arrived is not None else 1.0 for state in states]
        return places

    def _settle(self, lines: list[_Line], names: BalanceNames | None) -> None:
        # Keys are the very objects of the list of all, until that is made anew.
        same = len(lines) == len(self._lines) and all(
            new.key is old.key for new, old in zip(lines, self._lines, strict=True)
        )
        self._badges.clear()
        if same and names is not None:
            self._lines, self._names = lines, names
            return
        self.beginResetModel()
        self._lines, self._names = lines, names
        self.forget_cells()
        self.endResetModel()
        self.relaid.emit()


_BY_BADGE: Mapping[KeptColumn, Callable[[Badge], float]] = {
    KeptColumn.BADGE: lambda badge: list(BadgeKind).index(badge.kind),
    KeptColumn.AGE: lambda badge: badge.age_s or 0.0,
    KeptColumn.LEFT: lambda badge: badge.left_s or 0.0,
}


async def _sorted(lines: Sequence[_Line], places: Sequence[float], slicer: Slicer, *, descending: bool) -> list[_Line]:
    """Return the lines by their places, a few at a time; equals stay as they were."""
    sign = -1 if descending else 1
    parts = [
        sorted((sign * places[number], number) for number in numbers)
        async for numbers in slicer.slices(range(len(lines)), _SORTED_AT_ONCE)
    ]
    made: list[_Line] = []
    async for some in slicer.slices(heapq.merge(*parts)):
        made += [lines[number] for _, number in some]
    return made


def _left_token(badge: Badge) -> Token:
    return Token.TEXT if badge.left_s else Token.MUTED
