"""Short lives of a program on one database, each killed at a chosen statement.

Each life is a forked child that counts the statements SQLite runs, from opening on, and kills itself (SIGKILL) before
the chosen one. It reports every write that was acknowledged. The parent prints a line for each life: its folder, how
it ended, and the last write that was acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from types import ModuleType

    Report = Callable[[int], None]
    Live = Callable[[Path, Report], Awaitable[None]]


def live_and_die(live: Live, driver: ModuleType, folder: Path, kills: int, *, statements: int, stride: int) -> None:
    """Live one life after the other, each in a child, until `kills` of them were killed.

    `driver` is the DB-API module whose connections are counted. `statements` is about as many as a life from nothing
    runs, and a prime, so that the stride reaches each of them.
    """
    killed = number = 0
    while killed < kills:
        # Every other life starts from nothing, so that making the database is cut short too.
        place = f"new-{number}" if number % 2 else f"old-{number // 2 % 4}"
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            _die_before(driver, number * stride % statements)
            asyncio.run(_live(live, folder / place, writer))
            os._exit(0)
        os.close(writer)
        acknowledged = b""
        while part := os.read(reader, 4_096):
            acknowledged += part
        os.close(reader)
        _, status = os.waitpid(child, 0)
        last = int.from_bytes(acknowledged[-8:], "big") if acknowledged else 0
        how = "killed" if os.WIFSIGNALED(status) else f"ended-{os.waitstatus_to_exitcode(status)}"
        print(place, how, last, flush=True)  # noqa: T201 - its report
        killed += how == "killed"
        number += 1


async def _live(live: Live, place: Path, writer: int) -> None:
    def report(number: int) -> None:
        os.write(writer, number.to_bytes(8, "big"))

    await live(place, report)


def _die_before(driver: ModuleType, statement: int) -> None:
    connect = driver.connect
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

    driver.__dict__["connect"] = counting
