"""Somebody has a copy of the files, or the keyring, but not both: no secret opens; with the password, balances show."""

from __future__ import annotations

import base64
import shutil
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.errors import KeyringEntryVanished, VaultMissing, WrongPassword
from desktop_wallet.core.freshness import BadgeKind
from desktop_wallet.services.folders import Folders
from tests.end_to_end.house import (
    ENTROPY,
    PASSWORD,
    PHRASE,
    Chain,
    amounts,
    at_rest,
    kinds,
    local_network,
    surrounds,
    wallet,
)

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_wallet.core.accounts import ProfileId, WalletId
    from desktop_wallet.core.networks import Network
    from tests.end_to_end.house import Balance
    from tests.fixtures.keyring_daemon import PrivateKeyring

pytestmark = [pytest.mark.anvil, pytest.mark.keyring_daemon]


class Home:
    """A person's home with one profile in it, and what was seen there."""

    profile: ProfileId
    phrase_wallet: WalletId
    seen: dict[Balance, int | None]

    def __init__(self, root: Path, network: Network) -> None:
        self.root = root
        self.network = network


@pytest.fixture
async def home(tmp_path: Path, chain: Chain, keyring: PrivateKeyring) -> Home:
    """Make a home with a phrase, balances read, and everything closed again; the node is gone afterwards."""
    home = Home(tmp_path / "home", local_network(chain.node.url))
    async with wallet(surrounds(home.root, home.network)) as application:
        session = await application.create_profile("Main", PASSWORD)
        home.profile = session.profile.id
        made = await session.accounts.add_phrase("Savings", PHRASE, created=False)
        home.phrase_wallet = made.id
        chain.give([account.address for account in session.accounts.accounts()])
        await session.catalogue.choose_networks([home.network.id])
        for token in chain.tokens:
            await session.catalogue.add_token(await session.catalogue.find_token(home.network.id, token))
        await at_rest(session)
        await session.balances.refresh(session.balances.keys())
        home.seen = amounts(session)
        assert home.seen == chain.expected(home.network, [a.address for a in session.accounts.accounts()])
    chain.node.stop()
    return home


async def test_copied_files_and_the_password_show_the_balances_and_open_no_secret(
    home: Home, other_keyring: PrivateKeyring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", other_keyring.address)
    shutil.copytree(home.root, tmp_path / "thief")
    async with wallet(surrounds(tmp_path / "thief", home.network)) as application:
        [found] = await application.profiles.list()
        with pytest.raises(WrongPassword):
            await application.unlock(found.id, "another password")
        session = await application.unlock(found.id, PASSWORD)
        await at_rest(session)
        assert isinstance(session.spend_problem, KeyringEntryVanished)
        assert amounts(session) == home.seen
        assert kinds(session) == {BadgeKind.CACHED}
        with pytest.raises(KeyringEntryVanished):
            await session.accounts.reveal_phrase(home.phrase_wallet, PASSWORD)
        with pytest.raises(KeyringEntryVanished):
            await session.accounts.add_account(home.phrase_wallet)
        with pytest.raises(KeyringEntryVanished):
            await session.accounts.write_backup(tmp_path / "backup", "a password of its own")
        assert not (tmp_path / "backup").exists()
        assert isinstance(await session.retry_keyring(), KeyringEntryVanished)
    assert other_keyring.entries() == {}


async def test_where_files_and_keyring_come_together_again_the_secret_opens(home: Home, tmp_path: Path) -> None:
    """The control of the test above: the same copy, but with the right keyring."""
    shutil.copytree(home.root, tmp_path / "moved")
    async with wallet(surrounds(tmp_path / "moved", home.network)) as application:
        session = await application.unlock(home.profile, PASSWORD)
        assert session.spend_problem is None
        assert await session.accounts.reveal_phrase(home.phrase_wallet, PASSWORD) == PHRASE


async def test_the_keyring_alone_opens_nothing(home: Home, keyring: PrivateKeyring, tmp_path: Path) -> None:
    entries = keyring.entries()
    assert len(entries) == 2, "the device secret and one sealed phrase"
    for value in entries.values():
        decoded = base64.urlsafe_b64decode(value + "==")
        assert ENTROPY not in decoded
        assert ENTROPY.hex().encode() not in decoded
        assert not any(word in value for word in PHRASE.split())
    async with wallet(surrounds(tmp_path / "empty", home.network)) as application:
        assert await application.profiles.list() == ()
        folder = Folders.under(tmp_path / "empty").profile(home.profile)
        folder.mkdir(parents=True)
        with pytest.raises(VaultMissing):
            await application.unlock(home.profile, PASSWORD)
