"""The durable order of invalidations and reads: one counter, and the largest seq recorded for each scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import RegistryId
from desktop_wallet.core.errors import RegistryDamaged
from desktop_wallet.core.invalidation import Invalidations, Scope
from desktop_wallet.core.networks import Family, NetworkId

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from desktop_wallet.core.instants import Clock
    from desktop_wallet.registry.database import Connection, Database

_LOG_KEPT: Final = 1_000
"""Entries of the log that are kept; the invalidations themselves are kept for ever."""
_Columns = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class InvalidationEntry:
    """One line of the log: what made `scopes` scopes stale, and when (Unix seconds)."""

    seq: int
    cause: str
    at_s: float
    scopes: int


class InvalidationRows:
    """Records invalidations: on the disk first, then in `invalidations`, the copy that every read looks at."""

    id: RegistryId
    invalidations: Invalidations

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def _load_invalidations(self) -> None:
        def work(connection: Connection) -> tuple[str, int, list[tuple[str, str, str, str, int]]]:
            registry, seq = connection.execute("SELECT registry, seq FROM identity").fetchone()
            rows = connection.execute("SELECT network, family, address, asset, seq FROM invalidations").fetchall()
            return registry, seq, rows

        registry, seq, rows = await self._database.read(work)
        self.id = RegistryId(registry)
        try:
            recorded = {_scope((network, family, address, asset)): at for network, family, address, asset, at in rows}
            self.invalidations = Invalidations(self.id, seq, recorded)
        except ValueError as error:
            raise RegistryDamaged(problem="invalidations") from error

    async def invalidate(self, scopes: Iterable[Scope], cause: str) -> int:
        """Return the new seq, once it stands on the disk for every scope, together with its cause, and in memory.

        A reading that began before this call never counts for these scopes again. If the record cannot be written
        (StorageFull, StorageReadOnly) nothing has changed. The order of calls is the order of seqs. A call that is
        cancelled may still take effect; it never takes effect on the disk alone.
        """
        chosen = frozenset(scopes)
        at_s = self._clock.now().wall_s

        def work(connection: Connection) -> int:
            return record_invalidation(connection, chosen, cause, at_s)

        return await self._database.write(work, then=lambda seq: self.invalidations.record(seq, chosen))

    async def recent_invalidations(self, limit: int) -> tuple[InvalidationEntry, ...]:
        """Return the last entries of the log, newest first."""

        def work(connection: Connection) -> list[tuple[int, str, float, int]]:
            rows: list[tuple[int, str, float, int]] = connection.execute(
                "SELECT seq, cause, at_s, scopes FROM invalidation_log ORDER BY seq DESC LIMIT ?", (limit,)
            ).fetchall()
            return rows

        return tuple(InvalidationEntry(*row) for row in await self._database.read(work))


def record_invalidation(connection: Connection, scopes: Collection[Scope], cause: str, at_s: float) -> int:
    """Return the new seq, written for every scope together with its cause, as part of the transaction that is open.

    Once that is committed, `Invalidations.record` has to follow.
    """
    (seq,) = connection.execute("UPDATE identity SET seq = seq + 1 RETURNING seq").fetchone()
    connection.executemany(
        "INSERT OR REPLACE INTO invalidations VALUES (?, ?, ?, ?, ?)",
        [(*_columns(scope), seq) for scope in scopes],
    )
    connection.execute("INSERT INTO invalidation_log VALUES (?, ?, ?, ?)", (seq, cause, at_s, len(scopes)))
    connection.execute("DELETE FROM invalidation_log WHERE seq <= ?", (seq - _LOG_KEPT,))
    return int(seq)


def _columns(scope: Scope) -> _Columns:
    return (
        "" if scope.network is None else str(scope.network),
        "" if scope.address is None else scope.address.family.value,
        "" if scope.address is None else scope.address.text,
        "" if scope.asset is None else str(scope.asset),
    )


def _scope(columns: _Columns) -> Scope:
    network, family, address, asset = columns
    return Scope(
        NetworkId.parse(network) if network else None,
        Address(Family(family), address) if family else None,
        AssetId.parse(asset) if asset else None,
    )
