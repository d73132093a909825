"""What a page shows when there is nothing to show yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import PrimaryButton
from desktop_wallet.ui.widgets.picture import Picture
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

_WIDTH = 400


class EmptyState(QWidget):
    """An icon, what is missing, one sentence on how it comes here, and the way there."""

    def __init__(
        self,
        theme: Theme,
        icon: str,
        title: str,
        sentence: str,
        action: tuple[str, Callable[[], None]] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        centre = Qt.AlignmentFlag.AlignHCenter
        column = QVBoxLayout(self)
        column.setSpacing(2 * GRID)
        column.addStretch(1)
        column.addWidget(Picture(theme, icon, 32, Token.MUTED), 0, centre)
        column.addSpacing(GRID)
        self._title = Text(theme, title, TextStyle.HEADING)
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sentence = Text(theme, sentence, TextStyle.BODY, Token.MUTED, wrap=True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sentence.setFixedWidth(_WIDTH)
        column.addWidget(self._title, 0, centre)
        column.addWidget(self._sentence, 0, centre)
        if action is not None:
            text, on_click = action
            column.addSpacing(2 * GRID)
            column.addWidget(PrimaryButton(theme, text, on_click=on_click), 0, centre)
        column.addStretch(2)
        self._fit()

    def set_words(self, title: str, sentence: str) -> None:
        """Say something else."""
        self._title.set_text(title)
        self._sentence.set_text(sentence)
        self._fit()

    def _fit(self) -> None:
        # A centred label is given the height of its narrowest hint, which cuts its lines; this is the true one.
        self._sentence.setFixedHeight(max(self._sentence.heightForWidth(_WIDTH), 0))
