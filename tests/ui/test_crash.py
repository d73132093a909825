from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from desktop_wallet.ui.crash import CrashHook, CrashPage, crash_report
from desktop_wallet.ui.theme import Theme

SECRET = "abandon ability able about above absent"


def raised(run: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - whatever it is
        run()
    return caught.value


def fails_with_a_secret() -> None:
    phrase = SECRET
    try:
        raise KeyError(phrase)
    except KeyError as error:
        raise ValueError(f"no such word in {phrase}") from error


def test_a_report_says_where_and_what_kind_and_no_word_of_the_error() -> None:
    report = crash_report(raised(fails_with_a_secret))
    assert "ValueError" in report
    assert "KeyError" in report
    assert "fails_with_a_secret" in report
    assert "test_crash.py:" in report
    assert not any(word in report for word in SECRET.split())


def test_a_report_does_not_name_the_home_of_the_person() -> None:
    report = crash_report(raised(fails_with_a_secret))
    assert __file__ not in report


def test_groups_are_opened() -> None:
    inner = raised(fails_with_a_secret)
    assert isinstance(inner, ValueError)
    assert "ValueError" in crash_report(ExceptionGroup("several", [inner]))


def test_causes_that_go_round_in_a_circle_end() -> None:
    one, two = ValueError(), KeyError()
    one.__cause__, two.__cause__ = two, one
    assert crash_report(one).count("ValueError") == 1


async def test_every_road_leads_to_the_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sender(QObject):
        sent = Signal()

    def slot() -> None:
        raise RuntimeError("in a slot")

    async def work() -> None:
        raise LookupError("in a task without owner")

    seen: list[str] = []
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    hook = CrashHook(lambda error: seen.append(type(error).__name__))
    loop = asyncio.get_running_loop()
    hook.install(loop)
    try:
        sender = Sender()
        sender.sent.connect(slot)
        sender.sent.emit()
        loop.call_soon(slot)
        await asyncio.sleep(0.01)
        loop.call_exception_handler({"message": "lost", "exception": LookupError("in a task")})
    finally:
        hook.remove(loop)
    assert seen == ["RuntimeError", "RuntimeError", "LookupError"]


def test_the_page_says_that_funds_are_safe_and_copies_the_report(theme: Theme, qtbot: QtBot) -> None:
    copied: list[tuple[str, str]] = []
    done: list[str] = []
    page = CrashPage(
        theme, lambda text, what: copied.append((text, what)), lambda: done.append("on"), lambda: done.append("lock")
    )
    qtbot.addWidget(page)
    error = raised(fails_with_a_secret)
    page.show_error(error)
    page.show_error(error)
    texts = " ".join(label.text() for label in page.findChildren(QLabel))
    assert "Your funds are safe" in texts
    assert "!" not in texts
    assert page._report.toPlainText() == crash_report(error)
    for button in page.findChildren(QPushButton):
        button.click()
    assert done == ["on", "lock"]
    assert copied == [(crash_report(error), "Report")]
    page.clear()
    assert page._report.toPlainText() == ""
