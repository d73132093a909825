"""What a page is, and what it may ask of the window around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop_wallet.ui.tasks import TaskOwner
from desktop_wallet.ui.widgets.notice import NoticeAction, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.instants import Clock, Instant
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.theme import Theme
    from desktop_wallet.ui.widgets.fields import SearchField


class Shell(Protocol):
    """The window, as a page sees it."""

    @property
    def theme(self) -> Theme:
        """The theme in force."""
        ...

    @property
    def clock(self) -> Clock:
        """The only way to ask for the time."""
        ...

    def notify(
        self,
        text: str,
        *,
        kind: NoticeKind = NoticeKind.INFO,
        action: NoticeAction | None = None,
        key: str = "",
    ) -> None:
        """Show a quiet notice; one with the same key is replaced."""
        ...

    def report(self, error: BaseException) -> None:
        """Show an error: a notice with its words, or the crash page if it is a bug of ours."""
        ...

    def copy(self, text: str, what: str, *, secret: bool = False, look_again: bool = True) -> None:
        """Put the text on the clipboard, read it back, and say so; `what` begins that sentence: "Address".

        A secret is cleared from the clipboard at lock. Without `look_again` the page itself reads the clipboard again
        a moment later, and tells what it found.
        """
        ...

    def show_details(self) -> None:
        """Show the page's details: beside it, or in its place where the window is narrow."""
        ...

    def hide_details(self) -> None:
        """Put the page's details away."""
        ...

    def add_wallet(self) -> None:
        """Lead through adding a wallet: a new phrase, or a phrase, a key, a backup file, an address."""
        ...

    def open_page(self, name: str) -> None:
        """Go to the page of that name."""
        ...

    def lock(self) -> None:
        """Lock the wallet."""
        ...


class Page(QWidget):
    """A page of the open wallet. Made once; `attach` and `detach` frame each session, `shown` and `hidden` each visit.

    What a page holds of a session it must drop in `detach`. Its tasks are cancelled when it hides, and awaited before
    a lock is done.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str]
    hears_at_once: ClassVar[bool] = False
    """Whether it takes over a session at the unlock: it tells of changes also before anybody opened it."""

    asked = Signal(str, object)
    """The name of another page, and what that one is asked for: see its `take_up`."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shell = shell
        self.theme = shell.theme
        self.tasks = TaskOwner(shell.report)
        self.session: Session | None = None
        self.opened: Instant | None = None
        """Since when this visit lasts; None while the page is not shown."""
        self.details: QWidget | None = None
        self.search_field: SearchField | None = None
        self._undo: list[Callable[[], None]] = []
        self.setAccessibleName(self.title)

    def listen(self, unsubscribe: Callable[[], None]) -> None:
        """Have a subscription of this session ended at `detach`."""
        self._undo.append(unsubscribe)

    def attach(self, session: Session) -> None:
        """Take over an unlocked session."""
        self.session = session

    def shown(self) -> None:
        """The page has come on screen."""
        self.opened = self.shell.clock.now()

    def hidden(self) -> None:
        """The page has left the screen: its tasks end."""
        self.opened = None
        self.tasks.cancel()

    def detach(self) -> None:
        """The wallet locks: drop the session and all that was shown of it."""
        for undo in self._undo:
            undo()
        self._undo.clear()
        self.tasks.cancel()
        self.session = None

    def tick(self) -> None:
        """A second has passed while the page is shown."""

    def refresh(self) -> None:
        """Read anew what the page shows."""

    def take_up(self, what: object) -> None:
        """Begin what another page asks for here; the page is on screen already."""

    def on_screen(self) -> Sequence[BalanceKey]:
        """Return the balances that a person sees on the page now: these are kept fresh."""
        return ()

    def next_refresh_s(self) -> float | None:
        """Return in how many seconds something on the page is read anew by itself; None if nothing is."""
        return self.session.refresher.next_s() if self.session is not None and self.on_screen() else None
