"""What a folder takes, by the files in it and not by what the database says, and what all profiles take together."""

from __future__ import annotations

import os
import random
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from desktop_wallet.cache.pages import LIMIT_MINIMUM, CacheMode, PageCache
from tests.cache.test_pages import cache_in, key, opened, place
from tests.fakes.readings import reading

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE = 1_000_000


def on_disk(folder: Path) -> int:
    """Return the bytes of every file in the folder, whatever it is called."""
    taken = 0
    for path in folder.iterdir():
        try:
            taken += path.stat().st_size
        except FileNotFoundError:  # a log that a checkpoint just removed
            continue
    return taken


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def fill(cache: PageCache, addresses: range, *, assets: int = 60) -> None:
    """Write a page for each address, of about 60 bytes an asset."""
    draw = random.Random(addresses.start)
    await cache.put(
        [reading(1, amount=draw.getrandbits(256), key=key(1, n, a)) for n in addresses for a in range(assets)]
    )


class Scales:
    """Weighs a folder before every statement that anybody runs on a database."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self.heaviest = 0
        self.weighed = 0
        connect = sqlite3.connect

        def watched(*values: Any, **chosen: Any) -> sqlite3.Connection:  # noqa: ANN401 - passed on
            connection: sqlite3.Connection = connect(*values, **chosen)
            connection.set_trace_callback(self._weigh)
            return connection

        monkeypatch.setattr(sqlite3, "connect", watched)

    def _weigh(self, _: str) -> None:
        self.weighed += 1
        self.heaviest = max(self.heaviest, on_disk(self._folder))


@pytest.mark.parametrize(("assets", "pages"), [(20, 1_500), (60, 640), (1_500, 40)])
async def test_at_no_statement_the_files_take_more_than_the_limit_and_the_newest_page_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, assets: int, pages: int
) -> None:
    scales = Scales(tmp_path, monkeypatch)
    async with opened(tmp_path, limit_bytes=LIMIT_MINIMUM) as cache:
        for start in range(0, pages, pages // 10):
            await fill(cache, range(start, start + pages // 10), assets=assets)
            assert await cache.has(key(address=start + pages // 10 - 1))
            assert on_disk(tmp_path) <= LIMIT_MINIMUM
        assert cache.metrics.snapshot().evictions > 0
        assert (await cache.stats()).bytes_on_disk == on_disk(tmp_path)
    assert scales.weighed > 100
    assert LIMIT_MINIMUM // 3 < scales.heaviest <= LIMIT_MINIMUM


async def test_a_page_larger_than_all_the_room_is_written_all_the_same(tmp_path: Path) -> None:
    async with opened(tmp_path, limit_bytes=LIMIT_MINIMUM) as cache:
        await fill(cache, range(100))
        await fill(cache, range(100, 101), assets=40_000)
        assert len((await cache.get_pages([place(key(address=100))]))[place(key(address=100))]) == 40_000
        assert (await cache.stats()).pages == 1
        await fill(cache, range(101, 102))
        assert await cache.has(key(address=101))
        assert on_disk(tmp_path) <= LIMIT_MINIMUM


async def test_a_limit_lowered_while_it_runs_shrinks_the_folder_and_what_was_used_last_stays(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        await fill(cache, range(1_000))
        await cache.get_pages([place(key(address=n)) for n in range(20)])
        assert on_disk(tmp_path) > 4 * MEGABYTE
        await cache.set_limit(3 * MEGABYTE)
        assert MEGABYTE < on_disk(tmp_path) <= 3 * MEGABYTE
        assert all([await cache.has(key(address=n)) for n in range(20)])
        assert cache.metrics.snapshot().evictions > 100


async def test_a_limit_lowered_before_the_start_shrinks_the_folder_at_the_start(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        await fill(cache, range(1_000))
    assert on_disk(tmp_path) > 4 * MEGABYTE
    async with opened(tmp_path, limit_bytes=LIMIT_MINIMUM) as cache:
        assert on_disk(tmp_path) <= LIMIT_MINIMUM
        assert cache.metrics.snapshot().evictions > 100
        assert await cache.has(key(address=999))


async def test_what_was_set_aside_counts_and_goes_before_any_page(tmp_path: Path) -> None:
    aside = tmp_path / "cache.db.damaged"
    aside.write_bytes(bytes(MEGABYTE // 2))
    async with opened(tmp_path, limit_bytes=LIMIT_MINIMUM) as cache:
        await fill(cache, range(40))
        assert aside.exists()
        assert (await cache.stats()).bytes_on_disk == on_disk(tmp_path)
        await fill(cache, range(40, 150))
        assert not aside.exists()
        assert cache.metrics.snapshot().evictions == 0
        assert (await cache.stats()).pages == 150


async def test_a_clock_set_back_evicts_what_was_used_in_the_future_first(tmp_path: Path) -> None:
    async with opened(tmp_path, limit_bytes=LIMIT_MINIMUM) as cache:
        await fill(cache, range(150))
    with sqlite3.connect(tmp_path / "cache.db") as connection:
        connection.execute("UPDATE Cache SET access_time = access_time + 1e9")
    connection.close()
    async with opened(tmp_path, limit_bytes=LIMIT_MINIMUM) as cache:
        for n in range(1_000, 1_080):
            await fill(cache, range(n, n + 1))
        assert all([await cache.has(key(address=n)) for n in range(1_000, 1_080)])
        assert (await cache.stats()).pages > 150


async def _profile(folder: Path, pages: int, used_s: int) -> None:
    async with opened(folder) as cache:
        await fill(cache, range(pages))
    os.utime(folder / "cache.db", (used_s, used_s))


async def test_all_profiles_keep_to_one_limit_and_the_one_used_longest_ago_goes(tmp_path: Path) -> None:
    for number, name in enumerate(("oldest", "older", "newer")):
        await _profile(tmp_path / name, 500, 1_000 + number)
    each = on_disk(tmp_path / "newer")
    (tmp_path / "no profile.txt").write_text("in between")
    (tmp_path / "empty").mkdir()
    room = 2 * each + LIMIT_MINIMUM
    async with opened(tmp_path / "mine", limit_bytes=LIMIT_MINIMUM, all_bytes=room) as cache:
        await cache.put([reading(1, key=key())])
        assert names_in(tmp_path) == ["empty", "mine", "newer", "no profile.txt", "older"]
        await cache.set_limit(LIMIT_MINIMUM + each)
        assert not (tmp_path / "older").exists()
        assert await cache.has(key())
        await fill(cache, range(1_500))
    assert on_disk(tmp_path / "newer") == each
    assert on_disk(tmp_path / "newer") + on_disk(tmp_path / "mine") <= room


async def test_with_room_for_all_no_other_profile_is_touched(tmp_path: Path) -> None:
    await _profile(tmp_path / "other", 100, 1_000)
    before = (tmp_path / "other" / "cache.db").read_bytes()
    async with opened(tmp_path / "mine", all_bytes=100 * MEGABYTE) as cache:
        await fill(cache, range(100))
    assert (tmp_path / "other" / "cache.db").read_bytes() == before


async def test_a_neighbour_that_is_a_link_or_cannot_go_holds_up_nobody(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    await _profile(elsewhere, 100, 1)
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "link").symlink_to(elsewhere)
    await _profile(profiles / "stubborn", 100, 2)
    (profiles / "stubborn" / "cache.db-wal").mkdir()  # a folder cannot be unlinked
    await _profile(profiles / "last", 100, 3)
    async with opened(profiles / "mine", all_bytes=1) as cache:
        await cache.put([reading(1, key=key())])
        assert await cache.has(key())
    assert (elsewhere / "cache.db").exists()
    assert not (profiles / "last").exists()


@pytest.mark.parametrize("mode", [CacheMode.MEMORY_ONLY, CacheMode.OFF])
async def test_without_a_disk_of_its_own_a_profile_takes_nobodys_room(tmp_path: Path, mode: CacheMode) -> None:
    await _profile(tmp_path / "other", 100, 1)
    cache = cache_in(tmp_path / "mine", mode=mode, all_bytes=1)
    await cache.open()
    await cache.close()
    assert (tmp_path / "other" / "cache.db").exists()
