from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_wallet.core.errors import (
    AlreadyThere,
    InvalidPhrase,
    KeyringDenied,
    KeyringEntryVanished,
    KeyringLocked,
    NotAllowed,
    VaultDamaged,
    WrongPassword,
)
from desktop_wallet.vault.document import exists, read_document
from desktop_wallet.vault.files import to_text
from desktop_wallet.vault.shelf import Tidied
from desktop_wallet.vault.vault import Vault
from tests.vault.conftest import MakeVault
from tests.vault.disk_store import DiskStore
from tests.vault.samples import FIRST, ONE, PASSWORD, PATHS, PHRASE, TWO


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


async def test_a_keyring_that_is_away_leaves_the_tidying_for_the_next_time(vault: Vault, store: DiskStore) -> None:
    store.failures = [KeyringDenied()]
    await vault.remove_wallet(ONE)
    store.failures = [KeyringLocked(waiting=True)]
    tidied = await vault.tidy()
    assert isinstance(tidied.problem, KeyringLocked)
    assert (tidied.deleted, tidied.mended) == (0, 0)
    assert await vault.tidy() == Tidied(mended=0, deleted=1)
