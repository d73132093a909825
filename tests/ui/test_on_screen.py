"""What the window tells of itself: which balances are in sight, and whether anybody can see them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from typing_extensions import override

from desktop_wallet.ui.on_screen import OnScreen
from desktop_wallet.ui.pages.balances import BalancesPage
from desktop_wallet.ui.pages.page import Page
from desktop_wallet.ui.pages.receive import ReceivePage
from tests.ui.fake_session import FakeSession, small_session
from tests.ui.fake_shell import FakeShell, the_theme

if TYPE_CHECKING:
    from desktop_wallet.core.balances import BalanceKey

_ETH = 10**18


class SomePage(Page):
    name = "some"
    title = "Some"
    icon = "wallet"
    keys: tuple[BalanceKey, ...] = ()

    @override
    def on_screen(self) -> tuple[BalanceKey, ...]:
        return self.keys


@pytest.fixture
def session() -> FakeSession:
    made = small_session()
    for key in made.keys:
        made.balances.put(key, _ETH, age_s=5, arrived=False)
    return made


@pytest.fixture
def shell(qapp: QApplication, session: FakeSession) -> FakeShell:
    return FakeShell(the_theme(), session.clock)


@pytest.fixture
def window(qapp: QApplication) -> Iterator[QWidget]:
    made = QWidget()
    made.resize(400, 300)
    yield made
    made.close()
    made.deleteLater()


def put_away(*widgets: QWidget) -> None:
    for widget in widgets:
        widget.close()
        widget.deleteLater()


def test_a_window_tells_what_its_page_shows_and_whether_it_can_be_seen(
    window: QWidget, shell: FakeShell, session: FakeSession
) -> None:
    on_screen = OnScreen(window, lambda: session)  # type: ignore[arg-type, return-value]
    page = SomePage(shell)
    page.keys = session.keys[:2]
    on_screen.tell(page)
    assert session.refresher.watched == session.keys[:2]
    seen = []
    for act in (window.show, window.showMinimized, window.showNormal, window.hide):
        seen.append(not session.refresher.hidden)
        act()
    assert [*seen, not session.refresher.hidden] == [False, True, False, True, False]
    on_screen.tell(None)
    assert session.refresher.watched == ()
    put_away(page)


def test_without_a_session_nobody_is_told(window: QWidget, session: FakeSession) -> None:
    OnScreen(window, lambda: None).tell(None)
    window.show()
    assert session.refresher.watched == ()


def test_the_balances_page_shows_what_is_in_sight_and_the_details(shell: FakeShell, session: FakeSession) -> None:
    page = BalancesPage(shell)
    page.resize(900, 420)
    page.attach(session)  # type: ignore[arg-type]  # a fake with the names that the page uses
    page.show()
    page.shown()
    page.head.show_all.setChecked(True)
    seen = page.on_screen()
    assert 0 < len(seen) < len(session.keys)
    assert set(seen) == {key for key in page.model.rows.shown_keys() if key in seen}
    page.table.verticalScrollBar().setValue(page.table.verticalScrollBar().maximum())
    below = page.on_screen()
    assert set(below) - set(seen)
    opened = seen[0]
    page.open_details(opened)
    page.table.verticalScrollBar().setValue(page.table.verticalScrollBar().maximum())
    assert opened in page.on_screen()
    session.refresher.due_s = 12.0
    assert page.next_refresh_s() == 12.0
    page.hidden()
    page.detach()
    assert page.next_refresh_s() is None
    put_away(page, page.pane)


def test_a_page_that_shows_no_balances_keeps_none_fresh(shell: FakeShell) -> None:
    page = ReceivePage(shell)
    assert page.on_screen() == ()
    put_away(page)
