"""Tokens: whether payments and tokens are looked for in the networks' logs, and what servers learn by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from typing_extensions import override

from desktop_wallet.ui.pages.settings_section import Section
from desktop_wallet.ui.theme import TextStyle, Token
from desktop_wallet.ui.widgets.buttons import LinkButton
from desktop_wallet.ui.widgets.fields import Switch
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.tasks import TaskOwner

_WHAT = (
    "The networks' logs tell who paid you a token and in which transaction, and of tokens that are in no list. They "
    "are looked through from where the last look ended."
)
_LEARNT = (
    "The servers that you chose for your balances are asked, and no others: they learn which addresses belong "
    "together, as they do from balances, and that you look for payments to them."
)
_WITHOUT = "Without it, payments are noticed when a balance rises, and unknown tokens are not found."


class DiscoverySection(Section):
    """One switch, and what it means."""

    key: ClassVar[str] = "tokens"
    title: ClassVar[str] = "Tokens"

    def __init__(self, shell: Shell, tasks: TaskOwner, parent: QWidget | None = None) -> None:
        super().__init__(shell, tasks, parent)
        card = self.add_card("Tokens and payments", _WHAT)
        self.discover = Switch(self.theme, "Look for tokens and payments")
        self.discover.clicked.connect(self._on_discover_clicked)
        card.body.addWidget(self.discover)
        card.body.addWidget(Text(self.theme, _LEARNT, TextStyle.SMALL, Token.MUTED, wrap=True))
        card.body.addWidget(Text(self.theme, _WITHOUT, TextStyle.SMALL, Token.MUTED, wrap=True))
        self.state = Text(self.theme, "", TextStyle.SMALL, Token.MUTED, wrap=True)
        card.body.addWidget(self.state)
        self.found = LinkButton(self.theme, "Show what was found", on_click=lambda: shell.open_page("accounts"))
        card.body.addWidget(self.found, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addStretch(1)

    @override
    def detach(self) -> None:
        super().detach()
        self.state.set_text("")

    @override
    def show_now(self) -> None:
        if self.session is None:
            return
        self.discover.setChecked(self.session.settings.now.discover)
        self.state.set_text(self._state_text())
        self.state.setVisible(bool(self.state.text()))

    @override
    def on_change(self, change: ChangeSet) -> None:
        if (change.catalogue or change.received) and self.isVisible():
            self.show_now()

    def _state_text(self) -> str:
        session = self.session
        if session is None or not session.settings.now.discover:
            return ""
        without = [n.name for n in session.catalogue.networks() if not session.discovery.follows_logs(n.id)]
        if not without:
            return ""
        return f"No server gives logs on {', '.join(without)}: there, payments are noticed when a balance rises."

    def _on_discover_clicked(self, on: bool) -> None:
        self.tasks.start(self._keep(on=on))

    async def _keep(self, *, on: bool) -> None:
        if self.session is None:
            return
        await self.session.settings.change(discover=on)
        if on:
            self.session.discovery.look_now()
        self.done("Tokens and payments are looked for." if on else "Tokens and payments are no longer looked for.")
        self.show_now()
