"""Short lives on a registry, each killed at a chosen statement. Not a test: test_kills.py runs it.

    python lives.py ROOT FOLDER KILLS

Each life is a forked child that counts the statements SQLite runs, from opening on, and kills itself (SIGKILL) before
the chosen one. It reports every invalidation that was acknowledged. The parent prints a line for each life:
its folder, whether it was killed, and the last seq that was acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, sys.argv[1])

from sqlcipher3 import dbapi2

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.networks import Family
from desktop_wallet.registry.migrations import MIGRATIONS, Migration, SchemaVersion
from desktop_wallet.registry.registry import Registry
from tests.fakes.clock import FakeClock

DATA_KEY = bytes(range(32))
STEPS = tuple(
    Migration(SchemaVersion(1, n), (f"CREATE TABLE step_{n} (x)", f"CREATE INDEX step_{n}_x ON step_{n} (x)"))
    for n in range(1, 6)
)
INVALIDATIONS = 6
STATEMENTS = 127
"""About as many as a life from nothing runs; a prime, so that the stride reaches each of them."""
STRIDE = 37


async def live(folder: Path, report: int) -> None:
    """Open the registry, with five more migrations, and invalidate a few times."""
    registry = await Registry.open(folder / "registry.db", DATA_KEY, FakeClock(), migrations=(*MIGRATIONS, *STEPS))
    for _ in range(INVALIDATIONS):
        number = registry.invalidations.counter + 1
        scopes = [Scope(address=Address(Family.EVM, f"0x{number:040x}")), Scope()]
        seq = await registry.invalidate(scopes, f"cause {number}")
        os.write(report, seq.to_bytes(8, "big"))
    await registry.close()


def die_before(statement: int) -> None:
    """Make the process kill itself before that statement, counted from 0."""
    connect = dbapi2.connect
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

    dbapi2.connect = counting


def main() -> None:
    """Live one life after the other, each in a child, until enough of them were killed."""
    folder, kills = Path(sys.argv[2]), int(sys.argv[3])
    killed = number = 0
    while killed < kills:
        # Every other life starts from nothing, so that making and migrating is cut short too.
        place = f"new-{number}" if number % 2 else f"old-{number // 2 % 4}"
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            die_before(number * STRIDE % STATEMENTS)
            asyncio.run(live(folder / place, writer))
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


main()
