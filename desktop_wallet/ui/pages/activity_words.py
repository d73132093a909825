"""What is said of transfers: a word and whole sentences for every state, and what a person can do. No Qt."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.transfers import Transfer, TransferKind, TransferState
from desktop_wallet.ui.measures import age_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_wallet.core.networks import Network
    from desktop_wallet.core.transfers import Ahead

_SLOW_BLOCKS = 8
_SLOW_LEAST_S = 90.0
"""A transfer that waits longer than eight blocks, and longer than this, waits longer than usual."""
_NAMED = 3


class Mark(enum.Enum):
    """What a state badge shows; the value is its word."""

    SIGNED = "Signed"
    SENDING = "Sending"
    UNKNOWN = "Unknown"
    CONFIRMED = "Confirmed"
    FINAL = "Final"
    FAILED = "Failed"
    DROPPED = "Dropped"
    REPLACED = "Replaced"
    CLOSED = "Closed"
    RECEIVED = "Received"
    SUSPECTED = "Suspicious"

    @property
    def word(self) -> str:
        """Return the word."""
        return str(self.value)


_MARKS = {
    TransferState.SIGNED: Mark.SIGNED,
    TransferState.BROADCAST: Mark.SENDING,
    TransferState.UNKNOWN: Mark.UNKNOWN,
    TransferState.CONFIRMED: Mark.CONFIRMED,
    TransferState.FINALIZED: Mark.FINAL,
    TransferState.FAILED: Mark.FAILED,
    TransferState.DROPPED: Mark.DROPPED,
    TransferState.REPLACED: Mark.REPLACED,
}
STEP_WORDS = {
    TransferState.DRAFT: "Begun",
    TransferState.QUOTED: "Quoted",
    TransferState.REVIEWED: "Reviewed",
    **{state: mark.word for state, mark in _MARKS.items()},
    TransferState.BROADCAST: "Taken",
}
"""What each step of a transfer's history is called."""


def is_closed(transfer: Transfer) -> bool:
    """Return whether a person closed it by hand and nothing has come of it since."""
    return transfer.closed and (transfer.state.is_open or transfer.state is TransferState.DROPPED)


def mark_of(transfer: Transfer) -> Mark:
    """Return what the badge of a transfer shows."""
    return Mark.CLOSED if is_closed(transfer) else _MARKS[transfer.state]


def mark_text(transfer: Transfer, now_s: float) -> str:
    """Return the word of a state, with the age of what is still open: "Sending · 14 s"."""
    mark = mark_of(transfer)
    if mark in (Mark.SIGNED, Mark.SENDING, Mark.UNKNOWN):
        return f"{mark.word} · {age_text(now_s - transfer.at_s)}"
    return mark.word


def what_text(transfer: Transfer, symbol: str) -> str:
    """Return what a transfer does, as a row of a list calls it: "Sent ETH", "Cancel"."""
    return "Cancel" if transfer.draft.kind is TransferKind.CANCEL else f"Sent {symbol}"


def usurper(siblings: Sequence[Transfer]) -> Transfer | None:
    """Return the one of a transfer's siblings that was mined in its place; None if that was another program's."""
    return next((sibling for sibling in siblings if sibling.state.is_mined), None)


def replaced_by_text(transfer: Transfer, siblings: Sequence[Transfer]) -> str:
    """Return in a few words what took the place of a transfer: "by a faster one"."""
    other = usurper(siblings)
    if other is None:
        return "by another program"
    if other.draft.kind is TransferKind.CANCEL:
        return "by a cancel"
    return "by a faster one" if other.attempt > transfer.attempt else "by the first one"


def ahead_text(ahead: Ahead) -> str:
    """Return what a payment waits for before its own turn comes; empty where nothing stands before it."""
    parts = []
    if ahead.missing:
        which = _numbers(ahead.missing)
        parts.append(
            f"Before it comes {which} of this account, which is not of this wallet: another program sent it, or it is "
            "lost. Until then this payment waits. A payment or a cancel from that program lets it go on."
        )
    if ahead.doubtful:
        which = _numbers(ahead.doubtful)
        parts.append(
            f"It comes after your own {which} in this account's order, which is in doubt: send that again or cancel it."
        )
    return " ".join(parts)


def _numbers(nonces: Sequence[int]) -> str:
    return f"number {nonces[0]:,}" + (f" and {len(nonces) - 1:,} more" if len(nonces) > 1 else "")


def sentence(transfer: Transfer, siblings: Sequence[Transfer], network: Network, fee_text: str, now_s: float) -> str:
    """Return what happened to a transfer so far, in whole sentences; `fee_text` is the fee that was paid, or empty."""
    if is_closed(transfer):
        return (
            "You closed it by hand. It is no longer watched or shown as pending. It may still go through; the amount "
            "and its place in the order stay reserved until the network has used that number."
        )
    words = _CANCEL_SENTENCES if transfer.draft.kind is TransferKind.CANCEL else _SENTENCES
    if transfer.state is TransferState.REPLACED:
        return _replaced_sentence(transfer, siblings, network.name)
    text = words[transfer.state].format(
        network=network.name,
        block="a block" if transfer.block is None else f"block {transfer.block.number:,}",
        fee=f"its fee of {fee_text}" if fee_text else "its fee",
        fee_first=f"Its fee of {fee_text}" if fee_text else "Its fee",
    )
    if transfer.state.is_mined and transfer.settled is None:
        text += " The balances are being read at that block."
    elif transfer.state is TransferState.CONFIRMED and not transfer.final:
        text += " The network has not declared that block final yet."
    if transfer.state is TransferState.BROADCAST and _is_slow(transfer, network, now_s):
        text += " That takes longer than usual: others pay more for their place."
    return text


_SENTENCES = {
    TransferState.SIGNED: "It is signed and stored on this computer, and is being handed to the servers of {network}.",
    TransferState.BROADCAST: "A server of {network} has this payment. It waits for its place in a block.",
    TransferState.UNKNOWN: (
        "No server has acknowledged this payment. It may still go through. "
        "The amount stays reserved until that is known."
    ),
    TransferState.CONFIRMED: "It was paid in {block} of {network}.",
    TransferState.FINALIZED: "It was paid in {block} of {network}, and that is final.",
    TransferState.FAILED: (
        "{network} took it into {block}, and it failed there. The recipient was paid nothing; {fee} was charged all "
        "the same."
    ),
    TransferState.DROPPED: (
        "Every server of {network} denies knowing this payment. It has not been carried out, but it still could be. "
        "The amount and its place in the order stay reserved."
    ),
}
_CANCEL_SENTENCES = {
    TransferState.SIGNED: "The cancel is signed and stored on this computer, and is being handed to the servers.",
    TransferState.BROADCAST: (
        "A server of {network} has the cancel. Until it stands in a block, the payment may still go through instead."
    ),
    TransferState.UNKNOWN: (
        "No server has acknowledged this cancel. Either it or the payment may still go through, never both."
    ),
    TransferState.CONFIRMED: "The cancel stands in {block} of {network}: the payment can no longer go through.",
    TransferState.FINALIZED: "The cancel stands in {block} of {network}, and that is final. Nothing was paid.",
    TransferState.FAILED: (
        "The cancel stands in {block} of {network}. It failed, but it has used up its place in the order: the payment "
        "can no longer go through. {fee_first} was charged."
    ),
    TransferState.DROPPED: (
        "Every server of {network} denies knowing this cancel. The payment may still go through, and so may the cancel."
    ),
}


def _replaced_sentence(transfer: Transfer, siblings: Sequence[Transfer], network: str) -> str:
    other = usurper(siblings)
    own = "cancel" if transfer.draft.kind is TransferKind.CANCEL else "payment"
    if other is None:
        return (
            f"Another program used this account's number {transfer.nonce:,} on {network}, so this {own} was not "
            "carried out and cost nothing."
        )
    block = "a block" if other.block is None else f"block {other.block.number:,}"
    if other.draft.kind is TransferKind.CANCEL and own == "cancel":
        return f"Another cancel took its place in {block} of {network}. The payment can no longer go through."
    if other.draft.kind is TransferKind.CANCEL:
        return f"It was cancelled: the cancel took its place in {block} of {network}. This payment cost nothing."
    if own == "cancel":
        return f"It came too late: the payment that it was to cancel was carried out in {block} of {network}."
    which = "A faster one with a higher fee" if other.attempt > transfer.attempt else "The first one"
    return f"{which} took its place in {block} of {network}. You paid once."


def advice(transfer: Transfer, siblings: Sequence[Transfer], ahead: Ahead | None = None, *, ours: bool = True) -> str:
    """Return what it waits for, and what a person can do about it; empty where all is said.

    `ours`: as for `deeds`; what cannot be done any more is not advised.
    """
    before = ahead_text(ahead) if ahead is not None else ""
    return " ".join(part for part in (before, _advice(transfer, siblings, ours=ours)) if part)


def _advice(transfer: Transfer, siblings: Sequence[Transfer], *, ours: bool) -> str:
    if is_closed(transfer):
        return "Send again hands the same signed bytes to the servers once more, and has it watched again."
    if any(sibling.attempt > transfer.attempt for sibling in siblings) and transfer.state.is_open:
        return "A newer one was signed for the same place in the order. Only one of them can happen."
    if not ours:
        return _NOT_OURS_ADVICE.get(transfer.state, "")
    if transfer.draft.kind is TransferKind.CANCEL:
        return _CANCEL_ADVICE.get(transfer.state, "")
    return _ADVICE.get(transfer.state, "")


_AGAIN = "Send again hands the same signed bytes to the servers once more: it cannot be paid twice."
_ADVICE = {
    TransferState.SIGNED: "There is nothing to be done.",
    TransferState.BROADCAST: "While it waits, you can pay more to speed it up, or cancel it for another fee.",
    TransferState.UNKNOWN: f"The wallet goes on asking. {_AGAIN}",
    TransferState.DROPPED: f"{_AGAIN} A cancel frees the amount and the place in the order, for a fee.",
    TransferState.FAILED: "To pay all the same, make a new payment and look at what its review says of the outcome.",
}
_CANCEL_ADVICE = {
    TransferState.SIGNED: "There is nothing to be done.",
    TransferState.BROADCAST: "While it waits, you can pay more to speed it up.",
    TransferState.UNKNOWN: f"The wallet goes on asking. {_AGAIN}",
    TransferState.DROPPED: _AGAIN,
}
_REMOVED = "Its account is no longer in this wallet, so it can be neither sped up nor cancelled here."
_NOT_OURS_ADVICE = {
    TransferState.BROADCAST: _REMOVED,
    TransferState.UNKNOWN: f"The wallet goes on asking. {_AGAIN} {_REMOVED}",
    TransferState.DROPPED: f"{_AGAIN} {_REMOVED}",
}


def _is_slow(transfer: Transfer, network: Network, now_s: float) -> bool:
    return now_s - transfer.at_s > max(_SLOW_BLOCKS * network.block_time_s, _SLOW_LEAST_S)


class Deed(enum.Enum):
    """What can be done about a transfer; the value is what its button says."""

    SEND_AGAIN = "Send again"
    FASTER = "Speed up"
    CANCEL = "Cancel it"
    CLOSE = "Close by hand"


def deeds(transfer: Transfer, siblings: Sequence[Transfer], *, ours: bool = True) -> tuple[Deed, ...]:
    """Return what can be done about a transfer now, the most helpful first.

    `ours`: its account is still in the wallet, so that another transaction can take its place.
    """
    state = transfer.state
    if any(each.state.is_mined or each.state is TransferState.REPLACED for each in (transfer, *siblings)):
        return ()
    newest = all(sibling.attempt < transfer.attempt for sibling in siblings)
    offered = []
    if state in (TransferState.UNKNOWN, TransferState.DROPPED) or (
        state is TransferState.BROADCAST and transfer.closed
    ):
        offered.append(Deed.SEND_AGAIN)
    if ours and newest and state is not TransferState.SIGNED:
        if transfer.draft.kind is TransferKind.PAYMENT:
            offered += [Deed.FASTER, Deed.CANCEL]
        else:
            offered.append(Deed.FASTER)
    if not transfer.closed and (state.is_open or state is TransferState.DROPPED):
        offered.append(Deed.CLOSE)
    return tuple(offered)


CLOSE_TITLE = "Close by hand?"
CLOSE_TEXT = (
    "It is no longer watched or shown as pending. The amount and its place in the order stay reserved until the "
    "network has used that number. It may still go through. Its balances are read anew."
)


@dataclass(frozen=True, slots=True)
class KnownNetwork:
    """A network, the height from which on what came in is known there, and whether logs tell of its tokens."""

    name: str
    height: int
    by_logs: bool = False


def known_text(known: Sequence[KnownNetwork]) -> str:
    """Return what is honestly known of what came in, and how.

    Of many networks none is named: one can be chosen.
    """
    sent = "Payments that this wallet sent are all here. "
    by_difference = "Incoming ones are noticed when a balance rises"
    if not known:
        return f"{sent}{by_difference} between two readings."
    without = [each.name for each in known if not each.by_logs]
    if not without:
        sent += "Incoming tokens come from the logs of their contracts, incoming coins from a balance that rises"
    elif len(without) < len(known):
        where = _listed(without) if len(without) <= _NAMED else f"{len(without)} networks"
        sent += (
            "Incoming tokens come from the logs of their contracts, incoming coins from a balance that rises; on "
            f"{where} tokens too, for nothing gives logs there"
        )
    else:
        sent += by_difference
    if len(known) > _NAMED:
        return f"{sent}, from the first reading of each account on. Choose a network to see from which block."
    return f"{sent}: {_listed([f'on {each.name} from block {each.height:,}' for each in known])}."


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def counts_text(count: int, waiting: int, in_doubt: int, noun: Callable[[int], str]) -> str:
    """Return how many there are, wait, and are in doubt (Unknown or Dropped): "12 entries, 2 waiting, 1 in doubt"."""
    parts = [noun(count)]
    if waiting:
        parts.append(f"{waiting:,} waiting")
    if in_doubt:
        parts.append(f"{in_doubt:,} in doubt")
    return ", ".join(parts)
