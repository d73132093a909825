"""A recovery phrase on the screen: covered until asked for, gone after a minute, and a check that it was written down.

The words are painted, not put into labels: nothing of them stays in a widget once they are covered. They cannot be
selected or copied here.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, QSize, Qt, QTimer
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.ui.pages.accounts_dialogs import WorkDialog
from desktop_wallet.ui.pages.page import Shell
from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import SecondaryButton
from desktop_wallet.ui.widgets.fields import FormRow, TextField
from desktop_wallet.ui.widgets.notice import Banner, NoticeKind
from desktop_wallet.ui.widgets.text import Text
from desktop_wallet.ui.words import count_text, left_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from desktop_wallet.core.accounts import Wallet
    from desktop_wallet.services.session import Session

SHOWN_FOR_S = 60.0
"""Seconds after which a phrase that was asked for goes from the screen."""
_CHECK_TAKES_S = 300.0
"""Seconds for which a covered phrase is held while the person types what they wrote down."""
_CHECKED_WORDS = 3
_COLUMNS = 3
_CELL_HEIGHT = 32
_WARNING = "Whoever sees these words can take everything in this wallet. Nobody who helps you needs them."


class PhraseView(QWidget):
    """Numbered words in a grid, covered at first."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._words: tuple[str, ...] = ()
        self._covered = True
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_words(self, words: Sequence[str]) -> None:
        """Hold these words, covered."""
        self._words = tuple(words)
        self.updateGeometry()
        self.set_covered(covered=True)

    @property
    def covered(self) -> bool:
        """Return whether the words are out of sight."""
        return self._covered or not self._words

    def set_covered(self, *, covered: bool) -> None:
        """Cover the words or show them; a screen reader hears them only while they are shown."""
        self._covered = covered
        count = count_text(len(self._words), "word")
        spoken = ", ".join(f"{number} {word}" for number, word in enumerate(self._words, 1))
        self.setAccessibleName(f"{count}, covered" if self.covered else spoken)
        self.update()

    def forget(self) -> None:
        """Drop the words."""
        self._words = ()
        self.set_covered(covered=True)

    @override
    def sizeHint(self) -> QSize:
        rows = -(-len(self._words) // _COLUMNS)
        return QSize(_COLUMNS * 130, max(rows, 1) * (_CELL_HEIGHT + GRID))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = (self.width() - (_COLUMNS - 1) * 2 * GRID) // _COLUMNS
        for index, word in enumerate(self._words):
            row, column = divmod(index, _COLUMNS)
            cell = QRect(column * (width + 2 * GRID), row * (_CELL_HEIGHT + GRID), width, _CELL_HEIGHT)
            painter.setPen(self._theme.color(Token.LINE))
            painter.setBrush(self._theme.color(Token.GROUP_ROW))
            painter.drawRoundedRect(cell.adjusted(0, 0, -1, -1), 6, 6)
            painter.setFont(self._theme.font(TextStyle.SMALL))
            painter.setPen(self._theme.color(Token.MUTED))
            number = cell.adjusted(0, 0, 28 - width, 0)
            painter.drawText(number, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, str(index + 1))
            painter.setFont(self._theme.font(TextStyle.STRONG))
            painter.setPen(self._theme.color(Token.TEXT))
            words = cell.adjusted(36, 0, 0, 0)
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, "••••••" if self._covered else word)
        painter.end()


class WordCheck(QWidget):
    """Asks for three words of a phrase by their places, to see that it was written down."""

    def __init__(self, theme: Theme, words: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = tuple(words)
        self.places = sorted(secrets.SystemRandom().sample(range(len(words)), _CHECKED_WORDS)) if words else []
        self.fields = [TextField(theme, f"Word {place + 1}") for place in self.places]
        self._rows = [FormRow(theme, f"Word {p + 1}", field) for p, field in zip(self.places, self.fields, strict=True)]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for row, field in zip(self._rows, self.fields, strict=True):
            field.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText)
            field.textEdited.connect(lambda _text, row=row: row.set_error(""))
            column.addWidget(row)

    def check(self) -> bool:
        """Return whether all three are right, and say which is not."""
        for place, field, row in zip(self.places, self.fields, self._rows, strict=True):
            if field.text().strip().lower() != self._words[place]:
                row.set_error(f"That is not word {place + 1}. Compare it with what you wrote down.")
                field.setFocus()
                return False
        return True

    def forget(self) -> None:
        """Drop the words and what was typed."""
        self._words = ()
        for field in self.fields:
            field.clear()


class CoveredPhrase(QWidget):
    """A phrase with the button that uncovers it; it covers itself when the window is left."""

    def __init__(self, theme: Theme, words: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = PhraseView(theme)
        self.view.set_words(words)
        self.left = Text(theme, "", TextStyle.BODY, Token.MUTED)
        self.button = SecondaryButton(theme, "Show the words", "eye", self._on_button_clicked)
        row = QHBoxLayout()
        row.addWidget(self.button)
        row.addStretch(1)
        row.addWidget(self.left)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3 * GRID)
        column.addWidget(Banner(theme, _WARNING, NoticeKind.WARNING))
        column.addWidget(self.view)
        column.addLayout(row)

    def cover(self) -> None:
        """Put the words out of sight."""
        self._set_covered(covered=True)

    def _on_button_clicked(self) -> None:
        self._set_covered(covered=not self.view.covered)

    def _set_covered(self, *, covered: bool) -> None:
        self.view.set_covered(covered=covered)
        self.button.set_text("Show the words" if covered else "Cover the words")
        self.button.set_icon("eye" if covered else "eye-off")


class PhraseDialog(WorkDialog):
    """Shows a wallet's phrase for a minute; one that is not backed up yet is then asked for three of its words."""

    def __init__(self, parent: QWidget, shell: Shell, session: Session, wallet: Wallet, words: Sequence[str]) -> None:
        super().__init__(parent, shell, f"Recovery phrase of {wallet.label}")
        self._session, self._wallet, self._words = session, wallet, tuple(words)
        self._began = shell.clock.now()
        self.phrase = CoveredPhrase(shell.theme, self._words)
        self.check: WordCheck | None = None
        self.body.addWidget(self.phrase)
        note = "Write them on paper, in this order. A passphrase, if this wallet has one, is not among them."
        self._note = Text(shell.theme, note, TextStyle.BODY, Token.MUTED, wrap=True)
        self.body.addWidget(self._note)
        self.finish("I have written it down" if not wallet.backed_up else "Done")
        self.phrase.button.setFocus()
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self.tick)
        self._timer.start()
        self.tick()

    def tick(self) -> None:
        """Say how long the phrase still stands here, and close when that is over."""
        lasts_s = SHOWN_FOR_S if self.check is None else _CHECK_TAKES_S
        left_s = lasts_s - self._began.age_s(self.shell.clock.now())
        if left_s <= 0:
            self.forget()
            self.reject()
        else:
            self.phrase.left.set_text(f"Goes from the screen in {left_text(left_s)}")

    @override
    async def work(self) -> bool:
        if self._wallet.backed_up:
            return True
        if self.check is None:
            self._ask_for_words()
            return False
        if not self.check.check():
            return False
        await self._session.accounts.mark_backed_up(self._wallet.id)
        self.shell.notify(f"{self._wallet.label} counts as backed up now.", kind=NoticeKind.DONE, key="backed-up")
        return True

    @override
    def forget(self) -> None:
        self._timer.stop()
        self._words = ()
        self.phrase.view.forget()
        if self.check is not None:
            self.check.forget()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.phrase.cover()

    def _ask_for_words(self) -> None:
        self._began = self.shell.clock.now()
        self.phrase.cover()
        self.phrase.hide()
        self._note.set_text("Type these words from what you wrote down.")
        self.check = WordCheck(self.theme, self._words)
        self.body.insertWidget(2, self.check)
        self.action.set_text("Check")
        self.check.fields[0].setFocus()
