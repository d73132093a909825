from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.compose import Application, Surrounds
from desktop_wallet.core.errors import StorageFull, VaultLocked
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.services.folders import Folders
from tests.fakes.engine import until
from tests.fakes.sleepers import settle
from tests.vault.disk_store import DiskStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
    from pathlib import Path

    from desktop_wallet.cache.pages import PageKey
    from desktop_wallet.core.accounts import WalletId
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.balances import BalanceKey, Reading
    from desktop_wallet.core.networks import Network
    from desktop_wallet.services.session import Session

_MINUTE_S = 60.0
_SHORT_S = 10.0
PASSWORD = "correct horse battery"
PHRASE = "test test test test test test test test test test test junk"


class Waits:
    """Lets short waits pass at once while `open` is set, and minutes when told to; what is in between never ends.

    (What looks again every quarter of a minute would else look without end, and leave no worker a turn.)
    """

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.minutes: list[asyncio.Future[None]] = []

    async def sleep(self, seconds: float) -> None:
        if seconds >= _MINUTE_S:
            minute = asyncio.get_running_loop().create_future()
            self.minutes.append(minute)
            await minute
        elif seconds >= _SHORT_S:
            await asyncio.Event().wait()
        await self.open.wait()
        await asyncio.sleep(0)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def bugs() -> list[object]:
    """Return what goes to the crash report."""
    return []


@pytest.fixture
async def application(tmp_path: Path, waits: Waits, bugs: list[object]) -> AsyncIterator[Application]:
    asyncio.get_running_loop().set_exception_handler(lambda _, context: bugs.append(context))
    outside = Surrounds(
        folders=Folders.under(tmp_path / "home"),
        sleep=waits.sleep,
        store=lambda: DiskStore(tmp_path / "keyring.json"),
        networks=tuple,
        tokens=dict,
        kdf=KdfParameters(64 << 20, 1),
        requests_per_min=60_000,
    )
    application = Application(outside)
    yield application
    waits.open.set()
    await application.close()
    assert bugs == []


@pytest.fixture
async def session(application: Application) -> Session:
    session = await application.open_practice()
    await at_rest(session)
    return session


async def at_rest(session: Session) -> None:
    await until(lambda: session._preload_wanted is None and not session.balances.updating)


async def added_network(session: Session) -> Network:
    """Return a network as one added by hand, with what the wallet knows there read."""
    added = replace(session.catalogue.networks()[0], id=NetworkId("eip155", "424242"), added_by_hand=True)
    await session._registry.add_network(added)
    await session.catalogue.load()
    await settle()
    await at_rest(session)
    return added


async def test_a_token_removed_under_a_read_fails_nothing(session: Session, waits: Waits) -> None:
    keys = session.balances.keys()
    key = next(key for key in keys if not key.asset.is_native)
    waits.open.clear()
    refresh = asyncio.ensure_future(session.balances.refresh([key]))
    await until(lambda: session.balances.updating)
    with session.preload_afterwards():
        await session.catalogue.remove_token(key.asset)
    waits.open.set()
    assert (await refresh).answered == 1
    assert set(keys) - {key} >= set(session.balances.keys())


async def test_a_network_removed_under_a_preload_fails_nothing(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = await added_network(session)
    session.balances.forget_memory()
    get_pages = session.pages.get_pages

    async def removed_meanwhile(
        keys: Sequence[PageKey], known: Mapping[PageKey, Iterable[BalanceKey]]
    ) -> dict[PageKey, tuple[Reading, ...]]:
        monkeypatch.undo()
        await session.catalogue.remove_network(network.id)
        return await get_pages(keys, known)

    monkeypatch.setattr(session.pages, "get_pages", removed_meanwhile)
    await session.preload.run()
    await at_rest(session)


async def test_a_network_removed_under_a_read_fails_nothing(session: Session, waits: Waits) -> None:
    network = await added_network(session)
    keys = session.balances.keys(network=network.id)
    waits.open.clear()
    read = asyncio.ensure_future(session.balances.fetch(keys))
    await until(lambda: session.balances.updating)
    await session.catalogue.remove_network(network.id)
    waits.open.set()
    assert (await read).asked == len(keys)
    assert session.balances.badge(keys[0], None)
    assert not session.balances.keys(network=network.id)


async def test_a_change_in_the_turn_of_a_lock_begins_no_read(application: Application, session: Session) -> None:
    await session.balances.clear_cache()
    await session.accounts.rename_wallet(session.accounts.wallets()[0].id, "Other")
    await application.lock()
    asked = [chain.answered for chain in application.practice]
    session.begin_preload()
    await settle()
    assert session._preload_wanted is None
    assert [chain.answered for chain in application.practice] == asked


async def test_a_cancelled_preload_is_followed_by_no_other(session: Session, waits: Waits) -> None:
    await session.balances.clear_cache()
    waits.open.clear()
    session.begin_preload()
    await until(lambda: session.balances.updating)
    session.begin_preload()
    session.preload.cancel()
    await until(lambda: session._preload_wanted is None)
    assert not session.balances.updating


async def test_a_full_disk_stops_neither_the_tending_nor_the_lock(
    application: Application, session: Session, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full() -> None:
        raise StorageFull(name="registry.db")

    monkeypatch.setattr(session.metrics, "save", full)
    waits.minutes.pop().set_result(None)
    await until(lambda: waits.minutes)
    await application.lock()
    with pytest.raises(VaultLocked):
        session._vault.view_subkey("registry")


async def test_a_lock_that_is_cancelled_forgets_every_key_all_the_same(
    application: Application, session: Session
) -> None:
    lock = asyncio.ensure_future(application.lock())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    lock.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lock
    with pytest.raises(VaultLocked):
        session._vault.view_subkey("registry")
    assert await application.open_practice()


async def test_a_wallet_removed_while_its_accounts_are_looked_for_ends_the_search(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    wallet = session.accounts.wallets()[0].id

    async def used(addresses: Sequence[Address]) -> Sequence[Address]:
        await session.accounts.remove_wallet(wallet)
        return addresses

    monkeypatch.setattr(session.accounts, "_used", used)
    assert await session.accounts.discover(wallet) == []


async def test_an_account_added_while_others_are_looked_for_is_not_found_again(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    wallet = session.accounts.wallets()[1].id
    rounds: list[Sequence[Address]] = []

    async def used(addresses: Sequence[Address]) -> Sequence[Address]:
        rounds.append(addresses)
        if len(rounds) > 1:
            return ()
        await session.accounts.add_account(wallet)
        return addresses[1:3]

    monkeypatch.setattr(session.accounts, "_used", used)
    assert [account.address for account in await session.accounts.discover(wallet)] == [rounds[0][2]]


async def test_a_backup_brings_back_what_is_missing_beside_what_is_there(
    application: Application, tmp_path: Path
) -> None:
    session = await application.create_profile("Main", PASSWORD)
    await session.accounts.add_watch("Watched", "0x" + "12" * 20)
    lost = await session.accounts.add_phrase("Lost", PHRASE, created=False)
    await session.accounts.add_watch("Last", "0x" + "34" * 20)
    backup = tmp_path / "backup.json"
    await session.accounts.write_backup(backup, PASSWORD)
    await session.accounts.remove_wallet(lost.id)
    for _ in range(2):
        await session.accounts.restore_backup(backup, PASSWORD)
    assert {wallet.label for wallet in session.accounts.wallets()} == {"Watched", "Lost", "Last"}
    assert len(session.accounts.accounts()) == 3
    assert await session.accounts.reveal_phrase(lost.id, PASSWORD) == PHRASE


async def test_one_network_that_does_not_answer_leaves_open_what_a_watched_address_is(
    application: Application, session: Session
) -> None:
    first, *_ = application.practice
    first.outage = True
    watched = await session.accounts.add_watch("Watched", "0x" + "12" * 20)
    await settle()
    await at_rest(session)
    assert [account.is_contract for account in session.accounts.accounts(watched.id)] == [None]
    first.outage = False
    await session.accounts.find_contracts()
    assert [account.is_contract for account in session.accounts.accounts(watched.id)] == [False]


async def test_an_address_that_came_while_contracts_were_looked_for_is_not_judged(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[WalletId] = []

    async def contracts(_: Sequence[Address]) -> Sequence[Address]:
        late.append((await session.accounts.add_watch("Late", "0x" + "34" * 20)).id)
        return ()

    monkeypatch.setattr(session.accounts, "_contracts", contracts)
    with session.preload_afterwards():
        early = await session.accounts.add_watch("Early", "0x" + "12" * 20)
        await session.accounts.find_contracts()
        flags = [session.accounts.accounts(wallet)[0].is_contract for wallet in (early.id, *late)]
        monkeypatch.undo()
    assert flags == [False, None]


async def test_a_full_disk_leaves_open_what_a_watched_address_is(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object, **__: object) -> None:
        raise StorageFull(name="registry.db")

    monkeypatch.setattr(session._registry, "set_contract", full)
    watched = await session.accounts.add_watch("Watched", "0x" + "12" * 20)
    await settle()
    await at_rest(session)
    assert session.accounts.accounts(watched.id)[0].is_contract is None
