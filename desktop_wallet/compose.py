"""Builds every part of the program once, in order, without Qt; and owns the shutdown.

clock ─ folders ─ preferences ─ profiles ─ (on unlock) http client ─ vault ─ session

Before an unlock stands only what the Unlock page shows: whatever else is imported here is imported where it is first
used, and `warm_up` does that ahead, while the person types.
"""

# ruff: noqa: PLC0415 - see above: a start would take three times as long

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from desktop_wallet.clock import SystemClock
from desktop_wallet.core.accounts import ProfileId
from desktop_wallet.services.folders import Folders
from desktop_wallet.services.preferences import Preferences
from desktop_wallet.services.profiles import Profiles, ProfileSummary

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from desktop_wallet.chains.practice.chain import PracticeChain
    from desktop_wallet.core.assets import Asset, AssetId
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.core.networks import Network, NetworkId
    from desktop_wallet.core.prices import CoinId
    from desktop_wallet.net.client import HttpClient
    from desktop_wallet.sealing import KdfParameters
    from desktop_wallet.services.price_sources import PriceSource
    from desktop_wallet.services.session import Session
    from desktop_wallet.vault.document import DeviceMode
    from desktop_wallet.vault.stores import SecretStore
    from desktop_wallet.vault.strongbox import SpendProblem
    from desktop_wallet.vault.vault import Vault

_log = logging.getLogger(__name__)

PREFERENCES_FILE = "preferences.json"
PRACTICE_NAME = "Practice"
PRACTICE_PASSWORD = "practice"  # noqa: S105 - shown on the screen: it guards play money only
_PRACTICE_ACCOUNTS = (("Savings", 2), ("Everyday", 1))
_NEEDED_BY_AN_UNLOCK = (
    # Leaves first, so that no single import takes long.
    *("nacl.bindings", "desktop_wallet.vault.wallet_secrets", "desktop_wallet.vault.vault"),
    *("sqlcipher3", "desktop_wallet.registry.registry", "diskcache", "desktop_wallet.cache.pages"),
    *("desktop_wallet.net.client", "desktop_wallet.chains.evm.adapter", "desktop_wallet.chains.practice.chain"),
    *("desktop_wallet.services.session", "desktop_wallet.services.known", "desktop_wallet.vault.keyring_store"),
)


def warm_up() -> None:
    """Import what an unlock will need. To be called on a worker thread, behind a window that is shown."""
    for module in _NEEDED_BY_AN_UNLOCK:
        import_module(module)


def _note(event: str, profile: ProfileId, **fields: object) -> None:
    """Log what became of a profile; a few digits of its id, which is ours and random, tell it from others."""
    _log.info(event, extra={"fields": {"profile": profile[:8], **fields}})


def _state(problem: SpendProblem | None) -> str:
    return "open" if problem is None else type(problem).__name__


async def _sleep(seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)


def _keyring() -> SecretStore:
    from desktop_wallet.vault.keyring_store import KeyringStore

    return KeyringStore()


def _known_networks() -> tuple[Network, ...]:
    from desktop_wallet.services.known import known_networks

    return known_networks()


def _known_tokens() -> Mapping[NetworkId, tuple[Asset, ...]]:
    from desktop_wallet.services.known import known_tokens

    return known_tokens()


def _known_coins() -> Mapping[AssetId, CoinId]:
    from desktop_wallet.services.known import known_coins

    return known_coins()


@dataclass(frozen=True, slots=True)
class Surrounds:
    """What may be put in another's place: by tests, the tour and benchmarks. The defaults are the real ones."""

    folders: Folders = field(default_factory=Folders.of_this_person)
    clock: Clock = field(default_factory=SystemClock)
    sleep: Callable[[float], Awaitable[None]] = _sleep
    store: Callable[[], SecretStore] = _keyring
    networks: Callable[[], tuple[Network, ...]] = _known_networks
    tokens: Callable[[], Mapping[NetworkId, tuple[Asset, ...]]] = _known_tokens
    coins: Callable[[], Mapping[AssetId, CoinId]] = _known_coins
    prices_url: str | None = None
    """Where prices are asked for, once a person chose to have them; None: where the program's maker says."""
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
        self._listeners: list[Callable[[Session | None], None]] = []
        self.session: Session | None = None

    @cached_property
    def practice(self) -> tuple[PracticeChain, ...]:
        """Return the practice chains of this start: their genesis tells the wallet that they are not the last ones."""
        from desktop_wallet.chains.practice.chain import PracticeChain
        from desktop_wallet.chains.practice.worlds import WORLDS

        seed = int(self.clock.now().wall_s)
        return tuple(PracticeChain(world, self.clock, seed=seed, sleep=self._outside.sleep) for world in WORLDS)

    @cached_property
    def _client(self) -> HttpClient:
        from desktop_wallet.net.client import HttpClient

        return HttpClient(self.clock, in_process={chain.host: chain.answer for chain in self.practice})

    @cached_property
    def _opening(self) -> asyncio.Lock:
        import asyncio

        return asyncio.Lock()

    def on_session_changed(self, listener: Callable[[Session | None], None]) -> Callable[[], None]:
        """Be told when a profile was unlocked or locked; return what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def create_profile(self, name: str, password: str, *, without_keyring: bool = False) -> Session:
        """Make a profile and open it; raises WeakPassword, KeyringFailure, StorageFailure, and then leaves nothing."""
        from desktop_wallet.vault.document import DeviceMode

        device = DeviceMode.NONE if without_keyring else DeviceMode.KEYRING
        return await self._create(name.strip() or "Main", password, device, practice=False)

    async def open_practice(self) -> Session:
        """Open the practice profile, made if it is not there: play money, accounts with something in them."""
        made = next((profile for profile in await self.profiles.list() if profile.practice), None)
        if made is not None:
            return await self.unlock(made.id, PRACTICE_PASSWORD)
        from desktop_wallet.vault.document import DeviceMode

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
        import asyncio

        async with self._opening:
            await self._leave_session()
            began = self.clock.now()
            summary = await asyncio.to_thread(self.profiles.summary, profile)
            vault = self._vault(self.folders.profile(profile), practice=summary.practice)
            try:
                outcome = await vault.unlock(password)
                session = await self._open(summary, vault, outcome.spend_problem)
            except BaseException as error:
                _note("not unlocked", profile, why=type(error).__name__)
                await vault.close()
                raise
            took_ms = round(began.age_s(self.clock.now()) * 1000)
            _note("unlocked", profile, took_ms=took_ms, keyring=_state(outcome.spend_problem))
            self._welcome(session)
            await self._tell(session)
            session.go_on()
            return session

    async def restore(self, name: str, password: str, backup: Path, backup_password: str) -> Session:
        """Make a profile from a backup file; raises what `create_profile` does, NotABackup and WrongPassword."""
        session = await self.create_profile(name, password)
        try:
            await session.accounts.restore_backup(backup, backup_password)
        except BaseException:
            await self.lock()
            await self.profiles.delete(session.profile.id)
            raise
        return session

    async def lock(self) -> None:
        """Stop every read, forget every key, empty the memory tier."""
        async with self._opening:
            try:
                await self._close_session()
            finally:
                await self._tell(None)

    async def close(self) -> None:
        """Lock, and close every connection; the program can end then."""
        async with self._opening:
            await self._close_session()
            if "_client" in vars(self):
                await self._client.aclose()

    async def _create(self, name: str, password: str, device: DeviceMode, *, practice: bool) -> Session:
        import asyncio
        import uuid

        async with self._opening:
            await self._leave_session()
            profile = ProfileId(uuid.uuid4().hex)
            folder = self.folders.profile(profile)
            vault = self._vault(folder, practice=practice)
            kdf = {} if self._outside.kdf is None else {"kdf": self._outside.kdf}
            try:
                await vault.create(name, password, device=device, practice=practice, **kdf)
                summary = ProfileSummary(profile, name, None, practice)
                session = await self._open(summary, vault, None)
                _note("created", profile, practice=practice)
            except BaseException:
                await vault.close()
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
                raise
            await self._tell(session)
            session.go_on()
            return session

    def _vault(self, folder: Path, *, practice: bool) -> Vault:
        from desktop_wallet.vault.stores import MemorySecretStore
        from desktop_wallet.vault.vault import Vault

        store = MemorySecretStore() if practice else self._outside.store()
        return Vault(folder, store, self.clock)

    async def _open(self, summary: ProfileSummary, vault: Vault, spend_problem: SpendProblem | None) -> Session:
        from desktop_wallet.chains.practice.worlds import WORLDS
        from desktop_wallet.services.session import ALL_CACHES_BYTES, Surroundings, open_session

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
            prices=self._prices(practice=practice),
            coins=self._coins(practice=practice),
            requests_per_min=self._outside.requests_per_min,
            cache_share_bytes=ALL_CACHES_BYTES // max(len(await self.profiles.list()), 1),
            first_picture=True,
        )
        session = await open_session(summary, vault, outside, spend_problem)
        try:
            await self.preferences.set_last_profile(summary.id)
        except BaseException:
            await session.close()
            raise
        self.session = session
        return session

    def _prices(self, *, practice: bool) -> PriceSource:
        from desktop_wallet.services.price_sources import COINGECKO_URL, CoinGecko, PlayPrices

        if practice:
            return PlayPrices(self.clock)
        url = self._outside.prices_url or COINGECKO_URL
        return CoinGecko(self._client, self.clock, self._outside.sleep, url)

    def _coins(self, *, practice: bool) -> Mapping[AssetId, CoinId]:
        if not practice:
            return self._outside.coins()
        from desktop_wallet.chains.practice.worlds import WORLDS
        from desktop_wallet.core.assets import native_asset
        from desktop_wallet.services.price_sources import play_coin

        assets = [asset for world in WORLDS for asset in (native_asset(world.network), *world.assets)]
        return {asset.id: play_coin(asset) for asset in assets}

    def _welcome(self, session: Session) -> None:
        if session.profile.practice:
            for chain in self.practice:
                for account in session.accounts.accounts():
                    chain.welcome(account.address)

    async def _leave_session(self) -> None:
        """Lock what is open before another profile takes its place, or fails to."""
        if self.session is not None:
            await self._close_session()
            await self._tell(None)

    async def _close_session(self) -> None:
        session, self.session = self.session, None
        if session is not None:
            await session.close()
            _note("locked", session.profile.id)

    async def _tell(self, session: Session | None) -> None:
        for listener in tuple(self._listeners):
            listener(session)
