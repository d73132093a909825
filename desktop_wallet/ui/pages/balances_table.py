"""The balances table: lines of one height, headings that fold, keys and a menu for each balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPainterPath,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QToolTip, QWidget
from typing_extensions import override

from desktop_wallet.ui.models.balance_snapshot import BalanceRow
from desktop_wallet.ui.models.balance_view import Grouping, Order
from desktop_wallet.ui.models.balance_words import ORDERS, Column, amount_text, explanation
from desktop_wallet.ui.pages.balances_delegate import PADDING, BalancesDelegate
from desktop_wallet.ui.theme import RADIUS_CARD, ROW_HEIGHT, TextStyle, Token
from desktop_wallet.ui.widgets.badge import Ring
from desktop_wallet.ui.widgets.text import tooltip

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.ui.models.balances_model import BalancesModel
    from desktop_wallet.ui.theme import Theme

COPY_AMOUNT, COPY_ADDRESS, REFRESH, FORGET = "copy-amount", "copy-address", "refresh", "forget"
_MENU = (
    (COPY_AMOUNT, "Copy amount", "Ctrl+C"),
    (COPY_ADDRESS, "Copy address", "Ctrl+Shift+C"),
    (REFRESH, "Refresh this", "Ctrl+Return"),
    (FORGET, "Forget this", "Del"),
)
_BADGE_WIDTH = 172
_SLACK = 4
_NARROWEST, _WIDEST = 72, 132
_LEAST_ASSET, _WIDE_ASSET = 124, 240
_SHRINKING = ((Column.FRESHNESS, 142), (Column.NETWORK, 84), (Column.AMOUNT, 136), (Column.ACCOUNT, 64))
"""Who gives room to the asset when it is short, in this order, and down to how many pixels."""


class BalancesTable(QTableView):
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
        super().__init__(parent)
        self._theme = theme
        self._balances = model
        self._clock = clock
        self._kept: BalanceKey | None = None
        self._restoring = False
        self._label_widths: dict[Column, int] = {}
        self._ring = Ring(self)
        self._ring.turned.connect(self._on_ring_turned)
        self._delegate = BalancesDelegate(theme, self._ring, self)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName("Balances")
        self.setAccessibleDescription("Enter opens where a number comes from; left and right fold and unfold a group.")
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setMouseTracking(False)
        self._set_up_heads()
        self._actions = {name: self._action(name, text, keys) for name, text, keys in _MENU}
        model.modelAboutToBeReset.connect(self._on_about_to_be_reset)
        model.relaid.connect(self._on_relaid)
        theme.changed.connect(self._on_theme_changed)

    def _set_up_heads(self) -> None:
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_HEIGHT)
        heads = self.horizontalHeader()
        heads.setFont(self._theme.font(TextStyle.SMALL))
        heads.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        heads.setFixedHeight(ROW_HEIGHT - 1)
        heads.setHighlightSections(False)
        heads.setSectionsClickable(True)
        heads.setSectionsMovable(False)
        heads.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        heads.setMinimumSectionSize(40)
        heads.setAccessibleName("Columns of the balances")
        heads.sectionClicked.connect(self._on_head_clicked)
        heads.setToolTip("Click to sort, again to reverse, a third time for the natural order")

    def _action(self, name: str, text: str, keys: str) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda _checked=False, name=name: self._on_action(name))
        self.addAction(action)
        return action

    # From the page

    @property
    def key(self) -> BalanceKey | None:
        """Return the balance that is current, None on a heading or on nothing."""
        return self._balances.key_at(self.currentIndex().row()) if self.currentIndex().isValid() else None

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

    def visible_lines(self) -> tuple[int, int]:
        """Return the first and the last line in sight; the last is below the first when there is none."""
        height = self.viewport().height()
        first, last = self.rowAt(0), self.rowAt(height - 1)
        if first < 0:
            return 0, -1
        return first, last if last >= 0 else self._balances.rowCount() - 1

    @property
    def content_height(self) -> int:
        """Return the height at which every line is in sight."""
        return self.horizontalHeader().height() + self._balances.rowCount() * ROW_HEIGHT + 2 * self.frameWidth()

    def lay_out_columns(self) -> None:
        """Share the width among the columns: amounts and badges whole, the rest by what it says."""
        width = self.viewport().width()
        grouping = self._balances.rows.view.grouping
        snapshot = self._balances.rows.snapshot
        alone = snapshot is None or len(snapshot.names.accounts) <= len(snapshot.names.wallets)
        self.setColumnHidden(Column.ACCOUNT, grouping is Grouping.WALLET and alone)
        self.setColumnHidden(Column.NETWORK, grouping is Grouping.NETWORK)
        widths = {Column.FRESHNESS: _BADGE_WIDTH, Column.AMOUNT: max(132, min(240, round(width * 0.25)))}
        for column in (Column.ACCOUNT, Column.NETWORK):
            if not self.isColumnHidden(column):
                widths[column] = self._label_widths.get(column, _NARROWEST)
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
        self._round_corners()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        group = self._balances.group_at(self.currentIndex().row())
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space if not event.modifiers():
                self._open_current()
            case Qt.Key.Key_Left if not event.modifiers():
                self._fold_current(folded=True)
            case Qt.Key.Key_Right if group is not None and not event.modifiers():
                self._balances.fold(group, folded=False)
            case Qt.Key.Key_Home | Qt.Key.Key_End:
                last = self._balances.rowCount() - 1
                line = 0 if event.key() == Qt.Key.Key_Home else last
                self.setCurrentIndex(self._balances.index(line, Column.ASSET))
            case _:
                super().keyPressEvent(event)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        line = self.indexAt(event.position().toPoint()).row()
        if line >= 0 and line == self.currentIndex().row():
            self._open_current()

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.key is None:
            return
        menu = QMenu(self)
        menu.setAccessibleName("This balance")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(list(self._actions.values()))
        where = event.globalPos()
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            where = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft())
        menu.popup(where)

    @override
    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.tooltip_at(event.pos()), self.viewport())
            return True
        return super().viewportEvent(event)

    def tooltip_at(self, place: QPoint) -> str:
        """Return the tooltip for a place in the viewport, safe against markup in names."""
        return tooltip(self._explained(place))

    def _explained(self, place: QPoint) -> str:
        index = self.indexAt(place)
        line = self._balances.line(index.row()) if index.isValid() else None
        if not isinstance(line, BalanceRow):
            return ""
        match index.column():
            case Column.FRESHNESS:
                return explanation(line, self._clock.now())
            case Column.AMOUNT:
                return f"{amount_text(line)} {line.asset.symbol}"
            case Column.ACCOUNT:
                return f"{line.account.wallet_label} · {line.account.label}"
            case Column.NETWORK:
                return line.asset.network.name
            case _:
                return f"{line.asset.symbol} {line.asset.name}"

    # Within

    def _round_corners(self) -> None:
        """Paint the lower corners round: lines would else stand out over the frame's."""
        area = QRectF(self.viewport().rect())
        outline = QPainterPath()
        # The frame's own outline, seen from the viewport, which begins within it and below the heads.
        frame = area.adjusted(-0.5, -2 * RADIUS_CARD, 0.5, 0.5)
        outline.addRoundedRect(frame, RADIUS_CARD, RADIUS_CARD)
        corners = QPainterPath()
        lower = area.adjusted(0, area.height() - RADIUS_CARD, 0, 0)
        if self.verticalScrollBar().isVisible():
            lower.setWidth(RADIUS_CARD)
        corners.addRect(lower)
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillPath(corners.subtracted(outline), self._theme.color(Token.WINDOW))
        painter.setClipPath(corners)
        painter.setPen(self._theme.color(Token.ACCENT if self.hasFocus() else Token.LINE))
        painter.drawPath(outline)
        painter.end()

    def _open_current(self) -> None:
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
        first = order is Order.AMOUNT
        if view.order is not order:
            self.ordered.emit(order, first)
        elif view.descending is first:
            self.ordered.emit(order, not first)
        else:
            self.ordered.emit(Order.NATURAL, False)

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

    def _on_theme_changed(self) -> None:
        self.viewport().update()
