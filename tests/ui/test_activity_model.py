"""The rows of the Activity page: their order, their filters, and that only what changed is painted anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QModelIndex, QObject, Qt
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy

from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.core.transfers import TransferKind, TransferState
from desktop_wallet.ui.models.activity_cells import Column, cell_text, copied_text, moves, spoken_text
from desktop_wallet.ui.models.activity_model import ActivityModel
from desktop_wallet.ui.models.activity_rows import ActivityView, Group, ReceivedRow, SentRow
from tests.ui.fake_activity import FRIEND, ActivitySession, every_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication

    from desktop_wallet.core.transfers import Transfer

S = TransferState


@pytest.fixture
def session() -> ActivitySession:
    return ActivitySession()


@pytest.fixture
def model(qapp: QApplication, session: ActivitySession) -> Iterator[ActivityModel]:
    owner = QObject()
    made = ActivityModel(session.clock, owner)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Warning, owner)
    made.attach(session.book, session.incoming.all, session.accounts, session.catalogue)
    session.subscribe(made.take)
    yield made
    made.detach()


def _added(session: ActivitySession, model: ActivityModel, transfer: Transfer) -> Transfer:
    session.tell(ChangeSet(transfers=frozenset({transfer.id})))
    model.flush()
    return transfer


def _cells(model: ActivityModel, column: Column) -> list[str]:
    return [model.index(line, column).data() for line in range(model.rowCount())]


def _ranges(spy: QSignalSpy) -> list[tuple[int, int, int, int]]:
    """Return each dataChanged as (first line, last line, first column, last column)."""
    ranges = []
    for number in range(spy.count()):
        top, bottom = spy.at(number)[0], spy.at(number)[1]
        ranges.append((top.row(), bottom.row(), top.column(), bottom.column()))
    return ranges


def _shown(model: ActivityModel, **view: object) -> list[str]:
    model.show(replace(ActivityView(), **view))  # type: ignore[arg-type]
    return [str(model.key_at(line)) for line in range(model.rowCount())]


def test_the_newest_stands_on_top_without_a_reset(model: ActivityModel, session: ActivitySession) -> None:
    resets, inserted = QSignalSpy(model.modelReset), QSignalSpy(model.rowsInserted)
    first = _added(session, model, session.send(S.BROADCAST, ago_s=60))
    second = _added(session, model, session.send(S.BROADCAST, nonce=1))
    assert [model.key_at(0), model.key_at(1)] == [second.id, first.id]
    assert (resets.count(), inserted.count()) == (0, 2)


def test_a_step_repaints_its_line_and_no_other(model: ActivityModel, session: ActivitySession) -> None:
    for nonce in range(4):
        _added(session, model, session.send(S.BROADCAST, nonce=nonce, ago_s=60 - nonce))
    data, relaid = QSignalSpy(model.dataChanged), QSignalSpy(model.relaid)
    key = model.key_at(2)
    assert isinstance(key, str)
    session.step(key, S.CONFIRMED)
    assert data.count() == 0
    model.flush()
    assert _ranges(data) == [(2, 2, Column.WHAT, Column.WHEN)]
    assert relaid.count() == 0
    assert _cells(model, Column.STATE)[2] == "Confirmed"


def test_a_step_repaints_the_others_of_its_nonce_too(model: ActivityModel, session: ActivitySession) -> None:
    slower = _added(session, model, session.send(S.BROADCAST, ago_s=60))
    _added(session, model, session.send(S.BROADCAST, nonce=1, ago_s=50))
    faster = _added(session, model, session.send(S.BROADCAST, attempt=1, ago_s=40))
    data = QSignalSpy(model.dataChanged)
    session.step(faster.id, S.CONFIRMED)
    session.step(slower.id, S.REPLACED)
    model.flush()
    assert _ranges(data) == [(0, 1, Column.WHAT, Column.WHEN)]
    assert _cells(model, Column.WITH)[:2] == ["0x5290…9ee8", "by a faster one"]


def test_what_has_one_nonce_stands_together_the_last_one_on_top(model: ActivityModel, session: ActivitySession) -> None:
    slower = _added(session, model, session.send(S.BROADCAST, ago_s=60))
    other = _added(session, model, session.send(S.BROADCAST, nonce=1, ago_s=50))
    faster = _added(session, model, session.send(S.BROADCAST, attempt=1, ago_s=40))
    assert [model.key_at(line) for line in range(3)] == [faster.id, slower.id, other.id]
    under = [row.under for line in range(3) if isinstance(row := model.row(line), SentRow)]
    assert under == [False, True, False]


def test_a_line_that_loses_the_one_above_is_no_longer_set_in(model: ActivityModel, session: ActivitySession) -> None:
    slower = _added(session, model, session.send(S.BROADCAST, S.DROPPED, ago_s=60))
    _added(session, model, session.send(S.BROADCAST, attempt=1, ago_s=40))
    data = QSignalSpy(model.dataChanged)
    assert _shown(model, group=Group.PROBLEMS) == [slower.id]
    row = model.row(0)
    assert isinstance(row, SentRow)
    assert not row.under
    assert _ranges(data) == [(0, 0, Column.WHAT, Column.WHEN)]


def test_ages_in_sight_are_repainted_when_they_change_and_not_before(
    model: ActivityModel, session: ActivitySession
) -> None:
    _added(session, model, session.send(S.BROADCAST, S.CONFIRMED, ago_s=60))
    _added(session, model, session.send(S.BROADCAST, nonce=1, ago_s=5))
    for line in range(2):
        model.index(line, Column.STATE).data(int(Qt.ItemDataRole.UserRole))
    data = QSignalSpy(model.dataChanged)
    model.tick(0, 1)
    assert data.count() == 0
    session.clock.advance(1)
    model.tick(0, 1)
    assert _ranges(data) == [(0, 0, Column.STATE, Column.WHEN)]


def test_each_group_shows_its_own(model: ActivityModel, session: ActivitySession) -> None:
    for transfer in every_state(session):
        _added(session, model, transfer)
    assert len(_shown(model)) == 14

    def states(group: Group) -> set[str]:
        _shown(model, group=group)
        return {cell.partition(" ")[0] for cell in _cells(model, Column.STATE)}

    assert states(Group.WAITING) == {"Signed", "Sending", "Unknown", "Confirmed"}
    assert states(Group.DONE) == {"Confirmed", "Final", "Replaced"}
    assert states(Group.PROBLEMS) == {"Unknown", "Dropped", "Failed", "Closed"}
    assert (model.rows.count(Group.WAITING), model.rows.in_doubt) == (4, 2)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("rent", ["t0"]),
        ("usdc base", ["t1"]),
        ("0x52908400", [f"t{n}" for n in range(14)]),
        ("1.234567890123456789", ["t12"]),
        (f"{13:064x}", ["t12"]),
        ("nobody", []),
    ],
)
def test_a_search_looks_at_addresses_notes_ids_assets_and_amounts(
    model: ActivityModel, session: ActivitySession, search: str, found: list[str]
) -> None:
    for transfer in every_state(session):
        _added(session, model, transfer)
    assert sorted(_shown(model, search=search)) == sorted(found)


def test_networks_and_accounts_narrow(model: ActivityModel, session: ActivitySession) -> None:
    transfers = every_state(session)
    for transfer in transfers:
        _added(session, model, transfer)
    assert _shown(model, network=session.catalogue.networks()[2].id) == ["t8"]
    assert _shown(model, account=session.accounts.accounts()[1].address) == ["t11"]
    assert _shown(model, account=FRIEND)


def test_the_opened_row_stays_when_its_new_state_would_filter_it_out(
    model: ActivityModel, session: ActivitySession
) -> None:
    sent = _added(session, model, session.send(S.BROADCAST))
    assert _shown(model, group=Group.PROBLEMS, pinned=sent.id) == [sent.id]
    assert _shown(model, group=Group.PROBLEMS) == []


def test_a_change_is_filtered_anew(model: ActivityModel, session: ActivitySession) -> None:
    sent = _added(session, model, session.send(S.BROADCAST))
    assert _shown(model, search="rent") == []
    session.change(sent.id, note="Rent, May")
    model.flush()
    assert model.rowCount() == 1


def test_what_came_in_stands_among_the_rest(model: ActivityModel, session: ActivitySession) -> None:
    _added(session, model, session.send(S.BROADCAST, ago_s=60))
    session.receive()
    model.flush()
    row = model.row(0)
    assert isinstance(row, ReceivedRow)
    now = session.clock.now()
    said = [cell_text(row, column, now) for column in (Column.WHAT, Column.WITH, Column.AMOUNT, Column.STATE)]
    assert said == ["Received ETH Ethereum", "on Account 2", "+1.00", "Received"]
    assert _shown(model, group=Group.WAITING) == ["t0"]


def test_an_amount_that_did_not_move_is_quiet(model: ActivityModel, session: ActivitySession) -> None:
    quiet = {S.FAILED: False, S.DROPPED: False, S.REPLACED: False, S.CONFIRMED: True}
    for nonce, (state, moved) in enumerate(quiet.items()):
        sent = _added(session, model, session.send(S.BROADCAST, state, nonce=nonce))
        row = model.row_of(sent.id)
        assert row is not None
        assert moves(row) is moved


def test_a_screen_reader_hears_the_whole_line_at_once(model: ActivityModel, session: ActivitySession) -> None:
    sent = _added(session, model, session.send(S.BROADCAST, ago_s=14))
    row = model.row_of(sent.id)
    assert row is not None
    said = spoken_text(row, Column.WHAT, session.clock.now())
    assert said.startswith("Sent ETH, \u22120.25 ETH, 0x5290…9ee8, Sending · 14 s, ")
    assert said.endswith("on Ethereum, from Savings · Account 1")


def test_a_copied_line_has_addresses_and_ids_whole(model: ActivityModel, session: ActivitySession) -> None:
    sent = _added(session, model, session.send(S.BROADCAST))
    row = model.row_of(sent.id)
    assert row is not None
    cells = copied_text(row, session.clock.now()).split("\t")
    assert cells[1:5] == ["Sent ETH", "\u22120.25 ETH", "Ethereum", "Sending"]
    assert [cell.lower() for cell in cells[5:]] == [FRIEND.text, sent.transaction]


def test_a_cancel_names_whom_it_does_not_pay(model: ActivityModel, session: ActivitySession) -> None:
    _added(session, model, session.send(S.BROADCAST, ago_s=60))
    _added(session, model, session.send(S.BROADCAST, attempt=1, amount=0, kind=TransferKind.CANCEL))
    assert _cells(model, Column.WHAT) == ["Cancel Ethereum", "Sent ETH Ethereum"]
    assert _cells(model, Column.WITH)[0] == "of 0x5290…9ee8"


def test_accounts_of_one_label_are_told_apart_by_their_wallets(model: ActivityModel, session: ActivitySession) -> None:
    accounts = session.accounts.accounts()
    for nonce, account in enumerate(accounts):
        _added(session, model, session.send(S.BROADCAST, nonce=nonce, recipient=account.address, ago_s=-nonce))
    assert _cells(model, Column.WITH) == ["Account 1 · Everyday", "Account 2", "Account 1 · Savings"]


def test_a_token_and_a_network_that_were_removed_still_have_names(
    model: ActivityModel, session: ActivitySession
) -> None:
    gone = session.send(S.BROADCAST, amount=42)
    network = NetworkId("eip155", "999")
    asset = AssetId(network, "erc20", "0x" + "77" * 20)
    session.book.held[gone.id] = replace(gone, draft=replace(gone.draft, network=network, asset=asset))
    _added(session, model, session.book.get(gone.id))
    assert _cells(model, Column.WHAT) == ["Sent 0x7777…7777 eip155:999"]
    assert _cells(model, Column.AMOUNT) == ["\u221242"]


def test_markup_in_a_symbol_is_nothing_but_text(model: ActivityModel, session: ActivitySession) -> None:
    network = session.catalogue.networks()[0]
    listed = session.catalogue._assets[network.id]
    listed[1] = replace(listed[1], symbol="<b>X</b>")
    session.tell(ChangeSet(catalogue=True))
    _added(session, model, session.send(S.BROADCAST, asset=1))
    assert _cells(model, Column.WHAT) == ["Sent <b>X</b> Ethereum"]


def test_locking_leaves_nothing(model: ActivityModel, session: ActivitySession) -> None:
    _added(session, model, session.send(S.BROADCAST))
    model.detach()
    assert model.rowCount(QModelIndex()) == 0
    assert model.rows.total == 0
    assert model.rows.names is None


def test_thousands_are_looked_through_while_the_window_serves_others(
    model: ActivityModel, session: ActivitySession
) -> None:
    for nonce in range(400):
        session.send(S.BROADCAST, nonce=nonce, note="even" if nonce % 2 == 0 else "odd")
    session.tell_catalogue()
    model.flush()
    assert model.rowCount() == 400
    relaid = QSignalSpy(model.relaid)
    model.show(ActivityView(search="nobody"))
    model.show(ActivityView(search="even"))
    assert model.rowCount() == 400, "a key press waits for no search"
    assert relaid.wait(10_000)
    assert model.rowCount() == 200
    assert relaid.count() == 1, "what was typed meanwhile is all that is looked for"
    model.show(ActivityView(search="odd"))
    late = _added(session, model, session.send(S.BROADCAST, nonce=400, note="odd"))
    assert model.rowCount() == 201
    assert model.line_of(late.id) == 0
    model.show(ActivityView())
    assert model.rowCount() == 401


def test_a_search_that_is_under_way_ends_with_the_session(model: ActivityModel, session: ActivitySession) -> None:
    for nonce in range(400):
        session.send(S.BROADCAST, nonce=nonce)
    session.tell_catalogue()
    model.flush()
    model.show(ActivityView(search="nobody"))
    model.detach()
    assert model.rowCount() == 0
    assert not QSignalSpy(model.relaid).wait(50)
