"""What happened within the last hour, for the alerts. Windows slide on the clock, minute by minute."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Final

from desktop_wallet.core.alerts import WINDOW_S

if TYPE_CHECKING:
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.instants import Clock, Instant
    from desktop_wallet.services.lookups import Lookups
    from desktop_wallet.services.reports import Report

_SLOT_S: Final = 60.0
"""Events of so many seconds are counted together."""


class Window:
    """Sums of what was counted within the last `seconds`, forgotten in steps of `slot_s`."""

    def __init__(self, clock: Clock, seconds: float, slot_s: float) -> None:
        """Begin empty."""
        self._clock, self._seconds, self._slot_s = clock, seconds, slot_s
        self._slots: deque[tuple[Instant, Counter[str]]] = deque()

    def add(self, **counts: int) -> None:
        """Count something now."""
        now = self._clock.now()
        if not self._slots or not 0 <= self._slots[-1][0].age_s(now) < self._slot_s:
            self._slots.append((now, Counter()))
            self._forget(now)
        self._slots[-1][1].update(counts)

    def sums(self) -> Counter[str]:
        """Return what was counted within the window."""
        self._forget(self._clock.now())
        total: Counter[str] = Counter()
        for _, counts in self._slots:
            total.update(counts)
        return total

    def clear(self) -> None:
        """Forget everything."""
        self._slots.clear()

    def _forget(self, now: Instant) -> None:
        while self._slots and self._slots[0][0].age_s(now) >= self._seconds:
            self._slots.popleft()


class Recent:
    """Look-ups and invalidations of the last hour, and what the last preload could not read."""

    def __init__(self, clock: Clock) -> None:
        """Begin with nothing: an hour is counted within one run."""
        self._window = Window(clock, WINDOW_S, _SLOT_S)
        self.preload_asked = 0
        self.preload_failed: deque[BalanceKey] = deque()

    def looked_up(self, reads: int, lookups: Lookups) -> None:
        """Count reads, and the balances they were for."""
        if reads:
            self._window.add(reads=reads, hits=lookups.hits, misses=lookups.misses)

    def invalidated(self) -> None:
        """Count one invalidation."""
        self._window.add(invalidations=1)

    def preloaded(self, report: Report) -> None:
        """Note what a preload was asked for and what of it failed."""
        self.preload_asked = report.asked
        self.preload_failed = deque(failure.key for failure in report.failed)

    def sums(self) -> Counter[str]:
        """Return `reads`, `hits`, `misses` and `invalidations` of the last hour."""
        return self._window.sums()

    def clear(self) -> None:
        """Forget everything."""
        self._window.clear()
        self.preload_asked = 0
        self.preload_failed.clear()
