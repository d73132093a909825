"""The parts of the Diagnostics page that are tables: servers, kept balances, events. Below each, one line in full."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.ui.models.diagnostics_events import EventsModel
from desktop_wallet.ui.models.diagnostics_kept import KeptColumn, KeptModel, KeptView
from desktop_wallet.ui.models.diagnostics_servers import ServersModel
from desktop_wallet.ui.pages.accounts_scroll import GUTTER
from desktop_wallet.ui.pages.diagnostics_table import CellTable, Width
from desktop_wallet.ui.theme import GRID, PAGE_MARGIN, TextStyle, Token
from desktop_wallet.ui.widgets.buttons import SecondaryButton
from desktop_wallet.ui.widgets.empty import EmptyState
from desktop_wallet.ui.widgets.fields import Choice, SearchField
from desktop_wallet.ui.widgets.text import Text
from desktop_wallet.ui.words import count_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.services.diagnostics import ServerLine
    from desktop_wallet.services.events import Event
    from desktop_wallet.ui.models.diagnostics_cells import CellsModel
    from desktop_wallet.ui.pages.page import Shell

_TALLEST = 16_777_215
"""Qt's word for no limit (QWIDGETSIZE_MAX)."""
_SERVER_WIDTHS = (
    Width("rollup.practice.invalid", 3),
    Width("Arbitrum One", 1),
    Width("Stands still 2m 0s", 0, extra=10),
    Width("300,000,000", 1),
    Width("1,200 ms", 0, 560),
    Width("Requests", 0, 780, extra=10),
    Width("Failures", 0, 680, extra=10),
    Width("Server not reached", 2, 940),
)
_KEPT_WIDTHS = (
    Width("Account 1 0x5290…9EE7", 3),
    Width("Ethereum", 1, 500),
    Width("USDC", 1, extra=20),
    Width("Unavailable · 59 min", 0, extra=26),
    Width("59 min", 0, 820, extra=10),
    Width("Time left", 0, 0, extra=10),
    Width("Memory", 0, 680),
)
_EVENT_WIDTHS = (Width("23:59:59"), Width("Invalidation", extra=16), Width("", 1))
_ORDERS = (
    ("As on Balances", None, False),
    ("Least time left", KeptColumn.LEFT, False),
    ("Oldest first", KeptColumn.AGE, True),
    ("Newest first", KeptColumn.AGE, False),
    ("By freshness", KeptColumn.BADGE, False),
    ("By network", KeptColumn.NETWORK, False),
    ("By asset", KeptColumn.ASSET, False),
    ("From the disk first", KeptColumn.SOURCE, True),
)


class _TablePart(QWidget):
    """A row of tools, a table or why it is empty, and the current line in full."""

    def __init__(
        self,
        shell: Shell,
        name: str,
        model: CellsModel,
        widths: Sequence[Width],
        tools: Sequence[tuple[QWidget, int]],
        empty: EmptyState,
    ) -> None:
        super().__init__()
        theme = shell.theme
        self._shell = shell
        self._cells = model
        self.setAccessibleName(name)
        self.table = CellTable(theme, name, model, widths)
        self.empty = empty
        self.whole = Text(theme, "", TextStyle.SMALL, Token.MUTED, wrap=True, selectable=True)
        self.whole.hide()
        self._places = QStackedWidget()
        self._places.addWidget(self.table)
        self._places.addWidget(empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, GUTTER, PAGE_MARGIN)
        column.setSpacing(2 * GRID)
        if tools:
            row = QHBoxLayout()
            row.setSpacing(2 * GRID)
            for tool, stretch in tools:
                row.addWidget(tool, stretch)
            column.addLayout(row)
        column.addWidget(self._places, 1_000)
        column.addWidget(self.whole)
        column.addStretch(1)
        self.table.chosen.connect(self._on_chosen)
        self.table.copy_wanted.connect(self._on_copy_wanted)
        model.relaid.connect(self._settle)
        self._settle()

    def forget(self) -> None:
        """Nothing of a session stays behind."""
        self.whole.set_text("")
        self.whole.hide()

    def show_whole(self) -> None:
        """Say the current line in full."""
        line = self.table.line
        text = self._cells.explain(line, 0) if line >= 0 else ""
        self.whole.set_text(text)
        self.whole.setVisible(bool(text))

    def _settle(self) -> None:
        there = self._cells.lines > 0
        self._places.setCurrentWidget(self.table if there else self.empty)
        # The table ends with its last line, so that nobody looks for more below it.
        self._places.setMaximumHeight(self.table.content_height if there else _TALLEST)
        self.show_whole()

    def _on_chosen(self, _line: int) -> None:
        self.show_whole()

    def _on_copy_wanted(self, text: str) -> None:
        self._shell.copy(text, "Line")


class ServersPart(_TablePart):
    """Every server in use."""

    def __init__(self, shell: Shell) -> None:
        self.model = ServersModel(shell.clock)
        empty = EmptyState(
            shell.theme,
            "globe",
            "No networks chosen",
            "No server is asked for anything before you choose which networks the wallet reads.",
            ("Choose networks", lambda: shell.open_page("settings")),
        )
        super().__init__(shell, "Servers", self.model, _SERVER_WIDTHS, (), empty)

    def show_servers(self, lines: Sequence[ServerLine]) -> None:
        """Show how these servers do."""
        self.model.show(lines, *self.table.visible_lines())
        self.show_whole()

    @override
    def forget(self) -> None:
        self.model.show(())
        super().forget()


class KeptPart(_TablePart):
    """Every balance that is kept."""

    view_wanted = Signal(object)
    """A KeptView that the person wants."""

    def __init__(self, shell: Shell) -> None:
        theme = shell.theme
        self.model = KeptModel()
        self.search = SearchField(theme, "Search account, network or asset")
        self.order = Choice(theme, "Order")
        for words, *_ in _ORDERS:
            self.order.addItem(words)
        self.count = Text(theme, "", TextStyle.SMALL, Token.MUTED)
        empty = EmptyState(theme, "clock", "Nothing is kept", "Balances stand here once they have been read.")
        tools = ((self.search, 1), (self.order, 0), (self.count, 0))
        super().__init__(shell, "Kept balances", self.model, _KEPT_WIDTHS, tools, empty)
        self.search.searched.connect(self._on_view_changed)
        self.order.activated.connect(self._on_view_changed)

    def tick(self) -> None:
        """A second has passed."""
        self.model.tick(*self.table.visible_lines())
        self.show_whole()

    def show_counts(self) -> None:
        """Say how many there are, or why there are none."""
        shown, total = self.model.lines, self.model.total
        self.count.set_text(count_text(total, "balance") if shown == total else f"{shown:,} of {total:,}")
        if total and not shown:
            self.empty.set_words("Nothing found", f"No kept balance matches “{self.model.view.search.strip()}”.")
        else:
            self.empty.set_words("Nothing is kept", "Balances stand here once they have been read.")

    @override
    def forget(self) -> None:
        self.model.attach(None)
        self.search.clear()
        self.order.setCurrentIndex(0)
        self.count.set_text("")
        super().forget()

    def _on_view_changed(self, _what: object) -> None:
        _, by, descending = _ORDERS[self.order.currentIndex()]
        view = KeptView(self.search.text(), by, descending)
        if view != self.model.view:
            self.view_wanted.emit(replace(view))


class EventsPart(_TablePart):
    """The last things that happened."""

    def __init__(self, shell: Shell) -> None:
        theme = shell.theme
        self.model = EventsModel()
        self.search = SearchField(theme, "Search events")
        self.copy = SecondaryButton(theme, "Copy all", "copy", self._on_copy_clicked)
        self.copy.setToolTip("Copy every event that is shown")
        empty = EmptyState(theme, "activity", "Nothing yet", "What the wallet does and meets stands here.")
        tools = ((self.search, 1), (self.copy, 0))
        super().__init__(shell, "Events", self.model, _EVENT_WIDTHS, tools, empty)
        self.search.searched.connect(self._on_searched)

    def show_events(self, events: Sequence[Event]) -> None:
        """Show these events."""
        self.model.show(events)
        self.copy.setEnabled(self.model.lines > 0)

    @override
    def forget(self) -> None:
        self.search.clear()
        self.model.search("")
        self.model.show(())
        super().forget()

    def _on_searched(self, text: str) -> None:
        self.model.search(text)
        words = f"No event matches “{text.strip()}”."
        if self.model.narrowed:
            self.empty.set_words("Nothing found", words)
        else:
            self.empty.set_words("Nothing yet", "What the wallet does and meets stands here.")

    def _on_copy_clicked(self) -> None:
        self._shell.copy(self.model.copied_all(), "Events")
