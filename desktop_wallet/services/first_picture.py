"""What an unlock does before its first picture: it reads the pages that stand at the top, and no more.

open_session -> look (a few pages, a moment at most) -> the window opens and paints -> go_on -> the rest of the disk

Nobody waits for the disk longer than that: requirement P1.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from desktop_wallet.services.grouping import keys_by_page

if TYPE_CHECKING:
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.services.accounts import Accounts
    from desktop_wallet.services.reading import Balances

FIRST_PAGES = 24
"""Pages read before the first picture: more than any window shows at once."""
_LONGEST_S = 0.05
"""What an unlock waits for them at most."""
_TURNS = 4
"""Turns of the loop from an unlock to its first picture, the page that opens and its paint among them."""


class FirstPicture:
    """Holds back what reads the rest of the disk, while a first picture is to come."""

    def __init__(self) -> None:
        """Hold nothing back."""
        self._passed = asyncio.Event()
        self._passed.set()

    async def look(self, balances: Balances, accounts: Accounts) -> None:
        """Wait a moment for what the disk keeps of the balances at the top; the rest waits for `go_on`."""
        self._passed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_S):
                await balances.load_pages(_at_the_top(balances, accounts))

    async def passed(self) -> None:
        """Return once the picture is painted, or none is to come."""
        await self._passed.wait()

    async def go_on(self) -> None:
        """Give the picture its turns of the loop, and let pass what waits for it."""
        try:
            for _ in range(_TURNS):
                await asyncio.sleep(0)
        finally:
            self._passed.set()


def _at_the_top(balances: Balances, accounts: Accounts) -> list[BalanceKey]:
    """Return the balances of the first pages: in the order of the wallets, most recently used accounts first."""
    pages = keys_by_page(balances.keys())
    places = {wallet.id: place for place, wallet in enumerate(accounts.wallets())}
    if len(places) > 1:
        place_of = {account.address.text: places.get(account.wallet, 0) for account in accounts.accounts()}
        pages.sort(key=lambda page: place_of.get(page[0].address.text, 0))
    return [key for page in pages[:FIRST_PAGES] for key in page]
