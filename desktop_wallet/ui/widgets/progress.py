"""Progress of reads, and rows that stand where data will be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QSizePolicy, QWidget
from typing_extensions import override

from desktop_wallet.ui.theme import GRID, ROW_HEIGHT, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import SecondaryButton
from desktop_wallet.ui.widgets.text import ElidedText, Text
from desktop_wallet.ui.words import progress_text, waiting_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPaintEvent

    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.services.reports import Progress


class ProgressChip(QFrame):
    """What is being read, how far it is, who is waited for, and a way to stop it. Hidden while nothing goes on."""

    cancelled = Signal()

    def __init__(self, theme: Theme, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self.setProperty("frame", "card")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 2 * GRID, 14, 2 * GRID)
        row.setSpacing(3 * GRID)
        self._words = Text(theme, title)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setMinimumWidth(120)
        self._bar.setAccessibleName(title)
        self._count = Text(theme)
        self._waiting = ElidedText(theme, "", TextStyle.BODY, Token.MUTED)
        self._waiting.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._cancel = SecondaryButton(theme, "Cancel", on_click=self.cancelled.emit)
        self._cancel.setAccessibleName(f"Cancel: {title}")
        row.addWidget(self._words)
        row.addWidget(self._bar, 1)
        row.addWidget(self._count)
        row.addWidget(self._waiting, 1)
        row.addWidget(self._cancel)
        self.hide()

    def set_title(self, title: str) -> None:
        """Say what goes on."""
        self._title = title
        self._words.set_text(title)
        self._bar.setAccessibleName(title)

    def set_progress(self, progress: Progress | None, name: Callable[[NetworkId], str]) -> None:
        """Show how far it is; None hides the chip. `name` gives a network's name."""
        self.setVisible(progress is not None)
        if progress is None:
            return
        # Qt draws a busy bar for a range of nothing.
        self._bar.setRange(0, max(progress.total, 1))
        self._bar.setValue(progress.done)
        count = progress_text(progress.done, progress.total)
        failed = f", {progress.failed:,} failed" if progress.failed else ""
        self._count.set_text(count + failed)
        waiting = waiting_text(progress.waiting, name)
        self._waiting.set_text(waiting)
        self._waiting.setVisible(bool(waiting))
        self.setAccessibleName(", ".join(part for part in (f"{self._title} {count}{failed}", waiting) if part))


class SkeletonRow(QWidget):
    """A grey row where one will be; it says nothing that could be taken for a number."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFixedHeight(ROW_HEIGHT)
        self.setAccessibleName("Loading")

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_skeleton(painter, self.width(), self._theme)
        painter.end()


def paint_skeleton(painter: QPainter, width: int, theme: Theme, top: int = 0) -> None:
    """Paint one skeleton row from the painter's left edge."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(theme.color(Token.LINE))
    painter.setBrush(theme.color(Token.LINE))
    middle = top + ROW_HEIGHT // 2
    painter.drawEllipse(14, middle - 11, 21, 21)
    for left, right in ((0.07, 0.22), (0.32, 0.42), (0.52, 0.66), (0.8, 0.94)):
        painter.drawRoundedRect(round(width * left), middle - 5, round(width * (right - left)), 10, 5, 5)
    painter.restore()
