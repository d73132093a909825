"""Single flight: any number of readers cause one network read, and nobody takes an answer that is too old for them.

A reader joins a flight only if the flight began after every invalidation of the reader's balance, and within the
purpose's TTL. A Refresh joins only an earlier Refresh; else it departs on its own, and whoever waits for the earlier
flight may take its answer. A reader that is cancelled leaves the others alone; a flight that nobody waits for any
more is called off.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desktop_wallet.core.errors import VaultLocked
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from desktop_wallet.core.balances import BalanceKey, ReadFailure, Reading
    from desktop_wallet.core.instants import Clock, Instant
    from desktop_wallet.core.invalidation import Invalidations
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.services.slicing import Slicer

COALESCE_S = 0.2
"""Background reads of one network within this time leave together."""


@dataclass(frozen=True, slots=True)
class Landing:
    """What a flight brought for one balance: a reading (whether it was taken or not), a failure, or neither."""

    reading: Reading | None = None
    failure: ReadFailure | None = None


@dataclass(eq=False, slots=True)
class Departure:
    """One request to one network, for many balances. `seq` and `started` are fixed before anything leaves.

    `waiting` holds the balances that have not landed, with their readers; an entry goes when its balance lands.
    """

    network: NetworkId
    refresh: bool
    number: int
    """In the order in which they were made."""
    seq: int = 0
    started: Instant | None = None
    waiting: dict[BalanceKey, list[Waiter]] = field(default_factory=dict)
    boarding: int = 0
    """Readers that are still bringing balances; it leaves when all are in."""
    all_in: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    @property
    def wanted(self) -> bool:
        """Return whether anybody still waits for it."""
        return self.boarding > 0 or any(self.waiting.values())


class Waiter:
    """One reader, waiting for its balances wherever they fly."""

    def __init__(self, on_landed: Callable[[BalanceKey, Landing], None] | None) -> None:
        """Wait for nothing yet; `on_landed` is told of each balance as it comes in."""
        self.landings: dict[BalanceKey, Landing] = {}
        self.remaining: set[BalanceKey] = set()
        self.boarding = True
        self._on_landed = on_landed
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def land(self, key: BalanceKey, landing: Landing) -> None:
        """Take what came for one balance."""
        if key not in self.remaining:
            return
        self.remaining.discard(key)
        self.landings[key] = landing
        if self._on_landed:
            self._on_landed(key, landing)
        self._end_if_done()

    def break_off(self, error: Exception) -> None:
        """End the wait with an error."""
        if not self._done.done():
            self._done.set_exception(error)

    def board(self) -> None:
        """Note that every balance is on some flight."""
        self.boarding = False
        self._end_if_done()

    async def wait(self) -> dict[BalanceKey, Landing]:
        """Return what came for each balance, once all have landed."""
        await self._done
        return self.landings

    def _end_if_done(self) -> None:
        if not self.remaining and not self.boarding and not self._done.done():
            self._done.set_result(None)


class Flights:
    """Every read under way."""

    def __init__(
        self,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
        invalidations: Invalidations,
        fly: Callable[[Departure], Awaitable[None]],
        on_change: Callable[[Iterable[BalanceKey]], None],
    ) -> None:
        """Hold what a departure needs; `fly` makes the request and calls `land` for each balance.

        `on_change` is told of balances that began or ended to be updated.
        """
        self._clock = clock
        self._sleep = sleep
        self._invalidations = invalidations
        self._fly = fly
        self._on_change = on_change
        self._current: dict[BalanceKey, Departure] = {}
        self._queued: dict[NetworkId, Departure] = {}
        self._last_left: dict[NetworkId, Instant] = {}
        self._under_way: set[Departure] = set()
        self._tasks = Tasks()
        self._numbers = itertools.count()
        self._stopped = False

    @property
    def updating(self) -> frozenset[BalanceKey]:
        """Return the balances that are being read."""
        return frozenset(self._current)

    @property
    def under_way(self) -> bool:
        """Return whether any flight has not ended, also one that a later one has overtaken."""
        return bool(self._under_way)

    def is_updating(self, key: BalanceKey) -> bool:
        """Return whether that balance is being read."""
        return key in self._current

    def join(
        self,
        keys: Sequence[BalanceKey],
        ttl_s: float,
        *,
        refresh: bool = False,
        on_landed: Callable[[BalanceKey, Landing], None] | None = None,
    ) -> Waiter:
        """Join or begin flights for these balances, all of one network; to be awaited with `wait`.

        It takes effect at once: between a look at the store and this call no flight can land unseen.
        """
        waiter = Waiter(on_landed)
        self._join_part(keys, waiter, ttl_s, None, refresh=refresh)
        waiter.board()
        return waiter

    async def join_in_slices(
        self,
        keys: Sequence[BalanceKey],
        ttl_s: float,
        slicer: Slicer,
        *,
        refresh: bool = False,
        on_landed: Callable[[BalanceKey, Landing], None] | None = None,
    ) -> dict[BalanceKey, Landing]:
        """Do what `join` and `wait` do for any number of balances, without holding up the loop; one flight for all."""
        waiter = Waiter(on_landed)
        departure: Departure | None = None
        try:
            async for part in slicer.slices(keys):
                boarded = self._join_part(part, waiter, ttl_s, departure, refresh=refresh)
                if boarded is not departure and boarded is not None:
                    boarded.boarding += 1
                    departure = boarded
            waiter.board()
            self._close_doors(departure)
            departure = None
            return await waiter.wait()
        finally:
            self._close_doors(departure)
            self.leave(waiter)

    async def wait(self, waiter: Waiter) -> dict[BalanceKey, Landing]:
        """Return what came for each balance; raises VaultLocked when the reads were called off."""
        try:
            return await waiter.wait()
        finally:
            self.leave(waiter)

    def leave(self, waiter: Waiter) -> None:
        """Wait no longer for what has not landed yet; what nobody else waits for is called off."""
        if waiter.remaining:
            self._leave(waiter)

    def land(self, departure: Departure, key: BalanceKey, landing: Landing) -> None:
        """Hand what came to whoever waits for that balance, in this flight and in earlier ones."""
        for waiter in departure.waiting.pop(key, ()):
            waiter.land(key, landing)
        if departure.refresh and landing.failure is None:
            for earlier in self._under_way:
                if not earlier.refresh and earlier.number < departure.number and key in earlier.waiting:
                    for waiter in earlier.waiting.pop(key):
                        waiter.land(key, landing)
        if self._current.get(key) is departure:
            del self._current[key]

    async def stop(self) -> None:
        """Call off every flight and wait until none is under way; none departs any more."""
        self._stopped = True
        self._queued.clear()
        await self._tasks.stop()
        for departure in tuple(self._under_way):  # those called off before they began never learned of it
            self._break_off(departure, VaultLocked())
        self._under_way.clear()
        self._current.clear()

    def _may_join(self, flight: Departure, key: BalanceKey, now: Instant, ttl_s: float, *, refresh: bool) -> bool:
        if refresh and not flight.refresh:
            return False
        if flight.started is None:
            return True
        return flight.seq >= self._invalidations.required(key) and flight.started.age_s(now) <= ttl_s

    def _join_part(
        self,
        keys: Sequence[BalanceKey],
        waiter: Waiter,
        ttl_s: float,
        departure: Departure | None,
        *,
        refresh: bool,
    ) -> Departure | None:
        """Put the reader on flights for these balances; return the departure that took those without a flight."""
        if self._stopped:
            raise VaultLocked
        waiter.remaining.update(keys)
        now = self._clock.now()
        new: list[BalanceKey] = []
        for key in keys:
            flight = self._current.get(key)
            if flight is not None and self._may_join(flight, key, now, ttl_s, refresh=refresh):
                flight.waiting.setdefault(key, []).append(waiter)
            else:
                new.append(key)
        if not new:
            return departure
        if departure is None or departure.started is not None:
            departure = self._next_departure(new[0].network, refresh=refresh)
        for key in new:
            departure.waiting.setdefault(key, []).append(waiter)
            self._current[key] = departure
        self._on_change(new)
        return departure

    def _next_departure(self, network: NetworkId, *, refresh: bool) -> Departure:
        departure = None if refresh else self._queued.get(network)
        if departure is None:
            departure = Departure(network, refresh, next(self._numbers))
            self._under_way.add(departure)
            if not refresh:
                self._queued[network] = departure
            departure.task = self._tasks.start(self._run(departure), f"read {network}")
        return departure

    @staticmethod
    def _close_doors(departure: Departure | None) -> None:
        if departure is not None:
            departure.boarding -= 1
            departure.all_in.set()

    def _leave(self, waiter: Waiter) -> None:
        for departure in tuple(self._under_way):
            for waiters in departure.waiting.values():
                if waiter in waiters:
                    waiters.remove(waiter)
            if not departure.wanted and departure.task:
                departure.task.cancel()
                self._forget(departure)
                if departure.started is None:  # it may never have begun, and then nothing else takes it off
                    self._under_way.discard(departure)

    async def _run(self, departure: Departure) -> None:
        try:
            await self._wait_for_company(departure)
            departure.started = self._clock.now()
            departure.seq = self._invalidations.counter
            self._last_left[departure.network] = departure.started
            await self._fly(departure)
            for key in tuple(departure.waiting):
                self.land(departure, key, Landing())
        except asyncio.CancelledError:
            self._break_off(departure, VaultLocked())
            raise
        except Exception as error:  # a bug of ours: whoever waits must hear of it, and nobody may wait for ever
            self._break_off(departure, error)
            raise
        finally:
            self._forget(departure)
            self._under_way.discard(departure)

    def _forget(self, departure: Departure) -> None:
        """Let nobody join a departure any more that has ended or is being called off."""
        if self._queued.get(departure.network) is departure:
            del self._queued[departure.network]
        ended = [key for key in departure.waiting if self._current.get(key) is departure]
        for key in ended:
            del self._current[key]
        if ended:
            self._on_change(ended)

    def _break_off(self, departure: Departure, error: Exception) -> None:
        for waiters in departure.waiting.values():
            for waiter in waiters:
                waiter.break_off(error)

    async def _wait_for_company(self, departure: Departure) -> None:
        # The first read of a quiet network leaves at once; those that follow within the window leave together.
        if not departure.refresh:
            last = self._last_left.get(departure.network)
            wait_s = COALESCE_S - last.age_s(self._clock.now()) if last else 0.0
            await self._sleep(max(wait_s, 0.0))
            del self._queued[departure.network]
        while departure.boarding:
            departure.all_in.clear()
            await departure.all_in.wait()
