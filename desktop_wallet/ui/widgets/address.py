"""A whole address in groups, and a copy that is read back."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop_wallet.core.addresses import Address, display_address, grouped
from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import IconButton
from desktop_wallet.ui.widgets.text import Text


class Copies(Protocol):
    """Who copies for a widget: the shell."""

    @property
    def theme(self) -> Theme:
        """The theme in force."""
        ...

    def copy(self, text: str, what: str) -> None:
        """Put the text on the clipboard, read it back, and say so; `what` begins that sentence: "Address"."""
        ...


class AddressLabel(QWidget):
    """An address, never shortened, in groups of four for comparing by eye, with a button that copies it."""

    def __init__(
        self,
        shell: Copies,
        *,
        style: TextStyle = TextStyle.MONO,
        token: Token = Token.TEXT,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._shell = shell
        self._address: Address | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        self._text = Text(shell.theme, "", style, token, wrap=True)
        self.copy_button = IconButton(shell.theme, "copy", "Copy address", self.copy)
        row.addWidget(self._text, 1)
        row.addWidget(self.copy_button, 0, Qt.AlignmentFlag.AlignTop)

    def set_address(self, address: Address | None) -> None:
        """Show this address, or none."""
        self._address = address
        whole = "" if address is None else display_address(address)
        self._text.set_text(grouped(whole))
        self._text.setAccessibleName(whole)
        self.copy_button.setEnabled(address is not None)

    def copy(self) -> None:
        """Copy the address without its groups."""
        if self._address is not None:
            self._shell.copy(display_address(self._address), "Address")
