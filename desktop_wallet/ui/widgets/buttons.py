"""Buttons: one primary action a page, secondary ones, dangerous ones, links and icons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from desktop_wallet.ui.theme import TextStyle, Theme, Token
from desktop_wallet.ui.widgets.picture import Picture
from desktop_wallet.ui.widgets.text import Text, button_text, tooltip

if TYPE_CHECKING:
    from collections.abc import Callable


def connect_click(button: QPushButton, on_click: Callable[[], None] | None) -> None:
    """Have a click call `on_click`, without the boolean that Qt sends along."""
    if on_click is None:
        return

    def called(_checked: bool = False) -> None:  # noqa: FBT002 - Qt passes it by position
        on_click()

    button.clicked.connect(called)


class _Button(QPushButton):
    kind = "secondary"
    icon_token = Token.TEXT
    style_of_text = TextStyle.MEDIUM

    def __init__(
        self,
        theme: Theme,
        text: str,
        icon: str = "",
        on_click: Callable[[], None] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setProperty("kind", self.kind)
        self.setFont(theme.font(self.style_of_text))
        self.setIconSize(QSize(16, 16))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAutoDefault(False)
        self._text = text
        self._has_icon = bool(icon)
        self.set_text(text)
        if icon:
            self.set_icon(icon)
        connect_click(self, on_click)

    def set_text(self, text: str) -> None:
        """Show this text, which is also the accessible name."""
        self._text = text
        self._show_text()
        self.setAccessibleName(text)

    def set_icon(self, icon: str) -> None:
        """Show the icon of that name before the text; the empty name shows the text alone."""
        self._has_icon = bool(icon)
        self.setIcon(self._theme.icons.icon(icon, self.icon_token) if icon else QIcon())
        self._show_text()

    def _show_text(self) -> None:
        # Qt leaves no room between icon and text.
        self.setText(f" {button_text(self._text)}" if self._has_icon else button_text(self._text))


class PrimaryButton(_Button):
    """The one thing that this page is for."""

    kind = "primary"
    icon_token = Token.ON_ACCENT


class SecondaryButton(_Button):
    """Anything else that can be done here."""


class DangerButton(_Button):
    """Destroys something; stands only where that was said before."""

    kind = "danger"
    icon_token = Token.SURFACE


class LinkButton(_Button):
    """A quiet action within text."""

    kind = "link"
    icon_token = Token.ACCENT

    def set_quiet(self) -> None:
        """Take the muted colour: this action is not what the page is for."""
        self.setProperty("quiet", True)
        self.style().unpolish(self)
        self.style().polish(self)


class NavigationButton(_Button):
    """One page in the sidebar."""

    kind = "navigation"

    def __init__(self, theme: Theme, text: str, icon: str, on_click: Callable[[], None] | None = None) -> None:
        super().__init__(theme, text, icon, on_click)
        self._icon = icon
        self.toggled.connect(self._on_toggled)

    def _on_toggled(self, checked: bool) -> None:
        token = Token.ACCENT if checked else Token.TEXT
        self.setIcon(self._theme.icons.icon(self._icon, token))
        self.setFont(self._theme.font(TextStyle.STRONG if checked else TextStyle.MEDIUM))


class IconButton(QPushButton):
    """An icon alone; `name` is what a screen reader says and the tooltip shows."""

    def __init__(
        self,
        theme: Theme,
        icon: str,
        name: str,
        on_click: Callable[[], None] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setProperty("kind", "icon")
        self.setIcon(theme.icons.icon(icon, Token.MUTED))
        self.setIconSize(QSize(16, 16))
        self.setFixedSize(28, 28)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAutoDefault(False)
        self.set_name(name)
        connect_click(self, on_click)

    def set_name(self, name: str) -> None:
        """Set what a screen reader says and the tooltip shows."""
        self.setAccessibleName(name)
        self.setToolTip(tooltip(name))

    def set_icon(self, icon: str) -> None:
        """Show another icon."""
        self.setIcon(self._theme.icons.icon(icon, Token.MUTED))


class ChoiceCard(QPushButton):
    """A large choice: an icon, what it is, and one line about it. Looks like a card, works like a button."""

    def __init__(
        self, theme: Theme, icon: str, title: str, sentence: str, on_click: Callable[[], None] | None = None
    ) -> None:
        super().__init__()
        self.setProperty("kind", "choice-card")
        self.setAutoDefault(False)
        self.setAccessibleName(title)
        self.setAccessibleDescription(sentence)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 14, 16, 14)
        row.setSpacing(14)
        picture = Picture(theme, icon, 20)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(Text(theme, title, TextStyle.STRONG))
        words.addWidget(Text(theme, sentence, TextStyle.BODY, Token.MUTED))
        row.addLayout(words, 1)
        for child in self.findChildren(QWidget):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        connect_click(self, on_click)
