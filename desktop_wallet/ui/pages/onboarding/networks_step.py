"""Which networks, and whom to ask about them: nothing is asked of any server before this step is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.errors import AlreadyThere, InvalidEndpoint
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.pages.onboarding.step import StepView
from desktop_wallet.ui.theme import GRID, TextStyle, Token
from desktop_wallet.ui.widgets.card import Card, Separator
from desktop_wallet.ui.widgets.fields import Choice, Switch, TextField
from desktop_wallet.ui.widgets.password_field import mark_wrong
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from desktop_wallet.compose import Application
    from desktop_wallet.core.networks import Endpoint, Network
    from desktop_wallet.services.catalogue import Catalogue
    from desktop_wallet.ui.pages.onboarding.state import Onboarding
    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.theme import Theme

_ALL, _OWN = "all", "own"
_CHOICE_WIDTH = 230
_LEARNS = (
    "A server that is asked learns your addresses and the internet address of this computer, and can guess that they "
    "belong together. It learns no name, password, phrase or key, and can move nothing. "
    "A node of your own keeps all of this at home."
)


class NetworkRow(QWidget):
    """One network: whether it is used, and whom to ask: its public servers, one of them, or an own node."""

    def __init__(self, theme: Theme, network: Network) -> None:
        super().__init__()
        self.network = network
        self.switch = Switch(theme, network.name)
        self.switch.setChecked(not network.testnet)
        self.choice = Choice(theme, f"Servers of {network.name}")
        self.choice.setFixedWidth(_CHOICE_WIDTH)
        count = len(network.endpoints)
        if count > 1:
            self.choice.addItem(f"All {count} public servers", _ALL)
        for endpoint in network.endpoints:
            self.choice.addItem(f"{'Only ' if count > 1 else ''}{endpoint.operator or endpoint.host}", endpoint.host)
        self.choice.addItem("My own node…", _OWN)
        self.url = TextField(theme, f"Address of your node for {network.name}", "http://127.0.0.1:8545")
        self.operators = Text(theme, self._operators(), TextStyle.SMALL, Token.MUTED, wrap=True)
        self.problem = Text(theme, "", TextStyle.BODY, Token.UNAVAILABLE, wrap=True)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.switch)
        row = QHBoxLayout()
        row.addLayout(words, 1)
        row.addWidget(self.choice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, GRID)
        column.setSpacing(GRID)
        column.addLayout(row)
        for widget in (self.operators, self.url, self.problem):
            column.addWidget(widget)
        self.problem.hide()
        self.switch.toggled.connect(self._on_changed)
        self.choice.currentIndexChanged.connect(self._on_changed)
        self.url.textEdited.connect(self._on_changed)
        self._on_changed()

    @property
    def used(self) -> bool:
        """Return whether the network is chosen."""
        return self.switch.isChecked()

    @property
    def own(self) -> bool:
        """Return whether an own node is to be asked."""
        return bool(self.choice.currentData() == _OWN)

    def chosen_servers(self) -> tuple[Endpoint, ...]:
        """Return the public servers that are to be asked."""
        key = self.choice.currentData()
        return tuple(e for e in self.network.endpoints if key in (_ALL, e.host))

    def say(self, sentence: str) -> None:
        """Say what is wrong with the own node."""
        self.problem.set_text(sentence)
        self.problem.setVisible(bool(sentence))
        self.url.setAccessibleDescription(sentence)
        mark_wrong(self.url, bool(sentence))

    def _operators(self) -> str:
        names = dict.fromkeys(e.operator or e.host for e in self.network.endpoints)
        return f"Run by {', '.join(names)}"

    def _on_changed(self) -> None:
        self.say("")
        self.choice.setEnabled(self.used)
        self.url.setVisible(self.used and self.own)
        self.operators.setVisible(self.used and self.choice.currentData() == _ALL)


class NetworksStep(StepView):
    """Has the person choose networks and servers, and tells what those learn."""

    title = "Networks, and whom to ask"
    sentence = "Your balances are on these networks. Until you choose here, no server has been asked anything."

    def __init__(self, application: Application, shell: Shell, state: Onboarding) -> None:
        super().__init__(application, shell, state)
        self.rows: list[NetworkRow] = []
        self.learns = Text(self.theme, _LEARNS, TextStyle.BODY, Token.TEXT, wrap=True)
        self.body.addWidget(self.learns)
        card = Card(self.theme)
        card.body.setSpacing(GRID)
        for network in self.session.catalogue.networks(enabled_only=False):
            if self.rows:
                card.body.addWidget(Separator(self.theme))
            row = NetworkRow(self.theme, network)
            self.rows.append(row)
            card.body.addWidget(row)
        self.body.addWidget(card)
        none = "Choose one network at least. You can change this in Settings at any time."
        self.none = Text(self.theme, none, TextStyle.BODY, Token.UNAVAILABLE, wrap=True)
        self.none.hide()
        self.body.addWidget(self.none)

    @override
    def entered(self) -> None:
        if self.rows:
            self.rows[0].switch.setFocus()

    @override
    async def leave(self) -> bool:
        catalogue = self.session.catalogue
        used = [row for row in self.rows if row.used]
        self.none.setVisible(not used)
        if not used:
            return False
        for row in used:
            if not await self._choose_servers(catalogue, row):
                return False
        await catalogue.choose_networks([row.network.id for row in used])
        return True

    async def _choose_servers(self, catalogue: Catalogue, row: NetworkRow) -> bool:
        if not row.own:
            if len(row.chosen_servers()) < len(row.network.endpoints):
                await catalogue.choose_servers(row.network.id, row.chosen_servers())
            return True
        try:
            endpoint = await catalogue.add_server(row.network.id, row.url.text())
        except AlreadyThere:
            row.say("This server is among the public ones. Choose it there.")
            return False
        except InvalidEndpoint as error:
            row.say(error_text(error).text)
            row.url.setFocus()
            return False
        # Only the own node: whoever names one does not want the others to learn anything.
        await catalogue.choose_servers(row.network.id, (endpoint,))
        return True
