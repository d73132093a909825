"""An unlocked profile: every service of it, built in order and taken down in the reverse one."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.cache.memory import MemoryTier
from desktop_wallet.cache.metrics import CacheMetrics
from desktop_wallet.cache.pages import PageCache
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.errors import StorageFailure, VaultLocked
from desktop_wallet.registry.registry import LOCK_NAME, Registry
from desktop_wallet.services.accounts import Accounts
from desktop_wallet.services.adapters import Adapters
from desktop_wallet.services.alerts import Alerts
from desktop_wallet.services.book import Book
from desktop_wallet.services.catalogue import Catalogue, ask_networks
from desktop_wallet.services.diagnostics import Diagnostics
from desktop_wallet.services.discovery import Discovery
from desktop_wallet.services.events import Events
from desktop_wallet.services.feed import ChangeFeed
from desktop_wallet.services.first_picture import FirstPicture
from desktop_wallet.services.folders import make_private
from desktop_wallet.services.found_tokens import FoundTokens
from desktop_wallet.services.incoming import Incoming
from desktop_wallet.services.metrics import Metrics
from desktop_wallet.services.opinions import Opinions
from desktop_wallet.services.preload import Preload
from desktop_wallet.services.prices import Prices
from desktop_wallet.services.reading import Balances
from desktop_wallet.services.refresher import Refresher
from desktop_wallet.services.sending import Sending
from desktop_wallet.services.session_parts import SessionParts
from desktop_wallet.services.settings import SettingsKeeper
from desktop_wallet.services.settling import Settling
from desktop_wallet.services.slicing import Slicer
from desktop_wallet.services.snapshots import History
from desktop_wallet.services.standing import Standing
from desktop_wallet.services.tasks import Tasks
from desktop_wallet.services.transfers import TransferBook

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from desktop_wallet.cache.pages import CacheTrouble
    from desktop_wallet.core.assets import Asset, AssetId
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.core.networks import Network, NetworkId
    from desktop_wallet.core.prices import CoinId
    from desktop_wallet.net.client import HttpClient
    from desktop_wallet.services.price_sources import PriceSource
    from desktop_wallet.services.profiles import ProfileSummary
    from desktop_wallet.vault.strongbox import SpendProblem
    from desktop_wallet.vault.vault import Vault

_log = logging.getLogger(__name__)

REGISTRY_FILE = "registry.db"
ALL_CACHES_BYTES = 100_000_000
"""What the caches of all profiles may take together (requirement C4)."""
_TEND_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a session needs from outside. `requests_per_min` is each server's token bucket."""

    clock: Clock
    sleep: Callable[[float], Awaitable[None]]
    client: HttpClient
    networks: Sequence[Network]
    tokens: Mapping[NetworkId, tuple[Asset, ...]]
    always_chosen: bool
    folder: Path
    cache_folder: Path
    prices: PriceSource
    coins: Mapping[AssetId, CoinId]
    requests_per_min: int = 100
    cache_share_bytes: int = ALL_CACHES_BYTES
    """What this profile may take of the room that all profiles' caches share."""
    first_picture: bool = False
    """Whether somebody waits for a picture of it, and calls `Session.go_on` once it is about to be painted."""


class Session:
    """The services of one unlocked profile. Build it with `open_session`."""

    def __init__(
        self,
        profile: ProfileSummary,
        vault: Vault,
        registry: Registry,
        feed: ChangeFeed,
        spend_problem: SpendProblem | None,
        outside: Surroundings,
    ) -> None:
        """Hold what `open_session` has opened."""
        self.folder = outside.folder
        """Where the profile's vault and registry lie."""
        self.cache_folder = outside.cache_folder
        self._cache_share_bytes = outside.cache_share_bytes
        self.profile = profile
        self.spend_problem = spend_problem
        self.cache_trouble: CacheTrouble | None = None
        self._vault = vault
        self._registry = registry
        self._feed = feed
        self.accounts: Accounts
        self.catalogue: Catalogue
        self.settings: SettingsKeeper
        self.metrics: Metrics
        self.alerts: Alerts
        self.diagnostics: Diagnostics
        self.events = Events(outside.clock)
        self.balances: Balances
        self.opinions: Opinions
        self.preload: Preload
        self.standing: Standing
        self.refresher: Refresher
        self.transfers: TransferBook
        self.incoming: Incoming
        self.found_tokens: FoundTokens
        self.discovery: Discovery
        self.history: History
        self.prices: Prices
        self.settling: Settling
        self.sending: Sending
        self.pages: PageCache
        self._tasks = Tasks()
        self._sleep = outside.sleep
        self._closed = False
        self._preload_held = False
        self._first_picture = FirstPicture()
        self._preload_wanted: bool | None = None
        """None while none runs; True when one more is to follow the one that runs."""

    def subscribe(self, listener: Callable[[ChangeSet], None]) -> Callable[[], None]:
        """Be told what changes, at most once a turn of the loop; return what ends that."""
        return self._feed.subscribe(listener)

    async def retry_keyring(self) -> SpendProblem | None:
        """Try the keyring again; return what is still wrong with it."""
        self.spend_problem = await self.accounts.retry_keyring()
        return self.spend_problem

    async def check_password(self, password: str) -> None:
        """Raise WrongPassword unless this is the profile's password."""
        await self._vault.check_password(password)

    async def ask_password_to_send(self) -> None:
        """Forget the spend key now and after every unlock: each signature takes the password. StorageFailure."""
        try:
            await self.settings.change(ask_password_to_send=True)
        finally:
            await self._forget_if_asking()

    async def stop_asking_to_send(self, password: str) -> None:
        """Hold the spend key from unlock to lock again. WrongPassword, KeyringFailure, StorageFailure."""
        try:
            await self._vault.keep_spend_key(password)
            await self.settings.change(ask_password_to_send=False)
        finally:
            await self._forget_if_asking()

    async def _forget_if_asking(self) -> None:
        # The vault does what the setting says, though the caller was cancelled between the two, or the disk is full.
        if self.settings.now.ask_password_to_send and not self._closed:
            with suppress(VaultLocked):
                await self._vault.forget_spend_key()

    def lend_spend_key(self, password: str) -> AbstractAsyncContextManager[None]:
        """Hold the spend key for a block that adds accounts or opens secrets. WrongPassword, KeyringFailure."""
        return self._vault.spending(password)

    def begin_preload(self) -> None:
        """Paint what the disk keeps, then read what is not within its TTL, behind the open window.

        Asked again while one runs, another follows: accounts, networks or tokens may have come since.
        """
        if self._closed:
            return
        if self._preload_wanted is None:
            self._tasks.begin(self._preload(), "preload")
        self._preload_wanted = True

    async def _preload(self) -> None:
        try:
            await self._first_picture.passed()
            while self._preload_wanted is not False:
                self._preload_wanted = False
                if self.settings.now.preload and self.catalogue.chosen:
                    if (await self.preload.run()).cancelled:
                        break
                    if self.catalogue.networks():
                        await self.accounts.find_contracts()
                else:
                    await self.balances.load_pages(self.balances.keys())
        finally:
            self._preload_wanted = None

    @contextmanager
    def preload_afterwards(self) -> Iterator[None]:
        """Let no preload begin while many accounts come in; one begins at the end."""
        self._preload_held = True
        try:
            yield
        finally:
            self._preload_held = False
            self.begin_preload()

    def _on_change(self, changes: ChangeSet) -> None:
        if changes.catalogue and not self._closed:
            self.settling.begin()  # a network that was switched on again may have payments under way
        if (changes.accounts or changes.catalogue) and not self._preload_held:
            self.begin_preload()

    async def _tidy(self) -> None:
        # What a crash or a stranger did to the keyring's entries; no balance waits for it.
        try:
            tidied = await self._vault.tidy(keep=not self.settings.now.ask_password_to_send)
        except VaultLocked:
            return
        if tidied.problem is not None:
            _log.warning("the keyring's entries could not be tidied: %s", type(tidied.problem).__name__)

    async def _tend(self) -> None:
        while True:
            await self._sleep(_TEND_EVERY_S)
            await self.balances.tend()
            await self.history.tend()
            self.alerts.check()
            await self._keep_counters()

    async def _keep_counters(self) -> None:
        try:
            await self.metrics.save()
        except StorageFailure as error:  # a full disk, say: counters are not worth more than a line in the log
            _log.warning("the counters were not saved: %s", type(error).__name__)

    def go_on(self) -> None:
        """Read the rest of the disk once the first picture had its turns of the loop."""
        self._tasks.begin(self._first_picture.go_on(), "first picture")

    def _on_cache_trouble(self, found: CacheTrouble) -> None:
        self.cache_trouble = found
        self._feed.publish(ChangeSet(alerts=True))

    def _on_cache_healed(self) -> None:
        self.forget_cache_trouble()
        if not self._closed:
            self.balances.look_again()  # what the disk could not give before
            self.begin_preload()

    def forget_cache_trouble(self) -> None:
        """Say no more of what was wrong with the cache's folder: it is mended, or has been read."""
        self.cache_trouble = None
        self._feed.publish(ChangeSet(alerts=True))

    @property
    def cache_limit_bytes(self) -> int:
        """Return what this profile's cache may take on the disk."""
        return min(self.settings.now.cache_limit_bytes, self._cache_share_bytes)

    async def apply_cache_settings(self) -> None:
        """Bring the cache into the mode and size that the settings name."""
        now = self.settings.now
        await self.pages.set_mode(now.cache_mode)
        await self.pages.set_limit(self.cache_limit_bytes)

    async def _begin(self, *, first_picture: bool) -> None:
        """Begin what runs behind the callers' backs."""
        if first_picture:
            await self._first_picture.look(self.balances, self.accounts)
        self.begin_preload()
        self.settling.begin()
        self.refresher.begin()
        self._tasks.begin(self._tend(), "tend")
        if self.spend_problem is None or self.settings.now.ask_password_to_send:
            self._tasks.begin(self._tidy(), "tidy")
        self._feed.subscribe(self._on_change)

    async def _give_up(self, *, pages_made: bool) -> None:
        """Close what was opened of a session that cannot be."""
        self.events.close_and_forget()
        await self._tasks.stop()
        if pages_made:
            await self.pages.close()
        await self._registry.close()

    async def close(self) -> None:
        """Stop every read, keep what must be kept, forget every key: each of it, whatever the others raise."""
        self._closed = True
        async with AsyncExitStack() as steps:  # the last one first
            steps.callback(self.events.close_and_forget)
            steps.push_async_callback(self._vault.close)
            steps.push_async_callback(self._registry.close)
            steps.push_async_callback(self.pages.close)
            steps.push_async_callback(self._keep_counters)
            steps.push_async_callback(self.prices.stop)
            steps.push_async_callback(self.incoming.stop)
            steps.push_async_callback(self.discovery.stop)
            steps.callback(self.opinions.forget)
            steps.push_async_callback(self.balances.stop)
            steps.push_async_callback(self.standing.stop)
            steps.push_async_callback(self.transfers.stop)
            steps.push_async_callback(self.settling.stop)
            steps.push_async_callback(self.sending.stop)
            steps.push_async_callback(self.preload.stop)
            steps.push_async_callback(self._tasks.stop)
            steps.push_async_callback(self.refresher.stop)


async def open_session(
    profile: ProfileSummary,
    vault: Vault,
    outside: Surroundings,
    spend_problem: SpendProblem | None,
) -> Session:
    """Return the session of an unlocked vault; raises RegistryDamaged, RegistryTooNew, ProfileInUse, StorageFailure.

    The order: registry, settings, catalogue, adapters, accounts, cache, then what reads. Nothing is asked of a server.
    """
    make_private(outside.folder)
    feed = ChangeFeed()
    # The lock file stays where a registry once was: then a registry that is gone is a loss, and not a new beginning.
    was_there = (outside.folder / LOCK_NAME).exists()
    registry = await Registry.open(
        outside.folder / REGISTRY_FILE, vault.view_subkey("registry"), outside.clock, must_exist=was_there
    )
    session = Session(profile, vault, registry, feed, spend_problem, outside)
    session.events.open()
    opening: list[asyncio.Task[None]] = []
    try:
        session.settings = await SettingsKeeper.open(registry)
        counts = CacheMetrics()
        session.pages = pages = _made_pages(session, vault, outside, counts)
        opening.append(session._tasks.start(pages.open(), "open"))  # noqa: SLF001 - part of building the session
        session.catalogue = Catalogue(
            outside.networks, outside.tokens, registry, feed, always_chosen=outside.always_chosen
        )
        await session.catalogue.load()
        adapters = Adapters(
            outside.client,
            outside.clock,
            outside.sleep,
            session.catalogue.network,
            lambda asset: session.catalogue.asset(asset).decimals,
            outside.requests_per_min,
        )
        session.catalogue.connect(adapters)
        session.prices = Prices(
            registry, session.settings, session.catalogue, feed, outside.clock, outside.prices, outside.coins
        )
        await session.prices.load()
        session.accounts = Accounts(
            registry,
            vault,
            feed,
            outside.clock,
            used=ask_networks(session.catalogue, adapters, lambda adapter, some: adapter.used_addresses(some)),
            contracts=ask_networks(
                session.catalogue, adapters, lambda adapter, some: adapter.contracts(some), all_must_answer=True
            ),
        )
        await session.accounts.load()
        memory = MemoryTier()
        session.metrics = Metrics(registry, pages, memory, counts, outside.clock)
        slicer = Slicer()
        session.transfers = TransferBook(registry, feed, session.catalogue.decimals)
        session.incoming = Incoming(registry, session.transfers, feed)
        book = Book(session.accounts, session.catalogue)
        loads = (session.metrics.load(), session.transfers.load(slicer), session.incoming.load())
        opening += [session._tasks.start(load, "open") for load in loads]  # noqa: SLF001 - part of building it
        await asyncio.sleep(0)  # they are under way now, on threads of their own
        book.keys()  # made meanwhile
        await asyncio.gather(*opening)
        parts = SessionParts(
            outside.clock,
            outside.sleep,
            registry,
            pages,
            memory,
            session.metrics,
            book,
            adapters,
            feed,
            slicer,
            session.settings.policy,
            session.transfers,
            session.incoming,
        )
        session.balances = balances = Balances(parts)
        session.alerts = Alerts(
            session.metrics, feed, outside.clock, still_fails=lambda key: balances.state(key).failure is not None
        )
        await _open_discovery(session, parts, outside)
        session.opinions = Opinions(parts, session.balances)
        session.diagnostics = Diagnostics(parts, session)
        session.preload = Preload(parts, session.balances)
        session.transfers.on_invalidated = session.balances.follow
        session.settling = Settling(parts, session.balances)
        session.standing = Standing(parts, session.balances, lambda _: session.settling.look_now())
        session.refresher = Refresher(
            parts, session.balances, session.standing, lambda: session.settings.now.keep_fresh
        )
        session.sending = Sending(
            parts,
            session.balances,
            session.accounts,
            session.catalogue,
            session.settling,
            vault,
            session.settings,
        )
        await session._begin(first_picture=outside.first_picture)  # noqa: SLF001 - part of building the session
    except BaseException:
        await session._give_up(pages_made=bool(opening))  # noqa: SLF001 - part of building the session
        raise
    return session


async def _open_discovery(session: Session, parts: SessionParts, outside: Surroundings) -> None:
    session.history = History(parts.registry, outside.clock)
    session.found_tokens = FoundTokens(parts, session.catalogue, outside.tokens)
    await session.found_tokens.load()
    session.discovery = Discovery(parts, session.accounts, session.settings, session.found_tokens)
    session.discovery.begin()


def _made_pages(session: Session, vault: Vault, outside: Surroundings, metrics: CacheMetrics) -> PageCache:
    now = session.settings.now
    return PageCache(
        outside.cache_folder,
        profile=session.profile.id,
        page_key=vault.view_subkey("pages"),
        names_key=vault.view_subkey("names"),
        clock=outside.clock,
        mode=now.cache_mode,
        limit_bytes=min(now.cache_limit_bytes, outside.cache_share_bytes),
        all_bytes=ALL_CACHES_BYTES,
        metrics=metrics,
        on_trouble=session._on_cache_trouble,  # noqa: SLF001 - part of building the session
        on_healed=session._on_cache_healed,  # noqa: SLF001 - part of building the session
    )
