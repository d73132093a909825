"""The upper part of the Activity page: how much there is, what waits, and which of it is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.ui.models.activity_rows import Group
from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import SecondaryButton
from desktop_wallet.ui.widgets.fields import Choice, SearchField, SegmentedControl
from desktop_wallet.ui.widgets.text import ElidedText, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QResizeEvent

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.networks import NetworkId

_SEARCH = "Search address, note, transaction, asset, amount"
_SHORT_SEARCH = 400
_CHOICE_WIDTH = 150
_ALL_AND_ONE = 2
_CRAMPED = 680
_GROUPS = [
    (Group.ALL.value, "All"),
    (Group.WAITING.value, "Waiting"),
    (Group.DONE.value, "Done"),
    (Group.PROBLEMS.value, "Problems"),
]


class ActivityHead(QWidget):
    """The heading with its line of counts, the choices, and the export."""

    network_chosen = Signal(object)
    """A NetworkId, or None for all."""
    account_chosen = Signal(object)
    """An Address, or None for all."""
    export_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = Text(theme, "Activity", TextStyle.BODY, Token.MUTED)
        self.line = ElidedText(theme, "", TextStyle.SMALL)
        self.networks = Choice(theme, "Network")
        self.accounts = Choice(theme, "Account")
        self.export = SecondaryButton(theme, "Export CSV", "file-down", self.export_wanted.emit)
        self.export.setToolTip("Save the lines shown here as a table for other programs")
        words = QVBoxLayout()
        words.setSpacing(GRID)
        words.addWidget(self.title)
        words.addWidget(self.line)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addLayout(words, 1)
        for choice in (self.networks, self.accounts):
            choice.setFixedWidth(_CHOICE_WIDTH)
            row.addWidget(choice, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.export, 0, Qt.AlignmentFlag.AlignBottom)
        self.networks.activated.connect(self._on_network_activated)
        self.accounts.activated.connect(self._on_account_activated)

    def show_networks(self, names: Sequence[tuple[str, NetworkId]], chosen: NetworkId | None) -> None:
        """Offer these networks."""
        _fill(self.networks, "All networks", names, chosen)

    def show_accounts(self, names: Sequence[tuple[str, Address]], chosen: Address | None) -> None:
        """Offer these accounts."""
        _fill(self.accounts, "All accounts", names, chosen)

    def settle(self, *, any_there: bool, any_shown: bool) -> None:
        """Offer what there is something for; where there is only one of a kind there is nothing to choose."""
        for part in (self.line, self.export):
            part.setVisible(any_there)
        for choice in (self.networks, self.accounts):
            choice.setVisible(any_there and choice.count() > _ALL_AND_ONE)
        self.export.setEnabled(any_shown)

    def clear(self) -> None:
        """Drop every name."""
        self.line.set_text("")
        for choice in (self.networks, self.accounts):
            with QSignalBlocker(choice):
                choice.clear()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Where room is short, the words about the numbers count for more than pictures on buttons.
        self.export.set_icon("" if self.width() < _CRAMPED else "file-down")

    def _on_network_activated(self, index: int) -> None:
        self.network_chosen.emit(self.networks.itemData(index))

    def _on_account_activated(self, index: int) -> None:
        self.account_chosen.emit(self.accounts.itemData(index))


class ActivityTools(QWidget):
    """The search, and which states are wanted."""

    searched = Signal(str)
    grouped = Signal(object)
    """The Group that was chosen."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = SearchField(theme, _SEARCH)
        self.groups = SegmentedControl(theme, _GROUPS, "Show")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(self.search, 1)
        row.addWidget(self.groups)
        self.search.searched.connect(self.searched)
        self.groups.changed.connect(self._on_groups_changed)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.search.setPlaceholderText(_SEARCH if self.search.width() >= _SHORT_SEARCH else "Search")

    def _on_groups_changed(self, value: str) -> None:
        self.grouped.emit(Group(value))


def _fill(choice: Choice, everything: str, names: Sequence[tuple[str, object]], chosen: object) -> None:
    with QSignalBlocker(choice):
        choice.clear()
        choice.addItem(everything, None)
        for name, data in names:
            choice.addItem(name, data)
        at = next((place for place, (_, data) in enumerate(names, 1) if data == chosen), 0)
        choice.setCurrentIndex(at)
