"""Step 1, Draft: from which account, on which network, what, to whom, how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.ui.pages.send.draft_words import (
    AMOUNT_HINT,
    amount_problem,
    speed_hint,
    spendable_text,
    too_much_text,
)
from desktop_wallet.ui.pages.send.recipient_field import RecipientField
from desktop_wallet.ui.pages.send.review_words import paid_text
from desktop_wallet.ui.pages.send.state import Doing, SendState, check
from desktop_wallet.ui.theme import GRID, TextStyle, Token
from desktop_wallet.ui.widgets.badge import BadgeLabel
from desktop_wallet.ui.widgets.buttons import PrimaryButton, SecondaryButton
from desktop_wallet.ui.widgets.card import Card
from desktop_wallet.ui.widgets.fields import Choice, FormRow, TextField
from desktop_wallet.ui.widgets.notice import Banner, NoticeKind
from desktop_wallet.ui.widgets.text import Text
from desktop_wallet.ui.words import badge_tooltip

if TYPE_CHECKING:
    from desktop_wallet.core.assets import Asset
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import Network
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.models.balance_names import AssetWords
    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.pages.send.names import Payer, SendNames

_LINE_HEIGHT = 20
_LONGEST = 100


class DraftStep(QWidget):
    """The fields of a draft. They write into the state's entry; what a person wants next is told by signal."""

    review_wanted = Signal()
    cancel_wanted = Signal()
    most_wanted = Signal()
    edited = Signal()
    """Something was typed or chosen."""
    balance_chosen = Signal()
    """Another account or asset was chosen: its balance should be looked at."""

    def __init__(self, shell: Shell, state: SendState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell, self.state = shell, state
        self.theme = theme = shell.theme
        self._names: SendNames | None = None
        self._session: Session | None = None
        self._payers: list[Payer] = []
        self._networks: list[Network] = []
        self._assets: list[AssetWords] = []
        self._hint = ""
        self._asked_amount = False
        self.account = Choice(theme, "From account")
        self.network = Choice(theme, "Network")
        self.asset = Choice(theme, "Asset")
        for choice in (self.account, self.network, self.asset):
            # No name of an account or token makes the column wider than it is.
            choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            choice.setMinimumContentsLength(8)
        self.spendable = Text(theme, token=Token.MUTED)
        self.badge = BadgeLabel(theme)
        self.to = RecipientField(theme)
        self.amount = TextField(theme, "Amount", "0.00")
        self.amount.setMaxLength(_LONGEST)
        self.symbol = Text(theme, style=TextStyle.STRONG)
        self.max = SecondaryButton(theme, "Max", on_click=self.most_wanted.emit)
        self.words = Text(theme, AMOUNT_HINT, token=Token.MUTED, wrap=True)
        self.error = Banner(theme, "", NoticeKind.FAILURE)
        self.progress = Text(theme, token=Token.MUTED)
        self.cancel = SecondaryButton(theme, "Cancel", on_click=self.cancel_wanted.emit)
        self.review = PrimaryButton(theme, "Review", on_click=self._on_review_clicked)
        self._build()
        self._connect()

    def _build(self) -> None:
        theme = self.theme
        card = Card(theme, margin=5 * GRID)
        card.body.setSpacing(3 * GRID)
        card.body.addWidget(FormRow(theme, "From", self.account))
        across = QHBoxLayout()
        across.setSpacing(3 * GRID)
        across.addWidget(FormRow(theme, "Network", self.network), 1)
        across.addWidget(FormRow(theme, "Asset", self.asset), 1)
        known = QHBoxLayout()
        known.setSpacing(2 * GRID)
        known.addWidget(self.spendable)
        known.addWidget(self.badge)
        known.addStretch(1)
        what = QVBoxLayout()
        what.setSpacing(2 * GRID)
        what.addLayout(across)
        what.addLayout(known)
        card.body.addLayout(what)
        card.body.addWidget(self.to)
        card.body.addLayout(self._amount())
        self.error.hide()
        card.body.addWidget(self.error)
        foot = QHBoxLayout()
        foot.setSpacing(2 * GRID)
        foot.addWidget(self.progress, 1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.review)
        card.body.addLayout(foot)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(card)

    def _amount(self) -> QVBoxLayout:
        label = Text(self.theme, "Amount")
        label.setBuddy(self.amount)
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        row.addWidget(self.amount, 1)
        row.addWidget(self.symbol)
        row.addWidget(self.max)
        column = QVBoxLayout()
        column.setSpacing(GRID)
        column.addWidget(label)
        column.addLayout(row)
        self.words.setMinimumHeight(_LINE_HEIGHT)
        column.addWidget(self.words)
        return column

    def _connect(self) -> None:
        self.account.currentIndexChanged.connect(self._on_account_chosen)
        self.network.currentIndexChanged.connect(self._on_network_chosen)
        self.asset.currentIndexChanged.connect(self._on_asset_chosen)
        self.to.edited.connect(self._on_recipient_edited)
        self.to.entered.connect(self._on_recipient_entered)
        self.amount.textEdited.connect(self._on_amount_edited)
        self.amount.returnPressed.connect(self._on_review_clicked)

    # From the page

    def attach(self, session: Session | None, names: SendNames | None) -> None:
        """Offer what this session has, or nothing."""
        self._session, self._names = session, names
        if session is None:
            for choice in (self.account, self.network, self.asset):
                _fill(choice, [], None)
            self._payers, self._networks, self._assets = [], [], []
            self.to.forget()
            self.amount.clear()
            self._hint = ""
            self._asked_amount = False
            self.set_error("")
            self.badge.set_badge(None)
            self.spendable.set_text("")

    @property
    def payers(self) -> tuple[Payer, ...]:
        """Return the accounts that are offered, those that cannot sign too."""
        return tuple(self._payers)

    def show_choices(self) -> None:
        """Offer accounts, networks and assets anew, and show what the entry holds."""
        names, entry = self._names, self.state.entry
        if names is None:
            return
        self._payers = names.payers()
        able = [payer for payer in self._payers if not payer.why_not]
        if entry.sender not in [payer.account.address for payer in able]:
            entry.sender = able[0].account.address if able else None
        texts = [payer.name if not payer.why_not else f"{payer.name} ({payer.why_not})" for payer in self._payers]
        chosen = next((n for n, payer in enumerate(self._payers) if payer.account.address == entry.sender), None)
        _fill(self.account, texts, chosen)
        model = self.account.model()
        if isinstance(model, QStandardItemModel):
            for number, payer in enumerate(self._payers):
                model.item(number).setEnabled(not payer.why_not)
        self._show_networks()
        self._show_recipients()
        self.to.set_text(entry.recipient)
        if self.amount.text() != entry.amount:  # the cursor of whoever types stays where it is
            self.amount.setText(entry.amount)
            self._asked_amount = False

    def _show_networks(self) -> None:
        names, entry = self._names, self.state.entry
        payer = next((known for known in self._payers if known.account.address == entry.sender), None)
        if names is None or payer is None:
            return
        self._networks = names.networks(payer.account)
        ids = [known.id for known in self._networks]
        if entry.network not in ids:
            entry.network = ids[0] if ids else None
        _fill(
            self.network,
            [known.name for known in self._networks],
            ids.index(entry.network) if entry.network is not None else None,
        )
        self._show_assets()

    def _show_assets(self) -> None:
        names, entry = self._names, self.state.entry
        if names is None or entry.sender is None or entry.network is None:
            return
        self._assets = names.assets(entry.sender, entry.network)
        ids = [words.asset.id for words in self._assets]
        chosen = ids.index(entry.asset.id) if entry.asset is not None and entry.asset.id in ids else 0
        entry.asset = self._assets[chosen].asset if self._assets else None
        _fill(self.asset, [_asset_text(words) for words in self._assets], chosen if self._assets else None)
        self.symbol.set_text(self._assets[chosen].symbol if self._assets else "")

    def _show_recipients(self) -> None:
        entry = self.state.entry
        sender = next((known.account for known in self._payers if known.account.address == entry.sender), None)
        family = sender.family if sender is not None else None
        others = [p for p in self._payers if p.account.address != entry.sender and p.account.family is family]
        self.to.set_choices(family, others)

    def renew(self, opened: Instant | None) -> None:
        """Say what can be spent now, how old that is, and what is wrong; called once a second."""
        session, key, asset = self._session, self.key, self.state.entry.asset
        if session is None or key is None or asset is None:
            self.spendable.set_text("")
            self.badge.set_badge(None)
            return
        state = session.balances.state(key)
        badge = session.balances.badge(key, opened)
        self.spendable.set_text(spendable_text(session.balances.spendable(key), state.reading, asset))
        name = session.catalogue.network(key.network).name
        self.badge.set_badge(badge, badge_tooltip(badge, state, name, self._shell.clock.now()))
        self.to.set_who(self._who())
        self._say_amount()
        self.settle()

    def settle(self) -> None:
        """Show what is under way and what may be pressed."""
        asking = self.state.doing is Doing.ASKING
        self.cancel.setVisible(asking)
        self.review.setEnabled(self.state.doing is Doing.NOTHING)
        network = next((known.name for known in self._networks if known.id == self.state.entry.network), "")
        where = network or "The network"
        hint = speed_hint(self.state.speed)
        self.progress.set_text(f"{where} is asked what this would do and cost." if asking else hint)

    def set_error(self, sentence: str) -> None:
        """Say why it could not be reviewed, or nothing."""
        self.error.set_text(sentence)
        self.error.setVisible(bool(sentence))

    def show_most(self, text: str, hint: str) -> None:
        """Put in the most that can be sent, and say what stays behind."""
        self.amount.setText(text)
        self.state.entry.amount = text
        self.state.entry.everything = True
        self._hint = hint
        self._say_amount()

    @property
    def key(self) -> BalanceKey | None:
        """Return the balance that is to be sent from."""
        entry = self.state.entry
        if entry.sender is None or entry.network is None or entry.asset is None:
            return None
        return BalanceKey(entry.network, entry.sender, entry.asset.id)

    @property
    def keys(self) -> tuple[BalanceKey, ...]:
        """Return that balance, and the one that pays the fee; none while nothing is chosen."""
        key = self.key
        if key is None or self._session is None:
            return ()
        coin = native_asset(self._session.catalogue.network(key.network)).id
        return tuple(dict.fromkeys((key, BalanceKey(key.network, key.address, coin))))

    def focus_first(self) -> None:
        """Put the cursor where something is missing."""
        entry = self.state.entry
        (self.to if not entry.recipient.strip() else self.amount).setFocus()

    # Within

    def _who(self) -> str:
        address = self.to.recipient
        if address is None or self._names is None:
            return ""
        if address == self.state.entry.sender:
            return "This is the account that you send from."
        own = self._names.account(address)
        if own:
            return f"Your account {own}."
        return paid_text(self._names.paid(address), self._shell.clock.now())

    def _say_amount(self) -> None:
        entry, asset = self.state.entry, self.state.entry.asset
        if asset is None:
            return
        checked = check(entry)
        problem = (
            ""
            if checked.amount is None
            else amount_problem(checked.amount, entry.amount, asset, typing=not self._asked_amount)
        )
        too_much = self._too_much(asset)
        self.amount.set_wrong(bool(problem))
        self.words.set_text(problem or too_much or self._hint or AMOUNT_HINT)
        token = Token.UNAVAILABLE if problem else Token.STALE if too_much else Token.MUTED
        self.words.set_token(token)
        self.amount.setAccessibleDescription(self.words.text())

    def _too_much(self, asset: Asset) -> str:
        if self._session is None or self.key is None:
            return ""
        return too_much_text(self.state.entry.base_units, self._session.balances.spendable(self.key), asset)

    def _on_account_chosen(self, index: int) -> None:
        if 0 <= index < len(self._payers) and not self._payers[index].why_not:
            self.state.entry.sender = self._payers[index].account.address
            self._show_networks()
            self._show_recipients()
            self._on_chosen()

    def _on_network_chosen(self, index: int) -> None:
        if 0 <= index < len(self._networks):
            self.state.entry.network = self._networks[index].id
            self._show_assets()
            self._on_chosen()

    def _on_asset_chosen(self, index: int) -> None:
        if 0 <= index < len(self._assets):
            self.state.entry.asset = self._assets[index].asset
            self.symbol.set_text(self._assets[index].symbol)
            self._on_chosen()

    def _on_chosen(self) -> None:
        self._hint = ""
        self.state.entry.everything = False
        self._on_any_edited()
        self.balance_chosen.emit()

    def _on_recipient_edited(self) -> None:
        if self.to.field.text() != self.state.entry.recipient:
            self.state.entry.recipient = self.to.field.text()
            self.to.set_who(self._who())
            self._on_any_edited()

    def _on_amount_edited(self, text: str) -> None:
        self.state.entry.amount = text
        self.state.entry.everything = False
        self._hint = ""
        self._asked_amount = False
        self._say_amount()
        self._on_any_edited()

    def _on_any_edited(self) -> None:
        self.set_error("")
        self.edited.emit()

    def _on_recipient_entered(self) -> None:
        if self.to.recipient is not None and not self.state.entry.amount.strip():
            self.amount.setFocus()
        else:
            self._on_review_clicked()

    def _on_review_clicked(self) -> None:
        checked = check(self.state.entry)
        self.to.demand()
        self._asked_amount = True
        self._say_amount()
        if checked.draft is not None:
            self.review_wanted.emit()
        elif checked.recipient is not None:
            self.to.setFocus()
        elif checked.amount is not None:
            self.amount.setFocus()


def _fill(choice: Choice, texts: list[str], chosen: int | None) -> None:
    """Offer these texts, with one of them chosen; tells nobody."""
    choice.blockSignals(True)
    if texts != [choice.itemText(place) for place in range(choice.count())]:
        choice.clear()
        choice.addItems(texts)
    choice.setCurrentIndex(-1 if chosen is None else chosen)
    choice.blockSignals(False)


def _asset_text(words: AssetWords) -> str:
    marks = "" if words.listed else " (so its contract says)"
    return f"{words.symbol}  {words.name}{marks}"
