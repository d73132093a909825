"""The badge: a shape, a word and an age.

The shapes are drawn, because fonts draw them differently or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget
from typing_extensions import override

from desktop_wallet.core.freshness import Badge, BadgeKind
from desktop_wallet.ui.theme import BADGE_HEIGHT, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.text import tooltip
from desktop_wallet.ui.words import badge_text, badge_tooltip

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

TOKENS: dict[BadgeKind, tuple[Token, Token]] = {
    BadgeKind.FRESH: (Token.FRESH, Token.FRESH_GROUND),
    BadgeKind.CACHED: (Token.CACHED, Token.CACHED_GROUND),
    BadgeKind.STALE: (Token.STALE, Token.STALE_GROUND),
    BadgeKind.PENDING: (Token.PENDING, Token.PENDING_GROUND),
    BadgeKind.UNAVAILABLE: (Token.UNAVAILABLE, Token.UNAVAILABLE_GROUND),
}
"""Text and ground of each badge."""
FIRST_READ = (Token.MUTED, Token.SIDEBAR)
"""Text and ground while a balance is being read for the first time: nothing is wrong yet, so nothing is red."""
_SHAPE = 9.0
_BEFORE, _BETWEEN, _AFTER = 8, 7, 9
_TURN_MS = 2400
_STEP_MS = 80


def badge_tokens(badge: Badge) -> tuple[Token, Token]:
    """Return the colours of a badge's text and of its ground."""
    first_read = badge.kind is BadgeKind.UNAVAILABLE and badge.updating
    return FIRST_READ if first_read else TOKENS[badge.kind]


def badge_width(badge: Badge, theme: Theme, text: str = "") -> int:
    """Return the pixels that the badge takes across."""
    words = QFontMetrics(theme.font(TextStyle.SMALL)).horizontalAdvance(text or badge_text(badge))
    return _BEFORE + round(_SHAPE) + _BETWEEN + words + _AFTER


def paint_badge(
    painter: QPainter, rect: QRect, badge: Badge, theme: Theme, *, phase: float = 0.0, text: str = ""
) -> None:
    """Paint the badge at the left of `rect`, in the middle of its height.

    `phase` (0 to 1) turns the ring that takes the shape's place while the balance is being read. `text` replaces word
    and age.
    """
    words = text or badge_text(badge)
    front, ground = (theme.color(token) for token in badge_tokens(badge))
    width = min(badge_width(badge, theme, words), rect.width())
    pill = QRectF(rect.x(), rect.y() + (rect.height() - BADGE_HEIGHT) / 2, width, BADGE_HEIGHT)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(pill, BADGE_HEIGHT / 2, BADGE_HEIGHT / 2)
    shape = QRectF(pill.x() + _BEFORE, pill.center().y() - _SHAPE / 2, _SHAPE, _SHAPE)
    if badge.updating:
        _paint_ring(painter, shape, front, phase)
    else:
        paint_shape(painter, shape, badge.kind, front)
    font = theme.font(TextStyle.SMALL)
    painter.setFont(font)
    painter.setPen(front)
    area = pill.adjusted(_BEFORE + _SHAPE + _BETWEEN, 0, -_AFTER + 1, 0)
    shown = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, int(area.width()) + 1)
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
    painter.restore()


def paint_shape(painter: QPainter, area: QRectF, kind: BadgeKind, color: QColor) -> None:
    """Paint the shape of a badge: full, half, empty, quarter, or a cross."""
    pen = QPen(color, 1.5)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    circle = area.adjusted(0.75, 0.75, -0.75, -0.75)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if kind is BadgeKind.UNAVAILABLE:
        cross = area.adjusted(1.2, 1.2, -1.2, -1.2)
        painter.drawLine(cross.topLeft(), cross.bottomRight())
        painter.drawLine(cross.topRight(), cross.bottomLeft())
        return
    if kind is BadgeKind.FRESH:
        painter.setBrush(color)
    painter.drawEllipse(circle)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    if kind is BadgeKind.CACHED:
        painter.drawPie(circle, 90 * 16, 180 * 16)
    elif kind is BadgeKind.PENDING:
        painter.drawPie(circle, 0, 90 * 16)


def _paint_ring(painter: QPainter, area: QRectF, color: QColor, phase: float) -> None:
    faint = QColor(color)
    faint.setAlphaF(0.3)
    circle = area.adjusted(0.75, 0.75, -0.75, -0.75)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(faint, 1.5))
    painter.drawEllipse(circle)
    pen = QPen(color, 1.5)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.drawArc(circle, round((90 - phase * 360) * 16), -100 * 16)


class Ring(QObject):
    """Turns slowly while something is being read. One serves a whole view; at rest it costs nothing."""

    turned = Signal(float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.phase = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(_STEP_MS)
        self._timer.timeout.connect(self._on_timeout)

    def set_running(self, running: bool) -> None:
        """Turn, or stand still."""
        if running and not self._timer.isActive():
            self._timer.start()
        elif not running:
            self._timer.stop()

    def _on_timeout(self) -> None:
        self.phase = (self.phase + _STEP_MS / _TURN_MS) % 1.0
        self.turned.emit(self.phase)


class BadgeLabel(QLabel):
    """A badge as a widget. Its accessible name is what it shows, the description what it means.

    It is a label without text, for a screen reader passes over plain widgets.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._theme = theme
        self._badge: Badge | None = None
        self._text = ""
        self._ring = Ring(self)
        self._ring.turned.connect(self._on_ring_turned)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def set_badge(self, badge: Badge | None, explanation: str = "", *, text: str = "") -> None:
        """Show this badge, or nothing; `explanation` replaces the tooltip, `text` the words."""
        self._badge, self._text = badge, text
        self.setVisible(badge is not None)
        if badge is None:
            self._ring.set_running(False)
            return
        means = explanation or badge_tooltip(badge)
        self.setAccessibleName((text or badge_text(badge)) + (", updating" if badge.updating else ""))
        self.setAccessibleDescription(means)
        self.setToolTip(tooltip(means))
        self._ring.set_running(badge.updating)
        self.updateGeometry()
        self.update()

    def _on_ring_turned(self) -> None:
        self.update()

    @override
    def sizeHint(self) -> QSize:
        if self._badge is None:
            return QSize(0, BADGE_HEIGHT)
        return QSize(badge_width(self._badge, self._theme, self._text), BADGE_HEIGHT)

    @override
    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._badge is None:
            return
        painter = QPainter(self)
        paint_badge(painter, self.rect(), self._badge, self._theme, phase=self._ring.phase, text=self._text)
        painter.end()
