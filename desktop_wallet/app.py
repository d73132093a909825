"""Qt on top of `compose`: the loop, the window, and the way out.

One loop (qasync) on the GUI thread serves Qt and asyncio. The window's close only asks: the loop ends after the
clean-up, not before it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PySide6.QtWidgets import QApplication

from desktop_wallet.services.folders import Folders, make_private
from desktop_wallet.ui.theme import Theme, ThemeMode

os.environ.setdefault("QT_API", "pyside6")  # qasync would try other bindings first
import qasync

_THREAD_TURN_S = 0.0005
_DEFAULT_WORKERS = 2
"""Threads for file work of our own (preferences, profile list); qasync's own executor would start ten."""


def run(*, data: Path | None, practice: bool, tour: Path | None) -> int:
    """Run the program until its window is closed or its tour is done; return the exit code."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # A worker thread in Python code would keep the window waiting for 5 ms, the interpreter's default turn.
    sys.setswitchinterval(_THREAD_TURN_S)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("desktop-wallet")
    app.setApplicationDisplayName("Wallet")
    app.setDesktopFileName("desktop-wallet")
    app.setQuitOnLastWindowClosed(False)  # qasync 0.28 would end the loop before the clean-up
    loop = qasync.QEventLoop(app)
    loop.set_default_executor(ThreadPoolExecutor(_DEFAULT_WORKERS, thread_name_prefix="files"))
    with loop:
        if tour is not None:
            with tempfile.TemporaryDirectory(prefix="wallet-tour-") as root:
                code: int = loop.run_until_complete(_tour(app, loop, Path(root), tour))
                return code
        folders = Folders.of_this_person() if data is None else Folders.under(data)
        code = loop.run_until_complete(_window(app, loop, folders, practice=practice))
        return code


async def _window(app: QApplication, loop: asyncio.AbstractEventLoop, folders: Folders, *, practice: bool) -> int:
    from desktop_wallet.compose import Application, Surrounds  # noqa: PLC0415 - not needed before the loop runs
    from desktop_wallet.ui.main_window import MainWindow  # noqa: PLC0415

    application = Application(Surrounds(folders=folders))
    make_private(folders.data)
    window = MainWindow(application, Theme(app, ThemeMode(application.preferences.theme.value)))
    closing = asyncio.Event()
    window.close_requested.connect(closing.set)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(closing.set))
    window.crash_hook.install(loop)
    try:
        window.begin(practice=practice)
        window.show()
        await closing.wait()
    finally:
        await window.shut_down()
        window.crash_hook.remove(loop)
    return 0


async def _tour(app: QApplication, loop: asyncio.AbstractEventLoop, root: Path, pictures: Path) -> int:
    from desktop_wallet.ui.tour import Tour  # noqa: PLC0415 - only the tour needs it

    return await Tour(app, loop, root, pictures).walk()
