"""Prices: off until a person chooses a currency, having read who learns what by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtWidgets import QHBoxLayout
from typing_extensions import override

from desktop_wallet.core.prices import CURRENCIES
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.pages.settings_section import Section
from desktop_wallet.ui.theme import GRID, Token
from desktop_wallet.ui.widgets.buttons import PrimaryButton, SecondaryButton
from desktop_wallet.ui.widgets.fields import Choice, FormRow
from desktop_wallet.ui.widgets.text import Text
from desktop_wallet.ui.words import age_text, count_text, left_text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.services.prices import Prices
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.tasks import TaskOwner


class PricesSection(Section):
    """The currency, what prices tell a server, and how old they are. Nothing is asked before the button is pressed."""

    key: ClassVar[str] = "prices"
    title: ClassVar[str] = "Prices"

    def __init__(self, shell: Shell, tasks: TaskOwner, parent: QWidget | None = None) -> None:
        super().__init__(shell, tasks, parent)
        theme = self.theme
        card = self.add_card("What balances are worth")
        self.learns = Text(theme, "", token=Token.MUTED, wrap=True)
        card.body.addWidget(self.learns)
        self.currency = Choice(theme, "Currency")
        for code, known in CURRENCIES.items():
            self.currency.addItem(f"{known.name} ({code.upper()})", code)
        # A list that acts at once would ask a server for every currency that the arrow keys pass.
        self.currency.currentIndexChanged.connect(self._on_currency_changed)
        card.body.addWidget(FormRow(theme, "Currency", self.currency, side=True))
        self.state = Text(theme, "", wrap=True)
        card.body.addWidget(self.state)
        self.show_prices = PrimaryButton(theme, "Show prices", on_click=self._on_show_clicked)
        self.off = SecondaryButton(theme, "Switch prices off", on_click=self._on_off_clicked)
        buttons = QHBoxLayout()
        buttons.setSpacing(2 * GRID)
        buttons.addWidget(self.show_prices)
        buttons.addWidget(self.off)
        buttons.addStretch(1)
        card.body.addLayout(buttons)
        self.body.addStretch(1)

    @override
    def attach(self, session: Session) -> None:
        super().attach(session)
        chosen = session.prices.currency
        self.currency.setCurrentIndex(0 if chosen is None else self.currency.findData(chosen.code))

    @override
    def detach(self) -> None:
        super().detach()
        self.currency.setCurrentIndex(0)
        self.state.set_text("")
        self.learns.set_text("")

    @override
    def show_now(self) -> None:
        if self.session is None:
            return
        prices = self.session.prices
        self.learns.set_text(learns_text(prices))
        self.state.set_text(state_text(prices))
        self._show_buttons(prices)

    @override
    def on_change(self, change: ChangeSet) -> None:
        if (change.prices or change.catalogue) and self.isVisible():
            self.show_now()

    @override
    def tick(self) -> None:
        if self.session is not None:
            self.state.set_text(state_text(self.session.prices))

    def _show_buttons(self, prices: Prices) -> None:
        on, wanted = prices.currency, str(self.currency.currentData())
        self.off.setVisible(on is not None)
        self.show_prices.setVisible(on is None or on.code != wanted)
        self.show_prices.set_text("Show prices" if on is None else f"Show them in {wanted.upper()}")

    def _on_currency_changed(self) -> None:
        if self.session is not None:
            self._show_buttons(self.session.prices)

    def _on_show_clicked(self) -> None:
        self.tasks.start(self._choose(str(self.currency.currentData())), key="prices")

    def _on_off_clicked(self) -> None:
        self.tasks.start(self._choose(""), key="prices")

    async def _choose(self, code: str) -> None:
        if self.session is None:
            return
        await self.session.prices.choose(code)
        forgotten = "Prices are off. Nobody is asked for them, and those that were known are forgotten."
        self.done(f"Values are shown in {code.upper()}." if code else forgotten)
        self.show_now()


def learns_text(prices: Prices) -> str:
    """Return who learns what when prices are on, in plain words."""
    if prices.playing:
        return (
            "This is a practice profile: its prices are play prices, made up in this program. Nobody is asked for them."
        )
    host, many = prices.source.host, count_text(len(prices.coins()), "coin")
    return (
        f"Prices come from {host} ({prices.source.name}). While they are on, that server sees your IP address, the "
        f"currency, and the names of all {many} that the wallet lists for the networks you use. It does not see your "
        "addresses, your amounts, or which of those coins you hold. It is asked once in "
        f"{left_text(prices.ttl_s)} at most, and only while the Balances page is looked at. Off, it is never asked."
    )


def state_text(prices: Prices) -> str:
    """Return whether prices are on, how old they are, and why there are no newer ones."""
    if prices.currency is None:
        return "Prices are off. No server is asked for them."
    age_s = prices.age_s()
    if prices.asking:
        text = "Prices are being asked for."
    elif age_s is None:
        text = "There are no prices yet. They are asked for when the Balances page is looked at."
    else:
        text = f"The prices are {age_text(age_s)} old."
    return text if prices.failure is None else f"{text} {error_text(prices.failure).sentence}"
