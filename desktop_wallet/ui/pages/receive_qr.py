"""A QR code drawn with whole pixels, so that a camera reads it from any screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import segno
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

_QUIET = 4
"""Modules of white around the code, as ISO/IEC 18004 asks for."""
_SIDE = 260


def modules_of(text: str) -> tuple[tuple[bool, ...], ...]:
    """Return the modules of the QR code of a text (ISO/IEC 18004, level M), True where it is dark, without margin."""
    code = segno.make_qr(text, error="m", boost_error=True)
    return tuple(tuple(bool(module) for module in row) for row in code.matrix)


class QrCode(QWidget):
    """Draws a QR code: black on white in either theme, for many readers do not take it the other way around.

    A module is a whole number of the screen's own pixels wide, so its edges are sharp at every scale.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self._modules: tuple[tuple[bool, ...], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("QR code")

    def set_text(self, text: str, accessible_name: str) -> None:
        """Show the code of this text, or none."""
        if text != self._text:
            self._text = text
            self._modules = modules_of(text) if text else ()
            self.update()
        self.setAccessibleName(accessible_name)

    @override
    def sizeHint(self) -> QSize:
        return QSize(_SIDE, _SIDE)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._modules:
            return
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("white"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawRoundedRect(QRectF(self.rect()), 10, 10)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.scale(1 / ratio, 1 / ratio)
        across = len(self._modules) + 2 * _QUIET
        side = round(min(self.width(), self.height()) * ratio)
        module = max(side // across, 1)
        start = (side - module * len(self._modules)) // 2
        black = QColor("black")
        for row, cells in enumerate(self._modules):
            for column, dark in enumerate(cells):
                if dark:
                    painter.fillRect(start + column * module, start + row * module, module, module, black)
        painter.end()
