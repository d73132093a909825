"""Prices: off until a person chooses a currency, having read who learns what by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from typing_extensions import override

from desktop_wallet.core.prices import CURRENCIES
from desktop_wallet.ui.dialogs import confirm
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.pages.settings_section import Section
from desktop_wallet.ui.theme import Token
from desktop_wallet.ui.widgets.buttons import SecondaryButton
from desktop_wallet.ui.widgets.fields import Choice, FormRow
from desktop_wallet.ui.widgets.text import Text
from desktop_wallet.ui.words import age_text, count_text, left_text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.services.prices import Prices
    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.tasks import TaskOwner


class PricesSection(Section):
    """The currency, what it tells a server, and how old the prices are."""

    key: ClassVar[str] = "prices"
    title: ClassVar[str] = "Prices"

    def __init__(self, shell: Shell, tasks: TaskOwner, parent: QWidget | None = None) -> None:
        super().__init__(shell, tasks, parent)
        theme = self.theme
        card = self.add_card("What balances are worth")
        self.learns = Text(theme, "", token=Token.MUTED, wrap=True)
        card.body.addWidget(self.learns)
        self.currency = Choice(theme, "Currency")
        self.currency.addItem("Off", "")
        for code, known in CURRENCIES.items():
            self.currency.addItem(f"{known.name} ({code.upper()})", code)
        self.currency.activated.connect(self._on_currency_chosen)
        card.body.addWidget(FormRow(theme, "Show values in", self.currency, side=True))
        self.state = Text(theme, "", wrap=True)
        card.body.addWidget(self.state)
        self.off = SecondaryButton(theme, "Switch prices off", on_click=self._on_off_clicked)
        card.body.addWidget(self.off, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addStretch(1)

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
        chosen = "" if prices.currency is None else prices.currency.code
        self.currency.setCurrentIndex(max(self.currency.findData(chosen), 0))
        self.learns.set_text(learns_text(prices))
        self.state.set_text(state_text(prices))
        self.off.setVisible(bool(chosen))

    @override
    def on_change(self, change: ChangeSet) -> None:
        if (change.prices or change.catalogue) and self.isVisible():
            self.show_now()

    @override
    def tick(self) -> None:
        if self.session is not None:
            self.state.set_text(state_text(self.session.prices))

    def _on_currency_chosen(self) -> None:
        self.tasks.start(self._choose(str(self.currency.currentData())), key="dialog")

    def _on_off_clicked(self) -> None:
        self.tasks.start(self._choose(""), key="dialog")

    async def _choose(self, code: str) -> None:
        session = self.session
        if session is None:
            return
        prices = session.prices
        try:
            if code and prices.currency is None and not prices.playing and not await self._agrees(prices):
                return
            await prices.choose(code)
            chosen = CURRENCIES.get(code)
            forgotten = "Prices are off. Nobody is asked for them, and those that were known are forgotten."
            self.done(forgotten if chosen is None else f"Values are shown in {chosen.name}.")
        finally:
            self.show_now()

    async def _agrees(self, prices: Prices) -> bool:
        # Where nothing was asked before, the first choice is the one that tells a server something.
        title = f"Ask {prices.source.name} for prices?"
        return await confirm(self, self.theme, title, learns_text(prices), action="Show prices")


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
        "addresses, your amounts, or which of those coins you hold. It is asked every "
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
