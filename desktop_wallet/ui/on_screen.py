"""Tells the session what is on screen, and whether anybody can see it: that is what it keeps fresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.pages.page import Page

_SEEN_OR_NOT = (QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.WindowStateChange)


class OnScreen(QObject):
    """Watches one window. It holds no session: `session` returns the one that is open."""

    def __init__(self, window: QWidget, session: Callable[[], Session | None]) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        window.installEventFilter(self)

    def tell(self, page: Page | None) -> None:
        """Tell what this page shows now."""
        session = self._session()
        if session is not None:
            session.refresher.set_hidden(self._is_hidden())
            session.refresher.watch(() if page is None else page.on_screen())

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _SEEN_OR_NOT and watched is self._window:
            session = self._session()
            if session is not None:
                session.refresher.set_hidden(self._is_hidden())
        return False

    def _is_hidden(self) -> bool:
        return self._window.isHidden() or self._window.isMinimized()
