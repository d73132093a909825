"""Lives on a cache, each killed at a chosen statement. Not a test: test_killed_cache.py runs it.

python lives.py ROOT FOLDER KILLS
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, sys.argv[1])

from desktop_wallet.cache.pages import PageCache
from desktop_wallet.core.accounts import ProfileId
from tests.fakes.clock import FakeClock
from tests.fakes.killed_lives import live_and_die
from tests.fakes.readings import KEY, reading

if TYPE_CHECKING:
    from collections.abc import Callable

WRITES = 5


async def live(folder: Path, report: Callable[[int], None]) -> None:
    """Open the cache and write a few times, each time a higher number."""
    cache = PageCache(
        folder, profile=ProfileId("profile-1"), page_key=b"\1" * 32, names_key=b"\2" * 32, clock=FakeClock()
    )
    await cache.open()
    held = await cache.get_pages([(KEY.network, KEY.address)])
    number = max((r.amount for page in held.values() for r in page), default=0)
    for step in range(number + 1, number + 1 + WRITES):
        await cache.put([reading(step, amount=step, key=KEY)])
        report(step)
    await cache.close()


live_and_die(live, sqlite3, Path(sys.argv[2]), int(sys.argv[3]), statements=241, stride=71)
