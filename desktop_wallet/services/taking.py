"""Which transactions may still take of a balance: a few among thousands that are long done."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from desktop_wallet.core.positions import blocks_between
from desktop_wallet.core.transfers import touched, used_up_from

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.balances import BalanceKey, Reading
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.positions import Height
    from desktop_wallet.core.transfers import Transfer

Slot = tuple["NetworkId", "Address", int]


class Taking:
    """For each balance the nonces that may still take of it, and the block from which on all others are used up."""

    def __init__(self) -> None:
        """Know of nothing signed."""
        self._all: dict[BalanceKey, dict[Slot, None]] = defaultdict(dict)
        self._open: dict[BalanceKey, dict[Slot, None]] = defaultdict(dict)
        self._over: dict[BalanceKey, Height] = {}
        self._mixed: set[BalanceKey] = set()
        """Balances with heights of two kinds, of which none stands above the others."""

    def note(self, attempts: Sequence[Transfer]) -> None:
        """Take note of how the transactions of one nonce stand, all of them."""
        slot, over = attempts[0].slot, used_up_from(attempts)
        for key in {key for each in attempts for key in touched(each.draft, each.fee.asset)}:
            self._all[key][slot] = None
            if over is None:
                self._open[key][slot] = None
                continue
            self._open[key].pop(slot, None)
            highest = self._over.setdefault(key, over)
            above = blocks_between(highest, over)
            if above is None:
                self._mixed.add(key)
            elif above > 0:
                self._over[key] = over

    def slots(self, key: BalanceKey, reading: Reading) -> Collection[Slot]:
        """Return every nonce that may take of a balance beyond what the reading shows, and perhaps more than those."""
        over = self._over.get(key)
        if over is not None:
            above = blocks_between(over, reading.position)
            if key in self._mixed or above is None or above < 0:
                return self._all.get(key, {})  # the reading is from before something that is done by now
        return self._open.get(key, {})
