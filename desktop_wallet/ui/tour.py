"""The practice tour: the same program, walked through off screen, with a picture and a reading of every scene.

Time is the system's, shifted: the tour moves it forward instead of waiting. Nothing of what is written down comes
from this script: the transcript is read from the accessibility tree at the moment of each picture.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QMessageLogContext, QSize, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication

from desktop_wallet.chains.practice.chain import PracticeFault
from desktop_wallet.compose import PRACTICE_PASSWORD, Application, Surrounds
from desktop_wallet.services.folders import Folders
from desktop_wallet.ui.main_window import MainWindow
from desktop_wallet.ui.theme import SMALLEST_WINDOW, Theme, ThemeMode
from desktop_wallet.ui.tour_cautions import CautionScenes
from desktop_wallet.ui.tour_diagnostics import DiagnosticsScenes
from desktop_wallet.ui.tour_hands import PATIENCE_S, Hands, ShiftedClock
from desktop_wallet.ui.tour_prices import PriceScenes
from desktop_wallet.ui.tour_receiving import ReceivingScenes
from desktop_wallet.ui.tour_sending import SendingScenes

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

_SIZE = QSize(1280, 820)
_OFF_SCREEN = "offscreen"
_CANNOT = "This plugin does not support "


class Tour:
    """Walks through the window as somebody new to it would."""

    def __init__(self, app: QApplication, loop: asyncio.AbstractEventLoop, root: Path, pictures: Path) -> None:
        """`root` is for the tour's own profile; `pictures` gets numbered PNGs and `transcript.txt`."""
        self._loop = loop
        self._pictures = pictures
        clock = ShiftedClock()
        self._application = Application(Surrounds(folders=Folders.under(root), clock=clock))
        theme = Theme(app, ThemeMode.LIGHT)
        self._window = MainWindow(self._application, theme)
        self._hands = Hands(self._application, clock, self._window, theme, pictures)

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
        transcript = self._hands.transcript
        try:
            await self._welcome()
            await self._balances()
            await self._visits()
            await self._faults()
            sending = SendingScenes(self._hands)
            await sending.walk()
            await CautionScenes(self._hands, sending.seen).walk()
            await ReceivingScenes(self._hands).walk()
            await PriceScenes(self._hands).walk()
            await DiagnosticsScenes(self._hands).walk()
            await self._lock()
        finally:
            (self._pictures / "transcript.txt").write_text("\n".join(transcript) + "\n", encoding="utf-8")
            self._window.hide()
            await self._window.shut_down()
            self._window.crash_hook.remove(self._loop)
            qInstallMessageHandler(None)
        sys.stdout.write(f"{self._hands.taken} pictures and transcript.txt are in {self._pictures}\n")
        return 1 if any("This program made a mistake" in line for line in transcript) else 0

    # Scenes

    async def _welcome(self) -> None:
        hands = self._hands
        self._window.begin()
        await hands.until(lambda: hands.button("Create a new wallet"))
        await hands.pictures("welcome")
        await hands.press("Create a new wallet")
        await hands.until(lambda: hands.field("Password"))
        await hands.picture("create-a-wallet")
        await hands.press("Continue")
        await hands.until(lambda: (field := hands.field("Password")) and field.accessibleDescription())
        await hands.picture("create-without-a-password")
        await hands.press("Back to start")
        await hands.until(lambda: hands.button("Try the practice network"))

    async def _balances(self) -> None:
        hands = self._hands
        slow = self._application.practice[1]
        slow.delay_s = PATIENCE_S
        await hands.press("Try the practice network")
        await hands.until(lambda: hands.progress() not in (None, 0))
        await hands.settle()
        await hands.picture("preloading")
        slow.delay_s = 0.0
        await hands.press("Cancel")
        await hands.until(lambda: hands.progress() is None)
        await hands.press("Preload")
        await hands.at_rest()
        await hands.pictures("balances-fresh")
        hands.select_row(1)  # the first is the heading of its group
        await hands.pictures("where-this-number-comes-from")
        await hands.press("Show All Balances")
        await hands.at_rest()
        await hands.picture("all-balances")
        await hands.press("Show All Balances")
        await hands.at_rest()

    async def _visits(self) -> None:
        hands = self._hands
        self._window.open_page("receive")
        await hands.picture("receive")
        self._window.open_page("accounts")
        await hands.picture("accounts")
        self._window.open_page("settings")
        await hands.pictures("settings")
        self._window.open_page("balances")
        await hands.picture("balances-cached-after-coming-back")

    async def _faults(self) -> None:
        hands = self._hands
        hands.pass_time(45)
        await hands.picture("balances-stale-after-45-seconds")
        await hands.press("Refresh")
        await hands.at_rest()
        await hands.picture("refreshed")
        main, rollup = self._application.practice
        main.outage = True
        hands.pass_time(12)
        await hands.press("Refresh")
        await hands.at_rest()
        hands.select_row(1)
        await hands.pictures("a-server-fails")
        await hands.press("Forget this")
        await hands.until(hands.dialogs)
        hands.confirm()
        await hands.until(lambda: not hands.dialogs() and hands.button("Read it again"))
        await hands.picture("unavailable")
        main.outage = False
        rollup.fail_next(PracticeFault.RATE_LIMITED)
        await hands.press("Refresh")
        await hands.settle(10)
        await hands.picture("rate-limited")
        await hands.at_rest()

    async def _lock(self) -> None:
        hands = self._hands
        self._window.lock()
        await hands.until(lambda: hands.field("Password"))
        await hands.settle()
        await hands.pictures("locked")
        await self._enter_password("not the password")
        await hands.picture("wrong-password")
        await self._enter_password(PRACTICE_PASSWORD)
        await hands.until(lambda: self._application.session is not None)
        await hands.at_rest()
        await hands.picture("unlocked-again")
        self._window.resize(QSize(*SMALLEST_WINDOW))
        await hands.pictures("smallest-window")

    async def _enter_password(self, password: str) -> None:
        hands = self._hands
        await hands.fill("Password", password, enter=True)
        await hands.settle(40)
        await hands.until(lambda: hands.field("Password") or self._application.session)


def _say_what_matters(_kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    """Write what Qt has to say, but not what a screen that is none cannot do."""
    if not text.startswith(_CANNOT):
        sys.stderr.write(f"{text}\n")
