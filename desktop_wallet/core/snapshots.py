"""What a balance was at one time, for charts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_wallet.core.balances import BalanceKey


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An amount in base units that a balance had from `at_s` on (Unix seconds, when the reading began).

    `height` and `block_time_s` are of the reading's block, None on networks without. `new_chain`: it is of another
    chain than the one before it, so nothing leads from that amount to this one and a chart must not join them.
    """

    key: BalanceKey
    at_s: float
    amount: int
    height: int | None
    block_time_s: int | None
    host: str
    new_chain: bool = False
