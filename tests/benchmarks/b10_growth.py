"""B10: how a preload (B3) and the memory of what it brings (B7) grow with the number of accounts."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.benchmarks.b3_preload import DELAY_S
from tests.benchmarks.report import Finding, median, percentile
from tests.benchmarks.watched_wallet import REQUESTS_PER_MIN, deploy_tokens, proxy_beside
from tests.fakes.anvil import running_anvil

if TYPE_CHECKING:
    from collections.abc import Iterator

ID = "B10"
ABOUT = "growth of a preload and of its memory, 20 tokens and the coin an account, 100 ms added to every reply"
SIZES = (10, 100, 1_000, 10_000)
TOKENS = 20
RUNS = {10: 7, 100: 5, 1_000: 3, 10_000: 2}
LINEAR = 1.15
"""Times the growth of the accounts, for what two runs differ by chance."""
SETTING = (
    f"cache quota 100 MB, {REQUESTS_PER_MIN} requests/min, each size in a process of its own; memory is what the "
    "process grew by while it read them the first time"
)


def measure() -> Iterator[Finding]:
    """Yield the findings of B10."""
    before: dict[str, tuple[int, float]] = {}
    with running_anvil() as node, proxy_beside(node.url) as proxy:
        tokens = deploy_tokens(node, TOKENS)
        proxy.delay_s = DELAY_S
        for accounts in SIZES:
            probe = [sys.executable, "-m", "tests.benchmarks.growth_probe", proxy.url, str(node.chain_id)]
            done = subprocess.run(
                [*probe, str(accounts), str(RUNS[accounts]), *tokens], capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise AssertionError(done.stderr[-2_000:])
            found = json.loads(done.stdout)
            yield _finding("a preload", accounts, found["took_ms"], "ms", found["balances"], before)
            yield _finding("memory", accounts, [found["bytes"] / 1_000], "KB", found["balances"], before)


def _finding(
    what: str, accounts: int, samples: list[float], unit: str, balances: int, before: dict[str, tuple[int, float]]
) -> Finding:
    value = median(samples)
    fewer = before.get(what)
    before[what] = (accounts, value)
    each = value / balances * 1_000
    return Finding(
        ID,
        f"{what}, {accounts} accounts x {TOKENS} tokens",
        value,
        unit,
        percentile(samples, 99) if len(samples) > 1 else None,
        len(samples),
        {} if fewer is None else {f"{fewer[0]} accounts": fewer[1]},
        "" if fewer is None else f"linear or better: <= {accounts // fewer[0]} x (and {LINEAR:g} for chance)",
        None if fewer is None else value <= LINEAR * fewer[1] * accounts / fewer[0],
        note=f"{each:.1f} {'us' if unit == 'ms' else 'bytes'} a balance",
    )
