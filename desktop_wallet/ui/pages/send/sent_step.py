"""Step 3, Sent: what became of it, live, said as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.transfers import TransferKind
from desktop_wallet.ui.pages.activity_badge import StateBadge
from desktop_wallet.ui.pages.activity_words import advice, mark_of, mark_text, sentence
from desktop_wallet.ui.pages.details import FittedText
from desktop_wallet.ui.pages.send.marked_address import MarkedAddress
from desktop_wallet.ui.pages.send.names import Names, breakable, money
from desktop_wallet.ui.pages.send.review_lines import labelled
from desktop_wallet.ui.pages.send.review_words import money_text
from desktop_wallet.ui.theme import GRID, TextStyle, Token
from desktop_wallet.ui.widgets.buttons import IconButton, PrimaryButton, SecondaryButton
from desktop_wallet.ui.widgets.card import Card, Separator
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.core.networks import Network
    from desktop_wallet.core.transfers import Ahead, Transfer
    from desktop_wallet.ui.pages.page import Shell

_MARGIN = 5 * GRID


class SentStep(QWidget):
    """Shows one transfer as it is now."""

    activity_wanted = Signal()
    another_wanted = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self.theme = theme = shell.theme
        self._transfer: Transfer | None = None
        self.title = Text(theme, token=Token.MUTED)
        self.amount = FittedText(theme, TextStyle.DISPLAY)
        self.badge = StateBadge(theme)
        self.words = Text(theme, wrap=True)
        self.advice = Text(theme, token=Token.MUTED, wrap=True)
        self.recipient = MarkedAddress(theme, "To")
        self.name = Text(theme, token=Token.MUTED, wrap=True)
        self.payer = Text(theme, wrap=True)
        self.id = Text(theme, style=TextStyle.MONO, wrap=True, selectable=True)
        self.id.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.copy = IconButton(theme, "copy", "Copy the transaction's id", self._on_copy_clicked)
        self.activity = SecondaryButton(theme, "Show in Activity", on_click=self.activity_wanted.emit)
        self.another = PrimaryButton(theme, "Send another", on_click=self.another_wanted.emit)
        self._build()

    def _build(self) -> None:
        theme = self.theme
        card = Card(theme, margin=0)
        card.body.setSpacing(0)
        head = QWidget()
        top = QHBoxLayout(head)
        top.setContentsMargins(_MARGIN, 4 * GRID, _MARGIN, 4 * GRID)
        top.setSpacing(4 * GRID)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.amount)
        top.addLayout(words, 1)
        top.addWidget(self.badge, 0, Qt.AlignmentFlag.AlignTop)
        state = QWidget()
        said = QVBoxLayout(state)
        said.setContentsMargins(_MARGIN, 3 * GRID, _MARGIN, 3 * GRID)
        said.setSpacing(GRID)
        said.addWidget(self.words)
        said.addWidget(self.advice)
        card.body.addWidget(head)
        card.body.addWidget(Separator(theme))
        card.body.addWidget(state)
        card.body.addWidget(Separator(theme))
        card.body.addWidget(self._lines())
        card.body.addWidget(Separator(theme))
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(_MARGIN, 4 * GRID, _MARGIN, 4 * GRID)
        row.setSpacing(2 * GRID)
        row.addWidget(self.activity)
        row.addStretch(1)
        row.addWidget(self.another)
        card.body.addWidget(foot)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(card)

    def _lines(self) -> QWidget:
        theme = self.theme
        lines = QWidget()
        column = QVBoxLayout(lines)
        column.setContentsMargins(_MARGIN, 4 * GRID, _MARGIN, 4 * GRID)
        column.setSpacing(10)
        to, beside, _ = labelled(theme, "To", top=2)
        beside.addWidget(self.recipient)
        beside.addWidget(self.name)
        column.addLayout(to)
        sender, beside, _ = labelled(theme, "From")
        beside.addWidget(self.payer)
        column.addLayout(sender)
        transaction, beside, _ = labelled(theme, "Transaction", top=4)
        across = QHBoxLayout()
        across.setSpacing(GRID)
        across.addWidget(self.id, 1)
        across.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignTop)
        beside.addLayout(across)
        column.addLayout(transaction)
        return lines

    def show_transfer(
        self,
        transfer: Transfer,
        siblings: Sequence[Transfer],
        network: Network,
        names: Names,
        ahead: Ahead | None = None,
    ) -> None:
        """Show this transfer as it is now."""
        self._transfer = transfer
        draft = transfer.draft
        words = names.asset(draft.asset)
        cancel = draft.kind is TransferKind.CANCEL
        what = "You cancelled" if cancel else f"You sent{money_text(network)}"
        if not transfer.state.is_mined:
            what = "You cancel" if cancel else f"You send{money_text(network)}"
        self.title.set_text(f"{what}, on {network.name}")
        amount = "Only the fee" if cancel or words is None else money(draft.amount, words.asset)
        self.amount.set_text(amount)
        self.amount.setAccessibleName(f"{self.title.text()}: {amount}")
        self.recipient.set_address(draft.recipient)
        own = breakable(names.account(draft.recipient))
        self.name.set_text(f"It is your account {own}." if own else "")
        self.name.setVisible(bool(own))
        self.payer.set_text(breakable(names.account(draft.sender)) or display_address(draft.sender))
        self.id.set_text(_broken(str(transfer.transaction)))
        self.id.setAccessibleName(f"Transaction {transfer.transaction}")
        now_s = self._shell.clock.now().wall_s
        fee = "" if transfer.fee_paid is None else money(transfer.fee_paid, native_asset(network), max_places=9)
        self.words.set_text(sentence(transfer, siblings, network, fee, now_s))
        hint = advice(transfer, siblings, ahead)
        self.advice.set_text(hint)
        self.advice.setVisible(bool(hint))
        self.badge.set_mark(mark_of(transfer), mark_text(transfer, now_s), self.words.text())

    def enter(self) -> None:
        """Begin a visit."""
        self.amount.setFocus()

    def forget(self) -> None:
        """Drop what was shown."""
        self._transfer = None
        for text in (self.title, self.amount, self.words, self.advice, self.name, self.payer, self.id):
            text.set_text("")
            text.setAccessibleName("")
        self.recipient.set_address(None)
        self.badge.set_mark(None)

    def _on_copy_clicked(self) -> None:
        if self._transfer is not None:
            self._shell.copy(str(self._transfer.transaction), "Transaction id")


def _broken(text: str) -> str:
    # A place to break in the middle: an id is one word, and too long for a line.
    middle = len(text) // 2
    return f"{text[:middle]}\u200b{text[middle:]}"
