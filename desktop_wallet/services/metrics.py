"""What the wallet counts about itself (requirement M1): kept across restarts, never about a person."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from desktop_wallet.cache.metrics import CacheMetrics
from desktop_wallet.services.latencies import Latencies, Latency
from desktop_wallet.services.lookups import AssetLookups, Lookups
from desktop_wallet.services.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from desktop_wallet.cache.memory import MemoryTier
    from desktop_wallet.cache.metrics import CacheCounts
    from desktop_wallet.cache.pages import PageCache
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.balances import BalanceKey, ReadFailure, Reading
    from desktop_wallet.core.instants import Clock, Instant
    from desktop_wallet.core.invalidation import Scope
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.registry.registry import Registry
    from desktop_wallet.services.reports import Report

__all__ = ["Latency", "Lookups", "Metrics", "MetricsSnapshot"]

_OWN = frozenset({"calls", "calls_saved", "preloads", "preload_balances", "preload_failures"})
"""Counters kept here; all others are the cache's, or carry a prefix."""
_SINCE = "since"
_LATENCY_SETTING = "latency"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MetricsSnapshot:
    """The counters at one point in time.

    `since_s`: Unix seconds when counting began, None if an earlier version of the program did not note it. `hits`
    are balances that memory or disk answered, `misses` those that a server was asked for, `stale_answers` those where
    only an outdated number could be shown. `calls_saved`: balances that were answered without a request of their own,
    from the cache or in a batch. `preload_balances` were to be read by preloads, `preload_failures` of them could not.
    `memory_bytes` is an estimate: entries times what one takes as measured (cache/memory.py).
    """

    since_s: float | None = None
    hits_memory: int = 0
    hits_disk: int = 0
    misses: int = 0
    stale_answers: int = 0
    calls: int = 0
    calls_saved: int = 0
    preloads: int = 0
    preload_balances: int = 0
    preload_failures: int = 0
    invalidations: int = 0
    seal_failures: int = 0
    rows_refused: int = 0
    evictions: int = 0
    pages: int = 0
    bytes_on_disk: int = 0
    memory_entries: int = 0
    memory_bytes: int = 0
    latency: Mapping[NetworkId, Latency] = field(default_factory=dict)
    by_asset: Mapping[AssetId, Lookups] = field(default_factory=dict)

    @property
    def hits(self) -> int:
        """Return the hits of both tiers."""
        return self.hits_memory + self.hits_disk

    @property
    def hit_rate(self) -> float | None:
        """Return hits among all reads, 0 to 1; None before the first read."""
        return Lookups(self.hits, self.misses).hit_rate

    @property
    def saved_share(self) -> float | None:
        """Return how many of the answered balances needed no request of their own, 0 to 1; None before the first."""
        answered = self.calls + self.calls_saved
        return self.calls_saved / answered if answered else None


class Metrics:
    """The counters of a session."""

    def __init__(
        self, registry: Registry, pages: PageCache, memory: MemoryTier, cache: CacheMetrics, clock: Clock
    ) -> None:
        """Begin with what `load` brings; `cache` is shared with the pages, which count in it too."""
        self._cache = cache
        self._registry = registry
        self._pages = pages
        self._memory = memory
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._since_s: float | None = clock.now().wall_s
        self._latencies = Latencies()
        self._assets = AssetLookups()
        self._saved: set[str] = set()
        self._unlogged = Lookups()
        self._recent = Recent(clock)
        self.on_worth_a_look: Callable[[], None] = _nothing
        """Is called when an alert may be due at once: after a preload, and as invalidations come."""

    async def load(self) -> None:
        """Take over the counters of earlier runs."""
        saved = await self._registry.load_counters()
        self._saved = set(saved)
        self._cache.restore({name: count for name, count in saved.items() if name not in _OWN})
        self._counts.update({name: count for name, count in saved.items() if name in _OWN})
        if any(saved.values()):
            self._since_s = saved.get(_SINCE)
        self._assets.restore(saved)
        settings = await self._registry.load_settings()
        self._latencies.restore(settings.get(_LATENCY_SETTING, ""))

    async def save(self) -> None:
        """Keep the counters for later runs, and log how many balances were looked up since the last time."""
        self._sort()
        lookups, self._unlogged = self._unlogged, Lookups()
        if any(lookups):
            _log.info("looked up", extra={"fields": lookups._asdict()})
        counters = {**self._cache.to_save(), **self._counts, **self._assets.to_save()}
        if self._since_s is not None:
            counters[_SINCE] = int(self._since_s)
        gone = self._saved - counters.keys()
        await self._registry.save_counters({**dict.fromkeys(gone, 0), **counters})
        self._saved |= counters.keys()
        if self._latencies.changed:
            await self._registry.save_settings({_LATENCY_SETTING: self._latencies.to_save()})
            self._latencies.changed = False

    async def reset(self) -> None:
        """Begin to count anew, for later runs too; StorageFailure."""
        self._cache.reset()
        self._counts.clear()
        self._assets.clear()
        self._latencies.clear()
        self._recent.clear()
        self._since_s = self._clock.now().wall_s
        self.on_worth_a_look()
        await self.save()

    @property
    def recent(self) -> Recent:
        """Return what happened within the last hour of this run."""
        self._sort()
        return self._recent

    def answered(self, keys: Sequence[BalanceKey]) -> None:
        """Count one read that memory answered alone: the shortest way, for it is the one that most reads take."""
        balances = len(keys)
        self._cache.count("hits_memory", balances)
        self._counts["calls_saved"] += balances
        self.looked_up(keys, ())

    def looked_up(self, keys: Sequence[BalanceKey], missing: Sequence[BalanceKey]) -> None:
        """Note one read and what a server is asked for of it: for what is counted by asset and by the hour."""
        if keys and self._assets.note(keys, missing):
            self._sort()
        if keys and not missing and _log.isEnabledFor(logging.DEBUG):
            _log.debug("read", extra={"fields": {"hits": len(keys), "misses": 0}})

    def waited(self, asked: int, missing: Sequence[BalanceKey], began: Instant) -> None:
        """Log a read that memory could not answer alone, and how long it took since it saw that."""
        networks = ",".join(sorted({str(key.network) for key in missing}))
        fields = {"hits": asked - len(missing), "misses": len(missing), "networks": networks or "none"}
        _log.info("read", extra={"fields": {**fields, "took_ms": self._took_ms(began)}})

    def recorded(self, scopes: Sequence[Scope], cause: str, began: Instant) -> None:
        """Log an invalidation that the registry has, and how long it took to have it."""
        networks = ",".join(sorted({str(scope.network or "all") for scope in scopes}))
        fields = {"cause": cause, "scopes": len(scopes), "networks": networks, "took_ms": self._took_ms(began)}
        _log.info("invalidated", extra={"fields": fields})

    def hit(self, balances: int, *, disk: bool) -> None:
        """Count balances that a tier answered."""
        self._cache.count("hits_disk" if disk else "hits_memory", balances)
        self._counts["calls_saved"] += balances

    def miss(self, balances: int) -> None:
        """Count balances that a server must be asked for."""
        self._cache.count("misses", balances)

    def stale_answer(self, balances: int) -> None:
        """Count balances for which only an outdated number could be shown."""
        self._cache.count("stale", balances)

    def call(self, balances: int) -> None:
        """Count one call that answered that many balances."""
        self._counts["calls"] += 1
        self._counts["calls_saved"] += max(balances - 1, 0)

    def invalidation(self) -> None:
        """Count one invalidation."""
        self._cache.count("invalidations")
        self._recent.invalidated()
        self.on_worth_a_look()

    def preload(self, report: Report) -> None:
        """Count one preload that had something to read, by what it did; one that was called off is not judged."""
        self._counts["preloads"] += 1
        self._counts["preload_balances"] += report.asked
        self._counts["preload_failures"] += len(report.failed)
        self._recent.preloaded(report)
        fields = {"balances": report.asked, "failed": len(report.failed), "networks": report.networks}
        _log.info("preloaded", extra={"fields": {**fields, "took_ms": round(report.took_s * 1000)}})
        self.on_worth_a_look()

    @staticmethod
    def refreshed(report: Report) -> Report:
        """Log what a refresh did that somebody asked for, and return it."""
        fields = {"balances": report.asked, "changed": report.changed, "failed": len(report.failed)}
        _log.info("refreshed", extra={"fields": {**fields, "took_ms": round(report.took_s * 1000)}})
        return report

    def refused(self, network: NetworkId, failures: Sequence[ReadFailure]) -> None:
        """Log what could not be read of a network: by server and reason, with how many balances that are."""
        for (host, reason), balances in Counter((each.host, each.reason) for each in failures).items():
            fields = {"network": network, "host": host or "none", "reason": reason.value, "balances": balances}
            _log.warning("not read", extra={"fields": fields})

    def latency(self, network: NetworkId, reading: Reading) -> None:
        """Take how long a read took into the network's figures; a batch that lands in parts counts once."""
        self._latencies.note(network, reading)

    async def snapshot(self) -> MetricsSnapshot:
        """Return every figure as it is now."""
        await self._pages.stats()
        self._sort()
        found = _snapshot(self._since_s, self._cache.snapshot(), self._counts, self._latencies, self._assets)
        return replace(found, memory_entries=len(self._memory), memory_bytes=self._memory.approximate_bytes)

    def _took_ms(self, began: Instant) -> int:
        return round(began.age_s(self._clock.now()) * 1000)

    def _sort(self) -> None:
        reads, lookups = self._assets.sort()
        self._recent.looked_up(reads, lookups)
        self._unlogged = Lookups(self._unlogged.hits + lookups.hits, self._unlogged.misses + lookups.misses)

    def hit_rate(self) -> float | None:
        """Return hits among all reads, 0 to 1; None before the first read. Cheap: the status bar shows it."""
        return self._cache.snapshot().hit_rate

    @property
    def calls_saved(self) -> int:
        """Return how many balances were answered without a request of their own."""
        return self._counts["calls_saved"]


def kept_snapshot(counters: Mapping[str, int], settings: Mapping[str, str]) -> MetricsSnapshot:
    """Return what a registry keeps of earlier runs, from its counters and settings; sizes are not among that."""
    cache, latencies, assets = CacheMetrics(), Latencies(), AssetLookups()
    cache.restore({name: count for name, count in counters.items() if name not in _OWN})
    latencies.restore(settings.get(_LATENCY_SETTING, ""))
    assets.restore(counters)
    return _snapshot(counters.get(_SINCE), cache.snapshot(), counters, latencies, assets)


def _snapshot(
    since_s: float | None, cache: CacheCounts, own: Mapping[str, int], latencies: Latencies, assets: AssetLookups
) -> MetricsSnapshot:
    return MetricsSnapshot(
        since_s=since_s,
        hits_memory=cache.hits_memory,
        hits_disk=cache.hits_disk,
        misses=cache.misses,
        stale_answers=cache.stale,
        invalidations=cache.invalidations,
        seal_failures=cache.seal_failures,
        rows_refused=cache.rows_refused,
        evictions=cache.evictions,
        pages=cache.pages,
        bytes_on_disk=cache.bytes_on_disk,
        latency=latencies.snapshot(),
        by_asset=assets.snapshot(),
        **{name: own.get(name, 0) for name in _OWN},
    )


def _nothing() -> None:
    """Nobody watches."""
