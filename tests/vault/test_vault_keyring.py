from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_wallet.core.errors import (
    DeviceSecretChanged,
    KeyringDenied,
    KeyringEntryVanished,
    KeyringFailure,
    KeyringLocked,
    KeyringMissing,
    KeyringUnsafe,
    NotAllowed,
    WrongPassword,
)
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.vault.document import DeviceMode, exists, read_document, read_header
from desktop_wallet.vault.files import to_text
from desktop_wallet.vault.stores import MemorySecretStore
from desktop_wallet.vault.vault import Vault
from tests.vault.conftest import MakeVault
from tests.vault.disk_store import DiskStore
from tests.vault.samples import FIRST, ONE, PASSWORD, PATHS, PHRASE, TWO


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
