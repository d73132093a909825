"""Whatever statement the process dies before: what was acknowledged is there, and the registry opens."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.networks import Family
from desktop_wallet.registry.registry import Registry
from tests.fakes.clock import FakeClock
from tests.fakes.readings import KEY, NETWORK, reading

if TYPE_CHECKING:
    from tests.conftest import ProofSize

ROOT = Path(__file__).parents[2]
DATA_KEY = bytes(range(32))


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
@pytest.mark.timeout(600)
async def test_a_kill_before_any_statement_loses_nothing_that_was_acknowledged(
    tmp_path: Path, proof_size: ProofSize
) -> None:
    lives = subprocess.run(  # noqa: ASYNC221 - nothing else runs
        [
            sys.executable,
            str(Path(__file__).with_name("lives.py")),
            str(ROOT),
            str(tmp_path),
            str(proof_size.kills),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    acknowledged: dict[str, int] = {}
    ends: Counter[str] = Counter()
    for line in lives.stdout.splitlines():
        place, end, last = line.split()
        ends[end] += 1
        acknowledged[place] = max(acknowledged.get(place, 0), int(last))
    assert ends["killed"] == proof_size.kills
    assert set(ends) <= {"killed", "ended-0"}, lives.stderr
    assert max(acknowledged.values()) > 0
    for place, at_least in acknowledged.items():
        registry = await Registry.open(tmp_path / place / "registry.db", DATA_KEY, FakeClock())
        invalidations = registry.invalidations
        # One more may have been committed and not reported: the kill came between.
        assert at_least <= invalidations.counter
        log = await registry.recent_invalidations(10_000)
        assert [entry.seq for entry in log] == list(range(invalidations.counter, 0, -1))
        assert all(entry.cause == f"cause {entry.seq}" for entry in log)
        for seq in range(1, invalidations.counter + 1):
            of = BalanceKey(NETWORK, Address(Family.EVM, f"0x{seq:040x}"), KEY.asset)
            assert invalidations._recorded[Scope(address=of.address)] == seq
            assert not invalidations.covers(reading(1, seq=seq - 1, registry=registry.id, key=of))
        await registry.close()
