"""The program as its command starts it, in a process that tells what its window does, one word a line.

usage: python -m tests.end_to_end.watched_start ARGUMENTS OF THE PROGRAM

`shown`, `in front` and `title TEXT` are about the wallet's window. Once it is shown, another window covers it, and
`covered` says when that one has the keyboard.
"""

from __future__ import annotations

import sys

from PySide6 import QtWidgets
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget
from typing_extensions import override


class WatchedApplication(QtWidgets.QApplication):
    """Sees what becomes of the wallet's window."""

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self._cover: Cover | None = None
        self.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(watched, QtWidgets.QMainWindow):
            if event.type() == QEvent.Type.WindowActivate:
                tell("in front")
            if event.type() == QEvent.Type.WindowTitleChange:
                tell(f"title {watched.windowTitle()}")
            if event.type() == QEvent.Type.Paint and self._cover is None:
                tell("shown")
                self._cover = Cover()
                self._cover.show()
        return False


class Cover(QWidget):
    """A window that wants the keyboard as soon as it is on the screen."""

    _wanted = False

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and not self._wanted:
            self._wanted = True
            self.activateWindow()  # no earlier: without a window manager X gives it only to what can be seen
        if event.type() == QEvent.Type.WindowActivate:
            tell("covered")
        return super().event(event)


def tell(what: str) -> None:
    """Write it at once, to whoever reads along."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    setattr(QtWidgets, "QApplication", WatchedApplication)  # noqa: B010 - the program takes it from there
    from desktop_wallet.__main__ import main

    sys.exit(main(sys.argv[1:]))
