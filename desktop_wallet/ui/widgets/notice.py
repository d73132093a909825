"""Notices: quiet bars that say what happened and what to do, and never stand in the way."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import IconButton, LinkButton
from desktop_wallet.ui.widgets.picture import Picture
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

SHOWN_AT_ONCE = 3
_STAYS_MS = 8000


class NoticeKind(enum.Enum):
    """How a notice is meant; failures and warnings stay until they are closed."""

    INFO = "info"
    DONE = "done"
    WARNING = "warning"
    FAILURE = "failure"


_LOOK: dict[NoticeKind, tuple[str, Token]] = {
    NoticeKind.INFO: ("info", Token.ACCENT),
    NoticeKind.DONE: ("check", Token.FRESH),
    NoticeKind.WARNING: ("triangle-alert", Token.STALE),
    NoticeKind.FAILURE: ("circle-alert", Token.UNAVAILABLE),
}


@dataclass(frozen=True, slots=True)
class NoticeAction:
    """Something that can be done about it: Undo, Try again, Open settings."""

    text: str
    run: Callable[[], None]


class Banner(QFrame):
    """A bar that stays as long as what it says is so. Its words are its accessible name."""

    def __init__(
        self,
        theme: Theme,
        text: str,
        kind: NoticeKind = NoticeKind.INFO,
        icon: str = "",
        action: NoticeAction | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.kind = kind
        self.setProperty("notice", kind.value)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        default_icon, token = _LOOK[kind]
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(3 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        self.row.setSpacing(2 * GRID + 2)
        self.row.addWidget(Picture(theme, icon or default_icon, 16, token), 0, Qt.AlignmentFlag.AlignVCenter)
        self._words = Text(theme, "", TextStyle.BODY, Token.TEXT, wrap=True)
        self.row.addWidget(self._words, 1)
        if action is not None:
            self.row.addWidget(LinkButton(theme, action.text, on_click=action.run))
        self.set_text(text)

    def set_text(self, text: str) -> None:
        """Say this instead."""
        self._words.set_text(text)
        self.setAccessibleName(text)

    @property
    def text(self) -> str:
        """Return what it says."""
        return self._words.text()


class Notice(Banner):
    """A banner that can be closed, and closes by itself when it only tells what was done."""

    closed = Signal()

    def __init__(self, theme: Theme, text: str, kind: NoticeKind, action: NoticeAction | None = None) -> None:
        wrapped = None if action is None else NoticeAction(action.text, self._run)
        super().__init__(theme, text, kind, action=wrapped)
        self._action = action
        # What was done needs no second look. A warning with a way on is about its page; any other warning stays.
        self.passing = kind is not NoticeKind.FAILURE and (kind is NoticeKind.WARNING) is (action is not None)
        self.row.addWidget(IconButton(theme, "x", "Close this notice", self.closed.emit))
        if kind in (NoticeKind.INFO, NoticeKind.DONE):
            self._timer = QTimer(self)
            self._timer.setSingleShot(True)
            self._timer.timeout.connect(self.closed)
            self._timer.start(_STAYS_MS)

    def _run(self) -> None:
        if self._action is not None:
            self._action.run()
        self.closed.emit()


class NoticeStack(QWidget):
    """The notices that are shown now, the newest below; the oldest goes when there are too many."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown: list[tuple[str, Notice]] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(6 * GRID, 2 * GRID, 6 * GRID, 3 * GRID)
        self._column.setSpacing(2 * GRID)
        self.hide()

    def post(
        self, text: str, kind: NoticeKind = NoticeKind.INFO, action: NoticeAction | None = None, key: str = ""
    ) -> None:
        """Show a notice in place of one with the same key, or of one that says the same."""
        for known_key, notice in list(self._shown):
            if (key and key == known_key) or notice.text == text:
                self._remove(notice)
        notice = Notice(self._theme, text, kind, action)
        notice.closed.connect(lambda: self._remove(notice))
        self._shown.append((key, notice))
        self._column.addWidget(notice)
        while len(self._shown) > SHOWN_AT_ONCE:
            self._remove(self._shown[0][1])
        self.show()
        QAccessible.updateAccessibility(QAccessibleEvent(notice, QAccessible.Event.Alert))

    def clear_passing(self) -> None:
        """Close what is over when the page is left: what was done, and what could be done about it there."""
        for _, notice in list(self._shown):
            if notice.passing:
                self._remove(notice)

    def clear(self) -> None:
        """Close all notices."""
        for _, notice in list(self._shown):
            self._remove(notice)

    @property
    def texts(self) -> tuple[str, ...]:
        """Return what the shown notices say, the oldest first."""
        return tuple(notice.text for _, notice in self._shown)

    def _remove(self, notice: Notice) -> None:
        left = [(key, shown) for key, shown in self._shown if shown is not notice]
        if len(left) == len(self._shown):
            return
        self._shown = left
        self._column.removeWidget(notice)
        notice.hide()
        notice.deleteLater()
        self.setVisible(bool(self._shown))
