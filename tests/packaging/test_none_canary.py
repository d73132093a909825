"""PySide6 6.12.0 drops a reference to None in every call that returns nothing, and aborts Python 3.11 with it."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject

_CALLS = 1_000
_TOLERANCE = 50
"""What the interpreter itself may take or give back meanwhile; the fault costs one reference a call."""


def test_void_calls_keep_the_count_of_references_to_none() -> None:
    """On Python 3.12 and later None is immortal and nothing can be lost; on 3.11 this is what shows the fault."""
    thing = QObject()
    thing.setObjectName("warm")
    before = sys.getrefcount(None)
    for _ in range(_CALLS):
        thing.setObjectName("canary")
    assert abs(sys.getrefcount(None) - before) < _TOLERANCE
