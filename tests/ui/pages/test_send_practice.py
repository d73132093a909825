"""Sending in the real window, over the real services and the practice network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.transfers import TransferState
from desktop_wallet.ui.pages.balances import BalancesPage
from desktop_wallet.ui.pages.send.page import SendPage
from desktop_wallet.ui.pages.send.state import Doing, SendStep

if TYPE_CHECKING:
    from desktop_wallet.compose import Application
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.main_window import MainWindow
    from tests.fakes.clock import FakeClock

Until = Callable[[Callable[[], object]], Awaitable[None]]
_QUARTER = 10**18 // 4


@pytest.fixture
async def session(window: MainWindow, application: Application, until: Until) -> Session:
    """The practice profile, with every balance read."""
    window.begin(practice=True)
    await until(lambda: window.wallet_scene is not None and application.session is not None)
    session = application.session
    assert session is not None
    await until(lambda: not session.balances.updating and all(map(_is_read, _states(session))))
    return session


@pytest.fixture
def page(window: MainWindow, session: Session) -> SendPage:
    found = window.scene.pages["send"]
    assert isinstance(found, SendPage)
    return found


def _keys(session: Session) -> tuple[BalanceKey, ...]:
    return session.balances.keys()


def _states(session: Session) -> list[object]:
    return [session.balances.state(key).reading for key in _keys(session)]


def _is_read(reading: object) -> bool:
    return reading is not None


async def _review(window: MainWindow, page: SendPage, session: Session, until: Until) -> tuple[BalanceKey, BalanceKey]:
    """Lead from a balance's details to the review of a quarter coin to another own account; return both balances."""
    balances = window.scene.pages["balances"]
    assert isinstance(balances, BalancesPage)
    sender, recipient = session.accounts.accounts()[:2]
    key = next(k for k in session.balances.keys(account=sender.address) if k.asset.is_native)
    balances.open_details(key)
    QTest.mouseClick(balances.pane.send, Qt.MouseButton.LeftButton)
    assert window.scene.current is page
    assert page.draft.key == key
    page.draft.to.field.setText(display_address(recipient.address))
    QTest.keyClicks(page.draft.amount, "0.25")
    QTest.keyClick(page.draft.amount, Qt.Key.Key_Return)
    await until(lambda: page.state.step is SendStep.REVIEW)
    return key, BalanceKey(key.network, recipient.address, key.asset)


async def test_the_keys_send_from_the_table_and_from_the_details(
    window: MainWindow, page: SendPage, session: Session, until: Until
) -> None:
    window.activateWindow()
    await until(window.isActiveWindow)
    balances = window.scene.pages["balances"]
    assert isinstance(balances, BalancesPage)
    keys = [balances.model.key_at(line) for line in (1, 2)]
    assert keys[1] is not None
    balances.table.select(keys[0])
    balances.table.setFocus()
    QTest.keyClick(balances.table, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert (window.scene.current, page.draft.key) == (page, keys[0])
    window.open_page("balances")
    balances.open_details(keys[1])
    balances.pane.copy.setFocus()
    QTest.keyClick(balances.pane.copy, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert (window.scene.current, page.draft.key) == (page, keys[1])


async def test_from_a_balance_to_a_confirmed_payment(
    window: MainWindow, page: SendPage, session: Session, clock: FakeClock, until: Until
) -> None:
    key, other = await _review(window, page, session, until)
    before = {each: session.balances.state(each).reading for each in (key, other)}
    assert page.review.title.text().startswith("You send play money, on ")
    assert "The recipient is you" in page.review.blocks[0].accessibleName()
    page.review.sign.click()
    page.review.sign.click()
    await until(lambda: page.state.step is SendStep.SENT)
    transfer = page.state.transfer
    assert transfer is not None
    assert len(session.transfers.all()) == 1
    clock.advance(30)  # some blocks
    await until(lambda: session.transfers.get(transfer.id).settled is not None)
    assert page.sent.badge.accessibleName() in ("Confirmed", "Final")
    after = {each: session.balances.state(each).reading for each in (key, other)}
    paid = session.transfers.get(transfer.id).fee_paid
    assert paid is not None
    for each, change in ((key, -_QUARTER - paid), (other, _QUARTER)):
        old, new = before[each], after[each]
        assert old is not None
        assert new is not None
        assert new.amount - old.amount == change


async def test_the_window_left_while_it_is_signed_shows_it_as_sent_afterwards(
    window: MainWindow, page: SendPage, session: Session, until: Until
) -> None:
    await _review(window, page, session, until)
    page.review.sign.click()
    assert page.state.doing is Doing.SIGNING
    window.open_page("balances")
    await until(lambda: page.state.step is SendStep.SENT)
    assert len(session.transfers.all()) == 1
    window.open_page("send")
    assert page.sent.isVisible()


async def test_what_was_sent_is_shown_among_the_others(
    window: MainWindow, page: SendPage, session: Session, until: Until
) -> None:
    await _review(window, page, session, until)
    page.review.sign.click()
    await until(lambda: page.state.step is SendStep.SENT)
    page.sent.activity.click()
    assert window.scene.current is window.scene.pages["activity"]


async def test_a_waiting_payment_is_replaced_from_activity_by_way_of_a_review(
    window: MainWindow, page: SendPage, session: Session, until: Until
) -> None:
    """The clock stands still, so no block comes."""
    await _review(window, page, session, until)
    page.review.sign.click()
    await until(lambda: page.state.step is SendStep.SENT)
    transfer = page.state.transfer
    assert transfer is not None
    assert session.transfers.get(transfer.id).state is TransferState.BROADCAST
    draft, speed = await session.sending.draft_faster(transfer.id)
    window.scene.pages["activity"].asked.emit("send", (draft, speed))
    await until(lambda: page.state.step is SendStep.REVIEW)
    assert page.state.review is not None
    assert page.state.review.replaced == session.transfers.get(transfer.id)
    assert page.state.review.nonce == transfer.nonce
    page.review.sign.click()
    await until(lambda: page.state.step is SendStep.SENT)
    assert {each.nonce for each in session.transfers.all()} == {transfer.nonce}
    assert len(session.transfers.all()) == 2
