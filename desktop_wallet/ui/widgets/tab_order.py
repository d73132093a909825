"""The order of the Tab key for what was built later than what stands below it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget


def follow(after: QWidget, inside: QWidget) -> QWidget:
    """Have Tab lead from `after` through everything in `inside`; return the last of it, or `after` if there is none.

    Both have to stand in one window already.
    """
    last = after
    for child in inside.findChildren(QWidget):
        if child.focusPolicy() & Qt.FocusPolicy.TabFocus:
            QWidget.setTabOrder(last, child)
            last = child
    return last
