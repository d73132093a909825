"""The parts that a session's services share; `compose` builds them in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from desktop_wallet.cache.memory import MemoryTier
    from desktop_wallet.cache.pages import PageCache
    from desktop_wallet.core.freshness import Policy
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.registry.registry import Registry
    from desktop_wallet.services.adapters import Adapters
    from desktop_wallet.services.book import Book
    from desktop_wallet.services.feed import ChangeFeed
    from desktop_wallet.services.incoming import Incoming
    from desktop_wallet.services.metrics import Metrics
    from desktop_wallet.services.slicing import Slicer
    from desktop_wallet.services.transfers import TransferBook


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What reading and preloading need. `policy` returns the TTLs in force at that moment."""

    clock: Clock
    sleep: Callable[[float], Awaitable[None]]
    registry: Registry
    pages: PageCache
    memory: MemoryTier
    counters: Metrics
    book: Book
    adapters: Adapters
    feed: ChangeFeed
    slicer: Slicer
    policy: Callable[[], Policy]
    transfers: TransferBook
    incoming: Incoming
