"""Takes what the networks answer into the one store, and asks again where an answer cannot be taken as it is.

An answer from below what is held is asked elsewhere at once, and again after three block times, when the old block
is looked up too. A height that ran away from the clock needs a second witness. Nothing that cannot be taken is shown.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from desktop_wallet.core.balances import (
    BEHIND_AFTER_BLOCKS,
    BalanceState,
    Evidence,
    FailureReason,
    ReadFailure,
    Reading,
    Verdict,
    fail,
    merge,
)
from desktop_wallet.core.positions import Height, blocks_between
from desktop_wallet.services.flights import Landing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from desktop_wallet.chains.adapter import ChainAdapter, ReadRequest
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.instants import Clock, Instant
    from desktop_wallet.core.invalidation import Invalidations

_log = logging.getLogger(__name__)

_MAX_CLOCK_LEAD_S = 900
"""How far a block's timestamp may run ahead of our clock before its header is implausible."""


class Store(Protocol):
    """Where states are held: the memory tier."""

    def get(self, key: BalanceKey) -> BalanceState | None:
        """Return what is held, or None."""
        ...

    def put(self, state: BalanceState) -> None:
        """Hold this."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one batch: landings for the waiters, and the readings that now count."""

    landings: dict[BalanceKey, Landing]
    kept: tuple[Reading, ...]
    unsettled: frozenset[BalanceKey]
    """Balances whose answers came from below what is held: to be asked again after `follow_up_s`."""
    changed: frozenset[Address] = frozenset()
    """Accounts on which an amount is another one than before."""
    moved: tuple[tuple[Reading, Reading], ...] = ()
    """What was held and what now counts, of balances whose amount is another one than before."""


class Arrivals:
    """The one place where readings enter the store."""

    def __init__(
        self, store: Store, invalidations: Invalidations, clock: Clock, shows_ours: Callable[[Reading], bool]
    ) -> None:
        """Hold the store that every view and every total reads from.

        `shows_ours` tells whether a reading is from after every transaction of ours that is known to have happened.
        """
        self._store = store
        self._invalidations = invalidations
        self._clock = clock
        self._shows_ours = shows_ours
        self.verdicts: Counter[Verdict] = Counter()

    def held(self, key: BalanceKey) -> BalanceState:
        """Return what is held of a balance; never read is a state too."""
        return self._store.get(key) or BalanceState(key)

    def restore(self, readings: Iterable[Reading]) -> list[BalanceKey]:
        """Take readings from the disk where memory has none; return the balances that got one."""
        restored = []
        for reading in readings:
            held = self._store.get(reading.key)
            if held is None:
                self._store.put(BalanceState(reading.key, reading))
            elif held.reading is None:
                self._store.put(replace(held, reading=reading))
            else:
                continue
            restored.append(reading.key)
        return restored

    def demote(self, readings: Iterable[Reading]) -> list[BalanceKey]:
        """Note that the blocks of these readings left the chain; return the balances that still held one of them."""
        demoted = []
        for reading in readings:
            held = self.held(reading.key)
            if held.reading == reading and not held.left_chain:
                self._store.put(replace(held, left_chain=True))
                demoted.append(reading.key)
        return demoted

    def take_failures(self, failures: Iterable[ReadFailure], began: Instant) -> Taken:
        """Keep the last known reading of each balance, with the reason beside it.

        A try that began before the reading that is held (a slow one, overtaken by a refresh) is not the last try.
        """
        landings = {}
        for failure in failures:
            held = self.held(failure.key)
            if held.reading is None or not held.reading.started.is_after(began):
                self._store.put(fail(held, failure))
            landings[failure.key] = Landing(failure=failure)
        return Taken(landings, (), frozenset())

    def take(
        self,
        readings: Sequence[Reading],
        block_time_s: float,
        *,
        old_on_chain: Callable[[Reading], bool | None] = lambda _: None,
        agreed: bool = False,
    ) -> tuple[Taken, dict[Verdict, list[Reading]]]:
        """Merge one batch; return what became of it and, by verdict, the readings that need another witness."""
        now = self._clock.now()
        landings: dict[BalanceKey, Landing] = {}
        kept: list[Reading] = []
        again: dict[Verdict, list[Reading]] = {}
        unsettled: set[BalanceKey] = set()
        changed: set[Address] = set()
        moved: list[tuple[Reading, Reading]] = []
        evidence = Evidence(now, block_time_s, valid=True, agreed=agreed)
        taken = 0
        held, hold, covers, shows_ours = self._store.get, self._store.put, self._invalidations.covers, self._shows_ours
        for reading in readings:  # thousands at once, on the thread that paints
            key = reading.key
            before = held(key) or BalanceState(key)
            old = before.reading
            valid, shown = covers(reading), shows_ours(reading)
            stands = None if old is None else self._stands(before, old_on_chain)
            loses = not shown and old is not None and shows_ours(old)
            # Of one batch nearly all share theirs: to make it anew takes longer than the merge.
            if (evidence.valid, evidence.old_on_chain, evidence.loses_ours) != (valid, stands, loses):
                evidence = replace(evidence, valid=valid, old_on_chain=stands, loses_ours=loses)
            after, verdict = merge(before, reading, evidence)
            if after is not before:
                hold(after)
            if verdict is Verdict.TAKEN:
                taken += 1
            else:
                self.verdicts[verdict] += 1
            if verdict is Verdict.TAKEN or verdict.counts:
                kept.append(reading)
                if old is not None and old.amount != reading.amount:
                    changed.add(key.address)
                    moved.append((old, reading))
                if shown:
                    landings[key] = Landing(reading)
                    continue
            if verdict in (Verdict.ASK_ELSEWHERE, Verdict.BEHIND, Verdict.DOUBTED):
                again.setdefault(verdict, []).append(reading)
                unsettled.add(key)
            elif valid and not shown:  # taken or not, it is no number to rely on: another server may be ahead
                again.setdefault(Verdict.ASK_ELSEWHERE, []).append(reading)
                unsettled.add(key)
            else:
                landings[key] = Landing(reading)
        if taken:
            self.verdicts[Verdict.TAKEN] += taken
        return Taken(landings, tuple(kept), frozenset(unsettled), frozenset(changed), tuple(moved)), again

    async def ask_elsewhere(
        self, adapter: ChainAdapter, request: ReadRequest, again: dict[Verdict, list[Reading]]
    ) -> Taken:
        """Ask other servers about readings that could not be taken; whatever stays open lands as it is."""
        network = adapter.network
        first = {reading.key: reading for readings in again.values() for reading in readings}
        doubted = {reading.key for reading in again.get(Verdict.DOUBTED, ())}
        looked_up = await self._look_up(adapter, again.get(Verdict.BEHIND, ()))
        hosts = frozenset(reading.endpoint for reading in first.values())
        avoid = hosts if {endpoint.host for endpoint in network.endpoints} - hosts else frozenset()
        landings: dict[BalanceKey, Landing] = {}
        kept: list[Reading] = []
        changed: set[Address] = set()
        moved: list[tuple[Reading, Reading]] = []
        second = replace(request, keys=tuple(first), avoid=avoid, seq=self._invalidations.counter)
        async for batch in adapter.read_balances(second):
            witnesses = [r for r in batch.readings if self._agrees(r, first[r.key], doubted, adapter)]
            agreeing = {witness.key for witness in witnesses}
            # One that contradicts a leap may be right itself: the merge tells.
            plain = [r for r in batch.readings if r.key not in agreeing]
            for readings, agreed in ((witnesses, True), (plain, False)):
                taken, _ = self.take(
                    readings, network.block_time_s, old_on_chain=lambda old: looked_up.get(old.position), agreed=agreed
                )
                landings |= taken.landings
                kept += taken.kept
                changed |= taken.changed
                moved += taken.moved
        now = self._clock.now()
        for key in doubted - landings.keys():
            failure = ReadFailure(key, FailureReason.DOUBTED, now, host=first[key].endpoint)
            self._store.put(fail(self.held(key), failure))
            landings[key] = Landing(failure=failure)
        unsettled = frozenset(first.keys() - landings.keys())
        if unsettled:
            _log.info("%s: %d balances answered from below what is held", network.id, len(unsettled))
        landings |= dict.fromkeys(unsettled, Landing())
        return Taken(landings, tuple(kept), unsettled, frozenset(changed), tuple(moved))

    @staticmethod
    def follow_up_s(block_time_s: float) -> float:
        """Return after how long balances that servers are behind on should be asked again."""
        return (BEHIND_AFTER_BLOCKS + 1) * block_time_s

    async def _look_up(self, adapter: ChainAdapter, readings: Sequence[Reading]) -> dict[object, bool | None]:
        olds = {
            old.position: old.position
            for reading in readings
            if (old := self.held(reading.key).reading) and isinstance(old.position, Height)
        }
        return {position: await adapter.is_on_chain(position) for position in olds}

    @staticmethod
    def _stands(held: BalanceState, looked_up: Callable[[Reading], bool | None]) -> bool | None:
        """Return whether the block of what is held still stands: a reorg that was seen needs no other proof."""
        if held.reading is None:
            return None
        return False if held.left_chain else looked_up(held.reading)

    def _agrees(self, witness: Reading, first: Reading, doubted: set[BalanceKey], adapter: ChainAdapter) -> bool:
        if witness.key not in doubted or not isinstance(witness.position, Height):
            return False
        distance = blocks_between(first.position, witness.position)
        if distance is None or abs(distance) > BEHIND_AFTER_BLOCKS * 20:
            return False
        if witness.endpoint != first.endpoint:
            return True
        time_s = witness.position.time_s
        if time_s is None or witness.position.hash is None:
            return False
        head_age_s = self._clock.now().wall_s - time_s
        return -_MAX_CLOCK_LEAD_S <= head_age_s <= adapter.network.max_head_age_s
