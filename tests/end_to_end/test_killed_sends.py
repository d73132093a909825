"""Whenever the wallet dies in the middle of a payment, whatever servers do: never two payments, never a lost one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import ProofSize

ROOT = Path(__file__).parents[2]
SEED = 20261120
UNDONE = {"replaced": {"replaced": 0}}
"""Faults that may end otherwise than with one payment: the state shown then, and how often it is paid."""


@pytest.mark.anvil
@pytest.mark.timeout(3_600)
@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
def test_a_payment_is_made_once_or_not_at_all_and_the_wallet_tells_which(tmp_path: Path, proof_size: ProofSize) -> None:
    command = [sys.executable, "-m", "tests.end_to_end.sending_lives", str(tmp_path), str(proof_size.kills), str(SEED)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4_000:]
    payments = [json.loads(line) for line in done.stdout.splitlines()]
    killed = Counter(before for payment in payments for before in payment["killed"] if before)
    assert sum(killed.values()) >= proof_size.kills
    for payment in payments:
        told = f"{payment}"
        if payment["state"] is None:
            # It died before anything was signed: nothing left the machine.
            assert payment["paid"] == 0, told
            continue
        expected = {"confirmed": 1, "finalized": 1} | UNDONE.get(payment["fault"], {})
        assert payment["state"] in expected, told
        assert payment["paid"] == expected[payment["state"]], told
        assert payment["shown"] == payment["spendable"] == payment["truth"], told
        assert payment["badge"] in ("fresh", "cached"), told
    print(f"{len(payments)} payments, {sum(killed.values())} kills before {len(killed)} kinds of events")  # noqa: T201
