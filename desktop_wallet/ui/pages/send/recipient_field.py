"""The field for the recipient: typed, pasted or chosen, and then shown whole for comparing by eye."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QClipboard, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from desktop_wallet.core.addresses import Address, display_address, parse_address, shorten
from desktop_wallet.core.errors import InvalidAddress
from desktop_wallet.ui.pages.send.draft_words import RECIPIENT_HINT, recipient_problem
from desktop_wallet.ui.pages.send.marked_address import MarkedAddress
from desktop_wallet.ui.theme import GRID, Theme, Token
from desktop_wallet.ui.widgets.buttons import SecondaryButton
from desktop_wallet.ui.widgets.fields import TextField
from desktop_wallet.ui.widgets.text import Text, button_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.core.networks import Family
    from desktop_wallet.ui.pages.send.names import Payer

LOOK_AGAIN_MS = 400
"""After this time the clipboard is looked at again: programs that swap addresses act about then."""
_LONGEST = 200
_PASTED = 20
"""Characters that nobody types at once."""
_BELOW_HEIGHT = 48
_SWAPPED = (
    "The clipboard holds something else than a moment ago: another program changed it. "
    "Compare every group with the address that you were given."
)
_PASTED_OTHER = "What was pasted is not what the clipboard holds. Compare every group before you go on."


class RecipientField(QWidget):
    """Who is paid. `edited` tells that the text changed, `entered` that Enter was pressed in it."""

    edited = Signal()
    entered = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._family: Family | None = None
        self._own: tuple[Payer, ...] = ()
        self._before = ""
        self._pasted = ""
        self._forced = ""
        self._by_hand = False
        self._demanded = False
        self.field = TextField(theme, "To", "0x…", mono=True)
        self.field.setMaxLength(_LONGEST)
        self.paste = SecondaryButton(theme, "Paste", on_click=self.paste_text)
        self.paste.setAccessibleName("Paste the recipient's address")
        self.own = SecondaryButton(theme, "My accounts", on_click=self._on_own_clicked)
        self.own.setAccessibleName("Choose one of my accounts")
        self.address = MarkedAddress(theme, "Recipient")
        self.words = Text(theme, RECIPIENT_HINT, token=Token.MUTED, wrap=True)
        self._who = ""
        label = Text(theme, "To")
        label.setBuddy(self.field)
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        row.addWidget(self.field, 1)
        row.addWidget(self.paste)
        row.addWidget(self.own)
        below = QWidget()
        below.setMinimumHeight(_BELOW_HEIGHT)  # so that nothing moves when an address becomes whole
        under = QVBoxLayout(below)
        under.setContentsMargins(0, 0, 0, 0)
        under.setSpacing(0)
        under.addWidget(self.address)
        under.addWidget(self.words)
        under.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(label)
        column.addLayout(row)
        column.addWidget(below)
        self._look_again = QTimer(self)
        self._look_again.setSingleShot(True)
        self._look_again.setInterval(LOOK_AGAIN_MS)
        self._look_again.timeout.connect(self._on_look_again)
        self.field.textEdited.connect(self._on_text_edited)  # Qt emits it before textChanged
        self.field.textChanged.connect(self._on_text_changed)
        self.field.returnPressed.connect(self.entered)
        self.setFocusProxy(self.field)

    def set_choices(self, family: Family | None, own: Sequence[Payer]) -> None:
        """Take addresses of this family, and offer these accounts."""
        self._family, self._own = family, tuple(own)
        self.own.setVisible(bool(own))
        self.renew()

    def set_text(self, text: str) -> None:
        """Show this text, which nobody pasted."""
        if text == self.field.text():  # the cursor of whoever types stays where it is
            return
        self.field.setText(text)

    def set_who(self, text: str) -> None:
        """Say who the recipient is, once the address is whole."""
        self._who = text
        self.renew()

    @property
    def recipient(self) -> Address | None:
        """Return the address that stands in the field, if it is one."""
        if self._family is None:
            return None
        try:
            return parse_address(self._family, self.field.text())
        except InvalidAddress:
            return None

    def demand(self) -> None:
        """Say too that nothing stands here, or that it is unfinished, until something else is typed."""
        self._demanded = True
        self.renew()

    def renew(self) -> None:
        """Show the whole address, or what is wrong with what was typed."""
        address = self.recipient
        self.address.set_address(address)
        self.address.setVisible(address is not None)
        problem = "" if address is not None else self._problem()
        self.field.set_wrong(bool(problem))
        hint = RECIPIENT_HINT if address is None else self._who
        self.words.set_text(self._forced or problem or hint)
        self.words.set_token(Token.UNAVAILABLE if problem or self._forced else Token.MUTED)
        self.field.setAccessibleDescription(self._forced or problem or self._who)

    def _problem(self) -> str:
        if self._family is None:
            return ""
        try:
            parse_address(self._family, self.field.text())
        except InvalidAddress as error:
            return recipient_problem(error, self.field.text(), typing=not self._demanded)
        return ""

    @property
    def said(self) -> str:
        """Return what stands below the field."""
        return self.words.text()

    # Pasting and choosing

    def paste_text(self) -> None:
        """Put the clipboard's text into the field."""
        self._by_hand = True
        self.field.setText(QGuiApplication.clipboard().text().strip()[:_LONGEST])
        self.field.setFocus()

    def forget(self) -> None:
        """Drop what was typed."""
        self._look_again.stop()
        self._own, self._family = (), None
        self._pasted = self._forced = self._who = ""
        self._demanded = False
        self.field.clear()

    def _on_text_edited(self, _text: str) -> None:
        self._by_hand = True

    def _on_text_changed(self, text: str) -> None:
        pasted = self._by_hand and len(text) - len(self._before) >= _PASTED
        self._by_hand = False
        self._before = text
        self._forced = self._pasted = ""
        self._demanded = False
        self._look_again.stop()
        if pasted:
            self._note_pasted(text.strip())
        self.renew()
        self.edited.emit()

    def _note_pasted(self, typed: str) -> None:
        clipboard = QGuiApplication.clipboard()
        held = clipboard.text().strip()
        if held and typed in held and self.recipient is not None:
            self._pasted = held
            self._look_again.start()
        elif self._is_another(held) and not self._is_selected(clipboard, typed):
            self._forced = _PASTED_OTHER

    @staticmethod
    def _is_selected(clipboard: QClipboard, typed: str) -> bool:
        """Return whether the middle button pasted it: that takes what is selected, and not the clipboard."""
        return clipboard.supportsSelection() and typed in clipboard.text(QClipboard.Mode.Selection)

    def _is_another(self, held: str) -> bool:
        """Return whether the clipboard holds an address that is not the one in the field."""
        if self._family is None:
            return False
        try:
            return parse_address(self._family, held) != self.recipient
        except InvalidAddress:
            return False

    def _on_look_again(self) -> None:
        held = QGuiApplication.clipboard().text().strip()
        if self._pasted and held and held != self._pasted:
            self._forced = _SWAPPED
            self.renew()

    def _on_own_clicked(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName("My accounts")
        for payer in self._own:
            whole = display_address(payer.account.address)
            action = menu.addAction(button_text(f"{payer.name}  {shorten(whole)}"))
            action.triggered.connect(lambda _checked=False, whole=whole: self._choose(whole))
        menu.popup(self.own.mapToGlobal(QPoint(0, self.own.height())))

    def _choose(self, whole: str) -> None:
        self.set_text(whole)
        self.field.setFocus()
