"""The person's settings and the counters that live across restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_wallet.registry.database import Connection, Database


class SettingRows:
    """Reads and writes names with JSON texts, and names with counts. What a name means is its owner's affair."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_settings(self) -> dict[str, str]:
        """Return every setting that was stored: name to JSON text."""

        def work(connection: Connection) -> dict[str, str]:
            return dict(connection.execute("SELECT name, json FROM settings").fetchall())

        return await self._database.read(work)

    async def save_settings(self, changed: Mapping[str, str | None]) -> None:
        """Store the settings given, all or none; None forgets one. Others stay."""
        kept = [(name, text) for name, text in changed.items() if text is not None]
        dropped = [(name,) for name, text in changed.items() if text is None]

        def work(connection: Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", kept)
            connection.executemany("DELETE FROM settings WHERE name = ?", dropped)

        await self._database.write(work)

    async def load_counters(self) -> dict[str, int]:
        """Return every counter that was stored."""

        def work(connection: Connection) -> dict[str, int]:
            return dict(connection.execute("SELECT name, count FROM counters").fetchall())

        return await self._database.read(work)

    async def save_counters(self, counters: Mapping[str, int]) -> None:
        """Store the counters given, in place of those of the same names."""
        rows = list(counters.items())

        def work(connection: Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO counters VALUES (?, ?)", rows)

        await self._database.write(work)
