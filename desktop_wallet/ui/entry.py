"""Everything before a wallet is open: welcome, unlock, and the steps of the way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from desktop_wallet.ui.pages.onboarding.state import Bring, Onboarding
from desktop_wallet.ui.pages.unlock import UnlockPage
from desktop_wallet.ui.pages.welcome import Way, WelcomePage
from desktop_wallet.ui.tasks import TaskOwner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.compose import Application
    from desktop_wallet.services.profiles import ProfileSummary
    from desktop_wallet.ui.pages.onboarding.flow import OnboardingPage
    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.widgets.empty import EmptyState

_FINISHING = "Finishing a payment…"
_HANDED_OVER = "It is being handed to the network, which takes some seconds at most."
_CLOSE_AGAIN = " Close the window again to leave at once. The payment is then looked up when you unlock the next time."
_BRINGS = {Way.CREATE: Bring.CREATE, Way.EXISTING: None, Way.WATCH: Bring.WATCH}


class Entry(QStackedWidget):
    """Leads to an open session, and says so with `opened`."""

    opened = Signal()

    def __init__(self, application: Application, shell: Shell) -> None:
        super().__init__()
        self._application, self._shell = application, shell
        self._profiles: Sequence[ProfileSummary] = ()
        self.tasks = TaskOwner(shell.report)
        self.addWidget(QWidget())  # nothing is shown before it is known whether there is a profile
        self.unlock = UnlockPage(application, shell)
        self.addWidget(self.unlock)
        self._welcome: WelcomePage | None = None
        self._onboarding: OnboardingPage | None = None
        self._finishing: EmptyState | None = None
        self.unlock.unlocked.connect(self._on_unlocked)
        self.unlock.other_chosen.connect(self._on_other_chosen)

    @property
    def welcome(self) -> WelcomePage:
        """Return the page of the four ways in, made when it is first needed: most starts show Unlock."""
        if self._welcome is None:
            self._welcome = WelcomePage(self._shell.theme)
            self._welcome.chosen.connect(self._on_way_chosen)
            self._welcome.back_chosen.connect(self.begin)
            self.addWidget(self._welcome)
        return self._welcome

    @property
    def onboarding(self) -> OnboardingPage:
        """Return the page of the way in, made when it is first needed."""
        if self._onboarding is None:
            # The first paint shows Welcome or Unlock and does not wait for the steps behind them.
            from desktop_wallet.ui.pages.onboarding.flow import OnboardingPage  # noqa: PLC0415

            self._onboarding = OnboardingPage(self._application, self._shell)
            self._onboarding.finished.connect(self.opened)
            self._onboarding.left.connect(self._on_onboarding_left)
            self.addWidget(self._onboarding)
        return self._onboarding

    @property
    def is_at_rest(self) -> bool:
        """Return whether Unlock or Welcome waits for a person who has not begun anything that would be lost."""
        idle = not (self.tasks.busy() or self.unlock.tasks.busy())
        return idle and self._application.session is None and self.currentWidget() in (self.unlock, self._welcome)

    def begin(self, *, practice: bool = False) -> None:
        """Show Unlock for the profile that was open last, or Welcome where there is none; or open the practice one."""
        self.tasks.start(self._open_practice() if practice else self._begin(), key="begin")

    def begin_at_once(self) -> None:
        """Show what `begin` shows, without a loop: a start paints before there is one."""
        self._show_start(self._application.profiles.list_now())

    def open_practice(self) -> None:
        """Open the practice profile, made if it is not there."""
        self.tasks.start(self._open_practice(), key="practice")

    def add_wallet(self) -> None:
        """Lead through adding a wallet to the open profile."""
        self.onboarding.start(Onboarding(adding=True, profile_made=True))
        self.setCurrentWidget(self.onboarding)

    def show_locking(self) -> None:
        """Show Unlock while the session is still being closed."""
        if self._profiles:
            self.setCurrentWidget(self.unlock)
        self.unlock.show_locking()

    def show_finishing(self, *, closing: bool) -> None:
        """Say that a payment is being finished before the lock, or before the window closes."""
        from desktop_wallet.ui.widgets.empty import EmptyState  # noqa: PLC0415 - hardly ever seen

        if self._finishing is None:
            self._finishing = EmptyState(self._shell.theme, "send", _FINISHING, _HANDED_OVER)
            self.addWidget(self._finishing)
        self._finishing.set_words(_FINISHING, _HANDED_OVER + (_CLOSE_AGAIN if closing else ""))
        self.setCurrentWidget(self._finishing)

    def show_locked(self) -> None:
        """Show Unlock for the profile that was just locked."""
        if not self.tasks.busy("abandon"):
            self.begin()

    def forget(self) -> None:
        """Drop whatever was typed on any of the pages."""
        self.unlock.forget()
        if self._onboarding is not None:
            self._onboarding.forget()

    async def stop(self) -> None:
        """End every task of these pages."""
        self.forget()
        await self.tasks.stop()
        await self.unlock.tasks.stop()
        if self._onboarding is not None:
            await self._onboarding.tasks.stop()

    async def _begin(self) -> None:
        self._show_start(await self._application.profiles.list())

    def _show_start(self, profiles: Sequence[ProfileSummary]) -> None:
        self._profiles = profiles
        if not self._profiles:
            self._show_welcome()
            return
        last = self._application.preferences.last_profile
        profile = next((p for p in self._profiles if p.id == last), self._profiles[0])
        self.setCurrentWidget(self.unlock)
        self.unlock.show_profile(profile, self._profiles)

    def _on_way_chosen(self, way: Way) -> None:
        if way is Way.PRACTICE:
            self.open_practice()
            return
        self.onboarding.start(Onboarding(_BRINGS[way], taken_names=tuple(p.name for p in self._profiles)))
        self.setCurrentWidget(self.onboarding)

    async def _open_practice(self) -> None:
        await self._application.open_practice()
        self.opened.emit()

    def _on_unlocked(self) -> None:
        session = self._application.session
        if session is not None and not session.catalogue.chosen and not session.profile.practice:
            # The way in was left before the networks were chosen; without that choice nobody is asked anything.
            self.onboarding.resume(session)
            self.setCurrentWidget(self.onboarding)
            return
        self.opened.emit()

    def _on_other_chosen(self) -> None:
        self._show_welcome()

    def _show_welcome(self) -> None:
        self.welcome.set_way_back(bool(self._profiles))
        self.setCurrentWidget(self.welcome)

    def _on_onboarding_left(self) -> None:
        if self.onboarding.state.adding:
            self.opened.emit()
        else:
            self.tasks.start(self._abandon(made=self.onboarding.state.profile_made), key="abandon")

    async def _abandon(self, *, made: bool) -> None:
        """Show the start again; a profile that this way has made goes, if it is still empty."""
        session = self._application.session
        if made and session is not None and not session.accounts.wallets():
            profile = session.profile.id
            await self._application.lock()
            await self._application.profiles.delete(profile)
            await self._application.preferences.set_last_profile(None)
        await self._begin()
