"""Icons: line drawings from `resources/icons`, drawn in the colour of a token and kept by size and ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from typing_extensions import override

from desktop_wallet.resources import read_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QColor

    from desktop_wallet.ui.theme import Token


class Icons:
    """Draws icons. What was drawn is kept until `forget`, which the theme calls when colours change."""

    def __init__(self, color: Callable[[Token], QColor]) -> None:
        self._color = color
        self._sources: dict[str, str] = {}
        self._drawn: dict[tuple[str, str, int, float], QPixmap] = {}

    def icon(self, name: str, token: Token, size: int = 16) -> QIcon:
        """Return an icon that takes its colour from the token at the moment it is painted."""
        return QIcon(_Engine(self, name, token, size))

    def pixmap(self, name: str, token: Token, size: int = 16, ratio: float = 1.0) -> QPixmap:
        """Return the drawing, `size` logical pixels square, for a screen of that device pixel ratio."""
        color = self._color(token).name()
        key = (name, color, size, ratio)
        pixmap = self._drawn.get(key)
        if pixmap is None:
            pixmap = self._drawn[key] = self._draw(name, color, size, ratio)
        return pixmap

    def forget(self) -> None:
        """Drop every drawing."""
        self._drawn.clear()

    def _draw(self, name: str, color: str, size: int, ratio: float) -> QPixmap:
        source = self._sources.get(name)
        if source is None:
            source = self._sources[name] = read_text("icons", f"{name}.svg")
        renderer = QSvgRenderer(QByteArray(source.replace("currentColor", color).encode("utf-8")))
        pixels = round(size * ratio)
        pixmap = QPixmap(pixels, pixels)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        renderer.render(painter, QRectF(0, 0, pixels, pixels))
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        return pixmap


class _Engine(QIconEngine):
    """Asks `Icons` anew at every paint, so that a change of theme needs no new icons."""

    def __init__(self, icons: Icons, name: str, token: Token, size: int) -> None:
        super().__init__()
        self._icons, self._name, self._token, self._size = icons, name, token, size

    @override
    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        ratio = painter.device().devicePixelRatioF()
        side = min(rect.width(), rect.height(), self._size)
        if mode is QIcon.Mode.Disabled:
            painter.setOpacity(painter.opacity() * 0.5)
        left = rect.x() + (rect.width() - side) // 2
        top = rect.y() + (rect.height() - side) // 2
        painter.drawPixmap(QPoint(left, top), self._icons.pixmap(self._name, self._token, side, ratio))

    @override
    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        # Qt 6.11 names the size in logical pixels here; earlier ones named physical ones.
        return self._icons.pixmap(self._name, self._token, max(1, min(size.width(), size.height())), scale)

    @override
    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    @override
    def clone(self) -> QIconEngine:
        return _Engine(self._icons, self._name, self._token, self._size)
