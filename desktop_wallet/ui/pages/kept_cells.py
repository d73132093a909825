"""Cells of a table as they were painted: shaping text costs far more than copying its pixels.

A table paints every line in sight anew when any of them changes, many times a second while balances come in.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QPixmap

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_MOST_BYTES: Final = 12_000_000
"""About two tables that fill a large screen; at twice the scale one."""
_BYTES_A_PIXEL: Final = 4


class KeptCells:
    """Pictures of cells by what they show; those not painted for longest go first."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, QPixmap] = OrderedDict()

    def paint(self, painter: QPainter, rect: QRect, shows: Hashable, make: Callable[[QPainter, QRect], None]) -> None:
        """Paint what `shows` names: from what is kept, or else by `make`, which must cover the whole cell."""
        ratio = painter.device().devicePixelRatioF()
        if ratio != int(ratio):  # a cell begins between two pixels then, and copying would blur or shift it
            make(painter, rect)
            return
        name = (shows, rect.width(), rect.height(), ratio)
        picture = self._kept.get(name)
        if picture is None:
            picture = self._kept[name] = self._make(rect, ratio, make)
        else:
            self._kept.move_to_end(name)
        painter.drawPixmap(rect.topLeft(), picture)

    def clear(self) -> None:
        """Forget every picture: the theme is another one, or the wallet is locked."""
        self._kept.clear()
        self._bytes = 0

    def _make(self, rect: QRect, ratio: float, make: Callable[[QPainter, QRect], None]) -> QPixmap:
        picture = QPixmap(math.ceil(rect.width() * ratio), math.ceil(rect.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        painter = QPainter(picture)
        make(painter, QRect(0, 0, rect.width(), rect.height()))
        painter.end()
        self._bytes += _bytes(picture)
        while self._bytes > self._most_bytes and self._kept:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= _bytes(gone)
        return picture


def _bytes(picture: QPixmap) -> int:
    return picture.width() * picture.height() * _BYTES_A_PIXEL
