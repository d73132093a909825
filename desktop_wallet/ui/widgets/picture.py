"""An icon as a picture, which nobody can press."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from desktop_wallet.ui.theme import TextStyle, Theme, Token

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent


class Picture(QWidget):
    """A line drawing in the colour of a token; decoration, so a screen reader passes over it."""

    def __init__(self, theme: Theme, icon: str, size: int = 16, token: Token = Token.TEXT) -> None:
        super().__init__()
        self._theme, self._icon, self._size, self._token = theme, icon, size, token
        self.setFixedSize(size, size)

    def show_icon(self, icon: str, token: Token) -> None:
        """Show another icon or colour."""
        self._icon, self._token = icon, token
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        painter.drawPixmap(0, 0, self._theme.icons.pixmap(self._icon, self._token, self._size, ratio))
        painter.end()


class Tile(QWidget):
    """The first letter of a profile's name on a rounded square in the accent colour."""

    def __init__(self, theme: Theme, size: int = 32) -> None:
        super().__init__()
        self._theme, self._size, self._letter = theme, size, ""
        self.setFixedSize(size, size)

    def show_name(self, name: str) -> None:
        """Show the letter of this name."""
        letter = name.strip()[:1].upper()
        if letter != self._letter:
            self._letter = letter
            self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.color(Token.ACCENT))
        painter.setBrush(self._theme.color(Token.ACCENT))
        radius = self._size / 4
        area = self.rect()
        painter.drawRoundedRect(area.adjusted(0, 0, -1, -1), radius, radius)
        font = self._theme.font(TextStyle.STRONG)
        font.setPixelSize(max(13, round(self._size * 0.4)))
        painter.setFont(font)
        painter.setPen(self._theme.color(Token.ON_ACCENT))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self._letter)
        painter.end()
