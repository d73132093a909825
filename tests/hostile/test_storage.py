"""Whatever becomes of the cache's folder under an open wallet: reads go on, and it is said once, until it is mended."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.cache.pages import CacheMode, CacheTroubleKind
from desktop_wallet.core.changes import ChangeSet
from tests.cache.test_pages import key
from tests.cache.test_quota import fill, on_disk
from tests.fakes.clock import FakeClock
from tests.fakes.readings import reading
from tests.hostile.practice_house import Waits, amounts, at_rest, badges, practising

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.services.session import Session


async def reads_go_on(session: Session) -> None:
    """Check that a refresh answers everything, and that memory answers the next look."""
    keys = session.balances.keys()
    report = await session.balances.refresh(keys)
    assert (report.answered, report.failed) == (len(keys), ())
    assert None not in amounts(session).values()
    if session.settings.now.cache_mode is not CacheMode.OFF:
        assert all(answer.from_cache for answer in (await session.balances.read(keys)).values())
    await session.balances._reads.kept()


def _missing(folder: Path) -> None:
    shutil.rmtree(folder)


def _a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("in the way")


def _a_link(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to(folder.parent)


FILES = ("cache.db", "cache.db-wal")
"""Not the log's index: it is mapped into memory, and whoever cuts a mapped file short ends the process (SIGBUS)."""


def _overwritten(folder: Path) -> None:
    for path in filter(Path.exists, (folder / name for name in FILES)):
        path.write_bytes(os.urandom(path.stat().st_size))


def _cut_short(folder: Path) -> None:
    for path in filter(Path.exists, (folder / name for name in FILES)):
        os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("spoil", [_missing, _a_file, _a_link, _overwritten, _cut_short])
@pytest.mark.parametrize("running", [True, False])
async def test_a_folder_that_is_spoilt_stops_no_read_is_told_once_and_mends(
    tmp_path: Path, spoil: Callable[[Path], None], running: bool
) -> None:
    waits, clock = Waits(), FakeClock()
    async with practising(tmp_path, clock, waits) as (application, first):
        session = first
        before = amounts(session)
        folder = session.cache_folder
        if not running:
            await application.lock()
        spoil(folder)
        if not running:
            session = await application.open_practice()
            await at_rest(session)
        told: list[ChangeSet] = []
        session.subscribe(told.append)
        for _ in range(3):
            await reads_go_on(session)
            await waits.pass_a_minute(session)
        assert amounts(session) == before
        lasting = session.cache_trouble is not None and not session.cache_trouble.rebuilt
        assert lasting is (folder.is_symlink() or folder.is_file())
        assert sum(change.alerts for change in told) <= 2  # the loss, and what stands in the way of a new folder
        if lasting:
            folder.unlink()
            await waits.pass_a_minute(session)
            assert session.cache_trouble is None
            await at_rest(session)
            assert told[-1].alerts or any(change.alerts for change in told[1:])
            await reads_go_on(session)
        await application.lock()
        waits.answers.clear()  # the servers are silent: what shows now comes from the disk
        session = await application.open_practice()
        await session.balances.load_pages(session.balances.keys())
        shown = amounts(session)
        # What is cut out of a log in use takes with it what was written behind it: then a row is unknown, not wrong.
        unknown = (None,) if running and spoil is _cut_short else ()
        assert all(shown[row] in (amount, *unknown) for row, amount in before.items())


async def test_an_unlock_shows_at_once_what_the_disk_keeps(tmp_path: Path) -> None:
    waits = Waits()
    async with practising(tmp_path, FakeClock(), waits) as (application, session):
        before = amounts(session)
        await application.lock()
        waits.answers.clear()
        assert amounts(await application.open_practice()) == before


async def test_memory_only_and_off_leave_nothing_on_the_disk_and_reads_go_on(tmp_path: Path) -> None:
    async with practising(tmp_path, FakeClock(), Waits()) as (_, session):
        before = amounts(session)
        for mode in (CacheMode.MEMORY_ONLY, CacheMode.ON, CacheMode.OFF, CacheMode.MEMORY_ONLY, CacheMode.ON):
            await session.settings.change(cache_mode=mode)
            await session.apply_cache_settings()
            await reads_go_on(session)
            assert amounts(session) == before
            assert session.cache_folder.exists() is (mode is CacheMode.ON)
            assert (await session.pages.stats()).in_use is (mode is CacheMode.ON)
        assert (await session.pages.stats()).pages == len({(k.network, k.address) for k in before})
        assert session.cache_trouble is None


@pytest.mark.parametrize("turns", [0, 1, 3, 10, 40])
async def test_a_switch_in_the_middle_of_writes_leaves_nothing_behind(tmp_path: Path, turns: int) -> None:
    async with practising(tmp_path, FakeClock(), Waits()) as (_, session):
        many = [reading(1, amount=n, key=key(1, n, a)) for n in range(400) for a in range(5)]
        writes = [asyncio.ensure_future(session.pages.put(many)) for _ in range(3)]
        for _ in range(turns):
            await asyncio.sleep(0.001)
        await session.settings.change(cache_mode=CacheMode.MEMORY_ONLY)
        await session.apply_cache_settings()
        assert not session.cache_folder.exists()
        await asyncio.gather(*writes)
        await reads_go_on(session)
        assert not session.cache_folder.exists()
        assert session.cache_trouble is None


async def test_a_limit_chosen_in_the_settings_shrinks_the_folder_at_once(tmp_path: Path) -> None:
    async with practising(tmp_path, FakeClock(), Waits()) as (_, session):
        await fill(session.pages, range(900))
        assert on_disk(session.cache_folder) > 3_500_000
        await session.settings.change(cache_limit_bytes=2_000_000)
        await session.apply_cache_settings()
        assert on_disk(session.cache_folder) <= 2_000_000
        await reads_go_on(session)
        assert (await session.metrics.snapshot()).evictions > 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount")
async def test_a_full_disk_under_cache_and_registry_stops_no_read(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:  # noqa: ASYNC221 - nothing else runs
        pytest.skip("this machine lets nobody mount")
    try:
        waits = Waits()
        async with practising(tmp_path / "home", FakeClock(), waits) as (_, session):
            before = amounts(session)
            _fill_to_the_last_byte(tmp_path / "ballast")
            for n in range(3):
                await reads_go_on(session)
                await fill(session.pages, range(n, n + 40))
                await waits.pass_a_minute(session)
            assert amounts(session) == before
            trouble = session.cache_trouble
            assert trouble is not None
            assert trouble.kind is CacheTroubleKind.FULL
            (tmp_path / "ballast").unlink()
            await waits.pass_a_minute(session)
            assert session.cache_trouble is None
            await reads_go_on(session)
            assert badges(session)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)  # noqa: ASYNC221 - nothing else runs


def _fill_to_the_last_byte(path: Path) -> None:
    with path.open("wb", buffering=0) as ballast:
        for piece in (100_000, 1_000, 1):
            try:
                while ballast.write(bytes(piece)):
                    continue
            except OSError:
                continue
