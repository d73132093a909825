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


def report_of(program: str, tmp_path: Path, chain: Chain, keyring: PrivateKeyring) -> dict[str, list[list[str]]]:
    """Return what a program says that searched itself."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.hostile.{program}", str(tmp_path), chain.node.url],
        cwd=Path(__file__).parents[2],
        env={**keyring.environment, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, list[list[str]]] = json.loads(done.stdout)
    assert report["controls found"] == report["controls planted"], "the search finds what is there"
    assert report["controls found after they were dropped"] == []
    return report


def test_after_the_lock_of_a_whole_session_no_secret_and_no_key_is_reachable(
    tmp_path: Path, chain: Chain, keyring: PrivateKeyring
) -> None:
    """Accounts, discovery, reads, backup, password change, a second unlock: then every object is searched."""
    report = report_of("session_program", tmp_path, chain, keyring)
    # Copies in `bytes` come and go while the keyring is tidied after the unlock.
    assert {name for name, _ in report["found while unlocked"]} == {"spend key", "view key"}
    assert report["found after the lock"] == []
    assert report["found after the end"] == []


def test_after_the_lock_of_the_window_nothing_of_what_was_typed_or_shown_is_reachable(
    tmp_path: Path, chain: Chain, keyring: PrivateKeyring
) -> None:
    """A new phrase, an imported one and a key; the wallet locks while a dialog still shows a phrase."""
    report = report_of("window_program", tmp_path, chain, keyring)
    while_open = {name for name, _ in report["found while open"]}
    assert while_open == {"spend key", "view key", "new phrase", "new phrase: four words"}, "what stands on the screen"
    assert report["found after the lock"] == []
