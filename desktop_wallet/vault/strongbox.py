"""One profile's `vault.json`, its entries in the keyring and its keys: the ground that opening and shelf stand on."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

from desktop_wallet.core.errors import (
    KeyringEntryVanished,
    KeyringFailure,
    KeyringUnsafe,
    NotAllowed,
    PasswordNeeded,
    StorageFailure,
    VaultDamaged,
    VaultLocked,
    VaultMissing,
)
from desktop_wallet.core.instants import Clock
from desktop_wallet.vault import wraps
from desktop_wallet.vault.document import VAULT_FILE, VaultDocument, VaultHeader, read_document
from desktop_wallet.vault.files import Steps, write_private
from desktop_wallet.vault.held_keys import HeldKeys
from desktop_wallet.vault.stores import SecretStore

VIEW: Final = "view"
SPEND: Final = "spend"
SPEND_HALF: Final = "spend half"
"""The password's half of the key around the spend key; held only while the keyring has not answered."""

SpendProblem = KeyringFailure | VaultDamaged
_Problem = TypeVar("_Problem", bound=KeyringFailure | StorageFailure)


@dataclass(slots=True, eq=False)
class Strongbox:
    """What the vault's blocking work shares. One thread at a time, but `keys.wipe()` may come from any."""

    folder: Path
    store: SecretStore
    clock: Clock
    steps: Steps
    keys: HeldKeys = field(default_factory=HeldKeys)
    problem: SpendProblem | None = None
    """Why an unlocked vault holds no spend key."""
    asks: bool = False
    """Whether the spend key is not kept but lent only, each time for the password."""

    def read(self) -> VaultDocument:
        """Return the file's content; VaultMissing, VaultDamaged, VaultTooNew or StorageFailure."""
        return read_document(self.folder)

    def write(self, document: VaultDocument, verify: Callable[[bytes], None] | None = None) -> None:
        """Replace the file in one instant; StorageFailure leaves the old one."""
        write_private(self.folder / VAULT_FILE, document.encode(), self.steps, verify=verify)

    def spend_key(self) -> bytes:
        """Return the spend key, to be dropped at once; VaultLocked, PasswordNeeded, or the problem the unlock met."""
        self.keys.key(VIEW)
        try:
            return self.keys.key(SPEND)
        except VaultLocked:
            if self.problem is not None:
                raise bare(self.problem) from None
            if self.asks:
                raise PasswordNeeded from None
            raise

    def refuse_memory(self, *, practice: bool) -> None:
        """Raise NotAllowed if the store forgets at exit and this is no practice profile."""
        if not self.store.lasting and not practice:
            raise NotAllowed(why="memory-store")

    def device_secret(self, header: VaultHeader, patience_s: float) -> bytes:
        """Return the device secret, empty for a vault without one; KeyringFailure."""
        if not header.has_device_secret:
            return b""
        text = self.store.get(header.device_entry, patience_s=patience_s)
        if text is None:
            raise KeyringEntryVanished(backend=self.store.backend, what="device-secret", name=header.device_entry)
        return wraps.check_device_secret(header, text, self.store.backend)

    def write_entry(self, entry: str, value: str) -> None:
        """Write an entry and read it back; KeyringUnsafe if the keyring returns something else."""
        self.steps("write entry")
        self.store.set(entry, value)
        self.steps("read entry back")
        if self.store.get(entry) != value:
            raise KeyringUnsafe(backend=self.store.backend, problem="read-back")
        self.steps("entry written")

    def delete_stale(self, entry: str) -> None:
        """Delete an entry that nothing refers to, then strike it from the file's list."""
        self.steps("delete entry")
        self.store.delete(entry)
        self.steps("entry deleted")
        document = self.read()
        self.write(replace(document, stale_entries=tuple(kept for kept in document.stale_entries if kept != entry)))

    @contextlib.contextmanager
    def undoing(self, entry: str) -> Iterator[None]:
        """Delete a new device secret's entry again if what needs it fails, unless the file already names it."""
        try:
            yield
        except (KeyringFailure, StorageFailure):
            if entry and not self._may_name(entry):
                with contextlib.suppress(KeyringFailure):  # left behind, it opens nothing
                    self.store.delete(entry)
            raise

    def _may_name(self, entry: str) -> bool:
        try:
            return self.read().header.device_entry == entry
        except VaultMissing:
            return False
        except StorageFailure:
            return True


def bare(problem: _Problem) -> _Problem:
    """Return the same failure without its traceback, whose frames would keep keys alive."""
    return type(problem)(**problem.data)


def new_entry() -> str:
    """Return a fresh name for a keyring entry."""
    return uuid.uuid4().hex
