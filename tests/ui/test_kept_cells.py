from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter

from desktop_wallet.ui.pages.kept_cells import KeptCells

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

pytestmark = pytest.mark.usefixtures("qtbot")
CELL = QRect(10, 5, 20, 8)


class Hand:
    """Paints a cell in one colour and counts how often it was asked."""

    def __init__(self, color: str) -> None:
        self._color = QColor(color)
        self.painted = 0

    def __call__(self, painter: QPainter, rect: QRect) -> None:
        self.painted += 1
        painter.fillRect(rect, self._color)


def painted(cells: KeptCells, hand: Hand, *, shows: str = "a", cell: QRect = CELL, ratio: float = 1.0) -> QImage:
    image = QImage(round(60 * ratio), round(30 * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(QColor("white"))
    painter = QPainter(image)
    cells.paint(painter, cell, shows, hand)
    painter.end()
    return image


def test_a_cell_is_made_once_and_looks_the_same_from_then_on(qtbot: QtBot) -> None:
    cells, hand = KeptCells(), Hand("red")
    first, second = painted(cells, hand), painted(cells, hand)
    assert hand.painted == 1
    assert first == second
    assert first.pixelColor(10, 5) == QColor("red")
    assert first.pixelColor(29, 12) == QColor("red")
    assert first.pixelColor(30, 12) == first.pixelColor(9, 5) == QColor("white")


def test_another_text_another_size_and_another_scale_are_made_anew(qtbot: QtBot) -> None:
    cells, hand = KeptCells(), Hand("red")
    painted(cells, hand)
    painted(cells, hand, shows="b")
    painted(cells, hand, cell=QRect(0, 0, 21, 8))
    sharp = painted(cells, hand, ratio=2.0)
    assert hand.painted == 4
    assert sharp.pixelColor(20, 10) == QColor("red")


def test_at_a_scale_between_two_whole_ones_every_cell_is_painted_where_it_stands(qtbot: QtBot) -> None:
    cells, hand = KeptCells(), Hand("red")
    for _ in range(2):
        painted(cells, hand, ratio=1.5)
    assert hand.painted == 2


def test_after_clearing_everything_is_made_anew(qtbot: QtBot) -> None:
    cells, hand = KeptCells(), Hand("red")
    painted(cells, hand)
    cells.clear()
    painted(cells, hand)
    assert hand.painted == 2


def test_what_was_not_painted_for_longest_goes_first(qtbot: QtBot) -> None:
    cells, hand = KeptCells(most_bytes=2 * CELL.width() * CELL.height() * 4), Hand("red")
    for shows in ("a", "b", "a", "c"):
        painted(cells, hand, shows=shows)
    assert hand.painted == 3
    painted(cells, hand, shows="a")
    assert hand.painted == 3
    painted(cells, hand, shows="b")
    assert hand.painted == 4
