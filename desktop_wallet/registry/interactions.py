"""Which tokens an address ever held (requirement R2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.networks import Family

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.balances import Reading
    from desktop_wallet.registry.database import Connection, Database

SEEN_STEP_S: Final = 60.0
"""Seconds within which seeing the same balance again is not written down: reads come every half minute."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """An asset that an address was seen to hold. Times in Unix seconds, `highest` in base units."""

    address: Address
    asset: AssetId
    first_seen_s: float
    last_seen_s: float
    has_balance: bool
    highest: int


class InteractionRows:
    """Learns from readings. Noting the same reading again, or an older one later, changes no count and no state."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note_readings(self, readings: Iterable[Reading]) -> None:
        """Note which assets were seen with a balance, and which of those are empty now. A zero alone is none."""
        noted = sorted(readings, key=lambda reading: reading.started.wall_s)

        def work(connection: Connection) -> None:
            for reading in noted:
                _note(connection, reading)

        if noted:
            await self._database.write(work)

    async def interactions(self, address: Address) -> tuple[Interaction, ...]:
        """Return the assets an address was seen to hold, last seen first."""

        def work(connection: Connection) -> list[tuple[str, str, str, float, float, int, str]]:
            rows: list[tuple[str, str, str, float, float, int, str]] = connection.execute(
                """SELECT family, address, asset, first_seen_s, last_seen_s, has_balance, highest FROM interactions
                   WHERE family = ? AND address = ? ORDER BY last_seen_s DESC, asset""",
                (address.family.value, address.text),
            ).fetchall()
            return rows

        return tuple(
            Interaction(Address(Family(family), text), AssetId.parse(asset), first, last, bool(has), int(highest))
            for family, text, asset, first, last, has, highest in await self._database.read(work)
        )


def _note(connection: Connection, reading: Reading) -> None:
    name = (reading.key.address.family.value, reading.key.address.text, str(reading.key.asset))
    at_s = reading.started.wall_s
    known = row = connection.execute(
        """SELECT first_seen_s, last_seen_s, has_balance, highest, read_at_s FROM interactions
           WHERE family = ? AND address = ? AND asset = ?""",
        name,
    ).fetchone()
    if row is None:
        if not reading.amount:
            return
        row = (at_s, at_s, True, "0", at_s)
    first_seen_s, last_seen_s, has_balance, highest, read_at_s = row
    if reading.amount:
        first_seen_s, last_seen_s = min(first_seen_s, at_s), max(last_seen_s, at_s)
        highest = str(max(int(highest), reading.amount))
    if at_s >= read_at_s:
        has_balance, read_at_s = bool(reading.amount), at_s
    noted = (first_seen_s, last_seen_s, has_balance, highest, read_at_s)
    if known is not None and noted[2:4] == (bool(known[2]), known[3]) and abs(at_s - known[4]) < SEEN_STEP_S:
        return
    connection.execute(
        "INSERT OR REPLACE INTO interactions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*name, *noted),
    )
