"""Security: when the wallet locks by itself, and the password."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from typing_extensions import override

from desktop_wallet.ui.pages.accounts_dialogs import ChangePasswordDialog
from desktop_wallet.ui.pages.settings_section import Section
from desktop_wallet.ui.widgets.buttons import SecondaryButton
from desktop_wallet.ui.widgets.fields import Choice, FormRow, Switch
from desktop_wallet.ui.words import count_text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.tasks import TaskOwner

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
    """Auto-lock and password."""

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

    def _on_auto_lock_chosen(self) -> None:
        self.tasks.start(self._keep_auto_lock(self.auto_lock.currentData()))

    def _on_suspend_clicked(self, on: bool) -> None:
        self.tasks.start(self._keep_suspend(on=on))

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

    async def _change_password(self) -> None:
        if self.session is None:
            return
        if await ChangePasswordDialog(self, self.shell, self.session).ask():
            self.done("The password was changed.")


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
