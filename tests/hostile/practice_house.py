"""A practice profile without a window, on a clock that is moved by hand, whose minutes pass when a test says so."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from desktop_wallet.compose import Application, Surrounds
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.services.folders import Folders
from tests.fakes.engine import until
from tests.vault.disk_store import DiskStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.freshness import Badge
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.services.session import Session

_LONG_S = 1.0
"""Waits that long end only when a test says so; shorter ones pass at once."""
TEND_S = 60.0


class Waits:
    """What sleeps. `answers` keeps every server's reply back while it is cleared."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.answers.set()
        self._asleep: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        if seconds >= _LONG_S:
            waking = asyncio.get_running_loop().create_future()
            self._asleep.append((seconds, waking))
            await waking
        await self.answers.wait()
        await asyncio.sleep(0)

    async def pass_a_minute(self, session: Session) -> None:
        """Let the session tend once, and return when it has."""
        tended = session.balances.tend
        done = asyncio.Event()

        async def tend() -> None:
            await tended()
            done.set()

        session.balances.tend = tend  # type: ignore[method-assign] # to see that it is over
        await until(lambda: self._wake() and done.is_set())
        session.balances.tend = tended  # type: ignore[method-assign] # as it was

    def _wake(self) -> bool:
        for seconds, waking in self._asleep:
            if seconds == TEND_S and not waking.done():
                waking.set_result(None)
        self._asleep = [(seconds, waking) for seconds, waking in self._asleep if not waking.done()]
        return True


@asynccontextmanager
async def practising(home: Path, clock: Clock, waits: Waits) -> AsyncIterator[tuple[Application, Session]]:
    """Open the practice profile under that folder, with everything read; opening it again there is a restart."""
    outside = Surrounds(
        folders=Folders.under(home),
        clock=clock,
        sleep=waits.sleep,
        store=lambda: DiskStore(home / "keyring.json"),
        networks=tuple,
        tokens=dict,
        kdf=KdfParameters(64 << 20, 1),
        requests_per_min=60_000,
    )
    application = Application(outside)
    try:
        session = await application.open_practice()
        if waits.answers.is_set():
            await at_rest(session)
        yield application, session
    finally:
        waits.answers.set()
        await application.close()


async def at_rest(session: Session) -> None:
    """Return when nothing is being read, or kept."""
    await until(lambda: session._preload_wanted is None and not session.balances.updating)
    await session.balances._reads.kept()


def amounts(session: Session) -> dict[BalanceKey, int | None]:
    """Return what every row shows."""
    held = [(key, session.balances.state(key).reading) for key in session.balances.keys()]  # noqa: SIM118 - no dictionary
    return {key: None if reading is None else reading.amount for key, reading in held}


def badges(session: Session) -> list[Badge]:
    """Return every row's badge."""
    return session.balances.badges(session.balances.keys(), None)
