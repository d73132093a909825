"""What balances were when (for charts): a row whenever an amount changes, thinned out as it grows old.

The first reading of a balance is a row too. What repeats is kept once, as a word with a number: a row of a balance
that never changes costs about 40 bytes.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from desktop_wallet.core.positions import Height
from desktop_wallet.core.snapshots import Snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.balances import BalanceKey, Reading
    from desktop_wallet.registry.database import Connection, Database

_DAY_S: Final = 86_400
KEEP_ALL_S: Final = 7 * _DAY_S
"""Seconds for which every change is kept; then the last one of each hour is."""
HOURLY_S: Final = 90 * _DAY_S
"""Seconds after which the last one of each day is left."""
_STEPS: Final = ((KEEP_ALL_S, 3_600), (HOURLY_S, _DAY_S))
_AT_ONCE: Final = 400
"""Balances in one question to the database, which takes a limited number of values."""
_THIN: Final = """DELETE FROM snapshots WHERE at_s < :before AND EXISTS (
    SELECT 1 FROM snapshots AS later WHERE later.owner = snapshots.owner AND later.asset = snapshots.asset
    AND later.at_s > snapshots.at_s AND later.at_s < :before
    AND later.at_s < (CAST(snapshots.at_s / :step AS INTEGER) + 1) * :step AND later.chain = snapshots.chain)"""


class SnapshotRows:
    """Returns what balances were, and thins that out. `SnapshotWriter` writes it, beside the interactions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def snapshots(self, keys: Collection[BalanceKey], since_s: float) -> dict[BalanceKey, tuple[Snapshot, ...]]:
        """Return the snapshots of each balance from `since_s` on (Unix seconds), the first one first.

        The newest from before comes first of all: it tells what the balance was at `since_s`. One that has none is
        missing.
        """

        def work(connection: Connection) -> dict[BalanceKey, tuple[Snapshot, ...]]:
            numbers: dict[str, int] = {}
            _number(connection, numbers, {w for key in keys for w in (_owner(key.address), str(key.asset))}, new=False)
            found = {}
            for key in keys:
                owner, asset = numbers.get(_owner(key.address)), numbers.get(str(key.asset))
                if owner is not None and asset is not None:
                    rows = connection.execute(_OF_ONE, (owner, asset, owner, asset, since_s, since_s)).fetchall()
                    if rows:
                        found[key] = _snapshots(key, rows)
            return found

        return await self._database.read(work)

    async def thin_snapshots(self, now_s: float) -> int:
        """Drop what is finer than its age deserves; return how many rows went.

        The last of each hour, or day, stays: what the balance then was. Rows of different chains never stand for
        each other.
        """

        def work(connection: Connection) -> int:
            went = 0
            for age_s, step_s in _STEPS:
                # A whole step: one that is half old would lose its last row once more when the other half is.
                before = (now_s - age_s) // step_s * step_s
                went += connection.execute(_THIN, {"before": before, "step": step_s}).rowcount
            return went

        return await self._database.write(work)


_OF_ONE: Final = """SELECT s.at_s, s.amount, s.height, s.block_time_s, h.word, s.chain FROM snapshots AS s
    JOIN snapshot_words AS h ON h.id = s.host WHERE s.owner = ? AND s.asset = ? AND s.at_s >= coalesce(
    (SELECT max(at_s) FROM snapshots WHERE owner = ? AND asset = ? AND at_s <= ?), ?) ORDER BY s.at_s"""


class SnapshotWriter:
    """Writes snapshots in somebody else's write. It remembers the newest of each balance that it met in this run.

    So a balance that did not change costs one look into a dictionary: a refresh reads thousands of those.
    """

    def __init__(self) -> None:
        self._newest: dict[BalanceKey, _Newest] = {}
        self._past: dict[int, dict[int, _Newest]] = {}
        """What was found of an address, by its number and that of the asset, until a reading asks for it."""
        self._numbers: dict[str, int] = {}

    def forget(self) -> None:
        """Remember nothing: a write failed, so what it would have written does not stand."""
        for held in (self._newest, self._past, self._numbers):
            held.clear()

    def note(self, connection: Connection, readings: Sequence[Reading]) -> None:
        """Write a row for each reading with another amount, or of another chain, than the newest of its balance.

        `readings` come in their order. One from before the newest row changes nothing: what a late answer said of the
        past is not worth a chart that goes back.
        """
        newest = self._newest
        numbers = self._numbers
        moved = [reading for reading in readings if _is_news(newest.get(reading.key), reading, numbers)]
        if not moved:
            return
        words = {reading.key: _words_of(reading) for reading in moved}
        _number(connection, numbers, {word for each in words.values() for word in each}, new=True)
        _number(connection, numbers, {_chain(reading) for reading in moved}, new=True)
        for key in [key for key in words if key not in newest]:
            known_before = self._recall(connection, numbers[words[key][0]]).pop(numbers[words[key][1]], None)
            if known_before is not None:
                newest[key] = known_before
        rows: list[tuple[object, ...]] = []
        same: dict[_Newest, _Newest] = {}
        for reading in moved:
            if _is_news(newest.get(reading.key), reading, numbers):
                known = (reading.amount, numbers[_chain(reading)], reading.started.wall_s)
                newest[reading.key] = same.setdefault(known, known)  # thousands of zeros of one batch are one object
                rows.append(_row(reading, numbers, words[reading.key]))
        rows.sort(key=itemgetter(0, 1, 2))  # in the order of the table, which is much quicker
        connection.executemany("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _recall(self, connection: Connection, owner: int) -> dict[int, _Newest]:
        """Return what is the newest of an address's balances in the database, asked once in a run."""
        found = self._past.get(owner)
        if found is None:
            found = self._past[owner] = {
                asset: (int(amount), chain, at_s)
                for asset, amount, chain, at_s in connection.execute(_NEWEST, (owner,))
            }
        return found


_Newest = tuple[int, int, float]
"""The amount, the number of the chain, and when (Unix seconds)."""
# SQLite: with one max() the other columns are of the row that has it.
_NEWEST: Final = "SELECT asset, amount, chain, max(at_s) FROM snapshots WHERE owner = ? GROUP BY asset"


def _is_news(known: _Newest | None, reading: Reading, numbers: Mapping[str, int]) -> bool:
    if known is None:
        return True
    is_other = reading.amount != known[0] or numbers.get(_chain(reading)) != known[1]
    # No answer comes a day late: then the clock was ahead, and what was noted by it must not be the last for years.
    return is_other and not 0 <= known[2] - reading.started.wall_s <= _DAY_S


def _words_of(reading: Reading) -> tuple[str, str, str]:
    return _owner(reading.key.address), str(reading.key.asset), reading.endpoint


def _row(reading: Reading, numbers: Mapping[str, int], words: tuple[str, str, str]) -> tuple[object, ...]:
    owner, asset, host = words
    height = reading.position if isinstance(reading.position, Height) else None
    return (
        numbers[owner],
        numbers[asset],
        reading.started.wall_s,
        str(reading.amount),
        None if height is None else height.number,
        None if height is None else height.time_s,
        numbers[host],
        numbers[_chain(reading)],
    )


def _number(connection: Connection, numbers: dict[str, int], wanted: Collection[str], *, new: bool) -> None:
    """Learn the numbers of these words; `new` gives those that have none one."""
    missing = [word for word in wanted if word not in numbers]
    _look_up(connection, numbers, missing)
    missing = [word for word in missing if word not in numbers]
    if new and missing:
        connection.executemany("INSERT INTO snapshot_words (word) VALUES (?)", [(word,) for word in missing])
        _look_up(connection, numbers, missing)


def _look_up(connection: Connection, numbers: dict[str, int], words: Sequence[str]) -> None:
    for start in range(0, len(words), _AT_ONCE):
        some = words[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        # Only question marks are put in.
        statement = f"SELECT word, id FROM snapshot_words WHERE word IN ({marks})"  # noqa: S608
        numbers.update(connection.execute(statement, some))


def _owner(address: Address) -> str:
    return f"{address.family.value}:{address.text}"


def _chain(reading: Reading) -> str:
    return f"chain {reading.chain_hash or ''}"


def _snapshots(key: BalanceKey, rows: Sequence[Sequence[Any]]) -> tuple[Snapshot, ...]:
    before = [None, *(row[5] for row in rows)]
    return tuple(
        Snapshot(key, at_s, int(amount), height, block_time_s, host, new_chain=was is not None and was != chain)
        for was, (at_s, amount, height, block_time_s, host, chain) in zip(before, rows, strict=False)
    )
