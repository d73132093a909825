"""A table of lines of one height in a card: heads, keys, a menu and tooltips as every such table has them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QRectF, Qt
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPainterPath,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QToolTip, QWidget
from typing_extensions import override

from desktop_wallet.ui.theme import RADIUS_CARD, ROW_HEIGHT, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.text import tooltip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class LineTable(QTableView):
    """Looks and works as the tables of this window do; what a line means is the business of who derives from it.

    It takes no model by itself: Qt tells of the first current line while the model is set.
    """

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setMouseTracking(False)
        self._set_up_heads(f"Columns of the {name.lower()}")
        theme.changed.connect(self._on_theme_changed)

    def _set_up_heads(self, name: str) -> None:
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_HEIGHT)
        heads = self.horizontalHeader()
        heads.setFont(self._theme.font(TextStyle.SMALL))
        heads.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        heads.setFixedHeight(ROW_HEIGHT - 1)
        heads.setHighlightSections(False)
        heads.setSectionsMovable(False)
        heads.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        heads.setMinimumSectionSize(40)
        heads.setAccessibleName(name)

    def _action(self, text: str, keys: str, run: Callable[[], None]) -> QAction:
        """Return an action of the line that is current, with its key."""
        action = QAction(text, self)
        if keys:
            action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda _checked=False: run())
        self.addAction(action)
        return action

    # What a line means

    @abstractmethod
    def open_current(self) -> None:
        """Open what is current: Enter, Space or a click."""

    @abstractmethod
    def menu_actions(self) -> Iterable[QAction]:
        """Return what the menu of the current line offers; nothing where it has none."""

    @abstractmethod
    def explained(self, place: QPoint) -> str:
        """Return what the tooltip for a place in the viewport says, as plain text."""

    # For the page

    def visible_lines(self) -> tuple[int, int]:
        """Return the first and the last line in sight; the last is below the first when there is none."""
        height = self.viewport().height()
        first, last = self.rowAt(0), self.rowAt(height - 1)
        if first < 0:
            return 0, -1
        return first, last if last >= 0 else self.model().rowCount() - 1

    @property
    def content_height(self) -> int:
        """Return the height at which every line is in sight."""
        return self.horizontalHeader().height() + self.model().rowCount() * ROW_HEIGHT + 2 * self.frameWidth()

    def tooltip_at(self, place: QPoint) -> str:
        """Return the tooltip for a place in the viewport, safe against markup in names."""
        return tooltip(self.explained(place))

    # Events

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space if not event.modifiers():
                self.open_current()
            case Qt.Key.Key_Home | Qt.Key.Key_End:
                line = 0 if event.key() == Qt.Key.Key_Home else self.model().rowCount() - 1
                self.setCurrentIndex(self.model().index(line, 0))
            case _:
                super().keyPressEvent(event)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        line = self.indexAt(event.position().toPoint()).row()
        if line >= 0 and line == self.currentIndex().row():
            self.open_current()

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        actions = list(self.menu_actions())
        if not actions:
            return
        menu = QMenu(self)
        menu.setAccessibleName("This line")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(actions)
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

    def round_corners(self) -> None:
        """Paint the lower corners round: lines would else stand out over the frame's. Last in `paintEvent`."""
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

    def _on_theme_changed(self) -> None:
        self.viewport().update()
