"""Tells when another program's first window is on an X screen; Xlib through ctypes, so nothing has to be installed."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import time
from typing import Self

_SUBSTRUCTURE_NOTIFY = 1 << 19
_MAP_NOTIFY = 19
_SMALLEST = 100
"""Pixels: what is smaller is no window that a person waits for."""
_GLANCE_S = 0.001
_Event = ctypes.c_long * 24
"""Xlib's union XEvent; in an XMapEvent the first word holds the type and the sixth the window (64-bit systems)."""
_WINDOW = 5
_ErrorHandler = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


class NoScreen(Exception):
    """There is no X screen to look at."""


class WindowWatch:
    """Watches the screen's root for windows that appear. Make it before the program starts."""

    def __init__(self) -> None:
        name = ctypes.util.find_library("X11")
        if name is None or not os.environ.get("DISPLAY"):
            raise NoScreen
        self._x = ctypes.CDLL(name)
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XDefaultRootWindow.restype = ctypes.c_ulong
        # A window that is gone again makes an error reply, and Xlib's own handler would end us.
        self._ignore = _ErrorHandler(lambda _display, _error: 0)
        self._x.XSetErrorHandler(self._ignore)
        self._display = ctypes.c_void_p(self._x.XOpenDisplay(None))
        if not self._display:
            raise NoScreen
        root = ctypes.c_ulong(self._x.XDefaultRootWindow(self._display))
        self._x.XSelectInput(self._display, root, ctypes.c_long(_SUBSTRUCTURE_NOTIFY))
        self._x.XSync(self._display, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._x.XCloseDisplay(self._display)

    def wait(self, patience_s: float) -> float | None:
        """Return the monotonic time at which a window of real size was on screen; None after the patience."""
        deadline_s = time.monotonic() + patience_s
        event = _Event()
        while time.monotonic() < deadline_s:
            while self._x.XPending(self._display):
                self._x.XNextEvent(self._display, ctypes.byref(event))
                if event[0] & 0xFFFFFFFF == _MAP_NOTIFY and self._is_large(event[_WINDOW]):
                    return time.monotonic()
            time.sleep(_GLANCE_S)
        return None

    def _is_large(self, window: int) -> bool:
        root = ctypes.c_ulong()
        numbers = [ctypes.c_uint() for _ in range(6)]
        ok = self._x.XGetGeometry(
            self._display, ctypes.c_ulong(window), ctypes.byref(root), *(ctypes.byref(number) for number in numbers)
        )
        return bool(ok) and min(numbers[2].value, numbers[3].value) >= _SMALLEST
