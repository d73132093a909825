"""The steps that bring a wallet: a new phrase, one that exists, a key, a backup file, an address to watch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtWidgets import QHBoxLayout
from typing_extensions import override

from desktop_wallet.core.errors import InvalidAddress, InvalidKey, InvalidPhrase, WrongPassword
from desktop_wallet.ui import dialogs
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.lending import with_secrets
from desktop_wallet.ui.pages.accounts_phrase import CoveredPhrase, WordCheck
from desktop_wallet.ui.pages.onboarding.phrase_entry import PhraseEntry
from desktop_wallet.ui.pages.onboarding.state import Onboarding
from desktop_wallet.ui.pages.onboarding.step import StepView
from desktop_wallet.ui.tasks import TaskOwner
from desktop_wallet.ui.theme import GRID, TextStyle, Token
from desktop_wallet.ui.widgets.buttons import SecondaryButton
from desktop_wallet.ui.widgets.fields import FormRow, SegmentedControl, TextField
from desktop_wallet.ui.widgets.password_field import PasswordField
from desktop_wallet.ui.widgets.text import ElidedText

if TYPE_CHECKING:
    from desktop_wallet.compose import Application
    from desktop_wallet.ui.pages.page import Shell

_PREVIEW_AFTER_MS = 250
BACKUP_PATTERN = "Backup files (*.json);;All files (*)"


class NewPhraseStep(StepView):
    """Shows a new phrase, once."""

    title = "Write down your recovery phrase"
    sentence = (
        "These words are the wallet. Write them on paper, in this order, and keep them where only you find them. "
        "They are shown here once; the next step asks for three of them."
    )
    action = "I have written them down"

    def __init__(self, application: Application, shell: Shell, state: Onboarding) -> None:
        super().__init__(application, shell, state)
        self.length = SegmentedControl(self.theme, [("12", "12 words"), ("24", "24 words")], "Length of the phrase")
        self.length.set_value(str(state.words))
        self.length.changed.connect(self._on_length_changed)
        self.phrase = CoveredPhrase(self.theme, ())
        row = QHBoxLayout()
        row.addWidget(self.length)
        row.addStretch(1)
        self.body.addLayout(row)
        self.body.addWidget(self.phrase)
        self.tasks = TaskOwner(shell.report)

    @override
    def entered(self) -> None:
        if self.state.phrase:
            self.phrase.view.set_words(self.state.phrase.split())
        else:
            self.tasks.start(self._make(), key="make")
        self.phrase.button.setFocus()

    def _on_length_changed(self, words: str) -> None:
        self.state.words = int(words)
        self.tasks.cancel()
        self.tasks.start(self._make())

    async def _make(self) -> None:
        self.state.phrase = await self.session.accounts.new_phrase(self.state.words)
        covered = self.phrase.view.covered
        self.phrase.view.set_words(self.state.phrase.split())
        if covered:
            self.phrase.cover()  # its button too: it may have been pressed before there were words
        else:
            self.phrase.view.set_covered(covered=False)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.phrase.cover()

    @override
    async def leave(self) -> bool:
        self.phrase.cover()
        return bool(self.state.phrase)

    @override
    def forget(self) -> None:
        self.tasks.cancel()
        self.phrase.view.forget()


class WrittenDownStep(StepView):
    """Asks for three words of the new phrase, and keeps it once they are right."""

    title = "Check what you wrote down"
    sentence = "Type these words from your paper. Go back if you need to see the phrase again."
    action = "Check and create"

    def __init__(self, application: Application, shell: Shell, state: Onboarding) -> None:
        super().__init__(application, shell, state)
        self.check = WordCheck(self.theme, state.phrase.split())
        self.body.addWidget(self.check)
        for field in self.check.fields[:-1]:
            field.returnPressed.connect(self.focusNextChild)
        if self.check.fields:
            self.check.fields[-1].returnPressed.connect(self.submitted)

    @override
    def entered(self) -> None:
        if self.check.fields:
            self.check.fields[0].setFocus()

    @override
    async def leave(self) -> bool:
        if not self.check.check():
            return False
        accounts, phrase = self.session.accounts, self.state.phrase
        wallet = await with_secrets(
            self, self.theme, self.session, "Add wallet", lambda: accounts.add_phrase("", phrase, created=True)
        )
        if wallet is None:
            return False
        await accounts.mark_backed_up(wallet.id)
        self.state.wallet_made = True
        self.state.forget_secrets()
        return True

    @override
    def forget(self) -> None:
        self.check.forget()


class PhraseStep(StepView):
    """Takes a phrase that exists, and shows the first address it leads to."""

    title = "Your recovery phrase"
    sentence = "Type or paste the words in their order. They stay on this computer."

    def __init__(self, application: Application, shell: Shell, state: Onboarding) -> None:
        super().__init__(application, shell, state)
        self.entry = PhraseEntry(self.theme, self.session.accounts)
        self.body.addWidget(self.entry)
        self.tasks = TaskOwner(shell.report)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PREVIEW_AFTER_MS)
        self._pause.timeout.connect(self._on_paused)
        self.entry.words.textChanged.connect(self._pause.start)
        self.entry.passphrase.edited.connect(self._pause.start)
        self.entry.scheme.currentIndexChanged.connect(self._pause.start)

    @override
    def entered(self) -> None:
        self.entry.words.setFocus()

    def _on_paused(self) -> None:
        self.tasks.cancel()
        self.tasks.start(self._preview())

    async def _preview(self) -> None:
        phrase = self.entry.checked()
        if phrase is not None:
            passphrase, scheme = self.entry.passphrase.text(), self.entry.chosen_scheme
            [first] = await self.session.accounts.preview(phrase, passphrase, scheme, 1)
            self.entry.show_first(first)

    @override
    async def leave(self) -> bool:
        accounts = self.session.accounts
        try:
            phrase = accounts.check_phrase(self.entry.words.toPlainText())
        except InvalidPhrase as error:
            self.entry.row.set_error(error_text(error).text)
            self.entry.words.setFocus()
            return False
        passphrase, scheme = self.entry.passphrase.text(), self.entry.chosen_scheme
        wallet = await with_secrets(
            self,
            self.theme,
            self.session,
            "Add wallet",
            lambda: accounts.add_phrase("", phrase, passphrase=passphrase, scheme=scheme, created=False),
        )
        if wallet is None:
            return False
        self.state.wallet_made = True
        if self.entry.search.isChecked():
            self.state.search_wallet = wallet.id
        return True

    @override
    def forget(self) -> None:
        self._pause.stop()
        self.tasks.cancel()
        self.entry.forget()


class KeyStep(StepView):
    """Takes a private key."""

    title = "Your private key"
    sentence = "64 characters from 0 to 9 and a to f, with or without 0x before them. It stays on this computer."

    def __init__(self, application: Application, shell: Shell, state: Onboarding) -> None:
        super().__init__(application, shell, state)
        self.key = PasswordField(self.theme, "Private key")
        self.body.addWidget(FormRow(self.theme, "Private key", self.key))
        self.key.submitted.connect(self.submitted)

    @override
    def entered(self) -> None:
        self.key.setFocus()

    @override
    async def leave(self) -> bool:
        accounts, key = self.session.accounts, self.key.text().strip()
        try:
            wallet = await with_secrets(self, self.theme, self.session, "Add wallet", lambda: accounts.add_key("", key))
        except InvalidKey as error:
            self.key.set_error(error_text(error).text)
            self.key.setFocus()
            return False
        if wallet is None:
            return False
        self.state.wallet_made = True
        return True

    @override
    def forget(self) -> None:
        self.key.clear()


class WatchStep(StepView):
    """Takes an address to watch."""

    title = "Watch an address"
    sentence = "You see what it holds. Nothing can be sent from it here."

    def __init__(self, application: Application, shell: Shell, state: Onboarding) -> None:
        super().__init__(application, shell, state)
        self.address = TextField(self.theme, "Address", "0x…", mono=True)
        self.label = TextField(self.theme, "Name, if you like", "Watched")
        self.row = FormRow(self.theme, "Address", self.address)
        self.body.addWidget(self.row)
        self.body.addWidget(FormRow(self.theme, "Name, if you like", self.label))
        self.address.textEdited.connect(lambda _: self.row.set_error(""))
        self.address.returnPressed.connect(self.submitted)
        self.label.returnPressed.connect(self.submitted)

    @override
    def entered(self) -> None:
        self.address.setFocus()

    @override
    async def leave(self) -> bool:
        try:
            await self.session.accounts.add_watch(self.label.text().strip() or "Watched", self.address.text())
        except InvalidAddress as error:
            self.row.set_error(error_text(error).text)
            self.address.setFocus()
            return False
        self.state.wallet_made = True
        return True


class RestoreStep(StepView):
    """Takes a backup file and its password."""

    title = "Restore a backup file"
    sentence = "It brings every wallet that was in the profile it was saved from."
    action = "Restore"

    def __init__(self, application: Application, shell: Shell, state: Onboarding) -> None:
        super().__init__(application, shell, state)
        self.file: Path | None = None
        self.choose = SecondaryButton(self.theme, "Choose file…", "file-up", self._on_choose_clicked)
        self._name = ElidedText(self.theme, "No file chosen", TextStyle.BODY, Token.MUTED)
        self.password = PasswordField(self.theme, "Password of the backup file")
        row = QHBoxLayout()
        row.setSpacing(3 * GRID)
        row.addWidget(self.choose)
        row.addWidget(self._name, 1)
        self.body.addLayout(row)
        self.body.addWidget(FormRow(self.theme, "Password of the backup file", self.password))
        self.password.submitted.connect(self.submitted)
        self.tasks = TaskOwner(shell.report)

    @override
    def entered(self) -> None:
        self.choose.setFocus()

    def set_file(self, file: Path) -> None:
        """Take this file."""
        self.file = file
        self._name.set_text(file.name)
        self._name.set_token(Token.TEXT)
        self.password.setFocus()

    def _on_choose_clicked(self) -> None:
        self.tasks.start(self._choose(), key="choose")

    async def _choose(self) -> None:
        file = await dialogs.open_file(self, "Choose a backup file", BACKUP_PATTERN)
        if file is not None:
            self.set_file(file)

    @override
    async def leave(self) -> bool:
        if self.file is None:
            self._name.set_text("Choose the file first.")
            self._name.set_token(Token.UNAVAILABLE)
            self.choose.setFocus()
            return False
        self.password.set_error("")
        accounts, file, password = self.session.accounts, self.file, self.password.text()

        async def restore() -> bool:
            await accounts.restore_backup(file, password)
            return True

        try:
            if not await with_secrets(self, self.theme, self.session, "Restore wallets", restore):
                return False
        except WrongPassword:
            self.password.set_error("That is not the password of this backup file. It may differ from the profile's.")
            self.password.setFocus()
            return False
        self.state.wallet_made = True
        return True

    @override
    def forget(self) -> None:
        self.tasks.cancel()
        self.password.clear()
