"""The page that leads through the way in: one step at a time, with where one is, back, and on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_wallet.core.errors import WalletError
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.lending import with_secrets
from desktop_wallet.ui.pages.onboarding.backup_step import BackupStep
from desktop_wallet.ui.pages.onboarding.networks_step import NetworksStep
from desktop_wallet.ui.pages.onboarding.profile_steps import KeyringStep, ProfileStep, SourceStep
from desktop_wallet.ui.pages.onboarding.state import Onboarding, Step
from desktop_wallet.ui.pages.onboarding.wallet_steps import (
    KeyStep,
    NewPhraseStep,
    PhraseStep,
    RestoreStep,
    WatchStep,
    WrittenDownStep,
)
from desktop_wallet.ui.tasks import TaskOwner
from desktop_wallet.ui.theme import GRID, TextStyle, Token
from desktop_wallet.ui.widgets.buttons import LinkButton, PrimaryButton, SecondaryButton
from desktop_wallet.ui.widgets.card import Card, Column
from desktop_wallet.ui.widgets.notice import Banner, NoticeKind
from desktop_wallet.ui.widgets.text import Text
from desktop_wallet.ui.words import count_text

if TYPE_CHECKING:
    from desktop_wallet.compose import Application
    from desktop_wallet.core.accounts import WalletId
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.pages.onboarding.step import StepView
    from desktop_wallet.ui.pages.page import Shell

_WIDTH = 620
_VIEWS: dict[Step, type[StepView]] = {
    Step.SOURCE: SourceStep,
    Step.PROFILE: ProfileStep,
    Step.KEYRING: KeyringStep,
    Step.NEW_PHRASE: NewPhraseStep,
    Step.WRITTEN_DOWN: WrittenDownStep,
    Step.PHRASE: PhraseStep,
    Step.KEY: KeyStep,
    Step.RESTORE: RestoreStep,
    Step.WATCH: WatchStep,
    Step.NETWORKS: NetworksStep,
    Step.BACKUP: BackupStep,
}


class OnboardingPage(QWidget):
    """Shows the steps of one `Onboarding`. `finished`: the wallet is open; `left`: the person went away from it."""

    finished = Signal()
    left = Signal()

    def __init__(self, application: Application, shell: Shell) -> None:
        super().__init__()
        self._application, self._shell = application, shell
        self.tasks = TaskOwner(shell.report)
        self.state = Onboarding()
        self.view: StepView | None = None
        self.setAccessibleName("Set up")
        # From the top, not from the middle: nothing moves when a sentence or a step comes that is taller.
        column = Column(_WIDTH, top=True)
        column.body.addSpacing(6 * GRID)
        self._parts = QHBoxLayout()
        self._parts.setSpacing(18)
        column.body.addLayout(self._parts)
        column.body.addSpacing(2 * GRID)
        card = Card(shell.theme, margin=6 * GRID)
        self._room = QVBoxLayout()
        card.body.addLayout(self._room)
        self._problem = Banner(shell.theme, "", NoticeKind.FAILURE)
        self._problem.hide()
        card.body.addWidget(self._problem)
        card.body.addSpacing(2 * GRID)
        card.body.addLayout(self._foot())
        column.body.addWidget(card)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(column)

    def _foot(self) -> QHBoxLayout:
        theme = self._shell.theme
        self.back = SecondaryButton(theme, "Back", on_click=self._on_back_clicked)
        self.leave_button = LinkButton(theme, "Start over", on_click=self._on_leave_clicked)
        self.skip = SecondaryButton(theme, "Later", on_click=self._on_skip_clicked)
        self.action = PrimaryButton(theme, "Continue", on_click=self._on_action_clicked)
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        row.addWidget(self.back)
        row.addWidget(self.leave_button)
        row.addStretch(1)
        row.addWidget(self.skip)
        row.addWidget(self.action)
        return row

    def start(self, state: Onboarding) -> None:
        """Begin this way in."""
        self.state = state
        self._show_step()

    def resume(self, session: Session) -> None:
        """Ask for the networks of a profile whose way in was left before that."""
        self.start(Onboarding(only_networks=True, profile_made=True, wallet_made=bool(session.accounts.wallets())))

    def forget(self) -> None:
        """Drop the step that is shown with everything in it."""
        self.tasks.cancel()
        self.state.forget_secrets()
        self._drop_view()

    # Steps

    def _show_step(self) -> None:
        self._drop_view()
        step = self.state.step
        view = _VIEWS[step](self._application, self._shell, self.state)
        view.submitted.connect(self._on_action_clicked)
        view.action_changed.connect(self.action.set_text)
        self.view = view
        self._room.addWidget(view)
        self._problem.hide()
        self.action.set_text(view.action)
        self.action.setVisible(bool(view.action))
        self.skip.set_text(view.skip_action)
        self.skip.setVisible(bool(view.skip_action))
        self.back.setVisible(self.state.can_go_back)
        self.leave_button.setVisible(self.state.can_leave)
        away = "Cancel" if self.state.adding else "Start over" if self.state.profile_made else "Back to start"
        self.leave_button.set_text(away)
        self._show_parts(step)
        self._set_busy(busy=False)
        view.entered()

    def _drop_view(self) -> None:
        if self.view is not None:
            self.view.forget()
            self._room.removeWidget(self.view)
            self.view.hide()
            self.view.deleteLater()
            self.view = None

    def _show_parts(self, now: Step) -> None:
        while (item := self._parts.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._parts.addStretch(1)
        for number, part in enumerate(self.state.parts(), 1):
            here = part == now.part
            style, token = (TextStyle.STRONG, Token.ACCENT) if here else (TextStyle.BODY, Token.MUTED)
            text = Text(self._shell.theme, f"{number} {part}", style, token)
            text.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self._parts.addWidget(text)
        self._parts.addStretch(1)

    def _set_busy(self, *, busy: bool) -> None:
        for button in (self.action, self.skip, self.back, self.leave_button):
            button.setEnabled(not busy)

    def _on_action_clicked(self) -> None:
        if self.view is not None:
            self.tasks.start(self._leave_step(self.view, skip=False), key="step")

    def _on_skip_clicked(self) -> None:
        if self.view is not None:
            self.tasks.start(self._leave_step(self.view, skip=True), key="step")

    async def _leave_step(self, view: StepView, *, skip: bool) -> None:
        self._problem.hide()
        self._set_busy(busy=True)
        try:
            done = await (view.skip() if skip else view.leave())
        except WalletError as error:
            self._problem.set_text(error_text(error).text)
            self._problem.show()
            return
        finally:
            self._set_busy(busy=False)
        if not done:
            return
        if self.state.is_last:
            self._finish()
        else:
            self.state.forward()
            self._show_step()

    def _finish(self) -> None:
        wallet = self.state.search_wallet
        session = self._application.session
        self._drop_view()
        self.state.forget_secrets()
        self.finished.emit()
        if session is not None:
            session.begin_preload()
            if wallet is not None:
                self.tasks.start(self._search(session, wallet), key="search")

    async def _search(self, session: Session, wallet: WalletId) -> None:
        self._shell.notify("Looking for used accounts of this phrase…", key="search")
        found = await with_secrets(
            self.window(),
            self._shell.theme,
            session,
            "Look for used accounts",
            lambda: session.accounts.discover(wallet),
        )
        if found is None:
            self._shell.notify("Used accounts were not looked for. You can do so on the Accounts page.", key="search")
        elif found:
            self._shell.notify(f"{count_text(len(found), 'used account')} found and added.", key="search")
        else:
            self._shell.notify(
                "No other used account was found. You can search again on the Accounts page.", key="search"
            )

    # Back and away

    def _on_back_clicked(self) -> None:
        self.tasks.cancel()
        self.state.back()
        self._show_step()

    def _on_leave_clicked(self) -> None:
        self.tasks.cancel("step")
        self._drop_view()
        self.state.forget_secrets()
        self.left.emit()
