"""Paints the lines of the activity table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem
from typing_extensions import override

from desktop_wallet.ui.models.activity_cells import (
    Column,
    amount_text,
    cell_text,
    counterparty,
    moves,
    row_mark,
    row_mark_text,
    title,
    when_text,
)
from desktop_wallet.ui.models.activity_model import ROW_ROLE
from desktop_wallet.ui.models.activity_rows import ReceivedRow, Row, SentRow
from desktop_wallet.ui.pages.activity_badge import paint_state_badge, state_badge_width
from desktop_wallet.ui.pages.balances_delegate import paint_glyph
from desktop_wallet.ui.pages.line_delegate import PADDING, LineDelegate
from desktop_wallet.ui.theme import ROW_HEIGHT, TextStyle, Theme, Token

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex

    from desktop_wallet.core.instants import Clock

_GLYPH = 22
_GLYPH_GAP = 9
_INDENT = 20
_LEAST_NOTE = 36


class ActivityDelegate(LineDelegate):
    """Paints what was sent and what came in; a transfer under a later one of its nonce is set in."""

    def __init__(self, theme: Theme, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(theme, parent)
        self._clock = clock
        self.terse = False
        """Whether badges say only their word: where room is short, the time stands beside them all the same."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        row = index.data(ROW_ROLE)
        if not isinstance(row, SentRow | ReceivedRow):
            return QSize(0, ROW_HEIGHT)
        column, now = Column(index.column()), self._clock.now()
        if column is Column.STATE:
            return QSize(state_badge_width(row_mark_text(row, now), self._theme) + 2 * PADDING, ROW_HEIGHT)
        metrics = QFontMetrics(self._theme.font(TextStyle.BODY))
        extra = _GLYPH + _GLYPH_GAP + _INDENT if column is Column.WHAT else 0
        return QSize(metrics.horizontalAdvance(cell_text(row, column, now)) + 2 * PADDING + extra, ROW_HEIGHT)

    @override
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row = index.data(ROW_ROLE)
        column = Column(index.column())
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        if not isinstance(row, SentRow | ReceivedRow):
            return
        painter.save()
        self._paint_ground(painter, rect, Token.SURFACE, selected=bool(state & QStyle.StateFlag.State_Selected))
        # What is left aligned ends near the next cell, which keeps its own distance.
        right = PADDING if column is Column.AMOUNT else 2
        self._paint_cell(painter, rect.adjusted(PADDING, 0, -right, -1), row, column)
        if column is Column.WHAT and state & QStyle.StateFlag.State_HasFocus:
            self._paint_focus(painter, rect)
        painter.restore()

    def _paint_cell(self, painter: QPainter, area: QRect, row: Row, column: Column) -> None:
        now = self._clock.now()
        quiet = Token.TEXT if moves(row) else Token.MUTED
        match column:
            case Column.WHAT:
                self._paint_what(painter, area, row)
            case Column.WITH:
                self._text(painter, area, counterparty(row), TextStyle.BODY, Token.MUTED)
            case Column.AMOUNT:
                self._paint_amount(painter, area, partial(amount_text, row), TextStyle.BODY, quiet)
            case Column.STATE:
                mark = row_mark(row)
                text = mark.word if self.terse else row_mark_text(row, now)
                paint_state_badge(painter, area, mark, text, self._theme)
            case Column.WHEN:
                self._text(painter, area, when_text(row, now), TextStyle.BODY, Token.MUTED)

    def _paint_what(self, painter: QPainter, area: QRect, row: Row) -> None:
        if isinstance(row, SentRow) and row.under:
            self._paint_elbow(painter, area)
            area = area.adjusted(_INDENT, 0, 0, 0)
        glyph = QRect(area.x(), area.y() + (area.height() - _GLYPH) // 2, _GLYPH, _GLYPH)
        paint_glyph(painter, glyph, row.asset, self._theme)
        rest = area.adjusted(_GLYPH + _GLYPH_GAP, 0, 0, 0)
        token = Token.TEXT if moves(row) else Token.MUTED
        used = self._text(painter, rest, title(row), TextStyle.STRONG, token)
        if rest.width() - used > _LEAST_NOTE:
            self._text(painter, rest.adjusted(used + 5, 0, 0, 0), row.network.name, TextStyle.BODY, Token.MUTED)

    def _paint_elbow(self, painter: QPainter, area: QRect) -> None:
        """Lead from the line above to this one, which has the same place in the order."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self._theme.color(Token.MUTED), 1.2)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        left, middle = area.x() + _GLYPH / 2, area.center().y()
        painter.drawPolyline([QPointF(left, area.y()), QPointF(left, middle), QPointF(area.x() + _INDENT - 2, middle)])
        painter.restore()
