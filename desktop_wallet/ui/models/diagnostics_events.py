"""The last events as lines of a table, the newest first."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from desktop_wallet.ui.measures import clock_text
from desktop_wallet.ui.models.diagnostics_cells import Cell, CellsModel, Head
from desktop_wallet.ui.models.diagnostics_words import EVENT_WORDS, event_text
from desktop_wallet.ui.theme import Token

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtCore import QObject

    from desktop_wallet.services.events import Event


class EventColumn(enum.IntEnum):
    """The columns, from left to right."""

    TIME = 0
    ABOUT = 1
    WHAT = 2


class EventsModel(CellsModel):
    """Shows the events that match a search. Words are made once for each event."""

    heads: ClassVar[tuple[Head, ...]] = (Head("Time"), Head("About"), Head("What happened"))

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: Sequence[Event] = ()
        self._shown: list[Event] = []
        self._words: dict[int, str] = {}
        self._search = ""
        self._network_name: Callable[[str], str] = str

    def name_networks(self, network_name: Callable[[str], str]) -> None:
        """Have networks called by their names; `network_name` is given an id."""
        self._network_name = network_name
        self._words.clear()

    def show(self, events: Sequence[Event]) -> None:
        """Show these events, the newest first."""
        kept = {event.number for event in events}
        self._words = {number: words for number, words in self._words.items() if number in kept}
        self._all = events
        self._lay_out()

    def search(self, text: str) -> None:
        """Show only what contains this text."""
        if text != self._search:
            self._search = text
            self._lay_out()

    @property
    def narrowed(self) -> bool:
        """Return whether something is searched for."""
        return bool(self._search.strip())

    def words_at(self, line: int) -> str:
        """Return what happened, in words; empty if there is no such line."""
        return self._words_of(self._shown[line]) if 0 <= line < len(self._shown) else ""

    @property
    @override
    def lines(self) -> int:
        return len(self._shown)

    @override
    def key_at(self, line: int) -> object:
        return self._shown[line].number if 0 <= line < len(self._shown) else None

    @override
    def line_of(self, key: object) -> int | None:
        return next((line for line, event in enumerate(self._shown) if event.number == key), None)

    @override
    def make_cell(self, line: int, column: int) -> Cell:
        event = self._shown[line]
        match EventColumn(column):
            case EventColumn.TIME:
                return Cell(clock_text(event.at.wall_s), token=Token.MUTED)
            case EventColumn.ABOUT:
                return Cell(EVENT_WORDS[event.kind], dot=Token.STALE if event.trouble else Token.LINE)
            case EventColumn.WHAT:
                return Cell(self._words_of(event))

    @override
    def explain(self, line: int, column: int) -> str:
        return self.words_at(line)

    @override
    def copied_text(self, line: int) -> str:
        if not 0 <= line < len(self._shown):
            return ""
        event = self._shown[line]
        return "\t".join((clock_text(event.at.wall_s), EVENT_WORDS[event.kind], self._words_of(event)))

    def copied_all(self) -> str:
        """Return every line that is shown, one a line."""
        return "\n".join(self.copied_text(line) for line in range(self.lines))

    def _words_of(self, event: Event) -> str:
        words = self._words.get(event.number)
        if words is None:
            words = self._words[event.number] = event_text(event, self._network_name)
        return words

    def _lay_out(self) -> None:
        wanted = self._search.strip().casefold()
        shown = [
            event
            for event in self._all
            if not wanted or wanted in self._words_of(event).casefold() or wanted in event.kind.value
        ]
        if [event.number for event in shown] == [event.number for event in self._shown]:
            return
        self.beginResetModel()
        self._shown = shown
        self.forget_cells()
        self.endResetModel()
        self.relaid.emit()
