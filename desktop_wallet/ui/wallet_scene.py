"""The open wallet: sidebar, banners, the page with its details beside it, notices, status bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.ui.sidebar import Sidebar
from desktop_wallet.ui.status_bar import StatusBar
from desktop_wallet.ui.theme import DETAILS_WIDTH, FOLD_WIDTH, GRID, Theme
from desktop_wallet.ui.widgets.buttons import SecondaryButton
from desktop_wallet.ui.widgets.notice import Banner, NoticeAction, NoticeKind, NoticeStack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QResizeEvent

    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.pages.page import Page, Shell

_FIRST_LATER_MS = 300
_NEXT_LATER_MS = 50
"""When pages that nobody opened yet take over a session: an unlock paints first, and one page a turn bears."""


class WalletScene(QWidget):
    """Arranges what is shown of an unlocked profile. Of its session it knows only which pages have it."""

    page_changed = Signal(str)

    def __init__(self, theme: Theme, kinds: Sequence[type[Page]], shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._shell = theme, shell
        self._missing = list(kinds)
        self.pages: dict[str, Page] = {}
        self.current: Page | None = None
        self._session: Session | None = None
        self._without_session: list[Page] = []
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._on_later)
        self.sidebar = Sidebar(theme, kinds)
        self.status = StatusBar(theme)
        self.notices = NoticeStack(theme)
        self._stack = QStackedWidget()
        self._banners = QVBoxLayout()
        self._banners.setContentsMargins(0, 0, 0, 0)
        self._banners.setSpacing(GRID)
        self._details = _DetailsSlot(theme)
        self._details.back_chosen.connect(self.hide_details)
        self._said: list[tuple[str, NoticeKind]] = []
        self._wants_details: set[str] = set()
        self._asked_for_details = False
        self._lay_out()
        self.sidebar.page_chosen.connect(self.open_page)
        self.status.alerts_wanted.connect(lambda: self.open_page("diagnostics"))

    def _lay_out(self) -> None:
        self._middle = QWidget()
        middle = QVBoxLayout(self._middle)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        banners = QVBoxLayout()
        banners.setContentsMargins(6 * GRID, 0, 6 * GRID, 0)
        banners.addLayout(self._banners)
        middle.addLayout(banners)
        middle.addWidget(self._stack, 1)
        upper = QHBoxLayout()
        upper.setSpacing(0)
        upper.addWidget(self.sidebar)
        across = QHBoxLayout()
        across.setSpacing(0)
        across.addWidget(self._middle, 1)
        across.addWidget(self._details)
        content = QVBoxLayout()
        content.setSpacing(0)
        content.addLayout(across, 1)
        content.addWidget(self.notices)
        upper.addLayout(content, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(upper, 1)
        whole.addWidget(self.status)

    # Pages

    def build_page(self) -> bool:
        """Build the next page that is not there yet; return whether one was missing.

        One at a time, because each takes some milliseconds and a person may be typing the password meanwhile.
        """
        if not self._missing:
            return False
        page = self._missing.pop(0)(self._shell)
        self.pages[page.name] = page
        self._stack.addWidget(page)
        page.asked.connect(self._on_asked)
        return True

    def attach(self, session: Session, first: str) -> None:
        """Let the pages take over a session: the one that opens now, the others a moment later, one by one."""
        self._session = session
        self._without_session = list(self.pages.values())
        for page in self.pages.values():
            if page.hears_at_once or page.name == first:
                self._attach(page)
        self._later.start(_FIRST_LATER_MS)

    def detach(self) -> None:
        """Have every page drop the session."""
        self._later.stop()
        self._session = None
        self._without_session.clear()
        for page in self.pages.values():
            page.detach()

    def _attach(self, page: Page) -> None:
        if self._session is not None and page in self._without_session:
            self._without_session.remove(page)
            page.attach(self._session)

    def _on_later(self) -> None:
        if self._without_session:
            self._attach(self._without_session[0])
            self._later.start(_NEXT_LATER_MS)

    def open_page(self, name: str) -> None:
        """Bring a page on screen; `hidden` of the one before and `shown` of this one are called."""
        page = self.pages[name]
        if page is self.current:
            return
        self._attach(page)
        if self.current is not None:
            self.current.hidden()
            self.notices.clear_passing()
        self.current = page
        self._asked_for_details = False
        self._stack.setCurrentWidget(page)
        self.sidebar.show_page(name)
        self._details.hold(page.details, page)
        self._arrange_details()
        page.shown()
        self.page_changed.emit(name)

    def _on_asked(self, name: str, what: object) -> None:
        if name in self.pages:
            self.open_page(name)
            self.pages[name].take_up(what)

    def leave(self) -> None:
        """Take the page off the screen."""
        if self.current is not None:
            self.current.hidden()
            self.current = None
        self._wants_details.clear()
        self._asked_for_details = False
        self._details.hold(None, None)
        self._arrange_details()

    # Details

    def show_details(self) -> None:
        """Show the details of the page: beside it, or in its place where the window is narrow."""
        if self.current is not None and self.current.details is not None:
            self._wants_details.add(self.current.name)
            self._asked_for_details = True
            self._details.hold(self.current.details, self.current)
            self._arrange_details()

    def hide_details(self) -> None:
        """Put the details away. In a narrow window they only make room for the page again."""
        if self.current is None:
            return
        if not self._narrow or not self._asked_for_details:
            self._wants_details.discard(self.current.name)
        self._asked_for_details = False
        self._arrange_details()
        self.current.setFocus()

    @property
    def details_visible(self) -> bool:
        """Return whether the details are on screen."""
        return not self._details.isHidden()

    @property
    def _narrow(self) -> bool:
        return self.width() < FOLD_WIDTH

    def _arrange_details(self) -> None:
        page = self.current
        wanted = page is not None and page.details is not None and page.name in self._wants_details
        in_place = wanted and self._narrow and self._asked_for_details
        beside = wanted and not self._narrow
        self._details.set_in_place(in_place, page.title if page else "")
        self._middle.setVisible(not in_place)
        self._details.setVisible(in_place or beside)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange_details()

    # Banners and notices

    def show_banners(self, banners: Sequence[tuple[str, NoticeKind, NoticeAction | None]]) -> None:
        """Show these lasting bars above every page, and no others."""
        said = [(text, kind) for text, kind, _ in banners]
        if said == self._said:
            return
        self._said = said
        while (item := self._banners.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for text, kind, action in banners:
            self._banners.addWidget(Banner(self._theme, text, kind, action=action))
        self._banners.setContentsMargins(0, 3 * GRID if banners else 0, 0, 0)


class _DetailsSlot(QFrame):
    """Holds a page's details; with a way back when they stand in the page's place."""

    back_chosen = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("ground", "surface")
        self.setProperty("edge", "left")
        self.setAccessibleName("Details")
        self._held: QWidget | None = None
        self._owner: QWidget | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._back = SecondaryButton(theme, "Back", "arrow-left", self.back_chosen.emit)
        self._back_room = QWidget()
        room = QHBoxLayout(self._back_room)
        room.setContentsMargins(5 * GRID, 4 * GRID, 5 * GRID, 0)
        room.addWidget(self._back)
        room.addStretch(1)
        column.addWidget(self._back_room)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column.addWidget(self._scroll, 1)
        self.hide()

    def hold(self, details: QWidget | None, owner: QWidget | None) -> None:
        """Hold this widget of `owner`; the one before goes back to its page."""
        if details is self._held:
            return
        before = self._scroll.takeWidget()
        if before is not None:
            before.hide()
            before.setParent(self._owner)
        self._held, self._owner = details, owner
        if details is not None:
            self._scroll.setWidget(details)
            details.show()

    def set_in_place(self, in_place: bool, title: str) -> None:
        """Stand in the page's place, at any width, or beside it."""
        self._back_room.setVisible(in_place)
        self._back.set_text(f"Back to {title}")
        if in_place:
            self.setMinimumWidth(0)
            self.setMaximumWidth(16_777_215)  # QWIDGETSIZE_MAX
        else:
            self.setFixedWidth(DETAILS_WIDTH)
