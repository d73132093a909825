"""Points in time, and how old something is.

Within one run of the program an age is measured on a clock that counts through sleep and cannot be set
(CLOCK_BOOTTIME or its like); across runs only wall time is left. Where both are known the larger age counts, so
that setting the clock back never makes a number younger.
"""

from __future__ import annotations

from typing import NamedTuple, NewType, Protocol

RunId = NewType("RunId", str)
"""Names one run of the program on one boot of the machine; monotonic times compare only within it."""


class Instant(NamedTuple):
    """A point in time: wall clock (Unix seconds) and the run's monotonic clock (seconds).

    A tuple, for every cached read makes one: a frozen dataclass takes three times as long to make.
    """

    wall_s: float
    boot_s: float
    run: RunId

    def age_s(self, now: Instant) -> float:
        """Return the seconds from this instant to `now`, the larger of both clocks; negative is in the future."""
        by_wall = now.wall_s - self.wall_s
        if self.run != now.run:
            return by_wall
        return max(by_wall, now.boot_s - self.boot_s)

    def is_after(self, other: Instant) -> bool:
        """Return whether this instant lies after `other`; within one run the wall clock has no say."""
        if self.run == other.run:
            return self.boot_s > other.boot_s
        return self.wall_s > other.wall_s


class Clock(Protocol):
    """The only way to ask for the time; tests and the tour pass one they can move."""

    def now(self) -> Instant:
        """Return the present instant."""
        ...
