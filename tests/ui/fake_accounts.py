"""What the tests of Accounts and Settings share: a page on screen with a real session, and the dialogs over it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget

from desktop_wallet.services.session import Session
from desktop_wallet.ui.dialogs import Dialog
from desktop_wallet.ui.pages.page import Page
from tests.ui.fake_shell import FakeShell

PASSWORD = "correct horse battery"
WATCHED = "0x52908400098527886E0F7030069857D2E4169EE7"
PHRASE = "test test test test test test test test test test test junk"
FIRST_OF_PHRASE = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"

Until = Callable[[Callable[[], object]], Awaitable[None]]
_P = TypeVar("_P", bound=Page)
_D = TypeVar("_D", bound=Dialog)


@dataclass(slots=True)
class Stage:
    """A page on screen. `dialog` waits for one to open over it."""

    shell: FakeShell
    session: Session
    until: Until

    def put_up(self, page: _P, width: int = 860, height: int = 600) -> _P:
        page.resize(width, height)
        page.attach(self.session)
        page.shown()
        page.show()
        return page

    def __post_init__(self) -> None:
        # The loops of earlier tests own timers; collected on a worker's thread, Qt would complain of that.
        gc.collect()

    async def take_down(self, page: Page) -> None:
        page.hidden()
        page.detach()
        await page.tasks.stop()
        page.hide()
        page.deleteLater()
        # Gone before the test ends: what the collector finds later it may delete on any thread.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def dialog(self, over: QWidget, kind: type[_D]) -> _D:
        await self.until(lambda: shown(over, kind))
        return shown(over, kind)[-1]

    async def gone(self, over: QWidget) -> None:
        await self.until(lambda: not shown(over, Dialog))

    async def choose_file(self, over: QWidget, path: Path) -> None:
        """Answer the file dialog with this path."""
        await self.until(lambda: [d for d in over.findChildren(QFileDialog) if d.isVisible()])
        chooser = next(d for d in over.findChildren(QFileDialog) if d.isVisible())
        name = chooser.findChild(QLineEdit, "fileNameEdit")
        assert name is not None
        name.setText(str(path))
        chooser.accept()


def shown(over: QWidget, kind: type[_D]) -> list[_D]:
    """Return the dialogs of that kind that are open."""
    return [dialog for dialog in over.findChildren(kind) if dialog.isVisible()]
