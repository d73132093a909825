"""Which readings still count: scopes, and the counter that orders invalidations and reads."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.balances import BalanceKey, Reading, RegistryId
    from desktop_wallet.core.networks import NetworkId


@dataclass(frozen=True, slots=True)
class Scope:
    """The balances that an invalidation touches; None matches all. `Scope()` is everything."""

    network: NetworkId | None = None
    address: Address | None = None
    asset: AssetId | None = None

    def matches(self, key: BalanceKey) -> bool:
        """Return whether the balance lies within this scope."""
        return (
            self.network in (None, key.network)
            and self.address in (None, key.address)
            and self.asset in (None, key.asset)
        )


class Invalidations:
    """What the registry has recorded: its id, its counter, and the largest seq for each scope.

    Readings remember the counter at their start and count while that is at least the seq of every scope that matches.
    The registry is the truth; this is its copy in memory, so that looking costs a dictionary's lookup.
    """

    def __init__(self, registry: RegistryId, counter: int = 0, recorded: Mapping[Scope, int] | None = None) -> None:
        """Hold the registry's record. A counter below a recorded seq would be a damaged registry: ValueError."""
        self.registry = registry
        self.counter = counter
        self._recorded = dict(recorded or {})
        self._required: dict[BalanceKey, int] = {}
        if self._recorded and max(self._recorded.values()) > counter:
            msg = "an invalidation above the counter"
            raise ValueError(msg)

    def record(self, seq: int, scopes: Iterable[Scope]) -> None:
        """Take over what the registry has just committed under `seq`, which must be above the counter."""
        if seq <= self.counter:
            msg = f"seq {seq} is not above {self.counter}"
            raise ValueError(msg)
        self.counter = seq
        self._recorded.update(dict.fromkeys(scopes, seq))
        self._required.clear()

    def required(self, key: BalanceKey) -> int:
        """Return the seq that a reading of this balance needs at least."""
        seq = self._required.get(key)
        if seq is None:
            choices = product((None, key.network), (None, key.address), (None, key.asset))
            seq = self._required[key] = max(self._recorded.get(Scope(*choice), 0) for choice in choices)
        return seq

    def covers(self, reading: Reading) -> bool:
        """Return whether the reading counts: of this registry, begun after every invalidation, and not of a future."""
        required = self.required(reading.key) if self._recorded else 0
        return reading.registry == self.registry and required <= reading.seq <= self.counter
