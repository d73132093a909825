"""A look into a registry that no program has open, which changes nothing in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlcipher3 import dbapi2

from desktop_wallet.core.errors import RegistryDamaged
from desktop_wallet.registry.lock import ProfileLock
from desktop_wallet.registry.registry import LOCK_NAME

if TYPE_CHECKING:
    from pathlib import Path


class Kept(NamedTuple):
    """What a registry keeps of the program's own counting. `as_of_s`: Unix seconds of the last change of its file."""

    counters: dict[str, int]
    settings: dict[str, str]
    as_of_s: float


def look(path: Path, key: bytes) -> Kept:
    """Return what the registry at `path` keeps. Blocking; raises ProfileInUse, RegistryDamaged, StorageFailure."""
    lock = ProfileLock(path.parent / LOCK_NAME)
    lock.acquire()
    try:
        return _read(path, key)
    except dbapi2.DatabaseError as error:
        raise RegistryDamaged(name=path.name) from error
    finally:
        lock.release()


def _read(path: Path, key: bytes) -> Kept:
    if not path.exists():
        raise RegistryDamaged(name=path.name, problem="missing")
    log = path.with_name(f"{path.name}-wal")
    as_of_s = max(file.stat().st_mtime for file in (path, log) if file.exists())
    # Without a log SQLite would make one, which it may not. What a killed program left in one is read, and left there.
    way = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    connection = dbapi2.connect(f"{path.absolute().as_uri()}?{way}", uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute("PRAGMA cipher_memory_security = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA query_only = ON")
        counters = dict(connection.execute("SELECT name, count FROM counters").fetchall())
        settings = dict(connection.execute("SELECT name, json FROM settings").fetchall())
    finally:
        connection.close()
        if log.exists():
            path.with_name(f"{path.name}-shm").unlink(missing_ok=True)  # SQLite's own, while it looked
    return Kept(counters, settings, as_of_s)
