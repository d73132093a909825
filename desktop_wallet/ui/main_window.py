"""The window: welcome, unlock, the way in, the open wallet, and the page for our own mistakes; one at a time.

Only the first of them is there at the first paint. `prepare` brings the rest, part by part, while a person types.
"""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

import logging
import sys
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.errors import WalletError
from desktop_wallet.ui.auto_lock import AutoLock
from desktop_wallet.ui.clipboard import Clipboard, Copier
from desktop_wallet.ui.crash import CrashHook
from desktop_wallet.ui.entry import Entry
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.keyboard import install_keys
from desktop_wallet.ui.leaving import Leaving
from desktop_wallet.ui.on_screen import OnScreen
from desktop_wallet.ui.tasks import TaskOwner
from desktop_wallet.ui.theme import SMALLEST_WINDOW, Theme
from desktop_wallet.ui.widgets.notice import NoticeAction, NoticeKind, NoticeStack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QCloseEvent

    from desktop_wallet.compose import Application
    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.crash import CrashPage
    from desktop_wallet.ui.pages.page import Page
    from desktop_wallet.ui.wallet_scene import WalletScene

_log = logging.getLogger(__name__)
_FIRST_SIZE = (1280, 820)
_SECOND_MS = 1000
_BEHIND = (
    # Leaves first, so that no import makes whoever types wait.
    *("desktop_wallet.core.balances", "desktop_wallet.ui.wallet_scene", "desktop_wallet.ui.session_banners"),
    *("desktop_wallet.ui.models.balance_rows", "desktop_wallet.ui.models.balances_model"),
    *("desktop_wallet.ui.pages.balances_table", "desktop_wallet.ui.pages.details", "desktop_wallet.ui.pages.balances"),
    *("desktop_wallet.ui.dialogs", "desktop_wallet.ui.pages.accounts_phrase", "desktop_wallet.ui.pages.accounts"),
    *("desktop_wallet.ui.pages.send.review_step", "desktop_wallet.ui.pages.send.page"),
    *("desktop_wallet.ui.models.activity_model", "desktop_wallet.ui.pages.activity_table"),
    *("desktop_wallet.ui.pages.activity_details", "desktop_wallet.ui.pages.activity"),
    *("desktop_wallet.ui.pages.diagnostics_parts", "desktop_wallet.ui.pages.diagnostics"),
    *("desktop_wallet.ui.pages.receive", "desktop_wallet.ui.pages.settings", "desktop_wallet.ui.pages.all_pages"),
)
"""What the scene of the open wallet is made of."""


class MainWindow(QMainWindow):
    """The window of one application. It is also the shell that pages ask (`ui.pages.page.Shell`).

    `begin` shows the first scene. Closing hides the window and emits `close_requested`: the loop must outlive the
    clean-up, which is `shut_down`.
    """

    close_requested = Signal()

    def __init__(self, application: Application, theme: Theme, pages: Sequence[type[Page]] | None = None) -> None:
        super().__init__()
        self._application = application
        self._theme = theme
        self._session: Session | None = None
        self._locking = False
        self._return_to = ""
        self.tasks = TaskOwner(self.report)
        self.crash_hook = CrashHook(self._show_crash)
        self.clipboard = Clipboard(QGuiApplication)
        self.auto_lock = AutoLock(application.clock, self)
        self.setWindowTitle("Wallet")
        self.setMinimumSize(*SMALLEST_WINDOW)
        self._copier = Copier(self.clipboard, self)
        self._on_screen = OnScreen(self, lambda: self._session)
        self._page_kinds = pages
        self._behind = list(_BEHIND) if pages is None else []
        self._scene: WalletScene | None = None
        self._crash: CrashPage | None = None
        self._entry_notices = NoticeStack(theme)
        self._scenes = QStackedWidget()
        self.entry = Entry(application, self)
        self._leaving = Leaving(self.entry)
        self._scenes.addWidget(self.entry)
        ground = QWidget()
        column = QVBoxLayout(ground)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._scenes, 1)
        column.addWidget(self._entry_notices)
        self.setCentralWidget(ground)
        self._second = QTimer(self)
        self._second.setInterval(_SECOND_MS)
        self._second.timeout.connect(self.tick)
        self._connect()
        self._restore_geometry()

    def _connect(self) -> None:
        self.auto_lock.due.connect(self.lock)
        self.auto_lock.suspending.connect(self._on_suspending)
        self.auto_lock.woke.connect(self._on_woke)
        self._copier.copied.connect(self._on_copied)
        self._copier.changed.connect(self._on_copy_changed)
        self.entry.opened.connect(self._on_session_opened)
        self._theme.changed.connect(self._on_theme_changed)
        self._unsubscribe_application = self._application.on_session_changed(self._on_session_changed)
        self._unsubscribe_session = _nothing
        install_keys(self, self)

    # What pages ask

    @property
    def theme(self) -> Theme:
        """The theme in force."""
        return self._theme

    @property
    def clock(self) -> Clock:
        """The only way to ask for the time."""
        return self._application.clock

    def notify(
        self,
        text: str,
        *,
        kind: NoticeKind = NoticeKind.INFO,
        action: NoticeAction | None = None,
        key: str = "",
    ) -> None:
        """Show a quiet notice; one with the same key is replaced."""
        self.notices.post(text, kind, action, key)

    def report(self, error: BaseException) -> None:
        """Show an error: a notice with its words, or the crash page if it is a bug of ours."""
        if isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            self.report(error.exceptions[0])
        elif isinstance(error, WalletError):
            self.notify(error_text(error, self.network_name).text, kind=NoticeKind.FAILURE, key=type(error).__name__)
        else:
            self.crash_hook.caught(error)

    def copy(self, text: str, what: str, *, secret: bool = False, look_again: bool = True) -> None:
        """Put the text on the clipboard, read it back, and say so."""
        self._copier.copy(text, what, secret=secret, look_again=look_again)

    def show_details(self) -> None:
        """Show the page's details."""
        self.scene.show_details()

    def hide_details(self) -> None:
        """Put the page's details away."""
        self.scene.hide_details()

    def open_page(self, name: str) -> None:
        """Go to the page of that name, if the wallet is open."""
        if self._session is not None and self.wallet_scene is not None:
            self.wallet_scene.open_page(name)

    def add_wallet(self) -> None:
        """Lead through adding a wallet to the open profile; afterwards the page that asked is shown again."""
        if self._session is not None and self.scene.current is not None:
            self._return_to = self.scene.current.name
            self.scene.leave()
            self._scenes.setCurrentWidget(self.entry)
            self.entry.add_wallet()

    def lock(self) -> None:
        """Lock the wallet: what is on screen goes at once, the rest is awaited behind it."""
        if self._application.session is None or self._locking:
            return
        self._locking = True
        self._leave_session()
        self.tasks.start(self._lock(), key="lock")

    # Life

    @property
    def scene(self) -> WalletScene:
        """Return the scene of the open wallet, built to its last page."""
        scene = self._scene or self._make_scene()
        while scene.build_page():
            pass
        return scene

    @property
    def wallet_scene(self) -> WalletScene | None:
        """Return the scene of the open wallet while it is on screen."""
        return self._scene if self._scenes.currentWidget() is self._scene else None

    def _make_scene(self) -> WalletScene:
        kinds = self._page_kinds
        if kinds is None:
            from desktop_wallet.ui.pages.all_pages import PAGES

            kinds = PAGES
        from desktop_wallet.ui.wallet_scene import WalletScene

        self._scene = scene = WalletScene(self._theme, kinds, self, self._scenes)
        self._scenes.addWidget(scene)
        scene.sidebar.lock_chosen.connect(self.lock)
        scene.page_changed.connect(self._on_page_changed)
        return scene

    def _build_behind(self) -> None:
        """Build what is behind the first scene, part by part, while nothing else is to be done."""
        if self._behind:
            import_module(self._behind.pop(0))
        elif self._scene is None:
            self._make_scene()
        elif not self._scene.build_page():
            return
        QTimer.singleShot(0, self, self._build_behind)

    @property
    def notices(self) -> NoticeStack:
        """Return where notices are shown now."""
        return self._entry_notices if self.wallet_scene is None else self.wallet_scene.notices

    def network_name(self, network: NetworkId) -> str:
        """Return a network's name, or its id while no profile is open."""
        if self._session is None:
            return str(network)
        return self._session.catalogue.network(network).name

    def begin(self, *, practice: bool = False) -> None:
        """Show the window's first scene: the practice profile if asked for, unlock, or welcome without a profile."""
        self.entry.begin(practice=practice)
        self.prepare()

    def prepare(self) -> None:
        """Bring what the first paint does without: the clock's tick, idle time, the system's bus, the other scenes."""
        self._second.start()
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self.auto_lock)
        if sys.platform == "linux":
            QTimer.singleShot(0, self.auto_lock, self.auto_lock.listen_to_system)
        QTimer.singleShot(0, self, self._build_behind)

    def _on_suspending(self) -> None:
        if self._session is not None and self._session.settings.now.lock_on_suspend:
            self.lock()

    def _on_woke(self) -> None:
        if self._session is not None:
            # Nobody knows what happened meanwhile: every number is Stale until it is read again.
            self._session.balances.note_waking()
            self._session.begin_preload()

    def tick(self) -> None:
        """Bring ages and countdowns up to date; called once a second, and by whoever moves the clock."""
        if self._session is not None:
            self.auto_lock.set_limit(self._session.settings.now.auto_lock_s)
        self.auto_lock.check()
        scene = self.wallet_scene
        if self._session is None or scene is None:
            return
        scene.sidebar.show_countdown(self.auto_lock.left_s)
        if scene.current is not None:
            scene.current.tick()
        self._show_status()

    async def shut_down(self) -> None:
        """Stop everything and return when all is at rest. The program can end then."""
        self._leaving.ends = True
        self._second.stop()
        self._unsubscribe_application()
        self._unsubscribe_application = _nothing
        geometry = bytes(self.saveGeometry().toBase64().data()).decode("ascii")
        self._leave_session()
        self.entry.show_locking()
        await self._leaving.finish(self._application.session)
        await self.entry.stop()
        await self._stop_pages()
        await self.tasks.stop()
        self.hide()
        await self._application.preferences.set_geometry(geometry)
        await self._application.close()

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        if self._leaving.may_hide(self._application.session):
            self.hide()
        self.close_requested.emit()

    def _restore_geometry(self) -> None:
        kept = self._application.preferences.geometry
        if not (kept and self.restoreGeometry(QByteArray.fromBase64(kept.encode("ascii")))):
            self.resize(*_FIRST_SIZE)

    # Sessions

    def _on_session_changed(self, session: Session | None) -> None:
        if session is None and not self._locking:
            self._leave_session()
            self.entry.show_locked()

    def _on_session_opened(self) -> None:
        session = self._application.session
        if session is None:
            return
        first = self._return_to or self.scene.sidebar.names[0]
        if session is not self._session:
            self._take_session(session, first)
        self._scenes.setCurrentWidget(self.scene)
        self._entry_notices.clear()
        self._show_profile()
        self.scene.open_page(first)
        self._return_to = ""
        self.tick()

    def _take_session(self, session: Session, first: str) -> None:
        self._session = session
        self._unsubscribe_session = session.subscribe(self._on_changes)
        self.auto_lock.begin(session.settings.now.auto_lock_s)
        self.scene.attach(session, first)
        self._show_waiting()

    def _leave_session(self) -> None:
        self.auto_lock.end()
        self._return_to = ""
        self.clipboard.forget_secrets()
        self._unsubscribe_session()
        self._unsubscribe_session = _nothing
        if self._scene is not None:
            self._scene.leave()
            self._scene.notices.clear()
            self._scene.status.clear()
        if self._crash is not None:
            self._crash.clear()
        if self._session is not None:
            self._session = None
            self.scene.detach()
        self.entry.forget()
        self._scenes.setCurrentWidget(self.entry)

    async def _lock(self) -> None:
        try:
            self.entry.show_locking()
            await self._leaving.finish(self._application.session)
            await self._stop_pages()
            await self._application.lock()
        finally:
            self._locking = False
            if not self._leaving.ends:
                self.entry.show_locked()

    async def _stop_pages(self) -> None:
        for page in self._scene.pages.values() if self._scene is not None else ():
            await page.tasks.stop()

    # Facts that come in

    def _on_copied(self, what: str) -> None:
        self.notify(f"{what} copied.", kind=NoticeKind.DONE, key="copy")

    def _on_copy_changed(self, what: str) -> None:
        text = (
            f"{what}: the clipboard holds something else than what was copied. Another program changed it. "
            "Compare every character before you use it."
        )
        self.notify(text, kind=NoticeKind.WARNING, key="copy")

    def _on_changes(self, changes: ChangeSet) -> None:
        if changes.accounts or changes.catalogue or changes.transfers or changes.alerts:
            self._show_profile()
        if changes.transfers:
            self._show_waiting()

    def _show_waiting(self) -> None:
        if self._session is not None:
            waiting = sum(transfer.is_waiting for transfer in self._session.transfers.all())
            self.scene.sidebar.show_count("activity", waiting, f"{waiting:,} waiting")

    def _show_profile(self) -> None:
        session = self._session
        if session is None:
            return
        self.auto_lock.set_limit(session.settings.now.auto_lock_s)
        accounts = session.accounts
        self.scene.sidebar.show_profile(session.profile.name, len(accounts.wallets()), len(accounts.accounts()))
        from desktop_wallet.ui.session_banners import session_banners

        accounts_page, activity_page = partial(self.open_page, "accounts"), partial(self.open_page, "activity")
        banners = session_banners(session, self._on_retry_keyring, accounts_page, activity_page)
        self.scene.show_banners(banners)
        self.setWindowTitle(f"{session.profile.name} – Wallet")

    def _show_status(self) -> None:
        if self._session is not None:
            page = self.scene.current
            self._on_screen.tell(page)
            self.scene.status.show_session(self._session, page.next_refresh_s() if page else None)

    def _on_page_changed(self, _name: str) -> None:
        self._show_status()

    def _on_theme_changed(self) -> None:
        choice = type(self._application.preferences.theme)(self._theme.mode.value)
        self.tasks.start(self._application.preferences.set_theme(choice))

    def _on_retry_keyring(self) -> None:
        self.tasks.start(self._retry_keyring(), key="retry-keyring")

    async def _retry_keyring(self) -> None:
        session = self._session
        if session is None:
            return
        problem = await session.retry_keyring()
        self._show_profile()
        if problem is None:
            self.notify("The keyring is open again.", kind=NoticeKind.DONE, key="keyring")
        elif isinstance(problem, WalletError):
            self.report(problem)

    # Our own mistakes

    def _show_crash(self, error: BaseException) -> None:
        if self._crash is None:
            from desktop_wallet.ui.crash import CrashPage

            self._crash = CrashPage(self._theme, self.copy, self._after_crash, self.lock)
            self._scenes.addWidget(self._crash)
        self._crash.show_error(error)
        self._scenes.setCurrentWidget(self._crash)

    def _after_crash(self) -> None:
        if self._crash is not None:
            self._crash.clear()
        self._scenes.setCurrentWidget(self.scene if self._session is not None else self.entry)


def _nothing() -> None:
    """Do nothing: no subscription is held."""
