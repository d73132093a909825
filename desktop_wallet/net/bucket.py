"""How often one server may be asked: our own limit, and what the server says about it."""

from __future__ import annotations

import bisect
import itertools
from collections import deque
from collections.abc import Awaitable, Callable

from desktop_wallet.core.instants import Clock

Sleep = Callable[[float], Awaitable[None]]
"""Waits that many seconds: `asyncio.sleep`, or a fake clock's."""

_MINUTE_S = 60.0
_FIRST_BACKOFF_S = 1.0
_LONGEST_BACKOFF_S = 60.0
_REFUSALS_BEFORE_PAUSE = 5
_PAUSE_S = 120.0
_SHORTEST_SLEEP_S = 0.001
_ROUNDING = 1e-9
_USER = 0
_BACKGROUND = 1

_Ticket = tuple[int, int]


class TokenBucket:
    """Lets at most `rate_per_min` requests through in any minute, `burst` of them at once.

    Requests that the person asked for go before background ones. A server's "too many requests" blocks both until its
    Retry-After has passed (without one: 1 s, 2 s, 4 s ... 60 s), and more than five of them within a minute pause the
    background for two minutes, never what the person asked for.
    """

    def __init__(self, clock: Clock, sleep: Sleep, *, rate_per_min: int = 100, burst: int | None = None) -> None:
        """Start full. `burst` is a quarter of the rate unless given; the rest flows in over each minute."""
        self._clock = clock
        self._sleep = sleep
        self._burst = float(max(1, rate_per_min // 4 if burst is None else min(burst, rate_per_min)))
        # Burst and flow together make the rate, so that no minute sees more than it.
        self._per_s = max(rate_per_min - self._burst, 1.0) / _MINUTE_S
        self._tokens = self._burst
        self._filled_at_s = clock.now().boot_s
        self._blocked_until_s = 0.0
        self._paused_until_s = 0.0
        self._backoff_s = _FIRST_BACKOFF_S
        self._refusals: deque[float] = deque(maxlen=_REFUSALS_BEFORE_PAUSE + 1)
        self._queue: list[_Ticket] = []
        self._numbers = itertools.count()

    async def take(self, *, user_asked: bool = False) -> None:
        """Return when one request may leave; a cancelled caller leaves the queue and takes nothing."""
        ticket = (_USER if user_asked else _BACKGROUND, next(self._numbers))
        bisect.insort(self._queue, ticket)
        try:
            while (wait_s := self._wait_s(user_asked=user_asked, ahead=self._queue.index(ticket))) > 0:
                await self._sleep(max(wait_s, _SHORTEST_SLEEP_S))
            self._tokens -= 1
        finally:
            self._queue.remove(ticket)

    def next_try_s(self, *, user_asked: bool = False) -> float:
        """Return the seconds until a request that came now could leave, 0 if at once."""
        ahead = sum(1 for kind, _ in self._queue if kind == _USER) if user_asked else len(self._queue)
        return self._wait_s(user_asked=user_asked, ahead=ahead)

    def blocked_for_s(self, *, user_asked: bool = False) -> float:
        """Return the seconds for which the server's own word holds requests back, 0 if it does not."""
        until_s = self._blocked_until_s if user_asked else max(self._blocked_until_s, self._paused_until_s)
        return max(until_s - self._clock.now().boot_s, 0.0)

    def paused_for_s(self) -> float:
        """Return the seconds for which only what the person asks for may leave, 0 if nothing is paused."""
        return max(self._paused_until_s - self._clock.now().boot_s, 0.0)

    def holds_back_s(self) -> float:
        """Return for how long everybody is held back now: until the first in the queue, or the next to come, may go.

        0 when nobody waits and the server has not asked for a pause, even if the burst is used up.
        """
        if not self._queue:
            return self.blocked_for_s()
        return self._wait_s(user_asked=self._queue[0][0] == _USER, ahead=0)

    def refused(self, retry_after_s: float | None) -> None:
        """Take note that the server said "too many requests"."""
        now_s = self._clock.now().boot_s
        wait_s = self._backoff_s if retry_after_s is None else retry_after_s
        self._backoff_s = min(self._backoff_s * 2, _LONGEST_BACKOFF_S)
        self._blocked_until_s = max(self._blocked_until_s, now_s + wait_s)
        self._refusals.append(now_s)
        if len(self._refusals) > _REFUSALS_BEFORE_PAUSE and now_s - self._refusals[0] <= _MINUTE_S:
            self._paused_until_s = now_s + _PAUSE_S

    def accepted(self) -> None:
        """Take note that the server answered: the next back-off begins at one second again."""
        self._backoff_s = _FIRST_BACKOFF_S

    def _wait_s(self, *, user_asked: bool, ahead: int) -> float:
        self._fill()
        missing = ahead + 1 - self._tokens
        for_token_s = 0.0 if missing <= _ROUNDING else missing / self._per_s
        return max(for_token_s, self.blocked_for_s(user_asked=user_asked))

    def _fill(self) -> None:
        now_s = self._clock.now().boot_s
        self._tokens = min(self._burst, self._tokens + max(now_s - self._filled_at_s, 0.0) * self._per_s)
        self._filled_at_s = now_s
