"""Which tokens an address ever held (requirement R2)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.networks import Family
from desktop_wallet.registry.snapshots import SnapshotWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
        self._snapshots = SnapshotWriter()

    async def note_readings(self, readings: Iterable[Reading]) -> None:
        """Note which assets were seen with a balance, which of those are empty now, and every amount that changed.

        A zero alone is no interaction. What changed goes into the snapshots in the same write.
        """
        noted = sorted(readings, key=lambda reading: reading.started.wall_s)
        owners: dict[str, list[Reading]] = defaultdict(list)
        for reading in noted:
            owners[reading.key.address.text].append(reading)

        def work(connection: Connection) -> None:
            for of_one in owners.values():
                _note(connection, of_one[0].key.address, of_one)
            self._snapshots.note(connection, noted)

        if noted:
            try:
                await self._database.write(work)
            except BaseException:
                self._snapshots.forget()
                raise

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


def _note(connection: Connection, address: Address, readings: Sequence[Reading]) -> None:
    """Note readings of one address, the earliest first."""
    name = (address.family.value, address.text)
    # One question an address: most of its readings are zeros of tokens that it never held, and change nothing.
    held = {
        asset: facts
        for asset, *facts in connection.execute(
            """SELECT asset, first_seen_s, last_seen_s, has_balance, highest, read_at_s FROM interactions
               WHERE family = ? AND address = ?""",
            name,
        )
    }
    changed: dict[str, list[Any]] = {}
    for reading in readings:
        if not reading.amount and not held:
            continue
        asset = str(reading.key.asset)
        facts = _learn(held.get(asset), reading)
        if facts is not None:
            held[asset] = changed[asset] = facts
    connection.executemany(
        "INSERT OR REPLACE INTO interactions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(*name, asset, *facts) for asset, facts in changed.items()],
    )


def _learn(known: list[Any] | None, reading: Reading) -> list[Any] | None:
    """Return what is known of an interaction after a reading; None if there is nothing new to write down."""
    at_s = reading.started.wall_s
    if known is None and not reading.amount:
        return None
    first_seen_s, last_seen_s, has_balance, highest, read_at_s = known or (at_s, at_s, True, "0", at_s)
    if reading.amount:
        first_seen_s, last_seen_s = min(first_seen_s, at_s), max(last_seen_s, at_s)
        highest = str(max(int(highest), reading.amount))
    if at_s >= read_at_s:
        has_balance, read_at_s = bool(reading.amount), at_s
    if (
        known is not None
        and (has_balance, highest) == (bool(known[2]), known[3])
        and abs(at_s - known[4]) < SEEN_STEP_S
    ):
        return None
    return [first_seen_s, last_seen_s, has_balance, highest, read_at_s]
