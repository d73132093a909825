"""The badge of a transfer's state: a shape and a word, drawn in the manner of the badge of a balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget
from typing_extensions import override

from desktop_wallet.ui.pages.activity_words import Mark
from desktop_wallet.ui.theme import BADGE_HEIGHT, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.text import tooltip

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

_OPEN = (Token.PENDING, Token.PENDING_GROUND)
_DOUBT = (Token.STALE, Token.STALE_GROUND)
_GOOD = (Token.FRESH, Token.FRESH_GROUND)
_BAD = (Token.UNAVAILABLE, Token.UNAVAILABLE_GROUND)
_OVER = (Token.MUTED, Token.SIDEBAR)
MARK_TOKENS: dict[Mark, tuple[Token, Token]] = {
    Mark.SIGNED: _OPEN,
    Mark.SENDING: _OPEN,
    Mark.UNKNOWN: _DOUBT,
    Mark.DROPPED: _DOUBT,
    Mark.CONFIRMED: _GOOD,
    Mark.FINAL: _GOOD,
    Mark.RECEIVED: _GOOD,
    Mark.FAILED: _BAD,
    Mark.REPLACED: _OVER,
    Mark.CLOSED: _OVER,
    Mark.SUSPECTED: _OVER,
}
"""Text and ground of each mark: on its way, in doubt, done, failed, or over without effect."""
_SHAPE = 9.0
_BEFORE, _BETWEEN, _AFTER = 8, 7, 9
_STROKE = 1.5
_LINES: dict[Mark, tuple[tuple[tuple[float, float], ...], ...]] = {
    Mark.SENDING: (((1.5, 7.5), (7.2, 1.8)), ((2.8, 1.5), (7.5, 1.5), (7.5, 6.2))),
    Mark.CONFIRMED: (((0.8, 4.9), (3.3, 7.4), (8.2, 1.9)),),
    Mark.FAILED: (((1.2, 1.2), (7.8, 7.8)), ((7.8, 1.2), (1.2, 7.8))),
    Mark.DROPPED: (((2.1, 6.9), (6.9, 2.1)),),
    Mark.REPLACED: (((0.9, 1.3), (4.1, 4.5), (0.9, 7.7)), ((4.9, 1.3), (8.1, 4.5), (4.9, 7.7))),
    Mark.CLOSED: (((2.8, 4.5), (6.2, 4.5)),),
    Mark.RECEIVED: (((4.5, 0.8), (4.5, 6.0)), ((1.8, 3.6), (4.5, 6.3), (7.2, 3.6)), ((1.0, 8.3), (8.0, 8.3))),
    Mark.UNKNOWN: (((4.5, 4.9), (4.5, 5.6)),),
    Mark.SUSPECTED: (((4.5, 1.0), (8.2, 7.8), (0.8, 7.8), (4.5, 1.0)), ((4.5, 3.8), (4.5, 5.3))),
}
"""The strokes of each shape within nine by nine pixels."""
_RINGED = frozenset({Mark.SIGNED, Mark.DROPPED, Mark.CLOSED})
_CHECK = ((2.4, 4.7), (4.0, 6.2), (6.7, 3.1))


def state_badge_width(text: str, theme: Theme) -> int:
    """Return the pixels that a badge takes across."""
    words = QFontMetrics(theme.font(TextStyle.SMALL)).horizontalAdvance(text)
    return _BEFORE + round(_SHAPE) + _BETWEEN + words + _AFTER


def paint_state_badge(painter: QPainter, rect: QRect, mark: Mark, text: str, theme: Theme) -> None:
    """Paint the badge at the left of `rect`, in the middle of its height."""
    front, ground = (theme.color(token) for token in MARK_TOKENS[mark])
    width = min(state_badge_width(text, theme), rect.width())
    pill = QRectF(rect.x(), rect.y() + (rect.height() - BADGE_HEIGHT) / 2, width, BADGE_HEIGHT)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(pill, BADGE_HEIGHT / 2, BADGE_HEIGHT / 2)
    paint_mark(painter, QPointF(pill.x() + _BEFORE, pill.center().y() - _SHAPE / 2), mark, front, ground)
    font = theme.font(TextStyle.SMALL)
    painter.setFont(font)
    painter.setPen(front)
    area = pill.adjusted(_BEFORE + _SHAPE + _BETWEEN, 0, -_AFTER + 1, 0)
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, int(area.width()) + 1)
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
    painter.restore()


def paint_mark(painter: QPainter, corner: QPointF, mark: Mark, color: QColor, ground: QColor) -> None:
    """Paint a mark's shape, nine pixels square, with its upper left corner there. `ground` is what lies behind it."""
    painter.save()
    painter.translate(corner)
    pen = QPen(color, _STROKE)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if mark in _RINGED:
        painter.drawEllipse(QRectF(0.75, 0.75, 7.5, 7.5))
    if mark is Mark.UNKNOWN:
        painter.drawArc(QRectF(2.1, 0.6, 4.8, 4.4), 190 * 16, -260 * 16)
    for line in _LINES.get(mark, ()):
        painter.drawPolyline([QPointF(x, y) for x, y in line])
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    if mark is Mark.UNKNOWN:
        painter.drawEllipse(QPointF(4.5, 8.2), 0.95, 0.95)
    elif mark is Mark.SIGNED:
        painter.drawEllipse(QPointF(4.5, 4.5), 1.6, 1.6)
    elif mark is Mark.FINAL:
        painter.drawEllipse(QRectF(0, 0, _SHAPE, _SHAPE))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen.setColor(ground)
        painter.setPen(pen)
        painter.drawPolyline([QPointF(x, y) for x, y in _CHECK])
    painter.restore()


class StateBadge(QLabel):
    """A state badge as a widget: a label without text, for a screen reader passes over plain widgets."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._theme = theme
        self._mark: Mark | None = None
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._on_theme_changed)

    def set_mark(self, mark: Mark | None, text: str = "", explanation: str = "") -> None:
        """Show this mark with these words, or nothing; `explanation` is the tooltip."""
        if (mark, text) != (self._mark, self._text):
            self._mark, self._text = mark, text
            self.setAccessibleName(text)
            self.updateGeometry()
            self.update()
        self.setVisible(mark is not None)
        self.setAccessibleDescription(explanation)
        self.setToolTip(tooltip(explanation))

    def _on_theme_changed(self) -> None:
        self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(state_badge_width(self._text, self._theme) if self._mark else 0, BADGE_HEIGHT)

    @override
    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._mark is None:
            return
        painter = QPainter(self)
        paint_state_badge(painter, self.rect(), self._mark, self._text, self._theme)
        painter.end()
