"""A column that scrolls and keeps its right edge where the page's is, whether its scroll bar shows or not."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from desktop_wallet.ui.theme import GRID, PAGE_MARGIN

GUTTER = 3 * GRID
"""Pixels right of the column that belong to the scroll bar; a page leaves them out of its own margin."""


class PageScroll(QScrollArea):
    """Put things into `body`. Focus goes to what is inside, never to the area itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = QWidget()
        self.body = QVBoxLayout(inner)
        self.body.setSpacing(3 * GRID)
        self.setWidget(inner)
        self._on_range_changed(0, 0)
        self.verticalScrollBar().rangeChanged.connect(self._on_range_changed)

    def _on_range_changed(self, _low: int, high: int) -> None:
        self.body.setContentsMargins(0, 0, 0 if high else GUTTER, PAGE_MARGIN)
