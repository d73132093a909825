"""The keys of an unlocked vault: the one place they live, and where they are wiped."""

from __future__ import annotations

import threading
from typing import Final

from desktop_wallet.core.errors import VaultLocked
from desktop_wallet.sealing import wipe

KEPT: Final = 0
"""In place of a loan's number: the key stays until the lock."""


class HeldKeys:
    """View key, spend key, and what is needed to open the spend key once the keyring answers.

    Lock may come from another thread in the middle of an unlock: each unlock holds a ticket, `wipe` voids all
    tickets, and a key offered with a void ticket is refused. A key is handed out whole or not at all. A key may be
    held more than once: kept until the lock, and lent for a while; each loan has a copy that goes with it.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._ticket = 0
        self._loans = KEPT
        self._keys: dict[tuple[str, int], bytearray] = {}

    def ticket(self) -> int:
        """Return what `hold` wants to see; void after the next `wipe`."""
        with self._guard:
            return self._ticket

    def new_loan(self) -> int:
        """Return the number of a new loan."""
        with self._guard:
            self._loans += 1
            return self._loans

    def hold(self, name: str, key: bytes | bytearray, ticket: int, *, loan: int = KEPT) -> None:
        """Hold a copy of a key; VaultLocked if the vault was locked since the ticket was drawn."""
        with self._guard:
            if ticket != self._ticket:
                raise VaultLocked
            self._drop((name, loan))
            self._keys[name, loan] = bytearray(key)

    def key(self, name: str) -> bytes:
        """Return a copy of a key that is kept or lent, to be dropped at once; VaultLocked if it is neither."""
        with self._guard:
            for held, key in self._keys.items():
                if held[0] == name:
                    return bytes(key)
        raise VaultLocked

    def holds(self, name: str) -> bool:
        """Return whether a key is kept or lent."""
        with self._guard:
            return any(held[0] == name for held in self._keys)

    def forget(self, name: str, *, loan: int = KEPT) -> None:
        """Wipe what is kept of one key, or what was lent of it, if that is held."""
        with self._guard:
            self._drop((name, loan))

    def forget_loans(self, name: str) -> None:
        """Wipe all that was lent of one key."""
        with self._guard:
            for held in [held for held in self._keys if held[0] == name and held[1] != KEPT]:
                self._drop(held)

    def wipe(self) -> None:
        """Wipe all keys and void every ticket."""
        with self._guard:
            self._ticket += 1
            for held in list(self._keys):
                self._drop(held)

    def _drop(self, held: tuple[str, int]) -> None:
        key = self._keys.pop(held, None)
        if key is not None:
            wipe(key)
