"""What our own transfers do to one balance: what makes it Pending, and what of it they may still take. No Qt."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.transfers import spendable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.balances import BalanceKey, Reading
    from desktop_wallet.core.transfers import Transfer, TransferId


@dataclass(frozen=True, slots=True)
class Claims:
    """What is claimed of a balance. One nonce counts as one payment, however many transactions of it are signed.

    `waiting` names of each payment that makes the balance Pending its newest transaction; `taken` has what each payment
    may still take at most, in base units, the most first; `spendable` is what is left, None while nothing is known.
    """

    waiting: tuple[TransferId, ...] = ()
    taken: tuple[int, ...] = ()
    spendable: int | None = None


NO_CLAIMS = Claims()


def claims_on(key: BalanceKey, reading: Reading | None, transfers: Iterable[Transfer]) -> Claims:
    """Return what these transfers, all that touch the balance, claim of it."""
    slots: dict[object, list[Transfer]] = defaultdict(list)
    for transfer in transfers:
        slots[transfer.slot].append(transfer)
    waiting = [
        max(open_ones, key=lambda each: each.attempt) for open_ones in map(_waiting, slots.values()) if open_ones
    ]
    if reading is None:
        return Claims(tuple(transfer.id for transfer in waiting))
    taken = sorted((reading.amount - spendable(key, reading, attempts) for attempts in slots.values()), reverse=True)
    everything = [transfer for attempts in slots.values() for transfer in attempts]
    return Claims(
        tuple(transfer.id for transfer in waiting),
        tuple(amount for amount in taken if amount),
        spendable(key, reading, everything),
    )


def _waiting(attempts: Iterable[Transfer]) -> list[Transfer]:
    return [transfer for transfer in attempts if transfer.is_waiting]
