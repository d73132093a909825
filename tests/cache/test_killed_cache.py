"""Whatever statement the process dies before, the next one finds the last write and reports no trouble."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.cache.pages import CacheTrouble, PageCache
from desktop_wallet.core.accounts import ProfileId
from tests.fakes.clock import FakeClock
from tests.fakes.readings import KEY, reading

if TYPE_CHECKING:
    from tests.conftest import ProofSize

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
@pytest.mark.timeout(600)
async def test_a_kill_before_any_statement_leaves_a_cache_that_works(tmp_path: Path, proof_size: ProofSize) -> None:
    lives = subprocess.run(  # noqa: ASYNC221 - nothing else runs
        [sys.executable, str(Path(__file__).with_name("lives.py")), str(ROOT), str(tmp_path), str(proof_size.kills)],
        capture_output=True,
        text=True,
        check=True,
    )
    written: dict[str, int] = {}
    ends: Counter[str] = Counter()
    for line in lives.stdout.splitlines():
        place, end, last = line.split()
        ends[end] += 1
        written[place] = max(written.get(place, 0), int(last))
    assert ends["killed"] == proof_size.kills
    assert set(ends) <= {"killed", "ended-0"}, lives.stderr
    assert max(written.values()) > 0
    assert lives.stderr == ""  # the lives logged no trouble over what their predecessors left
    for place, at_least in written.items():
        troubles: list[CacheTrouble] = []
        cache = PageCache(
            tmp_path / place,
            profile=ProfileId("profile-1"),
            page_key=b"\1" * 32,
            names_key=b"\2" * 32,
            clock=FakeClock(),
            on_trouble=troubles.append,
        )
        await cache.open()
        held = [r for page in (await cache.get_pages([(KEY.network, KEY.address)])).values() for r in page]
        # One more may have been committed and not reported: the kill came between.
        assert [r.amount for r in held] in ([at_least], [at_least + 1], [] if not at_least else [at_least])
        await cache.put([reading(1, amount=10**6, key=KEY)])
        assert await cache.has(KEY)
        await cache.close()
        assert troubles == []
