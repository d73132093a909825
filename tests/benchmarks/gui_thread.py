"""Times what runs on the GUI thread: every event that Qt delivers, every callback of asyncio, every wait of a paint."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QPaintEvent

_PAINT_EVERY_MS = 25
_LONG_MS = 8.0


@dataclass
class Watch:
    """Milliseconds of one stretch of time. `long` names the callbacks above 8 ms."""

    callbacks_ms: list[float] = field(default_factory=list)
    paint_waits_ms: list[float] = field(default_factory=list)
    long: list[tuple[float, str]] = field(default_factory=list)

    def note(self, took_ms: float, name: str) -> None:
        """Take one callback."""
        self.callbacks_ms.append(took_ms)
        if took_ms >= _LONG_MS:
            self.long.append((took_ms, name))

    def longest(self, count: int = 3) -> str:
        """Return the longest callbacks in words."""
        return "; ".join(f"{took:.1f} ms {name}" for took, name in sorted(self.long, reverse=True)[:count])


class WatchedApp(QApplication):
    """Times every event from its delivery by Qt to its end. Events within events count with the outer one."""

    watch: Watch | None = None
    _depth = 0

    @override
    def notify(self, receiver: QObject, event: QEvent) -> bool:
        watch = self.watch
        if watch is None or self._depth:
            return super().notify(receiver, event)
        kind = event.type()
        self._depth = 1
        began_s = time.perf_counter()
        try:
            return super().notify(receiver, event)
        finally:
            took_ms = (time.perf_counter() - began_s) * 1000
            self._depth = 0
            watch.note(took_ms, f"{kind.name} of {type(receiver).__name__}" if took_ms >= _LONG_MS else "")


class PaintProbe(QWidget):
    """A small widget in the window: asks for a paint again and again, and notes how long each took to come."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.watch: Watch | None = None
        self._asked_s = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_PAINT_EVERY_MS)
        self._timer.timeout.connect(self._ask)
        self.setGeometry(0, 0, 4, 4)
        self.show()
        self.raise_()
        self._timer.start()

    def _ask(self) -> None:
        if not self._asked_s:
            self._asked_s = time.perf_counter()
            self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._asked_s and self.watch is not None:
            self.watch.paint_waits_ms.append((time.perf_counter() - self._asked_s) * 1000)
        self._asked_s = 0.0


@contextmanager
def watched(app: WatchedApp, probe: PaintProbe) -> Iterator[Watch]:
    """Yield a watch that takes all that happens within the block."""
    watch = Watch()
    run = asyncio.events.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        began_s = time.perf_counter()
        run(handle)
        took_ms = (time.perf_counter() - began_s) * 1000
        if took_ms >= _LONG_MS:
            watch.long.append((took_ms, _name(handle._callback)))  # type: ignore[attr-defined] # asyncio's own

    setattr(asyncio.events.Handle, "_run", timed)  # noqa: B010 - a method for the time of the watch
    app.watch = probe.watch = watch
    try:
        yield watch
    finally:
        app.watch = probe.watch = None
        setattr(asyncio.events.Handle, "_run", run)  # noqa: B010


def _name(callback: Any) -> str:  # noqa: ANN401 - whatever was given to call_soon
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        return f"step of {getattr(owner.get_coro(), '__qualname__', owner.get_name())}"
    return str(getattr(callback, "__qualname__", repr(callback)))
