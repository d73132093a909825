from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.house import Chain

WATCHED = "0x" + "a1" * 20


@pytest.mark.anvil
def test_without_qt_everything_but_the_window_imports_and_reads_balances_from_a_node(
    tmp_path: Path, chain: Chain
) -> None:
    chain.node.set_balance(WATCHED, 1_234_567_890_123_456_789)
    command = [sys.executable, "-m", "tests.end_to_end.program_without_qt", str(tmp_path), chain.node.url, WATCHED]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["blocked"] == ["PySide6", "shiboken6", "qasync"], "the block holds"
    packages = {name.split(".")[1] for name in report["imported"]}
    assert packages >= {"core", "net", "chains", "cache", "vault", "registry", "services", "compose"}
    assert report["balances"] == [1_234_567_890_123_456_789]
    assert report["loaded"] == []
