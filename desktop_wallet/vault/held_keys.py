"""The keys of an unlocked vault: the one place they live, and where they are wiped."""

from __future__ import annotations

import threading

from desktop_wallet.core.errors import VaultLocked
from desktop_wallet.sealing import wipe


class HeldKeys:
    """View key, spend key, and what is needed to open the spend key once the keyring answers.

    Lock may come from another thread in the middle of an unlock: each unlock holds a ticket, `wipe` voids all
    tickets, and a key offered with a void ticket is refused. A key is handed out whole or not at all.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._ticket = 0
        self._keys: dict[str, bytearray] = {}

    def ticket(self) -> int:
        """Return what `hold` wants to see; void after the next `wipe`."""
        with self._guard:
            return self._ticket

    def hold(self, name: str, key: bytes | bytearray, ticket: int) -> None:
        """Keep a copy of a key; VaultLocked if the vault was locked since the ticket was drawn."""
        with self._guard:
            if ticket != self._ticket:
                raise VaultLocked
            self._drop(name)
            self._keys[name] = bytearray(key)

    def key(self, name: str) -> bytes:
        """Return a copy of a key, to be dropped at once; VaultLocked if it is not held."""
        with self._guard:
            if name not in self._keys:
                raise VaultLocked
            return bytes(self._keys[name])

    def holds(self, name: str) -> bool:
        """Return whether a key is held."""
        with self._guard:
            return name in self._keys

    def forget(self, name: str) -> None:
        """Wipe one key, if it is held."""
        with self._guard:
            self._drop(name)

    def wipe(self) -> None:
        """Wipe all keys and void every ticket."""
        with self._guard:
            self._ticket += 1
            for name in list(self._keys):
                self._drop(name)

    def _drop(self, name: str) -> None:
        key = self._keys.pop(name, None)
        if key is not None:
            wipe(key)
