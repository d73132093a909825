"""What can be done with wallets and accounts, each from the question to the notice. One coroutine a thing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtWidgets import QWidget
from typing_extensions import override

from desktop_wallet.core.accounts import AccountId, Wallet, WalletId, WalletKind
from desktop_wallet.core.addresses import display_address, grouped
from desktop_wallet.ui.dialogs import open_file, save_file
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.lending import with_secrets
from desktop_wallet.ui.pages.accounts_dialogs import (
    ChangePasswordDialog,
    NewPassword,
    PasswordDialog,
    PathDialog,
    RemoveWalletDialog,
    WorkDialog,
)
from desktop_wallet.ui.pages.accounts_phrase import PhraseDialog
from desktop_wallet.ui.pages.page import Shell
from desktop_wallet.ui.theme import TextStyle, Token
from desktop_wallet.ui.widgets.notice import NoticeKind
from desktop_wallet.ui.widgets.text import Text
from desktop_wallet.ui.words import count_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from desktop_wallet.services.session import Session

_T = TypeVar("_T")
_BACKUP_FILES = "Backup files (*.json);;All files (*)"


class AccountFlows:
    """The flows of one session. To be run by the page's tasks: what they raise is the page's to show."""

    def __init__(self, parent: QWidget, shell: Shell, session: Session) -> None:
        self._parent = parent
        self._shell = shell
        self._session = session

    # Wallets and accounts

    async def add_account(self, wallet: WalletId) -> None:
        """Add the next account of a phrase."""
        account = await self._with_secrets("Add account", lambda: self._session.accounts.add_account(wallet))
        if account is not None:
            self._done(f"{account.label} was added.")

    async def add_at_path(self, wallet: WalletId) -> None:
        """Ask for a derivation path and add the account there."""
        dialog = PathDialog(self._parent, self._shell, self._session, wallet)
        if await dialog.ask() and dialog.added is not None:
            self._done(f"{dialog.added.label} was added: {grouped(display_address(dialog.added.address))}")

    async def discover(self, wallet: WalletId, on_progress: Callable[[int], None]) -> None:
        """Look for used accounts on the networks that are on, and say what was found."""
        if not self._session.catalogue.networks():
            self._shell.notify(
                "No network is switched on, so nobody can be asked. Switch one on in Settings.",
                kind=NoticeKind.WARNING,
                key="discover",
            )
            return
        accounts = self._session.accounts
        found = await self._with_secrets(
            "Look for used accounts", lambda: accounts.discover(wallet, on_progress=on_progress)
        )
        if found is None:
            return
        if not found:
            self._shell.notify("No further used account was found.", key="discover")
            return
        names = ", ".join(account.label for account in found[:5]) + (" and more" if len(found) > 5 else "")
        self._done(f"{count_text(len(found), 'used account')} found: {names}.", key="discover")

    async def rename_wallet(self, wallet: WalletId, name: str) -> None:
        """Give a wallet another name."""
        await self._session.accounts.rename_wallet(wallet, name)
        self._done("The name was saved.", key="renamed")

    async def rename_account(self, account: AccountId, name: str) -> None:
        """Give an account another name."""
        await self._session.accounts.rename_account(account, name)
        self._done("The name was saved.", key="renamed")

    async def hide_account(self, account: AccountId, *, hidden: bool) -> None:
        """Leave an account out of the balances, or take it in again."""
        await self._session.accounts.hide_account(account, hidden=hidden)
        said = "It is hidden: its balances are neither read nor shown." if hidden else "It is shown in balances again."
        self._done(said, key="hidden")

    async def remove_wallet(self, wallet: Wallet) -> None:
        """Ask, and remove a wallet."""
        if await RemoveWalletDialog(self._parent, self._shell, self._session, wallet).ask():
            self._done(f"{wallet.label} was removed.")

    # Safety

    async def show_phrase(self, wallet: Wallet) -> None:
        """Ask for the password and show the phrase for a minute."""
        words: list[str] = []

        async def reveal(password: str) -> bool:
            words.extend((await self._session.accounts.reveal_phrase(wallet.id, password)).split())
            return True

        asking = PasswordDialog(
            self._parent,
            self._shell,
            f"Show the phrase of {wallet.label}",
            "Make sure that nobody looks over your shoulder and no screen is shared. The words stay covered until you "
            "ask for them, and go away after a minute.",
            reveal,
        )
        try:
            if await asking.ask():
                dialog = PhraseDialog(self._parent, self._shell, self._session, wallet, words)
                words.clear()
                await dialog.ask()
        finally:
            words.clear()

    async def save_backup(self) -> None:
        """Ask for a password and a place, and write the backup file."""
        dialog = BackupPasswordDialog(self._parent, self._shell, self._session)
        if await dialog.ask() and dialog.written is not None:
            self._done(f"The backup file was saved as {dialog.written.name}, in {dialog.written.parent}.", key="backup")

    async def restore_backup(self) -> None:
        """Ask for a backup file and its password, and bring in what it holds."""
        path = await open_file(self._parent, "Choose a backup file", _BACKUP_FILES)
        if path is None:
            return
        accounts = self._session.accounts
        before = {wallet.id for wallet in accounts.wallets()}

        async def restore(password: str) -> bool:
            async def restored() -> bool:
                await accounts.restore_backup(path, password)
                return True

            return bool(await with_secrets(dialog, self._shell.theme, self._session, "Restore wallets", restored))

        dialog = PasswordDialog(
            self._parent,
            self._shell,
            f"Restore from {path.name}",
            "Type the password that this backup file was saved with. Wallets that are here already stay as they are.",
            restore,
            "Restore",
        )
        if await dialog.ask():
            new = [wallet.label for wallet in accounts.wallets() if wallet.id not in before]
            said = f"{count_text(len(new), 'wallet')} restored: {', '.join(new)}." if new else "All of it was here."
            self._done(said, key="backup")

    async def change_password(self) -> None:
        """Ask for the old and the new password, and change it."""
        if await ChangePasswordDialog(self._parent, self._shell, self._session).ask():
            self._done("The password was changed.", key="password")

    async def retry_keyring(self) -> None:
        """Try the keyring again and say how it went."""
        problem = await self._session.retry_keyring()
        if problem is None:
            self._done("The keyring is open: phrases and keys can be used again.", key="keyring")
        else:
            # Why stands above the page already.
            self._shell.notify(f"Tried again. {error_text(problem).title}.", key="keyring")

    async def _with_secrets(self, title: str, action: Callable[[], Awaitable[_T]]) -> _T | None:
        return await with_secrets(self._parent, self._shell.theme, self._session, title, action)

    def _done(self, text: str, *, key: str = "") -> None:
        self._shell.notify(text, kind=NoticeKind.DONE, key=key)


class BackupPasswordDialog(WorkDialog):
    """Says what a backup file holds, asks for its own password twice and for a place, and writes it."""

    def __init__(self, parent: QWidget, shell: Shell, session: Session) -> None:
        super().__init__(parent, shell, "Save a backup file", backup_sentence(session.accounts.wallets()))
        self._session = session
        self.written: Path | None = None
        self.password = NewPassword(shell, "Password for this file")
        self.body.addWidget(self.password)
        note = (
            "Keep the file apart from this computer, and the password apart from the file. The file and its password "
            "together open everything, on any computer, without its keyring."
        )
        self.body.addWidget(Text(shell.theme, note, TextStyle.BODY, Token.MUTED, wrap=True))
        self.password.second.submitted.connect(self.act)
        self.finish("Choose where to save it")
        self.password.first.setFocus()

    @override
    async def work(self) -> bool:
        """Ask for the place and write there; a file that is replaced was asked about with the place."""
        if not self.password.check():
            return False
        path = await save_file(self, "Save the backup file", self._suggested(), _BACKUP_FILES)
        if path is None:
            return False

        async def write() -> Path:
            await self._session.accounts.write_backup(path, self.password.text(), overwrite=True)
            return path

        self.written = await with_secrets(self, self.theme, self._session, "Save a backup file", write)
        return self.written is not None

    @override
    def forget(self) -> None:
        """Forget the password."""
        self.password.clear()

    def _suggested(self) -> str:
        day = datetime.fromtimestamp(self.shell.clock.now().wall_s, tz=UTC).astimezone().strftime("%Y-%m-%d")
        return str(Path.home() / f"wallet-backup-{day}.json")


def backup_sentence(wallets: tuple[Wallet, ...]) -> str:
    """Return what a backup file of these wallets holds."""
    secret = sum(wallet.kind is not WalletKind.WATCH for wallet in wallets)
    watched = len(wallets) - secret
    parts = [f"the phrases and keys of {count_text(secret, 'wallet')}"] if secret else []
    if watched:
        parts.append(count_text(watched, "watched wallet"))
    held = " and ".join(parts) or "no wallet yet"
    return (
        f"It holds {held}, with names, paths and addresses, all encrypted under a password of its own. "
        "It holds no balances and no settings."
    )
