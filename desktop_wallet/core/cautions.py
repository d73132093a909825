"""What a person should know before signing: about the recipient, the outcome, the fee and the nonce (S4)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.fees import FeeDoubt

_ALIKE_ENDS = 3
"""Digits at both ends that a look-alike shares: one address in 16 million does by chance."""
_ALIKE_ONE_END = 6
_MISTYPED = 4
"""An address that differs in at most so many digits was meant to be the other."""
_DUST_PLACES = 6


class Weight(enum.IntEnum):
    """How much a caution weighs."""

    NOTE = 0
    WARNING = 1
    DANGER = 2
    """Has to be ticked before signing."""
    REFUSED = 3
    """Is not signed at all."""


class CautionKind(enum.Enum):
    """What there is to know; the weight of each stands beside it."""

    OWN_ACCOUNT = ("own-account", Weight.NOTE)
    SAME_ACCOUNT = ("same-account", Weight.WARNING)
    FIRST_PAYMENT = ("first-payment", Weight.WARNING)
    LOOK_ALIKE = ("look-alike", Weight.DANGER)
    """Begins and ends like somebody who was paid before, and is another. Data: `other`, `marks`."""
    CONTRACT = ("contract", Weight.WARNING)
    TOKEN_CONTRACT = ("token-contract", Weight.DANGER)
    """The recipient is a token's contract: what is sent there is lost. Data: `asset`."""
    BURN_ADDRESS = ("burn-address", Weight.DANGER)
    DELEGATED = ("delegated", Weight.WARNING)
    """The recipient lets a contract act for it (EIP-7702). Data: `other`, the contract."""
    SENDER_DELEGATED = ("sender-delegated", Weight.WARNING)
    FAILS = ("fails", Weight.DANGER)
    """The simulation reverts. Data: `text`, the contract's reason."""
    RECEIVES_LESS = ("receives-less", Weight.WARNING)
    """The recipient would get another amount than is sent. Data: `amount`, what they would get."""
    OTHER_CHANGES = ("other-changes", Weight.WARNING)
    """Balances of ours that the draft does not name would change too."""
    NOT_SIMULATED = ("not-simulated", Weight.NOTE)
    """Only eth_call and eth_estimateGas were to be had: whether anything else changes is not known."""
    FEE = ("fee", Weight.WARNING)
    """Data: `doubt`. Weighs REFUSED where the doubt is one that is never signed."""
    FEE_OVER_AMOUNT = ("fee-over-amount", Weight.WARNING)
    EARLIER_OPEN = ("earlier-open", Weight.NOTE)
    """Earlier transfers of this account wait; this one comes after them. Data: `amount`, how many."""
    EARLIER_STUCK = ("earlier-stuck", Weight.WARNING)
    """An earlier one is Unknown or Dropped: this one waits until that is retried or cancelled."""
    OUTSIDE_WAITING = ("outside-waiting", Weight.WARNING)
    """Another program has transactions of this account waiting. Data: `amount`, how many."""

    def __init__(self, word: str, weight: Weight) -> None:
        self.word = word
        self.weight = weight


@dataclass(frozen=True, slots=True)
class Caution:
    """One thing to know. `marks` are the places in `other`'s canonical text at which the recipient's differs."""

    kind: CautionKind
    other: Address | None = None
    marks: tuple[int, ...] = ()
    asset: AssetId | None = None
    amount: int | None = None
    text: str = ""
    doubt: FeeDoubt | None = None
    refused: bool = False

    @property
    def weight(self) -> Weight:
        """Return how much it weighs."""
        return Weight.REFUSED if self.refused else self.kind.weight


@dataclass(frozen=True, slots=True)
class PaidBefore:
    """How often an address was paid (confirmed, above dust), and when last (Unix seconds)."""

    times: int = 0
    last_s: float | None = None


def is_dust(amount: int, decimals: int) -> bool:
    """Return whether a payment is too small to vouch for its recipient: none, or under a millionth of one."""
    least: int = 10 ** max(decimals - _DUST_PLACES, 0)
    return amount < least


def differences(one: Address, other: Address) -> tuple[int, ...]:
    """Return the places at which two addresses of equal length differ, in their canonical text."""
    return tuple(place for place, (a, b) in enumerate(zip(one.text, other.text, strict=True)) if a != b)


def look_alike(recipient: Address, paid: Iterable[Address]) -> Address | None:
    """Return the paid address that this one could be taken for, the nearest first; None if it is one of them.

    `paid` are past outgoing recipients only: whoever sends us nothing or dust never enters that set (address
    poisoning works by that).
    """
    nearest: tuple[int, Address] | None = None
    for other in paid:
        if other.family is not recipient.family or len(other.text) != len(recipient.text):
            continue
        if other == recipient:
            return None
        distance = len(differences(recipient, other))
        if _alike(_digits(recipient), _digits(other), distance) and (nearest is None or distance < nearest[0]):
            nearest = (distance, other)
    return nearest[1] if nearest else None


def _alike(one: str, other: str, distance: int) -> bool:
    head = _shared(one, other)
    tail = _shared(one[::-1], other[::-1])
    both = head >= _ALIKE_ENDS and tail >= _ALIKE_ENDS
    return both or max(head, tail) >= _ALIKE_ONE_END or distance <= _MISTYPED


def _shared(one: str, other: str) -> int:
    return next((count for count, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), len(one))


def _digits(address: Address) -> str:
    return address.text.removeprefix("0x")
