"""The upper part of the Balances page: totals, the buttons, what is being read, and how the table is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.ui.models.balance_view import Grouping
from desktop_wallet.ui.pages.balances_totals import TotalsStrip
from desktop_wallet.ui.pages.balances_words import money_line, worth_text
from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import IconButton, PrimaryButton, SecondaryButton
from desktop_wallet.ui.widgets.fields import SearchField, SegmentedControl
from desktop_wallet.ui.widgets.notice import Banner, NoticeAction, NoticeKind
from desktop_wallet.ui.widgets.progress import ProgressChip
from desktop_wallet.ui.widgets.text import ElidedText, Text, tooltip
from desktop_wallet.ui.words import total_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QResizeEvent

    from desktop_wallet.core.prices import MoneyTotal
    from desktop_wallet.core.totals import Total

_SEARCH = "Search asset, wallet, network, address"
_CRAMPED = 680
_SHORT_SEARCH = 340
_GROUPINGS = [(Grouping.WALLET.value, "Wallet"), (Grouping.NETWORK.value, "Network"), (Grouping.ASSET.value, "Asset")]


class BalancesHead(QWidget):
    """The heading with the line for everything, the buttons, and the strip of totals."""

    zeros_toggled = Signal(bool)
    preload_wanted = Signal()
    refresh_wanted = Signal()
    clear_wanted = Signal()
    fold_wanted = Signal(bool)
    """Fold all groups, or unfold them."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = Text(theme, "All balances", TextStyle.BODY, Token.MUTED)
        self.worth = Text(theme, "", TextStyle.AMOUNT)
        self.worth.hide()
        self._line = ElidedText(theme, "", TextStyle.SMALL)
        self._below = ElidedText(theme, "", TextStyle.SMALL)
        self._below.hide()
        self.show_all = SecondaryButton(theme, "Show All Balances", "table-2")
        self.show_all.setCheckable(True)
        self.show_all.setToolTip("Every account, network and asset, zero balances too")
        self.preload = SecondaryButton(theme, "Preload", "database-zap", self.preload_wanted.emit)
        self.preload.setToolTip("Read everything that is not within its time")
        self.refresh = PrimaryButton(theme, "Refresh", "refresh-cw", self.refresh_wanted.emit)
        self.refresh.setToolTip("Read anew what this page shows (F5)")
        self.more = IconButton(theme, "ellipsis", "More actions", self._on_more_clicked)
        self.totals = TotalsStrip(theme)
        words = QVBoxLayout()
        words.setSpacing(GRID)
        words.addWidget(self.title)
        words.addWidget(self.worth)
        words.addWidget(self._line)
        top = QHBoxLayout()
        top.setSpacing(2 * GRID)
        top.addLayout(words, 1)
        for button in (self.show_all, self.preload, self.refresh, self.more):
            top.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3 * GRID)
        whole = QVBoxLayout()
        whole.setSpacing(GRID)
        whole.addLayout(top)
        # With a total in money there is more to say of it than fits beside the buttons.
        whole.addWidget(self._below)
        column.addLayout(whole)
        column.addWidget(self.totals)
        self.show_all.toggled.connect(self.zeros_toggled)

    def show_whole(
        self, total: Total | None, money: MoneyTotal | None = None, *, playing: bool = False, trouble: str = ""
    ) -> None:
        """Show how old the oldest balance is and how many are unknown; None shows nothing.

        With `money` also what everything is worth, by prices of which age, and what is not in it. `trouble` says why
        there are no newer prices.
        """
        text = "" if total is None or not total.parts else total_text(total)
        self.worth.setVisible(bool(text) and money is not None)
        if not text or money is None:
            self.worth.set_text("")
        else:
            worth = worth_text(money)
            text = money_line(money, playing=playing) or text
            self.worth.set_text(worth)
            self.worth.set_token(Token.MUTED if money.outdated else Token.TEXT)
            self.worth.setAccessibleName(f"All balances are worth {worth if money.priced else 'an unknown amount'}")
            left_out = total is not None and total.parts > money.parts
            note = "\nCoins of test networks are not counted: they are worth nothing." if left_out else ""
            self.worth.setToolTip(tooltip(f"{worth}, {money.currency.name}\n{text}{note}"))
        priced = not self.worth.isHidden()
        line, other = (self._below, self._line) if priced else (self._line, self._below)
        line.setVisible(True)
        other.setVisible(False)
        late = priced and money is not None and money.outdated
        line.set_token(Token.STALE if late else Token.TEXT)
        line.set_text(f"{text}. {trouble}" if trouble and priced else text)
        line.setAccessibleName(f"All balances: {line.text()}")

    @property
    def line(self) -> str:
        """Return what is said of the total's age and of what is not in it."""
        return (self._line if self._below.isHidden() else self._below).text()

    def set_busy(self, *, refreshing: bool, preloading: bool) -> None:
        """Let no one start twice what runs already; a refresh may run beside a preload."""
        self.refresh.setEnabled(not refreshing)
        self.preload.setEnabled(not preloading)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Where room is short, the words about the numbers count for more than pictures on buttons.
        for button, icon in ((self.show_all, "table-2"), (self.preload, "database-zap")):
            button.set_icon("" if self.width() < _CRAMPED else icon)

    def _on_more_clicked(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName("More actions")
        menu.addAction("Fold all groups", lambda: self.fold_wanted.emit(True))
        menu.addAction("Unfold all groups", lambda: self.fold_wanted.emit(False))
        menu.addSeparator()
        menu.addAction("Clear cache…", self.clear_wanted.emit)
        menu.popup(self.more.mapToGlobal(QPoint(0, self.more.height())))


class BalancesActivity(QWidget):
    """What is being read, and who failed the last time, with a way to try those again. Hidden when there is neither."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.preload = ProgressChip(theme, "Preloading")
        self.refresh = ProgressChip(theme, "Refreshing")
        self._failures: Banner | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2 * GRID)
        self._column.addWidget(self.preload)
        self._column.addWidget(self.refresh)
        self.hide()

    def show_failures(self, text: str, retry: Callable[[], None] | None = None) -> None:
        """Show who failed, until the next read; an empty text takes that away."""
        if self._failures is not None:
            self._column.removeWidget(self._failures)
            self._failures.hide()
            self._failures.deleteLater()
            self._failures = None
        if text:
            action = None if retry is None else NoticeAction("Retry", retry)
            self._failures = Banner(self._theme, text, NoticeKind.WARNING, action=action)
            self._column.addWidget(self._failures)
        self.settle()
        if self._failures is not None:
            QAccessible.updateAccessibility(QAccessibleEvent(self._failures, QAccessible.Event.Alert))

    def say_failures(self, text: str) -> None:
        """Say the same failures in these words: a time in them has gone on."""
        if self._failures is not None and text:
            self._failures.set_text(text)

    @property
    def failures(self) -> str:
        """Return what is said of failures."""
        return "" if self._failures is None else self._failures.text

    def settle(self) -> None:
        """Show or hide itself by what it holds."""
        held = not self.preload.isHidden() or not self.refresh.isHidden() or self._failures is not None
        self.setVisible(held)


class BalancesTools(QWidget):
    """Search, grouping, and the filter for what is stale."""

    searched = Signal(str)
    grouped = Signal(object)
    """The Grouping that was chosen."""
    stale_toggled = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = SearchField(theme, _SEARCH)
        self.grouping = SegmentedControl(theme, _GROUPINGS, "Group by")
        self.stale = SecondaryButton(theme, "Stale only", "sliders-horizontal")
        self.stale.setCheckable(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(self.search, 1)
        row.addWidget(self.grouping)
        row.addWidget(self.stale)
        self.search.searched.connect(self.searched)
        self.grouping.changed.connect(self._on_grouping_changed)
        self.stale.toggled.connect(self.stale_toggled)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.search.setPlaceholderText(_SEARCH if self.search.width() >= _SHORT_SEARCH else "Search")

    def _on_grouping_changed(self, value: str) -> None:
        self.grouped.emit(Grouping(value))
