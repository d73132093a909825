"""The profiles on this machine, as far as they can be told without a password."""

# ruff: noqa: PLC0415 - a start shows these before anything else; what they do not need comes after that

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.accounts import ProfileId
from desktop_wallet.core.errors import KeyringFailure, StorageFailure
from desktop_wallet.vault.document import exists, read_header

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.core.instants import Clock
    from desktop_wallet.services.folders import Folders
    from desktop_wallet.vault.stores import SecretStore


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProfileSummary:
    """What the Unlock page shows. `last_opened_s` is Unix time, None if never; `damaged` means it cannot be read."""

    id: ProfileId
    name: str
    last_opened_s: float | None
    practice: bool
    damaged: bool = False


class Profiles:
    """Finds and deletes profiles."""

    def __init__(self, folders: Folders, store: Callable[[], SecretStore], clock: Clock) -> None:
        """Look under the data folder; `store` makes the keyring's door."""
        self._clock = clock
        self._folders = folders
        self._store = store

    async def list(self) -> tuple[ProfileSummary, ...]:
        """Return every profile, the one opened last first."""
        import asyncio

        return await asyncio.to_thread(self.list_now)

    async def keyring_problem(self) -> KeyringFailure | None:
        """Return what is wrong with the system's keyring, before a profile is made that needs it."""
        import asyncio

        store = self._store()
        try:
            await asyncio.to_thread(store.prepare)
            await asyncio.to_thread(store.check)
        except KeyringFailure as failure:
            return failure
        finally:
            store.close()
        return None

    async def delete(self, profile: ProfileId) -> None:
        """Remove a profile for good: its entries in the keyring, then its folders.

        Entries that the keyring keeps back open nothing without the folders.
        """
        import asyncio

        from desktop_wallet.vault.vault import Vault

        vault = Vault(self._folders.profile(profile), self._store(), self._clock)
        try:
            left = await vault.erase_entries()
            if left is not None:
                _log.warning("the keyring kept entries of a deleted profile: %s", type(left).__name__)
        finally:
            await vault.close()

        def remove() -> None:
            shutil.rmtree(self._folders.profile(profile))
            shutil.rmtree(self._folders.profile_cache(profile), ignore_errors=True)

        await asyncio.to_thread(remove)

    def summary(self, profile: ProfileId) -> ProfileSummary:
        """Return what can be told of one profile."""
        folder = self._folders.profile(profile)
        try:
            header = read_header(folder)
        except StorageFailure:
            return ProfileSummary(profile, "Damaged profile", None, practice=False, damaged=True)
        registry = folder / "registry.db"
        opened_s = registry.stat().st_mtime if registry.exists() else None
        return ProfileSummary(profile, header.name, opened_s, header.practice)

    def list_now(self) -> tuple[ProfileSummary, ...]:
        """Return what `list` does, from the calling thread: for a start, which has nothing else to do meanwhile."""
        place = self._folders.profiles()
        if not place.is_dir():
            return ()
        found = [self.summary(ProfileId(p.name)) for p in place.iterdir() if p.is_dir() and exists(p)]
        return tuple(sorted(found, key=lambda profile: profile.last_opened_s or 0.0, reverse=True))
