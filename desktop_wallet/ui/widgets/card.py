"""Grounds and lines: cards, separators, and the column in which entry pages stand."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop_wallet.ui.theme import GRID, Theme


class Card(QFrame):
    """A surface with a line around it. Put things into `body`."""

    def __init__(
        self,
        theme: Theme,  # noqa: ARG002 - every widget is made the same way
        *,
        margin: int = 4 * GRID,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("frame", "card")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(margin, margin, margin, margin)
        self.body.setSpacing(2 * GRID)


class Separator(QFrame):
    """A line of one pixel across."""

    def __init__(
        self,
        theme: Theme,  # noqa: ARG002 - every widget is made the same way
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("frame", "line")
        self.setFixedHeight(1)


class Column(QScrollArea):
    """A column of a fixed width in the middle, which scrolls when it does not fit. Put things into `body`."""

    def __init__(self, width: int, parent: QWidget | None = None, *, top: bool = False) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        ground = QWidget()
        across = QHBoxLayout(ground)
        across.setContentsMargins(6 * GRID, 6 * GRID, 6 * GRID, 6 * GRID)
        inner = QWidget()
        inner.setMaximumWidth(width)
        inner.setMinimumWidth(min(width, 480))
        down = QVBoxLayout(inner)
        down.setContentsMargins(0, 0, 0, 0)
        self.body = QVBoxLayout()
        self.body.setSpacing(2 * GRID)
        if not top:
            down.addStretch(1)
        down.addLayout(self.body)
        down.addStretch(1)
        across.addStretch(1)
        across.addWidget(inner, 1000)
        across.addStretch(1)
        self.setWidget(ground)
