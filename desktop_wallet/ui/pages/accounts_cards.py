"""Wallets as cards, their accounts as rows: what they are called, where they come from, and what can be done."""

from __future__ import annotations

import enum

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_wallet.core.accounts import Account, AccountId, AccountSource, Wallet, WalletKind
from desktop_wallet.ui.pages.accounts_marks import Mark, NameInPlace
from desktop_wallet.ui.pages.page import Shell
from desktop_wallet.ui.theme import GRID, TextStyle, Token
from desktop_wallet.ui.widgets.address import AddressLabel
from desktop_wallet.ui.widgets.buttons import IconButton, LinkButton, SecondaryButton
from desktop_wallet.ui.widgets.card import Card, Separator
from desktop_wallet.ui.widgets.picture import Picture
from desktop_wallet.ui.widgets.tab_order import follow
from desktop_wallet.ui.widgets.text import Text, tooltip
from desktop_wallet.ui.words import count_text

_NEEDS_KEYRING = "This needs the secret, which the keyring does not give now."
ROWS_AT_FIRST = 20
"""Accounts that a card shows before the person asks for the rest."""

KIND_WORDS = {
    WalletKind.PHRASE: "Recovery phrase",
    WalletKind.PRIVATE_KEY: "Private key",
    WalletKind.WATCH: "Watched address",
}
KIND_ICONS = {WalletKind.PHRASE: "wallet", WalletKind.PRIVATE_KEY: "key-round", WalletKind.WATCH: "eye"}
SOURCE_WORDS = {
    AccountSource.CREATED: "created here",
    AccountSource.IMPORTED: "imported",
    AccountSource.WATCHED: "watched",
    AccountSource.DISCOVERED: "found in use",
}


class WalletAction(enum.Enum):
    """What a person may ask of a wallet beside another name."""

    ADD_ACCOUNT = "add-account"
    ADD_AT_PATH = "add-at-path"
    DISCOVER = "discover"
    SHOW_PHRASE = "show-phrase"
    REMOVE = "remove"


_SPOKEN = {WalletAction.ADD_AT_PATH: "Add account at a path", WalletAction.REMOVE: "Remove wallet"}
"""What a screen reader says where the button's own words need what stands around it."""
_ACTIONS: dict[WalletAction, tuple[str, str, tuple[WalletKind, ...]]] = {
    WalletAction.ADD_ACCOUNT: ("Add account", "plus", (WalletKind.PHRASE,)),
    WalletAction.ADD_AT_PATH: ("Add at a path", "", (WalletKind.PHRASE,)),
    WalletAction.DISCOVER: ("Find used accounts", "search", (WalletKind.PHRASE,)),
    WalletAction.SHOW_PHRASE: ("Show phrase", "eye", (WalletKind.PHRASE,)),
    WalletAction.REMOVE: ("Remove", "trash-2", tuple(WalletKind)),
}


class AccountRow(QWidget):
    """One account: its name, its whole address, its path and where it came from."""

    renamed = Signal(str)
    hide_asked = Signal(bool)
    about_asked = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = shell.theme
        self._hidden = False
        self.name = NameInPlace(theme, "account")
        self.name.renamed.connect(self.renamed)
        self._mark = Mark(theme, "Hidden")
        self._origin = Text(theme, "", TextStyle.SMALL, Token.MUTED)
        self.about = IconButton(theme, "info", "About the account", self.about_asked.emit)
        self._eye = IconButton(theme, "eye", "Hide account", self._on_eye_clicked)
        self.address = AddressLabel(shell)
        first = QHBoxLayout()
        first.setSpacing(2 * GRID)
        first.addWidget(self.name, 1)
        first.addWidget(self._mark)
        first.addWidget(self._origin)
        first.addWidget(self.about)
        first.addWidget(self._eye)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, GRID)
        column.setSpacing(0)
        column.addLayout(first)
        column.addWidget(self.address)

    def show_account(self, account: Account) -> None:
        """Show this account."""
        self._hidden = account.hidden
        self.name.set_name(account.label)
        self.name.set_token(Token.MUTED if account.hidden else Token.TEXT)
        self._mark.setVisible(account.hidden)
        source = SOURCE_WORDS[account.source]
        self._origin.set_text(f"{account.path} · {source}" if account.path else source)
        self.about.set_name(f"About {account.label}")
        self._eye.set_icon("eye" if account.hidden else "eye-off")
        self._eye.set_name(f"{'Show' if account.hidden else 'Hide'} {account.label} in balances")
        self.address.set_address(account.address)
        self.setAccessibleName(f"{account.label}, {self._origin.text()}{', hidden' if account.hidden else ''}")

    def _on_eye_clicked(self) -> None:
        self.hide_asked.emit(not self._hidden)


class WalletCard(Card):
    """One wallet with its accounts. What a person asks for comes out as signals; nothing is done here."""

    renamed = Signal(str)
    asked = Signal(object)
    account_renamed = Signal(object, str)
    account_hide_asked = Signal(object, bool)
    account_about_asked = Signal(object)
    search_cancelled = Signal()
    rows_wanted = Signal()

    def __init__(self, shell: Shell, kind: WalletKind, parent: QWidget | None = None) -> None:
        super().__init__(shell.theme, parent=parent)
        theme = shell.theme
        self._shell = shell
        self._rows: dict[AccountId, AccountRow] = {}
        self._accounts: tuple[Account, ...] = ()
        self._all = False
        self.name = NameInPlace(theme, "wallet", TextStyle.HEADING)
        self.name.renamed.connect(self.renamed)
        self._facts = Text(theme, "", TextStyle.BODY, Token.MUTED)
        self._watch_mark = Mark(theme, "Watch-only", Token.CACHED, Token.CACHED_GROUND)
        self._watch_mark.setVisible(kind is WalletKind.WATCH)
        self._unsafe_mark = Mark(theme, "Not backed up", Token.STALE, Token.STALE_GROUND)
        head = QHBoxLayout()
        head.setSpacing(2 * GRID)
        head.addWidget(Picture(theme, KIND_ICONS[kind], 20, Token.MUTED))
        head.addWidget(self.name, 1)
        head.addWidget(self._unsafe_mark)
        head.addWidget(self._watch_mark)
        head.addWidget(self._facts)
        self.body.addLayout(head)
        self.body.addWidget(Separator(theme))
        # A widget of its own: a screen reader reads in the order of making, and rows are made last.
        self._room = QWidget()
        self._column = QVBoxLayout(self._room)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GRID)
        self.body.addWidget(self._room)
        self._more = LinkButton(theme, "Show all", on_click=self._on_more_clicked)
        self.body.addWidget(self._more)
        self._build_search(theme_text=Text(theme, "Looking for used accounts"))
        self.body.addWidget(Separator(theme))
        self._build_actions(kind)

    def _build_search(self, theme_text: Text) -> None:
        self._search = QWidget(self)
        row = QHBoxLayout(self._search)
        row.setContentsMargins(0, 0, 0, 0)
        self._search_words = theme_text
        cancel = SecondaryButton(self._shell.theme, "Cancel", on_click=self.search_cancelled.emit)
        cancel.setAccessibleName("Cancel the search for used accounts")
        row.addWidget(theme_text, 1)
        row.addWidget(cancel)
        self._search.hide()
        self.body.addWidget(self._search)

    def _build_actions(self, kind: WalletKind) -> None:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.buttons: dict[WalletAction, LinkButton] = {}
        for action, (text, icon, kinds) in _ACTIONS.items():
            if action is WalletAction.REMOVE:
                row.addStretch(1)
            if kind in kinds:
                button = LinkButton(self._shell.theme, text, icon)
                button.clicked.connect(lambda _checked=False, action=action: self.asked.emit(action))
                self.buttons[action] = button
                row.addWidget(button)
        self.body.addLayout(row)

    def show_wallet(self, wallet: Wallet, accounts: tuple[Account, ...], *, can_sign: bool) -> None:
        """Show this wallet; rows that are there already keep their place and focus, others come with `build_row`."""
        self._accounts = accounts
        self.name.set_name(wallet.label)
        self._facts.set_text(f"{KIND_WORDS[wallet.kind]} · {count_text(len(accounts), 'account')}")
        self._unsafe_mark.setVisible(wallet.kind is WalletKind.PHRASE and not wallet.backed_up)
        marks = [mark.text() for mark in (self._watch_mark, self._unsafe_mark) if not mark.isHidden()]
        self.setAccessibleName(", ".join([wallet.label, self._facts.text(), *marks]))
        for action, button in self.buttons.items():
            text = _SPOKEN.get(action, _ACTIONS[action][0])
            button.setAccessibleName(f"{text}: {wallet.label}")
            button.setEnabled(can_sign or action is WalletAction.REMOVE)
            button.setToolTip("" if button.isEnabled() else tooltip(_NEEDS_KEYRING))
        self._show_rows()

    def show_search(self, looked: int | None) -> None:
        """Say how many accounts were looked at; None when no search runs."""
        self._search.setVisible(looked is not None)
        if looked is not None:
            self._search_words.set_text(f"Looking for used accounts: {count_text(looked, 'account')} looked at")
        button = self.buttons.get(WalletAction.DISCOVER)
        if button is not None:
            button.setVisible(looked is None)

    @property
    def searching(self) -> str:
        """Return what the search says, empty while none runs."""
        return "" if self._search.isHidden() else self._search_words.text()

    @property
    def rows(self) -> tuple[AccountRow, ...]:
        """Return the rows that are shown."""
        return tuple(self._rows.values())

    def row(self, account: AccountId) -> AccountRow:
        """Return the row of one account."""
        return self._rows[account]

    def _show_rows(self) -> None:
        wanted = self._wanted
        ids = {account.id for account in wanted}
        for gone in [known for known in self._rows if known not in ids]:
            row = self._rows.pop(gone)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        for account in wanted:
            if account.id in self._rows:
                self._rows[account.id].show_account(account)
        left = len(self._accounts) - len(wanted)
        self._more.setVisible(left > 0)
        if left > 0:
            self._more.set_text(f"Show {left:,} more")

    @property
    def _wanted(self) -> tuple[Account, ...]:
        return self._accounts if self._all else self._accounts[:ROWS_AT_FIRST]

    @property
    def complete(self) -> bool:
        """Return whether every account that is to be shown has its row."""
        return len(self._rows) == len(self._wanted)

    def build_row(self) -> None:
        """Build the next row that is missing. One a turn of the loop: a row takes some milliseconds."""
        account = next((account for account in self._wanted if account.id not in self._rows), None)
        if account is not None:
            self._new_row(account.id).show_account(account)

    def _new_row(self, account: AccountId) -> AccountRow:
        row = AccountRow(self._shell)
        row.renamed.connect(lambda name: self.account_renamed.emit(account, name))
        row.hide_asked.connect(lambda hidden: self.account_hide_asked.emit(account, hidden))
        row.about_asked.connect(lambda: self.account_about_asked.emit(account))
        above = next(reversed(self._rows.values()), None)
        self._rows[account] = row
        self._column.addWidget(row)
        follow(self.name.last if above is None else above.address.copy_button, row)
        return row

    def _on_more_clicked(self) -> None:
        self._all = True
        self._show_rows()
        self.rows_wanted.emit()
