"""Runs a benchmark's coroutine as the wallet runs its own: on the loop of the window, with its switch interval."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtWidgets import QApplication

from desktop_wallet.app import make_loop
from desktop_wallet.ui.garbage import GarbageSearch

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


def window_app() -> QApplication:
    """Return the one QApplication of this process."""
    found = QApplication.instance()
    if isinstance(found, QApplication):
        return found
    app = QApplication(sys.argv[:1])
    app.setQuitOnLastWindowClosed(False)
    return app


def run_on_window_loop(main: Coroutine[Any, Any, T]) -> T:
    """Return what the coroutine returns."""
    app = window_app()
    loop = make_loop(app)
    GarbageSearch(app).settle()
    with loop:
        found: T = loop.run_until_complete(main)
        return found
