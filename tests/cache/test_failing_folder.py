"""The cache's folder may fail in any way: callers never see it, and the person is told once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.cache.pages import CacheMode, CacheTrouble, CacheTroubleKind, PageCache
from desktop_wallet.core.accounts import ProfileId
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.balances import BalanceKey, Reading
from desktop_wallet.core.networks import Family
from tests.fakes.clock import FakeClock
from tests.fakes.readings import KEY, NETWORK, reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import ProofSize

ROOT = Path(__file__).parents[2]
PLACE = (KEY.network, KEY.address)
KINDS = CacheTroubleKind


class Watched:
    """A cache and the troubles that it told of."""

    def __init__(self, folder: Path, mode: CacheMode = CacheMode.ON) -> None:
        self.troubles: list[CacheTrouble] = []
        self.healed = 0
        self.clock = FakeClock()
        self.cache = PageCache(
            folder,
            profile=ProfileId("profile-1"),
            page_key=b"\1" * 32,
            names_key=b"\2" * 32,
            clock=self.clock,
            on_trouble=self.troubles.append,
            on_healed=self._note_healed,
            mode=mode,
        )

    def _note_healed(self) -> None:
        self.healed += 1

    async def use(self) -> tuple[Reading, ...]:
        """Do a bit of everything; return what is found at last."""
        await self.cache.open()
        await self.cache.put([reading(1, key=KEY)])
        await self.cache.has(KEY)
        await self.cache.forget([BalanceKey(NETWORK, Address(Family.EVM, "0x" + "33" * 20), KEY.asset)])
        await self.cache.stats()
        await self.cache.sweep(self.clock.now())
        return (await self.cache.get_pages([PLACE])).get(PLACE, ())

    def kinds(self) -> list[CacheTroubleKind]:
        return [trouble.kind for trouble in self.troubles]


async def _kept(folder: Path, readings: list[Reading]) -> None:
    watched = Watched(folder)
    await watched.cache.open()
    await watched.cache.put(readings)
    await watched.cache.close()
    assert watched.troubles == []


async def test_a_missing_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "a" / "b" / "cache")
    assert await watched.use() == (reading(1, key=KEY),)
    await watched.cache.close()
    assert watched.troubles == []


async def test_a_file_in_place_of_the_folder_disables_the_disk_and_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    watched = Watched(tmp_path / "cache")
    assert await watched.use() == ()
    assert await watched.use() == ()
    assert not (await watched.cache.stats()).in_use
    assert watched.kinds() == [KINDS.FAILED]
    assert watched.troubles[0].rebuilt is False
    (tmp_path / "cache").unlink()
    await watched.cache.sweep(watched.clock.now())
    await watched.cache.put([reading(1, key=KEY)])
    assert await watched.cache.has(KEY)
    await watched.cache.close()


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\0" * 4096, os.urandom(20_000)])
async def test_a_database_that_is_none_is_set_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cache.db").write_bytes(content)
    watched = Watched(tmp_path)
    assert await watched.use() == (reading(1, key=KEY),)
    assert await watched.use() == (reading(1, key=KEY),)
    await watched.cache.close()
    assert watched.kinds() == ([KINDS.DAMAGED] if content else [])
    assert all(trouble.rebuilt for trouble in watched.troubles)
    assert (tmp_path / "cache.db.damaged").exists() == bool(content)


async def test_a_database_that_is_damaged_while_open_is_rebuilt(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    assert await watched.use() == (reading(1, key=KEY),)
    with contextlib.closing(sqlite3.connect(tmp_path / "cache.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (tmp_path / "cache.db").open("r+b") as file:
        file.write(os.urandom(40_000))
    await watched.cache.put([reading(2, key=KEY)])
    assert await watched.cache.get_pages([PLACE]) == {PLACE: (reading(2, key=KEY),)}
    await watched.cache.close()
    assert watched.troubles[0].rebuilt
    assert watched.kinds() == [KINDS.DAMAGED]


async def test_an_unclean_end_is_followed_by_a_look_at_the_whole_database(tmp_path: Path) -> None:
    many = [BalanceKey(NETWORK, Address(Family.EVM, f"0x{n:040x}"), KEY.asset) for n in range(500)]
    await _kept(tmp_path, [reading(1, key=of) for of in many])
    damaged = bytearray((tmp_path / "cache.db").read_bytes())
    with contextlib.closing(sqlite3.connect(tmp_path / "cache.db")) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'Cache_access_time'").fetchone()
    damaged[(page - 1) * 4096 + 8 : page * 4096] = bytes(4096 - 8)
    (tmp_path / "cache.db").write_bytes(damaged)
    (tmp_path / "open").touch()
    watched = Watched(tmp_path)
    await watched.cache.open()
    await watched.cache.close()
    assert watched.kinds() == [KINDS.DAMAGED]
    assert not (tmp_path / "open").exists()


async def test_a_folder_that_vanishes_while_open_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    watched = Watched(folder)
    await watched.use()
    shutil.rmtree(folder)
    await watched.cache.sweep(watched.clock.now())
    await watched.cache.put([reading(2, key=KEY)])
    await watched.cache.close()
    assert watched.kinds() == [KINDS.MISSING]
    again = Watched(folder)
    await again.cache.open()
    assert await again.cache.has(KEY)
    await again.cache.close()


async def test_a_lock_held_by_another_program_never_holds_up_a_caller(tmp_path: Path) -> None:
    await _kept(tmp_path, [reading(1, key=KEY)])
    holder = sqlite3.connect(tmp_path / "cache.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    watched = Watched(tmp_path)
    before_s = watched_s()
    assert await watched.use() == ()
    assert await watched.use() == ()
    assert watched_s() - before_s < 5  # diskcache alone: a minute a call
    assert watched.kinds() == [KINDS.LOCKED]
    holder.execute("ROLLBACK")
    holder.close()
    await watched.cache.sweep(watched.clock.now())
    assert await watched.cache.get_pages([PLACE]) == {PLACE: (reading(1, key=KEY),)}
    await watched.cache.close()


async def test_a_lock_taken_while_open_only_costs_the_write(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    await watched.use()
    holder = sqlite3.connect(tmp_path / "cache.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    await watched.cache.put([reading(2, key=KEY)])
    assert watched.kinds() == [KINDS.LOCKED]
    holder.execute("ROLLBACK")
    holder.close()
    await watched.cache.sweep(watched.clock.now())
    assert await watched.cache.get_pages([PLACE]) == {PLACE: (reading(1, key=KEY),)}
    await watched.cache.close()


def _as_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("in the way")


def _as_a_link(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.with_name("elsewhere").mkdir()
    folder.symlink_to(folder.with_name("elsewhere"))


def _as_a_database_that_is_a_link(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    folder.with_name("outside.db").write_text("not ours")
    (folder / "cache.db").symlink_to(folder.with_name("outside.db"))


@pytest.mark.parametrize("replace", [shutil.rmtree, _as_a_file, _as_a_link, _as_a_database_that_is_a_link])
@pytest.mark.parametrize("running", [False, True])
async def test_whatever_stands_in_the_folders_place_is_told_once_and_goes_on_when_it_is_gone(
    tmp_path: Path, replace: Callable[[Path], None], running: bool
) -> None:
    folder = tmp_path / "cache"
    watched = Watched(folder)
    await watched.use()
    if not running:
        await watched.cache.close()
        watched = Watched(folder)
    replace(folder)
    for _ in range(3):
        await watched.use()
        await watched.cache.sweep(watched.clock.now())
    assert len(watched.troubles) <= 1 + running  # while it ran, the loss of the old database is told too
    for path in (tmp_path / "elsewhere", tmp_path / "outside.db"):
        assert not path.exists() or path.is_dir() or path.read_text() == "not ours"
    assert not (tmp_path / "elsewhere").is_dir() or not any((tmp_path / "elsewhere").iterdir())
    usable = folder.is_dir() and not folder.is_symlink()
    assert watched.cache._in_trouble is not usable
    if not usable:
        folder.unlink()
    await watched.cache.sweep(watched.clock.now())
    assert watched.healed == (not usable)
    assert not watched.cache._in_trouble
    await watched.cache.put([reading(5, key=KEY)])
    assert await watched.cache.get_pages([PLACE]) == {PLACE: (reading(5, key=KEY),)}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    await watched.cache.close()


async def test_a_trouble_that_comes_again_after_it_was_mended_is_told_again(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    await watched.use()
    holder = sqlite3.connect(tmp_path / "cache.db", isolation_level=None)
    for times in (1, 2):
        holder.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            await watched.cache.put([reading(2, key=KEY)])
            await watched.cache.sweep(watched.clock.now())
        assert watched.kinds() == [KINDS.LOCKED] * times
        holder.execute("ROLLBACK")
        await watched.cache.sweep(watched.clock.now())
        await watched.cache.sweep(watched.clock.now())
        assert watched.healed == times
    holder.close()
    await watched.cache.close()


async def test_what_should_be_gone_and_is_held_fast_goes_when_it_is_let_go(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    await _kept(folder, [reading(1, key=KEY)])
    (folder / "cache.db-wal").mkdir()  # cannot be unlinked
    watched = Watched(folder, CacheMode.MEMORY_ONLY)
    await watched.cache.open()
    await watched.cache.sweep(watched.clock.now())
    assert len(watched.troubles) == 1
    assert not watched.troubles[0].rebuilt
    (folder / "cache.db-wal").rmdir()
    await watched.cache.sweep(watched.clock.now())
    assert watched.healed == 1
    assert not folder.exists()
    await watched.cache.close()


async def test_a_database_cut_short_while_open_is_rebuilt(tmp_path: Path) -> None:
    many = [reading(1, key=BalanceKey(NETWORK, Address(Family.EVM, f"0x{n:040x}"), KEY.asset)) for n in range(300)]
    watched = Watched(tmp_path)
    await watched.use()
    await watched.cache.put(many)
    for suffix in ("-wal", ""):
        with (tmp_path / f"cache.db{suffix}").open("r+b") as file:
            file.truncate(5_000)
    for number in (2, 3):
        await watched.cache.put([reading(number, key=KEY)])
    found = await watched.cache.get_pages([(each.key.network, each.key.address) for each in many])
    assert all(page in [(each,) for each in many] for page in found.values())
    assert await watched.cache.get_pages([PLACE]) in ({PLACE: (reading(3, key=KEY),)}, {PLACE: (reading(2, key=KEY),)})
    await watched.cache.close()
    assert all(trouble.rebuilt for trouble in watched.troubles)


@pytest.mark.timeout(900)
async def test_no_corruption_of_the_log_raises_or_invents_a_reading(tmp_path: Path, proof_size: ProofSize) -> None:
    """A crash leaves the newest pages in the log alone; SQLite's checksums end it at the first frame that is spoilt."""
    draw = random.Random(21)
    keys = [BalanceKey(NETWORK, Address(Family.EVM, f"0x{n:040x}"), KEY.asset) for n in range(40)]
    watched = Watched(tmp_path / "whole")
    honest: dict[object, list[object]] = {(of.network, of.address): [] for of in keys}
    for _ in range(3):
        round_ = [reading(1, amount=draw.getrandbits(256), key=of) for of in keys]
        await watched.cache.put(round_)
        for each in round_:
            honest[each.key.network, each.key.address].append((each,))
    whole = {suffix: (tmp_path / "whole" / f"cache.db{suffix}").read_bytes() for suffix in ("", "-wal")}
    await watched.cache.close()
    assert len(whole["-wal"]) > 20_000
    folder = tmp_path / "spoilt"
    folder.mkdir()
    survived = older = 0
    for _ in range(proof_size.corruptions // 4):
        shutil.rmtree(folder)
        folder.mkdir()
        spoilt = bytearray(whole["-wal"])
        for _ in range(draw.choice([1, 1, 3, 200])):
            spoilt[draw.randrange(len(spoilt))] = draw.randrange(256)
        if draw.random() < 0.2:
            del spoilt[draw.randrange(len(spoilt)) :]
        (folder / "cache.db").write_bytes(whole[""])
        (folder / "cache.db-wal").write_bytes(spoilt)
        (folder / "open").touch()
        watched = Watched(folder)
        found = await watched.cache.get_pages(list(honest))  # type: ignore[arg-type] # places, all of them
        assert all(page in honest[place] for place, page in found.items())
        survived += bool(found)
        older += any(page != honest[place][-1] for place, page in found.items())
        await watched.cache.put([reading(2, key=KEY)])
        assert await watched.cache.get_pages([PLACE]) in ({PLACE: (reading(2, key=KEY),)}, {})
        await watched.cache.close()
    assert older > 0
    assert survived > 0


def watched_s() -> float:
    import time

    return time.perf_counter()


@pytest.mark.timeout(900)
async def test_no_corruption_raises_or_invents_a_reading(tmp_path: Path, proof_size: ProofSize) -> None:
    draw = random.Random(20)
    keys = [BalanceKey(NETWORK, Address(Family.EVM, f"0x{n:040x}"), KEY.asset) for n in range(40)]
    await _kept(tmp_path / "whole", [reading(1, amount=draw.getrandbits(256), key=of) for of in keys])
    watched = Watched(tmp_path / "whole")
    honest = await watched.cache.get_pages([(of.network, of.address) for of in keys])
    await watched.cache.close()
    assert len(honest) == len(keys)
    whole = (tmp_path / "whole" / "cache.db").read_bytes()
    folder = tmp_path / "spoilt"
    folder.mkdir()
    survived = 0
    for _ in range(proof_size.corruptions):
        shutil.rmtree(folder)
        folder.mkdir()
        spoilt = bytearray(whole)
        for _ in range(draw.choice([1, 1, 3, 200])):
            spoilt[draw.randrange(len(spoilt))] = draw.randrange(256)
        if draw.random() < 0.1:
            del spoilt[draw.randrange(len(spoilt)) :]
        (folder / "cache.db").write_bytes(spoilt)
        if draw.random() < 0.5:
            (folder / "open").touch()
        watched = Watched(folder)
        found = await watched.cache.get_pages([(of.network, of.address) for of in keys])
        assert all(honest[place] == page for place, page in found.items())
        survived += bool(found)
        await watched.cache.put([reading(2, key=KEY)])
        await watched.cache.put([reading(3, key=KEY)])
        # A damaged index may lose an update and keep an older page: an honest reading, whose seq and age judge it.
        last = await watched.cache.get_pages([PLACE])
        assert last in ({PLACE: (reading(3, key=KEY),)}, {PLACE: (reading(2, key=KEY),)}, {})
        await watched.cache.close()
    assert 0 < survived < proof_size.corruptions


_CHILD = """
    import asyncio, os, resource, sys
    from pathlib import Path
    sys.path.insert(0, {root!r})
    import diskcache, nacl.bindings
    import desktop_wallet.cache.store
    from tests.cache.test_failing_folder import KEY, KINDS, NETWORK, PLACE, Address, BalanceKey, Family, Watched
    from tests.cache.test_failing_folder import reading

    folder = Path(sys.argv[1])
    if os.geteuid() == 0 and {as_nobody}:
        os.setgid(65534)
        os.setuid(65534)

    async def main():
        watched = Watched(folder)
        {body}
        print(",".join(kind.value for kind in watched.kinds()))

    asyncio.run(main(), debug=False)
"""


def _in_child(folder: Path, body: str, *, as_nobody: bool = False) -> list[str]:
    """Run the body in a process of its own, as a plain user if asked; return the lines it printed."""
    indented = textwrap.indent(textwrap.dedent(body).strip(), " " * 8).strip()
    script = textwrap.dedent(_CHILD).format(root=str(ROOT), body=indented.replace("\n    ", "\n"), as_nobody=as_nobody)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_folder_that_is_read_only_is_told_once_and_left_alone() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "cache")
        asyncio.run(_kept(folder, [reading(1, key=KEY)]))
        Path(name).chmod(0o755)
        for path, mode in ((folder / "cache.db", 0o400), (folder, 0o500)):
            path.chmod(mode)
            if os.geteuid() == 0:
                os.chown(path, 65534, 65534)  # root may write everywhere: the child becomes nobody
        body = "assert await watched.use() == ()\nassert await watched.use() == ()\nawait watched.cache.clear()"
        assert _in_child(folder, body, as_nobody=True) == ["read-only"]
        assert (folder / "cache.db").exists()
        folder.chmod(0o700)


def test_a_full_disk_never_reaches_a_caller_and_clearing_works_on_it(tmp_path: Path) -> None:
    """The limit on file sizes stands for a full disk where the test may not mount one."""
    folder = tmp_path / "cache"
    body = """
    await watched.use()
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
    for n in range(200):
        of = BalanceKey(NETWORK, Address(Family.EVM, f"0x{n:040x}"), KEY.asset)
        await watched.cache.put([reading(1, key=of)])
    assert watched.cache.metrics.snapshot().errors
    await watched.cache.clear()
    assert not (folder / "cache.db").exists() or (folder / "cache.db").stat().st_size < 50_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await watched.cache.sweep(watched.clock.now())
    await watched.cache.put([reading(4, key=KEY)])
    assert await watched.cache.get_pages([PLACE]) == {PLACE: (reading(4, key=KEY),)}
    await watched.cache.close()
    """
    (kinds,) = _in_child(folder, body)
    assert kinds in ("failed", "full", "full,failed", "failed,full")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k,mode=700", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        body = """
        await watched.use()
        (folder.parent / "ballast").write_bytes(bytes(70_000))
        for n in range(400):
            of = BalanceKey(NETWORK, Address(Family.EVM, f"0x{n:040x}"), KEY.asset)
            await watched.cache.put([reading(1, key=of)])
        assert watched.cache.metrics.snapshot().errors
        await watched.cache.clear()
        (folder.parent / "ballast").unlink()
        await watched.cache.sweep(watched.clock.now())
        await watched.cache.put([reading(4, key=KEY)])
        assert await watched.cache.get_pages([PLACE]) == {PLACE: (reading(4, key=KEY),)}
        await watched.cache.close()
        """
        assert _in_child(tmp_path / "cache", body) == ["full"]
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount")
def test_a_disk_without_room_for_another_file(tmp_path: Path) -> None:
    options = "size=4m,nr_inodes=8,mode=700"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        body = """
        for n in range(7):
            (folder.parent / str(n)).touch()
        assert await watched.use() == ()
        assert await watched.use() == ()
        for n in range(7):
            (folder.parent / str(n)).unlink()
        await watched.cache.sweep(watched.clock.now())
        assert watched.healed == 1
        assert await watched.use() == (reading(1, key=KEY),)
        await watched.cache.close()
        """
        assert _in_child(tmp_path / "cache", body) == ["full"]
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize("which", ["", "cache.db"])
def test_a_folder_or_database_of_another_person_is_left_alone(which: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        folder = Path(name, "cache")
        asyncio.run(_kept(folder, [reading(1, key=KEY)]))
        os.chown(folder, 65534, 65534)
        os.chown(folder / which, 0, 0)
        before = (folder / "cache.db").read_bytes()
        body = "assert await watched.use() == ()\nassert await watched.use() == ()"
        assert _in_child(folder, body, as_nobody=True) == ["read-only"]
        assert (folder / "cache.db").read_bytes() == before


def test_a_folder_that_becomes_read_only_while_it_is_open() -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        body = """
        await watched.use()
        for path in (*folder.iterdir(), folder):
            path.chmod(0o500)
        await watched.cache.close()
        again = Watched(folder)
        for _ in range(3):
            assert await again.use() == ()
        assert again.kinds() == [KINDS.READ_ONLY], again.kinds()
        folder.chmod(0o700)
        for path in folder.iterdir():
            path.chmod(0o600)
        await again.cache.sweep(again.clock.now())
        assert again.healed == 1
        assert await again.use() == (reading(1, key=KEY),)
        await again.cache.close()
        """
        _in_child(Path(name, "cache"), body, as_nobody=True)
