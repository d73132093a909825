"""Dialogs of the Accounts page that do their work before they close, and say in place what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.accounts import Wallet, WalletKind
from desktop_wallet.core.errors import WalletError
from desktop_wallet.ui.dialogs import Dialog
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.pages.page import Shell
from desktop_wallet.ui.tasks import TaskOwner
from desktop_wallet.ui.theme import TextStyle, Token
from desktop_wallet.ui.widgets.buttons import DangerButton, PrimaryButton
from desktop_wallet.ui.widgets.fields import FormRow, PasswordField, TextField
from desktop_wallet.ui.widgets.notice import Banner, NoticeKind
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from desktop_wallet.services.session import Session


class WorkDialog(Dialog):
    """A dialog whose action is work that may fail: it stays open and says why, or closes when the work is done."""

    def __init__(self, parent: QWidget, shell: Shell, title: str, text: str = "") -> None:
        super().__init__(parent, shell.theme, title, text)
        self.shell = shell
        self.tasks = TaskOwner(self._on_error)
        self._action: PrimaryButton | DangerButton | None = None
        self._problem = Text(shell.theme, "", TextStyle.BODY, Token.UNAVAILABLE, wrap=True)
        self._problem.hide()

    def finish(self, action: str, *, danger: bool = False) -> None:
        """Add the room for problems and the buttons; call it once, after `body` is filled."""
        self.body.addWidget(self._problem)
        self._action = self.buttons(action, danger=danger)

    @property
    def action(self) -> PrimaryButton | DangerButton:
        """Return the button that acts."""
        if self._action is None:
            raise RuntimeError("finish() was not called")
        return self._action

    @property
    def problem(self) -> str:
        """Return what is said to be wrong."""
        return "" if self._problem.isHidden() else self._problem.text()

    def say(self, sentence: str) -> None:
        """Say what is wrong, or nothing."""
        self._problem.set_text(sentence)
        self._problem.setVisible(bool(sentence))
        self._problem.setAccessibleName(sentence)

    async def work(self) -> bool:
        """Do what the action says; return whether the dialog may close. What it raises is said in the dialog."""
        return True

    def forget(self) -> None:
        """Drop every secret that was typed or shown."""

    @override
    def act(self) -> None:
        self.say("")
        self.tasks.start(self._work(), key="work")

    async def ask(self) -> bool:
        """Open, and return whether the work was done; everything that was typed is forgotten then."""
        try:
            return await self.run()
        finally:
            self.forget()
            await self.tasks.stop()

    async def _work(self) -> None:
        self.action.setEnabled(False)
        try:
            if await self.work():
                self.accept()
        finally:
            self.action.setEnabled(True)

    def _on_error(self, error: BaseException) -> None:
        if isinstance(error, WalletError):
            self.say(error_text(error).text)
        else:
            self.shell.report(error)


class RemoveWalletDialog(WorkDialog):
    """Asks before a wallet goes, and says what is lost with it; one that is not backed up has to be named."""

    def __init__(self, parent: QWidget, shell: Shell, session: Session, wallet: Wallet) -> None:
        super().__init__(parent, shell, f"Remove {wallet.label}?", removal_sentence(wallet))
        self._session, self._wallet = session, wallet
        self.field: TextField | None = None
        if must_be_named(wallet):
            sentence = "This wallet is not backed up. Once its phrase is gone, nobody can reach its coins again."
            self.body.addWidget(Banner(shell.theme, sentence, NoticeKind.FAILURE))
            self.field = TextField(shell.theme, "Name of the wallet")
            self.body.addWidget(FormRow(shell.theme, f"Type {wallet.label} to confirm", self.field))
            self.field.textChanged.connect(self._on_text_changed)
        self.finish("Remove wallet", danger=True)
        self.action.setEnabled(self.field is None)
        if self.field is not None:
            self.field.setFocus()

    @override
    async def work(self) -> bool:
        await self._session.accounts.remove_wallet(self._wallet.id)
        return True

    def _on_text_changed(self, text: str) -> None:
        self.action.setEnabled(text.strip() == self._wallet.label)


def must_be_named(wallet: Wallet) -> bool:
    """Return whether removing the wallet may lose its secret for good."""
    return wallet.kind is not WalletKind.WATCH and not wallet.backed_up


def removal_sentence(wallet: Wallet) -> str:
    """Return what goes and what would bring it back."""
    if wallet.kind is WalletKind.WATCH:
        return "Its balances are no longer shown. Nothing changes on the network, and you can watch it again any time."
    if wallet.kind is WalletKind.PRIVATE_KEY:
        return "Its key is removed from this computer. You get it back only from the key itself or from a backup file."
    if wallet.backed_up:
        return (
            "It is marked as backed up. Its phrase is removed from this computer. You get it back only from the "
            "written phrase or from a backup file."
        )
    return "Its phrase is removed from this computer."


class ChangePasswordDialog(WorkDialog):
    """Asks for the old password once and for the new one twice, and changes it."""

    def __init__(self, parent: QWidget, shell: Shell, session: Session) -> None:
        sentence = (
            "The password opens this profile on this computer. Nobody can recover it: write it down if you might "
            "forget it. Backup files keep the password they were saved with."
        )
        super().__init__(parent, shell, "Change password", sentence)
        self._session = session
        self.old = PasswordField(shell.theme, "Password now")
        self.new = NewPassword(shell, "New password")
        self.body.addWidget(FormRow(shell.theme, "Password now", self.old))
        self.body.addWidget(self.new)
        self.old.submitted.connect(self.new.first.setFocus)
        self.new.second.submitted.connect(self.act)
        self.finish("Change password")
        self.old.setFocus()

    @override
    async def work(self) -> bool:
        if not self.new.check():
            return False
        await self._session.accounts.change_password(self.old.text(), self.new.text())
        return True

    @override
    def forget(self) -> None:
        self.old.clear()
        self.new.clear()


class NewPassword(QWidget):
    """A new password, typed twice."""

    def __init__(self, shell: Shell, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = shell.theme
        self.first = PasswordField(theme, name)
        self.second = PasswordField(theme, f"{name}, once more")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(FormRow(theme, name, self.first))
        column.addWidget(FormRow(theme, f"{name}, once more", self.second))
        self.first.submitted.connect(self.second.setFocus)

    def text(self) -> str:
        """Return what was typed."""
        return self.first.text()

    def check(self) -> bool:
        """Return whether both are the same and not empty, and say what is wrong."""
        if not self.first.text():
            self.first.set_error("Type a password.")
            return False
        if self.first.text() != self.second.text():
            self.second.set_error("The two are not the same.")
            self.second.setFocus()
            return False
        return True

    def clear(self) -> None:
        """Forget both."""
        self.first.clear()
        self.second.clear()
