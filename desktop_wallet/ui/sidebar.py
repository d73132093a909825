"""The sidebar: whose profile it is, the pages, and the lock with its countdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QVBoxLayout

from desktop_wallet.ui.theme import GRID, SIDEBAR_WIDTH, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import NavigationButton
from desktop_wallet.ui.widgets.picture import Tile
from desktop_wallet.ui.widgets.text import ElidedText, Text, tooltip
from desktop_wallet.ui.words import count_text, countdown_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.ui.pages.page import Page

_AT_THE_FOOT = ("diagnostics", "settings")


class Sidebar(QFrame):
    """Names the profile and leads to its pages. Emits the name of the page that was chosen."""

    page_chosen = Signal(str)
    lock_chosen = Signal()

    def __init__(self, theme: Theme, pages: Sequence[type[Page]]) -> None:
        super().__init__()
        self.setProperty("ground", "sidebar")
        self.setProperty("edge", "right")
        self.setFixedWidth(SIDEBAR_WIDTH)
        self.setAccessibleName("Pages")
        column = QVBoxLayout(self)
        column.setContentsMargins(3 * GRID, 5 * GRID, 3 * GRID, 4 * GRID)
        column.setSpacing(GRID // 2)
        column.addLayout(self._profile(theme))
        column.addSpacing(4 * GRID)
        self._theme = theme
        self._buttons: dict[str, NavigationButton] = {}
        self._counted: dict[str, Text] = {}
        group = QButtonGroup(self)
        group.setExclusive(True)
        shortcut = 0
        for at_the_foot in (False, True):
            if at_the_foot:
                column.addStretch(1)
            for page in pages:
                if (page.name in _AT_THE_FOOT) is at_the_foot:
                    shortcut += 1
                    button = self._button(theme, page, shortcut)
                    group.addButton(button)
                    column.addWidget(button)
        column.addWidget(self._lock_button(theme))

    def _profile(self, theme: Theme) -> QHBoxLayout:
        self._tile = Tile(theme, 32)
        self._name = ElidedText(theme, "", TextStyle.STRONG)
        self._counts = ElidedText(theme, "", TextStyle.SMALL, Token.MUTED)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._name)
        words.addWidget(self._counts)
        row = QHBoxLayout()
        row.setContentsMargins(2 * GRID, 0, GRID, 0)
        row.setSpacing(10)
        row.addWidget(self._tile)
        row.addLayout(words, 1)
        return row

    def _button(self, theme: Theme, page: type[Page], number: int) -> NavigationButton:
        name = page.name
        button = NavigationButton(theme, page.title, page.icon, lambda: self.page_chosen.emit(name))
        button.setCheckable(True)
        button.setAutoExclusive(True)  # a screen reader says "radio button", not "check box"
        button.setToolTip(f"{page.title} (Ctrl+{number})")
        self._buttons[name] = button
        return button

    def _lock_button(self, theme: Theme) -> NavigationButton:
        button = NavigationButton(theme, "Lock", "lock", self.lock_chosen.emit)
        button.setToolTip("Lock (Ctrl+L)")
        self._countdown = _beside(theme, button)
        self._lock = button
        return button

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the pages in their order on screen."""
        return tuple(self._buttons)

    def show_profile(self, name: str, wallets: int, accounts: int) -> None:
        """Show whose profile it is and what is in it."""
        self._tile.show_name(name)
        self._name.set_text(name)
        self._counts.set_text(f"{count_text(wallets, 'wallet')} · {count_text(accounts, 'account')}")
        self._tile.setToolTip(tooltip(name))

    def show_page(self, name: str) -> None:
        """Mark the page that is on screen."""
        self._buttons[name].setChecked(True)

    def show_count(self, name: str, count: int, meaning: str) -> None:
        """Show how many things wait on a page; `meaning` says so in words: "2 waiting". None shows nothing."""
        button = self._buttons.get(name)
        if button is None:
            return
        label = self._counted.get(name)
        if label is None:
            label = self._counted[name] = _beside(self._theme, button)
        label.set_text(f"{count:,}" if count else "")
        if button.accessibleDescription() != (said := meaning if count else ""):
            button.setAccessibleDescription(said)

    def show_countdown(self, left_s: float | None) -> None:
        """Show how long it is until the wallet locks by itself."""
        text = "" if left_s is None else countdown_text(left_s)
        self._countdown.set_text(text)
        description = f"Locks by itself in {text}" if text else "Does not lock by itself"
        if self._lock.accessibleDescription() != description:
            self._lock.setAccessibleDescription(description)


def _beside(theme: Theme, button: NavigationButton) -> Text:
    """Return a quiet text at the right of a button, which clicks go through."""
    text = Text(theme, "", TextStyle.BODY, Token.MUTED, parent=button)
    text.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    row = QHBoxLayout(button)
    row.setContentsMargins(0, 0, 10, 0)
    row.addStretch(1)
    row.addWidget(text)
    return text
