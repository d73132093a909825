"""Waits that end only when the test moves the clock."""

from __future__ import annotations

import asyncio
import heapq
import itertools

from tests.fakes.clock import FakeClock

_TURNS = 20
"""Loop turns after which a task that has nothing to wait for has done what it can."""


class Sleepers:
    """Hands out `sleep`, and wakes who waits in the order of their time as `advance` passes it."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self._clock.boot_s + seconds, next(self._numbers), woken))
        await woken

    @property
    def waiting(self) -> int:
        return sum(1 for _, _, woken in self._waiting if not woken.done())

    async def advance(self, seconds: float) -> None:
        """Move the clock by that much, stopping wherever somebody wakes, and let all of them act."""
        end_s = self._clock.boot_s + seconds
        await settle()
        while self._waiting and self._waiting[0][0] <= end_s + 1e-9:
            at_s, _, woken = heapq.heappop(self._waiting)
            self._clock.advance(max(at_s - self._clock.boot_s, 0.0))
            if not woken.done():
                woken.set_result(None)
            await settle()
        self._clock.advance(max(end_s - self._clock.boot_s, 0.0))
        await settle()


async def settle() -> None:
    """Let every task that can act do so."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
