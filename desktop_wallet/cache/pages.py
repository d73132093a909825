"""The disk tier: one sealed page for each (network, address), behind one worker thread, and never in the way.

Whatever happens to the folder, callers get what is there or nothing, and no exception: the cache may fail in any way
and the wallet goes on (requirement C8). What happened is told once, as a CacheTrouble.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from desktop_wallet.cache.metrics import CacheMetrics
from desktop_wallet.cache.page_format import AssetRef, Page, UnknownFormat
from desktop_wallet.cache.page_worker import Outcome, PageWorker
from desktop_wallet.cache.troubles import CacheTrouble, CacheTroubleKind
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.freshness import RETENTION_S
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.core.positions import Height
from desktop_wallet.sealing import keyed_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from desktop_wallet.core.accounts import ProfileId
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.balances import BalanceKey, Reading
    from desktop_wallet.core.instants import Clock, Instant

__all__ = ["CacheMode", "CacheTrouble", "CacheTroubleKind", "PageCache", "PageKey", "PageStats"]

T = TypeVar("T")
PageKey = tuple[NetworkId, Address]
"""What a page is about."""

SCHEMA: Final = 1
"""Part of every page's name: pages of another schema are never even found."""
LIMIT_BYTES: Final = 10_000_000
LIMIT_MINIMUM: Final = 2_000_000
"""Half of it is for the database's log."""
_CHUNK: Final = 64
"""Pages a job and a transaction: about 3 ms, so that a paint never waits long for the interpreter's lock."""
_READINGS_A_SLICE: Final = 100
"""Readings built between two pauses of the loop: about 0.5 ms."""
_SWEEP_EVERY_S: Final = 86_400.0
_log = logging.getLogger(__name__)


class CacheMode(enum.Enum):
    """Where balances are kept."""

    ON = "on"
    MEMORY_ONLY = "memory-only"
    """Nothing on disk; what was there is removed."""
    OFF = "off"


@dataclass(frozen=True, slots=True)
class PageStats:
    """How many pages lie on the disk, how many bytes their files take, and whether the disk is in use at all."""

    pages: int = 0
    bytes_on_disk: int = 0
    in_use: bool = False


async def _next_turn() -> None:
    await asyncio.sleep(0)


def _tell_nobody(trouble: CacheTrouble) -> None:
    """Leave it at the log."""


def _tell_nobody_either() -> None:
    """Leave that at the log, too."""


class PageCache:
    """Readings on disk, sealed. Made and used on the loop's thread; the folder is touched by its worker only."""

    def __init__(  # noqa: PLR0913 - named, each with a meaning of its own
        self,
        folder: Path,
        *,
        profile: ProfileId,
        page_key: bytes,
        names_key: bytes,
        clock: Clock,
        limit_bytes: int = LIMIT_BYTES,
        all_bytes: int | None = None,
        mode: CacheMode = CacheMode.ON,
        metrics: CacheMetrics | None = None,
        on_trouble: Callable[[CacheTrouble], None] = _tell_nobody,
        on_healed: Callable[[], None] = _tell_nobody_either,
        pause: Callable[[], Awaitable[None]] = _next_turn,
    ) -> None:
        """`folder` is the cache's alone, `all_bytes` what it and the folders beside it may take together.

        `pause` gives the loop a turn while many readings are built. `on_trouble` hears once of each kind of trouble,
        and again only after `on_healed` told that the folder is in use, or as empty as it should be.
        """
        self._profile = profile
        self._names_key = names_key
        self._clock = clock
        self._mode = mode
        self.metrics = metrics if metrics is not None else CacheMetrics()
        self._on_trouble = on_trouble
        self._on_healed = on_healed
        self._pause = pause
        self._told: set[tuple[CacheTroubleKind, bool]] = set()
        self._in_trouble = False
        self._witness: tuple[int, Instant] | None = None
        self._names: dict[PageKey, str] = {}
        self._assets: dict[NetworkId, dict[AssetRef, AssetId]] = {}
        self._swept: Instant | None = None
        self._swept_surely = False
        self._closed = False
        # Writes of many pages are many jobs; the order of calls is the order on the disk all the same.
        self._writing = asyncio.Lock()
        self._all_bytes = all_bytes
        self._worker = PageWorker(folder, page_key, max(limit_bytes, LIMIT_MINIMUM))
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cache")

    @property
    def mode(self) -> CacheMode:
        """Return where balances are kept."""
        return self._mode

    async def open(self) -> None:
        """Open or make the folder; in another mode than ON remove it."""
        if self._mode is CacheMode.ON and self._all_bytes is not None:
            await self._job(partial(self._worker.make_room, self._all_bytes), None, opened=False, proves=False)
        await self.set_mode(self._mode)

    async def set_mode(self, mode: CacheMode) -> None:
        """Use the disk, or leave nothing on it."""
        self._mode = mode
        if mode is CacheMode.ON:
            await self._job(self._worker.ready, None)
        else:
            await self.clear()

    async def set_limit(self, limit_bytes: int) -> None:
        """Keep to another limit, at least LIMIT_MINIMUM; what was used least lately goes."""
        change = partial(self._worker.set_limit, max(limit_bytes, LIMIT_MINIMUM), self._all_bytes)
        await self._job(change, None, opened=False, proves=False)

    async def get_pages(
        self, keys: Sequence[PageKey], known: Mapping[PageKey, Iterable[BalanceKey]] | None = None
    ) -> dict[PageKey, tuple[Reading, ...]]:
        """Return all readings of the pages that are there; pages without any are left out.

        `known` has balances of these pages whose objects the readings should share.
        Whether a reading still counts is the registry's to say (`Invalidations.covers`); its age is its own. Readings
        older than 30 days are not returned.
        """
        found: dict[PageKey, tuple[Reading, ...]] = {}
        built = 0
        for chunk in _chunks(list(dict.fromkeys(keys))):
            names = {self._name(key): key for key in chunk}
            for name, page in (await self._load(names)).items():
                network, address = key = names[name]
                try:
                    readings = page.readings(
                        network, address, self._assets.setdefault(network, {}), known.get(key, ()) if known else ()
                    )
                except UnknownFormat:
                    self.metrics.count("seal_failures")
                    continue
                if readings:
                    found[key] = readings
                built += len(readings)
                if built >= _READINGS_A_SLICE:
                    built = 0
                    await self._pause()
        return found

    async def put(self, readings: Iterable[Reading]) -> None:
        """Store readings in their pages, each over an earlier one of its balance; the pages' other readings stay."""
        pages: dict[PageKey, list[Reading]] = {}
        for reading in readings:
            if reading.key.asset.network != reading.key.network:
                raise ValueError("a reading's asset lies on another network")
            self._witness = _newer(self._witness, reading)
            pages.setdefault((reading.key.network, reading.key.address), []).append(reading)

        def take(key: PageKey, page: Page) -> None:
            page.put(pages[key])

        async with self._writing:
            for chunk in _chunks(list(pages)):
                if await self._change(chunk, take):
                    self.metrics.count("sets", sum(len(pages[key]) for key in chunk))

    async def forget(self, keys: Iterable[BalanceKey]) -> None:
        """Remove the readings of these balances."""
        pages: dict[PageKey, set[AssetRef]] = {}
        for key in keys:
            pages.setdefault((key.network, key.address), set()).add((key.asset.namespace, key.asset.reference))

        def drop(key: PageKey, page: Page) -> None:
            page.forget(pages[key].__contains__)

        async with self._writing:
            for chunk in _chunks(list(pages)):
                await self._change(chunk, drop)

    async def drop(self, scope: Scope) -> None:
        """Remove every reading in the scope. Unless it is everything, every page is opened for it."""
        network = None if scope.network is None else str(scope.network)
        address = None if scope.address is None else (scope.address.family.value, scope.address.text)
        asset = scope.asset

        def drop(page: Page) -> int:
            if network not in (None, page.network) or address not in (None, page.address):
                return 0
            if asset is None:
                return page.forget(lambda _: True)
            if page.network != str(asset.network):
                return 0
            return page.forget(lambda ref: ref == (asset.namespace, asset.reference))

        if scope == Scope():
            await self.clear()
        else:
            async with self._writing:
                await self._change_all(drop, None)

    async def has(self, key: BalanceKey) -> bool:
        """Return whether a reading of the balance is on the disk."""
        page_key = (key.network, key.address)
        pages = await self._load({self._name(page_key): page_key})
        return any(page.has((key.asset.namespace, key.asset.reference)) for page in pages.values())

    async def clear(self) -> None:
        """Remove everything of ours from the disk, also from a full one; in mode ON an empty folder follows."""
        async with self._writing:
            await self._job(self._worker.remove, None, opened=False, proves=self._mode is not CacheMode.ON)
            if self._mode is CacheMode.ON:
                await self._job(self._worker.ready, None)

    async def sweep(self, now: Instant) -> None:
        """Remove readings older than 30 days, and try a disk again that could not be used. Meant for once a minute.

        All pages are opened for it once a day at most; in between, what is too old is not returned. Nothing is removed
        on the word of our own clock alone, which may have been set wrong: a block that was read in this run must be as
        old as that, too.
        """
        if self._mode is not CacheMode.ON:
            if self._in_trouble:
                await self.clear()  # what should be gone may have been held fast
            return
        nothing: list[CacheTrouble] = []
        for trouble in await self._job(self._worker.resume, nothing, opened=False, proves=False):
            self._tell(trouble)
        sure_of = self._sure_of(now)
        swept_lately = self._swept is not None and 0 <= self._swept.age_s(now) < _SWEEP_EVERY_S
        if swept_lately and (self._swept_surely or sure_of is None):
            await self._job(self._worker.ready, None)
            return
        self._swept, self._swept_surely = now, sure_of is not None
        oldest_wall_s = 0.0 if sure_of is None else sure_of - RETENTION_S
        await self._change_all(lambda page: page.expire(oldest_wall_s), "expired")

    async def stats(self) -> PageStats:
        """Return what lies on the disk; the metrics' gauges follow."""
        pages, taken = await self._job(self._worker.size, (0, 0))
        self.metrics.measure("pages", pages)
        self.metrics.measure("bytes_on_disk", taken)
        return PageStats(pages, taken, not self._closed and self._mode is CacheMode.ON and not self._worker.suspended)

    async def close(self) -> None:
        """Close the folder, forget the keys, end the worker. Later calls find nothing."""
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._worker.close)
        self._thread.shutdown(wait=False)
        self._names_key = b""
        self._names.clear()
        self._assets.clear()

    def _sure_of(self, now: Instant) -> float | None:
        """Return the wall time that it is at least, by our clock and by the newest block; None without a block."""
        if self._witness is None:
            return None
        block_time_s, seen = self._witness
        return min(now.wall_s, block_time_s + now.boot_s - seen.boot_s)

    def _name(self, key: PageKey) -> str:
        name = self._names.get(key)
        if name is None and not self._closed:
            network, address = key
            text = f"{SCHEMA}|{self._profile}|{network}|{address.text}"
            name = self._names[key] = keyed_name(self._names_key, text)
        return name or ""

    async def _load(self, names: dict[str, PageKey]) -> dict[str, Page]:
        nothing: dict[str, Page] = {}
        return await self._job(partial(self._worker.load, names, self._clock.now().wall_s - RETENTION_S), nothing)

    async def _change(self, keys: Sequence[PageKey], edit: Callable[[PageKey, Page], object]) -> bool:
        """Edit a few pages; return whether that is on the disk now."""
        names = {self._name(key): key for key in keys}
        blank = {
            name: Page(str(network), address.family.value, address.text) for name, (network, address) in names.items()
        }

        def work() -> bool:
            self._worker.change(blank, lambda name, page: edit(names[name], page))
            return True

        return await self._job(work, default=False)

    async def _change_all(self, edit: Callable[[Page], int], count_as: str | None) -> None:
        place: int | None = 0
        while place is not None:
            place = await self._job(partial(self._worker.change_next, place, edit, count_as), None)

    async def _job(self, work: Callable[[], T], default: T, *, opened: bool = True, proves: bool = True) -> T:
        """Return what `work` returned on the worker's thread; `default` where the disk is not to be used, or failed.

        `proves` is False for work that goes well on a disk that is still in trouble.
        """
        if self._closed or (opened and self._mode is not CacheMode.ON):
            return default
        attempt: Callable[[], Outcome[T]] = partial(self._worker.attempt, work, default, opened=opened)
        outcome = await asyncio.get_running_loop().run_in_executor(self._thread, attempt)
        for name, count in outcome.counts.items():
            self.metrics.count(name, count)
        for trouble in outcome.troubles:
            self._tell(trouble)
        if proves and self._in_trouble and not outcome.troubles and not self._worker.suspended:
            self._in_trouble = False
            self._told = {(kind, rebuilt) for kind, rebuilt in self._told if rebuilt}
            _log.info("the cache's folder is in order again")
            self._on_healed()
        return outcome.result

    def _tell(self, trouble: CacheTrouble) -> None:
        _log.warning("the cache's folder: %s (%s), rebuilt: %s", trouble.kind.value, trouble.detail, trouble.rebuilt)
        self._in_trouble = self._in_trouble or not trouble.rebuilt
        if (trouble.kind, trouble.rebuilt) not in self._told:
            self._told.add((trouble.kind, trouble.rebuilt))
            self._on_trouble(trouble)


def _newer(witness: tuple[int, Instant] | None, reading: Reading) -> tuple[int, Instant] | None:
    """Return the newest block's time and when it was read."""
    position = reading.position
    if not isinstance(position, Height) or position.time_s is None:
        return witness
    if witness is not None and position.time_s <= witness[0]:
        return witness
    return position.time_s, reading.ended


def _chunks(keys: Sequence[PageKey]) -> Iterator[Sequence[PageKey]]:
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]
