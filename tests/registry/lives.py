"""Lives on a registry, each killed at a chosen statement. Not a test: test_kills.py runs it.

python lives.py ROOT FOLDER KILLS
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, sys.argv[1])

from sqlcipher3 import dbapi2

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.networks import Family
from desktop_wallet.registry.migrations import MIGRATIONS, Migration, SchemaVersion
from desktop_wallet.registry.registry import Registry
from tests.fakes.clock import FakeClock
from tests.fakes.killed_lives import live_and_die

if TYPE_CHECKING:
    from collections.abc import Callable

DATA_KEY = bytes(range(32))
STEPS = tuple(
    Migration(SchemaVersion(1, n), (f"CREATE TABLE step_{n} (x)", f"CREATE INDEX step_{n}_x ON step_{n} (x)"))
    for n in range(MIGRATIONS[-1].to.minor + 1, MIGRATIONS[-1].to.minor + 6)
)
INVALIDATIONS = 6


async def live(folder: Path, report: Callable[[int], None]) -> None:
    """Open the registry, with five more migrations, and invalidate a few times."""
    registry = await Registry.open(folder / "registry.db", DATA_KEY, FakeClock(), migrations=(*MIGRATIONS, *STEPS))
    for _ in range(INVALIDATIONS):
        number = registry.invalidations.counter + 1
        scopes = [Scope(address=Address(Family.EVM, f"0x{number:040x}")), Scope()]
        report(await registry.invalidate(scopes, f"cause {number}"))
    await registry.close()


live_and_die(live, dbapi2, Path(sys.argv[2]), int(sys.argv[3]), statements=127, stride=37)
