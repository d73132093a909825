"""A window for the tests of pages: it remembers what a page asked of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop_wallet.ui.theme import Theme, ThemeMode
from desktop_wallet.ui.widgets.notice import NoticeAction, NoticeKind
from tests.fakes.clock import FakeClock


def the_theme(mode: ThemeMode = ThemeMode.LIGHT) -> Theme:
    """Return the application's one theme, in this mode."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme = app.findChild(Theme) or Theme(app, mode)
    theme.set_mode(mode)
    return theme


@dataclass(slots=True)
class FakeShell:
    theme: Theme
    clock: FakeClock = field(default_factory=FakeClock)
    notices: list[tuple[str, NoticeKind, NoticeAction | None]] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    copied: list[tuple[str, str]] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    details: bool = False

    def notify(
        self,
        text: str,
        *,
        kind: NoticeKind = NoticeKind.INFO,
        action: NoticeAction | None = None,
        key: str = "",
    ) -> None:
        self.notices.append((text, kind, action))

    def report(self, error: BaseException) -> None:
        self.errors.append(error)

    def copy(self, text: str, what: str, *, secret: bool = False, look_again: bool = True) -> None:
        QGuiApplication.clipboard().setText(text)
        self.copied.append((text, what))

    def show_details(self) -> None:
        self.details = True

    def hide_details(self) -> None:
        self.details = False

    def open_page(self, name: str) -> None:
        self.opened.append(name)

    def add_wallet(self) -> None:
        self.opened.append("add wallet")

    def lock(self) -> None:
        self.opened.append("lock")

    @property
    def said(self) -> str:
        """Return the last notice."""
        return self.notices[-1][0] if self.notices else ""
