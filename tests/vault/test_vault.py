from __future__ import annotations

import asyncio
import json
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from desktop_wallet.core.accounts import PathScheme, WalletId
from desktop_wallet.core.errors import (
    AlreadyThere,
    DeviceSecretChanged,
    InvalidPhrase,
    KeyringDenied,
    KeyringEntryVanished,
    KeyringFailure,
    KeyringLocked,
    KeyringMissing,
    KeyringUnsafe,
    NotAllowed,
    StorageFailure,
    VaultDamaged,
    VaultLocked,
    VaultMissing,
    WeakPassword,
    WrongPassword,
)
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.vault import DeviceMode, MemorySecretStore, Vault, exists, read_header
from desktop_wallet.vault.document import read_document
from desktop_wallet.vault.files import to_text
from tests.fakes.clock import FakeClock
from tests.vault.conftest import MakeVault
from tests.vault.disk_store import DiskStore

PASSWORD = "correct horse"
PHRASE = "test test test test test test test test test test test junk"
FIRST = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
ONE, TWO = WalletId("1" * 32), WalletId("2" * 32)
PATHS = [PathScheme.BIP44.path(0)]


@pytest.fixture
async def vault(make_vault: MakeVault, cheap_kdf: KdfParameters) -> Vault:
    """Return an unlocked vault with one phrase in it."""
    vault = make_vault()
    await vault.create("Alice", PASSWORD, kdf=cheap_kdf)
    await vault.add_phrase_wallet(ONE, PHRASE)
    return vault


# -- creating and unlocking -------------------------------------------------------------------------------------------


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


# -- the keyring in the way -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure", [KeyringMissing(), KeyringUnsafe(problem="null"), KeyringLocked(waiting=True), KeyringDenied()]
)
async def test_a_keyring_in_the_way_hides_no_balance(
    vault: Vault, make_vault: MakeVault, store: DiskStore, failure: KeyringFailure
) -> None:
    key = vault.view_subkey("pages")
    again = make_vault()
    store.failures = [failure]
    outcome = await again.unlock(PASSWORD)
    assert type(outcome.spend_problem) is type(failure)
    assert outcome.spend_problem.data == failure.data
    assert outcome.spend_problem.__traceback__ is None, "its frames would hold keys"
    assert again.view_subkey("pages") == key
    assert not again.can_spend
    with pytest.raises(type(failure)):
        await again.derive_addresses(ONE, PATHS)
    assert (await again.retry_keyring()).spend_problem is None
    assert (await again.derive_addresses(ONE, PATHS))[0].text == FIRST
    assert (await again.retry_keyring()).spend_problem is None


async def test_an_unlock_waits_briefly_for_a_prompt_and_a_retry_long(
    vault: Vault, make_vault: MakeVault, store: DiskStore
) -> None:
    again = make_vault()
    store.patience_s = []
    store.failures = [KeyringLocked(waiting=True)]
    await again.unlock(PASSWORD)
    await again.retry_keyring()
    assert store.patience_s == [5, 60]


async def test_a_vanished_device_secret_is_named(vault: Vault, make_vault: MakeVault, store: DiskStore) -> None:
    entry = read_header_entry(vault)
    store.entries = {name: value for name, value in store.entries.items() if name != entry}
    outcome = await make_vault().unlock(PASSWORD)
    assert isinstance(outcome.spend_problem, KeyringEntryVanished)
    assert outcome.spend_problem.what == "device-secret"


@pytest.mark.parametrize("planted", [to_text(bytes(32)), "not base64!", ""])
async def test_a_changed_device_secret_is_told_from_a_wrong_password(
    vault: Vault, make_vault: MakeVault, store: DiskStore, planted: str
) -> None:
    store.entries = {**store.entries, read_header_entry(vault): planted}
    again = make_vault()
    assert isinstance((await again.unlock(PASSWORD)).spend_problem, DeviceSecretChanged)
    assert again.is_unlocked
    with pytest.raises(DeviceSecretChanged):
        await again.add_phrase_wallet(TWO, PHRASE)


def read_header_entry(vault: Vault) -> str:
    return read_header(vault._box.folder).device_entry


async def test_a_profile_without_keyring_never_touches_it(
    make_vault: MakeVault, store: DiskStore, cheap_kdf: KdfParameters
) -> None:
    vault = make_vault()
    header = await vault.create("Alice", PASSWORD, kdf=cheap_kdf, device=DeviceMode.NONE)
    assert not header.has_device_secret
    store.failures = [KeyringMissing()]
    await vault.add_phrase_wallet(ONE, PHRASE)
    vault.lock()
    assert (await vault.unlock(PASSWORD)).spend_problem is None
    assert (await vault.derive_addresses(ONE, PATHS))[0].text == FIRST
    await vault.tidy()
    await vault.remove_wallet(ONE)
    assert store.entries == {}
    assert len(store.failures) == 1


async def test_that_there_is_no_device_secret_cannot_be_claimed_later(vault: Vault, tmp_path: Path) -> None:
    """The header is associated data of both wraps: a stranger who rewrites it, digest and all, opens nothing."""
    path = tmp_path / "profile" / "vault.json"
    document = read_document(tmp_path / "profile")
    for change in ({"device": DeviceMode.NONE}, {"practice": True}, {"name": "Mallory"}, {"profile": "another"}):
        path.write_bytes(replace(document, header=replace(document.header, **change)).encode())
        vault.lock()
        with pytest.raises(WrongPassword):
            await vault.unlock(PASSWORD)


async def test_a_lost_keyring_is_replaced_and_the_phrase_given_anew(
    vault: Vault, make_vault: MakeVault, store: DiskStore, tmp_path: Path
) -> None:
    key = vault.view_subkey("pages")
    lost = store.entries
    store.entries = {}
    again = make_vault()
    assert isinstance((await again.unlock(PASSWORD)).spend_problem, KeyringEntryVanished)
    with pytest.raises(WrongPassword):
        await again.renew_device("wrong horse")
    await again.renew_device(PASSWORD)
    assert again.can_spend
    assert again.view_subkey("pages") == key, "registry and pages stay readable"
    assert await again.wallet_ids() == frozenset()
    with pytest.raises(NotAllowed):
        await again.derive_addresses(ONE, PATHS)
    await again.add_phrase_wallet(ONE, PHRASE)
    assert (await again.derive_addresses(ONE, PATHS))[0].text == FIRST
    again.lock()
    assert (await again.unlock(PASSWORD)).spend_problem is None

    store.entries = {**store.entries, **lost}
    (tmp_path / "profile" / "vault.json.1.old").rename(tmp_path / "profile" / "vault.json")
    again.lock()
    assert (await again.unlock(PASSWORD)).spend_problem is None, "the old file opens again with the old keyring"


@pytest.mark.parametrize("call", range(6))
async def test_a_keyring_that_fails_at_any_call_of_a_change_loses_nothing(
    vault: Vault, store: DiskStore, call: int
) -> None:
    store.failures = [*[None] * call, KeyringDenied()]
    try:
        await vault.add_phrase_wallet(TWO, PHRASE)
    except KeyringDenied:
        assert await vault.wallet_ids() == {ONE}
    store.failures = []
    assert (await vault.derive_addresses(ONE, PATHS))[0].text == FIRST
    await vault.tidy()
    assert len(store.entries) == 1 + len(await vault.wallet_ids())


@pytest.mark.parametrize("call", range(4))
async def test_a_keyring_that_fails_at_any_call_of_create_leaves_no_half_vault(
    make_vault: MakeVault, store: DiskStore, cheap_kdf: KdfParameters, tmp_path: Path, call: int
) -> None:
    store.failures = [*[None] * call, KeyringLocked()]
    vault = make_vault()
    if call < 3:
        with pytest.raises(KeyringLocked):
            await vault.create("Alice", PASSWORD, kdf=cheap_kdf)
        assert not exists(tmp_path / "profile")
        assert store.entries == {}
        store.failures = []
        await vault.create("Alice", PASSWORD, kdf=cheap_kdf)
    else:
        await vault.create("Alice", PASSWORD, kdf=cheap_kdf)
    assert vault.can_spend


# -- practice ---------------------------------------------------------------------------------------------------------


async def test_only_a_practice_profile_may_keep_its_secrets_in_memory(
    make_vault: MakeVault, memory_store: MemorySecretStore, cheap_kdf: KdfParameters, vault: Vault
) -> None:
    with pytest.raises(NotAllowed):
        await make_vault("ordinary", store=memory_store).create("Alice", PASSWORD, kdf=cheap_kdf)
    practice = make_vault("practice", store=memory_store)
    assert (await practice.create("Play", PASSWORD, kdf=cheap_kdf, practice=True)).practice
    await practice.add_phrase_wallet(ONE, PHRASE)
    practice.lock()
    assert (await practice.unlock(PASSWORD)).spend_problem is None
    with pytest.raises(NotAllowed):
        await make_vault(store=memory_store).unlock(PASSWORD)


# -- wallets ----------------------------------------------------------------------------------------------------------


async def test_the_keyring_and_the_file_hold_the_same_ciphertext(
    vault: Vault, store: DiskStore, tmp_path: Path
) -> None:
    document = read_document(tmp_path / "profile")
    assert store.entries[document.secrets[ONE].entry] == to_text(document.secrets[ONE].sealed)
    assert set(store.entries) == {document.secrets[ONE].entry, document.header.device_entry}


def all_bytes_under(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_no_secret_stands_in_any_file(vault: Vault, tmp_path: Path) -> None:
    await vault.add_key_wallet(TWO, "11" * 32)
    kept = all_bytes_under(tmp_path)
    for secret in (b"junk", b"11" * 32, to_text(b"\x11" * 32).encode(), PASSWORD.encode(), FIRST.encode()):
        assert secret not in kept


async def test_files_in_another_home_open_balances_and_no_secret(
    vault: Vault, make_vault: MakeVault, tmp_path: Path
) -> None:
    key = vault.view_subkey("pages")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "vault.json").write_bytes((tmp_path / "profile" / "vault.json").read_bytes())
    thief = make_vault("elsewhere", store=DiskStore(tmp_path / "another-keyring.json"))
    assert isinstance((await thief.unlock(PASSWORD)).spend_problem, KeyringEntryVanished)
    assert thief.view_subkey("pages") == key
    for refused in (thief.derive_addresses(ONE, PATHS), thief.reveal_phrase(ONE, PASSWORD)):
        with pytest.raises(KeyringEntryVanished):
            await refused


async def test_the_phrase_is_shown_only_for_the_password(vault: Vault) -> None:
    await vault.add_phrase_wallet(TWO, PHRASE.upper(), "p\u00e4ss")
    assert await vault.reveal_phrase(TWO, PASSWORD) == PHRASE
    assert await vault.reveal_passphrase(TWO, PASSWORD) == "pa\u0308ss"
    for refused in (vault.reveal_phrase(TWO, "wrong horse"), vault.reveal_passphrase(TWO, "wrong horse")):
        with pytest.raises(WrongPassword):
            await refused


async def test_a_single_key_is_kept_and_shown(vault: Vault) -> None:
    address = await vault.add_key_wallet(TWO, "0x" + "11" * 32)
    assert await vault.derive_addresses(TWO, []) == [address]
    assert await vault.address_of_key("11" * 32) == address
    assert await vault.reveal_key(TWO, PASSWORD) == "0x" + "11" * 32
    for refused in (vault.reveal_phrase(TWO, PASSWORD), vault.derive_addresses(TWO, PATHS)):
        with pytest.raises(NotAllowed):
            await refused
    with pytest.raises(NotAllowed):
        await vault.reveal_key(ONE, PASSWORD)


async def test_a_preview_keeps_nothing_and_needs_no_vault(make_vault: MakeVault, tmp_path: Path) -> None:
    vault = make_vault()
    phrase = await vault.new_phrase(24)
    assert len(phrase.split()) == 24
    assert (await vault.addresses_of_phrase(PHRASE, "", PATHS))[0].text == FIRST
    assert (await vault.addresses_of_phrase(PHRASE, "other", PATHS))[0].text != FIRST
    with pytest.raises(InvalidPhrase):
        await vault.addresses_of_phrase(PHRASE + " junk", "", PATHS)
    assert not exists(tmp_path / "profile")


async def test_the_same_secret_twice_is_no_fault_and_another_one_is(vault: Vault, store: DiskStore) -> None:
    entries = store.entries
    await vault.add_phrase_wallet(ONE, PHRASE)
    assert store.entries == entries
    with pytest.raises(AlreadyThere):
        await vault.add_phrase_wallet(ONE, PHRASE, "another passphrase")
    assert (await vault.derive_addresses(ONE, PATHS))[0].text == FIRST


async def test_a_removed_wallet_is_gone_from_file_and_keyring(vault: Vault, store: DiskStore, tmp_path: Path) -> None:
    await vault.remove_wallet(ONE)
    await vault.remove_wallet(ONE)
    assert await vault.wallet_ids() == frozenset()
    assert set(store.entries) == {read_document(tmp_path / "profile").header.device_entry}
    with pytest.raises(NotAllowed):
        await vault.derive_addresses(ONE, PATHS)


async def test_a_wallet_is_removed_without_the_keyring_and_tidied_with_it(vault: Vault, store: DiskStore) -> None:
    store.failures = [KeyringDenied()]
    await vault.remove_wallet(ONE)
    assert await vault.wallet_ids() == frozenset()
    assert len(store.entries) == 2
    assert (await vault.tidy()).deleted == 1
    assert len(store.entries) == 1
    assert (await vault.tidy()).deleted == 0


async def test_a_vanished_or_broken_copy_in_the_keyring_is_written_again(
    vault: Vault, store: DiskStore, tmp_path: Path
) -> None:
    document = read_document(tmp_path / "profile")
    whole = store.entries
    for broken in ({document.header.device_entry: whole[document.header.device_entry]}, dict.fromkeys(whole, "AAAA")):
        store.entries = broken
        assert (await vault.derive_addresses(ONE, PATHS))[0].text == FIRST, "the file's copy serves"
        assert (await vault.tidy()).mended == 1
        assert store.entries[document.secrets[ONE].entry] == whole[document.secrets[ONE].entry]
    assert (await vault.tidy()).mended == 0


async def test_a_secret_exchanged_in_the_file_is_refused_and_mended_from_the_keyring(
    vault: Vault, store: DiskStore, tmp_path: Path
) -> None:
    """A stranger puts the sealed secret of another wallet in its place and mends the digest."""
    await vault.add_key_wallet(TWO, "11" * 32)
    document = read_document(tmp_path / "profile")
    swapped = {ONE: replace(document.secrets[ONE], sealed=document.secrets[TWO].sealed), TWO: document.secrets[TWO]}
    (tmp_path / "profile" / "vault.json").write_bytes(replace(document, secrets=swapped).encode())
    assert (await vault.derive_addresses(ONE, PATHS))[0].text == FIRST, "the keyring's copy serves"
    assert (await vault.tidy()).mended == 1
    assert read_document(tmp_path / "profile") == document
    assert (await vault.tidy()).mended == 0
    store.entries = {read_document(tmp_path / "profile").header.device_entry: ""}
    assert (await vault.derive_addresses(ONE, PATHS))[0].text == FIRST

    (tmp_path / "profile" / "vault.json").write_bytes(replace(document, secrets=swapped).encode())
    with pytest.raises(VaultDamaged):
        await vault.derive_addresses(ONE, PATHS)


# -- the password -----------------------------------------------------------------------------------------------------


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


# -- threads and traces -----------------------------------------------------------------------------------------------


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
