"""The field for a password: all that Unlock needs of fields."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import LinkButton
from desktop_wallet.ui.widgets.text import Text


def mark_wrong(field: QWidget, wrong: bool) -> None:
    """Draw the field's border as wrong, or as usual."""
    if bool(field.property("wrong")) != wrong:
        field.setProperty("wrong", wrong)
        field.style().unpolish(field)
        field.style().polish(field)


class PasswordField(QWidget):
    """A password, hidden until the person asks to see it, with room for one sentence about what is wrong with it."""

    submitted = Signal()
    edited = Signal()
    complained = Signal(bool)
    """Whether something is said to be wrong now; a hint beside it would only say it twice."""

    def __init__(
        self,
        theme: Theme,
        name: str = "Password",
        placeholder: str = "",
        *,
        tall: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._name = name
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        self.field = QLineEdit(self)
        self.field.setFont(theme.font(TextStyle.BODY))
        self.field.setProperty("tall", tall)
        self.field.setAccessibleName(name)
        self.field.setPlaceholderText(placeholder)
        self.field.setInputMethodHints(
            Qt.InputMethodHint.ImhSensitiveData
            | Qt.InputMethodHint.ImhNoPredictiveText
            | Qt.InputMethodHint.ImhNoAutoUppercase
        )
        self._show = LinkButton(theme, "show", on_click=self._on_show_clicked)
        row = QHBoxLayout(self.field)
        row.setContentsMargins(0, 0, 2 * GRID, 0)
        row.addStretch(1)
        row.addWidget(self._show)
        self.field.setTextMargins(0, 0, self._show.sizeHint().width() + 2 * GRID, 0)
        self._error = Text(theme, "", TextStyle.BODY, Token.UNAVAILABLE, wrap=True)
        self._error.hide()
        column.addWidget(self.field)
        column.addWidget(self._error)
        self.setFocusProxy(self.field)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.field.returnPressed.connect(self.submitted)
        self.field.textEdited.connect(self._on_text_edited)
        self._set_visible(visible=False)

    def text(self) -> str:
        """Return what was typed."""
        return self.field.text()

    def clear(self) -> None:
        """Forget what was typed, and hide the next."""
        self.field.clear()
        self.field.setModified(False)
        self._set_visible(visible=False)

    def set_error(self, sentence: str) -> None:
        """Say what is wrong, or nothing."""
        self._error.set_text(sentence)
        self._error.setVisible(bool(sentence))
        self.field.setAccessibleDescription(sentence)
        mark_wrong(self.field, bool(sentence))
        self.complained.emit(bool(sentence))

    @property
    def error(self) -> str:
        """Return what is said to be wrong."""
        return self._error.text() if not self._error.isHidden() else ""

    def _on_text_edited(self) -> None:
        self.set_error("")
        self.edited.emit()

    def _on_show_clicked(self) -> None:
        self._set_visible(visible=self.field.echoMode() is QLineEdit.EchoMode.Password)
        self.field.setFocus()

    def _set_visible(self, *, visible: bool) -> None:
        self.field.setEchoMode(QLineEdit.EchoMode.Normal if visible else QLineEdit.EchoMode.Password)
        self._show.setText("hide" if visible else "show")
        self._show.setAccessibleName(f"{'Hide' if visible else 'Show'} {self._name.lower()}")
