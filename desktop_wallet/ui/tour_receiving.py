"""The tour's pictures of what comes in: a payment that its log tells of, spam that is out of sight, found tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize

from desktop_wallet.ui.pages.accounts import AccountsPage
from desktop_wallet.ui.pages.activity import ActivityPage
from desktop_wallet.ui.pages.settings import SettingsPage
from desktop_wallet.ui.theme import SMALLEST_WINDOW

if TYPE_CHECKING:
    from desktop_wallet.core.receipts import Received
    from desktop_wallet.ui.tour_hands import Hands

_BLOCKS_S = 13.0


class ReceivingScenes:
    """Has strangers send play tokens and spam, and shows where each of it stands."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    async def walk(self) -> None:
        """Take every picture of these scenes."""
        hands, window = self._hands, self._hands.window
        await self._look()
        self._send()
        await self._look()
        window.open_page("activity")
        page = window.findChild(ActivityPage)
        if page is None:
            return
        page.model.flush()
        page.close_details()
        await hands.pictures("activity-received")
        page.suspected.click()
        page.model.flush()
        await hands.pictures("activity-suspicious-shown")
        page.open_details(self._logged(page, 0))
        await hands.picture("why-a-payment-is-out-of-sight")
        page.open_details(self._logged(page, 25_000_000))
        await hands.pictures("a-payment-told-by-its-log")
        page.close_details()
        size = window.size()
        window.resize(QSize(*SMALLEST_WINDOW))
        await hands.picture("activity-suspicious-in-the-smallest-window")
        window.open_page("accounts")
        accounts = window.findChild(AccountsPage)
        if accounts is not None:
            accounts.part.set_value("tokens")
            accounts.part.changed.emit("tokens")
            await hands.until(lambda: accounts.tokens.found_tokens.rows)
            accounts.tokens.found_tokens.fold.click()
            await hands.picture("found-tokens-in-the-smallest-window")
        window.resize(size)
        await hands.pictures("found-tokens")
        window.open_page("settings")
        settings = window.findChild(SettingsPage)
        if settings is not None:
            settings.open_section("tokens")
            await hands.picture("settings-tokens")
        window.open_page("balances")
        await hands.at_rest()

    def _send(self) -> None:
        chain = self._hands.application.practice[0]
        ours, other = (account.address for account in self._hands.session.accounts.accounts()[:2])
        dollar = chain.world.tokens[0].symbol
        chain.airdrop(ours, 25_000_000, symbol=dollar, name="")
        chain.airdrop(ours, 0, symbol=dollar, name="")
        chain.airdrop(other, 500 * 10**18, symbol="PEPPER", name="Pepper")
        chain.airdrop(ours, 9 * 10**9, symbol=dollar.replace("S", "\u0405"), name="Play Dollar", decimals=6)
        chain.airdrop(ours, 7_777, symbol="GIFT", name="Claim at reward-gift.xyz", decimals=0)

    async def _look(self) -> None:
        """Let blocks come, and have balances and logs looked at."""
        hands = self._hands
        network = hands.application.practice[0].world.network.id
        hands.pass_time(_BLOCKS_S)
        session = hands.session
        await session.balances.refresh(session.balances.keys(network=network))
        await session.discovery.look(network)
        await hands.at_rest()

    def _logged(self, page: ActivityPage, amount: int) -> Received:
        """Return the logged payment of so much."""
        rows = page.session.incoming.all() if page.session is not None else ()
        return next(row for row in rows if row.trace is not None and row.amount == amount)
