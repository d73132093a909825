"""The tables of the Diagnostics page: columns by what the width allows, keys, copying, one delegate for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QWidget
from typing_extensions import override

from desktop_wallet.ui.models.diagnostics_cells import CELL_ROLE, Cell
from desktop_wallet.ui.pages.line_delegate import PADDING, LineDelegate
from desktop_wallet.ui.pages.line_table import LineTable
from desktop_wallet.ui.theme import ROW_HEIGHT, TextStyle, Token
from desktop_wallet.ui.widgets.badge import badge_width, paint_badge

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from desktop_wallet.ui.models.diagnostics_cells import CellsModel
    from desktop_wallet.ui.theme import Theme

_DOT = 7
_DOT_GAP = 8
_NOTE_GAP = 6
_LEAST_NOTE = 72
"""Pixels under which a note is left out rather than cut."""
_ROUNDING = 2
"""Pixels that a text may be wider than its parts."""


@dataclass(frozen=True, slots=True)
class Width:
    """How wide a column is: at least for `sample`, its share of what is left, and from which width on it is shown."""

    sample: str
    share: int = 0
    shown_from: int = 0
    extra: int = 0
    """Pixels for what stands beside the text: a dot, a badge's shape."""


class CellDelegate(LineDelegate):
    """Paints a Cell: a dot, the text, a quieter note; or a badge."""

    def __init__(self, theme: Theme, numbers: frozenset[int], parent: QObject | None = None) -> None:
        super().__init__(theme, parent)
        self._numbers = numbers

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        cell = index.data(CELL_ROLE)
        if not isinstance(cell, Cell):
            return QSize(0, ROW_HEIGHT)
        if cell.badge is not None:
            return QSize(badge_width(cell.badge, self._theme) + 2 * PADDING, ROW_HEIGHT)
        words = QFontMetrics(self._theme.font(cell.style)).horizontalAdvance(cell.spoken)
        return QSize(words + 2 * PADDING + (_DOT + _DOT_GAP if cell.dot else 0), ROW_HEIGHT)

    @override
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        cell = index.data(CELL_ROLE)
        if not isinstance(cell, Cell):
            return
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        self._paint_ground(painter, rect, Token.SURFACE, selected=bool(state & QStyle.StateFlag.State_Selected))
        if index.column() in self._numbers:
            self._paint_number(painter, rect.adjusted(2, 0, -PADDING, -1), cell)
        else:
            self._paint_words(painter, rect.adjusted(PADDING, 0, -2, -1), cell)
        if index.column() == 0 and state & QStyle.StateFlag.State_HasFocus:
            self._paint_focus(painter, rect)
        painter.restore()

    def _paint_words(self, painter: QPainter, area: QRect, cell: Cell) -> None:
        if cell.badge is not None:
            paint_badge(painter, area, cell.badge, self._theme)
            return
        if cell.dot is not None:
            self._paint_dot(painter, area, cell.dot)
            area = area.adjusted(_DOT + _DOT_GAP, 0, 0, 0)
        used = self._text(painter, area, cell.text, cell.style, cell.token)
        note = area.adjusted(used + _NOTE_GAP, 0, 0, 0)
        if cell.note and note.width() >= min(_LEAST_NOTE, self._advance(cell.note)):
            self._text(painter, note, cell.note, TextStyle.BODY, Token.MUTED)

    def _paint_number(self, painter: QPainter, area: QRect, cell: Cell) -> None:
        width = self._advance(cell.text)
        number = area.adjusted(max(area.width() - width, 0), 0, 0, 0)
        self._text(painter, number, cell.text, cell.style, cell.token)
        words = self._advance(cell.note)
        left = area.width() - width - _NOTE_GAP - words
        if cell.note and left >= 0:
            self._text(painter, area.adjusted(left, 0, -width - _NOTE_GAP, 0), cell.note, TextStyle.BODY, Token.STALE)

    def _advance(self, text: str) -> int:
        return QFontMetrics(self._theme.font(TextStyle.BODY)).horizontalAdvance(text) + _ROUNDING

    def _paint_dot(self, painter: QPainter, area: QRect, token: Token) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(token))
        painter.drawEllipse(QRectF(area.x(), area.center().y() - _DOT / 2 + 0.5, _DOT, _DOT))
        painter.restore()


class CellTable(LineTable):
    """Shows a CellsModel; `widths` has one for each column. What is wanted of a line is told by signal."""

    chosen = Signal(int)
    """This line became current, -1 for none."""
    copy_wanted = Signal(str)
    """Somebody wants this text on the clipboard."""

    def __init__(
        self, theme: Theme, name: str, model: CellsModel, widths: Sequence[Width], parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, name, parent)
        self._cells = model
        self._widths = tuple(widths)
        self._kept: object = None
        self._restoring = False
        numbers = frozenset(place for place, head in enumerate(model.heads) if head.number)
        self.setModel(model)
        self.setItemDelegate(CellDelegate(theme, numbers, self))
        self._copy = self._action("Copy this line", "Ctrl+C", self._on_copy)
        model.modelAboutToBeReset.connect(self._on_about_to_be_reset)
        model.relaid.connect(self._on_relaid)

    @property
    def line(self) -> int:
        """Return the current line, -1 if there is none."""
        return self.currentIndex().row()

    def lay_out_columns(self) -> None:
        """Show the columns for which there is room, and share the rest of the width among them."""
        width = self.viewport().width()
        advance = QFontMetrics(self._theme.font(TextStyle.BODY)).horizontalAdvance
        shown = [(column, each) for column, each in enumerate(self._widths) if width >= each.shown_from]
        least = {column: advance(each.sample) + PADDING + _DOT + each.extra for column, each in shown}
        spare = max(width - sum(least.values()), 0)
        shares = sum(each.share for _, each in shown) or 1
        for column, each in enumerate(self._widths):
            self.setColumnHidden(column, column not in least)
            if column in least:
                self.setColumnWidth(column, least[column] + spare * each.share // shares)
        taken = sum(self.columnWidth(column) for column in least)
        widest = max(shown, key=lambda found: found[1].share)[0]
        # What rounding left over, or what there was too little of, is the widest column's.
        self.setColumnWidth(widest, max(self.columnWidth(widest) + width - taken, 40))

    # What a line means

    @override
    def open_current(self) -> None:
        if self.line >= 0:
            self.chosen.emit(self.line)

    @override
    def menu_actions(self) -> Iterable[QAction]:
        return (self._copy,) if self.line >= 0 else ()

    @override
    def explained(self, place: QPoint) -> str:
        index = self.indexAt(place)
        return self._cells.explain(index.row(), index.column()) if index.isValid() else ""

    # Events

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.lay_out_columns()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        self.round_corners()

    @override
    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        if not self._restoring:
            self.chosen.emit(current.row())

    def _on_copy(self) -> None:
        if self.line >= 0:
            self.copy_wanted.emit(self._cells.copied_text(self.line))

    def _on_about_to_be_reset(self) -> None:
        self._kept = self._cells.key_at(self.line)

    def _on_relaid(self) -> None:
        self.lay_out_columns()
        kept, self._kept = self._kept, None
        line = None if kept is None else self._cells.line_of(kept)
        if line is not None:
            self._restoring = True
            self.setCurrentIndex(self._cells.index(line, 0))
            self._restoring = False
        else:
            self.chosen.emit(self.line)
