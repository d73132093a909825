"""CVE-2025-69872 and its kin: whatever is planted in the cache, nothing runs and nothing outside is touched."""

from __future__ import annotations

import os
import pickle  # noqa: TID251 - what an attacker plants
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import diskcache
import pytest
from typing_extensions import override

from desktop_wallet.cache.disk import REFUSED_KEY, BytesDisk, RefusedRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = "ab" * 32


class Bomb:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    @override
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.mark),)


class Folder:
    """A cache of ours with one honest entry, a file outside of it, and a mark that only planted code would leave."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.mark = root / "ran"
        self.outside = root / "outside.txt"
        self.outside.write_bytes(b"not ours to touch")
        self.path = root / "cache"
        self.cache = self.reopened()
        self.cache.set(KEY, b"honest")

    def reopened(self, **settings: object) -> diskcache.Cache:
        chosen = {"eviction_policy": "least-recently-used", "sqlite_mmap_size": 0, "cull_limit": 10, **settings}
        return diskcache.Cache(str(self.path), timeout=0.05, disk=BytesDisk, **chosen)

    def plant(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.path / "cache.db")) as connection, connection:
            connection.execute(statement, values)

    def pickled(self) -> bytes:
        return pickle.dumps(Bomb(self.mark))

    def untouched(self) -> bool:
        return self.outside.read_bytes() == b"not ours to touch" and not self.mark.exists()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    yield made
    made.cache.close()


def _pickle_inside(folder: Folder) -> None:
    folder.plant("UPDATE Cache SET mode = 4, value = ?", folder.pickled())


def _pickle_in_a_file(folder: Folder) -> None:
    (folder.path / "aa").mkdir()
    (folder.path / "aa" / "bb.val").write_bytes(folder.pickled())
    folder.plant("UPDATE Cache SET mode = 4, value = NULL, filename = 'aa/bb.val'")


def _pickle_outside(folder: Folder) -> None:
    (folder.root / "bomb").write_bytes(folder.pickled())
    folder.plant("UPDATE Cache SET mode = 4, value = NULL, filename = '../bomb'")


def _file_by_relative_path(folder: Folder) -> None:
    folder.plant("UPDATE Cache SET mode = 2, value = NULL, filename = '../outside.txt'")


def _file_by_absolute_path(folder: Folder) -> None:
    folder.plant("UPDATE Cache SET mode = 2, value = NULL, filename = ?", str(folder.outside))


def _file_beside_a_value(folder: Folder) -> None:
    folder.plant("UPDATE Cache SET filename = ?", str(folder.outside))


def _file_by_link(folder: Folder) -> None:
    (folder.path / "link.val").symlink_to(folder.outside)
    folder.plant("UPDATE Cache SET mode = 2, value = NULL, filename = 'link.val'")


def _text_file(folder: Folder) -> None:
    folder.plant("UPDATE Cache SET mode = 3, value = NULL, filename = ?", str(folder.outside))


def _json_text(folder: Folder) -> None:
    folder.plant("""UPDATE Cache SET value = '{"amount": 1}'""")


def _number(folder: Folder) -> None:
    folder.plant("UPDATE Cache SET value = 7")


def _null(folder: Folder) -> None:
    folder.plant("UPDATE Cache SET value = NULL")


def _odd_mode(folder: Folder) -> None:
    folder.plant("UPDATE Cache SET mode = 'pickle'")


PLANTED: list[Callable[[Folder], None]] = [
    _pickle_inside,
    _pickle_in_a_file,
    _pickle_outside,
    _file_by_relative_path,
    _file_by_absolute_path,
    _file_beside_a_value,
    _file_by_link,
    _text_file,
    _json_text,
    _number,
    _null,
    _odd_mode,
]
WITH_FILE = [
    _pickle_in_a_file,
    _pickle_outside,
    _file_by_absolute_path,
    _file_beside_a_value,
    _file_by_link,
    _text_file,
]


def _get(cache: diskcache.Cache) -> None:
    assert cache.get(KEY) is None


def _get_in_a_transaction(cache: diskcache.Cache) -> None:
    with cache.transact():
        assert cache.get(KEY) is None


def _pop(cache: diskcache.Cache) -> None:
    assert cache.pop(KEY) is None


def _read(cache: diskcache.Cache) -> None:
    with pytest.raises(KeyError):
        cache.read(KEY)


@pytest.mark.parametrize("use", [_get, _get_in_a_transaction, _pop, _read])
@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_row_is_missing_and_counted(
    folder: Folder, plant: Callable[[Folder], None], use: Callable[[diskcache.Cache], None]
) -> None:
    plant(folder)
    use(folder.cache)
    assert folder.cache.disk.refused >= 1
    assert folder.untouched()


def _set_over(cache: diskcache.Cache) -> None:
    assert cache.set(KEY, b"new")
    assert cache.get(KEY) == b"new"


def _delete(cache: diskcache.Cache) -> None:
    assert cache.delete(KEY)
    assert KEY not in cache


def _clear(cache: diskcache.Cache) -> None:
    assert cache.clear() == 1


def _expire(cache: diskcache.Cache) -> None:
    assert cache.expire() == 1


def _cull(cache: diskcache.Cache) -> None:
    cache.reset("size_limit", 1)
    assert cache.cull() == 1


def _evict(cache: diskcache.Cache) -> None:
    assert cache.evict("planted") == 1


def _pushed_out(cache: diskcache.Cache) -> None:
    cache.reset("size_limit", 1)
    cache.set("cd" * 32, b"newest")
    assert KEY not in cache


@pytest.mark.parametrize("use", [_set_over, _delete, _clear, _expire, _cull, _evict, _pushed_out])
@pytest.mark.parametrize("plant", WITH_FILE)
def test_removing_a_planted_row_removes_no_file(
    folder: Folder, plant: Callable[[Folder], None], use: Callable[[diskcache.Cache], None]
) -> None:
    plant(folder)
    folder.plant(
        "UPDATE Cache SET expire_time = 1, tag = 'planted'" if use is _expire else "UPDATE Cache SET tag = 'planted'"
    )
    use(folder.cache)
    assert folder.cache.disk.refused >= 1
    assert folder.untouched()
    assert (folder.path / "link.val").is_symlink() == (plant is _file_by_link)
    assert (folder.path / "aa" / "bb.val").exists() == (plant is _pickle_in_a_file)


@pytest.mark.filterwarnings("default::UserWarning")
@pytest.mark.parametrize("plant", WITH_FILE)
def test_checking_and_opening_a_planted_folder_touches_nothing_outside(
    folder: Folder, plant: Callable[[Folder], None]
) -> None:
    plant(folder)
    folder.cache.check(fix=True)
    folder.cache.close()
    folder.cache = folder.reopened()
    assert folder.untouched()


def test_a_planted_pickle_as_a_key_is_refused_by_every_iteration(folder: Folder) -> None:
    folder.plant(
        "INSERT INTO Cache (key, raw, store_time, access_time, mode, value) VALUES (?, 0, 1, 1, 0, x'00')",
        folder.pickled(),
    )
    cache = folder.cache
    forth, back = list(cache), list(reversed(cache))
    assert forth == back[::-1]
    assert sorted(forth) == sorted(cache.iterkeys()) == [REFUSED_KEY, KEY]
    assert cache.disk.refused == 3
    assert folder.untouched()


@pytest.mark.parametrize("key", [b"bytes", 7, 1.5, None, ("a", 1), ""])
def test_only_texts_are_keys(folder: Folder, key: object) -> None:
    with pytest.raises(TypeError):
        folder.cache.set(key, b"value")
    with pytest.raises(TypeError):
        folder.cache.get(key)


@pytest.mark.parametrize("value", ["text", 7, 1.5, None, {"a": 1}, bytearray(b"x")])
def test_only_bytes_are_values(folder: Folder, value: object) -> None:
    with pytest.raises(TypeError):
        folder.cache.set(KEY, value)
    assert folder.cache.get(KEY) == b"honest"


def test_large_values_stay_in_the_database(folder: Folder) -> None:
    large = os.urandom(1 << 20)
    folder.cache.set(KEY, large)
    assert folder.cache.get(KEY) == large
    assert all(path.name.startswith("cache.db") for path in folder.path.iterdir())


def test_the_disk_hands_out_no_file_names(folder: Folder) -> None:
    with pytest.raises(TypeError):
        folder.cache.disk.filename(KEY, b"value")
    with pytest.raises(TypeError):
        folder.cache.disk._write(str(folder.outside), iter([b"x"]), "xb")
    with pytest.raises(RefusedRow):
        folder.cache.disk.fetch(0, None, b"value", read=True)
    assert folder.untouched()


def test_the_planted_pickle_would_run_in_a_stock_cache(folder: Folder) -> None:
    """The control: without our disk the very same row leaves its mark."""
    _pickle_inside(folder)
    folder.cache.close()
    with diskcache.Cache(str(folder.path)) as stock:
        stock.get(KEY)
    assert folder.mark.exists()
    folder.mark.rmdir()
