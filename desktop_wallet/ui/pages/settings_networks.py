"""Networks and servers: which are asked at all, whom, what those learn, and others added by their address."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.errors import WalletError
from desktop_wallet.core.networks import Endpoint, Network, NetworkId
from desktop_wallet.ui.dialogs import confirm
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.pages.accounts_dialogs import WorkDialog
from desktop_wallet.ui.pages.settings_section import Section
from desktop_wallet.ui.pages.settings_servers import NetworkCard
from desktop_wallet.ui.theme import GRID
from desktop_wallet.ui.widgets.buttons import SecondaryButton
from desktop_wallet.ui.widgets.fields import FormRow, TextField
from desktop_wallet.ui.widgets.notice import NoticeAction, NoticeKind

if TYPE_CHECKING:
    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.tasks import TaskOwner

_MOST_DECIMALS = 36
WHAT_SERVERS_LEARN = (
    "A server that is asked for balances learns the addresses it is asked about, the internet address of this "
    "computer, and that they belong together. It cannot move a coin, and it never gets a key. Of each network one "
    "server is asked, and another one only when that one fails. A node of your own keeps all of this at home. "
    "Networks that are off are never asked."
)


class NetworksSection(Section):
    """Every network that ships or was added, with its switch and servers."""

    key: ClassVar[str] = "networks"
    title: ClassVar[str] = "Networks"

    def __init__(self, shell: Shell, tasks: TaskOwner, parent: QWidget | None = None) -> None:
        super().__init__(shell, tasks, parent)
        self.cards: dict[NetworkId, NetworkCard] = {}
        self._known: dict[NetworkId, Network] = {}
        self.add_card("What servers learn", WHAT_SERVERS_LEARN)
        # A widget of its own: a screen reader reads in the order of making, and cards are made last.
        room = QWidget()
        self._cards = QVBoxLayout(room)
        self._cards.setContentsMargins(0, 0, 0, 0)
        self._cards.setSpacing(2 * GRID)
        self.body.addWidget(room)
        card = self.add_card(
            "Another network",
            "Any network that works like Ethereum can be added by the address of one of its servers, which is asked "
            "for its chain id and the time between its blocks.",
        )
        self.add = SecondaryButton(self.theme, "Add a network", "plus", self._on_add_clicked)
        card.body.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addStretch(1)

    @override
    def detach(self) -> None:
        super().detach()
        for network in list(self.cards):
            self._drop(network)

    @override
    def show_now(self) -> None:
        session = self.session
        if session is None:
            return
        networks = session.catalogue.networks(enabled_only=False)
        self._known = {network.id: network for network in networks}
        for gone in set(self.cards) - set(self._known):
            self._drop(gone)
        for place, network in enumerate(networks):
            card = self.cards.get(network.id)
            if card is None:
                card = self._new_card(network)
                self._cards.insertWidget(place, card)
            card.show_network(
                session.catalogue.servers(network.id),
                session.catalogue.shipped_servers(network.id),
                on=session.catalogue.is_enabled(network.id),
                fixed=network.practice,
            )
        if networks:
            QWidget.setTabOrder(self.cards[networks[-1].id].fold, self.add)
        self.tick()

    @override
    def on_change(self, change: ChangeSet) -> None:
        if not self.isVisible():
            return
        if change.catalogue:
            self.show_now()
        elif change.activity:
            self.tick()

    @override
    def tick(self) -> None:
        if self.session is None:
            return
        now = self.shell.clock.now()
        for network, card in self.cards.items():
            card.show_statuses(self.session.catalogue.statuses(network), now)

    def _new_card(self, network: Network) -> NetworkCard:
        card = NetworkCard(self.theme, network)
        card.switched.connect(self._on_switched)
        card.fold.clicked.connect(self.tick)
        card.server_wanted.connect(lambda url: self._on_server_wanted(network.id, url))
        card.server_removed.connect(lambda server: self._on_server_removed(network.id, server))
        card.shipped_wanted.connect(lambda: self._on_shipped_wanted(network.id))
        card.remove_wanted.connect(lambda: self._on_remove_wanted(network.id))
        self.cards[network.id] = card
        return card

    def _drop(self, network: NetworkId) -> None:
        card = self.cards.pop(network)
        self._cards.removeWidget(card)
        card.hide()
        card.deleteLater()

    def _name(self, network: NetworkId) -> str:
        known = self._known.get(network)
        return str(network) if known is None else known.name

    # What a person asks for

    def _on_switched(self) -> None:
        chosen = [network for network, card in self.cards.items() if card.switch.isChecked()]
        self.tasks.start(self._choose(chosen))

    def _on_server_wanted(self, network: NetworkId, url: str) -> None:
        self.tasks.start(self._add_server(network, url), key=f"server {network}")

    def _on_server_removed(self, network: NetworkId, server: Endpoint) -> None:
        self.tasks.start(self._remove_server(network, server), key=f"server {network}")

    def _on_shipped_wanted(self, network: NetworkId) -> None:
        self.tasks.start(self._use_shipped(network), key=f"server {network}")

    def _on_remove_wanted(self, network: NetworkId) -> None:
        self.tasks.start(self._remove_network(network), key="dialog")

    def _on_add_clicked(self) -> None:
        self.tasks.start(self._add_network(), key="dialog")

    async def _choose(self, chosen: list[NetworkId]) -> None:
        session = self.session
        if session is None:
            return
        before = {network.id for network in session.catalogue.networks()}
        await session.catalogue.choose_networks(chosen)
        changed = before ^ set(chosen)
        if len(changed) == 1:
            network = next(iter(changed))
            self.done(f"{self._name(network)} is {'on' if network in chosen else 'off: it is no longer asked'}.")
        self.show_now()

    async def _add_server(self, network: NetworkId, url: str) -> None:
        session, card = self.session, self.cards.get(network)
        if session is None or card is None:
            return
        card.set_checking(checking=True)
        try:
            server = await session.catalogue.add_server(network, url)
        except WalletError as error:
            card.form.set_error(error_text(error, self._name).text)
        else:
            card.url.clear()
            card.form.set_error("")
            self.done(f"{server.host} speaks for {self._name(network)} and is asked first from now on.")
            self.show_now()
        finally:
            card.set_checking(checking=False)

    async def _remove_server(self, network: NetworkId, server: Endpoint) -> None:
        session = self.session
        if session is None:
            return
        before = session.catalogue.servers(network)
        await session.catalogue.remove_server(network, server)
        undo = NoticeAction("Undo", lambda: self._on_undo(network, before))
        self.shell.notify(f"{server.host} is no longer asked.", kind=NoticeKind.DONE, action=undo, key="settings")
        self.show_now()

    def _on_undo(self, network: NetworkId, servers: tuple[Endpoint, ...]) -> None:
        self.tasks.start(self._use(network, servers), key=f"server {network}")

    async def _use(self, network: NetworkId, servers: tuple[Endpoint, ...]) -> None:
        if self.session is None:
            return
        await self.session.catalogue.choose_servers(network, servers)
        self.show_now()

    async def _use_shipped(self, network: NetworkId) -> None:
        session = self.session
        if session is None:
            return
        used = session.catalogue.servers(network)
        urls = {server.url for server in used}
        missing = tuple(s for s in session.catalogue.shipped_servers(network) if s.url not in urls)
        await self._use(network, (*used, *missing))
        self.done(f"{self._name(network)} uses its public servers again, after yours.")

    async def _remove_network(self, network: NetworkId) -> None:
        session = self.session
        if session is None:
            return
        name = self._name(network)
        text = "Its balances are no longer shown, and its servers are forgotten. No coin moves. It can be added again."
        if await confirm(self, self.theme, f"Remove {name}?", text, action="Remove network", danger=True):
            await session.catalogue.remove_network(network)
            self.done(f"{name} was removed.")
            self.show_now()

    async def _add_network(self) -> None:
        if self.session is None:
            return
        dialog = AddNetworkDialog(self, self.shell, self.session)
        if await dialog.ask() and dialog.added is not None:
            self.done(f"{dialog.added.name} was added and is on (chain id {dialog.added.id.reference}).")
            self.show_now()


class AddNetworkDialog(WorkDialog):
    """Asks for a server and a few words, asks the server what it is, and adds its network."""

    may_leave: ClassVar[bool] = True

    def __init__(self, parent: QWidget, shell: Shell, session: Session) -> None:
        sentence = "The server is asked which chain it speaks for. If it does not answer, nothing is added."
        super().__init__(parent, shell, "Add a network", sentence)
        theme = shell.theme
        self._session = session
        self.added: Network | None = None
        self.url = TextField(theme, "Address of a server", "https://…")
        self.label = TextField(theme, "Name of the network")
        self.symbol = TextField(theme, "Symbol of its coin", "ETH")
        self.decimals = TextField(theme, "Decimals of its coin")
        self.decimals.setValidator(QIntValidator(0, _MOST_DECIMALS, self.decimals))
        self.decimals.setText("18")
        self.explorer = TextField(theme, "Address of an explorer, if there is one", "https://…")
        for label, field in (
            ("Address of a server", self.url),
            ("Name", self.label),
            ("Symbol of its coin", self.symbol),
            ("Decimals of its coin", self.decimals),
            ("Explorer, if there is one", self.explorer),
        ):
            self.body.addWidget(FormRow(theme, label, field))
        self.finish("Check and add")
        self.url.setFocus()

    @override
    async def work(self) -> bool:
        explorer = self.explorer.text().strip()
        if explorer and not explorer.startswith("https://"):
            self.say("The address of an explorer begins with https://.")
            return False
        if not self.decimals.hasAcceptableInput():
            self.say(f"A coin has between 0 and {_MOST_DECIMALS} decimals. Most have 18.")
            return False
        if not self.label.text().strip() or not self.symbol.text().strip():
            self.say("A network needs a name, and its coin a symbol.")
            return False
        self.added = await self._session.catalogue.add_network(
            self.label.text().strip(),
            self.url.text(),
            self.symbol.text().strip(),
            decimals=int(self.decimals.text()),
            explorer=explorer,
        )
        return True
