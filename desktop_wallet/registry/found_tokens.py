"""Tokens that were found by what they sent to us, and that nobody took yet (requirement P7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin
from desktop_wallet.core.errors import RegistryDamaged
from desktop_wallet.core.receipts import FoundState, FoundToken

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.registry.database import Connection, Database

MOST_FOUND: Final = 2_000
"""Found tokens that are kept, the newest: whoever floods the wallet with contracts fills no disk."""


class FoundTokenRows:
    """Keeps what was found, and what a person made of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_found_tokens(self, tokens: Iterable[FoundToken]) -> None:
        """Store these, over what was stored of them; beyond MOST_FOUND the oldest go."""
        rows = [
            (
                str(token.asset),
                *((token.words.symbol, token.words.name, token.words.decimals) if token.words else (None, None, None)),
                token.described,
                token.first_seen_s,
                token.state.value,
            )
            for token in tokens
        ]

        def work(connection: Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO found_tokens VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            connection.execute(
                """DELETE FROM found_tokens WHERE asset IN
                   (SELECT asset FROM found_tokens ORDER BY first_seen_s DESC, asset LIMIT -1 OFFSET ?)""",
                (MOST_FOUND,),
            )

        if rows:
            await self._database.write(work)

    async def drop_found_token(self, asset: AssetId) -> None:
        """Forget that a token was found: a person took it."""

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM found_tokens WHERE asset = ?", (str(asset),))

        await self._database.write(work)

    async def load_found_tokens(self) -> tuple[FoundToken, ...]:
        """Return what was found, newest first; RegistryDamaged if one cannot be read."""

        def work(connection: Connection) -> list[Any]:
            rows: list[Any] = connection.execute(
                """SELECT asset, symbol, name, decimals, described, first_seen_s, state FROM found_tokens
                   ORDER BY first_seen_s DESC, asset"""
            ).fetchall()
            return rows

        rows = await self._database.read(work)
        try:
            return tuple(
                FoundToken(
                    AssetId.parse(asset),
                    None
                    if decimals is None
                    else Asset(AssetId.parse(asset), symbol, name, decimals, AssetOrigin.DISCOVERED),
                    bool(described),
                    first_seen_s,
                    FoundState(state),
                )
                for asset, symbol, name, decimals, described, first_seen_s, state in rows
            )
        except ValueError as error:
            raise RegistryDamaged(problem="found_tokens") from error
