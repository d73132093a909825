"""Reads under way at the networks: what a flight asks, how its answer gets into the store, and what follows it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from desktop_wallet.chains.adapter import ReadRequest
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.errors import StorageFailure
from desktop_wallet.core.positions import Height
from desktop_wallet.services.arrivals import Arrivals, Taken
from desktop_wallet.services.backing_off import BackOff
from desktop_wallet.services.flights import Departure, Flights
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from desktop_wallet.chains.adapter import ChainAdapter, Mined
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.balances import BalanceKey, BalanceState, Reading, Verdict
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.services.session_parts import SessionParts

_log = logging.getLogger(__name__)

_MOST_UNKEPT = 2_000
"""Readings that wait for the rest of their flight at most before they are written: one request's worth."""

_TURNS_FIRST = 6
"""Turns of the loop before a write begins: whoever waited for the landing has heard of it by then."""
_FOLLOW_UP_LONGEST_S = 300.0


class NetworkReads:
    """Flights and what they bring; the store that every view reads from is filled here and nowhere else."""

    def __init__(self, parts: SessionParts) -> None:
        """Build on the parts of a session; nothing flies yet."""
        self._parts = parts
        self._counters = parts.counters
        self._invalidations = parts.registry.invalidations
        self._arrivals = Arrivals(parts.memory, self._invalidations, parts.clock, self._shows_ours)
        self.flights = Flights(parts.clock, parts.sleep, self._invalidations, self._fly, self._on_flights_changed)
        self._keeping = Tasks()
        self._unkept: list[Reading] = []
        self._changed: set[Address] = set()
        self._following_up = Tasks()
        self._following: dict[NetworkId, set[BalanceKey]] = {}
        self._follow_ups: dict[NetworkId, BackOff] = {}
        self.on_kept: Callable[[Sequence[Reading]], None] = _nobody_listens
        """Told of readings of one network that were just taken."""
        self.on_restored: Callable[[Sequence[BalanceKey]], None] = _nobody_listens
        """Told of balances whose readings come from the disk."""

    def held(self, key: BalanceKey) -> BalanceState:
        """Return what is held of a balance; never read is a state too."""
        return self._arrivals.held(key)

    def restore(self, readings: Iterable[Reading]) -> list[BalanceKey]:
        """Take readings from the disk where memory has none; return the balances that got one."""
        restored = self._arrivals.restore(readings)
        self.on_restored(restored)
        return restored

    def demote(self, readings: Iterable[Reading]) -> list[BalanceKey]:
        """Note that the blocks of these readings left the chain; return the balances that still held one of them."""
        return self._arrivals.demote(readings)

    async def kept(self) -> None:
        """Return when everything that was read before this call is kept."""
        self._begin_keeping()
        await self._keeping.finish()

    async def settle(
        self, network: NetworkId, keys: Sequence[BalanceKey], mined: Sequence[Mined]
    ) -> dict[BalanceKey, Height]:
        """Read balances pinned at or above what is mined and what is held, on a server that agrees that it is mined.

        Returns the block each was read at that is in the store now; what is missing is not to be had at the moment.
        """
        adapter = self._parts.adapters.of(network)
        request = ReadRequest(tuple(keys), self._invalidations.counter, self._invalidations.registry)
        lowest = max(each.block.number for each in mined)
        olds = {
            reading.position
            for key in keys
            if (reading := self.held(key).reading) is not None and isinstance(reading.position, Height)
        }
        batch = await adapter.read_settled(request, mined, at_least=max([lowest, *(old.number for old in olds)]))
        standing: dict[object, bool | None] = {}
        if batch is None and any(old.number > lowest for old in olds):
            # What is held may be of a branch that was longer, and is gone.
            standing = {old: await adapter.is_on_chain(old) for old in olds}
            lowest = max([lowest, *(old.number for old in olds if standing[old] is not False)])
            batch = await adapter.read_settled(request, mined, at_least=lowest)
        if batch is None:
            return {}
        taken, _ = self._arrivals.take(
            batch.readings, adapter.network.block_time_s, old_on_chain=lambda old: standing.get(old.position)
        )
        if taken.kept:
            self._parts.incoming.note(taken.kept, taken.moved)
            self._unkept += taken.kept
            self._changed |= taken.changed
            self._begin_keeping()
            self.on_kept(taken.kept)
        self._parts.feed.publish(ChangeSet(balances=frozenset(keys)))
        return {reading.key: at for reading in taken.kept if isinstance(at := reading.position, Height)}

    async def stop(self) -> None:
        """Call off every read, and wait until what was read is kept."""
        await self._following_up.stop()
        await self.flights.stop()
        await self._following_up.stop()  # what landed meanwhile may have wanted to ask again
        await self.kept()

    async def _fly(self, departure: Departure) -> None:
        adapter = self._parts.adapters.of(departure.network)
        request = ReadRequest(
            tuple(departure.waiting), departure.seq, self._invalidations.registry, user_asked=departure.refresh
        )
        try:
            await self._land_all(departure, adapter, request)
        finally:
            self._begin_keeping()
        if departure.refresh:
            self._parts.incoming.on_asked(departure.network)

    async def _land_all(self, departure: Departure, adapter: ChainAdapter, request: ReadRequest) -> None:
        block_time_s = adapter.network.block_time_s
        began = departure.started or self._parts.clock.now()
        async for batch in adapter.read_balances(request):
            self._counters.call(len(batch.readings))
            self._counters.refused(departure.network, batch.failures)
            self._land(departure, self._arrivals.take_failures(batch.failures, began))
            again: dict[Verdict, list[Reading]] = {}
            async for readings in self._parts.slicer.slices(batch.readings):
                taken, doubtful = self._arrivals.take(readings, block_time_s)
                self._land(departure, taken)
                for verdict, some in doubtful.items():
                    again.setdefault(verdict, []).extend(some)
            if again:
                self._begin_keeping()
                second = await self._arrivals.ask_elsewhere(adapter, request, again)
                doubted = [landing.failure for landing in second.landings.values() if landing.failure is not None]
                self._counters.refused(departure.network, doubted)
                self._land(departure, second)
                self._follow_up(departure.network, second.unsettled, block_time_s)
            elif batch.readings:
                self._follow_ups.pop(departure.network, None)

    def _land(self, departure: Departure, taken: Taken) -> None:
        if taken.kept:
            self._counters.latency(departure.network, taken.kept[0])
            if any(self._parts.transfers.waiting_on(after.key) for _, after in taken.moved):
                self._parts.transfers.on_moved(departure.network)
            self._parts.incoming.note(taken.kept, taken.moved)
            self._unkept += taken.kept
            self._changed |= taken.changed
            self.on_kept(taken.kept)
        for key, landing in taken.landings.items():
            self.flights.land(departure, key, landing)
        self._parts.feed.publish(ChangeSet(balances=frozenset(taken.landings)))
        if not departure.waiting or len(self._unkept) >= _MOST_UNKEPT:
            self._begin_keeping()

    def _begin_keeping(self) -> None:
        """Write what landed since the last time: behind the landing, which the writers would take the lock from."""
        if self._unkept:
            readings, self._unkept = tuple(self._unkept), []
            changed, self._changed = frozenset(self._changed), set()
            self._keeping.begin(self._keep(readings, changed), "keep")

    async def _keep(self, readings: tuple[Reading, ...], changed: frozenset[Address]) -> None:
        for _ in range(_TURNS_FIRST):
            await asyncio.sleep(0)
        await self._parts.pages.put(readings)
        try:
            await self._parts.registry.note_readings(readings)
            if changed:
                await self._parts.registry.touch_active(changed, self._parts.clock.now())
        except StorageFailure as error:
            # A full disk stops no read: what was seen is noted with the next one.
            _log.warning("what was read was not noted in the registry: %s", type(error).__name__)

    def _follow_up(self, network: NetworkId, keys: frozenset[BalanceKey], block_time_s: float) -> None:
        if keys and network in self._following:
            self._following[network] |= keys
        elif keys:
            self._following[network] = set(keys)
            self._following_up.begin(self._ask_again(network, block_time_s), "follow up")
        else:
            self._follow_ups.pop(network, None)

    async def _ask_again(self, network: NetworkId, block_time_s: float) -> None:
        first_s = self._arrivals.follow_up_s(block_time_s)
        fallback = BackOff(self._parts.clock, first_s=first_s, longest_s=max(first_s, _FOLLOW_UP_LONGEST_S))
        back_off = self._follow_ups.setdefault(network, fallback)
        back_off.failed()  # servers that stay behind are asked ever more rarely
        try:
            await self._parts.sleep(back_off.left_s)
        finally:
            unsettled = self._following.pop(network)
        # Whatever was switched off or removed meanwhile is asked no more.
        keys = [key for key in self._parts.book.keys(network=network) if key in unsettled]
        if keys:
            await self.flights.wait(self.flights.join(keys, 0.0))

    def _shows_ours(self, reading: Reading) -> bool:
        return self._parts.transfers.shows_receipts(reading.key, reading)

    def _on_flights_changed(self, keys: Iterable[BalanceKey]) -> None:
        self._parts.feed.publish(ChangeSet(balances=frozenset(keys), activity=True))


def _nobody_listens(_: Sequence[object]) -> None:
    """Do nothing: no watch over reorganisations was begun."""
