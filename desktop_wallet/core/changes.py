"""What an operation touched, so that views repaint those rows and no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.receipts import Received
    from desktop_wallet.core.transfers import TransferId


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """The balances that changed, and whether the lists around them did.

    `accounts`: wallets or accounts came, went or were renamed. `catalogue`: networks, endpoints or tokens did.
    `activity`: which reads are under way, or an endpoint's health. `transfers`: those that went a step.
    `received`: the list of what came in is another one; `came` holds what nobody was told of before. `prices`: those
    known, or the currency. `alerts`: what the wallet warns of about itself.
    """

    balances: frozenset[BalanceKey] = frozenset()
    accounts: bool = False
    catalogue: bool = False
    activity: bool = False
    transfers: frozenset[TransferId] = frozenset()
    received: bool = False
    came: tuple[Received, ...] = ()
    prices: bool = False
    alerts: bool = False

    def __or__(self, other: ChangeSet) -> ChangeSet:
        """Return both together."""
        return ChangeSet(
            self.balances | other.balances,
            self.accounts or other.accounts,
            self.catalogue or other.catalogue,
            self.activity or other.activity,
            self.transfers | other.transfers,
            self.received or other.received,
            self.came + other.came,
            self.prices or other.prices,
            self.alerts or other.alerts,
        )

    def __bool__(self) -> bool:
        """Return whether anything changed."""
        return self != _NOTHING


_NOTHING = ChangeSet()
