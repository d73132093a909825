"""The Receive page: one account's whole address, its QR code, and a copy that is read back.

The code holds the plain address, not a payment URI of EIP-681: such a URI names one network and one token, and a
wallet that reads it may send exactly that, or stumble over it; the same address takes every asset on every network
listed here, and every wallet reads it. Requests for an amount come with sending.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.accounts import WalletKind
from desktop_wallet.core.addresses import display_address, grouped, shorten
from desktop_wallet.core.assets import clean_label
from desktop_wallet.ui.models.balance_names import LABEL_LIMIT
from desktop_wallet.ui.pages.page import Page
from desktop_wallet.ui.pages.receive_qr import QrCode
from desktop_wallet.ui.theme import GRID, PAGE_MARGIN, TextStyle, Token
from desktop_wallet.ui.widgets.buttons import PrimaryButton
from desktop_wallet.ui.widgets.card import Card, Column, Separator
from desktop_wallet.ui.widgets.empty import EmptyState
from desktop_wallet.ui.widgets.fields import Choice
from desktop_wallet.ui.widgets.notice import Banner, NoticeKind
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from desktop_wallet.core.accounts import Account, AccountId
    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.core.networks import Network
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.pages.page import Shell

READ_BACK_MS = 400
"""After this time the clipboard is looked at again: programs that swap addresses act a moment after a copy."""
_WIDTH = 640
_ADDRESS_PIXELS = 15


class ReceivePage(Page):
    """Shows what somebody needs in order to send to an account of ours."""

    name: ClassVar[str] = "receive"
    title: ClassVar[str] = "Receive"
    icon: ClassVar[str] = "download"

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self._account: AccountId | None = None
        self._copied = ""
        theme = self.theme
        self.choice = Choice(theme, "Account to receive on")
        self.qr = QrCode()
        self.address = Text(theme, style=TextStyle.MONO, wrap=True, selectable=True)
        large = theme.font(TextStyle.MONO)
        large.setPixelSize(_ADDRESS_PIXELS)
        self.address.setFont(large)
        self.copy = PrimaryButton(theme, "Copy address", "copy", self.copy_address)
        self.copied = Text(theme, token=Token.MUTED, wrap=True)
        self.networks = Text(theme, token=Token.MUTED, wrap=True)
        self.practice = Banner(theme, "", NoticeKind.WARNING, "gamepad-2")
        self.watched = Banner(theme, "", NoticeKind.WARNING, "eye")
        self.swapped = Banner(theme, "", NoticeKind.FAILURE)
        self._read_back = QTimer(self)
        self._read_back.setSingleShot(True)
        self._read_back.setInterval(READ_BACK_MS)
        self._read_back.timeout.connect(self._on_read_back)
        self._stack = QStackedWidget()
        self._empty = EmptyState(
            theme,
            "qr-code",
            "No accounts yet",
            "Create a wallet, import one, or watch an address. Its address then stands here.",
            ("Add a wallet", shell.add_wallet),
        )
        self._place = self._built()
        self._stack.addWidget(self._place)
        self._stack.addWidget(self._empty)
        self._all_hidden = EmptyState(
            theme,
            "eye-off",
            "Every account is hidden",
            "Show one again on the Accounts page. Its address then stands here.",
            ("Open Accounts", lambda: shell.open_page("accounts")),
        )
        self._stack.addWidget(self._all_hidden)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)
        self.choice.currentIndexChanged.connect(self._on_chosen)

    def _built(self) -> QWidget:
        theme = self.theme
        card = Card(theme, margin=5 * GRID)
        across = QHBoxLayout()
        across.setSpacing(6 * GRID)
        across.addWidget(self.qr, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2 * GRID)
        words.addWidget(Text(theme, "Address", token=Token.MUTED))
        words.addWidget(self.address)
        row = QHBoxLayout()
        row.addWidget(self.copy)
        row.addStretch(1)
        words.addSpacing(GRID)
        words.addLayout(row)
        words.addWidget(self.copied)
        words.addStretch(1)
        across.addLayout(words, 1)
        card.body.addLayout(across)
        card.body.addSpacing(2 * GRID)
        card.body.addWidget(Separator(theme))
        card.body.addSpacing(GRID)
        card.body.addWidget(Text(theme, "Works on", style=TextStyle.STRONG))
        card.body.addWidget(self.networks)
        column = Column(_WIDTH, top=True)
        column.body.setContentsMargins(0, PAGE_MARGIN - 6 * GRID, 0, 0)
        column.body.addWidget(Text(theme, "Receive", TextStyle.TITLE))
        column.body.addWidget(
            Text(
                theme,
                "Give this address to whoever pays you. It may be shown to anybody.",
                token=Token.MUTED,
                wrap=True,
            )
        )
        column.body.addSpacing(2 * GRID)
        column.body.addWidget(self.choice)
        for banner in (self.practice, self.watched, self.swapped):
            banner.hide()
            column.body.addWidget(banner)
        column.body.addSpacing(GRID)
        column.body.addWidget(card)
        return column

    # From the window

    @override
    def attach(self, session: Session) -> None:
        super().attach(session)
        self.listen(session.subscribe(self._on_change))
        self._renew()

    @override
    def detach(self) -> None:
        super().detach()
        self._read_back.stop()
        self._account, self._copied = None, ""
        self.choice.blockSignals(True)
        self.choice.clear()
        self.choice.blockSignals(False)
        self._show(None)

    @override
    def hidden(self) -> None:
        super().hidden()
        self._read_back.stop()
        self._say_copied("")

    def show_account(self, account: AccountId) -> None:
        """Show this account."""
        index = self.choice.findData(account)
        if index >= 0:
            self.choice.setCurrentIndex(index)

    def copy_address(self) -> None:
        """Copy the whole address, and look at the clipboard again a moment later."""
        account = self._chosen()
        if account is None:
            return
        self._copied = display_address(account.address)
        self._say_copied("")
        self.shell.copy(self._copied, "Address", look_again=False)
        self._read_back.start()

    # Within

    def _chosen(self) -> Account | None:
        if self.session is None:
            return None
        return next((known for known in self.session.accounts.accounts() if known.id == self._account), None)

    def _renew(self) -> None:
        session = self.session
        if session is None:
            return
        wallets = {wallet.id: wallet for wallet in session.accounts.wallets()}
        accounts = [known for known in session.accounts.accounts() if not known.hidden and known.wallet in wallets]
        self.choice.blockSignals(True)
        self.choice.clear()
        for account in accounts:
            wallet = clean_label(wallets[account.wallet].label, limit=LABEL_LIMIT)
            label = clean_label(account.label, limit=LABEL_LIMIT)
            short = shorten(display_address(account.address))
            # The field cuts what is too long: the address stands first, and a name that is read from the right stays
            # a whole (U+2068 to U+2069).
            self.choice.addItem(f"{short}  {_isolated(wallet)} · {_isolated(label)}", account.id)
        index = self.choice.findData(self._account)
        self.choice.setCurrentIndex(max(index, 0) if accounts else -1)
        self.choice.blockSignals(False)
        empty = self._all_hidden if session.accounts.accounts() else self._empty
        self._stack.setCurrentWidget(self._place if accounts else empty)
        self._on_chosen(self.choice.currentIndex())

    def _show(self, account: Account | None) -> None:
        session = self.session
        if account is None or session is None:
            self.qr.set_text("", "QR code")
            self.address.set_text("")
            self.networks.set_text("")
            return
        whole = display_address(account.address)
        self.qr.set_text(whole, f"QR code of the address {whole}")
        self.address.set_text(grouped(whole))
        self.address.setAccessibleName(f"Address {whole}")
        networks = [known for known in session.catalogue.networks() if known.family is account.family]
        self.networks.set_text(networks_text(networks))
        practice = session.profile.practice or (bool(networks) and all(known.practice for known in networks))
        self.practice.set_text(
            "Play money only. This address belongs to the practice network: real coins sent to it are lost."
        )
        self.practice.setVisible(practice)
        watched = session.accounts.wallet(account.wallet).kind is WalletKind.WATCH
        self.watched.set_text(
            "This address is only watched. The wallet holds no key for it and cannot spend what arrives here."
        )
        self.watched.setVisible(watched and not practice)

    def _say_copied(self, text: str, *, swapped: bool = False) -> None:
        self.copied.set_text("" if swapped else text)
        self.swapped.set_text(text if swapped else "")
        self.swapped.setVisible(swapped)

    def _on_chosen(self, index: int) -> None:
        self._account = self.choice.itemData(index) if index >= 0 else None
        self._read_back.stop()
        self._say_copied("")
        self._show(self._chosen())

    def _on_read_back(self) -> None:
        held = QGuiApplication.clipboard().text()
        if held == self._copied:
            self._say_copied("Copied, and read back unchanged. Compare the first and last groups after pasting.")
            return
        self._say_copied(
            "The clipboard no longer holds this address: another program changed it. Do not paste it. "
            "Close programs you do not trust, copy again, and compare every group.",
            swapped=True,
        )

    def _on_change(self, change: ChangeSet) -> None:
        if change.accounts or change.catalogue:
            self._renew()


def _isolated(name: str) -> str:
    read_from_the_right = any(unicodedata.bidirectional(c) in {"R", "AL"} for c in name)
    return f"\u2068{name}\u2069" if read_from_the_right else name


def networks_text(networks: list[Network]) -> str:
    """Return on which networks an address works, and what happens on others."""
    if not networks:
        return "No network is chosen yet, so nothing that arrives would be seen here."
    if all(known.practice for known in networks):
        return f"{', '.join(known.name for known in networks)}: play money, and nowhere else."
    real = [known.name for known in networks if not known.testnet]
    tests = [known.name for known in networks if known.testnet]
    parts = [f"{', '.join(real)}."] if real else []
    if tests:
        parts.append(f"For test coins also {', '.join(tests)}." if real else f"Test coins only: {', '.join(tests)}.")
    parts.append("What is sent on another network does not show here until that network is chosen in Settings.")
    return " ".join(parts)
