"""Security: when the wallet locks by itself, the password, and whether each send asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from typing_extensions import override

from desktop_wallet.ui.dialogs import ask_password
from desktop_wallet.ui.pages.accounts_dialogs import ChangePasswordDialog
from desktop_wallet.ui.pages.settings_section import Section
from desktop_wallet.ui.theme import TextStyle, Token
from desktop_wallet.ui.widgets.buttons import SecondaryButton
from desktop_wallet.ui.widgets.fields import Choice, FormRow, Switch
from desktop_wallet.ui.widgets.text import Text
from desktop_wallet.ui.words import count_text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.tasks import TaskOwner

ASKING_HINT = (
    "Then the key that opens phrases and keys is in memory only while it is used, and who comes to your open wallet "
    "can send nothing without the password. You type it for each send, each new account and each backup file, and wait "
    "about a second each time."
)
AUTO_LOCK_MINUTES = (1, 2, 5, 10, 15, 30, 60, 240)
_NEVER = "Never"


def auto_lock_words(limit_s: float | None) -> str:
    """Return when the wallet locks by itself: "After 5 minutes", "Never"."""
    if limit_s is None:
        return _NEVER
    if limit_s < 60 or limit_s % 60:
        return f"After {count_text(round(limit_s), 'second')}"
    minutes = round(limit_s / 60)
    if minutes % 60 == 0:
        return f"After {count_text(minutes // 60, 'hour')}"
    return f"After {count_text(minutes, 'minute')}"


class SecuritySection(Section):
    """Auto-lock, password, and asking for it at each send."""

    key: ClassVar[str] = "security"
    title: ClassVar[str] = "Security"

    def __init__(self, shell: Shell, tasks: TaskOwner, parent: QWidget | None = None) -> None:
        super().__init__(shell, tasks, parent)
        theme = self.theme
        card = self.add_card(
            "Lock", "Locked, the wallet keeps no key in memory, reads nothing and shows nothing. The password opens it."
        )
        self.auto_lock = Choice(theme, "Lock by itself when nobody is there")
        self.auto_lock.activated.connect(self._on_auto_lock_chosen)
        card.body.addWidget(
            FormRow(theme, "Lock by itself", self.auto_lock, "Counted from the last key or click.", side=True)
        )
        self.suspend = Switch(theme, "Lock when the computer goes to sleep or its screen is locked")
        self.suspend.clicked.connect(self._on_suspend_clicked)
        card.body.addWidget(self.suspend)
        card = self.add_card(
            "Password", "It opens this profile. Together with the keyring of this computer it opens phrases and keys."
        )
        change = SecondaryButton(theme, "Change password", "lock", self._on_change_clicked)
        card.body.addWidget(change, 0, Qt.AlignmentFlag.AlignLeft)
        card = self.add_card("Sending")
        self.asking = Switch(theme, "Ask for the password at each send")
        self.asking.setAccessibleDescription(ASKING_HINT)
        self.asking.clicked.connect(self._on_asking_clicked)
        card.body.addWidget(self.asking)
        card.body.addWidget(Text(theme, ASKING_HINT, TextStyle.BODY, Token.MUTED, wrap=True))
        self.body.addStretch(1)

    @override
    def show_now(self) -> None:
        if self.session is None:
            return
        now = self.session.settings.now
        known: list[float | None] = [minutes * 60.0 for minutes in AUTO_LOCK_MINUTES]
        if now.auto_lock_s is not None and now.auto_lock_s not in known:
            known.append(now.auto_lock_s)
            known.sort(key=lambda limit_s: limit_s or 0.0)
        known.append(None)
        self.auto_lock.clear()
        for limit_s in known:
            self.auto_lock.addItem(auto_lock_words(limit_s), limit_s)
        self.auto_lock.setCurrentIndex(known.index(now.auto_lock_s))
        self.suspend.setChecked(now.lock_on_suspend)
        self.asking.setChecked(now.ask_password_to_send)

    def _on_auto_lock_chosen(self) -> None:
        self.tasks.start(self._keep_auto_lock(self.auto_lock.currentData()))

    def _on_suspend_clicked(self, on: bool) -> None:
        self.tasks.start(self._keep_suspend(on=on))

    def _on_asking_clicked(self, on: bool) -> None:
        # Until it is so, and where it does not come about, the switch stands as it was.
        self.asking.setChecked(not on)
        self.tasks.start(self._ask_each_time() if on else self._stop_asking(), key="dialog")

    def _on_change_clicked(self) -> None:
        self.tasks.start(self._change_password(), key="dialog")

    async def _keep_auto_lock(self, limit_s: float | None) -> None:
        if self.session is None:
            return
        await self.session.settings.change(auto_lock_s=limit_s)
        words = auto_lock_words(limit_s)
        self.done("The wallet no longer locks by itself." if limit_s is None else f"The wallet locks {_lower(words)}.")

    async def _keep_suspend(self, *, on: bool) -> None:
        if self.session is None:
            return
        await self.session.settings.change(lock_on_suspend=on)
        self.done(
            "The wallet locks when the computer sleeps." if on else "The wallet stays open when the computer sleeps."
        )

    async def _ask_each_time(self) -> None:
        if self.session is None:
            return
        await self.session.ask_password_to_send()
        self.show_now()
        self.done("From now on each send asks for the password.")

    async def _stop_asking(self) -> None:
        session = self.session
        if session is None:
            return

        async def stop(password: str) -> bool:
            await session.stop_asking_to_send(password)
            return True

        text = "Then the wallet holds the key that opens phrases and keys from unlock to lock, and a send asks nothing."
        done = await ask_password(self, self.theme, "Stop asking at each send?", text, check=stop, action="Stop asking")
        self.show_now()
        if done:
            self.done("Sends no longer ask for the password.")

    async def _change_password(self) -> None:
        if self.session is None:
            return
        if await ChangePasswordDialog(self, self.shell, self.session).ask():
            self.done("The password was changed.")


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
