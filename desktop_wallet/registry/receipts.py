"""What came in, and from which height on each address is known (requirement P7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.errors import RegistryDamaged
from desktop_wallet.core.networks import Family, NetworkId
from desktop_wallet.core.receipts import Received

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from desktop_wallet.registry.database import Connection, Database

_RECEIVED: Final = """SELECT network, family, address, asset, amount, from_height, to_height, seen_at_s, host
    FROM received ORDER BY seen_at_s DESC, place DESC LIMIT ?"""


class ReceiptRows:
    """Keeps what came in. Nothing here is ever deleted."""

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
