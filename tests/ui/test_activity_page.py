"""The Activity page as a person uses it: what it shows, what its buttons do, and what it says about it."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QLineEdit, QPushButton, QWidget

from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.fees import Speed
from desktop_wallet.core.transfers import Draft, TransferKind, TransferState
from desktop_wallet.ui.dialogs import Dialog
from desktop_wallet.ui.models.activity_cells import Column
from desktop_wallet.ui.models.activity_rows import Group
from desktop_wallet.ui.pages.activity import ActivityPage
from desktop_wallet.ui.pages.activity_details_words import explorer_url
from desktop_wallet.ui.pages.activity_words import CLOSE_TEXT, Deed
from desktop_wallet.ui.sidebar import Sidebar
from desktop_wallet.ui.widgets.buttons import DangerButton, PrimaryButton
from desktop_wallet.ui.widgets.fields import TextField
from desktop_wallet.ui.widgets.notice import NoticeKind
from tests.ui.fake_activity import FRIEND, ActivitySession, every_state
from tests.ui.fake_shell import FakeShell, the_theme

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from desktop_wallet.core.transfers import Transfer

    Until = Callable[[Callable[[], object]], Awaitable[None]]

S = TransferState


@pytest.fixture
def session() -> ActivitySession:
    return ActivitySession()


@pytest.fixture
def shell(qapp: QApplication, session: ActivitySession) -> FakeShell:
    return FakeShell(the_theme(), session.clock)


@contextlib.asynccontextmanager
async def _opened(shell: FakeShell, session: ActivitySession) -> AsyncIterator[ActivityPage]:
    """Show the page of a session; at the end nothing of it is left."""
    made = ActivityPage(shell)
    made.resize(900, 700)
    made.attach(session)  # type: ignore[arg-type]  # a fake with the names that the page uses
    made.show()
    made.pane.show()
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
async def page(shell: FakeShell, session: ActivitySession) -> AsyncIterator[ActivityPage]:
    async with _opened(shell, session) as made:
        yield made


async def _settle(page: ActivityPage) -> None:
    """Let tasks and their notices come to rest."""
    for _ in range(10):
        await asyncio.sleep(0)
    page.model.flush()


def _put(page: ActivityPage, session: ActivitySession, *states: TransferState, **other: object) -> Transfer:
    """Put a transfer in and open its details."""
    sent = session.send(*states, **other)  # type: ignore[arg-type]
    session.change(sent.id)
    page.model.flush()
    page.open_details(sent.id)
    return sent


def _press(page: ActivityPage, deed: Deed) -> None:
    QTest.mouseClick(page.pane.buttons[deed], Qt.MouseButton.LeftButton)


def _dialog(page: ActivityPage) -> Dialog:
    return next(dialog for dialog in page.findChildren(Dialog) if dialog.isVisible())


def _click(inside: QWidget, kind: type[QPushButton]) -> None:
    """Click the one button of that kind."""
    button = inside.findChild(kind)
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def _fields(page: ActivityPage) -> dict[str, tuple[str, str]]:
    rows = (*page.pane._fields._rows, *page.pane._steps._rows)
    return {row.label.text(): (row.value.text(), row.note.text()) for row in rows if not row.isHidden()}


# What it shows


async def test_without_anything_it_says_what_will_stand_here(page: ActivityPage, shell: FakeShell) -> None:
    assert page._places.currentWidget() is page._empty
    assert not page.tools.isVisible()
    assert not page.head.export.isVisible()
    assert page.known.text().startswith("Payments that this wallet sent are all here.")
    _click(page._empty, PrimaryButton)
    assert shell.opened == ["receive"]


async def test_the_head_counts_what_waits_and_what_is_in_doubt(page: ActivityPage, session: ActivitySession) -> None:
    for transfer in every_state(session):
        session.change(transfer.id)
    page.model.flush()
    assert page.head.line.text() == "14 entries, 4 waiting, 2 in doubt"
    session.step(session.book.all()[1].id, S.CONFIRMED)
    session.change(session.book.all()[1].id, settled=session.book.all()[1].block)
    page.model.flush()
    assert page.head.line.text() == "14 entries, 3 waiting, 2 in doubt"


async def test_a_state_changes_on_screen_by_itself_in_the_table_and_in_the_details(
    page: ActivityPage, session: ActivitySession
) -> None:
    sent = _put(page, session, S.BROADCAST)
    assert page.pane.badge.accessibleName() == "Sending"
    session.step(sent.id, S.CONFIRMED)
    page.model.flush()
    assert page.model.index(0, Column.STATE).data() == "Confirmed"
    assert page.pane.badge.accessibleName() == "Confirmed"
    assert page.pane.sentence.text().startswith("It was paid in block 21,884,320 of Ethereum.")


async def test_filters_find_nothing_and_are_cleared(page: ActivityPage, session: ActivitySession) -> None:
    sent = session.send(S.BROADCAST)
    session.change(sent.id)
    page.model.flush()
    page.tools.search.setText("nobody")
    page.tools.searched.emit("nobody")
    page.tools.grouped.emit(Group.PROBLEMS)
    assert page._places.currentWidget() is page._no_match
    assert not page.head.export.isEnabled()
    _click(page._no_match, PrimaryButton)
    assert page._places.currentWidget() is page.table
    assert page.tools.search.text() == ""
    assert page.tools.groups.value == Group.ALL.value


async def test_choices_are_there_where_there_is_something_to_choose(
    page: ActivityPage, session: ActivitySession
) -> None:
    assert [page.head.networks.itemText(n) for n in range(4)] == ["All networks", "Ethereum", "Base", "Polygon"]
    for transfer in every_state(session):
        session.change(transfer.id)
    page.model.flush()
    page.head.networks.setCurrentIndex(3)
    page.head.networks.activated.emit(3)
    assert page.model.rowCount() == 1
    session.accounts._accounts = session.accounts._accounts[:1]
    page.attach(session)  # type: ignore[arg-type]
    assert not page.head.accounts.isVisible()


async def test_from_which_block_on_incoming_payments_are_known_is_said(
    page: ActivityPage, session: ActivitySession
) -> None:
    networks = session.catalogue.networks()
    session.incoming.known = {networks[0].id: 120, networks[1].id: 7}
    page.tick()
    assert page.known.text().endswith("on Ethereum from block 120 and on Base from block 7.")
    page.head.network_chosen.emit(networks[1].id)
    assert page.known.text().endswith("on Base from block 7.")


async def test_what_came_in_is_shown_with_what_is_known_of_it(page: ActivityPage, session: ActivitySession) -> None:
    came = session.receive()
    page.model.flush()
    page.open_details(came)
    assert page.pane.amount.text() == "+1.00 ETH"
    assert page.pane.badge.accessibleName() == "Received"
    assert page.pane.sentence.text() == (
        "This balance of yours rose above block 120 and not later than block 131 of Ethereum. "
        "Who paid is not known from that."
    )
    said = _fields(page)
    assert said["To"][1] == "Savings · Account 2"
    assert said["Above"][0] == "Block 120"
    assert said["Seen at"] == ("Block 131", "ethereum.example")
    assert not page.pane.explorer.isVisible()
    assert not page.pane.note.isVisible()


# The details


async def test_every_field_and_every_step_is_told(page: ActivityPage, session: ActivitySession) -> None:
    _put(page, session, S.BROADCAST, S.CONFIRMED, note="Rent, May", nonce=7)
    said = _fields(page)
    assert said["To"][0].replace(" ", "").lower() == FRIEND.text
    assert said["From"][1] == "Savings · Account 1"
    assert said["Network"] == ("Ethereum", "eip155:1")
    assert said["Fee paid"] == ("0.000\u202f189 ETH", "of at most 0.000\u202f42 ETH")
    assert said["Nonce"][0] == "7"
    assert said["Settled"] == ("Not yet", "its balances are still shown as pending")
    assert said["Note"] == ("Rent, May", "")
    assert said["Confirmed"][1] == "block 21,884,320 · ethereum.example"
    assert said["Taken"][1] == "ethereum.example"
    assert said["Quoted"][1] == "block 21,884,300 · ethereum.example"
    assert "Signed" in said


async def test_a_fee_that_is_not_paid_yet_is_told_as_a_limit(page: ActivityPage, session: ActivitySession) -> None:
    _put(page, session, S.BROADCAST)
    assert _fields(page)["Fee"] == ("At most 0.000\u202f42 ETH", "likely 0.000\u202f21 ETH")


async def test_others_of_the_same_nonce_are_named(page: ActivityPage, session: ActivitySession) -> None:
    _put(page, session, S.BROADCAST, S.REPLACED)
    cancel = session.send(S.BROADCAST, S.CONFIRMED, attempt=1, kind=TransferKind.CANCEL)
    session.change(cancel.id)
    page.model.flush()
    assert _fields(page)["Same nonce"][0] == "Cancel, confirmed"
    assert page.pane.sentence.text().startswith("It was cancelled")


async def test_everything_that_is_copied_is_whole(
    page: ActivityPage, session: ActivitySession, shell: FakeShell
) -> None:
    sent = _put(page, session, S.BROADCAST)
    for row in page.pane._fields._rows:
        if row.label.text() in ("To", "Transaction"):
            QTest.mouseClick(row.copy, Qt.MouseButton.LeftButton)
    texts = [text.lower() for text, _ in shell.copied]
    assert texts == [FRIEND.text, sent.transaction]


async def test_words_of_servers_and_notes_are_plain_text(page: ActivityPage, session: ActivitySession) -> None:
    network = session.catalogue.networks()[0]
    listed = session.catalogue._assets[network.id]
    listed[1] = replace(listed[1], symbol="<b>X</b>", name="<img src=x>")
    _put(page, session, S.BROADCAST, asset=1, amount=5, note="<i>note</i>")
    assert page.pane.amount.text().endswith("<b>X</b>")
    assert _fields(page)["Note"][0] == "<i>note</i>"
    for label in page.pane.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText


async def test_the_explorer_is_opened_after_a_click_and_only_over_https(
    page: ActivityPage, session: ActivitySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []

    def remember(url: QUrl) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", remember)
    network = session.catalogue.networks()[0]
    session.catalogue._networks[network.id] = replace(network, explorer="https://explorer.example/")
    session.tell_catalogue()
    page.model.flush()
    sent = _put(page, session, S.BROADCAST)
    assert page.pane.explorer.isEnabled()
    assert "explorer.example" in page.pane.explorer.toolTip()
    assert opened == []
    QTest.mouseClick(page.pane.explorer, Qt.MouseButton.LeftButton)
    assert [url.toString() for url in opened] == [f"https://explorer.example/tx/{sent.transaction}"]


@pytest.mark.parametrize(
    ("explorer", "practice"), [("", False), ("http://explorer.example", False), ("https://explorer.example", True)]
)
async def test_without_an_explorer_there_is_nothing_to_open(
    page: ActivityPage, session: ActivitySession, explorer: str, practice: bool
) -> None:
    network = session.catalogue.networks()[0]
    changed = replace(network, explorer=explorer, practice=practice)
    session.catalogue._networks[network.id] = changed
    session.tell_catalogue()
    page.model.flush()
    sent = _put(page, session, S.BROADCAST)
    assert explorer_url(changed, sent.transaction) == ""
    assert not page.pane.explorer.isEnabled()
    assert page.pane.explorer.toolTip()


# What can be done


async def test_send_again_hands_the_same_over_and_says_so(
    page: ActivityPage, session: ActivitySession, shell: FakeShell
) -> None:
    sent = _put(page, session, S.UNKNOWN)
    _press(page, Deed.SEND_AGAIN)
    await _settle(page)
    assert session.sending.asked == [("send again", sent.id)]
    assert shell.said == "A server has the payment again. It is the same one: it cannot be paid twice."


async def test_send_again_that_nobody_acknowledges_claims_nothing(
    page: ActivityPage, session: ActivitySession, shell: FakeShell
) -> None:
    session.sending.again = S.UNKNOWN
    _put(page, session, S.UNKNOWN)
    _press(page, Deed.SEND_AGAIN)
    await _settle(page)
    assert shell.said == "No server acknowledged it this time either. The wallet goes on asking."
    assert shell.notices[-1][1] is NoticeKind.WARNING


@pytest.mark.parametrize("deed", [Deed.FASTER, Deed.CANCEL])
async def test_speed_up_and_cancel_lead_to_a_review(page: ActivityPage, session: ActivitySession, deed: Deed) -> None:
    asked: list[tuple[str, object]] = []
    page.asked.connect(lambda name, what: asked.append((name, what)))
    sent = _put(page, session, S.BROADCAST)
    _press(page, deed)
    await _settle(page)
    (name, what), *more = asked
    assert (name, more) == ("send", [])
    assert isinstance(what, tuple)
    draft, speed = what
    assert isinstance(draft, Draft)
    assert draft.replaces == sent.id
    assert (draft.kind is TransferKind.CANCEL) is (deed is Deed.CANCEL)
    assert speed is Speed.FAST


async def test_what_is_refused_is_said_and_leads_nowhere(
    page: ActivityPage, session: ActivitySession, shell: FakeShell
) -> None:
    asked: list[object] = []
    page.asked.connect(lambda *what: asked.append(what))
    session.sending.in_doubt = True
    _put(page, session, S.UNKNOWN)
    _press(page, Deed.FASTER)
    await _settle(page)
    assert shell.said.startswith("Not every server of this network has said yet")
    assert (asked, shell.errors) == ([], [])


async def test_without_its_account_a_payment_can_only_be_sent_again_or_closed(
    page: ActivityPage, session: ActivitySession
) -> None:
    sent = _put(page, session, S.UNKNOWN)
    session.accounts._accounts = session.accounts._accounts[1:]
    session.tell(ChangeSet(accounts=True))
    page.model.flush()
    assert page.model.row_of(sent.id) == page.pane.row
    assert [deed for deed in Deed if not page.pane.buttons[deed].isHidden()] == [Deed.SEND_AGAIN, Deed.CLOSE]


async def test_closing_by_hand_asks_first_and_tells_the_truth(
    page: ActivityPage, session: ActivitySession, shell: FakeShell
) -> None:
    sent = _put(page, session, S.UNKNOWN)
    _press(page, Deed.CLOSE)
    await _settle(page)
    dialog = _dialog(page)
    assert dialog.accessibleDescription() == CLOSE_TEXT
    assert session.sending.asked == []
    _click(dialog, DangerButton)
    await _settle(page)
    assert session.sending.asked == [("close", sent.id)]
    assert page.pane.badge.accessibleName() == "Closed"
    assert page.pane.buttons[Deed.CLOSE].isHidden()
    assert shell.said == "Closed by hand. Its amount and its place in the order stay reserved."


async def test_closing_that_is_thought_better_of_closes_nothing(page: ActivityPage, session: ActivitySession) -> None:
    _put(page, session, S.UNKNOWN)
    _press(page, Deed.CLOSE)
    await _settle(page)
    QTest.keyClick(_dialog(page), Qt.Key.Key_Escape)
    await _settle(page)
    assert session.sending.asked == []


async def test_a_note_is_kept(page: ActivityPage, session: ActivitySession) -> None:
    sent = _put(page, session, S.BROADCAST)
    QTest.mouseClick(page.pane.note, Qt.MouseButton.LeftButton)
    await _settle(page)
    dialog = _dialog(page)
    field = dialog.findChild(TextField)
    assert isinstance(field, TextField)
    field.setText("Rent, May")
    _click(dialog, PrimaryButton)
    await _settle(page)
    assert session.sending.asked == [("note", sent.id, "Rent, May")]
    assert _fields(page)["Note"][0] == "Rent, May"
    assert page.pane.note.accessibleName() == "Edit the note"


async def test_f5_looks_at_once_and_says_so(page: ActivityPage, session: ActivitySession, shell: FakeShell) -> None:
    page.refresh()
    assert shell.said == "There is nothing to ask about: no payment is still open."
    session.send(S.BROADCAST)
    page.refresh()
    assert session.settling.looks == 2
    assert shell.said == "The networks are asked now about every payment that is not final."


async def test_the_lines_shown_are_saved_for_their_owner_alone(
    page: ActivityPage, session: ActivitySession, shell: FakeShell, tmp_path: Path, until: Until
) -> None:
    for transfer in every_state(session):
        session.change(transfer.id)
    page.model.flush()
    page.tools.grouped.emit(Group.PROBLEMS)
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o755)
    target = folder / "activity.csv"
    QTest.mouseClick(page.head.export, Qt.MouseButton.LeftButton)
    await _settle(page)
    await until(lambda: [each for each in page.findChildren(QFileDialog) if each.isVisible()])
    chooser = next(each for each in page.findChildren(QFileDialog) if each.isVisible())
    name = chooser.findChild(QLineEdit, "fileNameEdit")
    assert name is not None
    name.setText(str(target))
    chooser.accept()
    await until(lambda: shell.said)
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"), newline=""), strict=True))
    assert [row["state"] for row in rows] == ["unknown", "unknown", "dropped", "failed"]
    assert target.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o755
    assert shell.said.startswith("4 lines saved in activity.csv.")


# Hands and keys


async def test_enter_opens_the_details_and_escape_puts_them_away(
    page: ActivityPage, session: ActivitySession, shell: FakeShell
) -> None:
    sent = session.send(S.BROADCAST)
    session.change(sent.id)
    page.model.flush()
    page.table.select(sent.id)
    seen = []
    for place, key in ((page.table, Qt.Key.Key_Return), (page, Qt.Key.Key_Escape)):
        QTest.keyClick(place, key)
        seen.append((shell.details, page.pane.row == page.model.row_of(sent.id)))
    assert seen == [(True, True), (False, False)]


async def test_arrows_lead_the_open_details_along(page: ActivityPage, session: ActivitySession) -> None:
    older = session.send(S.BROADCAST, ago_s=60)
    session.change(older.id)
    newer = _put(page, session, S.BROADCAST, nonce=1)
    QTest.keyClick(page.table, Qt.Key.Key_Down)
    assert page.pane.row == page.model.row_of(older.id)
    QTest.keyClick(page.table, Qt.Key.Key_Up)
    assert page.pane.row == page.model.row_of(newer.id)


async def test_lines_addresses_and_ids_are_copied(
    page: ActivityPage, session: ActivitySession, shell: FakeShell, until: Until
) -> None:
    sent = _put(page, session, S.BROADCAST)
    page.activateWindow()
    await until(page.isActiveWindow)  # keys with a meaning of their own go to the active window only
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert shell.copied[-1][1] == "Line"
    assert sent.transaction in shell.copied[-1][0]
    for action in page.table.menu_actions():
        action.trigger()
    assert [what for _, what in shell.copied[1:]] == ["Line", "Address", "Transaction id"]


async def test_another_page_can_ask_for_a_payment(
    page: ActivityPage, session: ActivitySession, shell: FakeShell
) -> None:
    sent = session.send(S.BROADCAST)
    session.change(sent.id)
    page.take_up(sent.id)
    assert shell.details
    assert page.pane.badge.accessibleName() == "Sending"


async def test_locking_leaves_nothing_of_the_session(page: ActivityPage, session: ActivitySession) -> None:
    _put(page, session, S.BROADCAST, note="Rent, May")
    page.hidden()
    await page.tasks.stop()
    page.detach()
    assert page.model.rowCount() == 0
    assert session.listeners == []
    assert page.head.networks.count() == 0
    said = [label.text() for label in page.pane.findChildren(QLabel) if not label.isHidden()]
    assert not any("Rent" in text for text in said)


async def test_tab_goes_down_the_details(page: ActivityPage, session: ActivitySession) -> None:
    _put(page, session, S.BROADCAST)
    names: list[str] = []
    at = page.pane.close_button.nextInFocusChain()
    while at is not None and at is not page.pane.close_button:
        if isinstance(at, QPushButton) and not at.isHidden() and page.pane.isAncestorOf(at):
            names.append(at.accessibleName())
        at = at.nextInFocusChain()
    deeds = ["Speed up", "Cancel it", "Close by hand"]
    copies = ["Copy: To", "Copy: From", "Copy: Transaction"]
    assert names == [*deeds, *copies, "Add a note", "Open in the explorer"]


async def test_every_control_has_an_accessible_name(page: ActivityPage, session: ActivitySession) -> None:
    _put(page, session, S.BROADCAST)
    for button in (*page.findChildren(QPushButton), *page.pane.findChildren(QPushButton)):
        assert button.accessibleName() or button.text(), button


def test_the_sidebar_counts_what_waits_and_says_nothing_of_nothing(shell: FakeShell) -> None:
    sidebar = Sidebar(shell.theme, (ActivityPage,))
    button = sidebar._buttons["activity"]
    for count, shown, said in ((2, "2", "2 waiting"), (0, "", "")):
        sidebar.show_count("activity", count, f"{count} waiting")
        assert sidebar._counted["activity"].text() == shown
        assert button.accessibleDescription() == said
    sidebar.show_count("nowhere", 1, "1 waiting")
    sidebar.deleteLater()
