"""What every section of the Settings page is, and the few shapes they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from desktop_wallet.ui.pages.accounts_scroll import PageScroll
from desktop_wallet.ui.theme import GRID, TextStyle, Token
from desktop_wallet.ui.widgets.card import Card
from desktop_wallet.ui.widgets.notice import NoticeKind
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.tasks import TaskOwner


class Section(PageScroll):
    """One section. It shows what a session holds and changes it at once; `tasks` are the page's."""

    key: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, shell: Shell, tasks: TaskOwner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shell = shell
        self.theme = shell.theme
        self.tasks = tasks
        self.session: Session | None = None
        self.setAccessibleName(self.title)

    def attach(self, session: Session) -> None:
        """Take over a session; `show_now` follows."""
        self.session = session

    def detach(self) -> None:
        """Drop the session and all that was shown of it."""
        self.session = None

    def show_now(self) -> None:
        """Bring what is shown up to date. Called when the section comes on screen."""

    def on_change(self, change: ChangeSet) -> None:
        """Take note of a change, while the section is on screen or not."""

    def tick(self) -> None:
        """A second has passed while the section is on screen."""

    def add_card(self, title: str, text: str = "") -> Card:
        """Add a card with a heading and a sentence; return it."""
        card = Card(self.theme)
        card.setAccessibleName(title)
        card.body.setSpacing(3 * GRID)
        card.body.addWidget(Text(self.theme, title, TextStyle.HEADING))
        if text:
            card.body.addWidget(Text(self.theme, text, TextStyle.BODY, Token.MUTED, wrap=True))
        self.body.addWidget(card)
        return card

    def done(self, text: str) -> None:
        """Say quietly what was saved."""
        self.shell.notify(text, kind=NoticeKind.DONE, key="settings")
