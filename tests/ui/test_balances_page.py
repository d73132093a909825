"""The Balances page as a person uses it: what it shows, what its buttons do, and what it says about it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton

from desktop_wallet.core.balances import FailureReason
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.services.reports import Progress, Waiting
from desktop_wallet.ui.dialogs import Dialog
from desktop_wallet.ui.models.balance_snapshot import BalanceRow
from desktop_wallet.ui.models.balance_words import Column
from desktop_wallet.ui.pages.balances import BalancesPage
from desktop_wallet.ui.pages.balances_delegate import BalancesDelegate
from desktop_wallet.ui.widgets.buttons import DangerButton, PrimaryButton
from desktop_wallet.ui.widgets.empty import EmptyState
from tests.ui.fake_session import FakeSession, small_session
from tests.ui.fake_shell import FakeShell, the_theme

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Until = Callable[[Callable[[], object]], Awaitable[None]]

_ETH = 10**18


@pytest.fixture
def session() -> FakeSession:
    made = small_session()
    for number, key in enumerate(made.keys):
        made.balances.put(key, 0 if number % 2 else _ETH, age_s=5, arrived=False)
    return made


@pytest.fixture
def shell(qapp: QApplication, session: FakeSession) -> FakeShell:
    return FakeShell(the_theme(), session.clock)


@contextlib.asynccontextmanager
async def _opened(shell: FakeShell, session: FakeSession) -> AsyncIterator[BalancesPage]:
    """Show the page of a session; at the end nothing of it is left."""
    made = BalancesPage(shell)
    made.resize(900, 700)
    made.attach(session)  # type: ignore[arg-type]  # a fake with the names that the page uses
    made.show()
    made.shown()
    yield made
    if made.session is not None:
        made.hidden()
        await made.tasks.stop()
        made.detach()
    for widget in (made, made.pane):
        widget.close()
        widget.deleteLater()


@pytest.fixture
async def page(shell: FakeShell, session: FakeSession) -> AsyncIterator[BalancesPage]:
    async with _opened(shell, session) as made:
        yield made


async def _settle(page: BalancesPage) -> None:
    """Let tasks and their notices come to rest."""
    for _ in range(10):
        await asyncio.sleep(0)
    page.model.flush()


def _texts(page: BalancesPage, column: Column) -> list[str]:
    return [page.model.index(line, column).data() for line in range(page.model.rowCount())]


def _dialog(page: BalancesPage) -> Dialog:
    return next(dialog for dialog in page.findChildren(Dialog) if dialog.isVisible())


async def test_non_zero_balances_show_under_their_wallets_with_honest_totals(page: BalancesPage) -> None:
    assert page.model.rowCount() == 2 + 9
    assert page.head._line.text() == "Oldest 5 s"
    cells = [cell.accessibleName() for cell in page.head.totals._cells if cell.isVisible()]
    assert cells[0] == "Total 6 ETH, Oldest 5 s"


async def test_refresh_reads_everything_and_says_what_it_did(
    page: BalancesPage, session: FakeSession, shell: FakeShell
) -> None:
    session.script.amounts = dict.fromkeys(session.keys, 2 * _ETH)
    QTest.mouseClick(page.head.refresh, Qt.MouseButton.LeftButton)
    await _settle(page)
    assert session.balances.refreshed == [session.keys]
    assert shell.said == "18 balances read from 3 networks in 0.8 s."
    assert set(_texts(page, Column.FRESHNESS)[1:3]) == {"Fresh · 0 s"}
    assert page.model.rowCount() == 2 + 18


async def test_refresh_on_an_empty_cache_reads_everything(shell: FakeShell) -> None:
    session = small_session(shell.clock)
    async with _opened(shell, session) as page:
        assert _texts(page, Column.AMOUNT)[1] == "—"
        page.refresh()
        await _settle(page)
        assert session.balances.refreshed == [session.keys]


async def test_refresh_of_a_search_reads_what_is_found(page: BalancesPage, session: FakeSession) -> None:
    page.tools.search.setText("everyday ether")
    page.tools.searched.emit("everyday ethereum")
    page.refresh()
    await _settle(page)
    assert session.balances.refreshed == [(session.key(2, 0, 0),)]


async def test_a_network_that_fails_keeps_its_amounts_as_stale_with_the_reason(
    page: BalancesPage, session: FakeSession, shell: FakeShell
) -> None:
    before = _texts(page, Column.AMOUNT)
    session.script.amounts = {key: _ETH for number, key in enumerate(session.keys) if not number % 2}
    session.script.failing = {session.catalogue.networks()[2].id: FailureReason.TIMEOUT}
    page.refresh()
    await _settle(page)
    assert _texts(page, Column.AMOUNT) == before
    line = page.model.line_of(session.key(0, 2, 0))
    assert line is not None
    assert page.model.index(line, Column.FRESHNESS).data() == "Stale · 5 s"
    assert shell.said == "12 balances read from 2 networks in 0.8 s. 6 failed."
    assert page.activity.failures == "6 balances could not be read. Polygon did not answer for 10 s."


async def test_what_the_preload_of_the_unlock_could_not_read_is_said(page: BalancesPage, session: FakeSession) -> None:
    session.preload.show(Progress(0, 18))
    session.balances.fail(session.key(0, 1, 0))
    assert page.activity.failures == ""
    session.preload.show(None)
    await _settle(page)
    assert page.activity.failures.startswith("1 balance could not be read. Base ")


async def test_a_failure_goes_once_the_balance_was_read(page: BalancesPage, session: FakeSession) -> None:
    session.script.failing = {session.catalogue.networks()[2].id: FailureReason.TIMEOUT}
    page.refresh()
    await _settle(page)
    assert page.activity.failures.startswith("6 balances")
    for key in session.keys[:]:
        if key.network == session.catalogue.networks()[2].id:
            session.balances.put(key, _ETH)
            session.tell(ChangeSet(frozenset({key})))
    assert page.activity.failures == ""


async def test_with_every_account_hidden_the_page_leads_to_them(
    page: BalancesPage, session: FakeSession, shell: FakeShell
) -> None:
    page.open_details(session.key(0, 0, 0))
    session.accounts._accounts = [replace(account, hidden=True) for account in session.accounts._accounts]
    session.tell(ChangeSet(accounts=True))
    await _settle(page)
    state = page._places.currentWidget()
    assert isinstance(state, EmptyState)
    state.findChildren(QPushButton)[0].click()
    assert shell.opened == ["accounts"]
    assert not shell.details, "there is no balance left to show details of"


@pytest.mark.parametrize("where", ["table", "pane"])
async def test_escape_puts_the_details_away(
    page: BalancesPage, session: FakeSession, shell: FakeShell, where: str
) -> None:
    page.open_details(session.key(0, 0, 0))
    assert shell.details
    QTest.keyClick(page.table if where == "table" else page.pane.refresh, Qt.Key.Key_Escape)
    assert not shell.details


async def test_retry_asks_only_for_what_failed(page: BalancesPage, session: FakeSession) -> None:
    network = session.catalogue.networks()[2].id
    session.script.failing = {network: FailureReason.UNREACHABLE}
    page.refresh()
    await _settle(page)
    session.script.failing = {}
    retry = next(b for b in page.activity.findChildren(QPushButton) if b.accessibleName() == "Retry")
    retry.click()
    await _settle(page)
    assert {key.network for key in session.balances.refreshed[-1]} == {network}
    assert page.activity.failures == ""


async def test_a_limit_counts_down_where_it_is_told(page: BalancesPage, session: FakeSession) -> None:
    session.script.failing = {session.catalogue.networks()[2].id: FailureReason.RATE_LIMITED}
    page.refresh()
    await _settle(page)
    assert page.activity.failures.endswith("server.example asks for fewer requests. Next try in 10 s.")
    session.clock.advance(4)
    page.tick()
    assert page.activity.failures.endswith("server.example asks for fewer requests. Next try in 6 s.")


async def test_a_refresh_shows_its_progress_and_can_be_stopped(
    page: BalancesPage, session: FakeSession, shell: FakeShell
) -> None:
    session.script.gate = asyncio.Event()
    page.refresh()
    await _settle(page)
    assert page.activity.refresh.isVisible()
    assert page.activity.refresh.accessibleName() == "Refreshing 0 of 18"
    assert not page.head.refresh.isEnabled()
    page.activity.refresh.cancelled.emit()
    await _settle(page)
    page.tick()
    assert page.activity.refresh.isHidden()
    assert page.head.refresh.isEnabled()
    assert shell.said == "Refresh stopped. 0 of 18 balances were read."
    assert shell.errors == []


async def test_refresh_works_while_a_preload_runs(page: BalancesPage, session: FakeSession) -> None:
    session.preload.show(Progress(3, 18))
    page.refresh()
    await _settle(page)
    assert page.activity.preload.isVisible()
    assert len(session.balances.refreshed) == 1


async def test_preload_tells_how_far_it_is_and_who_is_waited_for(page: BalancesPage, session: FakeSession) -> None:
    network = session.catalogue.networks()[2].id
    session.preload.show(Progress(34, 47, 2, (Waiting(network, "polygon.example", 8.0),)))
    assert page.activity.preload.accessibleName() == (
        "Preloading 34 of 47, 2 failed, Polygon: rate-limited, next try in 8 s"
    )
    assert not page.head.preload.isEnabled()
    session.preload.show(None)
    assert page.activity.isHidden()
    assert page.head.preload.isEnabled()


async def test_preload_reads_and_says_what_it_did(page: BalancesPage, session: FakeSession, shell: FakeShell) -> None:
    page.head.preload.click()
    await _settle(page)
    assert session.preload.runs == [session.keys]
    assert shell.said == "18 balances read from 3 networks in 0.8 s."


async def test_opening_the_page_with_something_due_preloads_quietly(
    page: BalancesPage, session: FakeSession, shell: FakeShell
) -> None:
    session.settings.preload = True
    page.hidden()
    page.shown()
    await _settle(page)
    assert session.preload.runs == []
    page.hidden()
    session.clock.advance(40)
    page.shown()
    await _settle(page)
    assert len(session.preload.runs) == 1
    assert shell.notices == []


async def test_show_all_balances_shows_zeros_and_hides_them_again(page: BalancesPage, shell: FakeShell) -> None:
    page.head.show_all.click()
    assert page.model.rowCount() == 2 + 18
    assert shell.said == "All 18 balances are shown, 9 of them zero."
    page.head.show_all.click()
    assert page.model.rowCount() == 2 + 9
    assert shell.said == "9 zero balances are out of sight."


async def test_what_is_missing_is_said_with_a_way_on(shell: FakeShell) -> None:
    session = FakeSession(shell.clock)
    async with _opened(shell, session) as page:
        _press(page, "Add a wallet")
        session.accounts.add("Savings", "Account 1")
        session.catalogue.chosen = False
        session.tell(ChangeSet(accounts=True))
        page.model.flush()
        _press(page, "Choose networks")
        assert shell.opened == ["add wallet", "settings"]


def _press(page: BalancesPage, text: str) -> None:
    state = page._places.currentWidget()
    assert isinstance(state, EmptyState)
    button = state.findChild(PrimaryButton)
    assert button is not None
    assert button.accessibleName() == text
    button.click()


async def test_a_search_without_a_match_says_so_and_can_be_cleared(page: BalancesPage) -> None:
    page.tools.search.setText("zebra")
    page.tools.searched.emit("zebra")
    _press(page, "Clear the search")
    assert page.model.rowCount() == 2 + 9
    assert page.tools.search.text() == ""


async def test_search_follows_typing(page: BalancesPage, until: Until) -> None:
    QTest.keyClicks(page.tools.search, "polygon")
    await until(lambda: page.model.rows.view.search == "polygon")
    assert set(_texts(page, Column.NETWORK)) == {"Polygon", ""}


async def test_the_table_is_used_by_keys_alone(page: BalancesPage, session: FakeSession, shell: FakeShell) -> None:
    table = page.table
    table.setFocus()
    table.setCurrentIndex(page.model.index(0, 0))
    QTest.keyClick(table, Qt.Key.Key_Left)
    assert page.model.rowCount() == 2 + 3
    QTest.keyClick(table, Qt.Key.Key_Right)
    assert page.model.rowCount() == 2 + 9
    QTest.keyClick(table, Qt.Key.Key_Down)
    QTest.keyClick(table, Qt.Key.Key_Return)
    assert shell.details
    assert page.pane.row is not None
    assert page.pane.row.key == session.key(0, 0, 0)
    QTest.keyClick(table, Qt.Key.Key_Left)
    assert table.currentIndex().row() == 0


async def test_a_click_on_a_row_opens_its_details(page: BalancesPage, session: FakeSession, shell: FakeShell) -> None:
    line = page.model.line_of(session.key(0, 1, 0))
    assert line is not None
    place = page.table.visualRect(page.model.index(line, Column.AMOUNT)).center()
    QTest.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert shell.details
    assert page.pane.row is not None
    assert page.pane.row.key == session.key(0, 1, 0)


async def test_the_menu_offers_what_can_be_done_with_a_balance(
    page: BalancesPage, session: FakeSession, shell: FakeShell
) -> None:
    page.table.select(session.key(0, 0, 0))
    place = page.table.visualRect(page.table.currentIndex()).center()
    QTest.mouseClick(page.table.viewport(), Qt.MouseButton.RightButton, pos=place)
    actions = {action.text(): action for action in page.table.actions()}
    assert list(actions) == ["Send", "Copy amount", "Copy address", "Refresh this", "Forget this"]
    actions["Copy amount"].trigger()
    actions["Copy address"].trigger()
    assert shell.copied == [("1", "Amount"), ("0x52908400098527886E0F7030069857D2E4169EE7", "Address")]
    actions["Refresh this"].trigger()
    await _settle(page)
    assert session.balances.refreshed == [(session.key(0, 0, 0),)]
    assert shell.said == "ETH on Ethereum was read in 0.8 s. It has not changed."
    for menu in page.findChildren(QMenu):
        menu.close()


async def test_forgetting_asks_first_and_leaves_the_balance_unknown(
    page: BalancesPage, session: FakeSession, shell: FakeShell, until: Until
) -> None:
    key = session.key(0, 0, 0)
    page.activateWindow()
    await until(page.isActiveWindow)  # keys with a meaning of their own go to the active window only
    page.table.setFocus()
    page.table.select(key)
    QTest.keyClick(page.table, Qt.Key.Key_Delete)
    await _settle(page)
    assert key in session.balances.states
    _dialog(page).findChildren(PrimaryButton)[0].click()
    await _settle(page)
    assert key not in session.balances.states
    line = page.model.line_of(key)
    assert line is not None
    assert page.model.index(line, Column.AMOUNT).data() == "—"
    assert page.model.index(line, Column.FRESHNESS).data() == "Unavailable"
    assert shell.said == "ETH on Ethereum was forgotten."


async def test_clearing_the_cache_asks_first(page: BalancesPage, session: FakeSession, shell: FakeShell) -> None:
    page.head.clear_wanted.emit()
    await _settle(page)
    assert session.balances.cleared == 0
    _dialog(page).findChildren(DangerButton)[0].click()
    await _settle(page)
    assert session.balances.cleared == 1
    assert set(_texts(page, Column.FRESHNESS)) == {"Unavailable", "12 unknown", "6 unknown"}
    assert shell.said == "The cache is empty. 18 balances are unknown until they are read again."


async def test_the_balance_whose_details_are_open_stays_in_sight(page: BalancesPage, session: FakeSession) -> None:
    key = session.key(0, 0, 0)
    page.open_details(key)
    session.balances.put(key, 0)
    session.tell(ChangeSet(frozenset({key})))
    page.model.flush()
    assert page.model.line_of(key) == 1
    assert page.pane.amount.text() == "0.00 ETH"
    page.close_details()
    assert page.model.line_of(key) is None


async def test_heads_sort_and_a_third_press_restores_the_natural_order(
    page: BalancesPage, session: FakeSession
) -> None:
    session.balances.put(session.key(1, 2, 0), 9 * _ETH)
    session.tell(ChangeSet(frozenset(session.keys)))
    page.model.flush()
    heads = page.table.horizontalHeader()
    place = heads.sectionViewportPosition(Column.AMOUNT) + 20
    orders = []
    for _ in range(3):
        QTest.mouseClick(heads.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place, 10))
        orders.append((_texts(page, Column.AMOUNT)[1], heads.isSortIndicatorShown()))
    assert orders == [("9.00", True), ("1.00", True), ("1.00", False)]


async def test_markup_in_names_is_shown_as_it_stands(page: BalancesPage, session: FakeSession) -> None:
    session.accounts._accounts[0] = replace(session.accounts._accounts[0], label="<b>Rent</b>\u202e")
    session.tell(ChangeSet(accounts=True))
    page.model.flush()
    assert page.model.index(1, Column.ACCOUNT).data() == "<b>Rent</b>"
    place = _middle(page, 1, Column.ACCOUNT)
    assert page.table.tooltip_at(place) == "<qt>Savings · &lt;b&gt;Rent&lt;/b&gt;</qt>"


async def test_a_badge_tells_its_reason(page: BalancesPage, session: FakeSession) -> None:
    session.balances.fail(session.key(0, 0, 0))
    session.tell(ChangeSet(frozenset(session.keys)))
    page.model.flush()
    place = _middle(page, 1, Column.FRESHNESS)
    assert page.table.tooltip_at(place).startswith("Ethereum did not answer for 10 s. Shown is what it said at ")


def _middle(page: BalancesPage, line: int, column: Column) -> QPoint:
    return page.table.visualRect(page.model.index(line, column)).center()


async def test_locking_leaves_nothing_of_the_session(page: BalancesPage, session: FakeSession) -> None:
    page.open_details(session.key(0, 0, 0))
    page.tools.search.setText("usdc")
    page.hidden()
    page.detach()
    assert page.model.rowCount() == 0
    assert page.pane.row is None
    assert page.pane.amount.text() == ""
    assert page.tools.search.text() == ""
    assert page.model.rows.view.pinned is None
    assert session.listeners == []


async def test_after_a_lock_no_amount_stays_in_a_picture_of_a_cell(page: BalancesPage) -> None:
    page.table.viewport().repaint()
    cells = page.table._delegate._cells
    assert cells._kept
    page.hidden()
    await page.tasks.stop()
    page.detach()
    assert not cells._kept


async def test_a_cell_that_looks_the_same_is_painted_once(page: BalancesPage, monkeypatch: pytest.MonkeyPatch) -> None:
    page.table.viewport().repaint()
    painted: list[Column] = []
    paint = BalancesDelegate._paint_row

    def note(self: BalancesDelegate, painter: QPainter, area: QRect, row: BalanceRow, column: Column) -> None:
        painted.append(column)
        paint(self, painter, area, row, column)

    monkeypatch.setattr(BalancesDelegate, "_paint_row", note)
    page.table.viewport().repaint()
    assert painted == []
    key = page.model.key_at(1)
    assert key is not None
    page.session.balances.put(key, 7 * _ETH, age_s=1, arrived=True)  # type: ignore[union-attr]
    page.model.take(ChangeSet(balances=frozenset({key})))
    page.model.flush()
    page.table.viewport().repaint()
    assert sorted(set(painted)) == [Column.AMOUNT, Column.FRESHNESS]


async def test_every_control_has_an_accessible_name(page: BalancesPage) -> None:
    nameless = [
        button for button in page.findChildren(QPushButton) if not button.accessibleName() and not button.text()
    ]
    assert nameless == []
    assert page.table.accessibleName() == "Balances"
    assert page.tools.search.accessibleName() == "Search asset, wallet, network, address"
