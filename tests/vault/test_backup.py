from __future__ import annotations

import random
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_wallet.core.accounts import (
    Account,
    AccountId,
    AccountSource,
    DerivationPath,
    Wallet,
    WalletKind,
)
from desktop_wallet.core.addresses import parse_address
from desktop_wallet.core.errors import (
    AlreadyThere,
    KeyringEntryVanished,
    NotABackup,
    WeakPassword,
    WrongPassword,
)
from desktop_wallet.core.networks import Family
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.vault.backup import BackupContents, decode_backup, encode_backup
from desktop_wallet.vault.files import decode_file, encode_file
from desktop_wallet.vault.vault import Vault
from tests.conftest import ProofSize
from tests.vault.conftest import MakeVault
from tests.vault.disk_store import DiskStore
from tests.vault.samples import FIRST, ONE, PASSWORD, PATHS, PHRASE, THREE, TWO

BACKUP_PASSWORD = "another password"
CHEAP = KdfParameters(memory_bytes=64 << 20, passes=1)


def account(number: int, wallet: Wallet, path: DerivationPath | None) -> Account:
    return Account(
        id=AccountId(f"{number:032x}"),
        wallet=wallet.id,
        family=Family.EVM,
        address=parse_address(Family.EVM, FIRST),
        label=f"Account {number} \u2013 savings",
        source=AccountSource.CREATED,
        created_at_s=1_790_000_000.5,
        path=path,
    )


PHRASE_WALLET = Wallet(ONE, "Main", WalletKind.PHRASE, 1_790_000_000.0, backed_up=True)
KEY_WALLET = Wallet(TWO, "Key", WalletKind.PRIVATE_KEY, 1_790_000_001.0, backed_up=True)
WATCH_WALLET = Wallet(THREE, "Friends", WalletKind.WATCH, 1_790_000_002.0, backed_up=True)
ALL = [
    (PHRASE_WALLET, [replace(account(1, PHRASE_WALLET, PATHS[0]), last_active_s=5.0, hidden=True)]),
    (KEY_WALLET, [replace(account(2, KEY_WALLET, None), is_contract=False)]),
    (WATCH_WALLET, [replace(account(3, WATCH_WALLET, None), is_contract=True), account(4, WATCH_WALLET, None)]),
]


def content(path: Path) -> bytes:
    return path.read_bytes()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
async def backup(vault: Vault, tmp_path: Path) -> Path:
    """Return a backup of three wallets, made in the home of `vault`."""
    await vault.add_key_wallet(TWO, "11" * 32)
    path = tmp_path / "backup"
    await vault.write_backup(path, BACKUP_PASSWORD, ALL, kdf=CHEAP)
    return path


async def test_a_backup_is_restored_in_another_home_with_another_keyring(
    backup: Path, make_vault: MakeVault, tmp_path: Path, cheap_kdf: KdfParameters
) -> None:
    other = make_vault("other", store=DiskStore(tmp_path / "other-keyring.json"))
    await other.create("Bob", "bob's password", kdf=cheap_kdf)
    assert await other.restore_backup(backup, BACKUP_PASSWORD) == ALL
    assert await other.wallet_ids() == {ONE, TWO}
    assert await other.reveal_phrase(ONE, "bob's password") == PHRASE
    assert await other.reveal_key(TWO, "bob's password") == "0x" + "11" * 32
    assert (await other.derive_addresses(ONE, PATHS))[0].text == FIRST
    assert await other.restore_backup(backup, BACKUP_PASSWORD) == ALL, "told twice, it adds nothing twice"


async def test_a_passphrase_comes_back_with_its_phrase(
    vault: Vault, make_vault: MakeVault, tmp_path: Path, cheap_kdf: KdfParameters
) -> None:
    await vault.add_phrase_wallet(TWO, PHRASE, "p\u00e4ss")
    wallet = Wallet(TWO, "Hidden", WalletKind.PHRASE, 1.0)
    await vault.write_backup(tmp_path / "backup", BACKUP_PASSWORD, [(wallet, [])], kdf=CHEAP)
    other = make_vault("other", store=DiskStore(tmp_path / "other-keyring.json"))
    await other.create("Bob", "bob's password", kdf=cheap_kdf)
    await other.restore_backup(tmp_path / "backup", BACKUP_PASSWORD)
    assert await other.derive_addresses(TWO, PATHS) == await vault.derive_addresses(TWO, PATHS)
    assert await other.reveal_passphrase(TWO, "bob's password") == "pa\u0308ss"


async def test_a_backup_cures_a_lost_keyring(
    backup: Path, vault: Vault, make_vault: MakeVault, store: DiskStore
) -> None:
    store.entries = {}
    again = make_vault()
    assert isinstance((await again.unlock(PASSWORD)).spend_problem, KeyringEntryVanished)
    await again.renew_device(PASSWORD)
    await again.restore_backup(backup, BACKUP_PASSWORD)
    assert await again.reveal_phrase(ONE, PASSWORD) == PHRASE


async def test_nothing_of_it_stands_in_clear_and_only_the_owner_can_read_it(backup: Path) -> None:
    data = content(backup)
    for secret in (b"junk", b"savings", b"Main", FIRST[2:].encode(), b"11" * 32):
        assert secret not in data
    assert mode(backup) == 0o600
    assert set(decode_file(data)) == {"format", "version", "created_at_s", "kdf", "sealed"}


async def test_wrong_password_damage_and_foreign_files_are_told_apart(
    backup: Path, vault: Vault, tmp_path: Path, proof_size: ProofSize
) -> None:
    with pytest.raises(WrongPassword):
        await vault.restore_backup(backup, "wrong password")
    data = content(backup)
    chance = random.Random(21)
    for _ in range(proof_size.corruptions):
        damaged = bytearray(data)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        with pytest.raises(NotABackup):
            decode_backup(bytes(damaged), BACKUP_PASSWORD)
    for planted, problem in (
        (data[:-5], "damaged"),
        (b"", "format"),
        (b"a shopping list", "format"),
        (b"[" * 100_000, "format"),
        ((tmp_path / "profile" / "vault.json").read_bytes(), "format"),
        (encode_file({**decode_file(data), "version": 2}), "too-new"),
        (encode_file({**decode_file(data), "kdf": {"memory_bytes": 1 << 50, "passes": 1, "salt": ""}}), "damaged"),
        (encode_file({**decode_file(data), "kdf": None}), "damaged"),
        (encode_file({"format": "desktop-wallet backup", "version": 1}), "damaged"),
    ):
        with pytest.raises(NotABackup) as caught:
            decode_backup(planted, BACKUP_PASSWORD)
        assert caught.value.problem == problem, planted[:40]
    with pytest.raises(NotABackup):
        await vault.restore_backup(tmp_path / "nowhere", BACKUP_PASSWORD)


def test_a_backup_of_nothing_is_one() -> None:
    data = encode_backup(BackupContents(()), BACKUP_PASSWORD, CHEAP, created_at_s=1.0)
    assert decode_backup(data, BACKUP_PASSWORD) == BackupContents(())


async def test_a_file_in_the_way_is_not_overwritten_unless_told(backup: Path, vault: Vault) -> None:
    before = content(backup)
    with pytest.raises(AlreadyThere) as caught:
        await vault.write_backup(backup, BACKUP_PASSWORD, ALL, kdf=CHEAP)
    assert caught.value.data == {"what": "file", "name": "backup"}
    assert content(backup) == before
    await vault.write_backup(backup, "yet another one", ALL, kdf=CHEAP, overwrite=True)
    assert len(decode_backup(content(backup), "yet another one").wallets) == 3


async def test_a_short_backup_password_is_refused(vault: Vault, tmp_path: Path) -> None:
    with pytest.raises(WeakPassword):
        await vault.write_backup(tmp_path / "backup", "short", ALL)


async def test_a_wallet_of_the_same_id_with_another_secret_is_refused(
    backup: Path, make_vault: MakeVault, tmp_path: Path, cheap_kdf: KdfParameters
) -> None:
    other = make_vault("other", store=DiskStore(tmp_path / "other-keyring.json"))
    await other.create("Bob", "bob's password", kdf=cheap_kdf)
    await other.add_key_wallet(ONE, "22" * 32)
    with pytest.raises(AlreadyThere):
        await other.restore_backup(backup, BACKUP_PASSWORD)
    assert await other.reveal_key(ONE, "bob's password") == "0x" + "22" * 32


def test_no_secret_shows_in_the_representation_of_a_backup(vault: Vault) -> None:
    from desktop_wallet.vault.backup import BackedUpWallet

    assert "hidden" not in repr(BackedUpWallet(KEY_WALLET, (), b"hidden"))
