from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QWidget

from desktop_wallet.core.errors import AlreadyThere, WrongPassword
from desktop_wallet.ui import dialogs
from desktop_wallet.ui.dialogs import Dialog
from desktop_wallet.ui.tasks import TaskOwner
from desktop_wallet.ui.theme import Theme

Until = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture
def parent(qapp: QApplication) -> Iterator[QWidget]:
    widget = QWidget()
    widget.show()
    yield widget
    shiboken6.delete(widget)


def shown(parent: QWidget) -> Dialog | None:
    return next((d for d in parent.findChildren(Dialog) if d.isVisible()), None)


def button(dialog: Dialog, name: str) -> QPushButton:
    return next(b for b in dialog.findChildren(QPushButton) if b.accessibleName() == name)


async def opened(parent: QWidget, until: Until) -> Dialog:
    await until(lambda: shown(parent))
    dialog = shown(parent)
    assert dialog is not None
    return dialog


@pytest.mark.parametrize(("name", "answer"), [("Clear", True), ("Cancel", False)])
async def test_confirm_returns_what_was_pressed(
    parent: QWidget, theme: Theme, until: Until, name: str, answer: bool
) -> None:
    asked = asyncio.ensure_future(
        dialogs.confirm(parent, theme, "Clear the cache?", "It is read anew.", action="Clear")
    )
    dialog = await opened(parent, until)
    button(dialog, name).click()
    assert await asked is answer


async def test_escape_is_no(parent: QWidget, theme: Theme, until: Until) -> None:
    asked = asyncio.ensure_future(dialogs.confirm(parent, theme, "Remove?", "For good.", action="Remove", danger=True))
    dialog = await opened(parent, until)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert await asked is False


async def test_enter_does_not_destroy(parent: QWidget, theme: Theme, until: Until) -> None:
    asked = asyncio.ensure_future(dialogs.confirm(parent, theme, "Remove?", "For good.", action="Remove", danger=True))
    dialog = await opened(parent, until)
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    await asyncio.sleep(0)
    assert not asked.done()
    dialog.reject()
    assert await asked is False


async def test_the_loop_runs_on_while_a_dialog_is_open(parent: QWidget, theme: Theme, until: Until) -> None:
    asked = asyncio.ensure_future(dialogs.tell(parent, theme, "Told", "A sentence."))
    dialog = await opened(parent, until)
    await asyncio.wait_for(asyncio.sleep(0.01), 1)
    dialog.accept()
    await asked


async def test_a_dialog_goes_away_with_whoever_asked(parent: QWidget, theme: Theme, until: Until) -> None:
    owner = TaskOwner(lambda error: pytest.fail(str(error)))
    owner.start(dialogs.confirm(parent, theme, "Really?", "A sentence.", action="Yes"))
    await opened(parent, until)
    await owner.stop()
    assert shown(parent) is None


async def test_a_wrong_password_is_said_in_the_dialog_which_stays(parent: QWidget, theme: Theme, until: Until) -> None:
    async def check(password: str) -> str:
        if password != "right one":
            raise WrongPassword
        return "the phrase"

    asked = asyncio.ensure_future(dialogs.ask_password(parent, theme, "Reveal", "Type it.", check=check))
    dialog = await opened(parent, until)
    [field] = dialog.findChildren(QLineEdit)
    assert field.echoMode() is QLineEdit.EchoMode.Password
    QTest.keyClicks(field, "wrong one")
    QTest.keyClick(field, Qt.Key.Key_Return)
    await until(lambda: any("does not open" in label.text() for label in dialog.findChildren(QLabel)))
    assert dialog.isVisible()
    field.clear()
    QTest.keyClicks(field, "right one")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert await asked == "the phrase"


async def test_a_text_is_checked_before_it_is_taken(parent: QWidget, theme: Theme, until: Until) -> None:
    async def check(text: str) -> None:
        if text == "Savings":
            raise AlreadyThere(what="wallet", name=text)

    asked = asyncio.ensure_future(
        dialogs.ask_text(parent, theme, "Rename", "", label="Name", value="Savings", check=check)
    )
    dialog = await opened(parent, until)
    button(dialog, "Save").click()
    await until(lambda: any("already" in label.text() for label in dialog.findChildren(QLabel)))
    [field] = dialog.findChildren(QLineEdit)
    field.setText("Holidays")
    button(dialog, "Save").click()
    assert await asked == "Holidays"


async def test_markup_in_a_question_is_shown_as_text(parent: QWidget, theme: Theme, until: Until) -> None:
    asked = asyncio.ensure_future(
        dialogs.confirm(parent, theme, "Remove <b>x</b>?", "<img src=x> & more", action="Remove")
    )
    dialog = await opened(parent, until)
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in dialog.findChildren(QLabel))
    dialog.reject()
    await asked
