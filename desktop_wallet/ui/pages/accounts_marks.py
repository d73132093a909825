"""Small parts of the Accounts page: a mark beside a name, and a name that is changed where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedLayout, QWidget
from typing_extensions import override

from desktop_wallet.ui.theme import BADGE_HEIGHT, GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import IconButton, LinkButton
from desktop_wallet.ui.widgets.fields import TextField
from desktop_wallet.ui.widgets.text import ElidedText, Text

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

NAME_LIMIT = 60
"""Characters of a wallet's or an account's name."""


class Mark(Text):
    """A few words on a rounded ground: watch-only, not backed up, hidden."""

    def __init__(
        self,
        theme: Theme,
        text: str,
        token: Token = Token.MUTED,
        ground: Token = Token.ACCENT_SOFT,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, text, TextStyle.SMALL, token, parent=parent)
        self._theme = theme
        self._ground = ground
        self.setFixedHeight(BADGE_HEIGHT)
        self.setContentsMargins(2 * GRID, 0, 2 * GRID, 0)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(self._ground))
        half = self.height() / 2
        painter.drawRoundedRect(QRectF(self.rect()), half, half)
        painter.end()
        super().paintEvent(event)


class NameInPlace(QWidget):
    """A name with a pencil beside it; Enter keeps what was typed, Escape leaves it. `renamed` carries the new name."""

    renamed = Signal(str)

    def __init__(
        self, theme: Theme, what: str, style: TextStyle = TextStyle.STRONG, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._what = what
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        shown = QWidget(self)
        row = QHBoxLayout(shown)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        self._name = ElidedText(theme, "", style)
        self._name.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._pencil = IconButton(theme, "pencil", f"Rename {what}", self.begin)
        row.addWidget(self._name)
        row.addWidget(self._pencil)
        row.addStretch(1)
        typed = QWidget(self)
        row = QHBoxLayout(typed)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        self.field = TextField(theme, f"Name of the {what}")
        self.field.setMaxLength(NAME_LIMIT)
        self.field.setMaximumWidth(320)
        self.field.setMinimumWidth(120)
        self.field.returnPressed.connect(self.keep)
        row.addWidget(self.field, 4)
        row.addWidget(LinkButton(theme, "Save", on_click=self.keep))
        self.last = LinkButton(theme, "Cancel", on_click=self.leave)
        row.addWidget(self.last)
        row.addStretch(1)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self.leave)
        self._stack.addWidget(shown)
        self._stack.addWidget(typed)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def name(self) -> str:
        """Return the name that is shown."""
        return self._name.text()

    def set_name(self, name: str) -> None:
        """Show this name; what is being typed stays."""
        self._name.set_text(name)
        self._name.updateGeometry()
        self._pencil.set_name(f"Rename {self._what} {name}")

    def set_token(self, token: Token) -> None:
        """Show the name in the colour of this token."""
        self._name.set_token(token)

    @property
    def typing(self) -> bool:
        """Return whether the name is being changed now."""
        return self._stack.currentIndex() == 1

    def begin(self) -> None:
        """Let the person type."""
        self.field.setText(self.name)
        self.field.set_wrong(wrong=False)
        self.field.setAccessibleDescription("")
        self._stack.setCurrentIndex(1)
        self.field.selectAll()
        self.field.setFocus()

    def keep(self) -> None:
        """Take what was typed, unless it is nothing."""
        text = " ".join(self.field.text().split())
        if not text:
            self.field.set_wrong(wrong=True)
            self.field.setAccessibleDescription("A name needs at least one character.")
            self.field.setPlaceholderText("A name needs at least one character")
            return
        changed = text != self.name
        self.leave()
        if changed:
            self.renamed.emit(text)

    def leave(self) -> None:
        """Show the name again, as it was."""
        if self.typing:
            self._stack.setCurrentIndex(0)
            self._pencil.setFocus()
