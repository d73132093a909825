"""The balances table: lines of one height, headings that fold, keys and a menu for each balance."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from desktop_wallet.ui.models.balance_snapshot import BalanceRow
from desktop_wallet.ui.models.balance_view import Grouping, Order
from desktop_wallet.ui.models.balance_words import (
    ORDERS,
    Column,
    amount_text,
    change_text,
    explanation,
    value_explanation,
)
from desktop_wallet.ui.pages.balances_delegate import BalancesDelegate
from desktop_wallet.ui.pages.line_delegate import PADDING
from desktop_wallet.ui.pages.line_table import LineTable
from desktop_wallet.ui.theme import TextStyle
from desktop_wallet.ui.widgets.badge import Ring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.ui.models.balances_model import BalancesModel
    from desktop_wallet.ui.theme import Theme

COPY_AMOUNT, COPY_ADDRESS, REFRESH, FORGET = "copy-amount", "copy-address", "refresh", "forget"
SEND = "send"
_MENU = (
    (SEND, "Send", "Ctrl+S"),
    (COPY_AMOUNT, "Copy amount", "Ctrl+C"),
    (COPY_ADDRESS, "Copy address", "Ctrl+Shift+C"),
    (REFRESH, "Refresh this", "Ctrl+Return"),
    (FORGET, "Forget this", "Del"),
)
_BADGE_WIDTH = 172
_SLACK = 4
_NARROWEST, _WIDEST = 72, 132
_LEAST_ASSET, _WIDE_ASSET = 124, 240
_LEAST_VALUE, _MOST_VALUE = 108, 150
_LEAST_PRICED = 580
"""In a narrower table, beside the details, the names keep their room: the details tell the value."""
_SHRINKING = (
    (Column.FRESHNESS, 142),
    (Column.AMOUNT, 136),
    (Column.NETWORK, 84),
    (Column.ACCOUNT, 64),
    (Column.VALUE, _LEAST_VALUE),
    (Column.AMOUNT, 112),
)
"""Who gives room to the asset when it is short, in this order, and down to how many pixels."""


class BalancesTable(LineTable):
    """Shows a BalancesModel. What a person wants of a balance is told by signal, with its key."""

    chosen = Signal(object)
    """A BalanceKey became current, or None when a heading did."""
    opened = Signal(object)
    """The details of this BalanceKey are wanted (Enter or click)."""
    wanted = Signal(str, object)
    """An action of the menu, and the BalanceKey it is for."""
    ordered = Signal(object, bool)
    """The Order that a head asks for, and whether descending."""

    def __init__(self, theme: Theme, model: BalancesModel, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(theme, "Balances", parent)
        self._balances = model
        self._clock = clock
        self._kept: BalanceKey | None = None
        self._restoring = False
        self._label_widths: dict[Column, int] = {}
        self.waiting_on: Callable[[BalanceKey], int] = _nobody_knows
        """Told by the page: how many payments make a balance pending."""
        self._ring = Ring(self)
        self._ring.turned.connect(self._on_ring_turned)
        self._delegate = BalancesDelegate(theme, self._ring, self)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        model.modelReset.connect(self._on_reset)
        self.setAccessibleDescription("Enter opens where a number comes from; left and right fold and unfold a group.")
        heads = self.horizontalHeader()
        heads.setSectionsClickable(True)
        heads.sectionClicked.connect(self._on_head_clicked)
        heads.setToolTip("Click to sort, again to reverse, a third time for the natural order")
        self._actions = [self._action(text, keys, partial(self._on_action, name)) for name, text, keys in _MENU]
        model.modelAboutToBeReset.connect(self._on_about_to_be_reset)
        model.relaid.connect(self._on_relaid)

    # From the page

    @property
    def key(self) -> BalanceKey | None:
        """Return the balance that is current, None on a heading or on nothing."""
        return self._balances.key_at(self.currentIndex().row()) if self.currentIndex().isValid() else None

    def visible_keys(self) -> tuple[BalanceKey, ...]:
        """Return the balances in sight, from top to bottom."""
        first, last = self.visible_lines()
        keys = (self._balances.key_at(line) for line in range(first, last + 1))
        return tuple(key for key in keys if key is not None)

    def select(self, key: BalanceKey | None) -> None:
        """Make a balance current where it is in sight, without opening it."""
        line = None if key is None else self._balances.line_of(key)
        self._restoring = True
        if line is None:
            self.setCurrentIndex(QModelIndex())
            self.clearSelection()
        else:
            self.setCurrentIndex(self._balances.index(line, Column.ASSET))
        self._restoring = False

    def lay_out_columns(self) -> None:
        """Share the width among the columns: amounts and badges whole, the rest by what it says."""
        width = self.viewport().width()
        grouping = self._balances.rows.view.grouping
        snapshot = self._balances.rows.snapshot
        alone = snapshot is None or len(snapshot.names.accounts) <= len(snapshot.names.wallets)
        self.setColumnHidden(Column.ACCOUNT, grouping is Grouping.WALLET and alone)
        self.setColumnHidden(Column.NETWORK, grouping is Grouping.NETWORK)
        priced = self._has_room_for_values
        self.setColumnHidden(Column.VALUE, not priced)
        widths = {Column.FRESHNESS: _BADGE_WIDTH, Column.AMOUNT: max(132, min(240, round(width * 0.25)))}
        if priced:
            widths[Column.AMOUNT] = max(132, min(220, round(width * 0.2)))
            widths[Column.VALUE] = max(_LEAST_VALUE, min(_MOST_VALUE, round(width * 0.15)))
        for column in (Column.ACCOUNT, Column.NETWORK):
            if not self.isColumnHidden(column):
                widths[column] = self._label_widths.get(column, _NARROWEST)
        self._delegate.network_below = self._is_crowded(widths, width)
        if self._delegate.network_below:
            widths[Column.ACCOUNT] = max(widths[Column.ACCOUNT], widths.pop(Column.NETWORK))
            self.setColumnHidden(Column.NETWORK, True)
        rest = width - sum(widths.values())
        for column, least in _SHRINKING:
            if column in widths and rest < _LEAST_ASSET:
                given = min(max(widths[column] - least, 0), _LEAST_ASSET - rest)
                widths[column] -= given
                rest += given
        spare = max(0, (rest - _WIDE_ASSET) // 3)
        for column in widths:
            widths[column] += spare if column is not Column.FRESHNESS else 0
        widths[Column.ASSET] = max(width - sum(widths.values()), 0)
        for column, pixels in widths.items():
            self.setColumnWidth(column, pixels)

    @staticmethod
    def _is_crowded(widths: dict[Column, int], width: int) -> bool:
        """Return whether names would be cut for a column of networks, although all else has given room."""
        if Column.ACCOUNT not in widths or Column.NETWORK not in widths:
            return False
        least = dict(reversed(_SHRINKING))  # the first step of each: digits are cut later than names
        names = widths[Column.ACCOUNT] + widths[Column.NETWORK]
        rest = sum(
            min(pixels, least.get(column, pixels))
            for column, pixels in widths.items()
            if column not in (Column.ACCOUNT, Column.NETWORK)
        )
        return names + rest + _LEAST_ASSET > width

    def settle_values(self) -> None:
        """Show the column of values while prices are on, and only then."""
        if self._has_room_for_values == self.isColumnHidden(Column.VALUE):
            self.lay_out_columns()

    @property
    def _has_room_for_values(self) -> bool:
        snapshot = self._balances.rows.snapshot
        return snapshot is not None and snapshot.worths is not None and self.viewport().width() >= _LEAST_PRICED

    def _measure_labels(self) -> None:
        """Note how wide the longest account's and network's name are, within bounds."""
        self._label_widths = {}
        snapshot = self._balances.rows.snapshot
        if snapshot is None:
            return
        metrics = QFontMetrics(self._theme.font(TextStyle.BODY))
        for column, labels in (
            (Column.ACCOUNT, {words.label for words in snapshot.names.accounts}),
            (Column.NETWORK, {network.name for network in snapshot.names.networks.values()}),
        ):
            longest = max((metrics.horizontalAdvance(label) for label in labels), default=0)
            self._label_widths[column] = min(max(longest + 2 * PADDING + _SLACK, _NARROWEST), _WIDEST)

    def show_order(self, order: Order, *, descending: bool) -> None:
        """Mark the head that the rows are sorted by."""
        heads = self.horizontalHeader()
        column = next((column for column, known in ORDERS.items() if known is order), None)
        heads.setSortIndicatorShown(column is not None)
        if column is not None:
            side = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
            heads.setSortIndicator(column, side)

    # Events

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.lay_out_columns()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        self._delegate.ring_seen = False
        super().paintEvent(event)
        if self._delegate.ring_seen:
            self._ring.set_running(True)
        self.round_corners()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        group = self._balances.group_at(self.currentIndex().row())
        match event.key():
            case Qt.Key.Key_Left if not event.modifiers():
                self._fold_current(folded=True)
            case Qt.Key.Key_Right if group is not None and not event.modifiers():
                self._balances.fold(group, folded=False)
            case _:
                super().keyPressEvent(event)

    @override
    def menu_actions(self) -> Iterable[QAction]:
        return self._actions if self.key is not None else ()

    @override
    def explained(self, place: QPoint) -> str:
        index = self.indexAt(place)
        line = self._balances.line(index.row()) if index.isValid() else None
        if not isinstance(line, BalanceRow):
            return ""
        match index.column():
            case Column.FRESHNESS:
                return explanation(line, self._clock.now(), self.waiting_on(line.key))
            case Column.AMOUNT:
                change = change_text(line)
                return f"{amount_text(line)} {line.asset.symbol}" + (f"\n{change} expected" if change else "")
            case Column.VALUE:
                return value_explanation(line, self._clock.now())
            case Column.ACCOUNT:
                whose = f"{line.account.wallet_label} · {line.account.label}"
                return f"{whose}\n{line.asset.network.name}" if self._delegate.network_below else whose
            case Column.NETWORK:
                return line.asset.network.name
            case _:
                return f"{line.asset.symbol} {line.asset.name}"

    # Within

    @override
    def open_current(self) -> None:
        line = self.currentIndex().row()
        group = self._balances.group_at(line)
        if group is not None:
            shown = self._balances.line(line)
            self._balances.fold(group, folded=not getattr(shown, "folded", False))
        elif self.key is not None:
            self.opened.emit(self.key)

    def _fold_current(self, *, folded: bool) -> None:
        line = self.currentIndex().row()
        while line >= 0 and self._balances.group_at(line) is None:
            line -= 1
        group = self._balances.group_at(line)
        if group is not None:
            self.setCurrentIndex(self._balances.index(line, Column.ASSET))
            self._balances.fold(group, folded=folded)

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

    def _on_head_clicked(self, section: int) -> None:
        order, view = ORDERS[Column(section)], self._balances.rows.view
        # Amounts and ages are looked at from the top: the largest, the newest.
        first = order in (Order.AMOUNT, Order.VALUE)
        if view.order is not order:
            self.ordered.emit(order, first)
        elif view.descending is first:
            self.ordered.emit(order, not first)
        else:
            self.ordered.emit(Order.NATURAL, False)

    def _on_reset(self) -> None:
        if not self.model().rowCount():  # after a lock no amount stays behind, not even in a picture
            self._delegate.forget()

    def _on_about_to_be_reset(self) -> None:
        self._kept = self.key

    def _on_relaid(self) -> None:
        self.clearSpans()
        for line in self._balances.headings():
            self.setSpan(line, Column.ASSET, 1, Column.AMOUNT - Column.ASSET)
        self._measure_labels()
        self.lay_out_columns()
        if self._kept is not None:
            kept, self._kept = self._kept, None
            self.select(kept)

    def _on_ring_turned(self) -> None:
        first, last = self.visible_lines()
        seen = False
        for number in range(first, last + 1):
            line = self._balances.line(number)
            if isinstance(line, BalanceRow) and line.badge.updating:
                seen = True
                self.viewport().update(self.visualRect(self._balances.index(number, Column.FRESHNESS)))
        if not seen:
            self._ring.set_running(False)


def _nobody_knows(_: BalanceKey) -> int:
    return 0
