"""What came in: payments to our accounts that no transfer of ours explains (P7)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import override

if TYPE_CHECKING:
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import Asset, AssetId
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.signing import TransactionId


@dataclass(frozen=True, slots=True)
class TransferLog:
    """A `Transfer` of EIP-20 as its contract logged it; `index` is the log's place in its block.

    Any contract may log what it likes: only the balance proves that something came.
    """

    asset: AssetId
    sender: Address
    recipient: Address
    amount: int
    transaction: TransactionId
    index: int
    block: int
    block_hash: str


@dataclass(frozen=True, slots=True)
class LogTrace:
    """Where a payment was logged: who paid, in which transaction and block, and the log's place in that block."""

    sender: Address
    transaction: TransactionId
    index: int
    block_hash: str


@dataclass(frozen=True, slots=True)
class Received:
    """An amount of `asset` in base units that came to `address`, as `host` showed it at `seen_at_s` (Unix seconds).

    By difference of two readings it came above `from_height` and at or below `to_height`; by a log both are the height
    of its block, and `trace` tells the rest. None on networks without heights.
    """

    network: NetworkId
    address: Address
    asset: AssetId
    amount: int
    from_height: int | None
    to_height: int | None
    seen_at_s: float
    host: str
    trace: LogTrace | None = None

    @override
    def __hash__(self) -> int:
        """Return a hash of what tells rows apart best: thousands are looked up by themselves within a frame."""
        return hash((self.address.text, self.asset.reference, self.amount, self.to_height))


@dataclass(frozen=True, slots=True)
class LogScan:
    """Up to which block the logs of one address are known, above `begun_at` (first and last height, both known).

    `chain_hash` names the chain they are of; `since_s` is when looking began (Unix seconds).
    """

    network: NetworkId
    address: Address
    begun_at: int
    through: int
    chain_hash: str | None
    since_s: float

    def covers(self, received: Received) -> bool:
        """Return whether everything in the stretch that a difference of readings tells of was looked through."""
        if received.from_height is None or received.to_height is None or received.seen_at_s < self.since_s:
            return False
        return self.begun_at <= received.from_height and received.to_height <= self.through


class FoundState(enum.Enum):
    """What a person made of a token that was found."""

    FOUND = "found"
    HIDDEN = "hidden"
    """Not wanted: it and its payments stay out of sight."""


@dataclass(frozen=True, slots=True)
class FoundToken:
    """A contract that is in no list and sent something to us. `words` are its own, None where they are unreadable.

    `described`: whether it was asked; a server that did not answer is asked again.
    """

    asset: AssetId
    words: Asset | None
    described: bool
    first_seen_s: float
    state: FoundState = FoundState.FOUND
