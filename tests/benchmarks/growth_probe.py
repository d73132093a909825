"""Preloads so many accounts from nothing, and writes as JSON how long that took and what memory it left.

usage: python -m tests.benchmarks.growth_probe URL CHAIN_ID ACCOUNTS RUNS TOKEN...
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.watched_wallet import local_network, watching_session
from tests.benchmarks.window_loop import run_on_window_loop

_PAGE_BYTES = 4_096


def main() -> None:
    """Measure one size in this process, which nothing was measured in before."""
    url, chain_id, accounts, runs, *tokens = sys.argv[1:]
    with tempfile.TemporaryDirectory() as root:
        found = run_on_window_loop(_measure(Path(root), url, int(chain_id), int(accounts), int(runs), tokens))
    print(json.dumps(found))


async def _measure(
    root: Path, url: str, chain_id: int, accounts: int, runs: int, tokens: list[str]
) -> dict[str, object]:
    async with watching_session(root, local_network(url, chain_id), tokens, accounts) as session:
        keys = session.balances.keys()
        # One balance, so that everything is imported and connected that a read needs.
        await session.balances.refresh(keys[:1])
        await session.balances.clear_cache()
        before = _resident_bytes()
        took_ms = []
        grown = 0
        for run in range(runs):
            await session.balances.clear_cache()
            began_s = time.perf_counter()
            report = await session.preload.run()
            took_ms.append((time.perf_counter() - began_s) * 1000)
            if report.answered != len(keys) or report.failed:
                raise AssertionError(str(report)[:500])
            await session.balances._reads.kept()
            if not run:
                await asyncio.sleep(0.2)
                grown = _resident_bytes() - before
        return {"took_ms": took_ms, "balances": len(keys), "bytes": grown}


def _resident_bytes() -> int:
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # what is free again is not held; glibc gives it back when it is asked to
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE_BYTES


if __name__ == "__main__":
    main()
