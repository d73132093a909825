from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import ctypes, os, resource
from desktop_wallet.vault.harden import harden_process
harden_process()
os.close(os.open("made", os.O_CREAT | os.O_WRONLY, 0o666))
print(oct(os.stat("made").st_mode & 0o777), resource.getrlimit(resource.RLIMIT_CORE))
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


def test_a_hardened_process_makes_private_files_and_dumps_no_memory(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    mode_and_limit, dumpable = done.stdout.splitlines()
    assert mode_and_limit == "0o600 (0, 0)"
    assert dumpable == "0"
