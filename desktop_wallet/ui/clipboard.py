"""The clipboard: copies are read back, and a secret of ours does not stay on it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QClipboard

if TYPE_CHECKING:
    from PySide6.QtGui import QGuiApplication

_LOOK_AGAIN_MS = 400


class Clipboard:
    """Copies text. Of a secret only a keyed hash is remembered, enough to know it again at lock."""

    def __init__(self, app: type[QGuiApplication]) -> None:
        self._clipboard = app.clipboard()
        self._key = secrets.token_bytes(32)
        self._secrets: set[bytes] = set()

    def copy(self, text: str, *, secret: bool = False) -> bool:
        """Put the text on the clipboard; return whether it can be read back unchanged."""
        if secret:
            self._secrets.add(self._mark(text))
        self._clipboard.setText(text, QClipboard.Mode.Clipboard)
        return self.holds(text)

    def holds(self, text: str) -> bool:
        """Return whether the clipboard holds exactly this text."""
        return hmac.compare_digest(self._clipboard.text(QClipboard.Mode.Clipboard).encode(), text.encode())

    def forget_secrets(self) -> bool:
        """Clear the clipboard, and the selection, where they hold a secret of ours; return whether one did."""
        if not self._secrets:
            return False  # to look would ask the program that holds the clipboard, and wait while that one hangs
        found = False
        modes = [QClipboard.Mode.Clipboard]
        if self._clipboard.supportsSelection():
            modes.append(QClipboard.Mode.Selection)
        for mode in modes:
            text = self._clipboard.text(mode)
            if text and self._mark(text) in self._secrets:
                self._clipboard.clear(mode)
                found = True
        self._secrets.clear()
        return found

    def _mark(self, text: str) -> bytes:
        return hashlib.blake2b(text.strip().encode(), key=self._key, digest_size=32).digest()


class Copier(QObject):
    """Copies for pages, and looks again a moment later: programs that swap addresses do it then.

    `copied` and `changed` carry what was copied, as the sentence about it begins: "Address".
    """

    copied = Signal(str)
    changed = Signal(str)

    def __init__(self, clipboard: Clipboard, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clipboard = clipboard

    def copy(self, text: str, what: str, *, secret: bool = False, look_again: bool = True) -> None:
        """Put the text on the clipboard and read it back, now and a moment later; or leave the looking to the asker."""
        held = self._clipboard.copy(text, secret=secret)
        if held:
            self.copied.emit(what)
        elif look_again:
            self.changed.emit(what)
        if held and look_again:
            QTimer.singleShot(_LOOK_AGAIN_MS, self, lambda: self._look_again(text, what))

    def _look_again(self, text: str, what: str) -> None:
        if not self._clipboard.holds(text):
            self.changed.emit(what)
