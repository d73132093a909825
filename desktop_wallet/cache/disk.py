"""What diskcache may put into its database and take out of it: text keys and bytes, inside the database, nothing else.

diskcache 5.6.3 unpickles rows that say they are pickles (CVE-2025-69872; its JSONDisk does too), and opens and deletes
whatever file a row's `filename` column names. Anyone who can write the folder can plant such rows. Here nothing is
ever unpickled and no value lies in a file of its own, so that no row's file name is ever used, for reading or removal.
"""

from __future__ import annotations

from typing import Any, Final

import diskcache
from typing_extensions import override

REFUSED_KEY: Final = ""
"""Stands for the key of a refused row where diskcache iterates over keys; it is never a key of ours."""
_RAW: Final = 0


class RefusedRow(OSError):
    """A row is not of the one form we write. An OSError, because diskcache takes those for a missing entry."""


class BytesDisk(diskcache.Disk):  # type: ignore[misc] # diskcache ships no types
    """Stores bytes under text keys and refuses every other row; `refused` counts how often."""

    def __init__(self, directory: str, min_file_size: int = 0, pickle_protocol: int = 0) -> None:
        super().__init__(directory, min_file_size=min_file_size, pickle_protocol=pickle_protocol)
        self.refused = 0

    @override
    def put(self, key: object) -> tuple[str, bool]:
        """Return a key as the database holds it; TypeError unless it is a non-empty text."""
        if type(key) is not str or not key:
            raise TypeError("keys of the cache are non-empty texts")
        return key, True

    @override
    def get(self, key: object, raw: object) -> str:
        """Return the key of a row, REFUSED_KEY for a row that is none of ours."""
        if type(key) is str and key and raw == 1:
            return key
        self.refused += 1
        return REFUSED_KEY

    @override
    def store(self, value: object, read: bool, key: object = None) -> tuple[int, int, None, bytes]:
        """Return the columns of a value: always inside the database; TypeError unless it is bytes."""
        if read or type(value) is not bytes:
            raise TypeError("values of the cache are bytes")
        return 0, _RAW, None, value

    @override
    def fetch(self, mode: object, filename: object, value: object, read: bool) -> bytes:
        """Return the value of a row; RefusedRow if it is a pickle, a file, a text or whatever else."""
        if not read and type(mode) is int and mode == _RAW and filename is None and type(value) is bytes:
            return value
        self.refused += 1
        raise RefusedRow("refused a row of the cache")

    @override
    def filename(self, key: object = None, value: object = None) -> tuple[str, str]:
        """Refuse: no value of ours lies in a file of its own."""
        raise TypeError("the cache keeps no files")

    @override
    def remove(self, file_path: object) -> None:
        """Remove nothing: a row that names a file is none of ours."""
        self.refused += 1

    @override
    def _write(self, full_path: str, iterator: Any, mode: str, encoding: str | None = None) -> int:
        """Refuse, as `filename` does."""
        raise TypeError("the cache keeps no files")
