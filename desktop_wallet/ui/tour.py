"""The practice tour: the same program, walked through off screen, with a picture and a reading of every scene.

Time is the system's, shifted: the tour moves it forward instead of waiting. Nothing of what is written down comes
from this script: the transcript is read from the accessibility tree at the moment of each picture.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QMessageLogContext, QSize, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QDialog, QLineEdit, QTableView

from desktop_wallet.chains.practice.chain import PracticeFault
from desktop_wallet.clock import SystemClock
from desktop_wallet.compose import PRACTICE_PASSWORD, Application, Surrounds
from desktop_wallet.services.folders import Folders
from desktop_wallet.ui.main_window import MainWindow
from desktop_wallet.ui.screen_reading import read_screen
from desktop_wallet.ui.theme import SMALLEST_WINDOW, Theme, ThemeMode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from desktop_wallet.core.instants import Instant

_PATIENCE_S = 20.0
_GLANCE_S = 0.02
_SIZE = QSize(1280, 820)
_OFF_SCREEN = "offscreen"
_CANNOT = "This plugin does not support "


class ShiftedClock:
    """The system's clock, moved forward by what the tour says has passed."""

    def __init__(self) -> None:
        self._system = SystemClock()
        self._shift_s = 0.0

    def now(self) -> Instant:
        """Return the shifted present."""
        now = self._system.now()
        return now._replace(wall_s=now.wall_s + self._shift_s, boot_s=now.boot_s + self._shift_s)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._shift_s += seconds


class Tour:
    """Walks through the window as somebody new to it would, and keeps what there was to see."""

    def __init__(self, app: QApplication, loop: asyncio.AbstractEventLoop, root: Path, pictures: Path) -> None:
        """`root` is for the tour's own profile; `pictures` gets numbered PNGs and `transcript.txt`."""
        self._loop = loop
        self._pictures = pictures
        self._clock = ShiftedClock()
        self._application = Application(Surrounds(folders=Folders.under(root), clock=self._clock))
        self._theme = Theme(app, ThemeMode.LIGHT)
        self._window = MainWindow(self._application, self._theme)
        self._transcript: list[str] = []
        self._taken = 0
        self._failed: BaseException | None = None

    async def walk(self) -> int:
        """Take the tour; return 0, or 1 if the program made a mistake on the way."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        for old in self._pictures.glob("*.png"):
            old.unlink()
        self._window.crash_hook.install(self._loop)
        if QGuiApplication.platformName() == _OFF_SCREEN:
            qInstallMessageHandler(_say_what_matters)
        self._window.resize(_SIZE)
        self._window.show()
        try:
            await self._welcome()
            await self._balances()
            await self._visits()
            await self._faults()
            await self._lock()
        finally:
            (self._pictures / "transcript.txt").write_text("\n".join(self._transcript) + "\n", encoding="utf-8")
            self._window.hide()
            await self._window.shut_down()
            self._window.crash_hook.remove(self._loop)
            qInstallMessageHandler(None)
        sys.stdout.write(f"{self._taken} pictures and transcript.txt are in {self._pictures}\n")
        return 1 if any("This program made a mistake" in line for line in self._transcript) else 0

    # Scenes

    async def _welcome(self) -> None:
        self._window.begin()
        await self._until(lambda: self._button("Create a new wallet"))
        await self._picture("welcome")
        await self._picture("welcome", dark=True)
        await self._press("Create a new wallet")
        await self._until(lambda: self._field("Password"))
        await self._picture("create-a-wallet")
        await self._press("Continue")
        await self._until(lambda: (field := self._field("Password")) and field.accessibleDescription())
        await self._picture("create-without-a-password")
        await self._press("Back to start")
        await self._until(lambda: self._button("Try the practice network"))

    async def _balances(self) -> None:
        slow = self._application.practice[1]
        slow.delay_s = _PATIENCE_S
        await self._press("Try the practice network")
        await self._until(lambda: self._session_progress() not in (None, 0))
        await self._settle()
        await self._picture("preloading")
        slow.delay_s = 0.0
        await self._press("Cancel")
        await self._until(lambda: self._session_progress() is None)
        await self._press("Preload")
        await self._at_rest()
        await self._picture("balances-fresh")
        await self._picture("balances-fresh", dark=True)
        self._select_first_balance()
        await self._picture("where-this-number-comes-from")
        await self._picture("where-this-number-comes-from", dark=True)
        await self._press("Show All Balances")
        await self._at_rest()
        await self._picture("all-balances")
        await self._press("Show All Balances")
        await self._at_rest()

    async def _visits(self) -> None:
        self._window.open_page("receive")
        await self._picture("receive")
        self._window.open_page("accounts")
        await self._picture("accounts")
        self._window.open_page("settings")
        await self._picture("settings")
        await self._picture("settings", dark=True)
        self._window.open_page("balances")
        await self._picture("balances-cached-after-coming-back")

    async def _faults(self) -> None:
        self._pass_time(45)
        await self._picture("balances-stale-after-45-seconds")
        await self._press("Refresh")
        await self._at_rest()
        await self._picture("refreshed")
        main, rollup = self._application.practice
        main.outage = True
        self._pass_time(12)
        await self._press("Refresh")
        await self._at_rest()
        self._select_first_balance()
        await self._picture("a-server-fails")
        await self._picture("a-server-fails", dark=True)
        await self._press("Forget this")
        await self._until(self._dialogs)
        self._confirm()
        await self._until(lambda: not self._dialogs() and self._button("Read it again"))
        await self._picture("unavailable")
        main.outage = False
        rollup.fail_next(PracticeFault.RATE_LIMITED)
        await self._press("Refresh")
        await self._settle(10)
        await self._picture("rate-limited")
        await self._at_rest()

    async def _lock(self) -> None:
        self._window.lock()
        await self._until(lambda: self._field("Password"))
        await self._settle()
        await self._picture("locked")
        await self._picture("locked", dark=True)
        await self._type_password("not the password")
        await self._picture("wrong-password")
        await self._type_password(PRACTICE_PASSWORD)
        await self._until(lambda: self._application.session is not None)
        await self._at_rest()
        await self._picture("unlocked-again")
        self._window.resize(QSize(*SMALLEST_WINDOW))
        await self._picture("smallest-window")
        await self._picture("smallest-window", dark=True)

    # Hands

    async def _press(self, name: str) -> None:
        await self._until(lambda: self._button(name))
        button = self._button(name)
        if button is not None:
            button.click()

    def _button(self, name: str) -> QAbstractButton | None:
        buttons = self._window.findChildren(QAbstractButton)
        return next((b for b in buttons if b.isVisible() and b.isEnabled() and _name(b).startswith(name)), None)

    def _field(self, name: str) -> QLineEdit | None:
        fields = self._window.findChildren(QLineEdit)
        return next((f for f in fields if f.isVisible() and f.isEnabled() and f.accessibleName() == name), None)

    def _dialogs(self) -> list[QDialog]:
        return [dialog for dialog in self._window.findChildren(QDialog) if dialog.isVisible()]

    def _confirm(self) -> None:
        for dialog in self._dialogs():
            QTest.keyClick(dialog, Qt.Key.Key_Return)

    def _select_first_balance(self) -> None:
        table = next(view for view in self._window.findChildren(QTableView) if view.isVisible())
        first_under_its_group = table.model().index(1, 0)
        centre = table.visualRect(first_under_its_group).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=centre)

    async def _type_password(self, password: str) -> None:
        field = self._field("Password")
        if field is None:
            msg = "there is no field for the password"
            raise LookupError(msg)
        field.clear()
        QTest.keyClicks(field, password)
        QTest.keyClick(field, Qt.Key.Key_Return)
        await self._settle(40)
        await self._until(lambda: self._field("Password") or self._application.session)

    def _pass_time(self, seconds: float) -> None:
        self._clock.advance(seconds)
        self._window.tick()

    # Waiting

    async def _until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not holds():  # noqa: ASYNC110 - widgets have no asyncio event
                await asyncio.sleep(_GLANCE_S)

    async def _settle(self, glances: int = 5) -> None:
        for _ in range(glances):
            await asyncio.sleep(_GLANCE_S)

    async def _at_rest(self) -> None:
        await self._settle()
        await self._until(lambda: self._session_progress() is None and not self._updating())
        await self._settle()

    def _session_progress(self) -> int | None:
        session = self._application.session
        progress = session.preload.progress if session else None
        return progress.done if progress else None

    def _updating(self) -> bool:
        session = self._application.session
        return bool(session and session.balances.updating)

    # What is kept

    async def _picture(self, name: str, *, dark: bool = False) -> None:
        self._theme.set_mode(ThemeMode.DARK if dark else ThemeMode.LIGHT)
        self._window.tick()
        await self._settle()
        self._taken += 1
        title = f"{self._taken:02d}-{name}{'-dark' if dark else ''}"
        self._window.grab().save(str(self._pictures / f"{title}.png"))
        self._transcript += [f"## {title}", *read_screen(self._window), ""]
        self._theme.set_mode(ThemeMode.LIGHT)


def _name(button: QAbstractButton) -> str:
    return button.accessibleName() or button.text().replace("&", "")


def _say_what_matters(_kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    """Write what Qt has to say, but not what a screen that is none cannot do."""
    if not text.startswith(_CANNOT):
        sys.stderr.write(f"{text}\n")
