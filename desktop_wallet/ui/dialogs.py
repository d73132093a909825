"""Questions to the person: opened, never executed, and awaited.

`exec()` inside a coroutine spins a second loop inside qasync's and hangs or re-enters. Here a dialog opens and the
coroutine waits for its `finished`. If the asker is cancelled (lock, close) the dialog goes away with it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import shiboken6
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.errors import WalletError
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import DangerButton, PrimaryButton, SecondaryButton
from desktop_wallet.ui.widgets.fields import FormRow, TextField
from desktop_wallet.ui.widgets.password_field import PasswordField
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_T = TypeVar("_T")
_WIDTH = 440


class Dialog(QDialog):
    """A small window over ours. Put things into `body`, then `buttons`, then `await run()`.

    `over` is emitted last: whoever put a secret into it forgets that then.
    """

    over = Signal()

    def __init__(self, parent: QWidget, theme: Theme, title: str, text: str = "") -> None:
        super().__init__(parent)
        self.theme = theme
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        column = QVBoxLayout(self)
        column.setContentsMargins(6 * GRID, 5 * GRID, 6 * GRID, 5 * GRID)
        column.setSpacing(3 * GRID)
        column.addWidget(Text(theme, title, TextStyle.HEADING))
        if text:
            column.addWidget(Text(theme, text, TextStyle.BODY, Token.MUTED, wrap=True))
        self.body = QVBoxLayout()
        self.body.setSpacing(2 * GRID)
        column.addLayout(self.body)
        self._row = QHBoxLayout()
        self._row.setSpacing(2 * GRID)
        self._row.addStretch(1)
        column.addSpacing(GRID)
        column.addLayout(self._row)
        self.setMinimumWidth(_WIDTH)

    def buttons(self, action: str, cancel: str = "Cancel", *, danger: bool = False) -> PrimaryButton | DangerButton:
        """Add the row of buttons, and return the one that acts; it accepts the dialog unless it is connected anew."""
        if cancel:
            self._row.addWidget(SecondaryButton(self.theme, cancel, on_click=self.reject))
        act = (DangerButton if danger else PrimaryButton)(self.theme, action, on_click=self.act)
        # With danger the safe answer is the one that Enter gives.
        act.setDefault(not danger)
        self._row.addWidget(act)
        return act

    def act(self) -> None:
        """Accept. Dialogs that check first override this."""
        self.accept()

    async def run(self) -> bool:
        """Open, wait until the person has answered, and return whether they accepted."""
        answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def on_finished(result: int) -> None:
            if not answered.done():
                answered.set_result(result)

        self.finished.connect(on_finished)
        self.open()
        try:
            return await answered == QDialog.DialogCode.Accepted.value
        finally:
            self.finished.disconnect(on_finished)
            self.hide()
            self.over.emit()
            self.deleteLater()


class _CheckedDialog(Dialog, Generic[_T]):
    """A dialog whose answer is checked before it closes; what is wrong is said in it."""

    def __init__(
        self, parent: QWidget, theme: Theme, title: str, text: str, check: Callable[[str], Awaitable[_T]]
    ) -> None:
        super().__init__(parent, theme, title, text)
        self._check = check
        self._asked = asyncio.Event()
        self._answer: _T | None = None

    @override
    def act(self) -> None:
        """Have the answer checked by `ask`."""
        self._asked.set()

    async def ask(self, action: str, read: Callable[[], str], say: Callable[[str], None]) -> _T | None:
        """Open, check each answer that `read` gives, and return the first accepted; None if the person cancels."""
        act = self.buttons(action)
        async with asyncio.TaskGroup() as group:
            checking = group.create_task(self._check_answers(act, read, say))
            accepted = await self.run()
            checking.cancel()
        return self._answer if accepted else None

    async def _check_answers(
        self, act: PrimaryButton | DangerButton, read: Callable[[], str], say: Callable[[str], None]
    ) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            act.setEnabled(False)
            try:
                self._answer = await self._check(read())
            except WalletError as error:
                if shiboken6.isValid(act):
                    say(error_text(error).text)
            else:
                self.accept()
            finally:
                # The dialog may be gone: whoever leaves it cancels this.
                if shiboken6.isValid(act):
                    act.setEnabled(True)


async def confirm(
    parent: QWidget,
    theme: Theme,
    title: str,
    text: str,
    *,
    action: str,
    danger: bool = False,
    cancel: str = "Cancel",
) -> bool:
    """Return whether the person agreed."""
    dialog = Dialog(parent, theme, title, text)
    dialog.buttons(action, cancel, danger=danger)
    return await dialog.run()


async def tell(parent: QWidget, theme: Theme, title: str, text: str, *, action: str = "Close") -> None:
    """Tell something that has to be read, and return when it was closed."""
    dialog = Dialog(parent, theme, title, text)
    dialog.buttons(action, "")
    await dialog.run()


async def ask_text(
    parent: QWidget,
    theme: Theme,
    title: str,
    text: str,
    *,
    label: str,
    value: str = "",
    check: Callable[[str], Awaitable[None]] | None = None,
    action: str = "Save",
) -> str | None:
    """Return what the person typed, after `check` accepted it; None if they cancelled."""

    async def checked(typed: str) -> str:
        if check is not None:
            await check(typed)
        return typed

    dialog = _CheckedDialog[str](parent, theme, title, text, checked)
    field = TextField(theme, label)
    field.setText(value)
    field.selectAll()
    row = FormRow(theme, label, field)
    dialog.body.addWidget(row)
    field.textEdited.connect(lambda _: row.set_error(""))
    field.setFocus()
    return await dialog.ask(action, field.text, row.set_error)


async def ask_password(
    parent: QWidget,
    theme: Theme,
    title: str,
    text: str,
    *,
    check: Callable[[str], Awaitable[_T]],
    action: str = "Continue",
) -> _T | None:
    """Return what `check` made of the password; None if the person cancelled.

    A wrong one is said in the dialog. Have `check` return something that is not None.
    """
    dialog = _CheckedDialog[_T](parent, theme, title, text, check)
    field = PasswordField(theme, "Password")
    dialog.body.addWidget(field)
    dialog.over.connect(field.clear)
    field.setFocus()
    return await dialog.ask(action, field.text, field.set_error)


async def save_file(parent: QWidget, title: str, suggested: str, pattern: str) -> Path | None:
    """Return where to save, after asking about overwriting; None if the person cancelled."""
    dialog = QFileDialog(parent, title, suggested, pattern)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    return await _file(dialog)


async def open_file(parent: QWidget, title: str, pattern: str) -> Path | None:
    """Return the file to open; None if the person cancelled."""
    dialog = QFileDialog(parent, title, str(Path.home()), pattern)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    return await _file(dialog)


async def _file(dialog: QFileDialog) -> Path | None:
    answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def on_finished(result: int) -> None:
        if not answered.done():
            answered.set_result(result)

    dialog.finished.connect(on_finished)
    dialog.open()
    try:
        accepted = await answered == QDialog.DialogCode.Accepted.value
        files = dialog.selectedFiles()
        return Path(files[0]) if accepted and files else None
    finally:
        dialog.finished.disconnect(on_finished)
        dialog.hide()
        dialog.deleteLater()
