"""What a person sends, from the draft to finality: one explicit state machine (S1), and what follows from it.

    Draft ⇄ Quoted ⇄ Reviewed ─> Signed ─┬─> Broadcast ─┬─> Confirmed ─> Finalized
                                         └─> Unknown  ──┤      └─ back to Broadcast on a reorg
                                                        ├─> Failed     mined, and reverted: it cost its fee
                                                        ├─> Dropped    no server knows it any more
                                                        └─> Replaced   another transaction used up its nonce

Signed is stored before anything leaves the machine. A broadcast that nobody acknowledged is Unknown, never Failed.
Dropped, Unknown and closed by hand release neither the amount nor the nonce: a retry or a cancel reuses that nonce.
What is pending and what may be spent is derived here from transfers and a reading, and stored nowhere.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NewType

from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.positions import Height, Unordered, blocks_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.balances import Reading
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.signing import TransactionId

TransferId = NewType("TransferId", str)
"""A random UUID in hexadecimal."""


class TransferState(enum.Enum):
    """How far a transfer has come."""

    DRAFT = "draft"
    QUOTED = "quoted"
    REVIEWED = "reviewed"
    SIGNED = "signed"
    BROADCAST = "broadcast"
    """A server acknowledged it by our id."""
    CONFIRMED = "confirmed"
    FINALIZED = "finalized"
    FAILED = "failed"
    DROPPED = "dropped"
    REPLACED = "replaced"
    UNKNOWN = "unknown"
    """It may or may not have left the machine; nobody has acknowledged it."""

    @property
    def is_mined(self) -> bool:
        """Return whether it stands in a block."""
        return self in _MINED

    @property
    def is_open(self) -> bool:
        """Return whether it may be mined at any moment."""
        return self in _OPEN


_S = TransferState
_MINED = frozenset({_S.CONFIRMED, _S.FINALIZED, _S.FAILED})
_OPEN = frozenset({_S.SIGNED, _S.BROADCAST, _S.UNKNOWN})
_OUTCOMES = frozenset({_S.CONFIRMED, _S.FAILED, _S.DROPPED, _S.REPLACED})

EDGES: Mapping[TransferState, frozenset[TransferState]] = {
    _S.DRAFT: frozenset({_S.QUOTED}),
    _S.QUOTED: frozenset({_S.DRAFT, _S.REVIEWED}),
    _S.REVIEWED: frozenset({_S.DRAFT, _S.QUOTED, _S.SIGNED}),
    _S.SIGNED: frozenset({_S.BROADCAST, _S.UNKNOWN}),
    _S.BROADCAST: _OUTCOMES,
    _S.UNKNOWN: _OUTCOMES | {_S.BROADCAST},
    _S.DROPPED: frozenset({_S.BROADCAST, _S.UNKNOWN, _S.CONFIRMED, _S.FAILED, _S.REPLACED}),
    _S.CONFIRMED: frozenset({_S.FINALIZED, _S.BROADCAST}),
    _S.FAILED: frozenset({_S.BROADCAST}),
    _S.REPLACED: frozenset({_S.UNKNOWN}),
    _S.FINALIZED: frozenset(),
}
"""Every step there is. Only a reorg leads back from Confirmed and Failed to Broadcast, from Replaced to Unknown."""


class TransferKind(enum.Enum):
    """What a transfer is for."""

    PAYMENT = "payment"
    CANCEL = "cancel"
    """Nothing, to the sender itself: it only uses up the nonce of another transfer."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person wants sent: `amount` in base units of `asset`. `replaces`: the transfer whose nonce it reuses.

    `everything`: all that can be spent. Until it is reviewed, the amount then follows balance and fee.
    """

    network: NetworkId
    sender: Address
    recipient: Address
    asset: AssetId
    amount: int
    kind: TransferKind = TransferKind.PAYMENT
    replaces: TransferId | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Fee:
    """What a transfer pays the network, in base units of `asset`: what is likely, and what it may take at most."""

    asset: AssetId
    expected: int
    most: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a transfer's history. `at_s` in Unix seconds; `host` is the server that told of it, if one did."""

    state: TransferState
    at_s: float
    height: int | None = None
    host: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A signed transfer. One row is one signed transaction: a faster one or a cancel of the same nonce is another row.

    `block` is where it was mined; for Replaced the height at which its nonce was seen used up. `settled` is the block
    of the pinned read that settled its balances. `final`: no reorg is expected to undo what happened. `attempt` counts
    the transactions of one nonce from 0.
    """

    id: TransferId
    draft: Draft
    transaction: TransactionId
    raw: bytes = field(repr=False)
    nonce: int
    attempt: int
    fee: Fee
    state: TransferState
    steps: tuple[Step, ...]
    block: Height | None = None
    fee_paid: int | None = None
    settled: Height | None = None
    final: bool = False
    closed: bool = False
    note: str = ""

    @property
    def slot(self) -> tuple[NetworkId, Address, int]:
        """Return what only one transaction can ever have: network, sender and nonce."""
        return self.draft.network, self.draft.sender, self.nonce

    @property
    def is_waiting(self) -> bool:
        """Return whether balances must show it as pending: it may be mined, or is mined and not settled yet."""
        return (self.state.is_open and not self.closed) or (self.state.is_mined and self.settled is None)

    @property
    def at_s(self) -> float:
        """Return when it was signed, in Unix seconds."""
        return next((step.at_s for step in self.steps if step.state is TransferState.SIGNED), self.steps[0].at_s)


class IllegalStep(ValueError):
    """A step that is not an edge of the machine: a bug of ours, never a server's doing."""


def check_step(before: TransferState, after: TransferState) -> None:
    """Raise IllegalStep unless the machine has that edge."""
    if after not in EDGES[before]:
        raise IllegalStep(f"{before.value} to {after.value}")


def advance(
    transfer: Transfer, step: Step, *, block: Height | None = None, fee_paid: int | None = None, final: bool = False
) -> Transfer:
    """Return the transfer after a step; IllegalStep if there is no such edge.

    `block` and `fee_paid` belong to mined states and, without a fee, to Replaced. A step back after a reorg forgets
    block, fee and settlement. A transfer that comes back to life is no longer closed.
    """
    check_step(transfer.state, step.state)
    state = step.state
    closed = transfer.closed and not (state.is_open or state.is_mined)
    after = replace(transfer, state=state, steps=(*transfer.steps, step), final=final, closed=closed)
    if state is TransferState.FINALIZED:
        return replace(after, final=True)
    if state.is_mined:
        if block is None or block.hash is None:
            raise IllegalStep(f"{state.value} without a block")
        return replace(after, block=block, fee_paid=fee_paid, settled=None)
    if state is TransferState.REPLACED:
        if block is None:
            raise IllegalStep(f"{state.value} without a block")
        return replace(after, block=block, fee_paid=None, settled=None)
    return replace(after, block=None, fee_paid=None, settled=None, final=False)


def touched(draft: Draft, coin: AssetId) -> tuple[BalanceKey, ...]:
    """Return the balances that a draft changes: asset and fee of the sender, asset of the recipient. Each once."""
    keys = (
        BalanceKey(draft.network, draft.sender, draft.asset),
        BalanceKey(draft.network, draft.sender, coin),
        BalanceKey(draft.network, draft.recipient, draft.asset),
    )
    return tuple(dict.fromkeys(keys))


def scopes(transfer: Transfer) -> tuple[Scope, ...]:
    """Return what a transfer's submission, outcome or closing makes invalid (requirement I3)."""
    return tuple(Scope(key.network, key.address, key.asset) for key in touched(transfer.draft, transfer.fee.asset))


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a waiting transfer waits for: nonces below its own, that no block has used up yet.

    `missing` are those that no transaction of ours uses: another program has them, or had them and they are lost.
    `doubtful` are ours that may never be mined: Unknown, Dropped, or closed by hand.
    """

    missing: tuple[int, ...] = ()
    doubtful: tuple[int, ...] = ()


_LOOKED_AHEAD = 1_000
"""Nonces; a gap that is larger is named by its beginning."""


def ahead_of(transfer: Transfer, used_nonces: int, of_account: Iterable[Transfer]) -> Ahead:
    """Return what stands between the account's next nonce in a block and a transfer that is not mined."""
    if transfer.state.is_mined or transfer.state is TransferState.REPLACED:
        return Ahead()
    ours: dict[int, bool] = {}
    for other in of_account:
        moves = other.state in (TransferState.SIGNED, TransferState.BROADCAST) and not other.closed
        ours[other.nonce] = ours.get(other.nonce, False) or moves or other.state.is_mined
    between = range(used_nonces, min(transfer.nonce, used_nonces + _LOOKED_AHEAD))
    return Ahead(
        tuple(nonce for nonce in between if nonce not in ours),
        tuple(nonce for nonce in between if not ours.get(nonce, True)),
    )


def change_of(transfer: Transfer, key: BalanceKey) -> int:
    """Return by how much a transfer changes a balance, in base units: as expected, or exactly once it is mined."""
    draft = transfer.draft
    if key.network != draft.network:
        return 0
    fee = transfer.fee.expected if transfer.fee_paid is None else transfer.fee_paid
    moves = transfer.state is not TransferState.FAILED
    change = 0
    if key.address == draft.sender:
        change -= draft.amount if key.asset == draft.asset and moves else 0
        change -= fee if key.asset == transfer.fee.asset else 0
    if key.address == draft.recipient and key.asset == draft.asset and moves:
        change += draft.amount
    return change


def most_taken(transfer: Transfer, key: BalanceKey) -> int:
    """Return what a transfer may take of a balance at most, in base units."""
    draft = transfer.draft
    if key.network != draft.network or key.address != draft.sender:
        return 0
    amount = draft.amount if key.asset == draft.asset and draft.recipient != draft.sender else 0
    return amount + (transfer.fee.most if key.asset == transfer.fee.asset else 0)


def is_counted(transfer: Transfer, reading: Reading | None) -> bool:
    """Return whether the reading is from a block in which the transfer's nonce is used up already."""
    if transfer.block is None or reading is None:
        return False
    distance = blocks_between(transfer.block, reading.position)
    return distance is not None and distance >= 0


def shows(transfer: Transfer, reading: Reading) -> bool:
    """Return whether a reading is from after all that is known to have happened to a transfer that touches it.

    Where there are heights: at or above the block that it was mined in. One below that block and made after it is of
    another chain, which has nothing to show. Where there are none: from a server that acknowledged the transfer, and
    the sender's own with a record beyond its nonce. Nothing is known to have happened to any other.
    """
    position = reading.position
    if isinstance(position, Unordered):
        hosts = {step.host for step in transfer.steps if step.state is TransferState.BROADCAST}
        if not hosts:
            return True
        record = position.record or ""
        recorded = record.isascii() and record.isdigit() and int(record) > transfer.nonce
        return reading.endpoint in hosts and (recorded or reading.key.address != transfer.draft.sender)
    block = transfer.block
    if not transfer.state.is_mined or block is None:
        return True
    distance = blocks_between(block, position)
    if distance is not None and distance < 0 and block.time_s is not None and position.time_s is not None:
        return position.time_s > block.time_s
    return distance is not None and distance >= 0


def expected_change(key: BalanceKey, reading: Reading | None, transfers: Iterable[Transfer]) -> int | None:
    """Return what waiting transfers will still do to a balance; None where none waits (the badge is not Pending).

    Of several transactions of one nonce only one can happen: the mined one counts, settled or not, else the newest,
    whether or not it touches this balance too.
    """
    happens: dict[tuple[NetworkId, Address, int], Transfer] = {}
    waits: set[tuple[NetworkId, Address, int]] = set()
    for transfer in transfers:
        if transfer.is_waiting and key in touched(transfer.draft, transfer.fee.asset):
            waits.add(transfer.slot)
        if not (transfer.is_waiting or transfer.state.is_mined):
            continue
        other = happens.get(transfer.slot)
        if other is None or (transfer.state.is_mined, transfer.attempt) > (other.state.is_mined, other.attempt):
            happens[transfer.slot] = transfer
    # Where one is mined and settled, its rivals wait for nothing that could still happen.
    chosen = [transfer for slot in waits if (transfer := happens[slot]).settled is None]
    if not chosen:
        return None
    return sum(change_of(transfer, key) for transfer in chosen if not is_counted(transfer, reading))


def spendable(key: BalanceKey, reading: Reading, transfers: Iterable[Transfer]) -> int:
    """Return what may be spent of a balance, never below 0: the amount less what signed transfers may still take.

    A nonce's transfers count until one of them is known to be used up at or below the reading's block, and its
    balances are settled; of several transactions of one nonce the dearest counts.
    """
    slots: dict[tuple[NetworkId, Address, int], list[Transfer]] = defaultdict(list)
    for transfer in transfers:
        slots[transfer.slot].append(transfer)
    taken = 0
    for attempts in slots.values():
        if not _used_up(attempts, reading):
            taken += max(most_taken(transfer, key) for transfer in attempts)
    return max(reading.amount - taken, 0)


def _used_up(attempts: list[Transfer], reading: Reading) -> bool:
    mined = [transfer for transfer in attempts if transfer.state.is_mined]
    if mined:
        return any(transfer.settled is not None and is_counted(transfer, reading) for transfer in mined)
    # One that still may be mined gainsays that another transaction used the nonce up: a reorg may have freed it.
    return all(transfer.state is TransferState.REPLACED and is_counted(transfer, reading) for transfer in attempts)


def used_up_from(attempts: Iterable[Transfer]) -> Height | None:
    """Return the block from which on every reading shows that this nonce takes nothing more; None if that is open.

    `attempts` are all the transactions of one nonce. It says less than `spendable` knows, and never more.
    """
    known = list(attempts)
    mined = [transfer for transfer in known if transfer.state.is_mined]
    if mined:
        blocks = [transfer.block for transfer in mined if transfer.settled is not None]
    elif all(transfer.state is TransferState.REPLACED for transfer in known):
        blocks = [transfer.block for transfer in known]
    else:
        return None
    return blocks[0] if len(blocks) == 1 else None
