"""Unlock: whose profile it is, one password, and the truth about a forgotten one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.compose import PRACTICE_PASSWORD
from desktop_wallet.core.errors import VaultDamaged, WalletError, WrongPassword
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.measures import time_text
from desktop_wallet.ui.tasks import TaskOwner
from desktop_wallet.ui.theme import GRID, TextStyle, Token
from desktop_wallet.ui.widgets.buttons import LinkButton, PrimaryButton
from desktop_wallet.ui.widgets.card import Column
from desktop_wallet.ui.widgets.notice import Banner, NoticeKind
from desktop_wallet.ui.widgets.password_field import PasswordField
from desktop_wallet.ui.widgets.picture import Tile
from desktop_wallet.ui.widgets.text import Text, button_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QShowEvent

    from desktop_wallet.compose import Application
    from desktop_wallet.services.profiles import ProfileSummary
    from desktop_wallet.ui.pages.page import Shell

_WIDTH = 380
_FORGOTTEN = (
    "Nobody can reset it, and we cannot either: the password is what opens this profile, and it is stored nowhere.\n\n"
    "If you have your recovery phrase or a backup file, make a new profile and bring the wallet into it. "
    "Your funds are on their networks and are not lost.\n\n"
    "Without password, phrase and backup file nobody can open it again."
)


class UnlockPage(QWidget):
    """Asks for the password of one profile."""

    unlocked = Signal()
    other_chosen = Signal()
    """The person wants a wallet that is not here yet."""

    def __init__(self, application: Application, shell: Shell) -> None:
        super().__init__()
        self._application, self._shell = application, shell
        self._profile: ProfileSummary | None = None
        self._others: Sequence[ProfileSummary] = ()
        self.tasks = TaskOwner(self._on_error)
        self.setAccessibleName("Unlock")
        theme = shell.theme
        column = Column(_WIDTH)
        body = column.body
        centre = Qt.AlignmentFlag.AlignHCenter
        self._tile = Tile(theme, 56)
        self._name = Text(theme, "", TextStyle.TITLE)
        self._since = Text(theme, "", TextStyle.BODY, Token.MUTED)
        for text in (self._name, self._since):
            text.setAlignment(Qt.AlignmentFlag.AlignCenter)
            text.setWordWrap(True)
        self.password = PasswordField(theme, "Password", "Password", tall=True)
        self.password.submitted.connect(self._on_unlock_chosen)
        self._problem = Banner(theme, "", NoticeKind.FAILURE)
        self._problem.hide()
        self.unlock_button = PrimaryButton(theme, "Unlock", on_click=self._on_unlock_chosen)
        self.unlock_button.setProperty("tall", True)
        body.addWidget(self._tile, 0, centre)
        body.addSpacing(3 * GRID)
        body.addWidget(self._name)
        body.addWidget(self._since)
        body.addSpacing(3 * GRID)
        body.addWidget(self.password)
        body.addWidget(self._problem)
        body.addWidget(self.unlock_button)
        body.addSpacing(2 * GRID)
        body.addLayout(self._links())
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(column)

    def _links(self) -> QHBoxLayout:
        theme = self._shell.theme
        self._other = LinkButton(theme, "Other profile", on_click=self._on_other_clicked)
        self._forgot = LinkButton(theme, "Forgot the password?", on_click=self._on_forgot_clicked)
        for link in (self._other, self._forgot):
            link.set_quiet()
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addStretch(1)
        row.addWidget(self._other)
        self._dot = Text(theme, "·", TextStyle.BODY, Token.MUTED)
        row.addWidget(self._dot)
        row.addWidget(self._forgot)
        row.addStretch(1)
        return row

    def show_profile(self, profile: ProfileSummary, others: Sequence[ProfileSummary]) -> None:
        """Ask for the password of this profile; `others` can be chosen instead."""
        self._profile, self._others = profile, others
        self._tile.show_name(profile.name)
        self._name.set_text(profile.name)
        self._since.set_text(self._since_text(profile))
        self._clear()
        usable = not profile.damaged
        self.password.setVisible(usable)
        self.unlock_button.setEnabled(usable)
        self.unlock_button.set_text("Unlock")
        for widget in (self._dot, self._forgot):
            widget.setVisible(not profile.practice)
        if profile.damaged:
            self._say(error_text(VaultDamaged(name="vault.json")).text)
        self.password.setFocus()

    def show_locking(self) -> None:
        """Say that the last session is being closed; unlocking waits for that."""
        self.unlock_button.setEnabled(False)
        self.unlock_button.set_text("Locking…")

    def forget(self) -> None:
        """Drop what was typed, and stop what goes on."""
        self.tasks.cancel()
        self._clear()

    def _clear(self) -> None:
        self.password.clear()
        self.password.set_error("")
        self.password.setEnabled(True)
        self._problem.hide()

    def _say(self, text: str) -> None:
        self._problem.set_text(text)
        self._problem.show()

    def _since_text(self, profile: ProfileSummary) -> str:
        if profile.practice:
            return f"Locked. Play money: the password is {PRACTICE_PASSWORD}"
        if profile.damaged:
            return "It cannot be opened."
        if profile.last_opened_s is None:
            return "Locked."
        return f"Locked. Last open {time_text(profile.last_opened_s, self._shell.clock.now().wall_s)}"

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.password.setFocus()

    def _on_unlock_chosen(self) -> None:
        if self._profile is not None and self.unlock_button.isEnabled():
            self.tasks.start(self._unlock(self._profile), key="unlock")

    async def _unlock(self, profile: ProfileSummary) -> None:
        self._problem.hide()
        if not self.password.text():
            self.password.set_error("Type the password of this profile.")
            return
        self._set_busy(busy=True)
        wrong = False
        try:
            await self._application.unlock(profile.id, self.password.text())
        except WrongPassword:
            wrong = True
        except WalletError as error:
            words = error_text(error)
            self._say(f"{words.title}. {words.text}")
            return
        finally:
            self._set_busy(busy=False)
        if wrong:
            self.password.set_error("That is not the password of this profile. Check capital letters and the keyboard.")
            self.password.field.selectAll()
            self.password.setFocus()
            return
        self.password.clear()
        self.unlocked.emit()

    def _set_busy(self, *, busy: bool) -> None:
        self.unlock_button.setEnabled(not busy)
        self.unlock_button.set_text("Opening…" if busy else "Unlock")
        self.password.setEnabled(not busy)

    def _on_error(self, error: BaseException) -> None:
        self._shell.report(error)

    def _on_other_clicked(self) -> None:
        others = [p for p in self._others if self._profile is None or p.id != self._profile.id]
        if not others:
            self.other_chosen.emit()
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for profile in others:
            action = menu.addAction(button_text(profile.name))
            action.triggered.connect(lambda _=False, profile=profile: self.show_profile(profile, self._others))
        menu.addSeparator()
        menu.addAction("Another wallet").triggered.connect(self.other_chosen)
        # Not exec(): it would spin a second loop inside the one that runs our coroutines.
        menu.popup(self._other.mapToGlobal(QPoint(0, self._other.height())))

    def _on_forgot_clicked(self) -> None:
        self.tasks.start(self._explain_forgotten(), key="forgot")

    async def _explain_forgotten(self) -> None:
        from desktop_wallet.ui import dialogs  # noqa: PLC0415 - the first paint does without

        bring = await dialogs.confirm(
            self,
            self._shell.theme,
            "A forgotten password",
            _FORGOTTEN,
            action="Bring my wallet into a new profile",
            cancel="Close",
        )
        if bring:
            self.other_chosen.emit()
