"""A clock that stands still until it is moved."""

from __future__ import annotations

from desktop_wallet.core.instants import Instant, RunId


class FakeClock:
    """Wall and boot time in seconds, moved by hand; `sleep` moves it, so that waiting costs no time."""

    def __init__(self, wall_s: float = 1_790_000_000.0, boot_s: float = 1_000.0, run: str = "run-1") -> None:
        self.wall_s = wall_s
        self.boot_s = boot_s
        self.run = RunId(run)

    def now(self) -> Instant:
        return Instant(self.wall_s, self.boot_s, self.run)

    def advance(self, seconds: float) -> None:
        self.wall_s += seconds
        self.boot_s += seconds

    def restart(self, run: str = "run-2") -> None:
        """Become the clock of another run: its boot time no longer compares."""
        self.run = RunId(run)
        self.boot_s = 5.0

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
