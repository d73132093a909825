from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.house import Chain

if TYPE_CHECKING:
    from tests.fixtures.keyring_daemon import PrivateKeyring

pytestmark = [pytest.mark.anvil, pytest.mark.keyring_daemon]


def test_after_the_lock_of_a_whole_session_no_secret_and_no_key_is_reachable(
    tmp_path: Path, chain: Chain, keyring: PrivateKeyring
) -> None:
    """Accounts, discovery, reads, backup, password change, a second unlock: then every object is searched."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.session_program", str(tmp_path), chain.node.url],
        cwd=Path(__file__).parents[2],
        env=keyring.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["controls found"] == report["controls planted"], "the search finds what is there"
    assert report["controls found after they were dropped"] == []
    # Copies in `bytes` come and go while the keyring is tidied after the unlock.
    assert {name for name, _ in report["found while unlocked"]} == {"spend key", "view key"}
    assert report["found after the lock"] == []
    assert report["found after the end"] == []
