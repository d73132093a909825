"""Where in a chain a reading was taken."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class HeightKind(enum.Enum):
    """What a chain counts."""

    BLOCK = "block"
    SLOT = "slot"


@dataclass(frozen=True, slots=True)
class Height:
    """A place in an ordered chain, from the same call as the amount or from the block it was pinned to.

    `time_s` is the block's own timestamp (Unix). `hash` is absent where the server did not prove which block it was.
    `commitment` is Solana's; heights compare only within one.
    """

    kind: HeightKind
    number: int
    hash: str | None = None
    parent_hash: str | None = None
    time_s: int | None = None
    commitment: str | None = None


@dataclass(frozen=True, slots=True)
class Unordered:
    """A place in a network without heights. `record` is the server's own mark (nonce, revision) where it has one."""

    record: str | None = None


Position = Height | Unordered


def blocks_between(earlier: Position, later: Position) -> int | None:
    """Return how many blocks `later` stands above `earlier`, negative below; None if the two do not compare."""
    if not isinstance(earlier, Height) or not isinstance(later, Height):
        return None
    if (earlier.kind, earlier.commitment) != (later.kind, later.commitment):
        return None
    return later.number - earlier.number
