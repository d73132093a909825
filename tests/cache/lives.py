"""Short lives on a cache, each killed at a chosen statement. Not a test: test_killed_cache.py runs it.

    python lives.py ROOT FOLDER KILLS

Each life is a forked child that opens the cache and writes, and kills itself (SIGKILL) before the chosen statement. It
reports every write that returned. The parent prints a line for each life: its folder, how it ended, the last write.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, sys.argv[1])

from desktop_wallet.cache.pages import PageCache
from desktop_wallet.core.accounts import ProfileId
from tests.fakes.clock import FakeClock
from tests.fakes.readings import KEY, reading

WRITES = 5
STATEMENTS = 241
"""About as many as a life from nothing runs; a prime, so that the stride reaches each of them."""
STRIDE = 71


async def live(folder: Path, report: int) -> None:
    """Open the cache and write a few times, each time a higher number."""
    cache = PageCache(
        folder, profile=ProfileId("profile-1"), page_key=b"\1" * 32, names_key=b"\2" * 32, clock=FakeClock()
    )
    await cache.open()
    held = await cache.get_pages([(KEY.network, KEY.address)])
    number = max((r.amount for page in held.values() for r in page), default=0)
    for step in range(number + 1, number + 1 + WRITES):
        await cache.put([reading(step, amount=step, key=KEY)])
        os.write(report, step.to_bytes(8, "big"))
    await cache.close()


def die_before(statement: int) -> None:
    """Make the process kill itself before that statement, counted from 0."""
    connect = sqlite3.connect
    left = statement

    def count(_: str) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    def counting(*values: Any, **chosen: Any) -> Any:  # noqa: ANN401 - passed on
        connection = connect(*values, **chosen)
        connection.set_trace_callback(count)
        return connection

    sqlite3.connect = counting


def main() -> None:
    """Live one life after the other, each in a child, until enough of them were killed."""
    folder, kills = Path(sys.argv[2]), int(sys.argv[3])
    killed = number = 0
    while killed < kills:
        # Every other life starts from nothing, so that making the database is cut short too.
        place = f"new-{number}" if number % 2 else f"old-{number // 2 % 4}"
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            die_before(number * STRIDE % STATEMENTS)
            asyncio.run(live(folder / place, writer))
            os._exit(0)
        os.close(writer)
        written = b""
        while part := os.read(reader, 4_096):
            written += part
        os.close(reader)
        _, status = os.waitpid(child, 0)
        last = int.from_bytes(written[-8:], "big") if written else 0
        how = "killed" if os.WIFSIGNALED(status) else f"ended-{os.waitstatus_to_exitcode(status)}"
        print(place, how, last, flush=True)  # noqa: T201 - its report
        killed += how == "killed"
        number += 1


main()
