"""The tour's hands and eyes: they press and type as a person does, wait, and keep what there was to see."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QDialog, QLineEdit, QTableView

from desktop_wallet.clock import SystemClock
from desktop_wallet.ui.screen_reading import read_screen
from desktop_wallet.ui.theme import Theme, ThemeMode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from desktop_wallet.compose import Application
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.main_window import MainWindow

PATIENCE_S = 20.0
_GLANCE_S = 0.02
_SIGN_OF_LIFE_S = 60.0


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


class Hands:
    """Work one window; `taken` counts the pictures, `transcript` is what could be read in each."""

    def __init__(
        self, application: Application, clock: ShiftedClock, window: MainWindow, theme: Theme, pictures: Path
    ) -> None:
        self.application = application
        self.clock = clock
        self.window = window
        self.theme = theme
        self.taken = 0
        self.transcript: list[str] = []
        self._pictures = pictures

    @property
    def session(self) -> Session:
        """Return the open session; LookupError while the wallet is locked."""
        if self.application.session is None:
            msg = "the wallet is locked"
            raise LookupError(msg)
        return self.application.session

    # Hands

    async def press(self, name: str) -> None:
        """Press the button whose name begins so, as soon as there is one that can be pressed."""
        await self.until(lambda: self.button(name))
        button = self.button(name)
        if button is not None:
            button.click()

    def button(self, name: str) -> QAbstractButton | None:
        """Return the button of that name that can be pressed now."""
        buttons = self.window.findChildren(QAbstractButton)
        return next((b for b in buttons if b.isVisible() and b.isEnabled() and _name(b).startswith(name)), None)

    def field(self, name: str) -> QLineEdit | None:
        """Return the field of that name that can be typed into now."""
        fields = self.window.findChildren(QLineEdit)
        return next((f for f in fields if f.isVisible() and f.isEnabled() and f.accessibleName() == name), None)

    async def fill(self, name: str, text: str, *, enter: bool = False) -> None:
        """Type into a field, in place of what stands there."""
        await self.until(lambda: self.field(name))
        field = self.field(name)
        if field is not None:
            field.setFocus()
            field.clear()
            QTest.keyClicks(field, text)
            if enter:
                QTest.keyClick(field, Qt.Key.Key_Return)

    def dialogs(self) -> list[QDialog]:
        """Return the dialogs that are open."""
        return [dialog for dialog in self.window.findChildren(QDialog) if dialog.isVisible()]

    def confirm(self) -> None:
        """Press Enter in every open dialog."""
        for dialog in self.dialogs():
            QTest.keyClick(dialog, Qt.Key.Key_Return)

    def select_row(self, row: int) -> None:
        """Click a row of the table on screen."""
        table = next(view for view in self.window.findChildren(QTableView) if view.isVisible())
        centre = table.visualRect(table.model().index(row, 0)).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=centre)

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)
        self.window.tick()

    def stay(self, seconds: float) -> None:
        """Let much time pass, with somebody there all the while: nothing is asked of any server meanwhile."""
        while seconds > 0:
            self.clock.advance(min(seconds, _SIGN_OF_LIFE_S))
            QTest.keyClick(self.window, Qt.Key.Key_Shift)
            seconds -= _SIGN_OF_LIFE_S
        self.window.tick()

    # Waiting

    async def until(self, holds: Callable[[], object]) -> None:
        """Return once that holds; TimeoutError if it never does."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():  # noqa: ASYNC110 - widgets have no asyncio event
                await asyncio.sleep(_GLANCE_S)

    async def settle(self, glances: int = 5) -> None:
        """Look on for a moment."""
        for _ in range(glances):
            await asyncio.sleep(_GLANCE_S)

    async def at_rest(self) -> None:
        """Return once no balance is being read."""
        await self.settle()
        await self.until(lambda: self.progress() is None and not self._updating())
        await self.settle()

    def progress(self) -> int | None:
        """Return how many balances of a preload are done; None if none is under way."""
        session = self.application.session
        progress = session.preload.progress if session else None
        return progress.done if progress else None

    def _updating(self) -> bool:
        session = self.application.session
        return bool(session and session.balances.updating)

    # What is kept

    async def picture(self, name: str, *, dark: bool = False) -> None:
        """Keep a picture of the window and what can be read in it."""
        mode = ThemeMode.DARK if dark else ThemeMode.LIGHT
        if self.theme.mode is not mode:  # it costs as much as ten pictures
            self.theme.set_mode(mode)
        self.window.tick()
        await self.settle()
        self.taken += 1
        title = f"{self.taken:03d}-{name}{'-dark' if dark else ''}"
        self.window.grab().save(str(self._pictures / f"{title}.png"))
        self.transcript += [f"## {title}", *read_screen(self.window), ""]

    async def pictures(self, name: str) -> None:
        """Keep a light picture and a dark one."""
        await self.picture(name)
        await self.picture(name, dark=True)


def _name(button: QAbstractButton) -> str:
    return button.accessibleName() or button.text().replace("&", "")
