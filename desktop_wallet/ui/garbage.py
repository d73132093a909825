"""Python's search for garbage, on the GUI thread and nowhere else.

Left to itself Python searches on whichever thread makes the next object. A Qt object that is found by a worker is
deleted by it, and Qt forbids that: timers cannot be stopped from another thread, and worse. So the automatic search is
off, and a timer on the GUI thread does it, in searches that a frame bears.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 250
_ENOUGH = 700
"""New objects for which a search is worth its while, as Python itself has it."""
_ROUNDS_A_MIDDLE = 20
_ROUNDS_A_FULL = 2_400
"""Ten minutes: a full search takes 60 ms at 20,000 balances."""


class GarbageSearch(QObject):
    """Searches for cycles while it lives. Python's own search is off from the first `settle` on."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._rounds = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.search)

    def settle(self) -> None:
        """Search everything once, and take what is left out of every later search."""
        gc.disable()
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._timer.start()

    def search(self) -> None:
        """Search among the new objects; now and then among older ones too."""
        self._rounds += 1
        if self._rounds % _ROUNDS_A_FULL == 0:
            gc.collect()
        elif self._rounds % _ROUNDS_A_MIDDLE == 0:
            gc.collect(1)
        elif gc.get_count()[0] > _ENOUGH:
            gc.collect(0)
