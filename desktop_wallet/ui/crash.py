"""When the program itself is wrong: one hook for every road an error takes, and a page that says so calmly."""

from __future__ import annotations

import logging
import platform
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import qVersion
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QWidget

from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import PrimaryButton, SecondaryButton
from desktop_wallet.ui.widgets.card import Column
from desktop_wallet.ui.widgets.text import Text

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from types import TracebackType

_log = logging.getLogger(__name__)
_WIDTH = 640


def crash_report(error: BaseException) -> str:
    """Return where a bug showed itself, fit to be sent to anyone.

    Only kinds of errors, and file names with lines: an error's own text may hold an amount, an address or a word of a
    phrase, and so may variables and source lines.
    """
    lines = [f"desktop-wallet {_version()}, Python {platform.python_version()}, Qt {qVersion()}, {platform.system()}"]
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}")
        lines += [
            f"  {_place(frame.filename)}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(current.__traceback__, limit=40)
        ]
        inner = current.exceptions[0] if isinstance(current, BaseExceptionGroup) else None
        current = inner or current.__cause__ or current.__context__
        if current is not None:
            lines.append("caused by")
    return "\n".join(lines)


def _place(filename: str) -> str:
    # The last three parts: a whole path names the person's home.
    return "/".join(Path(filename).parts[-3:])


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - 10 ms that no good start needs

    try:
        return version("desktop-wallet")
    except PackageNotFoundError:
        return "from source"


class CrashHook:
    """Sends every error that nobody caught to one place: from slots, from tasks without owners, from threads' ends."""

    def __init__(self, show: Callable[[BaseException], None]) -> None:
        self._show = show
        self._before = sys.excepthook

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Catch what slots (through `sys.excepthook`) and tasks (through the loop's handler) raise."""
        sys.excepthook = self._on_uncaught
        loop.set_exception_handler(self._on_loop_error)

    def remove(self, loop: asyncio.AbstractEventLoop) -> None:
        """Put back what was there before."""
        sys.excepthook = self._before
        loop.set_exception_handler(None)

    def _on_uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._before(kind, error, trace)
            return
        self.caught(error)

    def _on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            self.caught(error)
        else:
            _log.error("the loop reports: %s", context.get("message", ""))

    def caught(self, error: BaseException) -> None:
        """Log where it was, without its text, and show it."""
        _log.error("a bug showed itself:\n%s", crash_report(error))
        self._show(error)


class CrashPage(QWidget):
    """Says that the program is wrong, that funds are safe, and gives a report to copy."""

    def __init__(
        self, theme: Theme, copy: Callable[[str, str], None], go_on: Callable[[], None], lock: Callable[[], None]
    ) -> None:
        super().__init__()
        self._copy = copy
        column = Column(_WIDTH, self)
        body = column.body
        body.addWidget(Text(theme, "This program made a mistake", TextStyle.TITLE))
        body.addSpacing(GRID)
        body.addWidget(
            Text(
                theme,
                "Your funds are safe: they are on their networks, and your keys are sealed on this computer. "
                "What you were doing just now may not have been finished.",
                wrap=True,
            )
        )
        body.addWidget(
            Text(
                theme,
                "If it happens again, send this report to the authors. It holds no password, key, address or amount.",
                TextStyle.BODY,
                Token.MUTED,
                wrap=True,
            )
        )
        body.addSpacing(GRID)
        self._report = QPlainTextEdit()
        self._report.setReadOnly(True)
        self._report.setAccessibleName("Report")
        self._report.setFont(theme.font(TextStyle.MONO_SMALL))
        self._report.setMinimumHeight(180)
        self._report.setTabChangesFocus(True)
        body.addWidget(self._report)
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        row.addWidget(PrimaryButton(theme, "Go on", on_click=go_on))
        row.addWidget(SecondaryButton(theme, "Copy report", "copy", self._on_copy_clicked))
        row.addWidget(SecondaryButton(theme, "Lock", "lock", lock))
        row.addStretch(1)
        body.addLayout(row)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(column)

    def show_error(self, error: BaseException) -> None:
        """Show the report of this error; more of the same visit stand below it."""
        earlier = self._report.toPlainText()
        report = crash_report(error)
        if report not in earlier:
            self._report.setPlainText(f"{earlier}\n\n{report}".strip())

    def clear(self) -> None:
        """Forget the reports that were shown."""
        self._report.clear()

    def _on_copy_clicked(self) -> None:
        self._copy(self._report.toPlainText(), "Report")
