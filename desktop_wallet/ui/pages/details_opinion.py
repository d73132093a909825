"""The part of the details that asks another server, and says what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_wallet.core.opinions import OpinionKind
from desktop_wallet.ui.pages.details_opinion_words import opinion_text
from desktop_wallet.ui.tasks import TaskOwner
from desktop_wallet.ui.theme import GRID, TextStyle, Token
from desktop_wallet.ui.widgets.buttons import SecondaryButton
from desktop_wallet.ui.widgets.text import Text, tooltip

if TYPE_CHECKING:
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.opinions import Opinion
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.models.balance_snapshot import BalanceRow
    from desktop_wallet.ui.pages.page import Shell

_MEANS = "Another server is asked for the same balance at the very same block. It learns the address."
_ASK, _ASKING = "Ask another server", "Asking another server"
_TOKENS = {
    OpinionKind.EQUAL: Token.FRESH,
    OpinionKind.DIFFERENT: Token.UNAVAILABLE,
    OpinionKind.CANNOT_TELL: Token.STALE,
}


class OpinionBlock(QWidget):
    """A button, and what came of it for as long as the number it was about stands."""

    answered = Signal()
    """Who was asked has answered, or will not: `show_row` tells what came of it."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = shell.theme
        self._tasks = TaskOwner(shell.report)
        self._session: Session | None = None
        self._key: BalanceKey | None = None
        self._asking = False
        self.setAccessibleName("Second opinion")
        self.title = Text(theme, "", TextStyle.STRONG, wrap=True)
        self.sentence = Text(theme, "", wrap=True, selectable=True)
        self.advice = Text(theme, "", TextStyle.SMALL, Token.MUTED, wrap=True)
        self.ask = SecondaryButton(theme, _ASK, "users", self._on_ask_clicked)
        self.ask.setToolTip(tooltip(_MEANS))
        self.ask.setAccessibleDescription(_MEANS)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        for text in (self.title, self.sentence, self.advice):
            column.addWidget(text)
        column.addSpacing(GRID)
        column.addWidget(self.ask, 0, Qt.AlignmentFlag.AlignLeft)

    def attach(self, session: Session | None) -> None:
        """Ask this session from now on, or nobody."""
        self.leave()
        self._session = session

    def leave(self) -> None:
        """Nobody looks any more: whoever is being asked need not answer."""
        self._tasks.cancel()
        self._key, self._asking = None, False
        self._show(None, "", "")

    def show_row(self, row: BalanceRow) -> Opinion | None:
        """Show what is known of this balance; return it. Another balance than before ends what was being asked."""
        if row.key != self._key:
            self.leave()
            self._key = row.key
        opinion = None if self._session is None else self._session.opinions.of(row.key)
        # What was said before must not stand beside the question that is being asked anew.
        shown = None if self._asking else opinion
        self._show(shown, row.asset.symbol, row.asset.network.name)
        return shown

    def _show(self, opinion: Opinion | None, symbol: str, network_name: str) -> None:
        self.ask.setEnabled(not self._asking)
        self.ask.set_text(_ASKING if self._asking else _ASK)
        words = None if opinion is None else opinion_text(opinion, symbol, network_name)
        for place in (self.title, self.sentence, self.advice):
            place.setVisible(words is not None)
        self.title.set_text(words.title if words else "")
        self.sentence.set_text(words.sentence if words else "")
        self.advice.set_text(words.advice if words else "")
        token = Token.TEXT if opinion is None else _TOKENS[opinion.kind]
        self.title.set_token(token)
        different = opinion is not None and opinion.kind is OpinionKind.DIFFERENT
        # What a person must not miss is as large as the rest, and in the colour of what is wrong.
        self.sentence.set_token(Token.UNAVAILABLE if different else Token.TEXT)
        self.advice.set_token(Token.UNAVAILABLE if different else Token.MUTED)

    def _on_ask_clicked(self) -> None:
        if self._session is not None and self._key is not None:
            self._asking = self._tasks.start(self._ask(self._session, self._key))
            self._show(None, "", "")

    async def _ask(self, session: Session, key: BalanceKey) -> None:
        try:
            await session.opinions.ask(key)
        finally:
            if key == self._key:
                self._asking = False
                self.answered.emit()
