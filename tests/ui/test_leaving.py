"""The window closed, or the wallet locked, while a payment is being signed or handed to servers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from desktop_wallet.compose import PRACTICE_PASSWORD, Application
from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.transfers import Draft, TransferState
from desktop_wallet.services.sending import Sending
from desktop_wallet.services.session import Session
from desktop_wallet.ui import leaving
from desktop_wallet.ui.main_window import MainWindow
from desktop_wallet.ui.screen_reading import read_screen

Until = Callable[[Callable[[], object]], Awaitable[None]]
TITLE = "Finishing a payment…"


class Payment:
    """A payment that is under way for as long as a test wants."""

    def __init__(self) -> None:
        self.under_way = False


@pytest.fixture
def payment(monkeypatch: pytest.MonkeyPatch) -> Payment:
    made = Payment()
    monkeypatch.setattr(Sending, "busy", property(lambda _: made.under_way))
    monkeypatch.setattr(leaving, "QUIET_S", 0.0)
    return made


@pytest.fixture
async def session(window: MainWindow, application: Application, until: Until, payment: Payment) -> Session:
    window.begin(practice=True)
    await until(lambda: window.wallet_scene)
    assert application.session is not None
    payment.under_way = True
    return application.session


def says(window: MainWindow, words: str) -> bool:
    return any(words in line for line in read_screen(window))


def opened(application: Application) -> Session | None:
    return application.session


async def test_closing_waits_for_it_and_says_so(
    window: MainWindow, application: Application, session: Session, payment: Payment, until: Until
) -> None:
    asked: list[bool] = []
    window.close_requested.connect(lambda: asked.append(True))
    window.close()
    assert asked == [True]
    assert window.isVisible()

    async def look() -> None:
        await until(lambda: says(window, TITLE))
        assert window.isVisible()
        assert application.session is session, "no key is forgotten yet"
        assert not says(window, "PLAY"), "and nothing of the wallet is on screen"
        payment.under_way = False

    await asyncio.gather(window.shut_down(), look())
    assert not window.isVisible()
    assert application.session is None


async def test_closing_a_second_time_waits_for_nothing(
    window: MainWindow, application: Application, session: Session, until: Until
) -> None:
    window.close()

    async def insist() -> None:
        await until(lambda: says(window, "Close the window again to leave at once."))
        window.close()
        assert not window.isVisible()

    await asyncio.gather(window.shut_down(), insist())
    assert application.session is None


async def test_a_server_that_never_answers_does_not_keep_the_window(
    window: MainWindow, application: Application, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "LONGEST_S", 0.1)
    window.close()
    await window.shut_down()
    assert not window.isVisible()
    assert application.session is None


async def test_what_is_over_at_once_is_not_worth_a_word(
    window: MainWindow, session: Session, payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "QUIET_S", 60.0)
    shown: list[str] = []
    monkeypatch.setattr(window.entry, "show_finishing", lambda **_: shown.append(TITLE))

    async def end() -> None:
        payment.under_way = False

    window.close()
    await asyncio.gather(window.shut_down(), end())
    assert shown == []


async def test_without_a_payment_the_window_is_gone_at_once(
    window: MainWindow, session: Session, payment: Payment
) -> None:
    payment.under_way = False
    window.close()
    assert not window.isVisible()


async def test_a_lock_waits_for_it_and_then_asks_for_the_password(
    window: MainWindow, application: Application, session: Session, payment: Payment, until: Until
) -> None:
    window.lock()
    await until(lambda: says(window, TITLE))
    assert not says(window, "Close the window"), "it is only locked"
    assert opened(application) is session
    payment.under_way = False
    await until(lambda: says(window, "button: Unlock"))
    assert opened(application) is None
    assert not says(window, TITLE)


async def test_closing_during_a_lock_that_waits_ends_both(
    window: MainWindow, application: Application, session: Session, payment: Payment, until: Until
) -> None:
    window.lock()
    await until(lambda: says(window, TITLE))
    window.close()
    window.close()
    await window.shut_down()
    assert application.session is None
    assert not window.entry.tasks.busy()
    assert not window.tasks.busy()


async def test_a_payment_is_handed_over_before_the_lock_forgets_the_keys(
    window: MainWindow, application: Application, until: Until
) -> None:
    window.begin(practice=True)
    await until(lambda: window.wallet_scene)
    session = application.session
    assert session is not None
    await until(lambda: session.preload.progress is None)
    chain = application.practice[0]
    chain.hold_back()
    network = chain.world.network
    sender, recipient, *_ = [account.address for account in session.accounts.accounts()]
    draft = Draft(network.id, sender, recipient, native_asset(network).id, 10**16)
    review = await session.sending.review(draft)

    async def lock_in_the_middle() -> None:
        await until(lambda: session.sending.busy)
        window.lock()

    await asyncio.gather(session.sending.send(review), lock_in_the_middle())
    await until(lambda: says(window, "button: Unlock") and application.session is None)
    again = await application.unlock(session.profile.id, PRACTICE_PASSWORD)
    [transfer] = again.transfers.all()
    assert transfer.state is TransferState.BROADCAST
