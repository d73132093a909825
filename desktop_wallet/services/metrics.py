"""What the wallet counts about itself: kept across restarts, never about a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_wallet.cache.memory import MemoryTier
    from desktop_wallet.cache.metrics import CacheMetrics
    from desktop_wallet.cache.pages import PageCache
    from desktop_wallet.core.balances import Reading
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.registry.registry import Registry

_SMOOTHING = 0.2
_OWN = frozenset({"calls", "calls_saved", "preloads"})
"""Counters kept here; all others are the cache's."""


@dataclass(frozen=True, slots=True)
class MetricsSnapshot:
    """The counters at one point in time.

    `hits` are balances that memory or disk answered, `misses` those that a server was asked for, `stale_answers`
    those where only an outdated number could be shown. `calls_saved`: balances that were answered without a request
    of their own, from the cache or in a batch. Latencies in milliseconds, smoothed.
    """

    hits_memory: int = 0
    hits_disk: int = 0
    misses: int = 0
    stale_answers: int = 0
    calls: int = 0
    calls_saved: int = 0
    preloads: int = 0
    invalidations: int = 0
    seal_failures: int = 0
    rows_refused: int = 0
    evictions: int = 0
    pages: int = 0
    bytes_on_disk: int = 0
    memory_entries: int = 0
    latency_ms: Mapping[NetworkId, float] = field(default_factory=dict)

    @property
    def hits(self) -> int:
        """Return the hits of both tiers."""
        return self.hits_memory + self.hits_disk

    @property
    def hit_rate(self) -> float | None:
        """Return hits among all reads, 0 to 1; None before the first read."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else None


class Metrics:
    """The counters of a session."""

    def __init__(self, registry: Registry, pages: PageCache, memory: MemoryTier, cache: CacheMetrics) -> None:
        """Begin with what `load` brings; `cache` is shared with the pages, which count in it too."""
        self._cache = cache
        self._registry = registry
        self._pages = pages
        self._memory = memory
        self._counts: Counter[str] = Counter()
        self._latency_ms: dict[NetworkId, float] = {}

    async def load(self) -> None:
        """Take over the counters of earlier runs."""
        saved = await self._registry.load_counters()
        self._cache.restore({name: count for name, count in saved.items() if name not in _OWN})
        self._counts.update({name: count for name, count in saved.items() if name in _OWN})

    async def save(self) -> None:
        """Keep the counters for later runs."""
        await self._registry.save_counters({**self._cache.to_save(), **self._counts})

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

    def preload(self) -> None:
        """Count one preload."""
        self._counts["preloads"] += 1

    def latency(self, network: NetworkId, reading: Reading) -> None:
        """Take how long a reading took into the network's figure."""
        took_ms = max(reading.started.age_s(reading.ended), 0.0) * 1000
        before = self._latency_ms.get(network, took_ms)
        self._latency_ms[network] = before + _SMOOTHING * (took_ms - before)

    async def snapshot(self) -> MetricsSnapshot:
        """Return every figure as it is now."""
        await self._pages.stats()
        cache = self._cache.snapshot()
        counts = self._counts
        return MetricsSnapshot(
            hits_memory=cache.hits_memory,
            hits_disk=cache.hits_disk,
            misses=cache.misses,
            stale_answers=cache.stale,
            calls=counts["calls"],
            calls_saved=counts["calls_saved"],
            preloads=counts["preloads"],
            invalidations=cache.invalidations,
            seal_failures=cache.seal_failures,
            rows_refused=cache.rows_refused,
            evictions=cache.evictions,
            pages=cache.pages,
            bytes_on_disk=cache.bytes_on_disk,
            memory_entries=len(self._memory),
            latency_ms=dict(self._latency_ms),
        )

    def hit_rate(self) -> float | None:
        """Return hits among all reads, 0 to 1; None before the first read. Cheap: the status bar shows it."""
        return self._cache.snapshot().hit_rate

    @property
    def calls_saved(self) -> int:
        """Return how many balances were answered without a request of their own."""
        return self._counts["calls_saved"]
