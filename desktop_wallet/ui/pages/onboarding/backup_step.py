"""The last step: a backup file, the only cure for a lost keyring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from desktop_wallet.ui import dialogs
from desktop_wallet.ui.lending import with_secrets
from desktop_wallet.ui.pages.onboarding.state import PASSWORD_MINIMUM, Onboarding
from desktop_wallet.ui.pages.onboarding.step import StepView
from desktop_wallet.ui.pages.onboarding.wallet_steps import BACKUP_PATTERN
from desktop_wallet.ui.widgets.fields import FormRow
from desktop_wallet.ui.widgets.notice import NoticeKind
from desktop_wallet.ui.widgets.password_field import PasswordField

if TYPE_CHECKING:
    from desktop_wallet.compose import Application
    from desktop_wallet.ui.pages.page import Shell

_SUGGESTED = "wallet-backup.json"


class BackupStep(StepView):
    """Offers to save a backup file."""

    title = "Save a backup file"
    sentence = (
        "It holds your wallets with their names and accounts, encrypted under a password of its own. With it you get "
        "everything back on another computer, or when the keyring of this one is lost. Keep it somewhere else."
    )
    action = "Save backup file…"
    skip_action = "Later"

    def __init__(self, application: Application, shell: Shell, state: Onboarding) -> None:
        super().__init__(application, shell, state)
        self.password = PasswordField(self.theme, "Password of the backup file")
        self.again = PasswordField(self.theme, "Password again")
        hint = f"{PASSWORD_MINIMUM} characters or more. It may be the profile's password; it need not."
        self.body.addWidget(FormRow(self.theme, "Password of the backup file", self.password, hint))
        self.body.addWidget(FormRow(self.theme, "Password again", self.again))
        self.password.submitted.connect(self.again.setFocus)
        self.again.submitted.connect(self.submitted)

    @override
    def entered(self) -> None:
        self.password.setFocus()

    @override
    async def leave(self) -> bool:
        if len(self.password.text()) < PASSWORD_MINIMUM:
            self.password.set_error(f"Use {PASSWORD_MINIMUM} characters or more.")
            self.password.setFocus()
            return False
        if self.password.text() != self.again.text():
            self.again.set_error("The two passwords are not the same.")
            self.again.setFocus()
            return False
        file = await dialogs.save_file(self, "Save the backup file", str(Path.home() / _SUGGESTED), BACKUP_PATTERN)
        if file is None:
            return False
        return await self.save(file)

    async def save(self, file: Path) -> bool:
        """Write the backup there, and return whether the person let us.

        A file of that name is replaced, for the choice of the place has asked about it.
        """

        async def write() -> bool:
            await self.session.accounts.write_backup(file, self.password.text(), overwrite=True)
            return True

        if not await with_secrets(self, self.theme, self.session, "Save a backup file", write):
            return False
        self.shell.notify(f"Backup saved as {file.name}. Keep a copy on another device.", kind=NoticeKind.DONE)
        return True

    @override
    def forget(self) -> None:
        self.password.clear()
        self.again.clear()
