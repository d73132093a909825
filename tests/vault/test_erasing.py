from __future__ import annotations

from pathlib import Path

import pytest

from desktop_wallet.core.errors import KeyringDenied, KeyringEntryVanished, VaultLocked
from desktop_wallet.vault.vault import Vault
from tests.vault.conftest import MakeVault
from tests.vault.disk_store import DiskStore
from tests.vault.samples import ONE, PASSWORD, PATHS, PHRASE, TWO


async def test_a_profile_that_is_to_go_leaves_nothing_in_the_keyring(vault: Vault, store: DiskStore) -> None:
    await vault.add_key_wallet(TWO, "11" * 32)
    await vault.renew_device(PASSWORD)
    await vault.add_phrase_wallet(ONE, PHRASE)
    store.entries = {**store.entries, "of another profile": "kept"}
    assert len(store.entries) == 6
    assert await vault.erase_entries() is None
    assert store.entries == {"of another profile": "kept"}
    with pytest.raises(VaultLocked):
        await vault.derive_addresses(ONE, PATHS)


async def test_without_the_keyring_it_is_told_what_stood_in_the_way(vault: Vault, store: DiskStore) -> None:
    store.failures = [KeyringDenied()]
    assert isinstance(await vault.erase_entries(), KeyringDenied)
    assert await vault.erase_entries() is None
    assert store.entries == {}


async def test_a_damaged_file_names_nothing(vault: Vault, store: DiskStore, tmp_path: Path) -> None:
    entries = store.entries
    (tmp_path / "profile" / "vault.json").write_text("{}")
    assert await vault.erase_entries() is None
    assert store.entries == entries


async def test_balances_still_open_after_the_entries_are_gone(vault: Vault, make_vault: MakeVault) -> None:
    await vault.erase_entries()
    assert isinstance((await make_vault().unlock(PASSWORD)).spend_problem, KeyringEntryVanished)
