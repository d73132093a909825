"""Python's search for garbage, on the GUI thread and nowhere else.

Left to itself Python searches on whichever thread makes the next object. A Qt object that is found by a worker is
deleted by it, and Qt forbids that: timers cannot be stopped from another thread, and worse. So the automatic search is
off, and a timer on the GUI thread does it, in searches that a frame bears: only among what is new, and what survives
one is put aside until the next full search.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_CALM_MS, _BUSY_MS = 250, 40
_ENOUGH, _MANY = 700, 4_000
"""New objects for which a search is worth its while, as Python itself has it; and for which the next comes sooner."""
_SEARCHES_A_FULL = 2_400
"""Ten calm minutes: a full search takes 60 ms at 20,000 balances. Each lock makes one too."""


class GarbageSearch(QObject):
    """Searches for cycles while it lives. Python's own search is off from the first `settle` on."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._searches = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_CALM_MS)
        self._timer.timeout.connect(self.search)

    def settle(self) -> None:
        """Search everything once, and put aside what is left."""
        gc.disable()
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._searches = 0
        self._timer.start()

    def search(self) -> None:
        """Search among what is new; everything, once in ten minutes."""
        self._searches += 1
        if self._searches >= _SEARCHES_A_FULL:
            self.settle()
            return
        new = gc.get_count()[0]
        if new > _ENOUGH:
            gc.collect(0)
            gc.freeze()
        self._timer.setInterval(_BUSY_MS if new > _MANY else _CALM_MS)
