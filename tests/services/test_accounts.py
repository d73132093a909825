from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_wallet.chains.practice.worlds import PRACTICE
from desktop_wallet.compose import Application, Surrounds
from desktop_wallet.core.accounts import AccountSource, DerivationPath, PathScheme, WalletKind
from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.errors import AlreadyThere, InvalidAddress, InvalidPhrase, NotAllowed, RegistryDamaged
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.services.folders import Folders
from desktop_wallet.services.session import REGISTRY_FILE
from tests.fakes.engine import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from desktop_wallet.services.session import Session

# The phrase of most EVM test tools; its first address at m/44'/60'/0'/0/0 is in their documentation.
PHRASE = "test test test test test test test test test test test junk"
FIRST = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
SECOND = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.fixture
async def application(tmp_path: Path) -> AsyncIterator[Application]:
    application = Application(Surrounds(folders=Folders.under(tmp_path), kdf=KdfParameters(64 << 20, 1)))
    yield application
    await application.close()


@pytest.fixture
async def session(application: Application) -> Session:
    return await application.open_practice()


async def test_an_imported_phrase_has_the_published_addresses(session: Session) -> None:
    wallet = await session.accounts.add_phrase("Tools", PHRASE.upper() + " ", created=False)
    second = await session.accounts.add_account(wallet.id)
    shown = [display_address(account.address) for account in session.accounts.accounts(wallet.id)]
    assert shown == [FIRST, SECOND]
    assert str(second.path) == "m/44'/60'/0'/0/1"
    assert wallet.backed_up
    assert session.accounts.accounts(wallet.id)[0].source is AccountSource.IMPORTED


async def test_a_phrase_is_kept_once_and_a_wrong_word_is_named_by_its_place(session: Session) -> None:
    await session.accounts.add_phrase("One", PHRASE, created=False)
    with pytest.raises(AlreadyThere):
        await session.accounts.add_phrase("Two", PHRASE, created=False)
    with pytest.raises(InvalidPhrase) as caught:
        session.accounts.check_phrase(PHRASE.replace("junk", "jnuk"))
    assert caught.value.data["position"] == 12
    assert "jnuk" not in str(caught.value)


async def test_accounts_follow_the_scheme_of_their_wallet(session: Session) -> None:
    wallet = await session.accounts.add_phrase("L", PHRASE, scheme=PathScheme.LEDGER_LIVE, created=False)
    second = await session.accounts.add_account(wallet.id)
    assert second.path == PathScheme.LEDGER_LIVE.path(1)
    with pytest.raises(AlreadyThere):
        await session.accounts.add_account(wallet.id, path=DerivationPath.parse("m/44'/60'/1'/0/0"))


async def test_used_accounts_are_found_and_unused_ones_are_not(application: Application, session: Session) -> None:
    funded = session.accounts.accounts()[0].address
    wallet = await session.accounts.add_phrase("Old", PHRASE, created=False)
    addresses = await session.accounts.preview(PHRASE, "", PathScheme.BIP44, 4)
    application.practice[0].welcome(addresses[3])
    looked: list[int] = []
    found = await session.accounts.discover(wallet.id, on_progress=looked.append)
    assert [account.address for account in found] == [addresses[3]]
    assert looked == [5, 10]
    assert funded not in addresses


async def test_a_watched_contract_is_marked_and_an_own_account_never_asked_about(session: Session) -> None:
    token = PRACTICE.tokens[0].address
    wallet = await session.accounts.add_watch("A contract", token)
    plain = await session.accounts.add_watch("A person", FIRST)
    await until(lambda: session.accounts.accounts(plain.id)[0].is_contract is not None)
    assert session.accounts.accounts(wallet.id)[0].is_contract is True
    assert session.accounts.accounts(plain.id)[0].is_contract is False
    assert {a.is_contract for a in session.accounts.accounts() if a.path is not None} == {False}


async def test_a_watched_address_signs_nothing_and_has_one_account(session: Session) -> None:
    wallet = await session.accounts.add_watch("", FIRST)
    assert (wallet.kind, wallet.label) == (WalletKind.WATCH, "Wallet 3")
    with pytest.raises(NotAllowed):
        await session.accounts.add_account(wallet.id)
    with pytest.raises(AlreadyThere):
        await session.accounts.add_watch("again", FIRST.lower())
    with pytest.raises(InvalidAddress):
        await session.accounts.add_watch("wrong", FIRST.replace("f39F", "f39f"))


async def test_a_hidden_account_leaves_the_balances_and_a_removed_wallet_all_lists(session: Session) -> None:
    wallet = await session.accounts.add_watch("W", FIRST)
    [account] = session.accounts.accounts(wallet.id)
    assert session.balances.keys(account=account.address)
    await session.accounts.hide_account(account.id, hidden=True)
    assert not session.balances.keys(account=account.address)
    await session.accounts.remove_wallet(wallet.id)
    assert session.accounts.account_of(account.address) is None


async def test_labels_and_accounts_survive_a_restart(application: Application, session: Session) -> None:
    [wallet, *_] = session.accounts.wallets()
    await session.accounts.rename_wallet(wallet.id, "Rainy days")
    profile = session.profile.id
    await application.lock()
    again = await application.unlock(profile, "practice")
    assert again.accounts.wallet(wallet.id).label == "Rainy days"
    assert len(again.accounts.accounts()) == 3


async def test_a_registry_that_is_gone_is_a_loss_and_no_new_beginning(
    application: Application, session: Session
) -> None:
    profile = session.profile.id
    await application.lock()
    (application.folders.profile(profile) / REGISTRY_FILE).unlink()
    with pytest.raises(RegistryDamaged):
        await application.unlock(profile, "practice")
    assert not (application.folders.profile(profile) / REGISTRY_FILE).exists()
