"""Listens at the door of the running program: who knocks has the window brought to the front, who asks is answered.

See `services/door.py` for what may be said. Only this person can open the door (0700 on a socket, an access list on a
pipe); what is said there is not trusted for all that: a short line in a short time, or the guest is shown out.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from desktop_wallet.services.door import ANSWER, LONGEST_LINE, QUESTION_WITHIN_S, Knock, Word, peer_is_us

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_MOST_GUESTS = 8
_PATIENCE_MS = 1_000
_GATHER_MS = 40
"""However many knock, the window comes forward once in this time."""
_TOKEN = "XDG_ACTIVATION_TOKEN"  # noqa: S105 - the name of a variable

_log = logging.getLogger(__name__)


class Doorkeeper(QObject):
    """Opens the door and tells with `knocked` (a Knock) what was said there; whoever said it is answered after that.

    `asked` (a Knock, and a function that takes the answer as bytes) tells of a question.
    """

    knocked = Signal(object)
    asked = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)
        self._guests: set[_Guest] = set()
        self._heard: Knock | None = None
        self._gathering = QTimer(self)
        self._gathering.setSingleShot(True)
        self._gathering.setInterval(_GATHER_MS)
        self._gathering.timeout.connect(self._on_gathered)

    def open(self, address: str) -> bool:
        """Begin to listen; the lock of the door must be ours, for what lies there from a killed program is removed."""
        QLocalServer.removeServer(address)
        if not (address and self._server.listen(address)):
            _log.warning("the door stays shut, a second start opens a second window: %s", self._server.errorString())
            return False
        return True

    @Slot()
    def close(self) -> None:
        """Shut the door; who was not answered knows that this program did not hear."""
        self._gathering.stop()
        self._server.close()
        self._heard = None
        for guest in tuple(self._guests):
            guest.show_out()

    @Slot()
    def _on_connection(self) -> None:
        while (line := self._server.nextPendingConnection()) is not None:
            guest = _Guest(line)
            self._guests.add(guest)
            guest.left.connect(self._on_left)
            guest.said.connect(self._on_said)
            guest.asked.connect(self.asked)
            if not peer_is_us(int(line.socketDescriptor())):
                guest.show_out()
                continue
            guest.listen()
            if len(self._guests) > _MOST_GUESTS:
                guest.show_out()

    @Slot(object)
    def _on_left(self, guest: _Guest) -> None:
        self._guests.discard(guest)

    @Slot(object)
    def _on_said(self, knock: Knock) -> None:
        asked = self._heard is not None and self._heard.word is Word.PRACTICE
        self._heard = Knock(Word.PRACTICE if asked else knock.word, knock.token)
        if not self._gathering.isActive():
            self._gathering.start()

    @Slot()
    def _on_gathered(self) -> None:
        heard, self._heard = self._heard, None
        if heard is not None:
            self.knocked.emit(heard)
            for guest in tuple(self._guests):
                guest.answer()


class _Guest(QObject):
    """One connection: says one line and is answered, or is shown out."""

    said = Signal(object)
    asked = Signal(object, object)
    left = Signal(object)

    def __init__(self, line: QLocalSocket) -> None:
        super().__init__(line)
        self._line = line
        self._has_said = False
        self._waits_for_us = False
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self.show_out)
        line.setReadBufferSize(LONGEST_LINE + 1)
        line.disconnected.connect(self._on_disconnected)

    def listen(self) -> None:
        """Wait for the line, but not for long."""
        self._patience.start(_PATIENCE_MS)
        self._line.readyRead.connect(self._on_ready_read)
        self._on_ready_read()

    def answer(self) -> None:
        """Say that it was done, if there was anything to do, and end."""
        if self._has_said and not self._waits_for_us:
            self._line.write(ANSWER)
            self._line.disconnectFromServer()

    def reply(self, answer: bytes) -> None:
        """Answer a question, and end; nobody may be there any more."""
        if isValid(self) and self._line.state() is QLocalSocket.LocalSocketState.ConnectedState:
            self._line.write(answer)
            self._line.disconnectFromServer()

    @Slot()
    def show_out(self) -> None:
        """End without an answer."""
        if self._line.state() is QLocalSocket.LocalSocketState.UnconnectedState:
            self._on_disconnected()
        else:
            self._line.abort()

    @Slot()
    def _on_ready_read(self) -> None:
        if not self._line.canReadLine() and self._line.bytesAvailable() <= LONGEST_LINE:
            return
        knock = Knock.heard(bytes(self._line.readAll().data()))
        if knock is None or self._has_said:
            self.show_out()
        else:
            self._has_said = True
            if knock.word.is_question:
                self._waits_for_us = True
                self._patience.start(round(QUESTION_WITHIN_S * 1000))
                self.asked.emit(knock, self.reply)
            else:
                self.said.emit(knock)

    @Slot()
    def _on_disconnected(self) -> None:
        self.left.emit(self)
        self._line.deleteLater()


def bring_forward(window: QWidget, token: str = "") -> None:
    """Show the window in front of all others, and whatever dialog stands over it.

    `token` is the desktop's leave to do so (Wayland); without one some desktops only mark the window as wanted.
    """
    if token:
        os.environ[_TOKEN] = token  # Qt 6 takes it from there (QWaylandXdgSurface::requestActivate)
    try:
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized | Qt.WindowState.WindowActive)
        window.show()
        dialog = QApplication.activeModalWidget()
        for each in (window, dialog):
            if each is not None:
                each.raise_()
                each.activateWindow()
    finally:
        os.environ.pop(_TOKEN, None)
