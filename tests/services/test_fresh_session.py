"""A whole session that keeps its balances fresh, and falls silent when it is locked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from desktop_wallet.compose import Application, Surrounds
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.services.folders import Folders
from desktop_wallet.services.session import Session
from tests.fakes.clock import FakeClock
from tests.fakes.sleepers import Sleepers
from tests.vault.disk_store import DiskStore

T = TypeVar("T")


@dataclass
class Driven:
    """A program whose waits end only as its clock is moved."""

    application: Application
    sleepers: Sleepers

    async def until_done(self, work: Coroutine[object, object, T]) -> T:
        task = asyncio.ensure_future(work)
        async with asyncio.timeout(20):
            while not task.done():
                await self.sleepers.advance(0.01)
                await asyncio.sleep(0.001)  # workers take part
        return task.result()

    async def pass_s(self, seconds: float) -> None:
        for _ in range(100):
            await self.sleepers.advance(seconds / 100)
            await asyncio.sleep(0.001)  # workers take part

    async def rest(self, session: Session) -> None:
        async with asyncio.timeout(20):
            while session._preload_wanted is not None or session.balances.updating:
                await self.pass_s(1.0)


@pytest.fixture
async def driven(tmp_path: Path) -> AsyncIterator[Driven]:
    clock = FakeClock()
    sleepers = Sleepers(clock)
    outside = Surrounds(
        folders=Folders.under(tmp_path / "home"),
        clock=clock,
        sleep=sleepers.sleep,
        store=lambda: DiskStore(tmp_path / "keyring.json"),
        networks=tuple,
        tokens=dict,
        kdf=KdfParameters(64 << 20, 1),
        requests_per_min=60_000,
    )
    one = Driven(Application(outside), sleepers)
    yield one
    await one.until_done(one.application.close())


def requests(session: Session) -> dict[NetworkId, int]:
    """Return how many requests left for each network, also after the session has ended."""
    adapters = session.balances._parts.adapters.open()
    return {name: sum(each.requests for each in adapter.endpoint_statuses()) for name, adapter in adapters.items()}


async def test_what_is_watched_is_read_until_the_lock_and_nothing_after_it(driven: Driven) -> None:
    session = await driven.until_done(driven.application.open_practice())
    await driven.rest(session)
    watched = [key for key in session.balances.keys() if key.asset.is_native][:2]  # noqa: SIM118 - no mapping
    session.refresher.watch(watched)
    await driven.pass_s(1.0)
    before = requests(session)
    await driven.pass_s(60.0)
    after = requests(session)
    assert {name for name in after if after[name] > before[name]} == {key.network for key in watched}

    await driven.until_done(driven.application.lock())
    locked = requests(session)
    session.refresher.watch(session.balances.keys())
    session.refresher.set_hidden(False)
    session.refresher.apply_settings()
    await driven.pass_s(4_000.0)
    assert requests(session) == locked
    assert session.refresher.pushed_by() == {}


async def test_switched_off_in_the_settings_it_stays_off_after_the_next_unlock(driven: Driven) -> None:
    session = await driven.until_done(driven.application.open_practice())
    await driven.rest(session)
    await session.settings.change(keep_fresh=False, preload=False)
    await driven.until_done(driven.application.lock())
    session = await driven.until_done(driven.application.open_practice())
    await driven.rest(session)
    session.refresher.watch(session.balances.keys())
    await driven.pass_s(2_000.0)
    assert sum(requests(session).values()) == 0
    assert session.refresher.next_s() is None
