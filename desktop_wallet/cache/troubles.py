"""What can be wrong with the cache's folder: told to the person once, never raised to a caller."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class CacheTroubleKind(enum.Enum):
    """What is wrong with the folder or its database."""

    READ_ONLY = "read-only"
    FULL = "full"
    DAMAGED = "damaged"
    LOCKED = "locked"
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CacheTrouble:
    """Something is wrong with the cache, and what became of it.

    `rebuilt`: the database was set aside or was missing, and a new one serves. Else the disk is not used until a sweep
    (once a minute) finds it usable. `detail` is the system's word, for the log.
    """

    kind: CacheTroubleKind
    rebuilt: bool
    detail: str = ""


class StoreFailure(Exception):
    """The folder cannot be used as it is. It never leaves the cache."""

    def __init__(self, kind: CacheTroubleKind, detail: str) -> None:
        super().__init__(kind.value, detail)
        self.kind = kind
        self.detail = detail
