"""What balances were, for charts: the registry's snapshots, and the daily sweep that keeps them few."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from desktop_wallet.core.errors import StorageFailure

if TYPE_CHECKING:
    from collections.abc import Collection

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.core.snapshots import Snapshot
    from desktop_wallet.registry.registry import Registry

_log = logging.getLogger(__name__)

SWEEP_EVERY_S: Final = 86_400.0


class History:
    """The past of balances. Readings write it as they are kept; here it is read."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        """Read from the registry of a session."""
        self._registry = registry
        self._clock = clock
        self._swept_at_s: float | None = None

    async def of(self, key: BalanceKey, since_s: float) -> tuple[Snapshot, ...]:
        """Return what a balance was from `since_s` on (Unix seconds), the first one first; raises StorageFailure.

        Before them stands the newest from before, which tells what it was at `since_s`.
        """
        return (await self._registry.snapshots((key,), since_s)).get(key, ())

    async def of_many(self, keys: Collection[BalanceKey], since_s: float) -> dict[BalanceKey, tuple[Snapshot, ...]]:
        """Return the same for many balances, for a total; one that was never read is missing. StorageFailure."""
        return await self._registry.snapshots(keys, since_s)

    async def tend(self) -> None:
        """Thin out what is old, at most once a day; a disk that is full keeps it as it is."""
        now = self._clock.now()
        if self._swept_at_s is not None and now.boot_s - self._swept_at_s < SWEEP_EVERY_S:
            return
        self._swept_at_s = now.boot_s
        try:
            await self._registry.thin_snapshots(now.wall_s)
        except StorageFailure as error:
            _log.warning("old snapshots were not thinned out: %s", type(error).__name__)
