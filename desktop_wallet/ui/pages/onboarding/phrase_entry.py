"""Room for a phrase that exists, its passphrase and its order of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from desktop_wallet.core.accounts import PathScheme
from desktop_wallet.core.addresses import display_address, grouped
from desktop_wallet.core.errors import InvalidPhrase
from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.fields import Choice, FormRow, Switch
from desktop_wallet.ui.widgets.password_field import PasswordField
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.services.accounts import Accounts

_SCHEMES = {
    PathScheme.BIP44: "Most programs: m/44'/60'/0'/0/n",
    PathScheme.LEDGER_LIVE: "Ledger Live: m/44'/60'/n'/0/0",
    PathScheme.LEDGER_LEGACY: "Older Ledger: m/44'/60'/0'/n",
}
_COMPLETIONS = 6
_COMPLETE_FROM = 2


class PhraseEntry(QWidget):
    """Takes the words as they are typed, completes the last one, and shows the address the wallet would begin with."""

    def __init__(self, theme: Theme, accounts: Accounts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._accounts = accounts
        self.words = QPlainTextEdit()
        self.words.setAccessibleName("Recovery phrase")
        self.words.setFont(theme.font(TextStyle.BODY))
        self.words.setFixedHeight(76)
        self.words.setTabChangesFocus(True)
        self.words.setUndoRedoEnabled(False)
        self.words.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText)
        self.row = FormRow(theme, "Recovery phrase, 12 to 24 words", self.words)
        self.passphrase = PasswordField(theme, "Passphrase")
        self.scheme = Choice(theme, "Order of accounts")
        for scheme, words in _SCHEMES.items():
            self.scheme.addItem(words, scheme)
        self.search = Switch(theme, "Look for used accounts afterwards")
        self.search.setChecked(True)
        self.first = Text(theme, "", TextStyle.SMALL, Token.MUTED, wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3 * GRID)
        column.addWidget(self.row)
        column.addWidget(FormRow(theme, "Passphrase, only if you set one", self.passphrase))
        column.addWidget(FormRow(theme, "Order of accounts", self.scheme))
        column.addWidget(self.first)
        column.addWidget(self.search)
        self.first.hide()
        self.words.textChanged.connect(self._on_words_changed)

    @property
    def chosen_scheme(self) -> PathScheme:
        """Return the order of accounts that is chosen."""
        return PathScheme(self.scheme.currentData())

    def checked(self) -> str | None:
        """Return the phrase in its normal form, or None while it is none yet."""
        try:
            return self._accounts.check_phrase(self.words.toPlainText())
        except InvalidPhrase:
            return None

    def show_first(self, address: Address | None) -> None:
        """Say which address the wallet would begin with."""
        self.first.set_text("" if address is None else f"First account: {grouped(display_address(address))}")
        self.first.setVisible(address is not None)

    def forget(self) -> None:
        """Drop what was typed."""
        self.words.clear()
        self.passphrase.clear()
        self.show_first(None)

    def _on_words_changed(self) -> None:
        self.show_first(None)
        self.row.set_hint(self._completion())

    def _completion(self) -> str:
        """Return the words that begin as the last one typed, or that there are none."""
        text = self.words.toPlainText()
        last = text.split()[-1].lower() if text.strip() and not text[-1].isspace() else ""
        if len(last) < _COMPLETE_FROM:
            return ""
        found = self._accounts.complete_word(last)
        if not found:
            return "No word of a recovery phrase begins so."
        return "" if last in found else ", ".join(found[:_COMPLETIONS])
