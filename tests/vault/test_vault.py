from __future__ import annotations

import asyncio
import errno
import json
import stat
import threading
from pathlib import Path

import pytest
from typing_extensions import override

from desktop_wallet.core.errors import (
    AlreadyThere,
    KeyringDenied,
    StorageFailure,
    VaultLocked,
    VaultMissing,
    WeakPassword,
    WrongPassword,
)
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.vault.document import exists, read_document, read_header
from desktop_wallet.vault.vault import Vault
from tests.fakes.clock import FakeClock
from tests.vault.conftest import MakeVault
from tests.vault.disk_store import DiskStore
from tests.vault.samples import FIRST, ONE, PASSWORD, PATHS, PHRASE, TWO


async def test_a_new_vault_is_unlocked_and_its_header_reads_without_password(
    make_vault: MakeVault, cheap_kdf: KdfParameters, tmp_path: Path
) -> None:
    assert not exists(tmp_path / "profile")
    vault = make_vault()
    header = await vault.create("Alice", PASSWORD, kdf=cheap_kdf)
    assert vault.is_unlocked
    assert vault.can_spend
    assert exists(tmp_path / "profile")
    assert read_header(tmp_path / "profile") == header
    assert (header.name, header.profile, header.has_device_secret, header.practice) == ("Alice", "profile", True, False)
    assert header.created_at_s == FakeClock().wall_s


async def test_folder_and_file_are_private(vault: Vault, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "profile").stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "profile").iterdir()] == [0o600]


async def test_a_locked_vault_opens_with_its_password_only(vault: Vault, make_vault: MakeVault) -> None:
    key = vault.view_subkey("pages")
    vault.lock()
    assert not vault.is_unlocked
    assert not vault.can_spend
    again = make_vault()
    with pytest.raises(WrongPassword):
        await again.unlock("wrong horse")
    assert not again.is_unlocked
    assert (await again.unlock(PASSWORD)).spend_problem is None
    assert again.can_spend
    assert again.view_subkey("pages") == key
    assert again.view_subkey("names") != key
    assert (await again.derive_addresses(ONE, PATHS))[0].text == FIRST


async def test_nothing_answers_while_locked(vault: Vault, tmp_path: Path, cheap_kdf: KdfParameters) -> None:
    vault.lock()
    with pytest.raises(VaultLocked):
        vault.view_subkey("pages")
    for refused in (
        vault.derive_addresses(ONE, PATHS),
        vault.add_phrase_wallet(TWO, PHRASE),
        vault.remove_wallet(ONE),
        vault.reveal_phrase(ONE, PASSWORD),
        vault.retry_keyring(),
        vault.tidy(),
        vault.restore_backup(tmp_path / "none", PASSWORD),
    ):
        with pytest.raises(VaultLocked):
            await refused
    assert await vault.wallet_ids() == {ONE}


async def test_a_lock_in_the_middle_of_an_unlock_wins(vault: Vault, make_vault: MakeVault, tmp_path: Path) -> None:
    class LocksWhenAsked(DiskStore):
        """Its `prepare` runs after the file was read and before the key derivation."""

        @override
        def prepare(self) -> None:
            again.lock()

    again = make_vault(store=LocksWhenAsked(tmp_path / "keyring.json"))
    with pytest.raises(VaultLocked):
        await again.unlock(PASSWORD)
    assert not again.is_unlocked


async def test_a_cancelled_caller_leaves_a_change_that_began_whole(
    vault: Vault, make_vault: MakeVault, cheap_kdf: KdfParameters
) -> None:
    loop = asyncio.get_running_loop()
    adding: list[asyncio.Task[None]] = []

    def cancel(_step: str) -> None:
        loop.call_soon_threadsafe(adding[0].cancel)

    again = make_vault(steps=cancel)
    await again.unlock(PASSWORD)
    async with asyncio.TaskGroup() as group:
        adding.append(group.create_task(again.add_phrase_wallet(TWO, PHRASE)))
    assert adding[0].cancelled()
    assert (await again.derive_addresses(TWO, PATHS))[0].text == FIRST


@pytest.mark.parametrize("password", ["", "short", "1234567"])
async def test_a_short_password_is_refused(make_vault: MakeVault, password: str, tmp_path: Path) -> None:
    with pytest.raises(WeakPassword) as caught:
        await make_vault().create("Alice", password)
    assert caught.value.minimum == 8
    assert not exists(tmp_path / "profile")


async def test_a_second_vault_in_the_same_folder_is_refused(vault: Vault, make_vault: MakeVault) -> None:
    with pytest.raises(AlreadyThere):
        await make_vault().create("Bob", PASSWORD)
    vault.lock()
    await vault.unlock(PASSWORD)


async def test_an_empty_folder_has_no_vault(make_vault: MakeVault) -> None:
    with pytest.raises(VaultMissing):
        await make_vault().unlock(PASSWORD)


async def test_a_changed_password_replaces_the_old_one(
    vault: Vault, make_vault: MakeVault, tmp_path: Path, store: DiskStore
) -> None:
    key, before, entries = vault.view_subkey("pages"), read_document(tmp_path / "profile"), store.entries
    stronger = KdfParameters(memory_bytes=64 << 20, passes=2)
    await vault.change_password(PASSWORD, "battery staple", kdf=stronger)
    after = read_document(tmp_path / "profile")
    assert (after.secrets, store.entries) == (before.secrets, entries)
    assert after.header.salt != before.header.salt
    assert after.header.kdf == stronger
    again = make_vault()
    with pytest.raises(WrongPassword):
        await again.unlock(PASSWORD)
    assert (await again.unlock("battery staple")).spend_problem is None
    assert again.view_subkey("pages") == key
    assert await again.reveal_phrase(ONE, "battery staple") == PHRASE


async def test_a_password_change_that_cannot_be_done_changes_nothing(
    vault: Vault, store: DiskStore, tmp_path: Path
) -> None:
    before = (tmp_path / "profile" / "vault.json").read_bytes()
    with pytest.raises(WrongPassword):
        await vault.change_password("wrong horse", "battery staple")
    with pytest.raises(WeakPassword):
        await vault.change_password(PASSWORD, "short")
    store.failures = [KeyringDenied()]
    with pytest.raises(KeyringDenied):
        await vault.change_password(PASSWORD, "battery staple")
    assert (tmp_path / "profile" / "vault.json").read_bytes() == before


async def test_all_work_on_secrets_runs_on_one_thread_of_the_vault(
    make_vault: MakeVault, cheap_kdf: KdfParameters
) -> None:
    threads: set[str] = set()
    vault = make_vault(steps=lambda _: threads.add(threading.current_thread().name))
    await vault.create("Alice", PASSWORD, kdf=cheap_kdf)
    await vault.add_phrase_wallet(ONE, PHRASE)
    assert threads == {"vault_0"}


async def test_an_error_carries_no_variables_out_of_the_worker(vault: Vault) -> None:
    with pytest.raises(WrongPassword) as caught:
        await vault.change_password("wrong horse", "battery staple")
    frames = []
    link = caught.value.__traceback__
    while link is not None:
        frames.append(link.tb_frame)
        link = link.tb_next
    inside = [frame for frame in frames if "vault/opening" in frame.f_code.co_filename]
    assert inside
    assert all(frame.f_locals == {} for frame in inside)


async def test_a_disk_that_cannot_be_written_is_told_and_changes_nothing(
    vault: Vault, tmp_path: Path, make_vault: MakeVault
) -> None:
    (tmp_path / "profile" / "vault.json.new").mkdir()
    with pytest.raises(StorageFailure):
        await vault.add_phrase_wallet(TWO, PHRASE)
    (tmp_path / "profile" / "vault.json.new").rmdir()
    assert await vault.wallet_ids() == {ONE}


async def test_the_file_says_nothing_about_which_wallets_are_what(vault: Vault, tmp_path: Path) -> None:
    body = json.loads((tmp_path / "profile" / "vault.json").read_text())
    assert set(body) == {
        "format", "version", "profile", "name", "created_at_s", "practice", "device", "device_entry",
        "device_fingerprint", "kdf", "view_wrap", "spend_wrap", "secrets", "stale_entries", "sha256",
    }  # fmt: skip
    assert set(body["secrets"][ONE]) == {"entry", "sealed"}


@pytest.mark.parametrize("step", ["read temporary file back", "sync folder"])
async def test_a_disk_that_fails_while_creating_leaves_no_vault_or_one_that_opens(
    make_vault: MakeVault, store: DiskStore, cheap_kdf: KdfParameters, tmp_path: Path, step: str
) -> None:
    def fail(now: str) -> None:
        if now == step:
            raise OSError(errno.EIO, "no")

    with pytest.raises(StorageFailure):
        await make_vault(steps=fail).create("Alice", PASSWORD, kdf=cheap_kdf)
    if exists(tmp_path / "profile"):
        assert (await make_vault().unlock(PASSWORD)).spend_problem is None
    else:
        assert store.entries == {}
    assert exists(tmp_path / "profile") is (step == "sync folder")
