from __future__ import annotations

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_wallet.ui.clipboard import Clipboard, Copier


@pytest.fixture
def clipboard(qapp: QApplication) -> Clipboard:
    QGuiApplication.clipboard().clear()
    return Clipboard(QGuiApplication)


def test_a_copy_is_read_back(clipboard: Clipboard) -> None:
    assert clipboard.copy("0xabc")
    assert QGuiApplication.clipboard().text() == "0xabc"
    assert clipboard.holds("0xabc")


def test_a_swap_by_another_program_is_seen(clipboard: Clipboard) -> None:
    clipboard.copy("0xabc")
    QGuiApplication.clipboard().setText("0xdef")
    assert not clipboard.holds("0xabc")


def test_a_secret_of_ours_is_cleared(clipboard: Clipboard) -> None:
    clipboard.copy("abandon ability able", secret=True)
    assert clipboard.forget_secrets()
    assert QGuiApplication.clipboard().text() == ""


def test_what_is_no_secret_of_ours_stays(clipboard: Clipboard) -> None:
    clipboard.copy("abandon ability able", secret=True)
    QGuiApplication.clipboard().setText("a shopping list")
    assert not clipboard.forget_secrets()
    assert QGuiApplication.clipboard().text() == "a shopping list"


def test_the_secret_itself_is_not_remembered(clipboard: Clipboard) -> None:
    clipboard.copy("abandon ability able", secret=True)
    assert "abandon" not in repr(vars(clipboard))


def test_whoever_looks_again_is_not_told_a_second_time(clipboard: Clipboard, qtbot: QtBot) -> None:
    copier = Copier(clipboard)
    told: list[str] = []
    copier.changed.connect(told.append)
    copier.copy("one", "Address", look_again=False)
    copier.copy("two", "Address")
    QGuiApplication.clipboard().setText("three")
    qtbot.waitUntil(lambda: bool(told))
    assert told == ["Address"]


def test_the_lock_asks_nobody_for_the_clipboard_where_no_secret_was_copied() -> None:
    asked: list[object] = []

    class Hanging:
        def text(self, mode: object) -> str:
            asked.append(mode)
            return ""

        def supportsSelection(self) -> bool:  # noqa: N802 - as Qt calls it
            return True

    class App:
        clipboard = Hanging

    clipboard = Clipboard(App)  # type: ignore[arg-type] # the program that holds the clipboard hangs
    assert not clipboard.forget_secrets()
    assert asked == []
