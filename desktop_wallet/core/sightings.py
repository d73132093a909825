"""What servers say of a transaction, and what follows from it: pure, so that every history can be tried.

Servers lag, forget, contradict each other and lie. One that shows our transaction in a block that stands is believed
(the pinned read that settles the balances must agree); that a transaction is gone is believed only if every server
that the network has says so, twice.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desktop_wallet.core.transfers import TransferState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.positions import Height
    from desktop_wallet.core.signing import TransactionId
    from desktop_wallet.core.transfers import Transfer

FINAL_DEPTH = 64
"""Blocks above ours after which it counts as final where a network names no final block."""
ROUNDS_UNTIL_GONE = 2
"""Rounds in which every server must deny a transaction before that is believed."""


class Presence(enum.Enum):
    """Where a server has a transaction."""

    MINED = "mined"
    WAITING = "waiting"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Seen:
    """One transaction at one server. Mined: its block (number, hash, time), whether it succeeded, the fee it paid."""

    presence: Presence
    block: Height | None = None
    succeeded: bool = False
    fee_paid: int | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one server says at one head. `used_nonces`: transactions of each sender up to that head.

    `finalized`: the height of the newest final block, None where the server names none. `standing`: of each block hash
    that was asked for, whether it is the one at its height; a server that has not got that far is not in it.
    """

    host: str
    head: Height
    finalized: int | None = None
    transactions: Mapping[TransactionId, Seen] = field(default_factory=dict)
    used_nonces: Mapping[Address, int] = field(default_factory=dict)
    standing: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """What follows for a transfer: the states to go through, in order, and the facts of the last."""

    states: tuple[TransferState, ...]
    host: str = ""
    block: Height | None = None
    fee_paid: int | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """How often in a row every server has denied a transaction, this round included, and whether it may be given up.

    `complete`: every server of the network answered this round.
    """

    denials: int
    complete: bool


def conclude(
    transfer: Transfer, sightings: Sequence[Sighting], siblings: Sequence[Transfer], patience: Patience
) -> Finding | None:
    """Return what follows for a transfer that is signed, None if nothing does.

    `siblings` are our other transactions of the same nonce. First match wins: mined, back from the chain, final,
    replaced, waiting, dropped.
    """
    if transfer.state is TransferState.FINALIZED or transfer.final:
        return None
    seen = [(each, each.transactions[transfer.transaction]) for each in sightings if _knows(each, transfer)]
    if transfer.state.is_mined:
        return _conclude_mined(transfer, seen)
    for sighting, found in seen:
        if found.presence is Presence.MINED and found.block is not None and found.block.hash is not None:
            states = (*_revived(transfer), TransferState.CONFIRMED if found.succeeded else TransferState.FAILED)
            return Finding(states, sighting.host, found.block, found.fee_paid)
    if transfer.state is TransferState.REPLACED:
        return _conclude_replaced(transfer, sightings, siblings)
    if (replaced := _replacement(transfer, seen, siblings, patience)) is not None:
        return replaced
    waiting = next((each for each, found in seen if found.presence is Presence.WAITING), None)
    if waiting is not None:
        return None if transfer.state is TransferState.BROADCAST else Finding((TransferState.BROADCAST,), waiting.host)
    gone = is_denied(transfer, sightings) and patience.complete and patience.denials >= ROUNDS_UNTIL_GONE
    if gone and transfer.state in (TransferState.BROADCAST, TransferState.UNKNOWN):
        return Finding((TransferState.DROPPED,))
    return None


def is_denied(transfer: Transfer, sightings: Sequence[Sighting]) -> bool:
    """Return whether every server that answered denies the transaction, and at least one did."""
    seen = [each.transactions[transfer.transaction] for each in sightings if _knows(each, transfer)]
    return bool(seen) and all(found.presence is Presence.ABSENT for found in seen)


def _knows(sighting: Sighting, transfer: Transfer) -> bool:
    return transfer.transaction in sighting.transactions


def _revived(transfer: Transfer) -> tuple[TransferState, ...]:
    # Only an edge of the machine leads on: what was signed and never acknowledged is Unknown first, and so is what
    # was replaced.
    if transfer.state in (TransferState.SIGNED, TransferState.REPLACED):
        return (TransferState.UNKNOWN,)
    return ()


def _conclude_mined(transfer: Transfer, seen: Sequence[tuple[Sighting, Seen]]) -> Finding | None:
    block = transfer.block
    assert block is not None and block.hash is not None  # noqa: S101, PT018 - `advance` allows no other
    # What is final is never looked at again, so nobody may gainsay it.
    gainsaid = any(sighting.standing.get(block.hash) is False for sighting, _ in seen)
    for sighting, found in seen:
        if found.presence is Presence.MINED and found.block is not None and found.block.hash is not None:
            if found.block.hash == block.hash:
                return None if gainsaid else _final(transfer, sighting)
            if sighting.standing.get(block.hash) is False:
                state = TransferState.CONFIRMED if found.succeeded else TransferState.FAILED
                return Finding((TransferState.BROADCAST, state), sighting.host, found.block, found.fee_paid)
        elif sighting.standing.get(block.hash) is False:
            return Finding((TransferState.BROADCAST,), sighting.host)
    if any(found.presence is Presence.MINED for _, found in seen):
        return None
    for sighting, found in seen:
        # Its block stands where the receipt is gone (old ones are thrown away), or where it never was: the nonce tells.
        used = sighting.used_nonces.get(transfer.draft.sender)
        if used is None or not sighting.standing.get(block.hash):
            continue
        if used <= transfer.nonce:
            return Finding((TransferState.BROADCAST,), sighting.host)
        if found.presence is Presence.ABSENT and (final := _final(transfer, sighting)) is not None:
            return final
    return None


def _final(transfer: Transfer, sighting: Sighting) -> Finding | None:
    block = transfer.block
    assert block is not None  # noqa: S101 - see above
    if not _is_final(block, sighting):
        return None
    states = (TransferState.FINALIZED,) if transfer.state is TransferState.CONFIRMED else ()
    return Finding(states, sighting.host, block, transfer.fee_paid, final=True)


def _is_final(block: Height, sighting: Sighting) -> bool:
    if sighting.finalized is not None:
        return sighting.finalized >= block.number
    return sighting.head.number - block.number >= FINAL_DEPTH


def _replacement(
    transfer: Transfer, seen: Sequence[tuple[Sighting, Seen]], siblings: Sequence[Transfer], patience: Patience
) -> Finding | None:
    if transfer.state is TransferState.SIGNED:
        return None
    for sibling in siblings:
        if sibling.state.is_mined and sibling.block is not None:
            return Finding((TransferState.REPLACED,), block=sibling.block)
    # By another program: every server that answered says that the nonce is used and that it was not by ours, twice.
    used = [
        each
        for each, found in seen
        if found.presence is Presence.ABSENT and each.used_nonces.get(transfer.draft.sender, 0) > transfer.nonce
    ]
    if used and len(used) == len(seen) and patience.denials >= ROUNDS_UNTIL_GONE:
        highest = max(used, key=lambda each: each.head.number)
        return Finding((TransferState.REPLACED,), highest.host, highest.head)
    return None


def _conclude_replaced(
    transfer: Transfer, sightings: Sequence[Sighting], siblings: Sequence[Transfer]
) -> Finding | None:
    block = transfer.block
    assert block is not None  # noqa: S101 - `advance` allows no other
    mined = [sibling for sibling in siblings if sibling.state.is_mined]
    used = []
    for sighting in sightings:
        count = sighting.used_nonces.get(transfer.draft.sender)
        if count is None or sighting.head.number < block.number:
            continue
        if count <= transfer.nonce:
            return Finding((TransferState.UNKNOWN,), sighting.host)
        used.append(sighting)
    if not mined:
        final = next((sighting for sighting in used if _is_final(block, sighting)), None)
        return None if final is None else Finding((), final.host, block, final=True)
    if any(sibling.final for sibling in mined):
        return Finding((), block=block, final=True)
    return None
