"""The real window where something is missing: the keyring that belongs to the files, or the profile itself, in use."""

from __future__ import annotations

import shutil
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from tests.end_to_end.house import PASSWORD, PHRASE, Chain, at_rest, local_network, surrounds, wallet
from tests.end_to_end.person import Shown
from tests.fixtures.keyring_daemon import PrivateKeyring, private_keyring

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import OpenWindow

pytestmark = [pytest.mark.anvil, pytest.mark.keyring_daemon]


async def test_with_another_keyring_the_window_shows_the_balances_and_says_what_is_gone(
    tmp_path: Path,
    chain: Chain,
    keyring: PrivateKeyring,
    open_window: OpenWindow,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = local_network(chain.node.url)
    async with wallet(surrounds(tmp_path / "home", network)) as application:
        session = await application.create_profile("Main", PASSWORD)
        await session.accounts.add_phrase("Savings", PHRASE, created=False)
        chain.node.set_balance(session.accounts.accounts()[0].address.text, 42 * 10**18)
        await session.catalogue.choose_networks([network.id])
        await session.balances.refresh(session.balances.keys())
    chain.node.stop()
    shutil.copytree(tmp_path / "home", tmp_path / "copy")
    with private_keyring() as other:
        other.start_daemon()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", other.address)
        _, person = await open_window(surrounds(tmp_path / "copy", network))
        await person.enter("Password", PASSWORD, then=Qt.Key.Key_Return)
        await person.sees("that this wallet kept in the keyring is gone")
        await person.sees_balances(lambda shown: shown == {("Account 1", "ETH"): Shown(Decimal(42), "Cached")})
        await person.press("Accounts")
        await person.sees(r"button: Show phrase: Savings \(disabled")
        await person.sees(r"button: Add account: Savings \(disabled")


async def test_a_profile_that_is_open_elsewhere_is_told_in_words_and_opens_when_it_is_free(
    tmp_path: Path, chain: Chain, keyring: PrivateKeyring, open_window: OpenWindow
) -> None:
    network = local_network(chain.node.url)
    async with wallet(surrounds(tmp_path, network)) as first:
        session = await first.create_profile("Main", PASSWORD)
        await session.accounts.add_watch("Watched", "0x" + "a1" * 20)
        await session.catalogue.choose_networks([network.id])
        await at_rest(session)
        _, person = await open_window(surrounds(tmp_path, network))
        await person.enter("Password", PASSWORD, then=Qt.Key.Key_Return)
        await person.sees("This profile is open in another window of this program")
        assert (await session.balances.refresh(session.balances.keys())).failed == ()
    await person.enter("Password", PASSWORD, then=Qt.Key.Key_Return)
    await person.sees("All balances are zero")
