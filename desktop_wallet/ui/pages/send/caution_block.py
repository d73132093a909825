"""One caution in a review: what there is to know, the other address if there is one, and the tick for a danger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop_wallet.core.cautions import CautionKind, Weight
from desktop_wallet.ui.pages.send.marked_address import MarkedAddress
from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.fields import Switch
from desktop_wallet.ui.widgets.picture import Picture
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from desktop_wallet.core.cautions import Caution
    from desktop_wallet.ui.pages.send.cautions_words import CautionText

_LOOK = {
    Weight.NOTE: ("note", "info", Token.ACCENT, Token.TEXT),
    Weight.WARNING: ("warning", "triangle-alert", Token.STALE, Token.STALE),
    Weight.DANGER: ("danger", "circle-alert", Token.UNAVAILABLE, Token.UNAVAILABLE),
    Weight.REFUSED: ("danger", "x", Token.UNAVAILABLE, Token.UNAVAILABLE),
}
"""Of each weight: the ground, the icon, its colour and the title's."""
_SPOKEN = {Weight.NOTE: "Note", Weight.WARNING: "Warning", Weight.DANGER: "Danger", Weight.REFUSED: "Not possible"}


class CautionBlock(QFrame):
    """Shows one caution across the review. `ticked` tells that the person has taken note, or no longer has."""

    ticked = Signal(object, bool)
    """The Caution, and whether it is ticked."""

    def __init__(
        self, theme: Theme, caution: Caution, words: CautionText, *, ticked: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.caution = caution
        ground, icon, icon_token, token = _LOOK[caution.weight]
        self.setProperty("caution", ground)
        self.setAccessibleName(f"{_SPOKEN[caution.weight]}: {words.spoken}")
        row = QHBoxLayout(self)
        row.setContentsMargins(5 * GRID, 3 * GRID, 5 * GRID, 3 * GRID)
        row.setSpacing(10)
        picture = Picture(theme, icon, 16, icon_token)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(2)
        row.addLayout(column, 1)
        title = Text(theme, words.title, TextStyle.STRONG, token, wrap=True)
        title.setAccessibleName(
            f"{_SPOKEN[caution.weight]}: {words.title}"
        )  # for the eye the icon says how grave it is
        column.addWidget(title)
        column.addWidget(Text(theme, words.sentence, TextStyle.BODY, Token.TEXT, wrap=True))
        if words.quoted:
            said = Text(theme, f"The contract says: “{words.quoted}”", TextStyle.BODY, Token.TEXT, wrap=True)
            column.addWidget(said)
        if words.other is not None:
            alike = caution.kind is CautionKind.LOOK_ALIKE
            other = MarkedAddress(theme, "The address you paid before:" if alike else "The contract:")
            other.set_address(words.other, caution.marks)
            column.addSpacing(GRID)
            column.addWidget(other)
        self.tick: Switch | None = None
        if words.tick and caution.weight is Weight.DANGER:
            self.tick = Switch(theme, words.tick)
            self.tick.setChecked(ticked)
            self.tick.toggled.connect(self._on_toggled)
            column.addSpacing(GRID)
            column.addWidget(self.tick, 0, Qt.AlignmentFlag.AlignLeft)

    def _on_toggled(self, checked: bool) -> None:
        self.ticked.emit(self.caution, checked)
