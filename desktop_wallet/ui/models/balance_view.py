"""How balance rows are laid out: grouping, order, filters, and the smallest edit from one layout to the next."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.core.balances import BalanceKey


class Grouping(enum.Enum):
    """What the headings stand for."""

    WALLET = "wallet"
    NETWORK = "network"
    ASSET = "asset"


class Order(enum.Enum):
    """What rows are sorted by within their group. NATURAL is wallet, network, coin before tokens."""

    NATURAL = "natural"
    ASSET = "asset"
    ACCOUNT = "account"
    NETWORK = "network"
    AMOUNT = "amount"
    VALUE = "value"
    FRESHNESS = "freshness"

    @property
    def moves(self) -> bool:
        """Return whether a new reading can change a row's place."""
        return self in (Order.AMOUNT, Order.VALUE, Order.FRESHNESS)


@dataclass(frozen=True, slots=True)
class BalanceView:
    """What a person asked to see.

    Zero balances show only with `zeros`; a balance never read always shows, for unknown is no zero. `pinned` is the
    balance whose details are open: it stays in sight even when a new reading would filter it out.
    """

    grouping: Grouping = Grouping.WALLET
    order: Order = Order.NATURAL
    descending: bool = False
    search: str = ""
    stale_only: bool = False
    zeros: bool = False
    pinned: BalanceKey | None = None

    @property
    def narrowed(self) -> bool:
        """Return whether a search or a filter hides balances beside the zero ones."""
        return bool(self.search.strip()) or self.stale_only

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words of the search: each must be found, in any field."""
        return tuple(dict.fromkeys(self.search.casefold().split()))


@dataclass(frozen=True, slots=True)
class Edit:
    """One step from a layout to the next: `count` lines leave at `at`, or come in there."""

    at: int
    count: int
    inserted: bool


MOST_EDITS = 48
"""More steps than this cost a view more than laying it out anew."""


def edits_between(old: Sequence[int], new: Sequence[int]) -> list[Edit] | None:
    """Return the removals (from the end) and then the insertions (from the start) that turn `old` into `new`.

    None if lines that stay changed their order, or if there would be over MOST_EDITS steps.
    """
    old_set, new_set = set(old), set(new)
    if [line for line in old if line in new_set] != [line for line in new if line in old_set]:
        return None
    removed = _runs([at for at, line in enumerate(old) if line not in new_set])
    inserted = _runs([at for at, line in enumerate(new) if line not in old_set])
    if len(removed) + len(inserted) > MOST_EDITS:
        return None
    return [
        *(Edit(at, count, inserted=False) for at, count in reversed(removed)),
        *(Edit(at, count, inserted=True) for at, count in inserted),
    ]


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Return ascending places as (first, count) of unbroken runs."""
    if not places:
        return []
    starts = [places[0], *(later for earlier, later in pairwise(places) if later != earlier + 1)]
    ends = [*(earlier for earlier, later in pairwise(places) if later != earlier + 1), places[-1]]
    return [(start, end - start + 1) for start, end in zip(starts, ends, strict=True)]


def runs_of(places: Sequence[int]) -> list[tuple[int, int]]:
    """Return places in any order as ascending (first, count) of unbroken runs."""
    return _runs(sorted(places))
