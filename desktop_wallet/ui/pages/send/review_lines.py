"""Lines of a review on screen: a label at the left, what it says beside it, quieter words and a note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop_wallet.ui.pages.send.names import whole
from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.ui.pages.send.review_words import Line

LABEL_WIDTH = 96
_BUTTON_TOP = 4
"""How far a button pushes down the words beside it."""


def labelled(theme: Theme, label: str, *, top: int = 0) -> tuple[QHBoxLayout, QVBoxLayout, Text]:
    """Return a row with its label, the column beside it, and the label itself."""
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(5 * GRID)
    words = Text(theme, label, token=Token.MUTED)
    words.setFixedWidth(LABEL_WIDTH)
    words.setContentsMargins(0, top, 0, 0)
    column = QVBoxLayout()
    column.setSpacing(1)
    row.addWidget(words, 0, Qt.AlignmentFlag.AlignTop)
    row.addLayout(column, 1)
    return row, column, words


def lay_out(widget: QWidget) -> None:
    """Lay out what is in a widget now, if something in it has changed."""
    layout = widget.layout()
    if layout is not None:
        layout.activate()


class LineView(QWidget):
    """One line, with a button after its words if there is one."""

    def __init__(self, theme: Theme, button: QWidget | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row, self.column, self._label = labelled(theme, "", top=0 if button is None else _BUTTON_TOP)
        self._value = Text(theme, wrap=True, selectable=True)
        self._quiet = Text(theme, token=Token.MUTED, wrap=True)
        self._note = Text(theme, style=TextStyle.SMALL, token=Token.MUTED, wrap=True)
        self._value.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        beside = QHBoxLayout()
        beside.setSpacing(GRID)
        beside.addWidget(self._value)
        beside.addWidget(self._quiet, 0 if button else 1)
        if button is not None:
            self._quiet.setWordWrap(False)
            beside.addWidget(button)
            beside.addStretch(1)
        self.column.addLayout(beside)
        self.column.addWidget(self._note)
        self.setLayout(row)
        self._line: Line | None = None

    def show_line(self, line: Line | None) -> None:
        """Show this line, or none."""
        if line == self._line:
            return
        self._line = line
        self.setVisible(line is not None)
        if line is None:
            return
        self._label.set_text(line.label)
        self._value.set_text(line.value)
        self._value.setAccessibleName(whole(line.value))
        self._quiet.set_text(line.quiet)
        self._quiet.setVisible(bool(line.quiet))
        # What stands alone may take the whole width and breaks there; beside quieter words it keeps to one line.
        across = QSizePolicy.Policy.Preferred if not line.quiet else QSizePolicy.Policy.Maximum
        self._value.setSizePolicy(across, QSizePolicy.Policy.Preferred)
        self._value.setWordWrap(not line.quiet)
        self._note.set_text(line.note)
        self._note.setVisible(bool(line.note))

    @property
    def line(self) -> Line | None:
        """Return what is shown."""
        return self._line


class LineList(QWidget):
    """Several lines, one below the other; those that are there are used again."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(10)
        self._views: list[LineView] = []

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show these lines and no others."""
        while len(self._views) < len(lines):
            view = LineView(self._theme)
            self._views.append(view)
            self._column.addWidget(view)
        for place, view in enumerate(self._views):
            view.show_line(lines[place] if place < len(lines) else None)
        self.setVisible(bool(lines))

    @property
    def views(self) -> tuple[LineView, ...]:
        """Return the lines as they are shown."""
        return tuple(self._views)

    @property
    def lines(self) -> tuple[Line, ...]:
        """Return what is shown."""
        return tuple(view.line for view in self._views if view.line is not None)
