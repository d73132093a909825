"""Whether the blocks that balances were read at still stand in the chain (requirement I6).

After each landing at a new height, when pages come from the disk, and when a pushed head does not follow the one
before: one batch asks for the blocks of what is held, and of payments that are not final. A balance whose block is
gone is Stale at once and read anew; whoever looks after the payments is told.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desktop_wallet.core.positions import Height
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from desktop_wallet.core.balances import BalanceKey, Reading
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.services.reading import Balances
    from desktop_wallet.services.session_parts import SessionParts

_log = logging.getLogger(__name__)

DEPTH = 256
"""Blocks below the newest reading within which every one is looked up; what is on screen is at any depth."""
AT_ONCE = 16
"""Blocks looked up in one round; those longest unheard of come first."""
_APART_S = 5.0
"""Between two rounds on one network, or a block time if that is longer: what comes meanwhile shares the next one."""
_AFTER_HINT_S = 2.0
_SCANS_APART_S = 0.5
"""Between two rounds, though they ask for nothing: a preload lands often, and a round looks at all that is held."""


@dataclass(slots=True, eq=False)
class _Rounds:
    """What is known of one network's blocks. `heard_s` is when a block was last said to stand, on the boot clock."""

    highest: Height | None = None
    heard_s: dict[Height, float] = field(default_factory=dict)
    asked_s: float = -math.inf
    began_s: float = -math.inf
    running: bool = False
    wanted: bool = False
    hinted: bool = False


class Standing:
    """Looks after the blocks of every reading that is held."""

    def __init__(self, parts: SessionParts, balances: Balances, on_left: Callable[[NetworkId], None]) -> None:
        """Watch what the balances take. `on_left` is told of a network that some block has left."""
        self._parts = parts
        self._balances = balances
        self._on_left = on_left
        self._watched: frozenset[BalanceKey] = frozenset()
        self._by_itself = True
        self._rounds: dict[NetworkId, _Rounds] = {}
        self._tasks = Tasks()
        self._stopped = False
        balances.watch_readings(self._on_kept, self._on_restored)

    def watch(self, keys: Collection[BalanceKey], *, by_itself: bool = True) -> None:
        """Look up the blocks of these balances at any depth, from now on.

        Those that come from the disk are looked up at once, unless nothing shall be asked by itself.
        """
        new = [key for key in keys if key not in self._watched]
        self._watched, self._by_itself = frozenset(keys), by_itself
        self._on_restored([key for key in new if self._is_from_disk(key)])

    def _is_from_disk(self, key: BalanceKey) -> bool:
        state = self._balances.state(key)
        return state.reading is not None and state.arrived is None

    def hint(self, network: NetworkId) -> None:
        """Look at all blocks of a network soon: a head does not follow the one before."""
        self._of(network).hinted = True
        self._want(network)

    async def stop(self) -> None:
        """End every look."""
        self._stopped = True
        await self._tasks.stop()

    def _of(self, network: NetworkId) -> _Rounds:
        return self._rounds.setdefault(network, _Rounds())

    def _on_kept(self, readings: Sequence[Reading]) -> None:
        network = readings[0].key.network
        rounds, now_s = self._of(network), self._parts.clock.now().boot_s
        moved = False
        for height in {reading.position for reading in readings if isinstance(reading.position, Height)}:
            rounds.heard_s[height] = now_s
            if height != rounds.highest:
                rounds.highest, moved = height, True
        if moved:
            self._want(network)

    def _on_restored(self, keys: Sequence[BalanceKey]) -> None:
        # What the disk kept may have left the chain while nobody looked. Only what is on screen is worth a question.
        for network in {key.network for key in keys if key in self._watched and self._by_itself}:
            self._want(network)

    def _want(self, network: NetworkId) -> None:
        rounds = self._of(network)
        rounds.wanted = True
        if not rounds.running and not self._stopped:
            rounds.running = True
            self._tasks.begin(self._go_round(network, rounds), f"standing {network}")

    async def _go_round(self, network: NetworkId, rounds: _Rounds) -> None:
        try:
            while rounds.wanted and self._parts.book.is_on(network):
                while (pause_s := self._pause_s(network, rounds)) > 0:
                    await self._parts.sleep(min(pause_s, _AFTER_HINT_S))  # a hint may come meanwhile
                if not self._parts.book.is_on(network):
                    break  # it was switched off in the pause
                rounds.began_s = self._now_s
                spared = None if rounds.hinted else rounds.highest
                rounds.wanted = rounds.hinted = False
                held = await self._held(network)
                asked = self._choose(rounds, held, spared)
                if asked and self._parts.book.is_on(network):
                    rounds.asked_s = self._now_s
                    await self._look(network, rounds, {height: held[height] for height in asked})
        finally:
            rounds.running = False

    def _pause_s(self, network: NetworkId, rounds: _Rounds) -> float:
        apart_s = max(self._parts.book.network(network).block_time_s, _APART_S)
        next_s = max(rounds.asked_s + (_AFTER_HINT_S if rounds.hinted else apart_s), rounds.began_s + _SCANS_APART_S)
        return next_s - self._now_s

    @property
    def _now_s(self) -> float:
        return self._parts.clock.now().boot_s

    async def _held(self, network: NetworkId) -> dict[Height, list[Reading]]:
        """Return the blocks that can be looked up, each with the readings made at it; payments may be in others."""
        blocks = (transfer.block for transfer in self._parts.transfers.unfinished(network))
        held: dict[Height, list[Reading]] = {block: [] for block in blocks if block is not None}
        async for states in self._parts.slicer.slices(self._parts.memory.values()):
            for state in states:
                reading = state.reading
                if reading is None or state.left_chain or state.key.network != network:
                    continue
                if isinstance(reading.position, Height) and reading.position.hash is not None:
                    held.setdefault(reading.position, []).append(reading)
        return held

    def _choose(self, rounds: _Rounds, held: dict[Height, list[Reading]], spared: Height | None) -> tuple[Height, ...]:
        """Return which blocks to ask for: near the newest or on screen. What was just read is spared without a hint."""
        rounds.heard_s = {height: at_s for height, at_s in rounds.heard_s.items() if height in held}
        if not held:
            return ()
        lowest = max(height.number for height in held) - DEPTH
        wanted = [
            height
            for height, readings in held.items()
            if (height.number >= lowest or any(reading.key in self._watched for reading in readings) or not readings)
            and height != spared
        ]
        wanted.sort(key=lambda height: (rounds.heard_s.get(height, -math.inf), -height.number))
        return tuple(wanted[:AT_ONCE])

    async def _look(self, network: NetworkId, rounds: _Rounds, held: dict[Height, list[Reading]]) -> None:
        answers = await self._parts.adapters.of(network).standing(tuple(held))
        left = [height for height in held if answers.get(height) is False]
        for height, stands in answers.items():
            if stands:
                rounds.heard_s[height] = self._now_s
        if not left or self._stopped:
            return
        demoted = self._balances.demote(_all(held[height] for height in left))
        _log.warning("%s: %d blocks left the chain, %d balances with them", network, len(left), len(demoted))
        self._on_left(network)


def _all(groups: Iterable[Iterable[Reading]]) -> Iterable[Reading]:
    return (reading for group in groups for reading in group)
