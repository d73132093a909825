"""Reads balances: from memory, from disk, from the network, in this order; and refreshes them past all tiers.

    page asks -> read(keys, purpose)
                   ├─ memory, one entry a balance; disk, one sealed page a (network, address)     from_cache
                   └─ chains' read_balances, one batch a network, one flight a balance            fresh

`read` never raises for a network's fault. Views and totals see the same store, so they cannot disagree.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from desktop_wallet.cache.pages import CacheMode
from desktop_wallet.core.balances import FailureReason, ReadFailure
from desktop_wallet.core.freshness import Purpose, serving_age_s
from desktop_wallet.services.grouping import by_network, keys_by_page, places_of
from desktop_wallet.services.held_balances import HeldBalances
from desktop_wallet.services.reports import Answer, Progress, Report
from desktop_wallet.services.slicing import SLICE
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from desktop_wallet.cache.pages import PageCache
    from desktop_wallet.chains.adapter import Mined
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.balances import BalanceKey, BalanceState, Reading
    from desktop_wallet.core.invalidation import Scope
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.positions import Height
    from desktop_wallet.services.flights import Landing, Waiter
    from desktop_wallet.services.session_parts import SessionParts

_PAGES_AT_ONCE = 64
"""Pages taken from the disk before the rows they fill are painted."""
_MOST_TRIES = 3
"""Flights a reader takes at most when invalidations keep overtaking it."""


class Balances(HeldBalances):
    """Every balance of an unlocked profile."""

    def __init__(self, parts: SessionParts) -> None:
        """Build on the parts of a session; nothing is read yet."""
        super().__init__(parts)
        self._pages: PageCache = parts.pages
        self._counters = parts.counters
        self._loaded: set[tuple[NetworkId, Address]] = set()
        self._loading = asyncio.Lock()
        self._invalidated: dict[BalanceKey, None] = {}
        """What is to be read anew, once the read that is under way for such a reason has ended."""
        self._reading_widely = asyncio.Lock()
        self._tasks = Tasks()

    # What views ask for

    async def read(self, keys: Sequence[BalanceKey], purpose: Purpose = Purpose.DISPLAY) -> dict[BalanceKey, Answer]:
        """Return an Answer for each balance, from the nearest tier whose number serves the purpose.

        Memory and disk answer alone with the cache on; the network answers for the rest, one flight a balance.
        """
        answers: dict[BalanceKey, Answer] = {}
        missing: list[BalanceKey] = []
        if len(keys) <= SLICE:
            missing = self._from_memory(keys, purpose, answers)
        else:
            async for part in self._parts.slicer.slices(keys):
                missing += self._from_memory(part, purpose, answers)
        if not missing:
            self._counters.answered(keys)
            return answers
        self._counters.hit(len(keys) - len(missing), disk=False)
        began = self._clock.now()
        if await self.load_pages(missing):
            wanted = len(missing)
            missing = self._from_memory(missing, purpose, answers)
            self._counters.hit(wanted - len(missing), disk=True)
        self._counters.looked_up(keys, missing)
        if missing:
            self._counters.miss(len(missing))
            await self._from_network(missing, purpose, answers)
        self._counters.waited(len(keys), missing, began)
        return answers

    async def refresh(
        self, keys: Sequence[BalanceKey], on_progress: Callable[[Progress], None] | None = None
    ) -> Report:
        """Read these balances anew, past every tier, and return what that did; joins only an earlier refresh."""
        await self.load_pages(keys)  # what the disk keeps has a say in the merge, and in what counts as a change
        return self._counters.refreshed(await self.fetch(keys, refresh=True, on_progress=on_progress))

    async def fetch(
        self,
        keys: Sequence[BalanceKey],
        *,
        refresh: bool = False,
        within_s: float | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Report:
        """Ask the network for all of these balances; a network that fails never stops the others.

        It joins what is under way already, unless that began more than `within_s` ago (None: the display's TTL).
        """
        began = self._clock.now()
        before: dict[BalanceKey, int | None] = {}
        async for part in self._parts.slicer.slices(keys):
            before.update((key, _amount(self._memory.get(key))) for key in part)
        landed = changed = 0
        failures: list[ReadFailure] = []
        told = True

        def _landed(key: BalanceKey, landing: Landing) -> None:
            nonlocal landed, changed, told
            landed += 1
            if landing.failure is not None:
                failures.append(landing.failure)
            elif before[key] != _amount(self._memory.get(key)):
                changed += 1
            if on_progress and told:
                told = False  # a batch lands thousands at once: they are told of together
                asyncio.get_running_loop().call_soon(_tell_progress, on_progress)

        def _tell_progress(tell: Callable[[Progress], None]) -> None:
            nonlocal told
            told = True
            tell(Progress(landed, len(before), len(failures), self.waiting()))

        groups = by_network(before)
        if on_progress:
            on_progress(Progress(0, len(before)))
        await asyncio.gather(
            *(
                self._reads.flights.join_in_slices(
                    group,
                    self._ttl(network, Purpose.DISPLAY) if within_s is None else within_s,
                    self._parts.slicer,
                    refresh=refresh,
                    on_landed=_landed,
                )
                for network, group in groups.items()
            )
        )
        return Report(
            asked=len(before),
            answered=len(before) - len(failures),
            changed=changed,
            networks=len(groups),
            failed=tuple(failures),
            took_s=began.age_s(self._clock.now()),
        )

    async def load_pages(self, keys: Iterable[BalanceKey]) -> bool:
        """Take what the disk keeps of these balances into memory; return whether there was anything to look for."""
        keys = tuple(keys)
        wanted = places_of(keys)
        if self._loaded.issuperset(wanted):
            return False
        async with self._loading:  # whoever comes second waits for the first one's pages instead of reading them again
            places = [place for place in wanted if place not in self._loaded]
            known = {(page[0].network, page[0].address): page for page in keys_by_page(keys)} if places else {}
            for start in range(0, len(places), _PAGES_AT_ONCE):
                chunk = places[start : start + _PAGES_AT_ONCE]
                pages = await self._pages.get_pages(chunk, known)
                self._loaded.update(chunk)
                self._tell([key for readings in pages.values() for key in self._reads.restore(readings)])
        return True

    async def settle(
        self, network: NetworkId, keys: Sequence[BalanceKey], mined: Sequence[Mined]
    ) -> dict[BalanceKey, Height]:
        """Read balances pinned above what is mined (requirement I2); return the block of each that could be read."""
        await self.load_pages(keys)
        return await self._reads.settle(network, keys, mined)

    def watch_readings(
        self, on_kept: Callable[[Sequence[Reading]], None], on_restored: Callable[[Sequence[BalanceKey]], None]
    ) -> None:
        """Tell of readings as they are taken, and of balances whose readings come from the disk."""
        self._reads.on_kept, self._reads.on_restored = on_kept, on_restored

    def demote(self, readings: Iterable[Reading]) -> tuple[BalanceKey, ...]:
        """Make balances Stale whose readings' blocks left the chain, and read them anew; return which (I6)."""
        demoted = tuple(self._reads.demote(readings))
        if demoted:
            self._tell(demoted)
            self._tasks.begin(self._read_anew(demoted), "read after a reorganisation")
        return demoted

    async def forget(self, key: BalanceKey) -> None:
        """Drop what memory and disk keep of a balance; it is unknown until it is read again."""
        async with self._loading:
            self._memory.delete(key)
            await self._reads.kept()
            await self._pages.forget([key])
        self._tell([key])

    async def clear_cache(self) -> None:
        """Drop every kept reading, in memory and on disk. The registry and its invalidations stay."""
        async with self._loading:  # pages that were read before must not come into memory after
            self._memory.clear()
            await self._reads.kept()
            await self._pages.clear()
        self._tell(self.keys())

    async def invalidate(self, scopes: Sequence[Scope], cause: str) -> None:
        """Let no reading count that began before now, for these scopes, and read the balances anew behind the caller.

        It returns when the registry has it; what follows can fail without undoing that.
        """
        began = self._clock.now()
        await self._parts.registry.invalidate(scopes, cause)
        self._counters.recorded(scopes, cause, began)
        self.follow(scopes)

    def follow(self, scopes: Sequence[Scope]) -> None:
        """Do what follows an invalidation that stands in the registry: repaint, and read the balances anew."""
        self._counters.invalidation()
        wide = any(None in (scope.network, scope.address, scope.asset) for scope in scopes)
        known = [] if wide else self._touched(self._parts.book.within(scopes))
        if wide:
            self._tasks.begin(self._read_widely(scopes), "read after an invalidation")
        elif known:
            self._tasks.begin(self._read_again(known), "read after an invalidation")

    async def tend(self) -> None:
        """Do what is due once a minute: sweep the disk, and let go of memory that nobody used for an hour."""
        now = self._clock.now()
        await self._pages.sweep(now)
        # Not while something is read: what is held has a say in whether an answer counts.
        if not self._reads.flights.under_way and self._memory.evict_if_idle(now):
            self.forget_memory()
            self._tell(self.keys())

    def look_again(self) -> None:
        """Ask the disk again at the next reads, also for pages that it did not have or could not give before."""
        self._loaded.clear()

    def forget_memory(self) -> None:
        """Empty the memory tier; the disk's pages will be read again."""
        self._memory.clear()
        self._loaded.clear()

    async def stop(self) -> None:
        """Call off every read and wait for what was being written."""
        await self._tasks.stop()
        await self._reads.stop()
        await self._tasks.stop()  # an invalidation may have come in between, whose read no flight takes any more
        self.forget_memory()

    # Tiers

    def _from_memory(
        self, keys: Sequence[BalanceKey], purpose: Purpose, answers: dict[BalanceKey, Answer]
    ) -> list[BalanceKey]:
        now = self._clock.now()
        missing: list[BalanceKey] = []
        if self._pages.mode is CacheMode.OFF:
            return list(keys)
        policy = self._parts.policy()
        of: NetworkId | None = None
        ttl_s = max_head_age_s = 0.0
        woke, covers, held = self._woke, self._invalidations.covers, self._memory.get
        shows, happened = self._transfers.shows_receipts, self._transfers.happened
        for key in keys:
            state = held(key)
            if state is None or state.reading is None:
                missing.append(key)
                continue
            if key.network is not of:  # neighbours share the very object; a look-up by value would cost as much again
                of = key.network
                network = self._parts.book.network(of)
                ttl_s, max_head_age_s = policy.ttl_s(purpose, network), network.max_head_age_s
            valid = covers(state.reading) and (not happened or shows(key, state.reading))
            age_s = serving_age_s(state, state.reading, now, ttl_s, max_head_age_s, valid, woke)
            if age_s is None:
                missing.append(key)
            else:
                answers[key] = Answer(state, True, age_s)
        self._memory.touch(now)
        return missing

    async def _from_network(
        self, keys: Sequence[BalanceKey], purpose: Purpose, answers: dict[BalanceKey, Answer]
    ) -> None:
        flights = self._reads.flights
        boarded = [
            (flights.join(part, ttl_s), part, ttl_s)
            for network, part in by_network(keys).items()
            for ttl_s in (self._ttl(network, purpose),)
        ]
        try:
            groups = await asyncio.gather(*(self._fly_until_valid(*one) for one in boarded))
        finally:
            for waiter, _, _ in boarded:  # who is cancelled at once has not begun to wait
                flights.leave(waiter)
        for group in groups:
            for key, landing in group.items():
                state = self.state(key)
                age_s = state.reading.started.age_s(self._clock.now()) if state.reading else None
                failure = landing.failure or (self._below_receipt(state) if purpose is Purpose.QUOTE else None)
                self._counters.stale_answer(1 if failure and state.reading else 0)
                answers[key] = Answer(state, from_cache=False, age_s=age_s, failure=failure)

    async def _fly_until_valid(
        self, waiter: Waiter, keys: Sequence[BalanceKey], ttl_s: float
    ) -> dict[BalanceKey, Landing]:
        landings: dict[BalanceKey, Landing] = {}
        wanted = list(keys)
        for tries_left in reversed(range(_MOST_TRIES)):
            landings |= await self._reads.flights.wait(waiter)
            now = self._clock.now()
            wanted = [
                key
                for key in wanted
                if (reading := landings[key].reading) is not None
                and not (self._invalidations.covers(reading) and reading.started.age_s(now) <= ttl_s)
            ]
            if not wanted or not tries_left:
                break
            waiter = self._reads.flights.join(wanted, ttl_s)
        return landings

    def _below_receipt(self, state: BalanceState) -> ReadFailure | None:
        reading = state.reading
        if reading is None or self._transfers.shows_receipts(state.key, reading):
            return None
        now = self._clock.now()
        return ReadFailure(state.key, FailureReason.BELOW_RECEIPT, now, host=reading.endpoint)

    # Within

    async def _read_anew(self, keys: Sequence[BalanceKey]) -> None:
        await self.fetch(keys, within_s=0.0)  # what is under way may be of the branch that is gone

    def _touched(self, keys: Sequence[BalanceKey]) -> list[BalanceKey]:
        """Repaint these balances; return those to be read anew."""
        self._tell(keys)
        # What is being read for the first time needs it too: the answer under way began before the invalidation.
        flights = self._reads.flights
        return [key for key in keys if flights.is_updating(key) or self.state(key).reading is not None]

    async def _read_again(self, keys: Sequence[BalanceKey]) -> None:
        await self.read(keys)

    async def _read_widely(self, scopes: Sequence[Scope]) -> None:
        async for part in self._parts.slicer.slices(self.keys()):
            known = self._touched([key for key in part if any(scope.matches(key) for scope in scopes)])
            self._invalidated.update(dict.fromkeys(known))
        # One after the other: whoever notifies a hundred times a minute causes one read more when this one has ended.
        async with self._reading_widely:
            keys, self._invalidated = [*self._invalidated], {}
            await self.read(keys)


def _amount(state: BalanceState | None) -> int | None:
    return state.reading.amount if state is not None and state.reading is not None else None
