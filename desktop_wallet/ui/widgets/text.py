"""Text on the screen: always plain, whatever a server put into it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget
from typing_extensions import override

from desktop_wallet.ui.theme import TextStyle, Theme, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent


class Text(QLabel):
    """A label in a text style and the colour of a token. Never markup."""

    _own_font: QFont | None = None

    def __init__(
        self,
        theme: Theme,
        text: str = "",
        style: TextStyle = TextStyle.BODY,
        token: Token = Token.TEXT,
        *,
        wrap: bool = False,
        selectable: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.font(style))
        self.setWordWrap(wrap)
        if selectable:
            self.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        self.setProperty("token", token.value)
        self.setText(text)

    @override
    def setFont(self, font: QFont | str | Sequence[str]) -> None:
        super().setFont(font)
        self._own_font = QFont(self.font())

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.StyleChange:
            self._keep_font()

    def _keep_font(self) -> None:
        # Being styled anew gives a label back the font that it had when it was first styled.
        if self._own_font is not None and self.font() != self._own_font:
            super().setFont(self._own_font)

    def set_text(self, text: str) -> None:
        """Show this text; nothing is repainted if it is what stands there."""
        if text != self.text():
            self.setText(text)

    def set_token(self, token: Token) -> None:
        """Take the colour of this token."""
        if self.property("token") != token.value:
            self.setProperty("token", token.value)
            self.style().unpolish(self)
            self.style().polish(self)
            self._keep_font()


class ElidedText(Text):
    """One line that is cut to its width with an ellipsis; the tooltip then shows it whole."""

    def __init__(
        self,
        theme: Theme,
        text: str = "",
        style: TextStyle = TextStyle.BODY,
        token: Token = Token.TEXT,
        *,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, text, style, token, parent=parent)
        self._mode = mode
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance("…") * 3, super().minimumSizeHint().height())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        area = self.contentsRect()
        shown = self.fontMetrics().elidedText(self.text(), self._mode, area.width())
        painter = QPainter(self)
        painter.setFont(self.font())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(area, int(self.alignment()) | Qt.TextFlag.TextSingleLine, shown)
        painter.end()
        whole = tooltip(self.text()) if shown != self.text() else ""
        if whole != self.toolTip():
            self.setToolTip(whole)


def tooltip(text: str) -> str:
    """Return a tooltip that shows exactly this text: Qt would take what looks like markup for markup."""
    if "<" not in text:
        return text
    return f"<qt>{html.escape(text).replace(chr(10), '<br>')}</qt>"


def button_text(text: str) -> str:
    """Return a button's label that shows exactly this text: Qt would take an ampersand for a shortcut."""
    return text.replace("&", "&&")
