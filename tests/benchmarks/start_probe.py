"""Runs in the process whose start is measured: notes when the field is painted and when it takes a key.

usage: python -m tests.benchmarks.start_probe SECONDS bare | wallet FOLDER

Writes one JSON line: monotonic times (seconds, shared by all processes) `painted` and `typed`, `cpu_ms`, the
processor time until then, and `longest_gap_ms`, by how much the window was late for a key typed every 5 ms during
SECONDS after that.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING

from PySide6 import QtWidgets
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QMainWindow

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: object) -> object:
        """Return the method: the library would count in the bare window's start."""
        return method


_KEY_EVERY_MS = 5
_PAINT = QEvent.Type.Paint


class ProbedApplication(QtWidgets.QApplication):
    """Finds the first field that is painted and can be typed into; both windows start with this one."""

    typing_s = 0.0

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self._probe: FieldProbe | None = None
        self.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == _PAINT and isinstance(watched, QLineEdit) and watched.isEnabled():
            self.removeEventFilter(self)
            self._probe = FieldProbe(watched, self.typing_s)
        return False


class FieldProbe(QObject):
    """Types into one field from its first paint on."""

    def __init__(self, field: QLineEdit, typing_s: float) -> None:
        super().__init__()
        self._painted_s = time.monotonic()
        self._field = field
        self._typing_s = typing_s
        self._typed_s = self._last_s = self._longest_s = self._cpu_s = 0.0
        self._keys = QTimer(self)
        self._keys.setTimerType(Qt.TimerType.PreciseTimer)
        self._keys.setInterval(_KEY_EVERY_MS)
        self._keys.timeout.connect(self._type)
        field.textEdited.connect(self._on_edited)
        self._post_key()

    def _post_key(self) -> None:
        event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_A, Qt.KeyboardModifier.NoModifier, "a")
        QCoreApplication.postEvent(self._field, event)

    def _on_edited(self) -> None:
        if not self._typed_s:
            self._typed_s = self._last_s = time.monotonic()
            self._cpu_s = time.process_time()
            self._keys.start()

    def _type(self) -> None:
        now_s = time.monotonic()
        self._longest_s = max(self._longest_s, now_s - self._last_s - _KEY_EVERY_MS / 1000)
        self._last_s = now_s
        self._post_key()
        if now_s - self._typed_s >= self._typing_s:
            found = {
                "painted": self._painted_s,
                "typed": self._typed_s,
                "cpu_ms": self._cpu_s * 1000,
                "longest_gap_ms": self._longest_s * 1000,
            }
            print(json.dumps(found), flush=True)
            os._exit(0)  # how long a clean end takes is not asked here


def bare() -> None:
    """Open a window with nothing but a field."""
    app = ProbedApplication(sys.argv[:1])
    window = QMainWindow()
    field = QLineEdit()
    window.setCentralWidget(field)
    window.show()
    app.exec()


def wallet(folder: str) -> None:
    """Start the wallet as its command does."""
    setattr(QtWidgets, "QApplication", ProbedApplication)  # noqa: B010 - the wallet takes it from there
    from desktop_wallet.__main__ import main

    main(["--data", folder])


if __name__ == "__main__":
    seconds, what, *folders = sys.argv[1:]
    ProbedApplication.typing_s = float(seconds)
    if what == "bare":
        bare()
    else:
        wallet(folders[0])
