"""Qt on top of `compose`: the first paint, the loop, the window, and the way out.

The window is painted before there is a loop, with nothing but its first scene; what it needs next is imported behind
it. One loop (qasync) on the GUI thread serves Qt and asyncio. The window's close only asks: the loop ends after the
clean-up, not before it.
"""

# ruff: noqa: PLC0415 - the order of the imports is the order in which a start needs them

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from desktop_wallet.compose import Application, Surrounds, warm_up
from desktop_wallet.services.door import Door, Knock, Word
from desktop_wallet.services.folders import Folders
from desktop_wallet.ui.main_window import MainWindow
from desktop_wallet.ui.theme import Theme, ThemeMode

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

    from desktop_wallet.ui.garbage import GarbageSearch

_THREAD_TURN_S = 0.0005
_DEFAULT_WORKERS = 2
"""Threads for file work of our own (preferences, profile list); qasync's own executor would start ten."""
_PAINT_WITHIN_MS = 500
"""A window that no screen shows (minimized, on another desk) is not waited for any longer."""
_SETTLED_S = 3.0


def run(folders: Folders, door: Door, *, practice: bool) -> int:
    """Run the program until its window is closed; return the exit code. The folders are there and private."""
    app = _make_app()
    application = Application(Surrounds(folders=folders))
    window = MainWindow(application, Theme(app, ThemeMode(application.preferences.theme.value)))
    window.entry.begin_at_once()
    window.show()
    _paint(app, window)
    loop = make_loop(app)
    with loop:
        code: int = loop.run_until_complete(_serve(loop, application, window, door, practice=practice))
        return code


def walk(pictures: Path) -> int:
    """Walk through the practice profile, leave pictures in the folder, and return the exit code."""
    import tempfile
    from pathlib import Path

    from desktop_wallet.ui.tour import Tour

    app = _make_app()
    loop = make_loop(app)
    with loop, tempfile.TemporaryDirectory(prefix="wallet-tour-") as root:
        code: int = loop.run_until_complete(Tour(app, loop, Path(root), pictures).walk())
        return code


def _make_app() -> QApplication:
    app = QApplication(sys.argv[:1])
    app.setApplicationName("desktop-wallet")
    app.setApplicationDisplayName("Wallet")
    app.setDesktopFileName("desktop-wallet")
    app.setQuitOnLastWindowClosed(False)  # qasync 0.28 would end the loop before the clean-up
    return app


def make_loop(app: QApplication) -> Any:  # noqa: ANN401 - qasync ships no types
    """Return the loop that serves Qt and asyncio on this thread."""
    from concurrent.futures import ThreadPoolExecutor

    os.environ.setdefault("QT_API", "pyside6")  # qasync would try other bindings first
    import qasync

    loop = qasync.QEventLoop(app)
    loop.set_default_executor(ThreadPoolExecutor(_DEFAULT_WORKERS, thread_name_prefix="files"))
    # A worker thread in Python code would keep the window waiting for 5 ms, the interpreter's default turn.
    sys.setswitchinterval(_THREAD_TURN_S)
    return loop


def _paint(app: QApplication, window: MainWindow) -> None:
    """Run Qt until the window is on the screen, and once more for whatever was typed by then."""
    QTimer.singleShot(_PAINT_WITHIN_MS, app, late := _Flag())
    while not late.is_set and not window.windowHandle().isExposed():
        app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    app.processEvents()


class _Flag:
    """Is set by being called."""

    is_set = False

    def __call__(self) -> None:
        self.is_set = True


async def _serve(
    loop: asyncio.AbstractEventLoop, application: Application, window: MainWindow, door: Door, *, practice: bool
) -> int:
    import asyncio
    from contextlib import ExitStack

    from desktop_wallet.ui.garbage import GarbageSearch

    closing = asyncio.Event()
    window.close_requested.connect(closing.set)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(closing.set))
    window.crash_hook.install(loop)
    garbage = GarbageSearch(window)
    application.on_session_changed(lambda session: garbage.settle() if session is None else None)
    at_the_end = ExitStack()
    try:
        if practice:
            window.entry.open_practice()
        window.tasks.start(_prepare(application, window, garbage, door, at_the_end.callback), key="prepare")
        if window.isVisible():
            await closing.wait()
    finally:
        at_the_end.close()
        await window.shut_down()
        window.crash_hook.remove(loop)
    return 0


async def _prepare(
    application: Application,
    window: MainWindow,
    garbage: GarbageSearch,
    door: Door,
    at_the_end: Callable[[Callable[[], None]], object],
) -> None:
    """Bring what the first paint does without, behind whoever types a password."""
    import asyncio
    from importlib import import_module

    if door.is_ours:
        await asyncio.to_thread(import_module, "desktop_wallet.ui.doorkeeper")
        at_the_end(_open_door(application, window, door))
    await asyncio.to_thread(warm_up)
    window.prepare()
    await asyncio.sleep(_SETTLED_S)
    garbage.settle()


def _open_door(application: Application, window: MainWindow, door: Door) -> Callable[[], None]:
    """Let later starts bring this window to the front, and programs ask; return what shuts the door again."""
    from desktop_wallet.services.reception import Reception
    from desktop_wallet.ui.doorkeeper import Doorkeeper, bring_forward

    def come(knock: Knock) -> None:
        bring_forward(window, knock.token)
        if knock.word is Word.PRACTICE and window.entry.is_at_rest and not window.tasks.busy("lock"):
            window.entry.open_practice()

    reception = Reception(lambda: application.session, application.clock)

    async def answer(knock: Knock, reply: Callable[[bytes], None]) -> None:
        reply(await reception.answer(knock))

    keeper = Doorkeeper(window)
    keeper.knocked.connect(come)
    keeper.asked.connect(lambda knock, reply: window.tasks.start(answer(knock, reply)))
    window.close_requested.connect(keeper.close)
    keeper.open(door.address)
    return keeper.close
