"""Whenever the process dies: what was acknowledged is there, nothing is there in part, and the registry opens."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.networks import Family
from desktop_wallet.core.transfers import TransferState
from desktop_wallet.registry.registry import Registry
from tests.fakes.clock import FakeClock
from tests.fakes.readings import KEY, NETWORK, reading
from tests.fakes.transfers import block, signed, through

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import ProofSize

ROOT = Path(__file__).parents[2]
DATA_KEY = bytes(range(32))
_PATH = [TransferState.SIGNED, TransferState.BROADCAST, TransferState.CONFIRMED, TransferState.FINALIZED]


@dataclass(frozen=True, slots=True)
class Ends:
    """How lives ended, and the last write that was acknowledged in each folder."""

    count: Counter[str]
    acknowledged: dict[str, int]


def _lives(script: str, folder: Path, kills: int, *more: str) -> Ends:
    lives = subprocess.run(
        [sys.executable, str(Path(__file__).with_name(script)), str(ROOT), str(folder), str(kills), *more],
        capture_output=True,
        text=True,
        check=True,
    )
    ends = Ends(Counter(), {})
    for line in lives.stdout.splitlines():
        place, end, last = line.split()
        ends.count[end] += 1
        ends.acknowledged[place] = max(ends.acknowledged.get(place, 0), int(last))
    assert ends.count["killed"] == kills
    assert set(ends.count) <= {"killed", "ended-0"}, lives.stderr
    assert max(ends.acknowledged.values()) > 0
    return ends


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
@pytest.mark.timeout(600)
async def test_a_kill_before_any_statement_loses_nothing_that_was_acknowledged(
    tmp_path: Path, proof_size: ProofSize
) -> None:
    for place, at_least in _lives("lives.py", tmp_path, proof_size.kills).acknowledged.items():
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


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", ["statement", "moment"])
async def test_whenever_it_is_killed_a_transfer_stands_with_its_step_and_its_invalidation_or_not_at_all(
    tmp_path: Path, proof_size: ProofSize, how: str, record_property: Callable[[str, object], None]
) -> None:
    ends = _lives("transfer_lives.py", tmp_path, proof_size.kills, how)
    steps = 0
    for place, at_least in ends.acknowledged.items():
        registry = await Registry.open(tmp_path / place / "registry.db", DATA_KEY, FakeClock())
        invalidations = registry.invalidations
        transfers = await registry.load_transfers()
        log = await registry.recent_invalidations(10_000)
        await registry.close()
        assert at_least <= invalidations.counter
        assert [entry.seq for entry in log] == list(range(invalidations.counter, 0, -1))
        for seq in range(1, invalidations.counter + 1):
            assert invalidations._recorded[Scope(address=Address(Family.EVM, f"0x{seq:040x}"))] == seq
        # Every step that stands has its invalidation, and every invalidation its step, in the same order.
        assert [transfer.nonce for transfer in transfers] == list(range(len(transfers)))
        assert [entry.cause for entry in reversed(log)] == [
            f"{step.state.value} {transfer.nonce}" for transfer in transfers for step in transfer.steps
        ]
        for transfer in transfers:
            states = [step.state for step in transfer.steps]
            assert states == _PATH[: len(states)]
            assert transfer == through(signed(transfer.nonce), states[1:], block(transfer.nonce))
        steps += len(log)
    assert steps
    record_property("figure", f"{proof_size.kills} kills, {steps} steps stored, each with its invalidation ({how})")
