from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.compose import PRACTICE_PASSWORD, Application, Surrounds
from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.errors import KeyringMissing, PasswordNeeded, StorageFull, WrongPassword
from desktop_wallet.core.transfers import Draft, TransferState
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.services.folders import Folders
from desktop_wallet.vault.strongbox import SPEND, SPEND_HALF
from tests.fakes.engine import until
from tests.vault.disk_store import DiskStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from pathlib import Path

    from desktop_wallet.core.accounts import WalletId
    from desktop_wallet.services.session import Session

PASSWORD = "correct horse battery"
PHRASE = "test test test test test test test test test test test junk"


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "keyring.json")


@pytest.fixture
async def application(tmp_path: Path, store: DiskStore) -> AsyncIterator[Application]:
    outside = Surrounds(
        folders=Folders.under(tmp_path / "home"),
        store=lambda: store,
        networks=tuple,
        tokens=dict,
        kdf=KdfParameters(64 << 20, 1),
    )
    application = Application(outside)
    yield application
    await application.close()


@pytest.fixture
async def session(application: Application) -> Session:
    """Return a session with one phrase, in which the password is asked for at each send."""
    session = await application.create_profile("Main", PASSWORD)
    await session.accounts.add_phrase("Savings", PHRASE, created=False)
    await session.ask_password_to_send()
    return session


def wallet_of(session: Session) -> WalletId:
    return session.accounts.wallets()[0].id


def holds_a_spend_key(session: Session) -> bool:
    keys = session._vault._box.keys
    return keys.holds(SPEND) or keys.holds(SPEND_HALF)


async def test_switched_on_the_spend_key_is_forgotten_at_once(session: Session) -> None:
    assert session.settings.now.ask_password_to_send
    assert not holds_a_spend_key(session)
    with pytest.raises(PasswordNeeded):
        await session.accounts.add_account(wallet_of(session))


async def test_after_the_next_unlock_it_is_forgotten_once_the_keyring_is_tidied(
    application: Application, session: Session, store: DiskStore
) -> None:
    device = session._vault._box.read().header.device_entry
    store.entries = {device: store.entries[device]}
    await application.lock()
    again = await application.unlock(session.profile.id, PASSWORD)
    await until(lambda: not holds_a_spend_key(again))
    assert len(store.entries) == 2, "tidied before"
    assert again.spend_problem is None
    with pytest.raises(PasswordNeeded):
        await again.accounts.add_account(wallet_of(again))


async def test_with_a_keyring_in_the_way_of_the_unlock_nothing_is_kept_that_would_open_the_key(
    application: Application, session: Session, store: DiskStore
) -> None:
    await application.lock()
    store.failures = [KeyringMissing()]
    again = await application.unlock(session.profile.id, PASSWORD)
    assert isinstance(again.spend_problem, KeyringMissing)
    await until(lambda: not holds_a_spend_key(again))
    assert await again.retry_keyring() is None
    async with again.lend_spend_key(PASSWORD):
        assert await again.accounts.add_account(wallet_of(again))
    assert not holds_a_spend_key(again)


async def test_while_the_key_is_lent_accounts_are_added_and_afterwards_not(session: Session) -> None:
    async with session.lend_spend_key(PASSWORD):
        account = await session.accounts.add_account(wallet_of(session))
    assert account in session.accounts.accounts()
    with pytest.raises(PasswordNeeded):
        await session.accounts.add_account(wallet_of(session))
    assert len(session.accounts.accounts()) == 2


async def test_switched_off_for_the_password_the_key_is_held_again(application: Application, session: Session) -> None:
    with pytest.raises(WrongPassword):
        await session.stop_asking_to_send("wrong horse")
    assert (session.settings.now.ask_password_to_send, holds_a_spend_key(session)) == (True, False)
    await session.stop_asking_to_send(PASSWORD)
    assert (session.settings.now.ask_password_to_send, holds_a_spend_key(session)) == (False, True)
    assert await session.accounts.add_account(wallet_of(session))
    await application.lock()
    again = await application.unlock(session.profile.id, PASSWORD)
    assert await again.accounts.add_account(wallet_of(again))


async def test_a_send_takes_the_password_and_nothing_is_sent_without(application: Application) -> None:
    session = await application.open_practice()
    await until(lambda: session._preload_wanted is None and not session.balances.updating)
    await session.ask_password_to_send()
    one, two = session.accounts.accounts()[:2]
    on = session.catalogue.networks()[0]
    review = await session.sending.review(Draft(on.id, one.address, two.address, native_asset(on).id, 10**15))
    assert session.sending.asks_password
    with pytest.raises(PasswordNeeded):
        await session.sending.send(review)
    with pytest.raises(WrongPassword):
        await session.sending.send(review, "wrong horse")
    assert session.transfers.all() == ()
    transfer = await session.sending.send(review, PRACTICE_PASSWORD)
    assert transfer.state is TransferState.BROADCAST
    assert await session.sending.send(review) == transfer, "the same review again signs nothing"
    assert not holds_a_spend_key(session)


async def cancelled_at_once(switch: Coroutine[object, object, None]) -> None:
    async with asyncio.TaskGroup() as group:
        switching = group.create_task(switch)
        await asyncio.sleep(0)
        switching.cancel()
    assert switching.cancelled()


async def test_who_is_cancelled_while_switching_leaves_setting_and_vault_of_one_mind(session: Session) -> None:
    await cancelled_at_once(session.stop_asking_to_send(PASSWORD))
    await session.check_password(PASSWORD)  # the worker is through with what came before
    assert (session.settings.now.ask_password_to_send, holds_a_spend_key(session)) == (True, False)
    await session.stop_asking_to_send(PASSWORD)
    await cancelled_at_once(session.ask_password_to_send())
    assert (session.settings.now.ask_password_to_send, holds_a_spend_key(session)) == (True, False)


async def test_what_cannot_be_kept_changes_neither_the_setting_nor_the_key(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_: object) -> None:
        raise StorageFull(name="registry.db")

    with monkeypatch.context() as patched:
        patched.setattr(session._registry, "save_settings", full)
        with pytest.raises(StorageFull):
            await session.stop_asking_to_send(PASSWORD)
    assert (session.settings.now.ask_password_to_send, holds_a_spend_key(session)) == (True, False)
    await session.stop_asking_to_send(PASSWORD)
    with monkeypatch.context() as patched:
        patched.setattr(session._registry, "save_settings", full)
        with pytest.raises(StorageFull):
            await session.ask_password_to_send()
    assert (session.settings.now.ask_password_to_send, holds_a_spend_key(session)) == (False, True)
