"""Locks when nobody is there: after idle time, when the computer suspends, when the system's session locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Signal
from typing_extensions import override

if TYPE_CHECKING:
    from PySide6.QtDBus import QDBusConnection

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

    Install it as an event filter on the application, call `check` once a second, and let it listen to the system's bus:
    a locked session makes the lock due; whether `suspending` does is the person's choice.
    """

    due = Signal()
    suspending = Signal()
    woke = Signal()

    def __init__(self, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._limit_s: float | None = None
        self._last: Instant | None = None

    def listen_to_system(self) -> None:
        """Hear of suspends and session locks where there is a login manager."""
        from PySide6.QtDBus import QDBusConnection  # noqa: PLC0415 - QtDBus is not needed for the first paint

        self.listen_to(QDBusConnection.systemBus())

    def listen_to(self, bus: QDBusConnection) -> None:
        """Hear of suspends and session locks from the login manager on this bus."""
        from desktop_wallet.ui.logind import Logind  # noqa: PLC0415 - as above

        logind = Logind(bus, self)
        logind.session_locked.connect(self.due)
        logind.suspending.connect(self.suspending)
        logind.woke.connect(self.check)
        logind.woke.connect(self.woke)
        logind.listen()

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
