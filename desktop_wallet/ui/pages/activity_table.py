"""The activity table: lines of one height, keys and a menu for each of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, Signal
from PySide6.QtGui import QAction, QFontMetrics
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from desktop_wallet.core.addresses import display_address
from desktop_wallet.ui.models.activity_cells import Column, address_of, amount_text, counterparty, title, when_s
from desktop_wallet.ui.models.activity_rows import ActivityKey, ReceivedRow
from desktop_wallet.ui.pages.activity_badge import state_badge_width
from desktop_wallet.ui.pages.activity_delegate import ActivityDelegate
from desktop_wallet.ui.pages.activity_details_words import state_sentence
from desktop_wallet.ui.pages.details_words import moment_text
from desktop_wallet.ui.pages.line_delegate import PADDING
from desktop_wallet.ui.pages.line_table import LineTable
from desktop_wallet.ui.theme import TextStyle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from desktop_wallet.core.instants import Clock
    from desktop_wallet.ui.models.activity_model import ActivityModel
    from desktop_wallet.ui.models.activity_rows import Row
    from desktop_wallet.ui.theme import Theme

COPY_ROW, COPY_ADDRESS, COPY_ID = "copy-row", "copy-address", "copy-id"
_MENU = (
    (COPY_ROW, "Copy this line", "Ctrl+C"),
    (COPY_ADDRESS, "Copy address", "Ctrl+Shift+C"),
    (COPY_ID, "Copy transaction id", ""),
)
_LEAST_WHAT, _WIDE_WHAT = 188, 260
_WIDEST_STATE, _WIDEST_WORD = "Unknown · 59 min", "Confirmed"
_WIDEST_DAY, _WIDEST_ADDRESS = "yesterday", "from 0xDDD8…8888"
_TERSE = 660
"""Pixels of width under which states are said without their age."""
_SLACK = 6
_LEAST_AMOUNT = 108


class ActivityTable(LineTable):
    """Shows an ActivityModel. What a person wants of a line is told by signal, with its key."""

    chosen = Signal(object)
    """This ActivityKey became current."""
    opened = Signal(object)
    """The details of this ActivityKey are wanted (Enter or click)."""
    wanted = Signal(str, object)
    """An action of the menu, and the ActivityKey it is for."""

    def __init__(self, theme: Theme, model: ActivityModel, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(theme, "Activity", parent)
        self._activity = model
        self._clock = clock
        self._kept: ActivityKey | None = None
        self._restoring = False
        self._delegate = ActivityDelegate(theme, clock, self)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setAccessibleDescription("Enter opens everything that is known of a payment.")
        self._actions = [self._action(text, keys, partial(self._on_action, name)) for name, text, keys in _MENU]
        model.modelAboutToBeReset.connect(self._on_about_to_be_reset)
        model.relaid.connect(self._on_relaid)

    @property
    def key(self) -> ActivityKey | None:
        """Return what is current."""
        return self._activity.key_at(self.currentIndex().row()) if self.currentIndex().isValid() else None

    def select(self, key: ActivityKey | None) -> None:
        """Make a line current where it is in sight, without opening it."""
        line = None if key is None else self._activity.line_of(key)
        self._restoring = True
        if line is None:
            self.setCurrentIndex(QModelIndex())
            self.clearSelection()
        else:
            self.setCurrentIndex(self._activity.index(line, Column.WHAT))
        self._restoring = False

    def lay_out_columns(self) -> None:
        """Share the width among the columns: amounts and badges whole, the rest by what it says."""
        width = self.viewport().width()
        advance = QFontMetrics(self._theme.font(TextStyle.BODY)).horizontalAdvance
        self._delegate.terse = width < _TERSE
        state = _WIDEST_WORD if self._delegate.terse else _WIDEST_STATE
        least_with = advance(_WIDEST_ADDRESS) + PADDING + _SLACK
        widths = {
            Column.STATE: state_badge_width(state, self._theme) + PADDING + _SLACK,
            Column.WHEN: advance(_WIDEST_DAY) + PADDING + _SLACK,
            Column.AMOUNT: max(_LEAST_AMOUNT, min(220, round(width * 0.19))),
            Column.WITH: max(least_with, min(240, round(width * 0.24))),
        }
        rest = width - sum(widths.values())
        # What happened needs room; addresses and states are never cut for it.
        for column, least in ((Column.WITH, least_with), (Column.AMOUNT, _LEAST_AMOUNT)):
            if rest < _LEAST_WHAT:
                given = min(max(widths[column] - least, 0), _LEAST_WHAT - rest)
                widths[column] -= given
                rest += given
        spare = max(0, (rest - _WIDE_WHAT) // 2)
        for column in (Column.WITH, Column.AMOUNT):
            widths[column] += spare
        widths[Column.WHAT] = max(width - sum(widths.values()), 0)
        for column, pixels in widths.items():
            self.setColumnWidth(column, pixels)

    # What a line means

    @override
    def open_current(self) -> None:
        if self.key is not None:
            self.opened.emit(self.key)

    @override
    def menu_actions(self) -> Iterable[QAction]:
        if self.key is None:
            return ()
        row = self._activity.row(self.currentIndex().row())
        return self._actions[:2] if isinstance(row, ReceivedRow) else self._actions

    @override
    def explained(self, place: QPoint) -> str:
        index = self.indexAt(place)
        row = self._activity.row(index.row()) if index.isValid() else None
        return "" if row is None else self._explained(row, Column(index.column()))

    def _explained(self, row: Row, column: Column) -> str:
        match column:
            case Column.WHAT:
                return f"{title(row)} on {row.network.name}"
            case Column.WITH:
                return "\n".join(filter(None, (counterparty(row), display_address(address_of(row)))))
            case Column.AMOUNT:
                return f"{amount_text(row)} {row.asset.symbol}"
            case Column.STATE:
                return state_sentence(row, self._clock.now())
            case Column.WHEN:
                return moment_text(when_s(row), self._clock.now())

    # Events

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.lay_out_columns()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        self.round_corners()

    @override
    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        if not self._restoring and current.isValid():
            self.chosen.emit(self.key)

    def _on_action(self, name: str) -> None:
        if self.key is not None:
            self.wanted.emit(name, self.key)

    def _on_about_to_be_reset(self) -> None:
        self._kept = self.key

    def _on_relaid(self) -> None:
        self.lay_out_columns()
        if self._kept is not None:
            kept, self._kept = self._kept, None
            self.select(kept)
