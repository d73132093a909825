"""The Accounts page: wallets with their accounts, the tokens that are looked for, and what keeps both safe."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.accounts import AccountId, WalletId
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.pages.accounts_about import show_about, statistics_text
from desktop_wallet.ui.pages.accounts_cards import WalletAction, WalletCard
from desktop_wallet.ui.pages.accounts_flows import AccountFlows
from desktop_wallet.ui.pages.accounts_scroll import GUTTER, PageScroll
from desktop_wallet.ui.pages.accounts_tokens import TokensPane
from desktop_wallet.ui.pages.page import Page, Shell
from desktop_wallet.ui.theme import GRID, PAGE_MARGIN, TextStyle, Token
from desktop_wallet.ui.widgets.buttons import LinkButton, PrimaryButton, SecondaryButton
from desktop_wallet.ui.widgets.empty import EmptyState
from desktop_wallet.ui.widgets.fields import SegmentedControl
from desktop_wallet.ui.widgets.notice import Banner, NoticeAction, NoticeKind
from desktop_wallet.ui.widgets.text import Text
from desktop_wallet.ui.words import count_text

if TYPE_CHECKING:
    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.core.errors import WalletError
    from desktop_wallet.services.session import Session

_WAYS_ON = (
    "Until the keyring opens, no phrase can be shown, no account added and no backup saved. If it stays so: lock, and "
    "make a new profile from your phrases or your backup file."
)


class AccountsPage(Page):
    """Shows wallets or tokens; every action is a flow of `AccountFlows`, owned by the page's tasks."""

    name: ClassVar[str] = "accounts"
    title: ClassVar[str] = "Accounts"
    icon: ClassVar[str] = "wallet-cards"

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self._flows: AccountFlows | None = None
        self._banner: Banner | None = None
        self._banner_for: WalletError | None = None
        self._said_hidden = ""
        self._seen = ""
        self.cards: dict[WalletId, WalletCard] = {}
        self.tokens = TokensPane(shell, self.tasks)
        self.part = SegmentedControl(self.theme, [("wallets", "Wallets"), ("tokens", "Tokens")], "Show")
        self.part.changed.connect(self._on_part_changed)
        self._stack = QStackedWidget()
        self._wallets = self._build_wallets()
        self._empty = EmptyState(
            self.theme,
            "wallet",
            "No wallet yet",
            "Make a new one, bring one from its phrase or key, restore a backup file, or watch an address.",
            ("Add wallet", self._on_add_wallet_clicked),
        )
        for part in (self._wallets, self._empty, self.tokens):
            self._stack.addWidget(part)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(PAGE_MARGIN, PAGE_MARGIN, PAGE_MARGIN - GUTTER, 0)
        self._column.setSpacing(3 * GRID)
        self._column.addLayout(self._build_header())
        self._column.addLayout(self._build_bar())
        self._above = QVBoxLayout()
        self._above.setContentsMargins(0, 0, GUTTER, 0)
        self._column.addLayout(self._above)
        self._column.addWidget(self._stack, 1)

    def _build_header(self) -> QHBoxLayout:
        self._counts = Text(self.theme, "", TextStyle.TITLE)
        self._hidden = Text(self.theme, self.title, TextStyle.BODY, Token.MUTED)
        self._add = PrimaryButton(self.theme, "Add wallet", "plus", self._on_add_wallet_clicked)
        words = QVBoxLayout()
        words.setSpacing(GRID)
        words.addWidget(self._hidden)
        words.addWidget(self._counts)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, GUTTER, 0)
        row.addLayout(words, 1)
        row.addWidget(self._add, 0, Qt.AlignmentFlag.AlignBottom)
        return row

    def _build_bar(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, GUTTER, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(self.part)
        row.addStretch(1)
        for text, icon, on_click in (
            ("Save backup", "file-down", self._on_save_backup_clicked),
            ("Restore backup", "file-up", self._on_restore_backup_clicked),
            ("Change password", "lock", self._on_change_password_clicked),
        ):
            row.addWidget(SecondaryButton(self.theme, text, icon, on_click))
        return row

    def _build_wallets(self) -> PageScroll:
        scroll = PageScroll()
        scroll.setAccessibleName("Wallets")
        self._cards = scroll.body
        self._cards.addStretch(1)
        return scroll

    # The session

    @override
    def attach(self, session: Session) -> None:
        super().attach(session)
        self._flows = AccountFlows(self, self.shell, session)
        self.listen(session.subscribe(self._on_session_changed))
        self.tokens.attach(session)

    @override
    def shown(self) -> None:
        super().shown()
        self._show_wallets()
        self.tokens.show_catalogue()

    @override
    def hidden(self) -> None:
        super().hidden()
        for card in self.cards.values():
            card.show_search(None)

    @override
    def tick(self) -> None:
        # The keyring may have been opened from somewhere else in the window.
        if self.session is not None and self.session.spend_problem is not self._banner_for:
            self._show_wallets()

    @override
    def detach(self) -> None:
        super().detach()
        self._flows = None
        self.tokens.detach()
        for wallet in list(self.cards):
            self._drop_card(wallet)
        self._counts.set_text("")
        self._seen = self._said_hidden = ""
        self._hidden.set_text(self.title)
        self._show_problem(None)

    def _on_session_changed(self, change: ChangeSet) -> None:
        # Out of sight nothing is built: an unlock must not wait for it. `shown` catches up.
        if self.opened is None:
            return
        if change.accounts:
            self._show_wallets()
        if change.catalogue:
            self.tokens.show_catalogue()

    # What is shown

    def _show_wallets(self) -> None:
        session = self.session
        if session is None:
            return
        wallets, accounts = session.accounts.wallets(), session.accounts.accounts()
        hidden = sum(account.hidden for account in accounts)
        self._counts.set_text(f"{count_text(len(wallets), 'wallet')} · {count_text(len(accounts), 'account')}")
        self._said_hidden = f"{hidden:,} hidden" if hidden else ""
        self._hidden.set_text(" · ".join(filter(None, (self.title, self._said_hidden, self._seen))))
        self.tasks.start(self._count(), key="statistics")
        for gone in set(self.cards) - {wallet.id for wallet in wallets}:
            self._drop_card(gone)
        for wallet in wallets:
            if wallet.id in self.cards:
                self._show_card(wallet.id)
        if any(wallet.id not in self.cards for wallet in wallets) or not self._complete:
            self.tasks.start(self._build_cards(), key="cards")
        self._show_problem(session.spend_problem)
        self._show_part()

    async def _count(self) -> None:
        """Say what the registry counts (requirement R3)."""
        if self.session is None:
            return
        self._seen = statistics_text(await self.session.accounts.statistics())
        self._hidden.set_text(" · ".join(filter(None, (self.title, self._said_hidden, self._seen))))

    def _show_part(self) -> None:
        if self.part.value == "tokens":
            self._stack.setCurrentWidget(self.tokens)
        else:
            has_wallets = self.session is not None and bool(self.session.accounts.wallets())
            self._stack.setCurrentWidget(self._wallets if has_wallets else self._empty)

    def _show_problem(self, problem: WalletError | None) -> None:
        if problem is self._banner_for:
            return
        self._banner_for = problem
        if self._banner is not None:
            self._above.removeWidget(self._banner)
            self._banner.hide()
            self._banner.deleteLater()
            self._banner = None
        if problem is not None:
            text = f"{error_text(problem).title}. {_WAYS_ON}"
            again = NoticeAction("Try again", self._on_try_again_clicked)
            self._banner = Banner(self.theme, text, NoticeKind.WARNING, action=again)
            self._banner.row.addWidget(LinkButton(self.theme, "Lock", on_click=self.shell.lock))
            self._above.addWidget(self._banner)

    @property
    def problem(self) -> str:
        """Return what is said to be wrong with the keyring, empty while nothing is."""
        return "" if self._banner is None else self._banner.text

    @property
    def _complete(self) -> bool:
        return all(card.complete for card in self.cards.values())

    async def _build_cards(self) -> None:
        """Build the cards and rows that are missing, one a turn of the loop, so that the window stays quick."""
        while self.session is not None:
            wallets = self.session.accounts.wallets()
            place = next((i for i, wallet in enumerate(wallets) if wallet.id not in self.cards), None)
            unfinished = next((card for card in self.cards.values() if not card.complete), None)
            if unfinished is not None:
                unfinished.build_row()
            elif place is not None:
                self._add_card(self.session, wallets[place].id, place)
            else:
                return
            await asyncio.sleep(0)

    def _add_card(self, session: Session, wallet: WalletId, place: int) -> None:
        card = WalletCard(self.shell, session.accounts.wallet(wallet).kind)
        card.renamed.connect(lambda name: self._on_wallet_renamed(wallet, name))
        card.asked.connect(lambda action: self._on_wallet_asked(wallet, action))
        card.account_renamed.connect(self._on_account_renamed)
        card.account_hide_asked.connect(self._on_account_hide_asked)
        card.account_about_asked.connect(self._on_account_about_asked)
        card.search_cancelled.connect(lambda: self.tasks.cancel(f"discover {wallet}"))
        card.rows_wanted.connect(self._show_wallets)
        self.cards[wallet] = card
        self._cards.insertWidget(place, card)
        self._show_card(wallet)

    def _show_card(self, wallet: WalletId) -> None:
        session = self.session
        if session is not None:
            accounts = session.accounts
            can_sign = session.spend_problem is None
            self.cards[wallet].show_wallet(accounts.wallet(wallet), accounts.accounts(wallet), can_sign=can_sign)

    def _drop_card(self, wallet: WalletId) -> None:
        card = self.cards.pop(wallet)
        self._cards.removeWidget(card)
        card.hide()
        card.deleteLater()

    # What a person asks for

    def _on_part_changed(self, _part: str) -> None:
        self._show_part()

    def _on_add_wallet_clicked(self) -> None:
        self.shell.add_wallet()

    def _on_save_backup_clicked(self) -> None:
        if self._flows is not None:
            self.tasks.start(self._flows.save_backup(), key="dialog")

    def _on_restore_backup_clicked(self) -> None:
        if self._flows is not None:
            self.tasks.start(self._flows.restore_backup(), key="dialog")

    def _on_change_password_clicked(self) -> None:
        if self._flows is not None:
            self.tasks.start(self._flows.change_password(), key="dialog")

    def _on_try_again_clicked(self) -> None:
        self.tasks.start(self._try_again(), key="keyring")

    def _on_wallet_renamed(self, wallet: WalletId, name: str) -> None:
        if self._flows is not None:
            self.tasks.start(self._flows.rename_wallet(wallet, name))

    def _on_account_renamed(self, account: AccountId, name: str) -> None:
        if self._flows is not None:
            self.tasks.start(self._flows.rename_account(account, name))

    def _on_account_hide_asked(self, account: AccountId, hidden: bool) -> None:
        if self._flows is not None:
            self.tasks.start(self._flows.hide_account(account, hidden=hidden))

    def _on_account_about_asked(self, account: AccountId) -> None:
        if self.session is not None:
            self.tasks.start(show_about(self, self.shell, self.session, account), key="dialog")

    def _on_wallet_asked(self, wallet: WalletId, action: WalletAction) -> None:
        flows, session = self._flows, self.session
        if flows is None or session is None:
            return
        match action:
            case WalletAction.ADD_ACCOUNT:
                self.tasks.start(flows.add_account(wallet), key=f"add {wallet}")
            case WalletAction.ADD_AT_PATH:
                self.tasks.start(flows.add_at_path(wallet), key="dialog")
            case WalletAction.DISCOVER:
                self.tasks.start(self._discover(wallet), key=f"discover {wallet}")
            case WalletAction.SHOW_PHRASE:
                self.tasks.start(flows.show_phrase(session.accounts.wallet(wallet)), key="dialog")
            case WalletAction.REMOVE:
                self.tasks.start(flows.remove_wallet(session.accounts.wallet(wallet)), key="dialog")

    async def _discover(self, wallet: WalletId) -> None:
        if self._flows is None:
            return
        self._show_search(wallet, 0)
        try:
            await self._flows.discover(wallet, lambda looked: self._show_search(wallet, looked))
        finally:
            self._show_search(wallet, None)

    async def _try_again(self) -> None:
        if self._flows is not None:
            await self._flows.retry_keyring()
            self._show_wallets()

    def _show_search(self, wallet: WalletId, looked: int | None) -> None:
        # The wallet may have been removed meanwhile.
        if wallet in self.cards:
            self.cards[wallet].show_search(looked)
