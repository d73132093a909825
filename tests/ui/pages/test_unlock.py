from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMenu, QPushButton

from desktop_wallet.compose import PRACTICE_PASSWORD, Application
from desktop_wallet.core.errors import KeyringFailure, KeyringLocked
from desktop_wallet.services.session import Session
from desktop_wallet.ui.dialogs import Dialog
from desktop_wallet.ui.main_window import MainWindow
from desktop_wallet.ui.pages.unlock import UnlockPage
from tests.fakes.clock import FakeClock

Until = Callable[[Callable[[], object]], Awaitable[None]]
PASSWORD = "correct horse"


@pytest.fixture
def page(window: MainWindow) -> UnlockPage:
    return window.entry.unlock


def texts(page: UnlockPage) -> str:
    return "\n".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())


async def locked_profile(application: Application, name: str = "Main") -> Session:
    session = await application.create_profile(name, PASSWORD)
    [network] = [n for n in session.catalogue.networks(enabled_only=False) if n.name == "Ethereum"]
    await session.catalogue.choose_networks([network.id])
    await application.lock()
    return session


async def begin(window: MainWindow, until: Until) -> None:
    window.begin()
    await until(lambda: window.entry.unlock.isVisible() and not window.entry.tasks.busy())


async def enter(page: UnlockPage, password: str, until: Until) -> None:
    page.password.field.clear()
    QTest.keyClicks(page.password.field, password)
    QTest.keyClick(page.password.field, Qt.Key.Key_Return)
    await until(lambda: not page.tasks.busy("unlock"))


async def test_it_says_whose_profile_it_is_and_takes_typing_at_once(
    window: MainWindow, page: UnlockPage, application: Application, until: Until
) -> None:
    await locked_profile(application)
    await begin(window, until)
    shown = texts(page)
    assert "Main" in shown
    assert "Locked. Last open" in shown
    assert window.focusWidget() is page.password.field


async def test_the_right_password_opens_the_wallet(
    window: MainWindow, page: UnlockPage, application: Application, until: Until
) -> None:
    await locked_profile(application)
    await begin(window, until)
    await enter(page, PASSWORD, until)
    await until(lambda: window.wallet_scene)
    assert page.password.text() == ""
    assert application.session is not None


async def test_a_wrong_password_is_told_on_the_spot_and_the_next_try_waits_for_nothing(
    window: MainWindow, page: UnlockPage, application: Application, until: Until, clock: FakeClock
) -> None:
    await locked_profile(application)
    await begin(window, until)
    for _ in range(3):
        await enter(page, "not the password", until)
        assert "not the password of this profile" in page.password.error
        assert page.unlock_button.isEnabled()
        assert page.password.field.selectedText()
    await enter(page, PASSWORD, until)
    await until(lambda: window.wallet_scene)


async def test_no_password_is_no_try(
    window: MainWindow, page: UnlockPage, application: Application, until: Until
) -> None:
    await locked_profile(application)
    await begin(window, until)
    await enter(page, "", until)
    assert page.password.error == "Type the password of this profile."


async def test_a_damaged_file_is_not_called_a_wrong_password(
    window: MainWindow, page: UnlockPage, application: Application, until: Until
) -> None:
    session = await locked_profile(application)
    await begin(window, until)
    vault = application.folders.profile(session.profile.id) / "vault.json"
    text = vault.read_text()
    vault.write_text(text.replace(session.profile.name, "Mine", 1))
    await enter(page, PASSWORD, until)
    assert page.password.error == ""
    assert "damaged. This is not about your password." in texts(page)


async def test_a_profile_that_cannot_even_be_listed_says_so_before_a_password_is_asked(
    window: MainWindow, page: UnlockPage, application: Application, until: Until
) -> None:
    session = await locked_profile(application)
    (application.folders.profile(session.profile.id) / "vault.json").write_text("{")
    await begin(window, until)
    assert "damaged" in texts(page)
    assert not page.unlock_button.isEnabled()
    assert page.password.isHidden()


async def test_a_profile_that_another_process_has_open_is_said_so(
    window: MainWindow, page: UnlockPage, application: Application, until: Until
) -> None:
    session = await locked_profile(application)
    await begin(window, until)
    other = Application(application._outside)
    await other.unlock(session.profile.id, PASSWORD)
    try:
        await enter(page, PASSWORD, until)
        assert "open in another window" in texts(page)
    finally:
        await other.close()


async def test_a_locked_keyring_does_not_hide_the_balances(
    window: MainWindow,
    page: UnlockPage,
    application: Application,
    keyring_problems: list[KeyringFailure],
    until: Until,
) -> None:
    await locked_profile(application)
    session = await application.unlock((await application.profiles.list())[0].id, PASSWORD)
    session.spend_problem = KeyringLocked(backend="test")
    window.entry.opened.emit()
    scene = window.wallet_scene
    assert scene is not None
    assert any("keyring of this computer is locked" in label.text() for label in scene.findChildren(QLabel))
    retry = [b for b in scene.findChildren(QPushButton) if b.accessibleName() == "Try again"]
    await until(lambda: any(button.isVisible() for button in retry))
    next(button for button in retry if button.isVisible()).click()
    await until(lambda: session.spend_problem is None)
    await until(lambda: "The keyring is open again." in window.notices.texts)


async def test_the_truth_about_a_forgotten_password(
    window: MainWindow, page: UnlockPage, application: Application, until: Until
) -> None:
    await locked_profile(application)
    await begin(window, until)
    next(b for b in page.findChildren(QPushButton) if b.accessibleName() == "Forgot the password?").click()
    await until(lambda: page.findChildren(Dialog))
    [dialog] = page.findChildren(Dialog)
    said = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "Nobody can reset it" in said
    assert "recovery phrase or a backup file" in said
    dialog.accept()
    await until(lambda: window.entry.currentWidget() is window.entry.welcome)


async def test_another_profile_can_be_chosen(
    window: MainWindow, page: UnlockPage, application: Application, until: Until
) -> None:
    await locked_profile(application, "One & only")
    await locked_profile(application, "Two")
    await begin(window, until)
    assert "Two" in texts(page)
    next(b for b in page.findChildren(QPushButton) if b.accessibleName() == "Other profile").click()
    [menu] = page.findChildren(QMenu)
    first, *_ = menu.actions()
    assert first.text() == "One && only"
    first.trigger()
    menu.close()
    assert "One & only" in texts(page)


async def test_practice_tells_its_password(
    window: MainWindow, page: UnlockPage, application: Application, until: Until
) -> None:
    await application.open_practice()
    await application.lock()
    await begin(window, until)
    assert PRACTICE_PASSWORD in texts(page)
    await enter(page, PRACTICE_PASSWORD, until)
    await until(lambda: window.wallet_scene)
