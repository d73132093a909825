"""Dialogs of the Accounts page that do their work before they close, and say in place what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import shiboken6
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.accounts import Account, DerivationPath, Wallet, WalletId, WalletKind
from desktop_wallet.core.errors import WalletError
from desktop_wallet.ui.dialogs import Dialog
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.lending import with_secrets
from desktop_wallet.ui.pages.page import Shell
from desktop_wallet.ui.tasks import TaskOwner
from desktop_wallet.ui.theme import TextStyle, Token
from desktop_wallet.ui.widgets.buttons import DangerButton, PrimaryButton
from desktop_wallet.ui.widgets.fields import FormRow, TextField
from desktop_wallet.ui.widgets.notice import Banner, NoticeKind
from desktop_wallet.ui.widgets.password_field import PasswordField
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from desktop_wallet.services.session import Session


class WorkDialog(Dialog):
    """A dialog whose action is work that may fail: it stays open and says why, or closes when the work is done.

    While work goes on that should end whole, the dialog stays; only where `may_leave` it can be left then.
    """

    may_leave: ClassVar[bool] = False

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

    @override
    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() is QEvent.Type.LayoutRequest:
            self._fit()
        return handled

    def _fit(self) -> None:
        # A sentence is as high as its width makes it, which Qt does not ask of a window that is open already.
        layout = self.layout()
        if layout is not None and layout.hasHeightForWidth():
            self.resize(self.width(), layout.totalHeightForWidth(self.width()))

    async def work(self) -> bool:
        """Do what the action says; return whether the dialog may close. What it raises is said in the dialog."""
        return True

    def forget(self) -> None:
        """Drop every secret that was typed or shown."""

    @override
    def act(self) -> None:
        self.say("")
        self.tasks.start(self._work(), key="work")

    @override
    def reject(self) -> None:
        if self.may_leave or not self.tasks.busy("work"):
            super().reject()

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
            # The dialog may be gone: whoever leaves it cancels this.
            if shiboken6.isValid(self.action):
                self.action.setEnabled(True)

    def _on_error(self, error: BaseException) -> None:
        if isinstance(error, WalletError):
            self.say(error_text(error).text)
        else:
            self.shell.report(error)


class PasswordDialog(WorkDialog):
    """Asks for one password and does something with it; a wrong one is said in place. It stays if `check` says no."""

    def __init__(
        self,
        parent: QWidget,
        shell: Shell,
        title: str,
        text: str,
        check: Callable[[str], Awaitable[bool]],
        action: str = "Continue",
    ) -> None:
        super().__init__(parent, shell, title, text)
        self._check = check
        self.password = PasswordField(shell.theme, "Password")
        self.password.submitted.connect(self.act)
        self.body.addWidget(self.password)
        self.finish(action)
        self.password.setFocus()

    @override
    def say(self, sentence: str) -> None:
        self.password.set_error(sentence)

    @override
    async def work(self) -> bool:
        return await self._check(self.password.text())

    @override
    def forget(self) -> None:
        self.password.clear()


class PathDialog(WorkDialog):
    """Asks for a derivation path and adds the account there. `added` is it afterwards."""

    def __init__(self, parent: QWidget, shell: Shell, session: Session, wallet: WalletId) -> None:
        sentence = "For accounts that another program made in its own order. The path stands there in its settings."
        super().__init__(parent, shell, "Add an account at a path", sentence)
        self._session, self._wallet = session, wallet
        self.added: Account | None = None
        self.path = TextField(shell.theme, "Derivation path", mono=True)
        self.path.setText("m/44'/60'/0'/0/0")
        self.path.selectAll()
        self._form = FormRow(shell.theme, "Derivation path", self.path)
        self.path.textEdited.connect(lambda: self.say(""))
        self.path.returnPressed.connect(self.act)
        self.body.addWidget(self._form)
        self.finish("Add account")
        self.path.setFocus()

    @override
    def say(self, sentence: str) -> None:
        self._form.set_error(sentence)

    @override
    async def work(self) -> bool:
        path = DerivationPath.parse(self.path.text())
        accounts = self._session.accounts
        self.added = await with_secrets(
            self, self.theme, self._session, "Add account", lambda: accounts.add_account(self._wallet, path=path)
        )
        return self.added is not None


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
