from __future__ import annotations

from collections.abc import Awaitable, Callable

from desktop_wallet.compose import Application
from desktop_wallet.ui.main_window import MainWindow
from desktop_wallet.ui.pages.welcome import Way

Until = Callable[[Callable[[], object]], Awaitable[None]]


async def begin(window: MainWindow, until: Until) -> None:
    window.begin()
    await until(lambda: not window.entry.tasks.busy())


def is_at_rest(window: MainWindow) -> bool:
    return window.entry.is_at_rest


async def test_welcome_and_unlock_wait_for_whoever_asks_for_practice(
    window: MainWindow, application: Application, until: Until
) -> None:
    await begin(window, until)
    assert is_at_rest(window), "Welcome"
    await application.create_profile("Main", "correct horse battery", without_keyring=True)
    assert not is_at_rest(window), "a profile is open"
    await application.lock()
    await until(lambda: not window.entry.tasks.busy())
    assert window.entry.currentWidget() is window.entry.unlock
    assert is_at_rest(window), "Unlock"


async def test_a_way_in_that_was_begun_is_not_given_up_for_practice(window: MainWindow, until: Until) -> None:
    await begin(window, until)
    window.entry.welcome.chosen.emit(Way.CREATE)
    assert not is_at_rest(window)


async def test_an_unlock_under_way_is_not_given_up_for_practice(
    window: MainWindow, application: Application, until: Until
) -> None:
    await application.create_profile("Main", "correct horse battery", without_keyring=True)
    await application.lock()
    await begin(window, until)
    window.entry.unlock.password.field.setText("correct horse battery")
    window.entry.unlock.unlock_button.click()
    assert not is_at_rest(window)
    await until(lambda: window.entry.unlock.tasks.busy("unlock") is False)
