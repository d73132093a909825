"""The connection to the encrypted database, the one thread it lives on, and what its errors mean.

SQLCipher encrypts every page, in the file and in its write-ahead log, and authenticates it (HMAC-SHA512). The log
(WAL) makes a durable commit cost one flush. Exclusive locking keeps the log's index in memory, so that there is no
third file, and temporary tables stay in memory too.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlcipher3 import dbapi2

from desktop_wallet.core.errors import (
    AlreadyThere,
    ProfileInUse,
    RegistryDamaged,
    StorageFailure,
    StorageFull,
    StorageReadOnly,
)
from desktop_wallet.registry.migrations import MIGRATIONS, Migration, migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Connection = Any
"""A `sqlcipher3.dbapi2.Connection`; the library ships no types."""
T = TypeVar("T")

KEY_BYTES: Final = 32
_BUSY_S: Final = 0.05
_BY_CODE: Final = {
    "SQLITE_NOTADB": RegistryDamaged,
    "SQLITE_CORRUPT": RegistryDamaged,
    "SQLITE_FULL": StorageFull,
    "SQLITE_IOERR": StorageFailure,
    "SQLITE_READONLY": StorageReadOnly,
    "SQLITE_CANTOPEN": StorageReadOnly,
    "SQLITE_PERM": StorageReadOnly,
    "SQLITE_BUSY": ProfileInUse,
    "SQLITE_LOCKED": ProfileInUse,
}


class Database:
    """Runs functions on the database's own thread, each in one transaction. Nothing here blocks the event loop."""

    def __init__(self, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
        self._path = path
        self._migrations = migrations
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="registry")
        self._connection: Connection | None = None
        self._closed = False

    async def open(self, key: bytes) -> None:
        """Open or create the file (0600) with a raw key of 32 bytes, and bring it up to the newest schema.

        Raises RegistryDamaged (also for a wrong key), RegistryTooNew, ProfileInUse, StorageFull, StorageReadOnly.
        """
        if len(key) != KEY_BYTES:
            raise ValueError("the registry's key has 32 bytes")
        try:
            await self.run(lambda: self._open(key))
        except BaseException:
            await self.close()
            raise

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` made of the connection, all of it seen at one point in time."""
        if self._closed:
            raise StorageFailure(name=self._path.name, problem="closed")
        return await self.run(lambda: self._transact(work, "BEGIN"))

    async def write(self, work: Callable[[Connection], T], then: Callable[[T], None] | None = None) -> T:
        """Return what `work` returned, once all that it wrote is on the disk; nothing is written if it raises.

        `then` is called with it on the loop's thread before this returns, and also when the caller was cancelled in
        the meantime: a commit that has begun is not called back, so what is in memory must follow it.
        """
        if self._closed:
            raise StorageFailure(name=self._path.name, problem="closed")
        loop = asyncio.get_running_loop()
        written = loop.run_in_executor(self._worker, lambda: self._transact(work, "BEGIN IMMEDIATE"))

        def follow(done: asyncio.Future[T]) -> None:
            if then is not None and not done.cancelled() and done.exception() is None:
                then(done.result())

        written.add_done_callback(follow)
        return await asyncio.shield(written)

    async def close(self) -> None:
        """Fold the log into the file and end the thread. Closing twice does no harm."""
        if self._closed:
            return
        self._closed = True
        try:
            await self.run(self._close)
        finally:
            self._worker.shutdown(wait=False)

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returned, run on the database's thread, outside of any transaction."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def _open(self, key: bytes) -> None:
        with self._translated():
            # Made here, not by SQLite: its mode must not depend on the process's umask.
            try:
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600))
            except PermissionError as error:
                raise StorageReadOnly(name=self._path.name) from error
            except OSError as error:
                raise StorageFailure(name=self._path.name, problem=error.strerror) from error
            connection = dbapi2.connect(str(self._path), timeout=_BUSY_S, isolation_level=None)
            self._connection = connection
            # Without this SQLCipher writes to standard error what we say in our own words.
            connection.execute("PRAGMA cipher_log_level = NONE")
            connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            connection.execute("PRAGMA cipher_memory_security = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the first use of the key
            if connection.execute("PRAGMA cipher_integrity_check").fetchall():
                raise RegistryDamaged(name=self._path.name)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            migrate(connection, self._path.name, self._migrations)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with self._translated():
                connection.close()

    def _transact(self, work: Callable[[Connection], T], begin: str) -> T:
        connection = self._connection
        if connection is None:
            raise StorageFailure(name=self._path.name, problem="closed")
        with self._translated():
            connection.execute(begin)
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk may have rolled back by itself
                    connection.execute("ROLLBACK")
                raise
        return result

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the library's errors into ours. What stays a library error is a bug of ours (a wrong statement)."""
        try:
            yield
        except dbapi2.IntegrityError as error:
            # "UNIQUE constraint failed: accounts.id": of another constraint's failure we are to blame.
            problem, _, column = str(error).partition(": ")
            if problem != "UNIQUE constraint failed":
                raise
            raise AlreadyThere(what=column.partition(".")[0].removesuffix("s"), name="") from error
        except dbapi2.DatabaseError as error:
            code = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
            failure = _BY_CODE.get(code)
            if failure is None:
                raise
            raise failure(name=self._path.name, problem=code) from error
