"""The registry of one profile: its tables behind one door, and the lock that lets one process through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from desktop_wallet.core.errors import RegistryDamaged
from desktop_wallet.registry.accounts import AccountRows
from desktop_wallet.registry.catalogue import CatalogueRows
from desktop_wallet.registry.database import Database
from desktop_wallet.registry.found_tokens import FoundTokenRows
from desktop_wallet.registry.interactions import InteractionRows
from desktop_wallet.registry.lock import ProfileLock
from desktop_wallet.registry.migrations import MIGRATIONS
from desktop_wallet.registry.receipts import ReceiptRows
from desktop_wallet.registry.settings import SettingRows
from desktop_wallet.registry.snapshots import SnapshotRows
from desktop_wallet.registry.transfers import TransferRows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from desktop_wallet.core.instants import Clock
    from desktop_wallet.registry.migrations import Migration

LOCK_NAME: Final = "profile.lock"


class Registry(
    AccountRows, CatalogueRows, FoundTokenRows, InteractionRows, ReceiptRows, SettingRows, SnapshotRows, TransferRows
):
    """All that a profile knows beside its secrets. Clearing the cache never touches it.

    Damage is never papered over: RegistryDamaged leaves the file where it is, and restoring a backup is the way on.
    """

    def __init__(self, database: Database, lock: ProfileLock, clock: Clock) -> None:
        """Use `Registry.open`."""
        TransferRows.__init__(self, database, clock)
        InteractionRows.__init__(self, database)
        self._lock = lock

    @classmethod
    async def open(
        cls,
        path: Path,
        key: bytes,
        clock: Clock,
        *,
        must_exist: bool = False,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> Self:
        """Return the registry at `path`, made (folder 0700, file 0600) if it is missing; `key` is 32 raw bytes.

        Raises ProfileInUse (another process), RegistryDamaged (also for a wrong key), RegistryTooNew, StorageFull,
        StorageReadOnly. The lock file `profile.lock` stands beside it. With `must_exist` a file that is gone or empty
        is a damaged registry: an empty one in its place would look as if the person never had an account.
        """
        lock = ProfileLock(path.parent / LOCK_NAME)
        database = Database(path, migrations)
        try:
            await database.run(lock.acquire)
            if must_exist:
                await database.run(lambda: _demand(path))
            await database.open(key)
            registry = cls(database, lock, clock)
            await registry._load_invalidations()
        except BaseException:
            await database.close()
            lock.release()
            raise
        return registry

    async def close(self) -> None:
        """Close the database and give the profile back."""
        try:
            await self._database.close()
        finally:
            self._lock.release()


def _demand(path: Path) -> None:
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        size = 0
    if not size:
        raise RegistryDamaged(name=path.name, problem="missing")
