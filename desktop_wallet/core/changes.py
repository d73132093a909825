"""What an operation touched, so that views repaint those rows and no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.transfers import TransferId


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """The balances that changed, and whether the lists around them did.

    `accounts`: wallets or accounts came, went or were renamed. `catalogue`: networks, endpoints or tokens did.
    `activity`: which reads are under way, or an endpoint's health. `transfers`: those that went a step.
    `received`: something came in.
    """

    balances: frozenset[BalanceKey] = frozenset()
    accounts: bool = False
    catalogue: bool = False
    activity: bool = False
    transfers: frozenset[TransferId] = frozenset()
    received: bool = False

    def __or__(self, other: ChangeSet) -> ChangeSet:
        """Return both together."""
        return ChangeSet(
            self.balances | other.balances,
            self.accounts or other.accounts,
            self.catalogue or other.catalogue,
            self.activity or other.activity,
            self.transfers | other.transfers,
            self.received or other.received,
        )

    def __bool__(self) -> bool:
        """Return whether anything changed."""
        return bool(
            self.balances or self.accounts or self.catalogue or self.activity or self.transfers or self.received
        )
