"""Fields to type and choose in, and the rows they stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionButton,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.password_field import PasswordField, mark_wrong
from desktop_wallet.ui.widgets.text import Text, button_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QKeyEvent, QPaintEvent, QResizeEvent

_SEARCH_AFTER_MS = 120
_LISTED = 12
"""Lines of a list that drops down; the rest is scrolled to."""


class TextField(QLineEdit):
    """One line to type in. `name` is its accessible name."""

    def __init__(
        self, theme: Theme, name: str, placeholder: str = "", *, mono: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)
        self.setFont(theme.font(TextStyle.MONO if mono else TextStyle.BODY))

    def set_wrong(self, wrong: bool) -> None:
        """Mark that what stands here cannot be accepted, or that it can."""
        mark_wrong(self, wrong)


class SearchField(TextField):
    """Search as one types. `searched` carries the text once the typing pauses; Escape empties the field."""

    searched = Signal(str)

    def __init__(self, theme: Theme, placeholder: str, *, hint: str = "Ctrl F", parent: QWidget | None = None) -> None:
        super().__init__(theme, placeholder, placeholder, parent=parent)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_SEARCH_AFTER_MS)
        self._pause.timeout.connect(self._on_paused)
        self._hint = Text(theme, hint, TextStyle.BODY, Token.MUTED, parent=self)
        self._hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        lens = self.addAction(theme.icons.icon("search", Token.MUTED), QLineEdit.ActionPosition.LeadingPosition)
        lens.setText("Search")
        lens.triggered.connect(self.setFocus)
        self.setMaxLength(120)
        self.textChanged.connect(self._on_text_changed)

    def _on_text_changed(self, text: str) -> None:
        self._hint.setVisible(not text)
        self._pause.start()

    def _on_paused(self) -> None:
        self.searched.emit(self.text())

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        size = self._hint.sizeHint()
        self._hint.setGeometry(
            QRect(self.width() - size.width() - 10, (self.height() - size.height()) // 2, size.width(), size.height())
        )


class Choice(QComboBox):
    """One of several, from a list that drops down. `name` is its accessible name."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(name)
        self.setFont(theme.font(TextStyle.BODY))
        self.setMaxVisibleItems(_LISTED)
        self.setItemDelegate(QStyledItemDelegate(self))  # Qt's own for lists takes no padding from the style sheet

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        pixmap = self._theme.icons.pixmap("chevron-down", Token.MUTED, 16, self.devicePixelRatioF())
        painter.drawPixmap(self.width() - 26, (self.height() - 16) // 2, pixmap)
        painter.end()


class Switch(QCheckBox):
    """On or off, with its words beside it."""

    def __init__(self, theme: Theme, text: str, parent: QWidget | None = None) -> None:
        super().__init__(button_text(text), parent)
        self._theme = theme
        self.setAccessibleName(text)
        self.setFont(theme.font(TextStyle.BODY))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.isChecked():
            return
        option = QStyleOptionButton()
        self.initStyleOption(option)
        box = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
        painter = QPainter(self)
        pixmap = self._theme.icons.pixmap("check", Token.ON_ACCENT, 12, self.devicePixelRatioF())
        painter.drawPixmap(box.x() + (box.width() - 12) // 2, box.y() + (box.height() - 12) // 2, pixmap)
        painter.end()


class SegmentedControl(QFrame):
    """One of a few, side by side. `changed` carries the key that a person chose."""

    changed = Signal(str)

    def __init__(
        self, theme: Theme, choices: Sequence[tuple[str, str]], name: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._keys = [key for key, _ in choices]
        self.setAccessibleName(name)
        self.setProperty("notice", "info")
        row = QHBoxLayout(self)
        row.setContentsMargins(1, 1, 1, 1)
        row.setSpacing(0)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        for index, (_, text) in enumerate(choices):
            button = QPushButton(button_text(text))
            button.setProperty("kind", "segment")
            button.setFont(theme.font(TextStyle.MEDIUM))
            button.setCheckable(True)
            button.setAutoExclusive(True)  # a screen reader says "radio button", not "check box"
            button.setAutoDefault(False)
            button.setAccessibleName(f"{name}: {text}")
            self._group.addButton(button, index)
            row.addWidget(button)
        self._group.button(0).setChecked(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._group.idClicked.connect(self._on_clicked)

    @property
    def value(self) -> str:
        """Return the key that is chosen."""
        return self._keys[self._group.checkedId()]

    def set_value(self, key: str) -> None:
        """Choose this key; emits nothing."""
        self._group.button(self._keys.index(key)).setChecked(True)

    def _on_clicked(self, index: int) -> None:
        self.changed.emit(self._keys[index])


class FormRow(QWidget):
    """A label, the field it names, and below it a hint or what is wrong. `side` puts the field at the right."""

    def __init__(
        self,
        theme: Theme,
        label: str,
        field: QWidget,
        hint: str = "",
        *,
        side: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.field = field
        self._hint = hint
        self._label = Text(theme, label, TextStyle.MEDIUM if side else TextStyle.BODY, Token.TEXT)
        self._label.setBuddy(field)
        self._below = Text(theme, hint, TextStyle.SMALL if side else TextStyle.BODY, Token.MUTED, wrap=True)
        self._below.setVisible(bool(hint))
        if hint and isinstance(field, PasswordField):
            field.complained.connect(self._below.setHidden)
        words = QVBoxLayout()
        words.setSpacing(GRID)
        words.addWidget(self._label)
        if side:
            row = QHBoxLayout(self)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(4 * GRID)
            words.addWidget(self._below)
            row.addLayout(words, 1)
            row.addWidget(field, 0, Qt.AlignmentFlag.AlignVCenter)
        else:
            words.setContentsMargins(0, 0, 0, 0)
            words.addWidget(field)
            words.addWidget(self._below)
            self.setLayout(words)

    def set_error(self, sentence: str) -> None:
        """Say what is wrong with the field in place of the hint, or show the hint again."""
        self._below.set_text(sentence or self._hint)
        self._below.set_token(Token.UNAVAILABLE if sentence else Token.MUTED)
        self._below.setVisible(bool(sentence or self._hint))
        self.field.setAccessibleDescription(sentence or self._hint)
        mark_wrong(self.field, bool(sentence))

    @property
    def error(self) -> str:
        """Return what is said to be wrong."""
        return self._below.text() if self._below.property("token") == Token.UNAVAILABLE.value else ""

    def set_hint(self, hint: str) -> None:
        """Show another hint."""
        self._hint = hint
        self.set_error("")
