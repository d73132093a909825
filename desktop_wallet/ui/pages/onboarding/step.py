"""What a step of the way in is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_wallet.ui.theme import GRID, TextStyle, Token
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from desktop_wallet.compose import Application
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.pages.onboarding.state import Onboarding
    from desktop_wallet.ui.pages.page import Shell


class StepView(QWidget):
    """Shows one step. `leave` does its work; a WalletError it raises is said below it, and the step stays."""

    title: ClassVar[str] = ""
    sentence: ClassVar[str] = ""
    action: ClassVar[str] = "Continue"
    skip_action: ClassVar[str] = ""
    """A second way on, for those who do not want this step."""

    submitted = Signal()
    """Enter in the last field: as if the action had been chosen."""
    action_changed = Signal(str)

    def __init__(self, application: Application, shell: Shell, state: Onboarding) -> None:
        super().__init__()
        self.application, self.shell, self.state = application, shell, state
        self.theme = shell.theme
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(3 * GRID)
        self.body.addWidget(Text(self.theme, self.title, TextStyle.TITLE))
        if self.sentence:
            self.body.addWidget(Text(self.theme, self.sentence, TextStyle.BODY, Token.MUTED, wrap=True))
        self.body.addSpacing(GRID)

    @property
    def session(self) -> Session:
        """Return the session that this way has opened."""
        session = self.application.session
        if session is None:
            msg = "this step comes after the profile was made"
            raise RuntimeError(msg)
        return session

    def entered(self) -> None:
        """Come on screen: set the focus."""

    async def leave(self) -> bool:
        """Do the step's work and return whether to go on; what is wrong was said in the step."""
        return True

    async def skip(self) -> bool:
        """Go on without this step's work; return whether to go on."""
        return True

    def forget(self) -> None:
        """Drop every secret that was typed or shown."""
