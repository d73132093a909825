"""The pane "Where this number comes from": every field of a reading, in words and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QImage

from desktop_wallet.core.balances import Behind, FailureReason, ReadMethod
from desktop_wallet.core.positions import Height, HeightKind, Unordered
from desktop_wallet.ui.models.balance_names import BalanceNames
from desktop_wallet.ui.models.balance_snapshot import BalanceRow, BalanceSnapshot
from desktop_wallet.ui.pages.details import DetailsPane
from desktop_wallet.ui.pages.details_words import as_json, fields
from tests.ui.fake_session import BLOCK_HASH, FIRST_ADDRESS, FakeSession, small_session
from tests.ui.fake_shell import FakeShell, the_theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication

_AMOUNT = 2_481_903_770_000_000_000


@pytest.fixture
def session() -> FakeSession:
    made = small_session()
    made.balances.put(made.key(0, 0, 0), _AMOUNT, age_s=3)
    return made


@pytest.fixture
def shell(qapp: QApplication, session: FakeSession) -> FakeShell:
    return FakeShell(the_theme(), session.clock)


@pytest.fixture
def pane(shell: FakeShell, session: FakeSession) -> Iterator[DetailsPane]:
    made = DetailsPane(shell)
    made.attach(session)  # type: ignore[arg-type]  # a fake with the names that the pane uses
    made.open(session.clock.now()._replace(boot_s=0.0))
    made.show()
    yield made
    made.attach(None)
    made.close()
    made.deleteLater()


def _row(session: FakeSession, opened: bool = True) -> BalanceRow:
    names = BalanceNames(session.accounts, session.catalogue)
    since = session.clock.now()._replace(boot_s=0.0) if opened else None
    snapshot = BalanceSnapshot(names, session.balances, session.clock, since)
    row = snapshot.row_of(session.key(0, 0, 0))
    assert row is not None
    return snapshot.row(row)


def _said(session: FakeSession, opened: bool = True) -> dict[str, tuple[str, str]]:
    return {field.label: (field.value, field.note) for field in fields(_row(session, opened), session.clock.now())}


def _change(session: FakeSession, **reading: object) -> None:
    key = session.key(0, 0, 0)
    state = session.balances.states[key]
    assert state.reading is not None
    session.balances.states[key] = replace(state, reading=replace(state.reading, **reading))  # type: ignore[arg-type]


def test_every_field_of_a_reading_is_told_in_words(session: FakeSession) -> None:
    said = _said(session)
    assert said["Account"] == ("Savings · Account 1", "")
    assert said["Address"][0].replace(" ", "") == FIRST_ADDRESS
    assert said["Exact"] == ("2\u2009481\u2009903\u2009770\u2009000\u2009000\u2009000 wei", "18 decimals")
    assert said["Network"] == ("Ethereum", "eip155:1")
    assert said["Asset"] == ("ETH Ether", "the coin of this network")
    assert said["Asset id"][0] == "eip155:1/slip44:60"
    assert said["Read at block"] == ("21,884,310", "")
    assert said["Block hash"][0] == "0x9f3c…a21b"
    assert said["Block time"][1] == "the server's newest block was 4 s old when it was read"
    assert said["Answered by"] == ("ethereum.example", "in 212 ms")
    assert said["How"] == ("Multicall, 47 balances in one call", "")
    assert said["Read"][1] == "3 s ago"
    assert said["Came from"][0] == "The network, since this page was opened"
    assert said["Still valid"] == (
        "Yes. It was read after everything the wallet knows to have touched it.",
        "counter 7",
    )
    assert "Last try" not in said


@pytest.mark.parametrize(
    ("method", "batch", "words"),
    [
        (ReadMethod.MULTICALL, 1, "Multicall, 1 balance in one call"),
        (ReadMethod.PINNED, 1, "Read singly, pinned to this block"),
        (ReadMethod.ACCOUNTS, 5, "Accounts call, 5 balances in one call"),
        (ReadMethod.RECORD, 1, "One record of this server"),
    ],
)
def test_each_way_of_reading_has_its_words(session: FakeSession, method: ReadMethod, batch: int, words: str) -> None:
    _change(session, method=method, batch=batch)
    assert _said(session)["How"][0] == words


def test_what_the_disk_supplied_is_said_to_come_from_the_disk(session: FakeSession) -> None:
    session.balances.put(session.key(0, 0, 0), _AMOUNT, arrived=False)
    assert _said(session)["Came from"][0] == "The disk, kept from an earlier run, sealed"


def test_a_reading_of_before_this_visit_is_of_earlier_in_this_run(session: FakeSession) -> None:
    assert _said(session, opened=False)["Came from"][0] == "The network, earlier in this run"


def test_positions_of_other_families_are_told_too(session: FakeSession) -> None:
    _change(session, position=Height(HeightKind.SLOT, 300_000_000, commitment="finalized"))
    assert _said(session)["Read at slot"] == ("300,000,000", "finalized")
    _change(session, position=Unordered("nonce 4"))
    assert _said(session)["Position"] == ("This network counts no blocks.", "its record is nonce 4")
    _change(session, position=Height(HeightKind.BLOCK, 7, parent_hash=BLOCK_HASH))
    assert _said(session)["Parent block"][0] == "0x9f3c…a21b"


def test_a_failure_stands_beside_the_last_known_number(pane: DetailsPane, session: FakeSession) -> None:
    session.balances.fail(session.key(0, 0, 0), FailureReason.TIMEOUT)
    pane.show_balance(_row(session))
    assert pane.amount.text() == "2.481\u202f903\u202f77 ETH"
    assert pane.reason.text().startswith("Ethereum did not answer for 10 s. Shown is what it said at ")
    assert pane.badge.accessibleName() == "Stale · 3 s"
    value, note = _said(session)["Last try"]
    assert value.startswith("Ethereum did not answer for 10 s.")
    assert note.endswith(", server.example")


def test_servers_that_are_behind_are_named_as_such(session: FakeSession) -> None:
    key = session.key(0, 0, 0)
    state = session.balances.states[key]
    session.balances.states[key] = replace(state, behind=Behind(session.clock.now(), 12))
    assert _said(session)["Servers"][0] == "12 blocks behind this reading, which therefore stays."


def test_an_unknown_balance_is_a_dash_with_an_explanation(pane: DetailsPane, session: FakeSession) -> None:
    session.balances.states.clear()
    pane.show_balance(_row(session))
    assert pane.amount.text() == "— ETH"
    assert pane.amount.accessibleName() == "Amount: unknown"
    assert not pane.copy.isEnabled()
    assert _said(session)["Read"][0] == "Never. Nobody knows this balance yet; it is not zero."


def test_ages_and_time_left_go_on_while_the_pane_is_open(pane: DetailsPane, session: FakeSession) -> None:
    pane.show_balance(_row(session))
    assert (pane.badge.accessibleName(), pane.left.text()) == ("Fresh · 3 s", "27 s left")
    session.clock.advance(20)
    pane.renew()
    assert (pane.badge.accessibleName(), pane.left.text()) == ("Fresh · 23 s", "7 s left")
    session.clock.advance(8)
    pane.renew()
    assert (pane.badge.accessibleName(), pane.left.text()) == ("Stale · 31 s", "its time is over")


def test_copies_are_whole(pane: DetailsPane, session: FakeSession, shell: FakeShell) -> None:
    pane.show_balance(_row(session))
    pane.copy.click()
    for row in pane._rows:
        if not row.copy.isHidden():
            row.copy.click()
    assert shell.copied == [
        ("2.48190377", "Amount"),
        (FIRST_ADDRESS, "Address"),
        (str(_AMOUNT), "Exact"),
        ("eip155:1/slip44:60", "Asset id"),
        (BLOCK_HASH, "Block hash"),
    ]


def test_json_has_every_field_and_no_rounded_number(pane: DetailsPane, session: FakeSession, shell: FakeShell) -> None:
    pane.show_balance(_row(session))
    pane.json.click()
    body = json.loads(shell.copied[0][0])
    assert body["amount_base_units"] == str(_AMOUNT)
    assert body["amount"] == "2.48190377"
    assert body["position"]["hash"] == BLOCK_HASH
    assert {"network", "address", "asset", "endpoint", "method", "batch", "seq", "age_s"} <= set(body)
    session.balances.states.clear()
    assert "amount" not in json.loads(as_json(_row(session), session.clock.now()))


def test_actions_tell_which_balance_they_are_for(pane: DetailsPane, session: FakeSession) -> None:
    wanted: list[tuple[str, object]] = []
    pane.refresh_wanted.connect(lambda row: wanted.append(("refresh", row.key)))
    pane.forget_wanted.connect(lambda row: wanted.append(("forget", row.key)))
    pane.show_balance(_row(session))
    pane.refresh.click()
    pane.forget.click()
    key = session.key(0, 0, 0)
    assert wanted == [("refresh", key), ("forget", key)]


def test_a_very_long_amount_shrinks_until_it_fits(pane: DetailsPane, session: FakeSession) -> None:
    session.balances.put(session.key(0, 0, 0), 123_456_789_123_456_789_123_456_789)
    pane.resize(324, 800)
    pane.show_balance(_row(session))
    image = QImage(pane.amount.size(), QImage.Format.Format_RGB32)
    image.fill(0xFFFFFF)
    pane.amount.render(image)
    last = [image.pixel(image.width() - 1, y) & 0xFFFFFF for y in range(image.height())]
    assert len(set(last)) == 1, "the amount reaches the edge, where it would be cut"


def test_nothing_is_left_after_detach(pane: DetailsPane, session: FakeSession) -> None:
    pane.show_balance(_row(session))
    pane.attach(None)
    assert pane.row is None
    assert pane.amount.text() == ""
    assert all(row.isHidden() for row in pane._rows)
