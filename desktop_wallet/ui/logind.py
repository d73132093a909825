"""What the system's login manager tells over D-Bus: it goes to sleep, it has woken, the session was locked.

Interface `org.freedesktop.login1`: `Manager.PrepareForSleep(b)`, `Session.Lock()`. Where there is no such bus (other
systems, containers) nothing is told, and idle time alone locks.
"""

from __future__ import annotations

import logging
import os

from PySide6.QtCore import SLOT, QObject, Signal, Slot
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher

SERVICE = "org.freedesktop.login1"
MANAGER_PATH = "/org/freedesktop/login1"
MANAGER = "org.freedesktop.login1.Manager"
SESSION = "org.freedesktop.login1.Session"

_log = logging.getLogger(__name__)


class Logind(QObject):
    """Listens on one bus. `suspending`, `woke` and `session_locked` are facts; what follows is the window's."""

    suspending = Signal()
    woke = Signal()
    session_locked = Signal()

    def __init__(self, bus: QDBusConnection, parent: QObject | None = None, *, session_id: str = "") -> None:
        super().__init__(parent)
        self._bus = bus
        self._session_path = ""
        self._watcher: QDBusPendingCallWatcher | None = None
        self._session_id = session_id or os.environ.get("XDG_SESSION_ID", "")

    def listen(self) -> bool:
        """Begin to listen; return whether there is a bus to listen on."""
        if not self._bus.isConnected():
            return False
        # The stubs of PySide6 6.11 ask for bytes, the call itself takes only the text that SLOT makes.
        sleeping: bool = self._bus.connect(  # type: ignore[call-overload]
            SERVICE, MANAGER_PATH, MANAGER, "PrepareForSleep", self, SLOT("on_prepare_for_sleep(bool)")
        )
        # Every session's Lock is heard, and only ours counts once it is known which that is.
        locking: bool = self._bus.connect(  # type: ignore[call-overload]
            SERVICE, "", SESSION, "Lock", self, SLOT("on_session_lock(QDBusMessage)")
        )
        if self._session_id:
            self._ask_for_session()
        if not (sleeping and locking):
            _log.warning("the login manager cannot be heard: suspend and session lock do not lock the wallet")
        return sleeping and locking

    def _ask_for_session(self) -> None:
        call = QDBusMessage.createMethodCall(SERVICE, MANAGER_PATH, MANAGER, "GetSession")
        call.setArguments([self._session_id])
        self._watcher = QDBusPendingCallWatcher(self._bus.asyncCall(call), self)
        self._watcher.finished.connect(self._on_session_told)

    def _on_session_told(self, watcher: QDBusPendingCallWatcher) -> None:
        reply = watcher.reply()
        arguments = reply.arguments()
        if reply.type() is QDBusMessage.MessageType.ReplyMessage and arguments:
            path = arguments[0]
            self._session_path = path.path() if hasattr(path, "path") else str(path)

    @Slot(bool)
    def on_prepare_for_sleep(self, begins: bool) -> None:
        """Tell that the computer goes to sleep, or that it has woken."""
        (self.suspending if begins else self.woke).emit()

    @Slot(QDBusMessage)
    def on_session_lock(self, message: QDBusMessage) -> None:
        """Tell that our session was locked."""
        if self._session_path in ("", message.path()):
            self.session_locked.emit()
