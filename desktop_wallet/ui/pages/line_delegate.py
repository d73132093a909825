"""Paints the cells of a table of lines. Text is drawn as text: nothing a server sent is ever taken for markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyledItemDelegate

from desktop_wallet.ui.theme import TextStyle, Theme, Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QObject

PADDING = 14
_LEAST_PIXELS = 7
_MOST_FITTED = 4_096
_ONE_LINE_LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft) | Qt.TextFlag.TextSingleLine
_RIGHT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
_PLACES = (12, 9, 6, 4, 2, 0)


class LineDelegate(QStyledItemDelegate):
    """What the delegates of such tables share: the ground of a line, one line of text, an amount that is never cut."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._fitted: dict[tuple[str, TextStyle, int], tuple[str, int]] = {}
        """Texts as they fit a width, with the pixels they take: the same few stand in every line."""

    def _paint_ground(self, painter: QPainter, rect: QRect, token: Token, *, selected: bool) -> None:
        painter.fillRect(rect, self._theme.color(Token.ACCENT_SOFT if selected else token))
        painter.setPen(self._theme.color(Token.LINE))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())

    def _paint_focus(self, painter: QPainter, rect: QRect) -> None:
        """Mark the line that the keyboard is on; for its first cell."""
        painter.fillRect(QRect(rect.x(), rect.y(), 3, rect.height() - 1), self._theme.color(Token.ACCENT))

    def _paint_amount(
        self, painter: QPainter, area: QRect, text: Callable[[int | None], str], style: TextStyle, token: Token
    ) -> None:
        # A number cut from the right would be another number: decimals go first, then the type shrinks.
        font = self._theme.font(style)
        shown = text(None)
        for places in _PLACES:
            if QFontMetrics(font).horizontalAdvance(shown) <= area.width():
                break
            shown = text(places)
        while font.pixelSize() > _LEAST_PIXELS and QFontMetrics(font).horizontalAdvance(shown) > area.width():
            font.setPixelSize(font.pixelSize() - 1)
        painter.setFont(font)
        painter.setPen(self._theme.color(token))
        painter.drawText(area, _RIGHT, shown)

    def _text(self, painter: QPainter, area: QRect, text: str, style: TextStyle, token: Token) -> int:
        """Paint one line of text within the area, cut with an ellipsis; return the pixels it took."""
        if not text or area.width() < 8:
            return 0
        font = self._theme.font(style)
        fitted = self._fitted.get((text, style, area.width()))
        if fitted is None:
            metrics = QFontMetrics(font)
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, area.width())
            if len(self._fitted) >= _MOST_FITTED:
                self._fitted.clear()
            fitted = self._fitted[text, style, area.width()] = (shown, metrics.horizontalAdvance(shown))
        painter.setFont(font)
        painter.setPen(self._theme.color(token))
        painter.drawText(area, _ONE_LINE_LEFT, fitted[0])
        return fitted[1]
