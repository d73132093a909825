"""The tour's pictures of prices: chosen in Settings, beside the balances, outdated, and switched off again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize

from desktop_wallet.ui.pages.settings import SettingsPage
from desktop_wallet.ui.theme import SMALLEST_WINDOW

if TYPE_CHECKING:
    from desktop_wallet.ui.tour_hands import Hands

_LATER_S = 12 * 60.0


class PriceScenes:
    """Shows what balances are worth. Play prices are made up in the program: nobody is asked."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    async def walk(self) -> None:
        """Take every picture of these scenes; prices are off again at the end."""
        hands, window = self._hands, self._hands.window
        window.open_page("settings")
        settings = window.findChild(SettingsPage)
        if settings is not None:
            settings.open_section("prices")
        await hands.picture("settings-prices-off")
        await hands.press("Show prices")
        await hands.until(lambda: hands.button("Switch prices off"))
        window.open_page("balances")
        await hands.at_rest()
        await hands.until(lambda: hands.session.prices.age_s() is not None)
        await hands.pictures("balances-with-values")
        hands.select_row(1)
        await hands.picture("what-a-balance-is-worth")
        await hands.press("Close the details")
        size = window.size()
        window.resize(QSize(*SMALLEST_WINDOW))
        await hands.picture("balances-with-values-in-the-smallest-window")
        window.resize(size)
        window.open_page("settings")
        hands.stay(_LATER_S)
        await hands.picture("settings-prices-on")
        await hands.press("Switch prices off")
        await hands.until(lambda: hands.session.prices.currency is None)
        window.open_page("balances")
        await hands.at_rest()
