"""Vaults at a cost that tests can pay, and a private keyring daemon."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from desktop_wallet.sealing import KdfParameters
from desktop_wallet.vault.stores import MemorySecretStore, SecretStore
from desktop_wallet.vault.vault import Vault
from tests.fakes.clock import FakeClock
from tests.fixtures.keyring_daemon import PrivateKeyring, private_keyring
from tests.vault.disk_store import DiskStore
from tests.vault.samples import ONE, PASSWORD, PHRASE

MakeVault = Callable[..., Vault]


@pytest.fixture(scope="session")
def cheap_kdf() -> KdfParameters:
    """Return the cheapest Argon2id that is allowed: 50 ms."""
    return KdfParameters(memory_bytes=64 << 20, passes=1)


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "keyring.json")


@pytest.fixture
async def make_vault(tmp_path: Path, store: DiskStore) -> AsyncIterator[MakeVault]:
    """Yield what makes a vault object on a profile's folder, and closes it in the end."""
    made: list[Vault] = []

    def make(
        profile: str = "profile", *, store: SecretStore = store, steps: Callable[[str], None] | None = None
    ) -> Vault:
        folder = tmp_path / profile
        vault = Vault(folder, store, FakeClock(), steps=steps) if steps else Vault(folder, store, FakeClock())
        made.append(vault)
        return vault

    yield make
    for vault in made:
        await vault.close()


@pytest.fixture
async def vault(make_vault: MakeVault, cheap_kdf: KdfParameters) -> Vault:
    """Return an unlocked vault with one phrase in it."""
    vault = make_vault()
    await vault.create("Alice", PASSWORD, kdf=cheap_kdf)
    await vault.add_phrase_wallet(ONE, PHRASE)
    return vault


@pytest.fixture
def memory_store() -> MemorySecretStore:
    return MemorySecretStore()


@pytest.fixture
def keyring_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateKeyring]:
    """Yield a private keyring whose bus is this process's session bus; its daemon is not running yet."""
    with private_keyring() as keyring:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", keyring.address)
        monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
        yield keyring
