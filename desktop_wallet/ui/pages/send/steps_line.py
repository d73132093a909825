"""The line that says where one is: 1 Draft, 2 Review, 3 Sent."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop_wallet.ui.pages.send.state import SendStep
from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.text import Text


class StepsLine(QWidget):
    """Names the three steps; the one that is shown is strong and in the accent colour."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4 * GRID, 0, 0)
        row.setSpacing(0)
        row.addStretch(1)
        self._texts: dict[SendStep, Text] = {}
        for number, step in enumerate(SendStep, 1):
            text = self._texts[step] = Text(theme, f"{number} {step.value}", TextStyle.BODY, Token.MUTED)
            strong = Text(theme, text.text(), TextStyle.STRONG)
            text.setFixedWidth(strong.sizeHint().width() + 4 * GRID)  # so that nothing moves when it becomes strong
            text.setAlignment(Qt.AlignmentFlag.AlignCenter)
            row.addWidget(text)
        row.addStretch(1)
        self.show_step(SendStep.DRAFT)

    def show_step(self, step: SendStep) -> None:
        """Mark this step."""
        for number, (known, text) in enumerate(self._texts.items(), 1):
            current = known is step
            text.setFont(self._theme.font(TextStyle.STRONG if current else TextStyle.BODY))
            text.set_token(Token.ACCENT if current else Token.MUTED)
            place = f"Step {number} of {len(self._texts)}: {known.value}"
            text.setAccessibleName(f"{place}, shown now" if current else place)
