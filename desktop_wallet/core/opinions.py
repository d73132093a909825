"""A second opinion on a balance: what another server says of the very same block (requirement F10, its first grade)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_wallet.core.balances import Reading


class OpinionKind(enum.Enum):
    """What came of asking another server."""

    EQUAL = "equal"
    """It reads the same amount at the same block."""
    DIFFERENT = "different"
    """It reads another amount at the same block: one of the two is wrong."""
    CANNOT_TELL = "cannot-tell"


class OpinionProblem(enum.Enum):
    """Why nothing could be told."""

    NO_READING = "no-reading"
    """No server gave a number to compare with."""
    UNORDERED = "unordered"
    """The network has no blocks to pin a read to."""
    ONE_SERVER = "one-server"
    """No other server of the network is in use."""
    NO_ANSWER = "no-answer"
    """The others did not answer, or answered nonsense."""
    NOT_THERE_YET = "not-there-yet"
    """The others have not got to that block."""
    OTHER_BLOCK = "other-block"
    """The others have another block at that height."""
    FORGOTTEN = "forgotten"
    """The others have the block but not its state, or do not read at a named block."""
    NO_NUMBER = "no-number"
    """The contract gave the other server no number."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What is held of a balance (`first`), what another server reads at the same block, and how they compare.

    Two servers of one operator, or one server behind two names, agree without proving anything.
    """

    kind: OpinionKind
    first: Reading | None
    second: Reading | None = None
    why: OpinionProblem | None = None


def compare(first: Reading, second: Reading) -> Opinion:
    """Return how two readings of one balance at one block compare."""
    kind = OpinionKind.EQUAL if first.amount == second.amount else OpinionKind.DIFFERENT
    return Opinion(kind, first, second)


def cannot_tell(first: Reading | None, why: OpinionProblem) -> Opinion:
    """Return that nothing could be told, and why."""
    return Opinion(OpinionKind.CANNOT_TELL, first, why=why)
