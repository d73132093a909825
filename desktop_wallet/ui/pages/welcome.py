"""Welcome: four ways in, none of which asks a server anything."""

from __future__ import annotations

import enum
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import ChoiceCard, LinkButton
from desktop_wallet.ui.widgets.card import Column
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

_WIDTH = 520


class Way(enum.Enum):
    """How a person comes in."""

    CREATE = "create"
    EXISTING = "existing"
    WATCH = "watch"
    PRACTICE = "practice"


_WAYS = (
    (Way.CREATE, "sparkles", "Create a new wallet", "A new recovery phrase, in about a minute"),
    (Way.EXISTING, "key-round", "I have a phrase, a key or a backup file", "Bring an existing wallet"),
    (Way.WATCH, "eye", "Watch an address", "See balances without keys"),
    (Way.PRACTICE, "gamepad-2", "Try the practice network", "Play money, works offline, nothing to lose"),
)


class WelcomePage(QWidget):
    """The first page a person sees. `chosen` carries a Way."""

    chosen = Signal(object)
    back_chosen = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Welcome")
        column = Column(_WIDTH)
        body = column.body
        self._back = LinkButton(theme, "Back to unlock", "arrow-left", self.back_chosen.emit)
        self._back.hide()
        body.addWidget(self._back, 0, Qt.AlignmentFlag.AlignLeft)
        body.addWidget(Text(theme, "Welcome", TextStyle.TITLE))
        body.addWidget(
            Text(theme, "Your keys never leave this computer. No account, no tracking.", TextStyle.BODY, Token.MUTED)
        )
        body.addSpacing(3 * GRID)
        self.cards: dict[Way, ChoiceCard] = {}
        for way, icon, title, sentence in _WAYS:
            card = ChoiceCard(theme, icon, title, sentence, partial(self.chosen.emit, way))
            self.cards[way] = card
            body.addWidget(card)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(column)

    def set_way_back(self, there: bool) -> None:
        """Offer the way back to Unlock, where there is a profile."""
        self._back.setVisible(there)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.cards[Way.CREATE].setFocus()
