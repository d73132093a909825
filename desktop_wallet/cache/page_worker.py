"""What happens on the cache's thread: sealing and opening pages, and getting over a folder that fails."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from desktop_wallet.cache.page_format import Page, UnknownFormat
from desktop_wallet.cache.troubles import CacheTrouble, CacheTroubleKind, StoreFailure
from desktop_wallet.sealing import SealBroken, open_sealed, seal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from desktop_wallet.cache.store import PageStore

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Outcome(Generic[T]):
    """What a job returned, what it counted (by the names of the metrics), and what went wrong."""

    result: T
    counts: Counter[str] = field(default_factory=Counter)
    troubles: list[CacheTrouble] = field(default_factory=list)


class PageWorker:
    """Sealed pages and their store. Every method runs on one thread; `attempt` is the door and never raises."""

    def __init__(self, folder: Path, page_key: bytes, limit_bytes: int) -> None:
        self._folder = folder
        self._page_key = page_key
        self._limit_bytes = limit_bytes
        self._opened_store: PageStore | None = None
        self._suspended = False
        self._refused_told = 0
        self._counts: Counter[str] = Counter()

    @property
    def suspended(self) -> bool:
        """Return whether the disk failed and waits for `resume`."""
        return self._suspended

    @property
    def _store(self) -> PageStore:
        if self._opened_store is None:
            # Imported here, on the worker: diskcache costs 13 ms that no start needs.
            from desktop_wallet.cache.store import PageStore  # noqa: PLC0415

            self._opened_store = PageStore(self._folder, self._limit_bytes)
        return self._opened_store

    def attempt(self, work: Callable[[], T], default: T, *, opened: bool = True) -> Outcome[T]:
        """Return what `work` made of the store, `default` where it cannot be used.

        A damaged or missing database is replaced and the work done again; any other failure suspends the store.
        `opened` is False for work that needs no open store.
        """
        outcome = Outcome(default)
        self._counts = outcome.counts
        for last in (False, True):
            if self._suspended and opened:
                break
            try:
                if opened and not self._store.is_open:
                    self._counts["evictions"] += self._store.open()
                outcome.result = work()
                break
            except StoreFailure as failure:
                outcome.counts["errors"] += 1
                rebuilt = not last and opened and self._recover(failure)
                outcome.troubles.append(CacheTrouble(failure.kind, rebuilt, failure.detail))
                self._suspended = not rebuilt
                if not rebuilt:
                    break
        refused = self._store.refused
        outcome.counts["rows_refused"] += refused - self._refused_told
        self._refused_told = refused
        return outcome

    def ready(self) -> None:
        """Do nothing: `attempt` has opened the store."""

    def resume(self) -> list[CacheTrouble]:
        """Try a suspended store again, and start anew where somebody removed the database under us.

        (Writes to a removed file succeed, and are lost.)
        """
        self._suspended = False
        if not self._store.is_open or self._store.is_in_place():
            return []
        self._store.close()
        return [CacheTrouble(CacheTroubleKind.MISSING, rebuilt=True)]

    def remove(self) -> None:
        """Remove the folder; a store that failed may be tried again."""
        self._suspended = False
        self._store.remove()

    def close(self) -> None:
        """Close the store and forget the key."""
        if self._opened_store is not None:
            self._opened_store.close()
        self._page_key = b""

    def set_limit(self, limit_bytes: int, all_bytes: int | None) -> None:
        """Keep to another limit; where the other profiles' caches leave no room for it, the oldest of them go."""
        self._limit_bytes = limit_bytes
        self.make_room(all_bytes)
        self._counts["evictions"] += self._store.limit(limit_bytes)

    def make_room(self, all_bytes: int | None) -> None:
        """Remove other profiles' caches until all of them and ours, grown to its limit, fit into `all_bytes`."""
        from desktop_wallet.cache.neighbours import make_room  # noqa: PLC0415 - as above

        if all_bytes is not None and make_room(self._folder, self._limit_bytes, all_bytes):
            _log.info("other profiles' caches made room for this one")

    def size(self) -> tuple[int, int]:
        """Return how many pages there are and how many bytes the files take."""
        return self._store.size()

    def load(self, names: Iterable[str], oldest_wall_s: float) -> dict[str, Page]:
        """Return the pages that are there, without readings older than that; pages that do not open are dropped."""
        pages = {}
        broken = []
        for name, sealed in self._store.get(names).items():
            page = self._unsealed(name, sealed)
            if page is None:
                broken.append(name)
                continue
            page.expire(oldest_wall_s)
            pages[name] = page
        if broken:
            self._store.delete(broken)
        return pages

    def change(self, blank: Mapping[str, Page], edit: Callable[[str, Page], object]) -> None:
        """Edit pages in one transaction, from a blank one where there is none; those left empty are removed."""

        def changed(name: str, sealed: bytes | None) -> bytes | None:
            page = None if sealed is None else self._unsealed(name, sealed)
            if page is None:
                page = blank[name]
            edit(name, page)
            return self._sealed(name, page)

        self._counts["evictions"] += self._store.exchange(list(blank), changed)

    def change_next(self, after: int, edit: Callable[[Page], int], count_as: str | None) -> int | None:
        """Edit the pages that follow a place; `edit` returns how many readings it dropped. None at the end."""
        place, rows = self._store.walk(after)
        touched = []
        for name, sealed in rows:
            page = self._unsealed(name, sealed)
            if page is None or edit(page):
                touched.append(name)

        def changed(name: str, sealed: bytes | None) -> bytes | None:
            page = None if sealed is None else self._opened(name, sealed)
            if page is None:
                return None
            dropped = edit(page)
            if count_as is not None:
                self._counts[count_as] += dropped
            return self._sealed(name, page)

        if touched:
            self._store.exchange(touched, changed)
        return place if rows else None

    def _recover(self, failure: StoreFailure) -> bool:
        """Give up the database that failed; return whether a new one may take its place."""
        self._store.close()
        if failure.kind is CacheTroubleKind.MISSING:
            return True
        if failure.kind is not CacheTroubleKind.DAMAGED:
            return False
        try:
            self._store.set_aside()
        except StoreFailure:
            return False
        return True

    def _opened(self, name: str, sealed: bytes) -> Page | None:
        try:
            return Page.parse(open_sealed(self._page_key, sealed, name.encode()))
        except (SealBroken, UnknownFormat):
            return None

    def _unsealed(self, name: str, sealed: bytes) -> Page | None:
        """Return the page; None, counted and logged, if it was not sealed by us, for this name, in this format."""
        page = self._opened(name, sealed)
        if page is None:
            self._counts["seal_failures"] += 1
            _log.warning("a page of the cache does not open and is dropped")
        return page

    def _sealed(self, name: str, page: Page) -> bytes | None:
        return seal(self._page_key, page.encode(), name.encode()) if len(page) else None
