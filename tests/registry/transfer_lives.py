"""Lives that sign, send and settle, each killed at a statement or at any moment. Not a test: test_kills.py runs it.

python transfer_lives.py ROOT FOLDER KILLS statement|moment
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, sys.argv[1])

from sqlcipher3 import dbapi2

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.networks import Family
from desktop_wallet.core.transfers import TransferState
from desktop_wallet.registry.registry import Registry
from tests.fakes.clock import FakeClock
from tests.fakes.killed_lives import live_and_die
from tests.fakes.transfers import block, signed, through

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.core.transfers import Transfer

DATA_KEY = bytes(range(32))
NEXT = {
    TransferState.SIGNED: TransferState.BROADCAST,
    TransferState.BROADCAST: TransferState.CONFIRMED,
    TransferState.CONFIRMED: TransferState.FINALIZED,
}
TRANSFERS = 2
"""Begun in each life, after those that earlier lives left were brought to their end."""
longest_life_s = 0.0
"""Within which a life is killed at any moment; 0 lets it live."""
NEVER = (1_000_003, 500_001)


async def live(folder: Path, report: Callable[[int], None]) -> None:
    """Every step of a transfer is one write, and each invalidates a scope that is named after its seq."""
    if longest_life_s:
        # Nobody handles this signal: the process is gone at once, wherever its threads are.
        signal.setitimer(signal.ITIMER_REAL, random.random() * longest_life_s)
    registry = await Registry.open(folder / "registry.db", DATA_KEY, FakeClock())

    def scopes() -> list[Scope]:
        return [Scope(address=Address(Family.EVM, f"0x{registry.invalidations.counter + 1:040x}")), Scope()]

    async def finish(transfer: Transfer) -> None:
        while (state := NEXT.get(transfer.state)) is not None:
            after = through(transfer, [state], block(transfer.nonce))
            seq = await registry.update_transfer(transfer, after, scopes(), f"{state.value} {transfer.nonce}")
            assert seq is not None
            report(seq)
            transfer = after

    known = await registry.load_transfers()
    for transfer in known:
        await finish(transfer)
    for nonce in range(len(known), len(known) + TRANSFERS):
        transfer = signed(nonce)
        report(await registry.add_transfer(transfer, scopes(), f"signed {nonce}"))
        await finish(transfer)
    await registry.close()


def whole_life_s() -> float:
    """Return how long a life from nothing takes here and now, when nobody ends it."""
    begun_s = time.monotonic()  # noqa: TID251 - processes live in real time
    child = os.fork()
    if child == 0:
        asyncio.run(live(Path(sys.argv[2]) / "whole", lambda _: None))
        os._exit(0)
    os.waitpid(child, 0)
    return time.monotonic() - begun_s  # noqa: TID251


if sys.argv[4] == "moment":
    longest_life_s = whole_life_s()
STATEMENTS, STRIDE = (139, 37) if sys.argv[4] == "statement" else NEVER
live_and_die(live, dbapi2, Path(sys.argv[2]), int(sys.argv[3]), statements=STATEMENTS, stride=STRIDE)
