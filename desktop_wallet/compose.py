"""Builds every part of the program once, in order, without Qt; and owns the shutdown.

clock ─ folders ─ preferences ─ profiles ─ http client ─ (on unlock) vault ─ session
"""

from __future__ import annotations

import asyncio
import shutil
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desktop_wallet.chains.practice.chain import PracticeChain
from desktop_wallet.chains.practice.worlds import WORLDS
from desktop_wallet.clock import SystemClock
from desktop_wallet.core.accounts import ProfileId
from desktop_wallet.core.errors import WalletError
from desktop_wallet.net.client import HttpClient
from desktop_wallet.services.folders import Folders
from desktop_wallet.services.known import known_networks, known_tokens
from desktop_wallet.services.preferences import Preferences
from desktop_wallet.services.profiles import Profiles, ProfileSummary
from desktop_wallet.services.session import Session, Surroundings, open_session
from desktop_wallet.vault.document import DeviceMode
from desktop_wallet.vault.keyring_store import KeyringStore
from desktop_wallet.vault.stores import MemorySecretStore
from desktop_wallet.vault.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from desktop_wallet.core.assets import Asset
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.core.networks import Network, NetworkId
    from desktop_wallet.sealing import KdfParameters
    from desktop_wallet.vault.stores import SecretStore
    from desktop_wallet.vault.strongbox import SpendProblem

PREFERENCES_FILE = "preferences.json"
PRACTICE_NAME = "Practice"
PRACTICE_PASSWORD = "practice"  # noqa: S105 - shown on the screen: it guards play money only
_PRACTICE_ACCOUNTS = (("Savings", 2), ("Everyday", 1))


@dataclass(frozen=True, slots=True)
class Surrounds:
    """What may be put in another's place: by tests, the tour and benchmarks. The defaults are the real ones."""

    folders: Folders = field(default_factory=Folders.of_this_person)
    clock: Clock = field(default_factory=SystemClock)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    store: Callable[[], SecretStore] = KeyringStore
    networks: Callable[[], tuple[Network, ...]] = known_networks
    tokens: Callable[[], Mapping[NetworkId, tuple[Asset, ...]]] = known_tokens
    kdf: KdfParameters | None = None
    requests_per_min: int = 100


class Application:
    """The whole program without a window."""

    def __init__(self, outside: Surrounds | None = None) -> None:
        """Build what stands before any profile is open; nothing is asked of any server or keyring."""
        self._outside = outside or Surrounds()
        self.clock = self._outside.clock
        self.folders = self._outside.folders
        self.preferences = Preferences(self.folders.config / PREFERENCES_FILE)
        self.profiles = Profiles(self.folders, self._outside.store, self.clock)
        # Each start makes new practice chains: their genesis tells the wallet that these are others than last time.
        seed = int(self.clock.now().wall_s)
        self.practice = tuple(
            PracticeChain(world, self.clock, seed=seed, sleep=self._outside.sleep) for world in WORLDS
        )
        self._client = HttpClient(self.clock, in_process={chain.host: chain.answer for chain in self.practice})
        self._listeners: list[Callable[[Session | None], None]] = []
        self._opening = asyncio.Lock()
        self.session: Session | None = None

    def on_session_changed(self, listener: Callable[[Session | None], None]) -> Callable[[], None]:
        """Be told when a profile was unlocked or locked; return what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def create_profile(self, name: str, password: str, *, without_keyring: bool = False) -> Session:
        """Make a profile and open it; raises WeakPassword, KeyringFailure, StorageFailure, and then leaves nothing."""
        device = DeviceMode.NONE if without_keyring else DeviceMode.KEYRING
        return await self._create(name.strip() or "Main", password, device, practice=False)

    async def open_practice(self) -> Session:
        """Open the practice profile, made if it is not there: play money, accounts with something in them."""
        made = next((profile for profile in await self.profiles.list() if profile.practice), None)
        if made is not None:
            return await self.unlock(made.id, PRACTICE_PASSWORD)
        session = await self._create(PRACTICE_NAME, PRACTICE_PASSWORD, DeviceMode.NONE, practice=True)
        with session.preload_afterwards():
            for label, accounts in _PRACTICE_ACCOUNTS:
                phrase = await session.accounts.new_phrase(12)
                wallet = await session.accounts.add_phrase(label, phrase, created=True)
                await session.accounts.mark_backed_up(wallet.id)
                for _ in range(accounts - 1):
                    await session.accounts.add_account(wallet.id)
            self._welcome(session)
        return session

    async def unlock(self, profile: ProfileId, password: str) -> Session:
        """Open a profile. Balances show even where the keyring is in the way: see `Session.spend_problem`.

        Raises WrongPassword, VaultDamaged, VaultMissing, VaultTooNew, RegistryDamaged, RegistryTooNew, ProfileInUse.
        """
        async with self._opening:
            await self._close_session()
            summary = await asyncio.to_thread(self.profiles.summary, profile)
            vault = self._vault(self.folders.profile(profile), practice=summary.practice)
            try:
                outcome = await vault.unlock(password)
                session = await self._open(summary, vault, outcome.spend_problem)
            except BaseException:
                await vault.close()
                raise
            self._welcome(session)
            await self._tell(session)
            return session

    async def restore(self, name: str, password: str, backup: Path, backup_password: str) -> Session:
        """Make a profile from a backup file; raises what `create_profile` does, NotABackup and WrongPassword."""
        session = await self.create_profile(name, password)
        try:
            await session.accounts.restore_backup(backup, backup_password)
        except WalletError:
            await self.lock()
            await self.profiles.delete(session.profile.id)
            raise
        return session

    async def lock(self) -> None:
        """Stop every read, forget every key, empty the memory tier."""
        async with self._opening:
            await self._close_session()
            await self._tell(None)

    async def close(self) -> None:
        """Lock, and close every connection; the program can end then."""
        async with self._opening:
            await self._close_session()
            await self._client.aclose()

    async def _create(self, name: str, password: str, device: DeviceMode, *, practice: bool) -> Session:
        async with self._opening:
            await self._close_session()
            profile = ProfileId(uuid.uuid4().hex)
            folder = self.folders.profile(profile)
            vault = self._vault(folder, practice=practice)
            kdf = {} if self._outside.kdf is None else {"kdf": self._outside.kdf}
            try:
                await vault.create(name, password, device=device, practice=practice, **kdf)
                summary = ProfileSummary(profile, name, None, practice)
                session = await self._open(summary, vault, None)
            except BaseException:
                await vault.close()
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
                raise
            await self._tell(session)
            return session

    def _vault(self, folder: Path, *, practice: bool) -> Vault:
        store = MemorySecretStore() if practice else self._outside.store()
        return Vault(folder, store, self.clock)

    async def _open(self, summary: ProfileSummary, vault: Vault, spend_problem: SpendProblem | None) -> Session:
        practice = summary.practice
        outside = Surroundings(
            self.clock,
            self._outside.sleep,
            self._client,
            tuple(world.network for world in WORLDS) if practice else self._outside.networks(),
            {world.network.id: world.assets for world in WORLDS} if practice else self._outside.tokens(),
            always_chosen=practice,
            folder=self.folders.profile(summary.id),
            cache_folder=self.folders.profile_cache(summary.id),
            requests_per_min=self._outside.requests_per_min,
        )
        self.session = await open_session(summary, vault, outside, spend_problem)
        await self.preferences.set_last_profile(summary.id)
        return self.session

    def _welcome(self, session: Session) -> None:
        if session.profile.practice:
            for chain in self.practice:
                for account in session.accounts.accounts():
                    chain.welcome(account.address)

    async def _close_session(self) -> None:
        session, self.session = self.session, None
        if session is not None:
            await session.close()

    async def _tell(self, session: Session | None) -> None:
        for listener in tuple(self._listeners):
            listener(session)
