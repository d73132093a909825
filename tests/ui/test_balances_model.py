"""The item model of the balances table: it tells Qt of the lines that changed, and of no others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QModelIndex, QObject, Qt
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy

from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.ui.models.balance_view import BalanceView, Grouping
from desktop_wallet.ui.models.balance_words import Column
from desktop_wallet.ui.models.balances_model import BalancesModel
from tests.ui.fake_session import FakeSession, small_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication

_ETH = 10**18


@pytest.fixture
def session() -> FakeSession:
    made = small_session()
    for key in made.keys:
        made.balances.put(key, _ETH)
    return made


@pytest.fixture
def model(qapp: QApplication, session: FakeSession) -> Iterator[BalancesModel]:
    owner = QObject()
    made = BalancesModel(session.clock, owner)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Warning, owner)
    made.attach(session.accounts, session.catalogue, session.balances)
    made.open(session.clock.now())
    session.subscribe(made.take)
    yield made
    made.detach()


def _ranges(spy: QSignalSpy) -> list[tuple[int, int, int, int]]:
    """Return each dataChanged as (first line, last line, first column, last column)."""
    ranges = []
    for number in range(spy.count()):
        top, bottom = spy.at(number)[0], spy.at(number)[1]
        ranges.append((top.row(), bottom.row(), top.column(), bottom.column()))
    return ranges


def test_a_change_repaints_its_row_and_the_heading_above_and_nothing_else(
    model: BalancesModel, session: FakeSession
) -> None:
    spy = QSignalSpy(model.dataChanged)
    key = session.key(0, 1, 0)
    session.balances.put(key, 2 * _ETH)
    session.tell(ChangeSet(frozenset({key})))
    model.flush()
    assert _ranges(spy) == [(0, 0, Column.AMOUNT, Column.FRESHNESS), (3, 3, Column.AMOUNT, Column.FRESHNESS)]
    assert model.index(3, Column.AMOUNT).data() == "2.00"


def test_many_changes_of_a_frame_are_one_update_and_neighbours_one_range(
    model: BalancesModel, session: FakeSession
) -> None:
    data, values = QSignalSpy(model.dataChanged), QSignalSpy(model.values_changed)
    for key in session.keys[:6]:
        session.tell(ChangeSet(frozenset({key})))
    assert data.count() == 0
    model.flush()
    assert _ranges(data) == [(0, 6, Column.AMOUNT, Column.FRESHNESS)]
    assert values.count() == 1


def test_a_balance_that_becomes_zero_leaves_and_comes_back_without_a_reset(
    model: BalancesModel, session: FakeSession
) -> None:
    resets, removed, inserted = (
        QSignalSpy(model.modelReset),
        QSignalSpy(model.rowsRemoved),
        QSignalSpy(model.rowsInserted),
    )
    key = session.key(0, 0, 1)
    for amount in (0, 5):
        session.balances.put(key, amount)
        session.tell(ChangeSet(frozenset({key})))
        model.flush()
    assert (resets.count(), removed.count(), inserted.count()) == (0, 1, 1)
    assert removed.at(0)[1:] == [2, 2]
    assert model.line_of(key) == 2


def test_a_renamed_account_is_read_anew(model: BalancesModel, session: FakeSession) -> None:
    account = session.accounts._accounts[0]
    session.accounts._accounts[0] = replace(account, label="Rent")
    session.tell(ChangeSet(accounts=True))
    model.flush()
    assert model.index(1, Column.ACCOUNT).data() == "Rent"


def test_a_tick_repaints_only_ages_in_sight_that_changed(model: BalancesModel, session: FakeSession) -> None:
    for line in range(model.rowCount()):
        model.line(line)
    old = session.key(0, 0, 0)
    session.balances.put(old, _ETH, age_s=300)
    session.tell(ChangeSet(frozenset({old})))
    model.flush()
    model.line(0)
    model.line(1)
    spy = QSignalSpy(model.dataChanged)
    session.clock.advance(1)
    model.tick(0, 3)
    assert _ranges(spy) == [(2, 3, Column.AMOUNT, Column.FRESHNESS)]


def test_time_alone_makes_rows_stale_even_out_of_sight(model: BalancesModel, session: FakeSession) -> None:
    session.clock.advance(31)
    model.tick(0, -1)
    snapshot = model.rows.snapshot
    assert snapshot is not None
    assert snapshot.whole().stale == 18
    assert model.index(1, Column.FRESHNESS).data() == "Stale · 31 s"


def test_folding_takes_rows_out_and_screen_readers_are_told(model: BalancesModel) -> None:
    spy = QSignalSpy(model.rowsRemoved)
    model.fold(0, folded=True)
    assert spy.at(0)[1:] == [1, 12]
    spoken = model.index(0, Column.ASSET).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Savings, 2 accounts, 3 networks, Oldest 0 s, folded"


def test_a_screen_reader_hears_the_whole_balance_in_the_first_cell(model: BalancesModel, session: FakeSession) -> None:
    session.clock.advance(3)
    model.tick(0, 5)
    spoken = model.index(1, Column.ASSET).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "ETH Ether, 1.00 ETH, Fresh · 3 s, Savings, Account 1, on Ethereum"


def test_leaving_the_page_turns_fresh_into_cached(model: BalancesModel) -> None:
    assert model.index(1, Column.FRESHNESS).data() == "Fresh · 0 s"
    model.open(None)
    assert model.index(1, Column.FRESHNESS).data() == "Cached · 0 s"


def test_every_look_keeps_the_model_consistent(model: BalancesModel, session: FakeSession) -> None:
    for view in (
        BalanceView(Grouping.ASSET),
        BalanceView(Grouping.NETWORK, search="usd"),
        BalanceView(search="zebra"),
        BalanceView(stale_only=True),
        BalanceView(zeros=True),
    ):
        model.show(view)
        session.clock.advance(20)
        model.tick(0, model.rowCount() - 1)
        assert model.rowCount() == len(model.rows.lines)
        assert model.rowCount(model.index(0, 0)) == 0


def test_a_large_change_is_taken_in_over_several_frames(model: BalancesModel, session: FakeSession) -> None:
    session.accounts.add("Many", *[f"Account {number}" for number in range(50)])
    session.tell(ChangeSet(accounts=True))
    model.flush()
    values = QSignalSpy(model.values_changed)
    for key in session.keys:
        session.balances.put(key, 7)
    session.tell(ChangeSet(frozenset(session.keys)))
    model.flush()
    assert values.count() > 1
    snapshot = model.rows.snapshot
    assert snapshot is not None
    assert snapshot.amounts == [7] * len(session.keys)


def test_nothing_of_a_session_is_left_after_detach(model: BalancesModel, session: FakeSession) -> None:
    session.tell(ChangeSet(frozenset(session.keys)))
    model.detach()
    model.flush()
    assert model.rowCount(QModelIndex()) == 0
    assert model.rows.snapshot is None
    assert model.rows.shown_keys() == ()


def test_first_numbers_are_filled_in_as_a_reload_would_take_them(qapp: QApplication) -> None:
    session, owner = small_session(), QObject()
    filled, loaded = BalancesModel(session.clock, owner), BalancesModel(session.clock, owner)
    filled.attach(session.accounts, session.catalogue, session.balances)
    keys = session.keys
    for number, key in enumerate(keys[:-1]):  # the last one stays unknown
        session.balances.put(key, number * _ETH)
    rows, moved = filled.rows.fill_in(keys)
    assert sorted(rows) == list(range(len(keys) - 1))
    assert moved, "the balance that is zero goes out of sight"
    assert filled.rows.fill_in(keys) == ([], False), "each is taken once: what follows is for `update`"
    loaded.attach(session.accounts, session.catalogue, session.balances)
    one, other = filled.rows.snapshot, loaded.rows.snapshot
    assert one is not None
    assert other is not None
    assert (one.amounts, one.kinds, one.born_s, one.whole()) == (
        other.amounts,
        other.kinds,
        other.born_s,
        other.whole(),
    )
    assert [one.family_total(family) for family in one.totals.families()] == [
        other.family_total(family) for family in other.totals.families()
    ]
    assert filled.rows.laid_out() == loaded.rows.lines


def test_balances_that_come_by_the_thousand_are_numbers_first_and_badges_at_last(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop_wallet.ui.models.balances_model._CHANGES_A_FRAME", 2)
    session, owner = small_session(), QObject()
    model = BalancesModel(session.clock, owner)
    model.attach(session.accounts, session.catalogue, session.balances)
    for key in session.keys:
        session.balances.put(key, _ETH)
    model.take(ChangeSet(frozenset(session.keys)))
    model._on_frame()
    snapshot = model.rows.snapshot
    assert snapshot is not None
    assert snapshot.amounts == [_ETH] * len(session.keys)
    assert len(model._waiting) == len(session.keys), "their badges are still to be asked for"
    model.flush()
    assert not model._waiting


def test_of_a_large_table_a_second_looks_further_in_a_turn_of_its_own(
    model: BalancesModel, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop_wallet.ui.models.balances_model._LARGE", 2)
    session.clock.advance(31)
    model.tick(0, -1)
    snapshot = model.rows.snapshot
    assert snapshot is not None
    assert snapshot.whole().stale == 0
    assert model._survey.isActive()
    model.flush()
    assert snapshot.whole().stale == len(session.keys)


def test_after_a_lock_nothing_looks_further(
    model: BalancesModel, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop_wallet.ui.models.balances_model._LARGE", 2)
    model.tick(0, -1)
    model.detach()
    assert not model._survey.isActive()
