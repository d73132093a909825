"""What the tables of the Diagnostics page share: cells made when they are painted, and a thin item model over lines."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from typing_extensions import override

from desktop_wallet.ui.theme import TextStyle, Token

if TYPE_CHECKING:
    from typing import Any

    from desktop_wallet.core.freshness import Badge

    Index = QModelIndex | QPersistentModelIndex

CELL_ROLE = int(Qt.ItemDataRole.UserRole)
"""What a cell shows, as a Cell."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text with a quieter note after it; before it a dot, or in its place a badge."""

    text: str
    note: str = ""
    token: Token = Token.TEXT
    style: TextStyle = TextStyle.BODY
    dot: Token | None = None
    badge: Badge | None = None

    @property
    def spoken(self) -> str:
        """Return what a screen reader says."""
        return ", ".join(part for part in (self.text, self.note) if part)


@dataclass(frozen=True, slots=True)
class Head:
    """A column: its title, whether numbers stand in it, and what its title means."""

    title: str
    number: bool = False
    means: str = ""


class CellsModel(QAbstractTableModel):
    """Lines of cells. Who derives from it knows the lines; of what is out of sight no cell is made."""

    heads: ClassVar[tuple[Head, ...]]

    relaid = Signal()
    """Lines came, went or moved."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._made: dict[tuple[int, int], Cell] = {}

    # What who derives from it knows

    @property
    @abstractmethod
    def lines(self) -> int:
        """How many lines there are."""

    @abstractmethod
    def make_cell(self, line: int, column: int) -> Cell:
        """Return what a cell shows now."""

    @abstractmethod
    def key_at(self, line: int) -> object:
        """Return what names the line wherever it stands."""

    @abstractmethod
    def line_of(self, key: object) -> int | None:
        """Return the line that this names, None if it is not there."""

    @abstractmethod
    def explain(self, line: int, column: int) -> str:
        """Return what the tooltip of a cell says."""

    @abstractmethod
    def copied_text(self, line: int) -> str:
        """Return the line as text for a clipboard: cells parted by tabs."""

    # For tables

    def cell(self, line: int, column: int) -> Cell:
        """Return what a cell shows; kept until it is looked at again."""
        made = self._made.get((line, column))
        if made is None:
            made = self._made[line, column] = self.make_cell(line, column)
        return made

    def look_again(self, first: int, last: int) -> None:
        """Repaint the lines from first to last whose cells say something else by now; drop those out of sight."""
        before, self._made = self._made, {}
        last = min(last, self.lines - 1)
        columns = len(self.heads)
        for line in range(first, last + 1):
            made = [(line, column) for column in range(columns) if (line, column) in before]
            if any(before[place] != self.cell(*place) for place in made):
                self.dataChanged.emit(self.index(line, 0), self.index(line, columns - 1))

    def forget_cells(self) -> None:
        """Make every cell anew at its next paint."""
        self._made.clear()

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else self.lines

    @override
    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.heads)

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        head = self.heads[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return head.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return head.means or None
        if role == Qt.ItemDataRole.TextAlignmentRole and head.number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line, column = index.row(), index.column()
        if not 0 <= line < self.lines:
            return None
        if role == CELL_ROLE:
            return self.cell(line, column)
        if role == Qt.ItemDataRole.DisplayRole:
            return self.cell(line, column).text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.spoken(line, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and self.heads[column].number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def spoken(self, line: int, column: int) -> str:
        """Return what a screen reader says of a cell: the first tells the whole line."""
        if column:
            return self.cell(line, column).spoken
        told = (
            (head, self.cell(line, place).spoken) for place, head in enumerate(self.heads) if head.title or not place
        )
        return ", ".join(f"{head.title}: {said}" if place else said for place, (head, said) in enumerate(told) if said)

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
