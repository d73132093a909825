from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.keyring_daemon import PrivateKeyring


@pytest.mark.keyring_daemon
def test_after_the_lock_no_secret_and_no_key_is_reachable(keyring_home: PrivateKeyring, tmp_path: Path) -> None:
    """Every object the process can reach is searched, with the real keyring behind the vault."""
    keyring_home.start_daemon()
    done = subprocess.run(
        [sys.executable, "-m", "tests.vault.memory_program", str(tmp_path)],
        cwd=Path(__file__).parents[2],
        env=keyring_home.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=110,
    )
    report = json.loads(done.stdout)
    assert report["controls found"] == report["controls planted"], "the search finds what is there"
    assert report["controls found after they were dropped"] == []
    assert report["found while unlocked"] == [["spend key", "bytearray"], ["view key", "bytearray"]]
    assert report["found after the lock"] == []
    assert report["found after the end"] == []
