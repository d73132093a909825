from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop_wallet.core.accounts import Account, Wallet, WalletKind
from desktop_wallet.core.errors import (
    DeviceSecretChanged,
    KeyringDenied,
    KeyringEntryVanished,
    KeyringLocked,
    KeyringMissing,
    VaultLocked,
)
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.vault.document import read_header
from desktop_wallet.vault.keyring_store import KeyringStore
from desktop_wallet.vault.vault import Vault
from tests.fixtures.keyring_daemon import PrivateKeyring, private_keyring
from tests.vault.conftest import MakeVault
from tests.vault.samples import FIRST, ONE, PASSWORD, PATHS, PHRASE, TWO

pytestmark = pytest.mark.keyring_daemon


@pytest.fixture
def keyring(keyring_home: PrivateKeyring) -> PrivateKeyring:
    keyring_home.start_daemon()
    return keyring_home


@pytest.fixture
async def closed_vault(keyring: PrivateKeyring, make_vault: MakeVault, cheap_kdf: KdfParameters) -> str:
    """Make a profile with one phrase, lock it, and return the path of its view key for pages."""
    vault = make_vault(store=KeyringStore())
    await vault.create("Alice", PASSWORD, kdf=cheap_kdf)
    await vault.add_phrase_wallet(ONE, PHRASE)
    key = vault.view_subkey("pages").hex()
    await vault.close()
    return key


@pytest.fixture
def vault(closed_vault: str, make_vault: MakeVault) -> Vault:
    """Return the same profile as the program finds it at its next start."""
    return make_vault(store=KeyringStore())


async def test_a_profile_outlives_program_and_daemon(vault: Vault, keyring: PrivateKeyring, closed_vault: str) -> None:
    keyring.stop_daemon()
    keyring.start_daemon()
    assert (await vault.unlock(PASSWORD)).spend_problem is None
    assert vault.view_subkey("pages").hex() == closed_vault
    assert (await vault.derive_addresses(ONE, PATHS))[0].text == FIRST
    assert (await vault.tidy()).mended == 0
    await vault.add_key_wallet(TWO, "11" * 32)
    assert len(keyring.entries()) == 3
    await vault.remove_wallet(TWO)
    assert len(keyring.entries()) == 2


async def test_without_a_daemon_the_balances_show_and_no_secret(
    vault: Vault, keyring: PrivateKeyring, closed_vault: str
) -> None:
    keyring.stop_daemon()
    assert isinstance((await vault.unlock(PASSWORD)).spend_problem, KeyringMissing)
    assert vault.view_subkey("pages").hex() == closed_vault
    with pytest.raises(KeyringMissing):
        await vault.reveal_phrase(ONE, PASSWORD)
    keyring.start_daemon()
    assert (await vault.retry_keyring()).spend_problem is None
    assert await vault.reveal_phrase(ONE, PASSWORD) == PHRASE


async def test_a_refused_prompt_hides_no_balance_and_a_later_answer_opens_the_rest(
    vault: Vault, keyring: PrivateKeyring, closed_vault: str
) -> None:
    keyring.lock()
    with keyring.prompter() as person:
        person.dismiss()
        assert isinstance((await vault.unlock(PASSWORD)).spend_problem, KeyringDenied)
        assert vault.view_subkey("pages").hex() == closed_vault
        with pytest.raises(KeyringDenied):
            await vault.derive_addresses(ONE, PATHS)
        person.type_password()
        assert (await vault.retry_keyring()).spend_problem is None
        assert (await vault.derive_addresses(ONE, PATHS))[0].text == FIRST


async def test_while_a_prompt_stands_open_the_wallet_can_be_locked_and_closed(
    vault: Vault, keyring: PrivateKeyring
) -> None:
    keyring.lock()
    with keyring.prompter() as person:
        async with asyncio.timeout(4), asyncio.TaskGroup() as group:
            unlocking = group.create_task(_outcome(vault))
            await asyncio.to_thread(person.wait_until_asked)
            open_while_the_prompt_waits = vault.is_unlocked
            vault.lock()
            assert (open_while_the_prompt_waits, vault.is_unlocked) == (True, False)
            await vault.close()
        assert unlocking.result() in {KeyringLocked, VaultLocked}
        person.dismiss()


async def _outcome(vault: Vault) -> type[BaseException] | None:
    try:
        problem = (await vault.unlock(PASSWORD)).spend_problem
    except VaultLocked:
        return VaultLocked
    return None if problem is None else type(problem)


async def test_a_vanished_or_changed_device_secret_is_named(
    vault: Vault, keyring: PrivateKeyring, make_vault: MakeVault, tmp_path: Path
) -> None:
    entry = read_header(tmp_path / "profile").device_entry
    _secret_tool(keyring, "clear", entry)
    assert isinstance((await vault.unlock(PASSWORD)).spend_problem, KeyringEntryVanished)
    stranger = KeyringStore()
    stranger.set(entry, "A" * 43 + "=")
    stranger.close()
    assert isinstance((await vault.retry_keyring()).spend_problem, DeviceSecretChanged)


def _secret_tool(keyring: PrivateKeyring, action: str, entry: str) -> None:
    subprocess.run(
        ["secret-tool", action, "service", "desktop-wallet", "username", entry],
        env=keyring.environment,
        check=True,
        timeout=20,
    )


@pytest.fixture
def other_keyring() -> Iterator[PrivateKeyring]:
    with private_keyring() as other:
        other.start_daemon()
        yield other


async def test_a_backup_is_restored_in_a_second_home_with_another_keyring(
    vault: Vault,
    keyring: PrivateKeyring,
    other_keyring: PrivateKeyring,
    make_vault: MakeVault,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    cheap_kdf: KdfParameters,
) -> None:
    await vault.unlock(PASSWORD)
    wallets = [(Wallet(ONE, "Main", WalletKind.PHRASE, 1.0, backed_up=True), list[Account]())]
    await vault.write_backup(tmp_path / "backup", "another password", wallets, kdf=cheap_kdf)
    before = keyring.entries()

    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", other_keyring.address)
    second = make_vault("second", store=KeyringStore())
    await second.create("Bob", "bob's password", kdf=cheap_kdf)
    assert await second.restore_backup(tmp_path / "backup", "another password") == wallets
    assert await second.reveal_phrase(ONE, "bob's password") == PHRASE
    assert not set(other_keyring.entries().values()) & set(before.values()), "sealed anew"
    assert keyring.entries() == before


async def test_the_files_with_another_keyring_open_no_secret(
    vault: Vault,
    other_keyring: PrivateKeyring,
    make_vault: MakeVault,
    monkeypatch: pytest.MonkeyPatch,
    closed_vault: str,
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", other_keyring.address)
    thief = make_vault(store=KeyringStore())
    assert isinstance((await thief.unlock(PASSWORD)).spend_problem, KeyringEntryVanished)
    assert thief.view_subkey("pages").hex() == closed_vault
    with pytest.raises(KeyringEntryVanished):
        await thief.reveal_phrase(ONE, PASSWORD)


def test_the_keyring_alone_holds_no_secret_in_clear(keyring: PrivateKeyring, closed_vault: str) -> None:
    """What it holds is 32 random bytes and a sealed text: without `vault.json` there is no key to try."""
    values = keyring.entries().values()
    assert sorted(len(value) for value in values) == [44, 80]
    assert not any("test" in value or "junk" in value for value in values)
