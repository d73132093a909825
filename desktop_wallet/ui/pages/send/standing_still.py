"""Where things stand on a page that scrolls: whoever types keeps sight of the field, whatever comes up above it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

from desktop_wallet.ui.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Iterator

_PASSES = 4


@contextlib.contextmanager
def standing_still(widget: QWidget) -> Iterator[None]:
    """Keep what has the focus within a widget where it is on screen, while what stands above it grows or shrinks."""
    area, focused = _area(widget), QApplication.focusWidget()
    if area is None or focused is None or not widget.isAncestorOf(focused):
        yield
        return
    before = _top(focused, area)
    yield
    _settle()
    bar = area.verticalScrollBar()
    bar.setValue(bar.value() + _top(focused, area) - before)


def bring_into_view(widget: QWidget) -> None:
    """Scroll so that all of a widget can be seen, if it fits."""
    area = _area(widget)
    if area is not None:
        _settle()
        area.ensureWidgetVisible(widget, 0, 2 * GRID)


def _area(widget: QWidget) -> QScrollArea | None:
    above = widget.parentWidget()
    while above is not None and not isinstance(above, QScrollArea):
        above = above.parentWidget()
    return above


def _top(widget: QWidget, area: QScrollArea) -> int:
    return widget.mapTo(area, QPoint(0, 0)).y()


def _settle() -> None:
    """Lay out at once what else the next events would lay out; each pass tells the widgets that stand around."""
    for _ in range(_PASSES):
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
