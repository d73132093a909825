"""The first steps: what the person brings, the password, and what to do without a keyring."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from typing_extensions import override

from desktop_wallet.core.errors import KeyringFailure
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.pages.onboarding.state import PASSWORD_MINIMUM, Bring, Onboarding, password_hint
from desktop_wallet.ui.pages.onboarding.step import StepView
from desktop_wallet.ui.theme import TextStyle, Token
from desktop_wallet.ui.widgets.buttons import ChoiceCard
from desktop_wallet.ui.widgets.fields import FormRow, Switch, TextField
from desktop_wallet.ui.widgets.notice import Banner, NoticeKind
from desktop_wallet.ui.widgets.password_field import PasswordField
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from desktop_wallet.compose import Application
    from desktop_wallet.ui.pages.page import Shell

_NAME_LIMIT = 40
_NEW = (Bring.CREATE, "sparkles", "A new wallet", "A new recovery phrase, in about a minute")
_WATCH = (Bring.WATCH, "eye", "An address to watch", "See its balances without keys")
_SOURCES = (
    (Bring.PHRASE, "key-round", "A recovery phrase", "12 to 24 words, from this program or another one"),
    (Bring.KEY, "lock-open", "A private key", "64 characters; it has one account"),
    (Bring.BACKUP, "file-up", "A backup file", "Saved by this program, with a password of its own"),
)


class SourceStep(StepView):
    """Asks what the person brings."""

    title = "What would you like to bring?"
    sentence = "Nothing is moved on any network by this."
    action = ""

    def __init__(self, application: Application, shell: Shell, state: Onboarding) -> None:
        super().__init__(application, shell, state)
        self.cards: dict[Bring, ChoiceCard] = {}
        for bring, icon, title, sentence in (_NEW, *_SOURCES, _WATCH) if state.adding else _SOURCES:
            card = ChoiceCard(self.theme, icon, title, sentence, partial(self._on_chosen, bring))
            self.cards[bring] = card
            self.body.addWidget(card)

    @override
    def entered(self) -> None:
        next(iter(self.cards.values())).setFocus()

    def _on_chosen(self, bring: Bring) -> None:
        self.state.bring = bring
        self.submitted.emit()


class ProfileStep(StepView):
    """Asks for the profile's name and password, and makes the profile if the keyring is in order."""

    title = "Protect this profile"
    sentence = (
        "The password opens the wallet on this computer. It is stored nowhere and nobody can reset it; "
        "your recovery phrase or backup file is the way back if you forget it."
    )

    def __init__(self, application: Application, shell: Shell, state: Onboarding) -> None:
        super().__init__(application, shell, state)
        self.name = TextField(self.theme, "Name of the profile")
        self.name.setMaxLength(_NAME_LIMIT)
        self.name.setText(state.name or state.suggested_name())
        self.password = PasswordField(self.theme, "Password")
        self.again = PasswordField(self.theme, "Password again")
        self._hint = Text(self.theme, password_hint(""), TextStyle.BODY, Token.MUTED, wrap=True)
        self.body.addWidget(FormRow(self.theme, "Name of the profile", self.name))
        self.body.addWidget(FormRow(self.theme, "Password", self.password))
        self.body.addWidget(self._hint)
        self.body.addWidget(FormRow(self.theme, "Password again", self.again))
        self.password.edited.connect(self._on_password_edited)
        self.password.complained.connect(self._hint.setHidden)
        self.name.returnPressed.connect(self.password.setFocus)
        self.password.submitted.connect(self.again.setFocus)
        self.again.submitted.connect(self.submitted)

    @override
    def entered(self) -> None:
        self.password.setFocus()

    def _on_password_edited(self) -> None:
        self._hint.set_text(password_hint(self.password.text()))

    @override
    async def leave(self) -> bool:
        password = self.password.text()
        if len(password) < PASSWORD_MINIMUM:
            self.password.set_error(f"Use {PASSWORD_MINIMUM} characters or more.")
            self.password.setFocus()
            return False
        if password != self.again.text():
            self.again.set_error("The two passwords are not the same.")
            self.again.setFocus()
            return False
        self.state.name = self.name.text().strip() or self.state.suggested_name()
        self.state.keyring_problem = await self.application.profiles.keyring_problem()
        if self.state.keyring_problem is not None:
            self.state.password = password
            return True
        await make_profile(self.application, self.state, password)
        return True

    @override
    def forget(self) -> None:
        self.password.clear()
        self.again.clear()


class KeyringStep(StepView):
    """Says what is wrong with the keyring; the person mends it, or knowingly does without."""

    title = "The keyring of this computer"
    sentence = (
        "The wallet keeps half of the key to your secrets in the keyring, so that a copy of its files alone "
        "opens nothing, not even with the password."
    )
    action = "Try again"

    def __init__(self, application: Application, shell: Shell, state: Onboarding) -> None:
        super().__init__(application, shell, state)
        self._problem = Banner(self.theme, "", NoticeKind.WARNING)
        self.without = Switch(self.theme, "Make this profile without a keyring")
        self._price = Text(
            self.theme,
            "What you give up: whoever copies the files of this profile needs only your password to take everything. "
            "A long password then matters more. It stays so for this profile; another one can be made with a keyring.",
            TextStyle.BODY,
            Token.MUTED,
            wrap=True,
        )
        self.body.addWidget(self._problem)
        self.body.addWidget(self.without)
        self.body.addWidget(self._price)
        self.without.toggled.connect(self._on_without_toggled)
        self._show_problem()

    @override
    def entered(self) -> None:
        self.without.setFocus()

    def _show_problem(self, *, again: bool = False) -> None:
        if self.state.keyring_problem is not None:
            tried = "Tried again. " if again else ""
            self._problem.set_text(tried + error_text(self.state.keyring_problem).text)

    def _on_without_toggled(self, checked: bool) -> None:
        self.action_changed.emit("Continue without keyring" if checked else "Try again")

    @override
    async def leave(self) -> bool:
        self.state.without_keyring = self.without.isChecked()
        if not self.state.without_keyring:
            problem = await self.application.profiles.keyring_problem()
            if problem is not None:
                self.state.keyring_problem = problem
                self._show_problem(again=True)
                return False
        await make_profile(self.application, self.state, self.state.password)
        return True


async def make_profile(application: Application, state: Onboarding, password: str) -> None:
    """Make the profile, once, and forget the password."""
    if not state.profile_made:
        try:
            await application.create_profile(state.name, password, without_keyring=state.without_keyring)
        except KeyringFailure as problem:
            state.keyring_problem = problem
            raise
        state.profile_made = True
    state.password = ""
