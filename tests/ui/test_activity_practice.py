"""The Activity page in the real window, over the real services and the practice network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.transfers import Draft, TransferState
from desktop_wallet.ui.models.activity_cells import Column
from desktop_wallet.ui.pages.activity import ActivityPage
from desktop_wallet.ui.pages.activity_words import Deed
from desktop_wallet.ui.pages.send.page import SendPage

if TYPE_CHECKING:
    from desktop_wallet.compose import Application
    from desktop_wallet.core.transfers import Transfer
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.main_window import MainWindow
    from tests.fakes.clock import FakeClock

Until = Callable[[Callable[[], object]], Awaitable[None]]
_PLAY = 10**17


@pytest.fixture
async def session(window: MainWindow, application: Application, until: Until) -> Session:
    """The practice profile, open in the window, with every balance read."""
    window.begin(practice=True)
    await until(lambda: window.wallet_scene is not None and application.session is not None)
    opened = application.session
    assert opened is not None
    await until(lambda: opened.preload.progress is None)
    window.open_page("activity")
    return opened


@pytest.fixture
def page(window: MainWindow, session: Session) -> ActivityPage:
    shown = window.scene.pages["activity"]
    assert isinstance(shown, ActivityPage)
    return shown


async def _sent(session: Session) -> Transfer:
    """Send play coins from one account to another."""
    payer, payee, *_ = session.accounts.accounts()
    network = session.catalogue.networks()[0]
    coin = session.catalogue.assets(network.id)[0].id
    draft = Draft(network.id, payer.address, payee.address, coin, _PLAY)
    return await session.sending.send(await session.sending.review(draft))


def _cells(page: ActivityPage, column: Column) -> list[str]:
    page.model.flush()
    return [page.model.index(line, column).data() for line in range(page.model.rowCount())]


async def test_a_payment_comes_up_waits_and_is_settled_by_itself(
    page: ActivityPage, window: MainWindow, session: Session, clock: FakeClock, until: Until
) -> None:
    sent = await _sent(session)
    await until(lambda: _cells(page, Column.STATE))
    assert _cells(page, Column.AMOUNT) == ["\u22120.10"]
    assert window.scene.sidebar._buttons["activity"].accessibleDescription() == "1 waiting"

    def settled() -> bool:
        clock.advance(1)
        return not session.transfers.get(sent.id).is_waiting

    await until(settled)
    page.model.flush()
    page.open_details(sent.id)
    assert page.pane.badge.accessibleName() in ("Confirmed", "Final")
    assert not page.pane.explorer.isEnabled()
    await until(lambda: not window.scene.sidebar._buttons["activity"].accessibleDescription())


async def test_a_payment_that_waits_can_be_reviewed_with_a_higher_fee(
    page: ActivityPage, window: MainWindow, session: Session, until: Until
) -> None:
    sent = await _sent(session)
    assert sent.state is TransferState.BROADCAST
    await until(lambda: _cells(page, Column.STATE))
    page.open_details(sent.id)
    page.pane.buttons[Deed.FASTER].click()
    await until(lambda: window.scene.current is window.scene.pages["send"])
    send = window.scene.pages["send"]
    assert isinstance(send, SendPage)
    await until(lambda: send.state.review is not None)
    assert send.state.review is not None
    assert send.state.review.replaced == session.transfers.get(sent.id)
