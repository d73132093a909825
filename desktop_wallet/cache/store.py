"""The folder of sealed pages: opening, inspecting, writing and giving it up. Runs on the cache's own thread only."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import diskcache

from desktop_wallet.cache.disk import BytesDisk
from desktop_wallet.cache.troubles import CacheTroubleKind, StoreFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

DATABASE: Final = diskcache.core.DBNAME
_SIDE_FILES: Final = ("", "-wal", "-shm", "-journal")
_SET_ASIDE: Final = ".damaged"
_OPEN_MARK: Final = "open"
"""Stands in the folder while a process has it open; found at opening it tells of an unclean end."""
LOG_BYTES: Final = 1 << 20
"""Room within the folder's limit for the database's log, and for what a checkpoint writes twice."""
_LONGEST_LOG_BYTES: Final = LOG_BYTES // 2
_STEP_BYTES: Final = 1 << 17
"""Bytes of pages written or evicted in one transaction, so that the log stays short whatever a page takes."""
_TIMEOUT_S: Final = 0.05
_WALK: Final = 50
_SETTINGS: Final[dict[str, object]] = {
    "statistics": 0,
    "tag_index": 0,
    "eviction_policy": "least-recently-used",
    # Nothing is culled inside a set: within one transaction the file does not shrink, so every further set of a batch
    # would cull ten more pages, at last those just written. `trim` does it after the commit.
    "cull_limit": 0,
    "sqlite_auto_vacuum": 1,
    "sqlite_cache_size": 2_048,
    "sqlite_journal_mode": "wal",
    # A mapped file that another program truncates would end the process with SIGBUS.
    "sqlite_mmap_size": 0,
    "sqlite_synchronous": 1,
    # The log would grow to 4 MB, nearly half of what a profile may take.
    "sqlite_wal_autocheckpoint": _LONGEST_LOG_BYTES // 4_096,
    "sqlite_journal_size_limit": _LONGEST_LOG_BYTES,
    "disk_min_file_size": 0,
    "disk_pickle_protocol": 0,
}
_METADATA: Final = ("count", "size", "hits", "misses")
_OBJECTS: Final = {
    ("table", "Settings"),
    ("table", "Cache"),
    ("index", "sqlite_autoindex_Settings_1"),
    ("index", "Cache_key_raw"),
    ("index", "Cache_expire_time"),
    ("index", "Cache_access_time"),
    ("trigger", "Settings_count_insert"),
    ("trigger", "Settings_count_delete"),
    ("trigger", "Settings_size_insert"),
    ("trigger", "Settings_size_update"),
    ("trigger", "Settings_size_delete"),
}
_OURS: Final = "mode = 0 AND raw = 1 AND filename IS NULL AND typeof(key) = 'text' AND typeof(value) = 'blob'"
_ALL_OURS: Final = f"{_OURS} AND expire_time IS NULL AND tag IS NULL AND size = 0"


_BY_CODE: Final = {
    "SQLITE_NOTADB": CacheTroubleKind.DAMAGED,
    "SQLITE_CORRUPT": CacheTroubleKind.DAMAGED,
    "SQLITE_FULL": CacheTroubleKind.FULL,
    "SQLITE_READONLY": CacheTroubleKind.READ_ONLY,
    "SQLITE_CANTOPEN": CacheTroubleKind.READ_ONLY,
    "SQLITE_PERM": CacheTroubleKind.READ_ONLY,
    "SQLITE_BUSY": CacheTroubleKind.LOCKED,
    "SQLITE_LOCKED": CacheTroubleKind.LOCKED,
    "SQLITE_IOERR": CacheTroubleKind.FAILED,
}
_BY_ERRNO: Final = {
    errno.ENOSPC: CacheTroubleKind.FULL,
    errno.EDQUOT: CacheTroubleKind.FULL,
    errno.EFBIG: CacheTroubleKind.FULL,
    errno.EACCES: CacheTroubleKind.READ_ONLY,
    errno.EPERM: CacheTroubleKind.READ_ONLY,
    errno.EROFS: CacheTroubleKind.READ_ONLY,
}


class _Pages(diskcache.Cache):  # type: ignore[misc] # diskcache ships no types
    """A cache that leaves no connection open when it cannot be made."""

    def __init__(self, directory: str, **settings: object) -> None:
        try:
            super().__init__(directory, **settings)
        except BaseException:
            if hasattr(self, "_local"):
                self.close()
            raise


def _close_to_others(path: Path) -> None:
    """Take every right from group and others. The owner's stay: whoever made a folder read-only meant it."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        path.chmod(mode & 0o700)


def _has_rows(connection: sqlite3.Connection, found: set[tuple[str, str]]) -> bool:
    if ("table", "Cache") not in found:
        return False
    return connection.execute("SELECT 1 FROM Cache LIMIT 1").fetchone() is not None


class PageStore:
    """Sealed pages by their name. Every method may raise StoreFailure; then `close`, and `set_aside` if DAMAGED."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes - LOG_BYTES
        self._cache: Any = None
        self._identity: tuple[int, int] | None = None
        self._purged = 0
        self._refused_before = 0

    @property
    def is_open(self) -> bool:
        """Return whether pages can be asked for."""
        return self._cache is not None

    @property
    def refused(self) -> int:
        """Return how many rows were refused since the store was made."""
        here = self._cache.disk.refused if self._cache is not None else 0
        return self._refused_before + self._purged + int(here)

    def open(self) -> int:
        """Open or make the folder (0700) and its database (0600), after a look at what is in it.

        Returns how many pages had to go: the limit may be a lower one than the folder was left with.
        """
        with self._translated():
            path = str(self._folder)
            if os.path.expandvars(os.path.expanduser(path)) != path:  # noqa: PTH111 - what diskcache would do to it
                raise StoreFailure(CacheTroubleKind.FAILED, "folder name")
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._folder.is_symlink():
                raise StoreFailure(CacheTroubleKind.FAILED, "folder is a link")
            _close_to_others(self._folder)
            self._make_private()
            if not self._inspect(unclean=(self._folder / _OPEN_MARK).exists()):
                self._drop_files(_SIDE_FILES)
                self._make_private()
            self._cache = _Pages(path, timeout=_TIMEOUT_S, disk=BytesDisk, size_limit=self._limit_bytes, **_SETTINGS)
            os.close(os.open(self._folder / _OPEN_MARK, os.O_WRONLY | os.O_CREAT, 0o600))
            self._identity = self._found_identity()
            return self._trim(())

    def get(self, names: Iterable[str]) -> dict[str, bytes]:
        """Return the pages that are there, in one transaction; each counts as used."""
        with self._translated(), self._cache.transact():
            found = ((name, self._cache.get(name)) for name in names)
            return {name: page for name, page in found if page is not None}

    def exchange(self, names: Sequence[str], change: Callable[[str, bytes | None], bytes | None]) -> int:
        """Put what `change` makes of each page in its place, None to delete it, in as few transactions as are small.

        Returns how many other pages had to go so that the folder keeps to its limit; those just written stay.
        """
        evicted = 0
        left = iter(names)
        with self._translated():
            while (written := self._exchange_some(left, change)) is not None:
                evicted += self._trim(written)
        return evicted

    def _exchange_some(
        self, names: Iterator[str], change: Callable[[str, bytes | None], bytes | None]
    ) -> list[str] | None:
        """Exchange pages until they take a step's bytes; return what was written, None after the last name."""
        written: list[str] | None = None
        taken = 0
        with self._cache.transact():
            for name in names:
                written = [] if written is None else written
                old = self._cache.get(name)
                new = change(name, old)
                if new is not None:
                    self._cache.set(name, new)
                    written.append(name)
                    taken += len(new)
                elif old is not None:
                    self._cache.delete(name)
                if taken >= _STEP_BYTES:
                    break
        return written

    def delete(self, names: Iterable[str]) -> None:
        """Remove pages, in one transaction."""
        with self._translated(), self._cache.transact():
            for name in names:
                self._cache.delete(name)

    def walk(self, after: int) -> tuple[int, list[tuple[str, bytes]]]:
        """Return a place to go on from and the next pages, unused as they were; no pages at the end.

        By a statement of our own: diskcache's reading would make every page the last one used.
        """
        with self._translated(), closing(self._connect()) as connection:
            rows = connection.execute(
                f"SELECT rowid, key, value FROM Cache WHERE rowid > ? AND {_OURS} ORDER BY rowid LIMIT {_WALK}",  # noqa: S608 - constants
                (after,),
            ).fetchall()
        return (rows[-1][0] if rows else after), [(key, value) for _, key, value in rows]

    def limit(self, limit_bytes: int) -> int:
        """Keep to another limit from now on; return how many pages had to go."""
        self._limit_bytes = limit_bytes - LOG_BYTES
        if self._cache is None:
            return 0
        with self._translated():
            self._cache.reset("size_limit", self._limit_bytes)
            return self._trim(())

    def size(self) -> tuple[int, int]:
        """Return how many pages there are and how many bytes the files take, what was set aside included."""
        with self._translated():
            return len(self._cache), self._bytes_of((*_SIDE_FILES, _SET_ASIDE))

    def bytes_on_disk(self) -> int:
        """Return how many bytes the files take; the store may be closed."""
        with self._translated():
            return self._bytes_of((*_SIDE_FILES, _SET_ASIDE))

    def used_at_s(self) -> float | None:
        """Return when the database was written last (Unix time), None if there is none."""
        with self._translated(), suppress(FileNotFoundError):
            found: float = (self._folder / DATABASE).lstat().st_mtime
            return found
        return None

    def is_in_place(self) -> bool:
        """Return whether the database that is open is still the one in the folder."""
        return self._found_identity() == self._identity

    def close(self) -> None:
        """Close the database. The mark goes only if it closed well."""
        cache, self._cache = self._cache, None
        if cache is None:
            return
        self._refused_before += cache.disk.refused
        with suppress(sqlite3.Error, OSError):
            cache.close()
            (self._folder / _OPEN_MARK).unlink(missing_ok=True)

    def set_aside(self) -> None:
        """Rename the closed database to `.damaged`, over an earlier one, and drop its side files."""
        with self._translated():
            self._drop_files(_SIDE_FILES[1:])
            with suppress(FileNotFoundError):
                (self._folder / DATABASE).replace(self._folder / f"{DATABASE}{_SET_ASIDE}")
            (self._folder / _OPEN_MARK).unlink(missing_ok=True)

    def remove(self) -> None:
        """Close, and remove the folder with all that is ours in it; works on a full disk, where deleting rows fails."""
        self.close()
        with self._translated():
            self._drop_files((*_SIDE_FILES, _SET_ASIDE))
            (self._folder / _OPEN_MARK).unlink(missing_ok=True)
            with suppress(OSError):  # not there, or something that is not ours lies in it
                self._folder.rmdir()

    def _drop_files(self, suffixes: Iterable[str]) -> None:
        for suffix in suffixes:
            (self._folder / f"{DATABASE}{suffix}").unlink(missing_ok=True)

    def _make_private(self) -> None:
        """Give our files mode 0600 and make the database; links and other odd things in their places go."""
        for suffix in _SIDE_FILES:
            path = self._folder / f"{DATABASE}{suffix}"
            with suppress(FileNotFoundError):
                if not stat.S_ISREG(path.lstat().st_mode):
                    self._purged += 1
                    path.unlink()
                else:
                    _close_to_others(path)
        os.close(os.open(self._folder / DATABASE, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600))

    def _inspect(self, *, unclean: bool) -> bool:
        """Look at a database before diskcache acts on it, and delete what diskcache would not have written.

        diskcache takes settings from the database: as attributes, as pragmas, as arguments; foreign ones must not reach
        it. While another process holds the lock its constructor would wait for a minute: here it is 50 ms. Its own
        `check(fix=True)` is not used: it deletes every file it does not know, and warns through global filters.

        Returns False for a database whose making was cut short (diskcache makes it in many steps): it holds nothing.
        """
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("BEGIN IMMEDIATE")
            found = set(connection.execute("SELECT type, name FROM sqlite_master").fetchall())
            if not found:
                connection.execute("ROLLBACK")
                return True
            if found < _OBJECTS and not _has_rows(connection, found):
                return False
            if found != _OBJECTS:
                raise StoreFailure(CacheTroubleKind.DAMAGED, "schema")
            if unclean and connection.execute("PRAGMA integrity_check(1)").fetchall() != [("ok",)]:
                raise StoreFailure(CacheTroubleKind.DAMAGED, "integrity")
            known = (*_SETTINGS, "size_limit", *_METADATA)
            marks = ", ".join("?" * len(known))
            statements: tuple[tuple[str, tuple[object, ...]], ...] = (
                (f"DELETE FROM Settings WHERE key NOT IN ({marks})", known),  # noqa: S608 - question marks
                (f"DELETE FROM Cache WHERE NOT ({_ALL_OURS})", ()),  # noqa: S608 - a constant
            )
            for statement, values in statements:
                self._purged += connection.execute(statement, values).rowcount
            for name, value in _SETTINGS.items():
                connection.execute("UPDATE Settings SET value = ? WHERE key = ?", (value, name))
            connection.execute("UPDATE Settings SET value = (SELECT count(*) FROM Cache) WHERE key = 'count'")
            connection.execute("UPDATE Settings SET value = 0 WHERE key IN ('size', 'hits', 'misses')")
            connection.execute("COMMIT")
        return True

    def _trim(self, written: Collection[str]) -> int:
        """Bring the files within the limit; return how many pages had to go. Those in `written` stay.

        What was set aside goes first, then what was used least lately. (diskcache's own culling deletes ten pages a
        transaction, however large, and would drop the newest ones where the clock was set back.)
        """
        if self._bytes_of(("-wal",)) > _LONGEST_LOG_BYTES:
            self._empty_log()
        if self._over() > 0:
            (self._folder / f"{DATABASE}{_SET_ASIDE}").unlink(missing_ok=True)
        evicted = 0
        while (over := self._over()) > 0:
            gone = self._evict(min(over, _STEP_BYTES), written)
            if not gone:
                break
            evicted += gone
            if self._bytes_of(("-wal",)) > _LONGEST_LOG_BYTES:
                self._empty_log()
        if evicted:
            self._empty_log()  # only then are the files as small as their content
        return evicted

    def _over(self) -> int:
        return int(self._cache.volume()) + self._bytes_of((_SET_ASIDE,)) - self._limit_bytes

    def _evict(self, at_least_bytes: int, written: Collection[str]) -> int:
        """Delete pages that take about so many bytes; return how many, 0 if there is none but those just written."""
        with closing(self._connect()) as connection:
            # A page used later than the one just written was used before the clock was set back.
            now = max(written, default="")
            order = "access_time <= (SELECT access_time FROM Cache WHERE key = ?), access_time"
            rows = connection.execute(
                f"SELECT rowid, key, length(value) FROM Cache ORDER BY {order} LIMIT {_WALK + len(written)}",  # noqa: S608 - constants
                (now,),
            )
            taken = 0
            chosen = []
            for row, key, size in rows:
                if key in written:
                    continue
                chosen.append((row,))
                taken += size
                if taken >= at_least_bytes:
                    break
            rows.close()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("DELETE FROM Cache WHERE rowid = ?", chosen)
            connection.execute("COMMIT")
        return len(chosen)

    def _empty_log(self) -> None:
        """Bring the log into the database and cut it. What another process reads just now stays in it."""
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _bytes_of(self, suffixes: Iterable[str]) -> int:
        taken = 0
        for suffix in suffixes:
            with suppress(FileNotFoundError):
                taken += (self._folder / f"{DATABASE}{suffix}").lstat().st_size
        return taken

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._folder / DATABASE, timeout=_TIMEOUT_S, isolation_level=None)

    def _found_identity(self) -> tuple[int, int] | None:
        try:
            found = (self._folder / DATABASE).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except diskcache.Timeout:
            # diskcache says this of every failure to begin; what it really was shows when we begin ourselves.
            raise self._begin_failure() from None
        except sqlite3.Error as error:
            raise self._failure(error) from error
        except OSError as error:
            kind = _BY_ERRNO.get(error.errno or 0, CacheTroubleKind.FAILED)
            raise StoreFailure(kind, error.strerror or type(error).__name__) from error
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # diskcache and sqlite3 trip like this over damaged settings and texts.
            raise StoreFailure(CacheTroubleKind.DAMAGED, type(error).__name__) from error

    def _begin_failure(self) -> StoreFailure:
        try:
            with closing(self._connect()) as connection:
                connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            return self._failure(error)
        return StoreFailure(CacheTroubleKind.LOCKED, "timeout")

    def _failure(self, error: sqlite3.Error) -> StoreFailure:
        code = getattr(error, "sqlite_errorname", "") or type(error).__name__
        if not (self._folder / DATABASE).exists():
            return StoreFailure(CacheTroubleKind.MISSING, code)
        # An error without a code of SQLite's is the binding's (a text that is no UTF-8): the content is at fault.
        return StoreFailure(_BY_CODE.get("_".join(code.split("_")[:2]), CacheTroubleKind.DAMAGED), code)
