"""A keyring in one JSON file: outlives a process that dies, and fails when told to."""

from __future__ import annotations

import json
from pathlib import Path

from desktop_wallet.core.errors import KeyringFailure


class DiskStore:
    """Entries in a file. `failures` are raised by the next calls, one each; None lets a call through."""

    backend = "disk"
    lasting = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self.failures: list[KeyringFailure | None] = []
        self.patience_s: list[float | None] = []

    @property
    def entries(self) -> dict[str, str]:
        """Return all that is kept."""
        if not self._path.exists():
            return {}
        kept: dict[str, str] = json.loads(self._path.read_text())
        return kept

    @entries.setter
    def entries(self, entries: dict[str, str]) -> None:
        temporary = self._path.with_suffix(".tmp")
        temporary.write_text(json.dumps(entries))
        temporary.replace(self._path)

    def prepare(self) -> None:
        """Do nothing: a file is ready."""

    def check(self) -> None:
        """Fail if told to."""
        self._fail()

    def get(self, entry: str, *, patience_s: float | None = None) -> str | None:
        self.patience_s.append(patience_s)
        self._fail()
        return self.entries.get(entry)

    def set(self, entry: str, value: str) -> None:
        self._fail()
        self.entries = {**self.entries, entry: value}

    def delete(self, entry: str) -> None:
        self._fail()
        self.entries = {name: value for name, value in self.entries.items() if name != entry}

    def close(self) -> None:
        """Do nothing: nobody waits."""

    def _fail(self) -> None:
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
