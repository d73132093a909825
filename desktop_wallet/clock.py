"""The system's clock: the only reader of it in the program."""

from __future__ import annotations

import os
import time

from desktop_wallet.core.instants import Instant, RunId

# Linux counts sleep only on CLOCK_BOOTTIME; macOS' and Windows' monotonic clocks are the nearest there.
_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """Wall time and boot time of this machine, under a run id of this process."""

    def __init__(self) -> None:
        """Take a run id: monotonic times of another process are never compared with ours."""
        self._run = RunId(os.urandom(16).hex())

    def now(self) -> Instant:
        """Return the present instant."""
        boot_s = time.monotonic() if _BOOT_CLOCK is None else time.clock_gettime(_BOOT_CLOCK)
        return Instant(time.time(), boot_s, self._run)
