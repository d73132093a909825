"""What is stored comes back after a restart; what may not be opened is not."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from desktop_wallet.core.accounts import Account, AccountId, AccountSource, DerivationPath, Wallet, WalletId, WalletKind
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.errors import AlreadyThere, ProfileInUse, RegistryDamaged, StorageFailure, StorageFull
from desktop_wallet.core.networks import DataFee, Endpoint, Family, HeightCall, Network, NetworkId
from desktop_wallet.registry.catalogue import NetworkFacts
from desktop_wallet.registry.interactions import SEEN_STEP_S, Interaction
from desktop_wallet.registry.registry import LOCK_NAME, Registry
from tests.fakes.clock import FakeClock
from tests.fakes.readings import reading

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[2]
DATA_KEY = bytes(range(32))
NETWORK = NetworkId("eip155", "1")
TOKEN = AssetId(NETWORK, "erc20", "0x" + "ab" * 20)


def address(number: int) -> Address:
    return Address(Family.EVM, f"0x{number:040x}")


def wallet(name: str = "one", kind: WalletKind = WalletKind.PHRASE) -> Wallet:
    return Wallet(WalletId(name), f"Wallet {name}", kind, 1_790_000_000.5)


def account(number: int, of: str = "one", **chosen: Any) -> Account:  # noqa: ANN401 - passed on
    fields: dict[str, Any] = {
        "id": AccountId(f"account-{of}-{number}"),
        "wallet": WalletId(of),
        "family": Family.EVM,
        "address": address(number),
        "label": f"Account {number}",
        "source": AccountSource.CREATED,
        "created_at_s": 1_790_000_001.25,
        **chosen,
    }
    return Account(**fields)


@contextlib.asynccontextmanager
async def opened(folder: Path, key: bytes = DATA_KEY) -> AsyncIterator[Registry]:
    registry = await Registry.open(folder / "registry.db", key, FakeClock())
    try:
        yield registry
    finally:
        await registry.close()


async def test_wallets_and_accounts_come_back_in_their_order(tmp_path: Path) -> None:
    phrase = account(
        1, path=DerivationPath.parse("m/44'/60'/0'/0/0"), last_active_s=5.5, is_contract=False, hidden=True
    )
    watched = account(2, "two", source=AccountSource.WATCHED, is_contract=True)
    async with opened(tmp_path) as registry:
        await registry.add_wallet(wallet("one"), [phrase])
        await registry.add_wallet(wallet("two", WalletKind.WATCH), [watched])
        await registry.add_accounts([account(3), account(4)])
    async with opened(tmp_path) as registry:
        wallets, accounts = await registry.load_accounts()
    assert wallets == (wallet("one"), wallet("two", WalletKind.WATCH))
    assert accounts == (phrase, watched, account(3), account(4))


async def test_changes_to_wallets_and_accounts_are_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as registry:
        await registry.add_wallet(wallet(), [account(1), account(2)])
        await registry.add_wallet(wallet("two"), [account(9, "two")])
        await registry.rename_wallet(WalletId("one"), "Savings")
        await registry.rename_account(account(1).id, "Rent")
        await registry.set_hidden(account(1).id, hidden=True)
        await registry.set_contract(address(1), is_contract=True)
        await registry.mark_backed_up(WalletId("one"))
        await registry.remove_wallet(WalletId("two"))
    async with opened(tmp_path) as registry:
        wallets, accounts = await registry.load_accounts()
    assert [(w.label, w.backed_up) for w in wallets] == [("Savings", True)]
    assert [(a.label, a.hidden, a.is_contract) for a in accounts] == [("Rent", True, True), ("Account 2", False, None)]


async def test_a_wallet_is_stored_with_all_its_accounts_or_not_at_all(tmp_path: Path) -> None:
    async with opened(tmp_path) as registry:
        with pytest.raises(AlreadyThere, match="'account'"):
            await registry.add_wallet(wallet(), [account(1), account(2, address=address(1))])
        assert await registry.load_accounts() == ((), ())
        await registry.add_wallet(wallet(), [account(1)])
        with pytest.raises(AlreadyThere, match="'account'"):
            await registry.add_accounts([account(2), account(1)])
        assert [a.id for a in (await registry.load_accounts())[1]] == [account(1).id]


async def test_activity_never_goes_back_and_statistics_count_each_address_once(tmp_path: Path) -> None:
    clock = FakeClock()
    async with opened(tmp_path) as registry:
        await registry.add_wallet(wallet("one"), [account(n, is_contract=n == 2 or None) for n in range(4)])
        await registry.add_wallet(wallet("two"), [account(1, "two")])
        early = clock.now()
        clock.advance(50_000)
        await registry.touch_active([address(1), address(2)], clock.now())
        await registry.touch_active([address(1)], early)
        found = await registry.statistics(clock.now())
        assert (found.total, found.contracts, found.active_24h) == (4, 1, 2)
        clock.advance(86_401)
        assert (await registry.statistics(clock.now())).active_24h == 0


async def test_the_catalogue_comes_back(tmp_path: Path) -> None:
    added = Network(
        NetworkId("eip155", "31337"),
        Family.EVM,
        "Ours",
        2.0,
        60.0,
        "ETH",
        "Ether",
        18,
        60,
        endpoints=(Endpoint("http://127.0.0.1:8545", "me", added_by_hand=True),),
        height_call=HeightCall.ARBSYS,
        data_fee=DataFee.IN_GAS,
        added_by_hand=True,
        chain_hash="0x12",
    )
    token = Asset(TOKEN, "USD", "Dollar", 6, AssetOrigin.BY_HAND)
    server = Endpoint("http://127.0.0.1:1/key", "one")
    async with opened(tmp_path) as registry:
        assert (await registry.load_catalogue()).chosen is None
        await registry.choose_networks([])
        assert (await registry.load_catalogue()).chosen == ()
        await registry.choose_networks([added.id, NETWORK])
        await registry.add_network(added)
        await registry.choose_endpoints(NETWORK, [server, Endpoint("http://127.0.0.1:2", added_by_hand=True)])
        await registry.add_token(token)
        await registry.set_token_hidden(TOKEN, hidden=True)
        await registry.note_network_facts(NETWORK, NetworkFacts(chain_hash="0xgenesis"), FakeClock().now())
        await registry.note_network_facts(NETWORK, NetworkFacts(block_time_s=12.1), FakeClock().now())
    async with opened(tmp_path) as registry:
        found = await registry.load_catalogue()
        assert found.chosen == (added.id, NETWORK)
        assert found.added_networks == (added,)
        assert found.endpoints == {NETWORK: (server, Endpoint("http://127.0.0.1:2", added_by_hand=True))}
        assert (found.tokens, found.hidden_tokens) == ((token,), frozenset({TOKEN}))
        assert found.facts == {NETWORK: NetworkFacts("0xgenesis", 12.1)}
        await registry.add_token(token)
        assert (await registry.load_catalogue()).hidden_tokens == frozenset()
        await registry.remove_token(TOKEN)
        await registry.remove_network(added.id)
        await registry.choose_endpoints(NETWORK, [])
        found = await registry.load_catalogue()
        assert (found.tokens, found.hidden_tokens) == ((), frozenset({TOKEN}))
        assert (found.chosen, found.added_networks, found.endpoints) == ((NETWORK,), (), {})


async def test_settings_and_counters_come_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as registry:
        await registry.save_settings({"theme": '"dark"', "auto-lock": "300"})
        await registry.save_settings({"theme": '"light"', "auto-lock": None})
        await registry.save_counters({"hits": 3, "misses": 1})
        await registry.save_counters({"hits": 4})
    async with opened(tmp_path) as registry:
        assert await registry.load_settings() == {"theme": '"light"'}
        assert await registry.load_counters() == {"hits": 4, "misses": 1}


async def test_interactions_remember_what_was_held_and_reading_again_changes_nothing(tmp_path: Path) -> None:
    key = BalanceKey(NETWORK, address(1), TOKEN)
    never = BalanceKey(NETWORK, address(1), AssetId(NETWORK, "slip44", "60"))
    first = reading(1, amount=2**255, key=key, started_s=0)
    later = reading(2, amount=7, key=key, started_s=SEEN_STEP_S)
    empty = reading(3, amount=0, key=key, started_s=2 * SEEN_STEP_S)
    async with opened(tmp_path) as registry:
        await registry.note_readings([reading(1, amount=0, key=never)])
        assert await registry.interactions(address(1)) == ()
        await registry.note_readings([later, first, empty])
        expected = Interaction(
            address(1), TOKEN, first.started.wall_s, later.started.wall_s, has_balance=False, highest=2**255
        )
        assert await registry.interactions(address(1)) == (expected,)
        await registry.note_readings([first, later])
        await registry.note_readings([empty])
        assert await registry.interactions(address(1)) == (expected,)
        assert registry.invalidations.counter == 0


async def test_the_wrong_key_opens_nothing_and_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as registry:
        await registry.add_wallet(wallet(), [account(1)])
    before = (tmp_path / "registry.db").read_bytes()
    with pytest.raises(RegistryDamaged):
        await Registry.open(tmp_path / "registry.db", bytes(32), FakeClock())
    assert (tmp_path / "registry.db").read_bytes() == before
    async with opened(tmp_path) as registry:
        assert (await registry.load_accounts())[1] == (account(1),)


async def test_any_flipped_byte_is_noticed_and_the_file_stays(tmp_path: Path) -> None:
    async with opened(tmp_path) as registry:
        await registry.add_wallet(wallet(), [account(n) for n in range(200)])
    whole = (tmp_path / "registry.db").read_bytes()
    for place in (0, 100, 4_095, 4_096, len(whole) // 2, len(whole) - 1):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        (tmp_path / "registry.db").write_bytes(damaged)
        with pytest.raises(RegistryDamaged):
            await Registry.open(tmp_path / "registry.db", DATA_KEY, FakeClock())
        assert (tmp_path / "registry.db").read_bytes() == bytes(damaged)


async def test_a_second_opener_is_refused_in_this_and_in_another_process(tmp_path: Path) -> None:
    async with opened(tmp_path):
        with pytest.raises(ProfileInUse):
            await Registry.open(tmp_path / "registry.db", DATA_KEY, FakeClock())
    async with opened(tmp_path):
        pass
    holder = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs
        [sys.executable, "-c", _HOLDER, str(ROOT), str(tmp_path)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ProfileInUse):
            await Registry.open(tmp_path / "registry.db", DATA_KEY, FakeClock())
    finally:
        holder.kill()
        holder.communicate()
    async with opened(tmp_path) as registry:
        assert await registry.load_accounts() == ((), ())


_HOLDER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from desktop_wallet.registry.lock import ProfileLock
lock = ProfileLock(Path(sys.argv[2], "profile.lock"))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


async def test_a_database_that_another_program_locks_is_in_use(tmp_path: Path) -> None:
    from sqlcipher3 import dbapi2

    async with opened(tmp_path):
        pass
    with contextlib.closing(dbapi2.connect(str(tmp_path / "registry.db"), isolation_level=None)) as other:
        other.execute(f"PRAGMA key = \"x'{DATA_KEY.hex()}'\"")
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ProfileInUse):
            await Registry.open(tmp_path / "registry.db", DATA_KEY, FakeClock())
    async with opened(tmp_path):
        pass


async def test_folder_and_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        async with opened(tmp_path / "profile") as registry:
            await registry.save_settings({"a": "1"})
            found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "profile").iterdir()}
            assert stat.S_IMODE((tmp_path / "profile").stat().st_mode) == 0o700
    finally:
        os.umask(mask)
    assert found == {"registry.db": 0o600, "registry.db-wal": 0o600, LOCK_NAME: 0o600}


async def test_nothing_stands_in_any_file_in_clear(tmp_path: Path) -> None:
    secrets = [
        "Rent money",
        address(0xABCDEF).text,
        "eip155",
        "erc20",
        "987654321987654321",
        "server.example",
        "CREATE TABLE",
    ]

    def look() -> set[str]:
        looked_at = set()
        for path in tmp_path.iterdir():
            content = path.read_bytes()
            looked_at.add(path.name)
            assert [secret for secret in secrets if secret.encode() in content] == []
        return looked_at

    async with opened(tmp_path) as registry:
        await registry.add_wallet(wallet(), [account(0xABCDEF, label="Rent money")])
        await registry.choose_endpoints(NETWORK, [Endpoint("http://server.example/")])
        key = BalanceKey(NETWORK, address(0xABCDEF), TOKEN)
        await registry.note_readings([reading(1, amount=987_654_321_987_654_321, key=key)])
        await registry.invalidate([], "a transaction")
        assert look() == {"registry.db", "registry.db-wal", LOCK_NAME}
    assert look() == {"registry.db", LOCK_NAME}


async def test_a_closed_registry_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as registry:
        await registry.close()
        with pytest.raises(StorageFailure, match="closed"):
            await registry.load_accounts()
        with pytest.raises(StorageFailure, match="closed"):
            await registry.invalidate([], "late")


async def test_a_full_disk_is_told_apart_and_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as registry:
        await registry.save_settings({"kept": "1"})
        await registry._database.write(lambda connection: connection.execute("PRAGMA max_page_count = 40"))
        with pytest.raises(StorageFull):
            await registry.save_settings({f"setting {n}": '"' + "x" * 1_000 + '"' for n in range(500)})
        assert await registry.load_settings() == {"kept": "1"}
        await registry.save_settings({"kept": "2"})
    async with opened(tmp_path) as registry:
        assert await registry.load_settings() == {"kept": "2"}


async def test_a_key_of_another_length_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        await Registry.open(tmp_path / "registry.db", b"short", FakeClock())
    async with opened(tmp_path):
        pass


@pytest.mark.parametrize("left", [None, b""])
async def test_a_registry_that_must_be_there_and_is_not_is_damaged(tmp_path: Path, left: bytes | None) -> None:
    if left is not None:
        (tmp_path / "registry.db").write_bytes(left)
    with pytest.raises(RegistryDamaged, match="missing"):
        await Registry.open(tmp_path / "registry.db", DATA_KEY, FakeClock(), must_exist=True)
    assert (tmp_path / "registry.db").exists() == (left is not None)
    async with opened(tmp_path):
        pass
    await (await Registry.open(tmp_path / "registry.db", DATA_KEY, FakeClock(), must_exist=True)).close()
