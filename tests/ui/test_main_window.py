from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import shiboken6
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)
from typing_extensions import override

from desktop_wallet.compose import Application
from desktop_wallet.core.errors import EndpointTimeout
from desktop_wallet.services.preferences import ThemeChoice
from desktop_wallet.services.session import Session
from desktop_wallet.ui.main_window import MainWindow
from desktop_wallet.ui.pages.page import Page, Shell
from desktop_wallet.ui.session_banners import PRACTICE
from desktop_wallet.ui.theme import DETAILS_WIDTH, SIDEBAR_WIDTH, SMALLEST_WINDOW, Theme, ThemeMode
from desktop_wallet.ui.widgets.fields import SearchField
from desktop_wallet.ui.widgets.notice import NoticeAction, NoticeKind
from tests.fakes.clock import FakeClock

Until = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture
async def session(window: MainWindow, application: Application, until: Until) -> Session:
    """The practice wallet, open in the window."""
    window.begin(practice=True)
    await until(lambda: window.wallet_scene)
    opened = application.session
    assert opened is not None
    await until(lambda: opened.preload.progress is None)
    window.activateWindow()
    await until(window.isActiveWindow)
    return opened


async def press(
    window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    QTest.keyClick(window, key, modifier)
    await asyncio.sleep(0)


# Size and place


def test_numbers_of_the_look() -> None:
    assert (SMALLEST_WINDOW, SIDEBAR_WIDTH, DETAILS_WIDTH) == ((880, 560), 208, 324)


async def test_it_gets_no_smaller_than_its_content_can_bear(window: MainWindow, session: Session) -> None:
    window.resize(QSize(100, 100))
    assert (window.width(), window.height()) == SMALLEST_WINDOW
    for name in window.scene.sidebar.names:
        window.open_page(name)
        assert window.scene.minimumSizeHint().width() <= SMALLEST_WINDOW[0], name


async def test_its_place_is_remembered(application: Application, theme: Theme) -> None:
    first = MainWindow(application, theme, [])
    first.resize(880, 640)
    await first.shut_down()
    second = MainWindow(application, theme, [])
    assert (second.width(), second.height()) == (880, 640)
    await second.shut_down()
    for window in (first, second):
        shiboken6.delete(window)


async def test_nonsense_kept_as_its_place_does_no_harm(application: Application, theme: Theme) -> None:
    await application.preferences.set_geometry("nonsense")
    window = MainWindow(application, theme, [])
    assert window.width() == 1280
    await window.shut_down()
    shiboken6.delete(window)


async def test_the_first_scene_does_not_wait_for_the_pages(window: MainWindow, until: Until) -> None:
    assert window._scene is None
    window.begin()
    await until(window.entry.welcome.isVisible)
    await until(lambda: window._scene is not None and not window._scene._missing)


# Keyboard


async def test_every_page_has_its_number(window: MainWindow, session: Session) -> None:
    names = window.scene.sidebar.names
    assert names[0] == "balances"
    assert names[-1] == "settings"
    for number, name in enumerate(names):
        await press(window, Qt.Key(Qt.Key.Key_1 + number), Qt.KeyboardModifier.ControlModifier)
        assert window.scene.current is window.scene.pages[name]


async def test_pages_that_nobody_opened_take_over_the_session_a_moment_later(
    window: MainWindow, session: Session, until: Until
) -> None:
    pages = window.scene.pages
    window.scene.detach()
    window.scene.attach(session, "balances")
    assert [name for name, page in pages.items() if page.session is session] == ["balances", "activity"]
    window.scene.open_page("settings")
    assert pages["settings"].session is session
    await until(lambda: all(page.session is session for page in pages.values()))


async def test_search_has_its_key(window: MainWindow, session: Session) -> None:
    await press(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert isinstance(window.focusWidget(), SearchField)


@pytest.mark.parametrize(
    ("key", "modifier"),
    [(Qt.Key.Key_F5, Qt.KeyboardModifier.NoModifier), (Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)],
)
async def test_refresh_has_its_keys(
    window: MainWindow, session: Session, monkeypatch: pytest.MonkeyPatch, key: Qt.Key, modifier: Qt.KeyboardModifier
) -> None:
    asked: list[str] = []
    page = window.scene.current
    assert page is not None
    monkeypatch.setattr(page, "refresh", lambda: asked.append(page.name))
    await press(window, key, modifier)
    assert asked == ["balances"]


async def test_lock_has_its_key(window: MainWindow, session: Session, application: Application, until: Until) -> None:
    await press(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    await until(lambda: application.session is None)


async def test_keys_do_nothing_while_locked(window: MainWindow, until: Until) -> None:
    window.begin()
    await until(window.entry.welcome.isVisible)
    assert set(window.scene.pages), "all pages are built: off screen, building them takes the focus away again"
    await asyncio.sleep(0)
    window.activateWindow()
    await until(window.isActiveWindow)
    for key in (Qt.Key.Key_1, Qt.Key.Key_F, Qt.Key.Key_R, Qt.Key.Key_D, Qt.Key.Key_L):
        await press(window, key, Qt.KeyboardModifier.ControlModifier)
    assert window.wallet_scene is None


_CONTROLS = (QAbstractButton, QLineEdit, QComboBox, QPlainTextEdit, QAbstractSpinBox)


def unnamed(root: QWidget) -> list[str]:
    return [
        type(control).__name__
        for kind in _CONTROLS
        for control in root.findChildren(kind)
        if control.isVisible()
        and not control.accessibleName()
        and not (isinstance(control, QAbstractButton) and control.text())
        and not isinstance(control.parent(), QAbstractSpinBox | QComboBox | QLineEdit)
    ]


async def test_every_control_has_a_name(window: MainWindow, session: Session) -> None:
    for name in window.scene.sidebar.names:
        window.open_page(name)
        await asyncio.sleep(0)
        assert unnamed(window) == [], name


async def test_every_control_is_reached_by_tab(window: MainWindow, session: Session) -> None:
    for name in window.scene.sidebar.names:
        window.open_page(name)
        await asyncio.sleep(0)
        reached: set[QWidget] = set()
        widget: QWidget | None = window
        while widget is not None and widget not in reached:
            reached.add(widget)
            widget = widget.nextInFocusChain()
        for button in window.findChildren(QPushButton):
            if button.isVisible() and button.isEnabled() and button.focusPolicy() is not Qt.FocusPolicy.NoFocus:
                assert button in reached, (name, button.accessibleName())


async def test_no_label_renders_markup(window: MainWindow, session: Session) -> None:
    for name in window.scene.sidebar.names:
        window.open_page(name)
        await asyncio.sleep(0)
        rich = [x.text() for x in window.findChildren(QLabel) if x.textFormat() is not Qt.TextFormat.PlainText]
        assert rich == [], name


# Details


class WithDetails(Page):
    name = "balances"
    title = "Balances"
    icon = "wallet"

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self.details = QLabel("details")
        self.seen: list[str] = []

    @override
    def attach(self, session: Session) -> None:
        super().attach(session)
        self.seen.append("attach")

    @override
    def shown(self) -> None:
        super().shown()
        self.seen.append("shown")

    @override
    def hidden(self) -> None:
        super().hidden()
        self.seen.append("hidden")

    @override
    def detach(self) -> None:
        super().detach()
        self.seen.append("detach")


class Plain(WithDetails):
    name = "settings"
    title = "Settings"
    icon = "settings"


@pytest.fixture
async def small(application: Application, theme: Theme, until: Until) -> AsyncIterator[MainWindow]:
    window = MainWindow(application, theme, [WithDetails, Plain])
    window.resize(1280, 820)
    window.show()
    window.begin(practice=True)
    await until(lambda: window.wallet_scene)
    yield window
    await window.shut_down()
    shiboken6.delete(window)


async def test_details_stand_beside_the_page_and_fold_away_when_it_is_narrow(small: MainWindow) -> None:
    page = small.scene.pages["balances"]
    assert page.details is not None
    small.show_details()
    await asyncio.sleep(0)
    assert page.isVisible()
    assert page.details.isVisible()
    assert small.scene._details.width() == DETAILS_WIDTH
    small.hide_details()
    small.show_details()
    small.scene._asked_for_details = False
    small.resize(1000, 700)
    await asyncio.sleep(0)
    assert page.isVisible()
    assert not page.details.isVisible()
    small.resize(1280, 820)
    await asyncio.sleep(0)
    assert page.details.isVisible()


async def test_in_a_narrow_window_details_take_the_pages_place_and_give_it_back(small: MainWindow) -> None:
    small.resize(900, 600)
    page = small.scene.pages["balances"]
    assert page.details is not None
    small.show_details()
    await asyncio.sleep(0)
    assert page.details.isVisible()
    assert not page.isVisible()
    back = next(b for b in small.findChildren(QPushButton) if b.accessibleName() == "Back to Balances")
    back.click()
    await asyncio.sleep(0)
    assert page.isVisible()
    assert not page.details.isVisible()


async def test_each_page_has_its_own_details(small: MainWindow) -> None:
    small.show_details()
    small.open_page("settings")
    assert not small.scene.details_visible
    small.open_page("balances")
    assert small.scene.details_visible


# A page's life


async def test_a_page_is_told_of_each_visit_and_of_the_lock(
    small: MainWindow, application: Application, until: Until
) -> None:
    page = small.scene.pages["balances"]
    assert isinstance(page, WithDetails)
    on_screen = [page.opened is not None]
    small.open_page("settings")
    on_screen.append(page.opened is not None)
    assert on_screen == [True, False]
    small.open_page("balances")
    small.lock()
    await until(lambda: application.session is None)
    assert page.seen == ["attach", "shown", "hidden", "shown", "hidden", "detach"]
    assert page.session is None


async def test_a_lock_cancels_and_awaits_what_a_page_does(
    small: MainWindow, application: Application, until: Until
) -> None:
    order: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            order.append(f"cleaned, open: {application.session is not None}")

    small.scene.pages["balances"].tasks.start(work())
    await asyncio.sleep(0)
    small.lock()
    await until(lambda: application.session is None)
    assert order == ["cleaned, open: True"]


# Locking


async def test_what_is_on_screen_goes_at_once(window: MainWindow, session: Session) -> None:
    window.notify("Something about a wallet")
    window.lock()
    assert window.wallet_scene is None
    assert window.scene.notices.texts == ()
    assert window.scene.status.texts == ()
    assert all(page.session is None for page in window.scene.pages.values())


async def test_it_locks_by_itself_after_the_idle_time(
    window: MainWindow, session: Session, application: Application, clock: FakeClock, until: Until
) -> None:
    limit_s = session.settings.now.auto_lock_s
    assert limit_s is not None
    window.auto_lock.alive()
    clock.advance(limit_s - 1)
    window.tick()
    assert window.wallet_scene is not None
    assert any(label.text() == "0:01" for label in window.scene.sidebar.findChildren(QLabel))
    clock.advance(1)
    window.tick()
    await until(lambda: application.session is None)


async def test_a_secret_on_the_clipboard_goes_with_the_lock(
    window: MainWindow, session: Session, application: Application, until: Until
) -> None:
    window.copy("abandon ability able", "Phrase", secret=True)
    window.lock()
    await until(lambda: application.session is None)
    assert QGuiApplication.clipboard().text() == ""


async def test_unlocking_waits_until_the_lock_is_done(
    window: MainWindow, session: Session, application: Application, until: Until
) -> None:
    window.lock()
    assert window._locking
    window.lock()
    await until(lambda: not window._locking and window.entry.unlock.isVisible())
    await until(window.entry.unlock.unlock_button.isEnabled)


# Telling


async def test_a_failure_is_told_in_words_and_the_wallet_goes_on(window: MainWindow, session: Session) -> None:
    window.report(EndpointTimeout(host="base.example", after_s=10))
    assert window.notices.texts[-1].startswith("base.example did not answer for 10 s.")
    assert window.wallet_scene is not None


async def test_a_bug_shows_the_crash_page_and_lets_go_on(window: MainWindow, session: Session) -> None:
    window.report(ValueError("ours"))
    assert window.wallet_scene is None
    go_on = next(b for b in window.findChildren(QPushButton) if b.accessibleName() == "Go on")
    go_on.click()
    assert window.wallet_scene is not None


async def test_a_group_of_one_failure_is_told_as_that_failure(window: MainWindow, session: Session) -> None:
    window.report(ExceptionGroup("", [EndpointTimeout(host="base.example", after_s=10)]))
    assert window.wallet_scene is not None


async def test_a_copy_is_confirmed_and_a_swap_is_said(window: MainWindow, session: Session, until: Until) -> None:
    window.copy("0xabc", "Address")
    assert window.notices.texts == ("Address copied.",)
    QGuiApplication.clipboard().setText("0xdef")
    await until(lambda: any("Another program changed it" in text for text in window.notices.texts))


async def test_notices_before_the_wallet_is_open_are_shown_too(window: MainWindow, until: Until) -> None:
    window.begin()
    await until(window.entry.welcome.isVisible)
    window.notify("Something", kind=NoticeKind.WARNING, action=NoticeAction("Try again", lambda: None))
    assert window.notices.isVisible()
    assert window.notices.texts == ("Something",)


async def test_play_money_is_marked_on_every_page(window: MainWindow, session: Session) -> None:
    for name in window.scene.sidebar.names:
        window.open_page(name)
        await asyncio.sleep(0)
        assert any(label.text() == PRACTICE and label.isVisible() for label in window.findChildren(QLabel)), name


async def test_the_status_bar_says_what_is_up(window: MainWindow, session: Session, until: Until) -> None:
    def texts() -> tuple[str, ...]:
        window.tick()
        return window.scene.status.texts

    await until(lambda: "2 networks up" in texts())
    await until(lambda: any("calls saved" in text for text in texts()))


async def test_the_sidebar_counts_what_is_in_the_profile(window: MainWindow, session: Session, until: Until) -> None:
    labels = [label.text() for label in window.scene.sidebar.findChildren(QLabel)]
    assert {"Practice", "2 wallets · 3 accounts"} <= set(labels)
    await session.accounts.add_watch("Watched", "0x52908400098527886E0F7030069857D2E4169EE7")
    await until(lambda: "3 wallets · 4 accounts" in [x.text() for x in window.scene.sidebar.findChildren(QLabel)])


async def test_the_look_is_remembered(
    window: MainWindow, session: Session, application: Application, theme: Theme, until: Until
) -> None:
    theme.set_mode(ThemeMode.DARK)
    await until(lambda: application.preferences.theme is ThemeChoice.DARK)


# The end


async def test_closing_only_asks_so_that_the_loop_outlives_the_clean_up(
    window: MainWindow, session: Session, application: Application
) -> None:
    asked: list[bool] = []
    window.close_requested.connect(lambda: asked.append(True))
    assert not window.close()
    assert asked == [True]
    assert not window.isVisible()
    still_open = [application.session is not None]
    await window.shut_down()
    still_open.append(application.session is not None)
    assert still_open == [True, False]
    assert not window.tasks.busy()


async def test_adding_a_wallet_comes_back_to_the_page_that_asked(
    window: MainWindow, session: Session, until: Until
) -> None:
    window.open_page("accounts")
    window.add_wallet()
    assert window.entry.onboarding.isVisible()
    window.entry.onboarding.leave_button.click()
    await until(lambda: window.wallet_scene)
    assert window.scene.current is window.scene.pages["accounts"]
