"""The balances table for Qt: a thin item model over `BalanceRows`.

It is one flat list of lines, headings among them, and no tree: a tree view asks Python about every line before it
paints the first (0.4 s at 100,000), a table view only about those in sight.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal
from typing_extensions import override

from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.ui.models.balance_rows import BalanceRows, Heading
from desktop_wallet.ui.models.balance_snapshot import SURVEYED_AT_ONCE, BalanceRow
from desktop_wallet.ui.models.balance_view import BalanceView, Edit, edits_between, runs_of
from desktop_wallet.ui.models.balance_words import NUMBERS, TITLES, Column, cell_text, spoken_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.freshness import Badge
    from desktop_wallet.core.instants import Clock, Instant
    from desktop_wallet.ui.models.sources import AccountSource, BalanceSource, CatalogueSource, PriceView

    Index = QModelIndex | QPersistentModelIndex

LINE_ROLE = int(Qt.ItemDataRole.UserRole)
"""What a line shows, as a BalanceRow or a Heading."""
_FRAME_MS = 16
_SETTLE_MS = 1_000
"""How often a large table is laid out anew while readings pour in."""
_LARGE = 5_000
_SURVEY_A_TICK = 300
_CHANGES_A_FRAME = 100
"""What one frame bears: a badge costs some microseconds."""
_FILLED_A_FRAME = 700
"""First numbers, without badges: about 2 ms."""
_FILL_MS = 4
"""Between two of those, while thousands come from the disk."""
_RUNS_A_FRAME = 20
"""Runs of lines that are told of one by one: of more only those in sight are, since each makes the view paint."""
_TOTALS_MS = 400
"""How often the totals of a large table are told while readings pour in."""


class BalancesModel(QAbstractTableModel):
    """Shows `rows`. Changes are taken in at most once a frame and repaint the lines they touched, and no others."""

    relaid = Signal()
    """Lines came, went or moved: headings stand elsewhere."""
    values_changed = Signal()
    """Totals may have changed."""

    def __init__(self, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self.rows = BalanceRows(clock)
        self._sources: tuple[AccountSource, CatalogueSource, BalanceSource] | None = None
        self._prices: PriceView | None = None
        self._waiting: dict[BalanceKey, None] = {}
        self._arrived: deque[BalanceKey] = deque()
        """Of what waits, balances that came by the thousand: those nothing was known of get their numbers first."""
        self._relisted = False
        """Whether accounts or the catalogue changed since the last frame."""
        self._repriced = False
        self._painted: dict[int, BalanceRow | Heading] = {}
        self.in_sight: Callable[[], tuple[int, int]] = self._all_lines
        """The first and the last line that the view shows."""
        self._frame = self._timer(_FRAME_MS, self._on_frame)
        self._settle = self._timer(_SETTLE_MS, self._lay_out)
        self._totals = self._timer(_TOTALS_MS, self._tell_totals)
        self._survey = self._timer(0, self._look_further)

    def _timer(self, interval_ms: int, call: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(call)
        return timer

    # From the page

    def attach(
        self,
        accounts: AccountSource,
        catalogue: CatalogueSource,
        balances: BalanceSource,
        prices: PriceView | None = None,
    ) -> None:
        """Show the balances of a session, and what they are worth."""
        self._sources = (accounts, catalogue, balances)
        self._prices = prices
        self._reload()

    def detach(self) -> None:
        """Drop every snapshot."""
        self._sources = self._prices = None
        for timer in (self._frame, self._settle, self._totals, self._survey):
            timer.stop()
        self._waiting.clear()
        self._arrived.clear()
        self._relisted = self._repriced = False
        self.beginResetModel()
        self.rows.clear()
        self._painted.clear()
        self.endResetModel()
        self.relaid.emit()

    def open(self, opened: Instant | None) -> None:
        """Count answers since this instant as Fresh, and look at what time has changed meanwhile."""
        self.rows.open(opened)
        _, moved = self.rows.survey(SURVEYED_AT_ONCE)
        self._repaint_all()
        if moved:
            self._lay_out()

    def take(self, change: ChangeSet) -> None:
        """Take a change in with the next frame, together with all that come until then."""
        self._waiting.update(dict.fromkeys(change.balances))
        if len(self._waiting) > _CHANGES_A_FRAME:
            self._arrived.extend(change.balances)
        self._relisted = self._relisted or change.accounts or change.catalogue
        self._repriced = self._repriced or change.prices
        if self._waiting or self._relisted or self._repriced:
            self._start(self._frame)

    def flush(self) -> None:
        """Take in now what waits for a frame."""
        while self._frame.isActive():
            self._frame.stop()
            self._on_frame()
        later = ((self._survey, self._look_further), (self._settle, self._lay_out), (self._totals, self._tell_totals))
        for timer, call in later:
            if timer.isActive():
                timer.stop()
                call()

    def show(self, view: BalanceView) -> None:
        """Group, sort, search and filter like this."""
        if view == self.rows.view:
            return
        regrouped = view.grouping is not self.rows.view.grouping
        self.rows.show(view)
        self._lay_out(anew=regrouped)

    def fold(self, group: int, *, folded: bool) -> None:
        """Fold a group or unfold it."""
        self.rows.fold(group, folded=folded)
        self._lay_out()
        line = self.rows.place(~group)
        if line is not None:
            self._painted.pop(~group, None)
            self._emit(line, line, Column.ASSET, Column.FRESHNESS)

    def fold_all(self, folded: bool) -> None:
        """Fold every group, or unfold them."""
        self.rows.fold_all(folded=folded)
        self._lay_out(anew=True)

    def tick(self, first: int, last: int) -> None:
        """A second has passed: repaint the ages in sight that changed, and look at further rows in turn."""
        self._reprice()  # time alone makes a price outdated
        if len(self.rows.lines) > _LARGE:
            self._start(self._survey)  # in a turn of its own: both together would take longer than a frame
        else:
            self._look_further()
        self._emit_lines(
            [line for line in range(first, min(last + 1, len(self.rows.lines))) if self._is_outdated(line)]
        )
        self.values_changed.emit()

    def _look_further(self) -> None:
        changed, moved = self.rows.survey(_SURVEY_A_TICK)
        self._emit_rows(changed)
        if moved:
            self._lay_out()

    # What the view asks

    def line(self, line: int) -> BalanceRow | Heading:
        """Return what a line shows; made at first sight, and kept until it changes."""
        number = self.rows.lines[line]
        shown = self._painted.get(number)
        if shown is None:
            if len(self._painted) > _LARGE:
                self._painted.clear()
            shown = self.rows.row(number) if number >= 0 else self.rows.heading(~number)
            self._painted[number] = shown
        return shown

    def group_at(self, line: int) -> int | None:
        """Return the group whose heading stands at a line, None for a balance."""
        if not 0 <= line < len(self.rows.lines):
            return None
        number = self.rows.lines[line]
        return None if number >= 0 else ~number

    def key_at(self, line: int) -> BalanceKey | None:
        """Return the balance at a line, None for a heading."""
        shown = self.line(line) if 0 <= line < len(self.rows.lines) else None
        return shown.key if isinstance(shown, BalanceRow) else None

    def line_of(self, key: BalanceKey) -> int | None:
        """Return the line at which a balance stands, None if it is out of sight."""
        row = self.rows.snapshot.row_of(key) if self.rows.snapshot else None
        return None if row is None else self.rows.place(row)

    def headings(self) -> list[int]:
        """Return the lines at which headings stand."""
        return [line for line, number in enumerate(self.rows.lines) if number < 0]

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.rows.lines)

    @override
    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(Column)

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._title(Column(section))
        if role == Qt.ItemDataRole.TextAlignmentRole and section in NUMBERS:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line = index.row()
        if not 0 <= line < len(self.rows.lines):
            return None
        if role == LINE_ROLE:
            return self.line(line)
        if role == Qt.ItemDataRole.DisplayRole:
            return cell_text(self.line(line), Column(index.column()))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken_text(self.line(line), Column(index.column()))
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in NUMBERS:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    # Within

    def _title(self, column: Column) -> str:
        worths = None if self.rows.snapshot is None else self.rows.snapshot.worths
        if column is Column.VALUE and worths is not None and worths.currency.spelled:
            return f"{TITLES[column]}, {worths.currency.code.upper()}"
        return TITLES[column]

    def _reload(self) -> None:
        if self._sources is None:
            return
        self._painted.clear()
        self.beginResetModel()
        self.rows.load(*self._sources, self._prices)
        self.rows.settle(self.rows.laid_out())
        self.endResetModel()
        self.relaid.emit()
        self.values_changed.emit()

    def _on_frame(self) -> None:
        if self._relisted:
            self._relisted = self._repriced = False
            self._waiting.clear()
            self._arrived.clear()
            self._reload()
            return
        if self._repriced:
            self._repriced = False
            self._reprice()
            self.values_changed.emit()
        if self._arrived:
            first = [self._arrived.popleft() for _ in range(min(len(self._arrived), _FILLED_A_FRAME))]
            self._frame.setInterval(_FILL_MS if self._arrived else _FRAME_MS)
            self._start(self._frame)
            self._show_rows(*self.rows.fill_in(first))
            return
        balances = list(islice(self._waiting, _CHANGES_A_FRAME))
        for key in balances:
            del self._waiting[key]
        if self._waiting:
            self._start(self._frame)
        self._show_rows(*self.rows.update(balances))

    def _show_rows(self, rows: list[int], moved: bool) -> None:
        if not rows:
            return
        large = len(self.rows.lines) > _LARGE
        self._emit_rows(rows, headings=not large)
        if moved and large:
            self._start(self._settle)
        elif moved:
            self._lay_out()
        if large:
            self._start(self._totals)
        else:
            self.values_changed.emit()

    def _all_lines(self) -> tuple[int, int]:
        return 0, len(self.rows.lines) - 1

    @staticmethod
    def _start(timer: QTimer) -> None:
        if not timer.isActive():
            timer.start()

    def _lay_out(self, *, anew: bool = False) -> None:
        old, new = self.rows.lines, self.rows.laid_out()
        # Comparing the layouts of a large table costs more than a frame has; a view lays it out anew at once.
        edits = None if anew or max(len(old), len(new)) > _LARGE else edits_between(old, new)
        if edits is None:
            self._painted.clear()
            self.beginResetModel()
            self.rows.settle(new)
            self.endResetModel()
        else:
            self._edit(edits, old, new)
        if edits != []:
            self.relaid.emit()

    def _edit(self, edits: Sequence[Edit], old: list[int], new: list[int]) -> None:
        lines = list(old)
        for edit in edits:
            end = edit.at + edit.count
            if edit.inserted:
                self.beginInsertRows(QModelIndex(), edit.at, end - 1)
                lines[edit.at : edit.at] = new[edit.at : end]
                self.rows.settle(lines)
                self.endInsertRows()
            else:
                self.beginRemoveRows(QModelIndex(), edit.at, end - 1)
                del lines[edit.at : end]
                self.rows.settle(lines)
                self.endRemoveRows()
        self.rows.settle(new)
        headings = self.headings()
        for line in headings:
            self._painted.pop(self.rows.lines[line], None)
        self._emit_lines(headings)

    def _reprice(self) -> None:
        changed, moved = self.rows.price(self._prices)
        if changed:
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, Column.VALUE, Column.VALUE)
            self._repaint_all()
        if moved and len(self.rows.lines) > _LARGE:
            self._start(self._settle)
        elif moved:
            self._lay_out()

    def _repaint_all(self) -> None:
        if self.rows.lines:
            self._painted.clear()
            self._emit(0, len(self.rows.lines) - 1, Column.AMOUNT, Column.FRESHNESS)

    def _is_outdated(self, line: int) -> bool:
        number = self.rows.lines[line]
        painted = self._painted.get(number)
        if painted is None:
            return False
        now = self.rows.row(number) if number >= 0 else self.rows.heading(~number)
        if cell_text(now, Column.FRESHNESS) == cell_text(painted, Column.FRESHNESS) and _same(now, painted):
            return False
        self._painted[number] = now
        return True

    def _tell_totals(self) -> None:
        headings = self.headings()
        for line in headings:
            self._painted.pop(self.rows.lines[line], None)
        self._emit_lines(headings)
        self.values_changed.emit()

    def _emit_rows(self, rows: Iterable[int], *, headings: bool = True) -> None:
        """Repaint these rows where they are in sight, and the headings above them.

        The headings of a large table add up thousands of rows: they wait for the totals' time.
        """
        lines = set()
        for row in rows:
            for number in (row, ~self.rows.group_of(row)) if headings else (row,):
                self._painted.pop(number, None)
                place = self.rows.place(number)
                if place is not None:
                    lines.add(place)
        self._emit_lines(lines)

    def _emit_lines(self, lines: Iterable[int]) -> None:
        runs = runs_of(list(lines))
        if len(runs) > _RUNS_A_FRAME:  # a view asks anew for whatever comes into sight later
            first, last = self.in_sight()
            runs = runs_of([at for start, count in runs for at in range(start, start + count) if first <= at <= last])
        for first, count in runs:
            self._emit(first, first + count - 1, Column.AMOUNT, Column.FRESHNESS)

    def _emit(self, first: int, last: int, left: Column, right: Column) -> None:
        self.dataChanged.emit(self.index(first, left), self.index(last, right))


def _same(one: BalanceRow | Heading, other: BalanceRow | Heading) -> bool:
    """Return whether two looks at a line differ in nothing but age."""
    if isinstance(one, BalanceRow) and isinstance(other, BalanceRow):
        return _look(one.badge) == _look(other.badge) and one.state is other.state and one.worth == other.worth
    return isinstance(one, Heading) and isinstance(other, Heading) and one.folded == other.folded


def _look(badge: Badge) -> tuple[object, ...]:
    return (badge.kind, badge.reasons, badge.expected_change, badge.updating)
