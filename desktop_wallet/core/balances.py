"""Balances: what is asked, what was read, what is held, and which of two readings counts."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NewType

from typing_extensions import override

from desktop_wallet.core.positions import Height, Position, blocks_between

if TYPE_CHECKING:
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import NetworkId

RegistryId = NewType("RegistryId", str)
"""A registry's random id: readings of another registry do not count."""

JUMP_ALLOWANCE = 64
"""Blocks by which a height may run ahead of the clock before a second witness is asked."""
BEHIND_AFTER_BLOCKS = 3
"""Block times for which lower answers are only asked elsewhere; after that the row says that servers are behind."""


@dataclass(frozen=True, slots=True, eq=False)
class BalanceKey:
    """Names one balance. Its hash is computed once: keys are looked up far more often than they are made."""

    network: NetworkId
    address: Address
    asset: AssetId
    _hash: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Compute the hash."""
        object.__setattr__(self, "_hash", hash((self.network, self.address.text, self.asset)))

    @override
    def __hash__(self) -> int:
        """Return the hash computed at the start."""
        return self._hash

    @override
    def __eq__(self, other: object) -> bool:
        """Return whether both name one balance."""
        if self is other:
            return True
        if not isinstance(other, BalanceKey):
            return NotImplemented
        return (
            self._hash == other._hash
            and self.network == other.network
            and self.address == other.address
            and self.asset == other.asset
        )

    @override
    def __reduce__(self) -> tuple[type[BalanceKey], tuple[NetworkId, Address, AssetId]]:
        """Return how to copy it: text hashes differ between processes, so the hash is never carried over."""
        return (BalanceKey, (self.network, self.address, self.asset))


class ReadMethod(enum.Enum):
    """How an amount was asked for."""

    MULTICALL = "multicall"
    """Many balances and the block in one contract call."""
    PINNED = "pinned"
    """Singly, at a block named by its hash (EIP-1898)."""
    ACCOUNTS = "accounts"
    """Many accounts in one call that names its slot or height."""
    RECORD = "record"
    """One record of a REST server."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An amount and where it comes from (requirement F2). Money is an integer in base units.

    `endpoint` is a host without credentials; `chain_hash` the genesis (or first known) hash of the chain it belongs
    to; `batch` how many balances the same call answered; `seq` the registry's counter when the read began.
    """

    key: BalanceKey
    amount: int
    decimals: int
    position: Position
    endpoint: str
    method: ReadMethod
    batch: int
    started: Instant
    ended: Instant
    seq: int
    registry: RegistryId
    chain_hash: str | None = None


class FailureReason(enum.Enum):
    """Why the last try to read a balance gave no number."""

    OFFLINE = "offline"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate-limited"
    REFUSED = "refused"
    UNTRUSTED = "untrusted"
    WRONG_CHAIN = "wrong-chain"
    EMPTY = "empty"
    """The contract or the server answered with nothing; that is no zero."""
    DOUBTED = "doubted"
    """The height ran away from the clock and no second witness agreed."""
    BELOW_RECEIPT = "below-receipt"
    """The number is from below a block that has a transaction of ours in it, and serves no quote."""


@dataclass(frozen=True, slots=True)
class ReadFailure:
    """The last try for one balance, which gave no number. `host` is empty where no server is to blame."""

    key: BalanceKey
    reason: FailureReason
    at: Instant
    host: str = ""
    after_s: float | None = None
    """TIMEOUT: how long it was waited; RATE_LIMITED: when the next try is due."""


@dataclass(frozen=True, slots=True)
class Behind:
    """Servers answer from below the reading that is held. `lasting` once that went on for over three block times."""

    since: Instant
    blocks: int
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class BalanceState:
    """All that is held of one balance. `arrived` is set when the network answered in this run, not for the disk's."""

    key: BalanceKey
    reading: Reading | None = None
    arrived: Instant | None = None
    failure: ReadFailure | None = None
    behind: Behind | None = None
    left_chain: bool = False
    """The reading's block is no longer at its height."""


class Verdict(enum.Enum):
    """What became of a new reading."""

    TAKEN = "taken"
    NEW_EPOCH = "new-epoch"
    """Taken: the chain itself is another one (its genesis changed)."""
    REORGED = "reorged"
    """Taken: the old reading's block left the chain."""
    OUTDATED = "outdated"
    """Not counted: it began before an invalidation, or before the reading that is held."""
    ASK_ELSEWHERE = "ask-elsewhere"
    """Not counted yet: below what is held; another server may be ahead."""
    BEHIND = "behind"
    """Not counted: below what is held for over three block times."""
    DOUBTED = "doubted"
    """Not counted: the height ran away from the clock; it needs a second witness."""

    @property
    def counts(self) -> bool:
        """Return whether the new reading replaced the old one."""
        return self in (Verdict.TAKEN, Verdict.NEW_EPOCH, Verdict.REORGED)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known beside the two readings.

    `valid`: the new reading's seq covers every invalidation. `old_on_chain`: whether the old reading's hash still
    stands at its height, None if nobody could tell. `agreed`: a second witness confirmed a leap in height.
    `loses_ours`: the old reading shows a transaction of ours that the new one does not.
    """

    now: Instant
    block_time_s: float
    valid: bool
    old_on_chain: bool | None = None
    agreed: bool = False
    loses_ours: bool = False


def merge(state: BalanceState, new: Reading, evidence: Evidence) -> tuple[BalanceState, Verdict]:
    """Return what is held after `new` arrived, and what became of it.

    The position of what is held never goes down, except onto another chain: a reorganisation that was proved, or a
    changed genesis. That the held reading was invalidated does not change that: a server behind the receipt's block
    must not bring the old amount back.
    """
    taken = BalanceState(state.key, new, arrived=evidence.now)
    old = state.reading
    if not evidence.valid:
        return state, Verdict.OUTDATED
    if old is None:
        return taken, Verdict.TAKEN
    if old.chain_hash and new.chain_hash and old.chain_hash != new.chain_hash:
        if old.started.is_after(new.started):  # the old chain's last answer, come late
            return state, Verdict.OUTDATED
        return taken, Verdict.NEW_EPOCH
    distance = blocks_between(old.position, new.position)
    if distance is None or distance == 0:
        # Where heights do not compare, what is known of our own transactions does.
        if evidence.loses_ours or old.started.is_after(new.started):
            return state, Verdict.OUTDATED
        return taken, Verdict.TAKEN
    if distance < 0:
        if old.started.is_after(new.started) and evidence.old_on_chain is not False:
            return state, Verdict.OUTDATED  # it was asked for earlier: nobody is behind, the chain went on
        return _merge_below(state, taken, -distance, evidence)
    plausible = _passed_s(old, evidence.now) / evidence.block_time_s + JUMP_ALLOWANCE
    if distance > plausible and not evidence.agreed:
        return state, Verdict.DOUBTED
    return taken, Verdict.TAKEN


def _passed_s(old: Reading, now: Instant) -> float:
    """Return the seconds in which the chain may have grown: since the read, or since its block if that was old."""
    time_s = old.position.time_s if isinstance(old.position, Height) else None
    return max(old.started.age_s(now), 0.0 if time_s is None else now.wall_s - time_s, 0.0)


def _merge_below(
    state: BalanceState, taken: BalanceState, blocks: int, evidence: Evidence
) -> tuple[BalanceState, Verdict]:
    if evidence.old_on_chain is False:
        return taken, Verdict.REORGED
    since = state.behind.since if state.behind else evidence.now
    lasting = since.age_s(evidence.now) > BEHIND_AFTER_BLOCKS * evidence.block_time_s
    kept = replace(state, behind=Behind(since, blocks, lasting=lasting))
    return kept, Verdict.BEHIND if lasting else Verdict.ASK_ELSEWHERE


def fail(state: BalanceState, failure: ReadFailure) -> BalanceState:
    """Return what is held after a try failed: the last known reading stays, with the reason beside it."""
    return replace(state, failure=failure)
