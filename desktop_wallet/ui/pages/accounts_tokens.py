"""The tokens of each network: which are looked for, and others added by hand, after the contract was asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_wallet.core.addresses import Address, parse_address
from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin
from desktop_wallet.core.errors import WalletError
from desktop_wallet.core.networks import Network, NetworkId
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.pages.accounts_found import FoundTokensCard
from desktop_wallet.ui.pages.accounts_scroll import PageScroll
from desktop_wallet.ui.pages.page import Shell
from desktop_wallet.ui.tasks import TaskOwner
from desktop_wallet.ui.theme import GRID, TextStyle, Token
from desktop_wallet.ui.widgets.address import AddressLabel
from desktop_wallet.ui.widgets.buttons import LinkButton, PrimaryButton, SecondaryButton
from desktop_wallet.ui.widgets.card import Card, Separator
from desktop_wallet.ui.widgets.empty import EmptyState
from desktop_wallet.ui.widgets.fields import Choice, FormRow, TextField
from desktop_wallet.ui.widgets.notice import Banner, NoticeAction, NoticeKind
from desktop_wallet.ui.widgets.text import ElidedText, Text
from desktop_wallet.ui.words import count_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.services.catalogue import Catalogue
    from desktop_wallet.services.session import Session

_ANYONE = (
    "Anyone can make a token and give it any name and symbol, also those of a known one. "
    "Only the address tells which token it is: compare it with a source that you trust."
)
_ORIGIN_WORDS = {
    AssetOrigin.NATIVE: "coin of the network",
    AssetOrigin.LIST: "from the list",
    AssetOrigin.BY_HAND: "added by you",
    AssetOrigin.DISCOVERED: "found",
}


class TokenRow(QWidget):
    """One asset: symbol, name, decimals, and the whole address of its contract.

    `imitated` is the known asset that one added by hand can be taken for.
    """

    def __init__(
        self,
        shell: Shell,
        asset: Asset,
        network: Network,
        imitated: Asset | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        theme = shell.theme
        self.asset = asset
        words = QHBoxLayout()
        words.setSpacing(2 * GRID)
        words.addWidget(Text(theme, asset.symbol, TextStyle.STRONG))
        words.addWidget(ElidedText(theme, asset.name, TextStyle.BODY, Token.MUTED), 1)
        facts = f"{count_text(asset.decimals, 'decimal')} · {_ORIGIN_WORDS[asset.origin]}"
        if imitated is not None:
            facts = f"{facts} · not the {imitated.symbol} of the list"
        words.addWidget(Text(theme, facts, TextStyle.SMALL, Token.STALE if imitated else Token.MUTED))
        self.remove = LinkButton(theme, "Remove" if asset.origin is AssetOrigin.BY_HAND else "Hide")
        self.remove.setAccessibleName(f"{self.remove.text()} {asset.symbol} on {network.name}")
        self.remove.setVisible(not asset.id.is_native)
        words.addWidget(self.remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, GRID)
        column.setSpacing(0)
        column.addLayout(words)
        contract = contract_of(asset, network)
        if contract is not None:
            label = AddressLabel(shell, style=TextStyle.MONO_SMALL, token=Token.MUTED)
            label.set_address(contract)
            column.addWidget(label)
        self.setAccessibleName(f"{asset.symbol}, {asset.name}, {facts}")


class FoundToken(Card):
    """What a contract says of itself, before it is added."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell.theme, parent=parent)
        theme = shell.theme
        self.asset: Asset | None = None
        self._words = Text(theme, "", TextStyle.STRONG, wrap=True)
        self._facts = Text(theme, "", TextStyle.BODY, Token.MUTED, wrap=True)
        self._address = AddressLabel(shell)
        self.add = PrimaryButton(theme, "Add this token", "plus")
        self.leave = SecondaryButton(theme, "Cancel")
        row = QHBoxLayout()
        row.addWidget(self.add)
        row.addWidget(self.leave)
        row.addStretch(1)
        self.body.addWidget(Text(theme, "The contract says of itself", TextStyle.BODY, Token.MUTED))
        self.body.addWidget(self._words)
        self.body.addWidget(self._facts)
        self.body.addWidget(self._address)
        self.body.addWidget(Banner(theme, _ANYONE, NoticeKind.WARNING))
        self.body.addLayout(row)
        self.hide()

    def show_found(self, asset: Asset | None, network: Network | None) -> None:
        """Show what was found, or nothing."""
        self.asset = asset
        self.setVisible(asset is not None)
        if asset is None or network is None:
            self._address.set_address(None)
            return
        self._words.set_text(f"{asset.symbol}  {asset.name}" if asset.name else asset.symbol)
        self._facts.set_text(f"{count_text(asset.decimals, 'decimal')}, on {network.name}")
        self._address.set_address(contract_of(asset, network))
        self.setAccessibleName(f"Found {self._words.text()}, {self._facts.text()}")

    @property
    def words(self) -> str:
        """Return what is said of the token that was found."""
        return "" if self.asset is None else f"{self._words.text()}, {self._facts.text()}"


class TokensPane(QWidget):
    """Networks to choose from, their tokens, and a field to add one by its address."""

    def __init__(self, shell: Shell, tasks: TaskOwner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = shell.theme
        self._shell, self._tasks = shell, tasks
        self._session: Session | None = None
        self._shown: tuple[Asset, ...] = ()
        self.rows: list[TokenRow] = []
        self.network = Choice(theme, "Network")
        self.network.currentIndexChanged.connect(self._on_network_changed)
        self.address = TextField(theme, "Address of the token's contract", "0x…", mono=True)
        self._look = SecondaryButton(theme, "Look up", "search", self._on_look_clicked)
        self.address.returnPressed.connect(self._on_look_clicked)
        self.address.textEdited.connect(self._on_address_edited)
        typed = QWidget()
        row = QHBoxLayout(typed)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(self.address, 1)
        row.addWidget(self._look)
        hint = "The contract is asked first. A hidden token comes back the same way."
        self.form = FormRow(theme, "Add a token by its address", typed, hint)
        self.found = FoundToken(shell)
        self.found.add.clicked.connect(self._on_add_clicked)
        self.found.leave.clicked.connect(self._on_leave_clicked)
        self.found_tokens = FoundTokensCard(shell, tasks, self.show_catalogue)
        self._unlisten: Callable[[], None] = _nothing

        self._rows = QVBoxLayout()
        self._rows.setSpacing(GRID)
        self._count = Text(theme, "", TextStyle.BODY, Token.MUTED)
        self._arrange()

    def _arrange(self) -> None:
        theme = self._shell.theme
        card = Card(theme)
        card.body.addLayout(self._rows)
        head = QHBoxLayout()
        head.addWidget(self.network)
        head.addWidget(self._count, 1)
        self._scroll = PageScroll()
        column = self._scroll.body
        column.addLayout(head)
        column.addWidget(self.form)
        column.addWidget(self.found)
        column.addWidget(self.found_tokens)
        column.addWidget(card)
        column.addStretch(1)
        self._empty = EmptyState(
            theme,
            "globe",
            "No network is on",
            "Tokens belong to a network. Choose networks in Settings; nobody is asked before that.",
            ("Choose networks", lambda: self._shell.open_page("settings")),
        )
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._scroll)
        outer.addWidget(self._empty)

    def attach(self, session: Session) -> None:
        """Take over a session; `show_catalogue` follows once the page is on screen."""
        self._session = session
        self.found_tokens.attach(session)
        self._unlisten = session.subscribe(self._on_change)

    def detach(self) -> None:
        """Drop all that was shown."""
        self._session = None
        self._unlisten()
        self._unlisten = _nothing
        self.found_tokens.attach(None)
        self.network.blockSignals(True)
        self.network.clear()
        self.network.blockSignals(False)
        self.address.clear()
        self.found.show_found(None, None)
        self._show_rows(())

    def show_catalogue(self) -> None:
        """Show the networks that are on, and the tokens of the chosen one."""
        if self._session is None:
            return
        networks = self._session.catalogue.networks()
        chosen = self.network.currentData()
        self.network.blockSignals(True)
        self.network.clear()
        for network in networks:
            self.network.addItem(network.name, network.id)
        place = self.network.findData(chosen) if chosen is not None else 0
        self.network.setCurrentIndex(max(place, 0) if networks else -1)
        self.network.blockSignals(False)
        self._scroll.setVisible(bool(networks))
        self._empty.setVisible(not networks)
        self._on_network_changed()

    @property
    def _chosen(self) -> NetworkId | None:
        found = self.network.currentData()
        return found if isinstance(found, NetworkId) else None

    @property
    def _catalogue(self) -> Catalogue | None:
        return None if self._session is None else self._session.catalogue

    def _on_change(self, change: ChangeSet) -> None:
        if change.received and self.isVisible():
            self.found_tokens.show_network(self._chosen)

    def _on_network_changed(self) -> None:
        catalogue, chosen = self._catalogue, self._chosen
        self.found_tokens.show_network(chosen)
        if catalogue is None or chosen is None:
            self._show_rows(())
            return
        if self.found.asset is not None and self.found.asset.id.network != chosen:
            self.found.show_found(None, None)
        self._show_rows(catalogue.assets(chosen))

    def _show_rows(self, assets: tuple[Asset, ...]) -> None:
        if assets == self._shown:
            if len(self.rows) < len(assets):
                self._tasks.start(self._build_rows(), key="token-rows")
            return
        self._shown = assets
        while self._rows.count():
            item = self._rows.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.rows = []
        self._count.set_text(count_text(len(assets), "asset"))
        if assets:
            self._tasks.start(self._build_rows(), key="token-rows")

    async def _build_rows(self) -> None:
        """Build the rows that are missing, one a turn of the loop, so that the window stays quick."""
        while len(self.rows) < len(self._shown):
            self._add_row(self._shown[len(self.rows)])
            await asyncio.sleep(0)

    def _add_row(self, asset: Asset) -> None:
        session = self._session
        if session is None:
            return
        if self.rows:
            self._rows.addWidget(Separator(self._shell.theme))
        network = session.catalogue.network(asset.id.network)
        row = TokenRow(self._shell, asset, network, session.found_tokens.imitated(asset))
        row.remove.clicked.connect(lambda: self._on_remove_clicked(asset))
        self._rows.addWidget(row)
        self.rows.append(row)

    def _on_address_edited(self) -> None:
        self.form.set_error("")

    def _on_look_clicked(self) -> None:
        self._tasks.start(self._look_up(), key="find-token")

    async def _look_up(self) -> None:
        catalogue, chosen = self._catalogue, self._chosen
        if catalogue is None or chosen is None:
            return
        self._look.setEnabled(False)
        self.found.show_found(None, None)
        network = catalogue.network(chosen)
        try:
            reference = parse_address(network.family, self.address.text())
            found = await catalogue.find_token(chosen, reference.text)
        except WalletError as error:
            self.form.set_error(error_text(error, lambda _: network.name).text)
        else:
            self.form.set_error("")
            self.found.show_found(found, network)
            self.found.add.setFocus()
        finally:
            self._look.setEnabled(True)

    def _on_leave_clicked(self) -> None:
        self.found.show_found(None, None)
        self.address.setFocus()

    def _on_add_clicked(self) -> None:
        if self.found.asset is not None:
            self._tasks.start(self._add(self.found.asset), key="add-token")

    async def _add(self, asset: Asset) -> None:
        catalogue = self._catalogue
        if catalogue is None:
            return
        await catalogue.add_token(asset)
        self.found.show_found(None, None)
        self.address.clear()
        self._shell.notify(f"{asset.symbol} was added. Its balances are read next.", kind=NoticeKind.DONE, key="token")
        self.show_catalogue()

    def _on_remove_clicked(self, asset: Asset) -> None:
        self._tasks.start(self._remove(asset), key="remove-token")

    async def _remove(self, asset: Asset) -> None:
        catalogue = self._catalogue
        if catalogue is None:
            return
        await catalogue.remove_token(asset.id)
        undo = NoticeAction("Undo", lambda: self._on_undo_clicked(asset))
        self._shell.notify(f"{asset.symbol} is no longer shown.", kind=NoticeKind.DONE, action=undo, key="token")
        self.show_catalogue()

    def _on_undo_clicked(self, asset: Asset) -> None:
        self._tasks.start(self._add(asset), key="add-token")


def _nothing() -> None:
    """Do nothing: no session is listened to."""


def contract_of(asset: Asset, network: Network) -> Address | None:
    """Return the address of a token's contract; None for a coin."""
    return None if asset.id.is_native else _parsed(asset.id, network)


def _parsed(asset: AssetId, network: Network) -> Address:
    return parse_address(network.family, asset.reference)
