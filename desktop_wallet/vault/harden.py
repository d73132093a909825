"""What the process asks of the system before it holds a secret."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4
"""From linux/prctl.h."""


def harden_process() -> None:
    """Make new files private, and keep memory out of core dumps and of other processes of the same user.

    To be called first of all. Where a system lacks one of these, the others still hold: umask 077 (every system),
    no core files (POSIX), not dumpable, thus not traceable either (Linux).
    """
    os.umask(0o077)
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not there on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
