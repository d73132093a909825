"""Where sealed secrets lie outside of our files: the contract, and the one kept in memory for practice."""

from __future__ import annotations

from typing import Protocol


class SecretStore(Protocol):
    """Keeps short texts (ASCII, at most 1,280 characters) by name. Calls may block: only the vault's worker makes them.

    Every call may raise a KeyringFailure.
    """

    @property
    def backend(self) -> str:
        """Return the name of what keeps the entries, for messages; empty while unknown."""
        ...

    @property
    def lasting(self) -> bool:
        """Return whether entries outlive the program."""
        ...

    def prepare(self) -> None:
        """Begin what makes the first call slow; neither wait nor raise nor ask the person anything."""
        ...

    def check(self) -> None:
        """Raise a KeyringFailure unless a written value can be read back and deleted."""
        ...

    def get(self, entry: str, *, patience_s: float | None = None) -> str | None:
        """Return an entry's value, None if there is none; KeyringLocked if nobody answers a prompt in time."""
        ...

    def set(self, entry: str, value: str) -> None:
        """Write an entry."""
        ...

    def delete(self, entry: str) -> None:
        """Delete an entry; one that is missing counts as deleted."""
        ...

    def close(self) -> None:
        """End every wait at once; later calls raise KeyringLocked."""
        ...


class MemorySecretStore:
    """Forgets everything at exit. The vault accepts it for practice profiles only."""

    backend = "memory"
    lasting = False

    def __init__(self) -> None:
        self._entries: dict[str, str] = {}

    def prepare(self) -> None:
        """Do nothing: memory is ready."""

    def check(self) -> None:
        """Do nothing: memory keeps what it is given."""

    def get(self, entry: str, *, patience_s: float | None = None) -> str | None:  # noqa: ARG002 - memory never waits
        """Return an entry's value, None if there is none."""
        return self._entries.get(entry)

    def set(self, entry: str, value: str) -> None:
        """Keep an entry."""
        self._entries[entry] = value

    def delete(self, entry: str) -> None:
        """Forget an entry."""
        self._entries.pop(entry, None)

    def close(self) -> None:
        """Do nothing: nobody waits, and the profile may be opened again in this run."""
