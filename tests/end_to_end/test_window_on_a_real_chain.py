"""The real window, driven as a person drives it, on a real node and a real keyring."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from tests.end_to_end.house import PASSWORD, TOKENS, Chain, holding, local_network, surrounds
from tests.end_to_end.person import Shown
from tests.fakes.scripted_server import scripted_server

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.ui.tour_hands import ShiftedClock
    from tests.end_to_end.conftest import OpenWindow
    from tests.end_to_end.person import Person
    from tests.fixtures.keyring_daemon import PrivateKeyring

pytestmark = [pytest.mark.anvil, pytest.mark.keyring_daemon]

ACCOUNTS = ("Account 1", "Account 2", "Account 3")


def table(badge: str, more: int = 0) -> dict[tuple[str, str], Shown]:
    """Return what the table must show: every amount to its last digit."""
    coins = (("ETH", 18), *((token.symbol, token.decimals) for token in TOKENS))
    return {
        (account, symbol): Shown(Decimal(amount + more if amount else 0).scaleb(-decimals), badge)
        for number, account in enumerate(ACCOUNTS)
        for place, (symbol, decimals) in enumerate(coins)
        for amount in (holding(number, place),)
    }


async def create_a_wallet(person: Person) -> None:
    """Go the way in: password, new phrase, three words of it; up to the networks."""
    await person.press("Create a new wallet")
    await person.enter("Password", PASSWORD)
    await person.enter("Password again", PASSWORD)
    await person.press("Continue")
    await person.hears("12 words, covered")
    await person.press("Show the words")
    phrase = dict(pair.split() for pair in (await person.hears(r"(\d+ [a-z]+(, )?){12}")).split(", "))
    await person.press("I have written them down")
    asked = re.findall(r"Word (\d+)", await person.sees(r"Word \d+"))
    for number in dict.fromkeys(asked):
        await person.enter(f"Word {number}", phrase[number])
    await person.press("Check and create")


async def choose_the_own_node(person: Person, url: str) -> None:
    """Name one's own node and ask nobody else; then do without a backup file for now."""
    await person.sees("Until you choose here, no server has been asked anything")
    await person.choose("Servers of Local", "My own node…")
    await person.enter("Address of your node for Local", url)
    await person.press("Continue")
    await person.press("Later")


async def add_accounts_and_tokens(person: Person, tokens: list[str]) -> None:
    """Add two accounts, and each token by its address."""
    await person.press("Accounts")
    for count in (2, 3):
        await person.press("Add account")
        await person.sees(f"1 wallet · {count} accounts")
    await person.press("Show: Tokens")
    for number, token in enumerate(tokens, 2):
        await person.enter("Address of the token's contract", token, then=Qt.Key.Key_Return)
        await person.press("Add this token")
        await person.sees(f"{number} assets")


async def test_a_person_creates_a_wallet_and_sees_every_change_outage_and_another_chain(
    tmp_path: Path, chain: Chain, keyring: PrivateKeyring, clock: ShiftedClock, open_window: OpenWindow
) -> None:
    async with scripted_server() as public:
        window, person = await open_window(surrounds(tmp_path, local_network(public.url), clock=clock))
        await create_a_wallet(person)
        await choose_the_own_node(person, chain.node.url)
        await person.sees("table: Balances|All balances are zero")
        assert public.connections.opened == 0, "nobody was asked who was not chosen"
    await add_accounts_and_tokens(person, chain.tokens)
    session = window._application.session
    assert session is not None
    await session.settings.change(keep_fresh=False)  # here it is the buttons that read: see test_kept_fresh.py
    session.refresher.apply_settings()
    addresses = [account.address for account in session.accounts.accounts()]
    assert [server.url for server in session.catalogue.servers(session.catalogue.networks()[0].id)] == [chain.node.url]
    chain.give(addresses)

    # Locked, and unlocked a minute later: the preload brings everything.
    await person.press("Lock")
    clock.advance(60)
    await person.enter("Password", "not the password", then=Qt.Key.Key_Return)
    await person.sees("That is not the password of this profile")
    await person.enter("Password", PASSWORD, then=Qt.Key.Key_Return)
    await person.press("Show All Balances")
    await person.sees_balances(lambda shown: shown == table("Fresh"))
    assert len(await person.balances()) == 18

    await balances_change_and_refresh_shows_it(person, chain, addresses)
    chain.give(addresses)
    await the_node_dies_and_the_amounts_stay(person, chain, addresses)

    # Another chain at the same place, lower, and with other amounts.
    chain.node.start()
    chain.furnish()
    chain.give(addresses, more=11)
    await person.press("Refresh")
    await person.sees_balances(lambda shown: shown == table("Fresh", more=11))
    assert "could not be" not in person.screen()


async def balances_change_and_refresh_shows_it(person: Person, chain: Chain, addresses: list[Address]) -> None:
    chain.node.set_balance(addresses[1].text, 5)
    chain.node.send_token(chain.tokens[3], addresses[2].text, 7)
    before = await person.balances()
    await person.press("Refresh")
    changed = {
        ("Account 2", "ETH"): Shown(Decimal("5e-18"), "Fresh"),
        ("Account 3", "NONE"): Shown(Decimal("7e-18"), "Fresh"),
    }
    await person.sees_balances(lambda shown: shown == {**before, **changed})
    await person.sees("18 balances read from 1 network in .* 2 changed")


async def the_node_dies_and_the_amounts_stay(person: Person, chain: Chain, addresses: list[Address]) -> None:
    before = await person.balances()
    chain.node.stop()
    await person.press("Refresh")
    await person.sees_balances(lambda shown: {line.badge for line in shown.values()} == {"Stale"})
    assert {place: line.amount for place, line in (await person.balances()).items()} == {
        place: line.amount for place, line in before.items()
    }
    await person.sees("18 balances could not be read. Local could not be reached")
    await person.open_details("Account 1", "ETH")
    await person.sees("Local could not be reached. Shown is what it said at")
    await person.press("Close the details")
