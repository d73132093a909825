"""Somebody chooses prices in the real window and sees what the balances of a real chain are worth."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from desktop_wallet.core.assets import AssetId, native_asset
from desktop_wallet.core.prices import CoinId
from tests.end_to_end.house import PASSWORD, Chain, local_network, surrounds, wallet
from tests.fakes.price_server import price_server
from tests.fakes.scripted_server import says
from tests.ui.conftest import LastingStore

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_wallet.compose import Surrounds
    from desktop_wallet.core.networks import Network
    from desktop_wallet.ui.tour_hands import ShiftedClock
    from tests.end_to_end.conftest import OpenWindow
    from tests.end_to_end.person import Person

pytestmark = pytest.mark.anvil
WATCHED = "0x" + "a1" * 20
MARKET = {"ethereum": "2709.5", "six-decimals": "0.5", "held-by-nobody": "7"}


async def furnished(outside: Surrounds, chain: Chain) -> None:
    """Make a profile that watches one address with coins and two tokens, of which no list has the second."""
    chain.node.set_balance(WATCHED, 2 * 10**18)
    chain.node.send_token(chain.tokens[0], WATCHED, 3_000_000)
    chain.node.send_token(chain.tokens[1], WATCHED, 10**18)
    async with wallet(outside) as application:
        session = await application.create_profile("Main", PASSWORD, without_keyring=True)
        await session.accounts.add_watch("Watched", WATCHED)
        network = session.catalogue.networks(enabled_only=False)[0].id
        await session.catalogue.choose_networks([network])
        for token in chain.tokens:
            await session.catalogue.add_token(await session.catalogue.find_token(network, token))


def listed(network: Network, chain: Chain) -> dict[AssetId, CoinId]:
    """Return what the wallet's own lists would say of this chain."""
    return {
        native_asset(network).id: CoinId("ethereum"),
        AssetId(network.id, "erc20", chain.tokens[0]): CoinId("six-decimals"),
        AssetId(network.id, "erc20", chain.tokens[3]): CoinId("held-by-nobody"),
    }


async def unlock(person: Person) -> None:
    await person.sees("button: Unlock")  # while it still locks, that button says so
    await person.enter("Password", PASSWORD, then=Qt.Key.Key_Return)


async def test_a_person_chooses_prices_and_sees_values_until_they_are_switched_off(
    tmp_path: Path, chain: Chain, clock: ShiftedClock, open_window: OpenWindow
) -> None:
    network = local_network(chain.node.url)
    async with price_server(lambda: clock.now().wall_s, MARKET) as market:
        own = surrounds(tmp_path, network, clock=clock, store=lambda: LastingStore({}, []))
        outside = replace(own, prices_url=market.url, coins=lambda: listed(network, chain))
        await furnished(outside, chain)
        _, person = await open_window(outside)
        await unlock(person)
        await person.sees(r"ETH Ether, 2\.00 ETH, ")
        assert market.server.connections.opened == 0, "nobody is asked before somebody chose so"
        assert "Value" not in person.screen()

        await person.press("Settings")
        await person.press("Section: Prices")
        said = await person.sees("that server sees your IP address")
        assert market.server.connections.opened == 0
        assert re.search(r"Prices come from 127\.0\.0\.1:\d+ .* names of all 3 coins", said)
        await person.press("Show prices")
        await person.sees(r"The prices are \d+ s old")
        await person.press("Balances")
        screen = await person.sees(r"ETH Ether, 2\.00 ETH, worth \$5,419\.00, ")
        assert "USDT6 Six Decimals, 3.00 USDT6, worth $1.50, " in screen
        assert "EIGHT Eighteen, 1.00 EIGHT, no price, " in screen
        assert "All balances are worth $5,420.50" in screen
        assert re.search(r"Oldest balance \d+ s, prices \d+ s old, 1 of 6 without a price", screen)
        assert [query["ids"] for query in market.asked] == ["ethereum,held-by-nobody,six-decimals"]

        # Locked, and unlocked a minute later: the values are there at once, and nobody is asked.
        await person.press("Lock")
        clock.advance(60)
        await unlock(person)
        await person.sees(r"worth \$5,419\.00.*")
        await person.sees(r"prices 1 min old")
        assert len(market.asked) == 1

        # After its time it is asked once more; the server refuses, and the old prices say so.
        market.server.script.append(says({}, status="429 Too Many Requests", Retry_After="600"))
        clock.advance(300)
        await person.sees(r"prices 6 min old.*127\.0\.0\.1")
        assert "worth $5,419.00" in person.screen()
        assert len(market.asked) == 2

        await person.press("Settings")
        await person.press("Section: Prices")
        await person.press("Switch prices off")
        await person.sees("Prices are off. No server is asked for them")
        await person.press("Balances")
        await person.sees(r"ETH Ether, 2\.00 ETH, \w+ ·")
        assert "worth" not in person.screen()
        assert len(market.asked) == 2
