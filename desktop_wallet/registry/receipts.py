"""What came in, and from which height on each address is known (requirement P7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.errors import RegistryDamaged
from desktop_wallet.core.networks import Family, NetworkId
from desktop_wallet.core.receipts import LogScan, LogTrace, Received
from desktop_wallet.core.signing import TransactionId

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from desktop_wallet.registry.database import Connection, Database

_RECEIVED: Final = """SELECT network, family, address, asset, amount, from_height, to_height, seen_at_s, host
    FROM received ORDER BY seen_at_s DESC, place DESC LIMIT ?"""


_ADD_LOG: Final = """INSERT OR IGNORE INTO received_logs
    (network, family, address, asset, amount, sender, transaction_id, log_index, height, block_hash, seen_at_s, host)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
MOST_EMPTY: Final = 1_000
_DROP_EMPTY: Final = """DELETE FROM received_logs WHERE place IN
    (SELECT place FROM received_logs WHERE amount = '0' ORDER BY place DESC LIMIT -1 OFFSET ?)"""
MOST_WORTHLESS: Final = 10_000
_DROP_WORTHLESS: Final = """DELETE FROM received_logs WHERE place IN (SELECT place FROM received_logs
    WHERE asset IN (SELECT asset FROM found_tokens) ORDER BY place DESC LIMIT -1 OFFSET ?)"""
_LOG_COLUMNS: Final = """network, family, address, asset, amount, sender, transaction_id, log_index, height, block_hash,
    seen_at_s, host, place"""
_WORTHLESS: Final = "(amount = '0' OR asset IN (SELECT asset FROM found_tokens))"
# Only these constants are put in.
_LOGGED: Final = f"""SELECT * FROM (SELECT {_LOG_COLUMNS} FROM received_logs WHERE NOT {_WORTHLESS}
    ORDER BY seen_at_s DESC, place DESC LIMIT ?) UNION ALL SELECT * FROM (SELECT {_LOG_COLUMNS} FROM received_logs
    WHERE {_WORTHLESS} ORDER BY seen_at_s DESC, place DESC LIMIT ?) ORDER BY seen_at_s DESC, place DESC"""  # noqa: S608


class ReceiptRows:
    """Keeps what came in. Nothing is deleted but logs of blocks that left their chain, and floods of worthless ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_received(self, rows: Iterable[Received]) -> None:
        """Store what came in, all or nothing. An amount of one asset between two heights is stored once.

        So noting the same again changes nothing; equal payments of one block are added up by whoever notes them.
        """
        values = [
            (
                str(row.network),
                row.address.family.value,
                row.address.text,
                str(row.asset),
                str(row.amount),
                row.from_height,
                row.to_height,
                row.seen_at_s,
                row.host,
            )
            for row in rows
        ]

        def work(connection: Connection) -> None:
            connection.executemany(
                """INSERT OR IGNORE INTO received
                   (network, family, address, asset, amount, from_height, to_height, seen_at_s, host)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                values,
            )

        if values:
            await self._database.write(work)

    async def load_received(self, limit: int) -> tuple[Received, ...]:
        """Return the last `limit` that came in, newest first; RegistryDamaged if one cannot be read."""

        def work(connection: Connection) -> list[Any]:
            rows: list[Any] = connection.execute(_RECEIVED, (limit,)).fetchall()
            return rows

        rows = await self._database.read(work)
        try:
            return tuple(map(_received, rows))
        except ValueError as error:
            raise RegistryDamaged(problem="received") from error

    async def add_logged(self, rows: Iterable[Received], scans: Iterable[LogScan]) -> tuple[Received, ...]:
        """Store payments that logs tell of, together with how far was looked; return those not stored before.

        Of payments that moved nothing the newest MOST_EMPTY stay, and of those in found tokens MOST_WORTHLESS: whoever
        floods the logs with them, or makes them up, fills no disk.
        """
        known = [(row, row.trace) for row in rows]
        values = [(row, _log_values(row, trace)) for row, trace in known if trace is not None]
        looked = [
            (
                str(scan.network),
                scan.address.family.value,
                scan.address.text,
                scan.begun_at,
                scan.through,
                scan.chain_hash,
                scan.since_s,
            )
            for scan in scans
        ]

        def work(connection: Connection) -> tuple[Received, ...]:
            new = tuple(row for row, value in values if connection.execute(_ADD_LOG, value).rowcount > 0)
            if new:
                connection.execute(_DROP_EMPTY, (MOST_EMPTY,))
                connection.execute(_DROP_WORTHLESS, (MOST_WORTHLESS,))
            connection.executemany("INSERT OR REPLACE INTO log_scans VALUES (?, ?, ?, ?, ?, ?, ?)", looked)
            return new

        return await self._database.write(work)

    async def drop_logged(self, network: NetworkId, block_hashes: Collection[str]) -> None:
        """Forget the payments of blocks that left the chain."""

        def work(connection: Connection) -> None:
            connection.executemany(
                "DELETE FROM received_logs WHERE network = ? AND block_hash = ?",
                [(str(network), block_hash) for block_hash in block_hashes],
            )

        if block_hashes:
            await self._database.write(work)

    async def load_logged(self, limit: int) -> tuple[Received, ...]:
        """Return payments that logs tell of, newest first; RegistryDamaged if one cannot be read.

        At most `limit` of tokens that are not among the found ones, and at most `limit` of all others: so a flood
        of worthless ones pushes out none that counts.
        """

        def work(connection: Connection) -> list[Any]:
            rows: list[Any] = connection.execute(_LOGGED, (limit, limit)).fetchall()
            return rows

        rows = await self._database.read(work)
        try:
            return tuple(map(_logged, rows))
        except ValueError as error:
            raise RegistryDamaged(problem="received_logs") from error

    async def load_log_scans(self) -> tuple[LogScan, ...]:
        """Return how far the logs of each address are known; RegistryDamaged if one cannot be read."""

        def work(connection: Connection) -> list[Any]:
            rows: list[Any] = connection.execute(
                "SELECT network, family, address, begun_at, through, chain_hash, since_s FROM log_scans"
            ).fetchall()
            return rows

        rows = await self._database.read(work)
        try:
            return tuple(
                LogScan(NetworkId.parse(network), Address(Family(family), address), *facts)
                for network, family, address, *facts in rows
            )
        except ValueError as error:
            raise RegistryDamaged(problem="log_scans") from error

    async def note_known_from(self, network: NetworkId, address: Address, height: int) -> None:
        """Note that an address was read at `height`; the first height that was noted stays."""
        row = (str(network), address.family.value, address.text, height)

        def work(connection: Connection) -> None:
            connection.execute("INSERT OR IGNORE INTO known_from VALUES (?, ?, ?, ?)", row)

        await self._database.write(work)

    async def load_known_from(self) -> dict[tuple[NetworkId, Address], int]:
        """Return the first height at which each address was read on each network."""

        def work(connection: Connection) -> list[Any]:
            rows: list[Any] = connection.execute("SELECT network, family, address, height FROM known_from").fetchall()
            return rows

        rows = await self._database.read(work)
        try:
            return {
                (NetworkId.parse(network), Address(Family(family), address)): height
                for network, family, address, height in rows
            }
        except ValueError as error:
            raise RegistryDamaged(problem="known_from") from error


def _received(row: Sequence[Any]) -> Received:
    network, family, address, asset, amount, from_height, to_height, seen_at_s, host = row
    return Received(
        network=NetworkId.parse(network),
        address=Address(Family(family), address),
        asset=AssetId.parse(asset),
        amount=int(amount),
        from_height=from_height,
        to_height=to_height,
        seen_at_s=seen_at_s,
        host=host,
    )


def _log_values(row: Received, trace: LogTrace) -> tuple[object, ...]:
    return (
        str(row.network),
        row.address.family.value,
        row.address.text,
        str(row.asset),
        str(row.amount),
        trace.sender.text,
        trace.transaction,
        trace.index,
        row.to_height,
        trace.block_hash,
        row.seen_at_s,
        row.host,
    )


def _logged(row: Sequence[Any]) -> Received:
    network, family, address, asset, amount, sender, transaction, index, height, block_hash, seen_at_s, host, _ = row
    return Received(
        network=NetworkId.parse(network),
        address=Address(Family(family), address),
        asset=AssetId.parse(asset),
        amount=int(amount),
        from_height=height,
        to_height=height,
        seen_at_s=seen_at_s,
        host=host,
        trace=LogTrace(Address(Family(family), sender), TransactionId(transaction), index, block_hash),
    )
