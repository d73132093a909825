"""Where each step of a send stands, and what stands there instead while something is missing."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from desktop_wallet.ui.pages.send.state import SendStep
from desktop_wallet.ui.pages.send.steps_line import StepsLine
from desktop_wallet.ui.widgets.card import Column
from desktop_wallet.ui.widgets.empty import EmptyState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.pages.send.names import Payer

_WIDTH = 640


class Instead(enum.Enum):
    """What stands in the place of the draft."""

    WAITING = "waiting"
    """A draft that is not to be edited is being asked about."""
    NO_ACCOUNTS = "no-accounts"
    ALL_HIDDEN = "all-hidden"
    NO_KEYS = "no-keys"
    NO_NETWORKS = "no-networks"


def missing(session: Session, payers: Sequence[Payer]) -> Instead | None:
    """Return what is missing before anything can be sent, if anything is."""
    accounts = session.accounts.accounts()
    if not accounts:
        return Instead.NO_ACCOUNTS
    if all(account.hidden for account in accounts):
        return Instead.ALL_HIDDEN
    if all(payer.why_not for payer in payers):
        return Instead.NO_KEYS
    return None if session.catalogue.networks() else Instead.NO_NETWORKS


class SendPlaces(QWidget):
    """The line of steps, and below it one step at a time, in a column that scrolls."""

    def __init__(self, shell: Shell, steps: Mapping[SendStep, QWidget], cancel: Callable[[], None]) -> None:
        super().__init__()
        self._shell = shell
        self.line = StepsLine(shell.theme)
        self._stack = QStackedWidget()
        self._columns: dict[SendStep, Column] = {}
        for step, view in steps.items():
            column = self._columns[step] = Column(_WIDTH, top=True)
            column.body.addWidget(view)
            self._stack.addWidget(column)
        self._empty = self._empty_states(cancel)
        for state in self._empty.values():
            self._stack.addWidget(state)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.line)
        outer.addWidget(self._stack, 1)

    def _empty_states(self, cancel: Callable[[], None]) -> dict[Instead, EmptyState]:
        theme, shell = self._shell.theme, self._shell
        return {
            Instead.WAITING: EmptyState(
                theme,
                "send",
                "Asking the network",
                "It is asked what this would do and cost.",
                ("Cancel", cancel),
            ),
            Instead.NO_ACCOUNTS: EmptyState(
                theme,
                "wallet-cards",
                "No accounts yet",
                "Create a wallet or import one. You can then send from its accounts.",
                ("Add a wallet", shell.add_wallet),
            ),
            Instead.ALL_HIDDEN: EmptyState(
                theme,
                "eye-off",
                "Every account is hidden",
                "Show one again on the Accounts page. You can then send from it.",
                ("Open Accounts", lambda: shell.open_page("accounts")),
            ),
            Instead.NO_KEYS: EmptyState(
                theme,
                "key-round",
                "No account that can sign",
                "The keys of these accounts are not in this wallet: it watches them, and cannot send from them.",
                ("Add a wallet", shell.add_wallet),
            ),
            Instead.NO_NETWORKS: EmptyState(
                theme,
                "globe",
                "No networks chosen",
                "No server is asked for anything before you choose which networks the wallet uses, and through whom.",
                ("Choose networks", lambda: shell.open_page("settings")),
            ),
        }

    def show_step(self, step: SendStep, instead: Instead | None = None) -> None:
        """Show this step, or what stands there instead."""
        waiting = instead is Instead.WAITING
        self.line.show_step(SendStep.REVIEW if waiting else step)
        self.line.setVisible(instead is None or waiting)
        self._stack.setCurrentWidget(self._columns[step] if instead is None else self._empty[instead])

    def to_top(self, step: SendStep) -> None:
        """Scroll a step to its beginning."""
        self._columns[step].verticalScrollBar().setValue(0)

    @property
    def instead(self) -> Instead | None:
        """Return what stands in the place of a step now, if anything does."""
        current = self._stack.currentWidget()
        return next((what for what, state in self._empty.items() if state is current), None)
