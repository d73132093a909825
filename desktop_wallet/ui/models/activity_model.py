"""The activity table for Qt: a thin item model over `ActivityRows`, flat like that of the balances."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal
from typing_extensions import override

from desktop_wallet.ui.models.activity_cells import TITLES, Column, cell_text, spoken_text
from desktop_wallet.ui.models.activity_rows import ActivityKey, ActivityRows, ActivityView, Row
from desktop_wallet.ui.models.balance_view import Edit, edits_between, runs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.core.receipts import Received
    from desktop_wallet.core.transfers import TransferId
    from desktop_wallet.ui.models.activity_hidden import JudgeSource
    from desktop_wallet.ui.models.activity_rows import TransferSource
    from desktop_wallet.ui.models.sources import AccountSource, CatalogueSource

    Index = QModelIndex | QPersistentModelIndex

ROW_ROLE = int(Qt.ItemDataRole.UserRole)
"""What a line shows, as a SentRow or a ReceivedRow."""
_FRAME_MS = 16
_LOOKED_AT_ONCE = 150
"""Rows that are asked whether they match, before the loop gets its turn: about 2 ms of work."""


class ActivityModel(QAbstractTableModel):
    """Shows `rows`. Changes are taken in at most once a frame and repaint the lines they touched, and no others."""

    relaid = Signal()
    """Lines came, went or moved."""
    counted = Signal()
    """How many wait, or are in doubt, may have changed."""

    def __init__(self, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self.rows = ActivityRows()
        self._sources: tuple[TransferSource, AccountSource, CatalogueSource] | None = None
        self._received: Callable[[], tuple[Received, ...]] = tuple
        self._waiting: dict[TransferId, None] = {}
        self._relisted = False
        """Whether accounts or the catalogue changed since the last frame."""
        self._came = False
        """Whether something came in since the last frame."""
        self._painted: dict[int, tuple[str, ...]] = {}
        """What the ageing cells of a row said when they were painted."""
        self._under: dict[int, bool] = {}
        self._frame = QTimer(self)
        self._frame.setSingleShot(True)
        self._frame.setInterval(_FRAME_MS)
        self._frame.timeout.connect(self._on_frame)
        self._looking = QTimer(self)
        """Runs while thousands of rows are looked through; the lines stay as they were until that is done."""
        self._looking.timeout.connect(self._on_looking)

    # From the page

    def attach(
        self,
        source: TransferSource,
        received: Callable[[], tuple[Received, ...]],
        accounts: AccountSource,
        catalogue: CatalogueSource,
        judge: JudgeSource | None = None,
    ) -> None:
        """Show the activity of a session; `received` is asked for what came in, newest first."""
        self.rows.hidden.judge = judge
        self._sources, self._received = (source, accounts, catalogue), received
        self._reload()

    def detach(self) -> None:
        """Drop everything."""
        self._sources, self._received = None, tuple
        self.rows.hidden.judge = None
        self._frame.stop()
        self._looking.stop()
        self._waiting.clear()
        self._relisted = self._came = False
        self.beginResetModel()
        self.rows.clear()
        self._painted.clear()
        self._under.clear()
        self.endResetModel()
        self.relaid.emit()

    def take(self, change: ChangeSet) -> None:
        """Take a change in with the next frame, together with all that come until then."""
        self._waiting.update(dict.fromkeys(change.transfers))
        self._relisted = self._relisted or change.accounts or change.catalogue
        self._came = self._came or change.received
        if (self._waiting or self._relisted or self._came) and not self._frame.isActive():
            self._frame.start()

    def flush(self) -> None:
        """Take in now what waits for a frame."""
        if self._frame.isActive():
            self._frame.stop()
            self._on_frame()
        if self._looking.isActive():
            self._looking.stop()
            self._lay_out()

    def show(self, view: ActivityView) -> None:
        """Filter and search like this."""
        if view != self.rows.view:
            self.rows.show(view)
            if self.rows.unlooked > _LOOKED_AT_ONCE:
                self._looking.start()
            else:
                self._looking.stop()
                self._lay_out()

    def tick(self, first: int, last: int) -> None:
        """A second has passed: repaint the ages in sight that changed."""
        self._emit_lines(
            [line for line in range(first, min(last + 1, len(self.rows.lines))) if self._is_outdated(line)],
            Column.STATE,
        )

    # What the view asks

    def row(self, line: int) -> Row | None:
        """Return what a line shows, None if there is no such line."""
        if not 0 <= line < len(self.rows.lines):
            return None
        number = self.rows.lines[line]
        return self.rows.row(number, under=self._under.get(number, False))

    def row_of(self, key: ActivityKey) -> Row | None:
        """Return a row by its name, in sight or not."""
        number = self.rows.number(key)
        return None if number is None else self.rows.row(number)

    def key_at(self, line: int) -> ActivityKey | None:
        """Return what names the row at a line."""
        return self.rows.key(self.rows.lines[line]) if 0 <= line < len(self.rows.lines) else None

    def line_of(self, key: ActivityKey) -> int | None:
        """Return the line at which a row stands, None if it is out of sight."""
        number = self.rows.number(key)
        return self.rows.lines.index(number) if number is not None and number in self.rows.lines else None

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.rows.lines)

    @override
    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(Column)

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return TITLES[Column(section)]
        if role == Qt.ItemDataRole.TextAlignmentRole and section == Column.AMOUNT:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.row(index.row())
        if row is None:
            return None
        if role == ROW_ROLE:
            self._painted[self.rows.lines[index.row()]] = self._ageing(row)
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return cell_text(row, Column(index.column()), self._clock.now())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken_text(row, Column(index.column()), self._clock.now())
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == Column.AMOUNT:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    # Within

    def _reload(self) -> None:
        if self._sources is None:
            return
        source, accounts, catalogue = self._sources
        self._looking.stop()
        self.beginResetModel()
        self._painted.clear()
        self.rows.load(source, self._received(), accounts, catalogue)
        self.rows.settle(self.rows.laid_out())
        self._under = self._nested()
        self.endResetModel()
        self.relaid.emit()
        self.counted.emit()

    def _on_looking(self) -> None:
        self.rows.look_on(_LOOKED_AT_ONCE)
        if not self.rows.unlooked:
            self._looking.stop()
            self._lay_out()

    def _on_frame(self) -> None:
        if self._sources is None:
            return
        waiting, self._waiting = list(self._waiting), {}
        came, self._came = self._came, False
        if self._relisted:
            self._relisted = False
            self._reload()
            return
        changed = self.rows.update(waiting, self._received() if came else None)
        if not self._looking.isActive():
            self._lay_out()
        self._emit_rows(changed, Column.WHAT)
        self.counted.emit()

    def _lay_out(self) -> None:
        old, new = self.rows.lines, self.rows.laid_out()
        if old == new:
            return
        edits = edits_between(old, new)
        if edits is None:
            self.beginResetModel()
            self.rows.settle(new)
            self._under = self._nested()
            self.endResetModel()
        else:
            self._edit(edits, old, new)
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
        before, self._under = self._under, self._nested()
        stayed = set(old) & set(new)
        self._emit_rows((n for n in stayed if before.get(n, False) != self._under.get(n, False)), Column.WHAT)

    def _nested(self) -> dict[int, bool]:
        """Return which rows stand right below another transaction of their nonce."""
        lines = self.rows.lines
        return {lower: self.rows.same_nonce(upper, lower) for upper, lower in pairwise(lines)}

    def _ageing(self, row: Row) -> tuple[str, ...]:
        now = self._clock.now()
        return cell_text(row, Column.STATE, now), cell_text(row, Column.WHEN, now)

    def _is_outdated(self, line: int) -> bool:
        painted = self._painted.get(self.rows.lines[line])
        row = self.row(line)
        return painted is not None and row is not None and painted != self._ageing(row)

    def _emit_rows(self, rows: Iterable[int], left: Column) -> None:
        places = {number: line for line, number in enumerate(self.rows.lines)}
        self._emit_lines([places[number] for number in rows if number in places], left)

    def _emit_lines(self, lines: Iterable[int], left: Column) -> None:
        for first, count in runs_of(list(lines)):
            self.dataChanged.emit(self.index(first, left), self.index(first + count - 1, Column.WHEN))
