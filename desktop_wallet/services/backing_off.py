"""How long to leave alone what has just failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_wallet.core.instants import Clock


class BackOff:
    """Pauses that double from the first to the longest, and begin anew once it works again. Seconds."""

    def __init__(self, clock: Clock, *, first_s: float = 2.0, longest_s: float = 60.0) -> None:
        """Begin with nothing failed."""
        self._clock = clock
        self._first_s = first_s
        self._longest_s = longest_s
        self._until_s = 0.0
        self.failures = 0
        """In a row, since it worked last."""

    @property
    def left_s(self) -> float:
        """Return how long to wait yet, 0 if not at all."""
        return max(self._until_s - self._clock.now().boot_s, 0.0)

    def failed(self, *, at_least_s: float = 0.0) -> None:
        """Take note of a failure; `at_least_s` is what a server asked for."""
        pause_s = min(self._first_s * 2.0 ** min(self.failures, 30), self._longest_s)
        self.failures += 1
        self._until_s = self._clock.now().boot_s + max(pause_s, at_least_s)

    def worked(self) -> None:
        """Take note that it worked."""
        self.failures = 0
        self._until_s = 0.0
