"""Reads a window as a screen reader does: through the accessibility tree, only what is visible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect
from PySide6.QtGui import QAccessible, QAccessibleInterface

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_SILENT_ROLES = frozenset(
    {
        QAccessible.Role.Window,
        QAccessible.Role.Client,
        QAccessible.Role.Pane,
        QAccessible.Role.LayeredPane,
        QAccessible.Role.ScrollBar,
        QAccessible.Role.Splitter,
        QAccessible.Role.Grip,
        QAccessible.Role.Border,
        QAccessible.Role.Separator,
    }
)
_MOST_CELLS = 2000


def read_screen(window: QWidget) -> list[str]:
    """Return a line for each thing in the window that a screen reader would name, in the order of the tree.

    A line is "role: name", with "= value" where it has one and "(…)" for what state it is in.
    """
    # Without it Qt's tables go on handing out the cells that they had before their model was reset.
    QAccessible.setActive(True)
    lines: list[str] = []
    frame = QRect(window.mapToGlobal(window.rect().topLeft()), window.size())
    _read(QAccessible.queryAccessibleInterface(window), frame, lines)
    return lines


def _read(thing: QAccessibleInterface | None, frame: QRect, lines: list[str]) -> None:
    if thing is None or not thing.isValid():
        return
    state = thing.state()
    rect = thing.rect()
    if state.invisible or rect.isEmpty() or not frame.intersects(rect):
        return
    line = _line(thing)
    if line and (not lines or lines[-1] != line):
        lines.append(line)
    for index in range(min(thing.childCount(), _MOST_CELLS)):
        _read(thing.child(index), frame, lines)


def _line(thing: QAccessibleInterface) -> str:
    role = thing.role()
    if role in _SILENT_ROLES:
        return ""
    name = " ".join(thing.text(QAccessible.Text.Name).split())
    value = " ".join(thing.text(QAccessible.Text.Value).split())
    if not name and not value:
        return ""
    state = thing.state()
    marks = [
        word
        for word, holds in (
            ("disabled", bool(state.disabled)),
            ("checked", bool(state.checked)),
            ("selected", bool(state.selected)),
            ("focused", bool(state.focused)),
        )
        if holds
    ]
    text = f"{_role_name(role)}: {name}"
    if value and value != name:
        text += f" = {value}"
    return f"{text} ({', '.join(marks)})" if marks else text


def _role_name(role: QAccessible.Role) -> str:
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in role.name)
    return words.strip()
