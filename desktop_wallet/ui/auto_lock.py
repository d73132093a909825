"""Locks when nobody is there: after idle time, when the computer suspends, when the system's session locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Signal
from typing_extensions import override

if TYPE_CHECKING:
    from desktop_wallet.core.instants import Clock, Instant

_SIGNS_OF_LIFE = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.InputMethod,
        QEvent.Type.TabletPress,
    }
)


class AutoLock(QObject):
    """Counts idle time on the given clock, which counts on through sleep. `due` asks for the lock.

    Install it as an event filter on the application, and call `check` once a second.
    """

    due = Signal()

    def __init__(self, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._limit_s: float | None = None
        self._last: Instant | None = None

    def begin(self, limit_s: float | None) -> None:
        """Start counting anew; None never locks by itself."""
        self._limit_s = limit_s
        self._last = self._clock.now()

    def set_limit(self, limit_s: float | None) -> None:
        """Change the limit without a new start."""
        self._limit_s = limit_s

    def end(self) -> None:
        """Stop counting: the wallet is locked."""
        self._last = None

    @property
    def left_s(self) -> float | None:
        """Return the seconds until the lock; None while none is coming."""
        if self._last is None or self._limit_s is None:
            return None
        return max(self._limit_s - self._last.age_s(self._clock.now()), 0.0)

    def alive(self) -> None:
        """Somebody is there."""
        if self._last is not None:
            # A key pressed after the limit has passed (the computer slept) must not undo the lock that is due.
            self.check()
        if self._last is not None:
            self._last = self._clock.now()

    def check(self) -> None:
        """Ask for the lock if the time has come."""
        if self.left_s == 0.0:
            self.end()
            self.due.emit()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _SIGNS_OF_LIFE:
            self.alive()
        return False
