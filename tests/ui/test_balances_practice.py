"""The Balances and Receive pages in the real window, over the real services and the practice network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_wallet.core.balances import FailureReason
from desktop_wallet.core.freshness import BadgeKind, StaleReason
from desktop_wallet.ui.models.balance_words import Column
from desktop_wallet.ui.pages.balances import BalancesPage

if TYPE_CHECKING:
    from desktop_wallet.compose import Application
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.freshness import Badge
    from desktop_wallet.ui.main_window import MainWindow
    from tests.fakes.clock import FakeClock

Until = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture
async def page(window: MainWindow, application: Application, until: Until) -> BalancesPage:
    """The page in the practice profile, with every balance read."""
    window.begin(practice=True)
    await until(lambda: window.wallet_scene is not None and application.session is not None)
    await until(lambda: window.scene.current is not None and window.scene.current.session is not None)
    shown = window.scene.pages["balances"]
    assert isinstance(shown, BalancesPage)
    await until(lambda: _kinds(shown) == {BadgeKind.FRESH} and not shown.reads.preloading and not shown.tasks.busy())
    shown.model.flush()
    return shown


def _badges(page: BalancesPage) -> list[Badge]:
    snapshot = page.model.rows.snapshot
    return [] if snapshot is None else [snapshot.row(row).badge for row in range(len(snapshot.keys))]


def _kinds(page: BalancesPage) -> set[BadgeKind]:
    return {badge.kind for badge in _badges(page)}


def _amounts(page: BalancesPage) -> list[str]:
    page.model.flush()
    return [page.model.index(line, Column.AMOUNT).data() for line in range(page.model.rowCount())]


async def test_leaving_the_page_and_coming_back_shows_cached(
    page: BalancesPage, window: MainWindow, clock: FakeClock
) -> None:
    clock.advance(3)
    window.open_page("receive")
    window.open_page("balances")
    assert _kinds(page) == {BadgeKind.CACHED}


async def test_time_alone_shows_stale_and_a_refresh_shows_fresh(
    page: BalancesPage, clock: FakeClock, until: Until
) -> None:
    clock.advance(45)
    window_tick(page)
    assert _kinds(page) == {BadgeKind.STALE}
    page.refresh()
    await until(lambda: _kinds(page) == {BadgeKind.FRESH} and not page.reads.refreshing)


def window_tick(page: BalancesPage) -> None:
    """Let the page know that time has passed, as the window does once a second."""
    page.tick()
    page.model.flush()


async def test_a_server_that_fails_leaves_old_amounts_as_stale_with_the_reason(
    page: BalancesPage, application: Application, clock: FakeClock, until: Until
) -> None:
    before = _amounts(page)
    for chain in application.practice:
        chain.outage = True
    clock.advance(5)
    page.refresh()
    await until(lambda: _kinds(page) == {BadgeKind.STALE} and not page.reads.refreshing)
    assert _amounts(page) == before
    assert all(badge.reasons[0] is StaleReason.FAILED for badge in _badges(page))
    snapshot = page.model.rows.snapshot
    assert snapshot is not None
    failure = snapshot.row(0).state.failure
    assert failure is not None
    assert failure.reason is FailureReason.UNREACHABLE
    assert page.activity.failures.startswith("30 balances could not be read. ")


async def test_refresh_this_and_forget_this_work_on_the_real_store(
    page: BalancesPage, window: MainWindow, application: Application, until: Until
) -> None:
    session = application.session
    assert session is not None
    key = page.model.key_at(1)
    assert key is not None
    page.open_details(key)
    assert window.scene.details_visible
    await session.balances.forget(key)
    await until(lambda: page.pane.amount.text().startswith("— "))
    QTest.mouseClick(page.pane.refresh, Qt.MouseButton.LeftButton)
    await until(lambda: not page.pane.amount.text().startswith("— "))
    assert page.pane.badge.accessibleName().startswith("Fresh")


async def test_locking_while_a_refresh_runs_leaves_nothing_on_the_page(
    page: BalancesPage, window: MainWindow, application: Application, until: Until
) -> None:
    for chain in application.practice:
        chain.delay_s = 60.0
    page.refresh()
    window.lock()
    await until(lambda: application.session is None and page.session is None)
    assert page.model.rowCount() == 0
    assert page.pane.row is None
    assert not page.tasks.busy()


async def test_clearing_the_cache_leaves_everything_unknown_until_it_is_read_again(
    page: BalancesPage, application: Application, until: Until
) -> None:
    session = application.session
    assert session is not None
    await session.balances.clear_cache()
    await until(lambda: set(_amounts(page)) == {"—", ""})
    page.refresh()
    await until(lambda: _kinds(page) == {BadgeKind.FRESH})


async def test_every_practice_account_can_be_received_on(
    page: BalancesPage, window: MainWindow, application: Application
) -> None:
    window.open_page("receive")
    receive = window.scene.pages["receive"]
    session = application.session
    assert session is not None
    assert receive.isVisible()
    assert receive.choice.count() == len(session.accounts.accounts())  # type: ignore[attr-defined]
    assert receive.practice.isVisible()  # type: ignore[attr-defined]


async def test_without_the_preload_a_visit_reads_what_the_page_shows(
    page: BalancesPage, window: MainWindow, application: Application, clock: FakeClock, until: Until
) -> None:
    assert application.session is not None
    await application.session.settings.change(preload=False)
    window.open_page("receive")
    clock.advance(40)
    window.open_page("balances")
    shown = set(page.model.rows.shown_keys())
    await until(lambda: _kinds_of(page, shown) == {BadgeKind.FRESH})


def _kinds_of(page: BalancesPage, keys: set[BalanceKey]) -> set[BadgeKind]:
    snapshot = page.model.rows.snapshot
    assert snapshot is not None
    return {snapshot.row(row).badge.kind for row, key in enumerate(snapshot.keys) if key in keys}
