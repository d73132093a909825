"""What came in is put together without holding up the window, however much of it there is."""

from __future__ import annotations

import time
from pathlib import Path

from desktop_wallet.core.receipts import LogScan, LogTrace, Received
from desktop_wallet.core.signing import TransactionId
from tests.fakes.discovery_stage import ME, NET, STRANGER, USDC, stage

_MANY = 2_000


def _difference(n: int) -> Received:
    return Received(NET.id, ME, USDC.id, 5, 10 * n, 10 * n + 10, float(n), "s.example")


def _log(n: int, height: int) -> Received:
    trace = LogTrace(STRANGER, TransactionId(f"0x{n:064x}"), n, f"0x{n:064x}")
    return Received(NET.id, ME, USDC.id, 5, height, height, float(n), "s.example", trace)


async def test_thousands_of_payments_in_one_token_are_put_together_within_a_moment(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.registry.add_received([_difference(n) for n in range(_MANY)])
        scan = LogScan(NET.id, ME, 15_000, 10 * _MANY, None, 0.0)
        await s.registry.add_logged([_log(n, 10 * n + 10) for n in range(_MANY)], [scan])
        await s.incoming.load()
        began = time.thread_time()
        rows = s.incoming.all()
        took_s = time.thread_time() - began
        # Of what was looked through the logs tell, of the rest the differences.
        assert sum(row.trace is not None for row in rows) == 500
        assert len(rows) == _MANY
        assert took_s < 0.5
