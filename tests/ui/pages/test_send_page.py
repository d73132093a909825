"""The Send page as a person uses it: typed, pasted, reviewed, ticked, signed once, and left in the middle."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QComboBox, QLineEdit, QMenu, QWidget

from desktop_wallet.core.accounts import WalletKind
from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.cautions import Caution, CautionKind, PaidBefore
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.errors import EndpointTimeout, NotEnough, ReviewOutdated, StorageFull, WrongPassword
from desktop_wallet.core.fees import FeeChoices, Speed
from desktop_wallet.core.quotes import Movement
from desktop_wallet.core.signing import MarketPrice
from desktop_wallet.core.transfers import TransferState
from desktop_wallet.ui.pages.send.page import SendPage
from desktop_wallet.ui.pages.send.places import Instead
from desktop_wallet.ui.pages.send.state import Doing, SendStep
from desktop_wallet.ui.screen_reading import read_screen
from desktop_wallet.ui.theme import ThemeMode
from tests.ui.fake_sending import ALIKE, ETH, GWEI, PASSWORD, STRANGER, SendingSession, gas_fee, sending_session
from tests.ui.fake_shell import FakeShell, the_theme

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Until = Callable[[Callable[[], object]], Awaitable[None]]

_WHOLE = display_address(STRANGER)


@pytest.fixture
def session() -> SendingSession:
    return sending_session()


@pytest.fixture
def shell(qapp: QApplication, session: SendingSession) -> FakeShell:
    return FakeShell(the_theme(), session.clock)


@pytest.fixture
async def page(shell: FakeShell, session: SendingSession) -> AsyncIterator[SendPage]:
    made = SendPage(shell)
    made.resize(900, 700)
    made.attach(session)  # type: ignore[arg-type]  # a fake with the names that the page uses
    made.show()
    made.shown()
    yield made
    made.hidden()
    await made.tasks.stop()
    made.detach()
    made.hide()
    made.deleteLater()
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def _find(page: QWidget, kind: type[QWidget], name: str) -> QWidget:
    found = [w for w in page.findChildren(kind) if w.accessibleName() == name and not w.isHidden()]
    assert found, name
    return found[0]


def _button(page: QWidget, name: str) -> QAbstractButton:
    found = _find(page, QAbstractButton, name)
    assert isinstance(found, QAbstractButton)
    return found


def _field(page: QWidget, name: str) -> QLineEdit:
    found = _find(page, QLineEdit, name)
    assert isinstance(found, QLineEdit)
    return found


def _choice(page: QWidget, name: str) -> QComboBox:
    found = _find(page, QComboBox, name)
    assert isinstance(found, QComboBox)
    return found


def _type(page: SendPage, recipient: str = _WHOLE, amount: str = "0.25") -> None:
    _field(page, "To").setText(recipient)
    _field(page, "Amount").clear()
    QTest.keyClicks(_field(page, "Amount"), amount)


async def _reviewed(page: SendPage, until: Until) -> None:
    _type(page)
    _button(page, "Review").click()
    await until(lambda: page.state.step is SendStep.REVIEW)


# The draft


async def test_a_draft_is_reviewed_signed_and_followed(page: SendPage, session: SendingSession, until: Until) -> None:
    await _reviewed(page, until)
    assert page.review.amount.text() == "0.25 ETH"
    assert page.review.title.text() == "You send, on Ethereum"
    _button(page, "Sign and send").click()
    await until(lambda: page.state.step is SendStep.SENT)
    assert len(session.sending.sent) == 1
    assert session.sending.sent[0][0].draft == session.draft()
    transfer = page.state.transfer
    assert transfer is not None
    assert page.sent.badge.accessibleName().startswith("Sending")
    session.transfers.step(transfer.id, TransferState.CONFIRMED)
    assert page.sent.badge.accessibleName() == "Confirmed"
    _button(page, "Send another").click()
    assert page.state.step is SendStep.DRAFT
    assert _field(page, "To").text() == ""


async def test_enter_leads_from_field_to_field_and_on_to_the_review(page: SendPage, until: Until) -> None:
    page.activateWindow()
    to = _field(page, "To")
    to.setText(_WHOLE)
    QTest.keyClick(to, Qt.Key.Key_Return)
    assert page.state.doing is Doing.NOTHING
    QTest.keyClicks(_field(page, "Amount"), "1")
    QTest.keyClick(_field(page, "Amount"), Qt.Key.Key_Return)
    await until(lambda: page.state.step is SendStep.REVIEW)


async def test_what_is_missing_or_wrong_is_said_at_its_field_and_nobody_is_asked(
    page: SendPage, session: SendingSession
) -> None:
    _button(page, "Review").click()
    assert page.draft.to.said == "Type or paste the address of whoever is paid."
    assert page.draft.words.text() == "Type how much is sent."
    _type(page, _WHOLE.replace("E340", "e340"), "0,5")
    assert page.draft.to.said.startswith("Small and capital letters do not fit together")
    assert page.draft.words.text().startswith("A comma may only group thousands.")
    _button(page, "Review").click()
    assert session.sending.reviewed == []


async def test_the_whole_address_stands_below_with_who_it_is(page: SendPage, session: SendingSession) -> None:
    session.transfers.payments[STRANGER] = PaidBefore(2)
    _field(page, "To").setText(STRANGER.text)
    assert page.draft.to.address.accessibleName() == f"Recipient {_WHOLE}"
    assert page.draft.to.said == "You paid this address 2 times."
    own = session.accounts.accounts()[1]
    _field(page, "To").setText(own.address.text)
    assert page.draft.to.said == "Your account Savings · Account 2."


async def test_own_accounts_can_be_chosen_as_recipient(page: SendPage, session: SendingSession) -> None:
    _button(page, "Choose one of my accounts").click()
    menu = next(menu for menu in page.findChildren(QMenu) if menu.accessibleName() == "My accounts")
    texts = [action.text() for action in menu.actions()]
    assert [text.split("  ")[0] for text in texts] == ["Savings · Account 2", "Everyday · Account 1"]
    menu.actions()[0].trigger()
    menu.close()
    assert _field(page, "To").text() == display_address(session.accounts.accounts()[1].address)


async def test_a_clipboard_that_changes_after_the_paste_is_said_so(page: SendPage, until: Until) -> None:
    QGuiApplication.clipboard().setText(f" {_WHOLE}\n")
    _button(page, "Paste the recipient's address").click()
    assert _field(page, "To").text() == _WHOLE
    QGuiApplication.clipboard().setText(display_address(ALIKE))
    await until(lambda: "another program changed it" in page.draft.to.said)


async def test_what_the_keys_paste_is_compared_too(page: SendPage, until: Until) -> None:
    QGuiApplication.clipboard().setText(_WHOLE)
    page.activateWindow()
    _field(page, "To").setFocus()
    QTest.keyClick(_field(page, "To"), Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert _field(page, "To").text() == _WHOLE
    QGuiApplication.clipboard().setText(display_address(ALIKE))
    await until(lambda: "another program changed it" in page.draft.to.said)


async def test_a_field_that_holds_another_address_than_the_clipboard_is_said_so(page: SendPage) -> None:
    QGuiApplication.clipboard().setText(display_address(ALIKE))
    _field(page, "To").insert(_WHOLE)  # as a paste does that gives something else
    assert page.draft.to.said.startswith("What was pasted is not what the clipboard holds.")
    page.tick()
    assert page.draft.to.said.startswith("What was pasted is not what the clipboard holds.")
    QGuiApplication.clipboard().setText("something else")
    _field(page, "To").clear()
    _field(page, "To").insert(_WHOLE)
    assert "clipboard" not in page.draft.to.said


async def test_what_can_be_spent_stands_beside_the_asset_with_its_badge(
    page: SendPage, session: SendingSession
) -> None:
    session.balances.put(session.key(0, 0, 0), 25 * ETH // 10, age_s=2)
    session.held.reserved[session.key(0, 0, 0)] = ETH // 10
    page.tick()
    assert page.draft.spendable.text() == "Spendable 2.40 ETH · reserved 0.10"
    assert page.draft.badge.accessibleName().endswith("2 s")
    _field(page, "Amount").clear()
    QTest.keyClicks(_field(page, "Amount"), "2.45")
    assert page.draft.words.text() == "That is more than the 2.40 ETH that can be spent now."


async def test_max_leaves_the_fee_and_says_how_much_may_stay(page: SendPage, until: Until) -> None:
    _button(page, "Max").click()
    await until(lambda: _field(page, "Amount").text())
    assert _field(page, "Amount").text() == "2.48110577"
    assert page.draft.words.text().startswith("At most 0.000\u202f798 ETH may be left over")
    page.tick()
    assert page.draft.words.text().startswith("At most"), "it stays until something is typed"
    assert page.state.entry.everything, "the review makes it fit the fee of its own"
    QTest.keyClicks(_field(page, "Amount"), "1")
    assert not page.draft.words.text().startswith("At most")
    assert not page.state.entry.everything


async def test_a_review_of_everything_puts_its_own_amount_into_the_field(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    _button(page, "Max").click()
    await until(lambda: _field(page, "Amount").text())
    review = session.sending.compose(replace(session.draft(ETH), everything=True))
    page.show_review(review)
    assert _field(page, "Amount").text() == "1"
    page.state.back()
    assert page.state.wanted is None or page.state.wanted.everything


async def test_another_network_and_asset_can_be_chosen(page: SendPage, session: SendingSession) -> None:
    assert _choice(page, "Asset").itemText(0).startswith("ETH")
    _choice(page, "Asset").setCurrentIndex(1)
    assert page.state.entry.asset is not None
    assert page.state.entry.asset.symbol == "USDC"
    assert page.draft.spendable.text() == "Spendable 1,250.00 USDC"
    _choice(page, "Network").setCurrentIndex(2)
    assert page.state.entry.asset.symbol == "POL"
    _choice(page, "From account").setCurrentIndex(2)
    assert page.state.entry.sender == session.accounts.accounts()[2].address
    assert page.state.entry.network == session.key(0, 2, 0).network


async def test_a_watched_account_is_shown_and_cannot_be_chosen(page: SendPage, session: SendingSession) -> None:
    session.accounts.add("Cold", "Shelf", kind=WalletKind.WATCH)
    session.tell(ChangeSet(accounts=True))
    choice = _choice(page, "From account")
    assert choice.itemText(3) == "Cold · Shelf (only watched, no key here)"
    choice.setCurrentIndex(3)
    assert page.state.entry.sender == session.accounts.accounts()[0].address


async def test_what_is_missing_before_anything_can_be_sent(page: SendPage, session: SendingSession) -> None:
    seen = [page.places.instead]
    session.catalogue.chosen = False
    session.tell(ChangeSet(catalogue=True))
    seen.append(page.places.instead)
    session.catalogue.chosen = True
    everybody = session.accounts._accounts
    session.accounts._accounts = [replace(account, hidden=True) for account in everybody]
    session.tell(ChangeSet(accounts=True))
    seen.append(page.places.instead)
    session.accounts._accounts = []
    session.tell(ChangeSet(accounts=True))
    seen.append(page.places.instead)
    session.accounts.add("Cold", "Shelf", kind=WalletKind.WATCH)
    session.tell(ChangeSet(accounts=True))
    seen.append(page.places.instead)
    assert seen == [None, Instead.NO_NETWORKS, Instead.ALL_HIDDEN, Instead.NO_ACCOUNTS, Instead.NO_KEYS]


# Asking


async def test_while_asked_it_can_be_cancelled_and_nothing_is_lost(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    session.sending.script.gate = asyncio.Event()
    _type(page)
    _button(page, "Review").click()
    assert page.draft.progress.text() == "Ethereum is asked what this would do and cost."
    assert not _button(page, "Review").isEnabled()
    _button(page, "Cancel").click()
    assert page.state.doing is Doing.NOTHING
    assert (_field(page, "To").text(), _field(page, "Amount").text()) == (_WHOLE, "0.25")
    session.sending.script.gate.set()
    await until(lambda: not page.tasks.busy())
    assert page.state.step is SendStep.DRAFT


async def test_typing_while_it_is_asked_stops_the_question(page: SendPage, session: SendingSession) -> None:
    session.sending.script.gate = asyncio.Event()
    _type(page)
    _button(page, "Review").click()
    QTest.keyClicks(_field(page, "Amount"), "1")
    assert page.state.doing is Doing.NOTHING
    assert _field(page, "Amount").text() == "0.251"


async def test_an_error_stays_on_the_draft(page: SendPage, session: SendingSession, until: Until) -> None:
    session.sending.script.refuse_review = EndpointTimeout(host="ethereum.example", after_s=10.0)
    _type(page)
    _button(page, "Review").click()
    await until(lambda: not page.draft.error.isHidden())
    assert page.draft.error.text.startswith("ethereum.example did not answer for 10 s.")
    assert (_field(page, "To").text(), _field(page, "Amount").text()) == (_WHOLE, "0.25")
    key = session.key(0, 0, 0)
    session.sending.script.refuse_review = NotEnough(asset=key.asset, needed=3 * ETH, available=ETH, fee=False)
    _button(page, "Review").click()
    await until(lambda: page.draft.error.text.startswith("This takes 3.00 ETH, and 1.00 ETH can be spent."))
    QTest.keyClicks(_field(page, "Amount"), "1")
    assert page.draft.error.isHidden()


async def test_leaving_the_page_ends_the_question_and_keeps_the_draft(page: SendPage, session: SendingSession) -> None:
    session.sending.script.gate = asyncio.Event()
    _type(page)
    _button(page, "Review").click()
    page.hidden()
    await page.tasks.stop()
    page.shown()
    assert (page.state.step, page.state.doing) == (SendStep.DRAFT, Doing.NOTHING)
    assert (_field(page, "To").text(), _field(page, "Amount").text()) == (_WHOLE, "0.25")


async def test_a_lock_leaves_nothing_on_the_page(page: SendPage, session: SendingSession, until: Until) -> None:
    await _reviewed(page, until)
    page.hidden()
    page.detach()
    assert page.state.review is None
    assert _field(page, "To").text() == ""
    for text in (page.review.amount.text(), page.review.who.text(), page.draft.spendable.text()):
        assert text == ""
    assert "0x" not in page.review.recipient.accessibleName()
    assert page.review.after.lines == ()
    assert session.listeners == []


# The review


async def test_back_keeps_everything_and_the_fee_that_was_chosen(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    await _reviewed(page, until)
    _button(page, "Change fee").click()
    _button(page, "Speed: Fast").click()
    await until(lambda: page.state.speed is Speed.FAST)
    _button(page, "Back").click()
    assert (_field(page, "To").text(), _field(page, "Amount").text()) == (_WHOLE, "0.25")
    _button(page, "Review").click()
    await until(lambda: page.state.step is SendStep.REVIEW)
    assert session.sending.reviewed[-1][1] is Speed.FAST


async def test_changing_the_fee_asks_no_network(page: SendPage, session: SendingSession, until: Until) -> None:
    await _reviewed(page, until)
    _button(page, "Change fee").click()
    _button(page, "Speed: Custom").click()
    price = _field(page, "Maximum fee in gwei")
    price.clear()
    QTest.keyClicks(price, "90")
    await until(lambda: page.state.review and page.state.review.fee.speed is Speed.CUSTOM and page.state.may_sign)
    assert page.state.review is not None
    assert page.state.review.fee.price == MarketPrice(90 * GWEI, 2 * GWEI)
    assert all(from_quote for *_, from_quote in session.sending.reviewed[1:])
    assert page.review.fee.line is not None
    assert page.review.fee.line.note == "at most 0.001\u202f89 ETH"


async def test_whoever_types_a_fee_keeps_sight_of_the_field_whatever_is_warned_of_above_it(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    page.resize(672, 480)
    await _reviewed(page, until)
    _button(page, "Change fee").click()
    _button(page, "Speed: Custom").click()
    price = _field(page, "Maximum fee in gwei")
    price.activateWindow()
    await until(price.hasFocus)
    await until(lambda: page.state.may_sign)

    def place() -> int:
        return price.mapTo(page, price.rect().topLeft()).y()

    assert page.rect().contains(price.mapTo(page, price.rect().bottomRight())), "the field is in sight"
    before, cautions = place(), len(page.review.blocks)
    QTest.keyClick(price, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(price, "0.1")
    await until(lambda: len(page.review.blocks) > cautions)
    for _ in range(5):
        await asyncio.sleep(0)
    assert place() == before


async def test_a_second_review_that_says_the_same_is_not_ticked_yet(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    session.transfers.payments[ALIKE] = PaidBefore(1)
    await _reviewed(page, until)
    ticks = [block.tick for block in page.review.blocks if block.tick is not None]
    assert len(ticks) == 1
    ticks[0].click()
    assert _button(page, "Sign and send").isEnabled()
    _button(page, "Back").click()
    _button(page, "Review").click()
    await until(lambda: page.state.step is SendStep.REVIEW)
    ticks = [block.tick for block in page.review.blocks if block.tick is not None]
    assert [tick.isChecked() for tick in ticks] == [False]
    assert not _button(page, "Sign and send").isEnabled()
    ticks[0].click()
    assert _button(page, "Sign and send").isEnabled()


async def test_a_fee_that_is_none_is_complained_of_in_place_of_the_one_before(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    await _reviewed(page, until)
    _button(page, "Change fee").click()
    _button(page, "Speed: Custom").click()
    await until(lambda: page.state.may_sign)
    price = _field(page, "Maximum fee in gwei")
    price.clear()
    QTest.keyClicks(price, "1")
    await until(lambda: "tip is higher" in page.review.hint.text())
    page.review.choice.set_error("With its fee, this takes too much.")
    QTest.keyClicks(price, "x")
    assert page.review.hint.text().startswith("The fee that you typed cannot be used.")
    assert page.review.choice.error.text() == ""


async def test_a_fee_that_is_no_number_cannot_be_signed_over(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    await _reviewed(page, until)
    _button(page, "Change fee").click()
    _button(page, "Speed: Custom").click()
    await until(lambda: page.state.may_sign)
    _field(page, "Gas limit").clear()
    QTest.keyClicks(_field(page, "Gas limit"), "many")
    assert not _button(page, "Sign and send").isEnabled()
    assert "cannot be used" in page.review.hint.text()
    _button(page, "Speed: Normal").click()
    await until(lambda: _button(page, "Sign and send").isEnabled())
    assert page.review.fee.line is not None
    assert page.review.fee.line.quiet.startswith("normal")


async def test_a_fee_typed_before_does_not_come_in_below_what_is_typed_now(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    await _reviewed(page, until)
    _button(page, "Change fee").click()
    _button(page, "Speed: Custom").click()
    await until(lambda: page.state.may_sign)
    QTest.keyClicks(_field(page, "Maximum fee in gwei"), "5")
    QTest.keyClicks(_field(page, "Maximum fee in gwei"), "x")  # in the same turn of the loop
    await until(lambda: not page.tasks.busy())
    assert not _button(page, "Sign and send").isEnabled()
    assert "cannot be used" in page.review.hint.text()


async def test_a_refused_fee_disables_signing_and_says_why(page: SendPage, until: Until) -> None:
    await _reviewed(page, until)
    _button(page, "Change fee").click()
    _button(page, "Speed: Custom").click()
    _field(page, "Gas limit").clear()
    QTest.keyClicks(_field(page, "Gas limit"), "20000")
    await until(lambda: "cannot be signed" in page.review.hint.text())
    assert page.review.hint.text() == "This cannot be signed: the gas limit is too low."
    assert not _button(page, "Sign and send").isEnabled()
    assert "The gas limit is too low." in page.review.choice.doubts.text()


async def test_a_fee_that_cannot_be_paid_leaves_the_one_before_unsigned(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    await _reviewed(page, until)
    session.sending.script.refuse_fee = NotEnough(
        asset=session.key(0, 0, 0).asset, needed=3 * ETH, available=ETH, fee=True
    )
    _button(page, "Change fee").click()
    _button(page, "Speed: Fast").click()
    await until(page.review.choice.error.text)
    assert page.review.choice.error.text().startswith("With its fee, this takes 3.00 ETH at most")
    assert not _button(page, "Sign and send").isEnabled()


async def test_a_danger_is_ticked_before_the_button_works(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    session.transfers.payments[ALIKE] = PaidBefore(4)
    await _reviewed(page, until)
    assert not _button(page, "Sign and send").isEnabled()
    assert "before you sign" in page.review.hint.text()
    tick = _find(page, QCheckBox, "I have compared every digit, and this is the address I mean")
    assert isinstance(tick, QCheckBox)
    tick.click()
    assert _button(page, "Sign and send").isEnabled()
    tick.click()
    assert not _button(page, "Sign and send").isEnabled()


async def test_the_digits_that_differ_are_marked_in_both_addresses(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    session.transfers.payments[ALIKE] = PaidBefore(4)
    await _reviewed(page, until)
    to = page.review.recipient.accessibleName()
    assert to.startswith(f"To {_WHOLE}, marked are the digits ")
    other = page.review.blocks[0].findChild(type(page.review.recipient))
    assert other is not None
    said = other.accessibleName()
    assert said.startswith(f"The address you paid before: {display_address(ALIKE)}, marked are the digits ")
    assert to.partition(",")[2] == said.partition(",")[2]


@pytest.mark.parametrize("kind", list(CautionKind))
async def test_every_caution_is_shown_in_words_a_screen_reader_says(
    page: SendPage, session: SendingSession, kind: CautionKind
) -> None:
    session.sending.script.more = (Caution(kind, other=ALIKE, marks=(20, 21), text="<i>no</i>"),)
    page.show_review(session.sending.compose(session.draft()))
    block = next(block for block in page.review.blocks if block.caution.kind is kind)
    assert block.accessibleName().startswith(("Note: ", "Warning: ", "Danger: "))
    assert (block.tick is not None) is (kind.weight.name == "DANGER")


@pytest.mark.parametrize("width", [680, 900, 1280])
@pytest.mark.parametrize("mode", [ThemeMode.LIGHT, ThemeMode.DARK])
async def test_no_address_is_ever_cut(page: SendPage, session: SendingSession, width: int, mode: ThemeMode) -> None:
    the_theme(mode)
    page.resize(width, 520)
    session.transfers.payments[ALIKE] = PaidBefore(4)
    page.show_review(session.sending.compose(session.draft()))
    QApplication.processEvents()
    labels = [page.review.recipient, *page.review.blocks[0].findChildren(type(page.review.recipient))]
    assert len(labels) == 2
    for label in labels:
        assert label.height() >= label.heightForWidth(label.width())
        lines = list(label._places(label.width()))
        assert len(lines) == 42
        assert max(left for _, left, _, _ in lines) + label._digit_width <= label.width()
    the_theme(ThemeMode.LIGHT)


async def test_tab_leads_through_the_review_from_top_to_bottom(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    session.sending.asks_password = True
    session.transfers.payments[ALIKE] = PaidBefore(4)
    session.sending.script.more = (Caution(CautionKind.BURN_ADDRESS),)
    await _reviewed(page, until)
    names: list[str] = []
    at: QWidget | None = page.review.amount
    while not names or names[-1] != "Copy details":
        at = at.nextInFocusChain() if at is not None else None
        assert at is not None
        if at.focusPolicy() & Qt.FocusPolicy.TabFocus and at.isVisibleTo(page):
            names.append(at.accessibleName())
    assert names == [
        "I want to destroy this amount",
        "I have compared every digit, and this is the address I mean",
        "Change fee",
        "More",
        "Password",
        "Show password",
        "Back",
        "Copy details",
    ]


async def test_a_screen_reader_hears_the_cautions_before_the_rest(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    await _reviewed(page, until)
    said = [line.partition(": ")[2].removesuffix(" (focused)") for line in read_screen(page)]
    first = said.index("Warning: First payment to this address")
    assert said.index("You send, on Ethereum: 0.25 ETH") < first < said.index(f"To {_WHOLE}")
    assert [line for line in said if line.startswith("0.000 42 ETH")] == ["0.000 42 ETH"]


async def test_the_details_can_be_copied(page: SendPage, shell: FakeShell, until: Until) -> None:
    await _reviewed(page, until)
    _button(page, "Copy details").click()
    text, what = shell.copied[-1]
    assert what == "Details"
    assert _WHOLE in text


async def test_more_shows_the_nonce_and_the_gas(page: SendPage, until: Until) -> None:
    await _reviewed(page, until)
    assert page.review.more.isHidden()
    _button(page, "More").click()
    labels = [line.label for line in page.review.more.lines]
    assert labels[:2] == ["Nonce", "Gas"]


async def test_the_balances_age_grows_and_turns_stale(page: SendPage, session: SendingSession, until: Until) -> None:
    await _reviewed(page, until)
    session.clock.advance(2)
    page.tick()
    assert page.review.badge.accessibleName() == "Balance fresh · 2 s"
    session.clock.advance(60)
    page.tick()
    assert page.review.badge.accessibleName() == "Balance stale · 1 min"


# Signing


async def test_a_double_click_signs_once(page: SendPage, session: SendingSession, until: Until) -> None:
    await _reviewed(page, until)
    sign = _button(page, "Sign and send")
    QTest.mouseClick(sign, Qt.MouseButton.LeftButton)
    QTest.mouseDClick(sign, Qt.MouseButton.LeftButton)
    sign.click()
    page.review.sign_wanted.emit()
    await until(lambda: page.state.step is SendStep.SENT)
    assert len(session.sending.sent) == 1


async def test_enter_held_down_signs_nothing_and_a_press_of_its_own_signs_once(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    _type(page)
    page.activateWindow()
    amount = _field(page, "Amount")
    held = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "\r", True)
    for _ in range(20):
        QApplication.sendEvent(QApplication.focusWidget() or amount, QKeyEvent(held.clone()))
        QApplication.sendEvent(amount, QKeyEvent(held.clone()))
    await until(lambda: page.state.step is SendStep.REVIEW)
    sign = _button(page, "Sign and send")
    assert not sign.hasFocus()
    sign.setFocus()
    for _ in range(20):
        QApplication.sendEvent(sign, QKeyEvent(held.clone()))
    assert page.state.doing is Doing.NOTHING
    assert len(session.sending.reviewed) == 1
    for _ in range(3):
        QTest.keyClick(sign, Qt.Key.Key_Return)
    await until(lambda: page.state.step is SendStep.SENT)
    assert len(session.sending.sent) == 1


async def test_leaving_the_page_while_it_is_sent_cancels_nothing(
    page: SendPage, shell: FakeShell, session: SendingSession, until: Until
) -> None:
    await _reviewed(page, until)
    session.sending.script.gate = gate = asyncio.Event()
    _button(page, "Sign and send").click()
    await asyncio.sleep(0)
    page.hidden()
    gate.set()
    await until(lambda: page.state.step is SendStep.SENT)
    assert shell.said == "0.25 ETH: signed and handed over."
    page.shown()
    assert page.sent.isVisible()


async def test_nothing_can_be_begun_while_something_is_signed(
    page: SendPage, shell: FakeShell, session: SendingSession, until: Until
) -> None:
    await _reviewed(page, until)
    session.sending.script.gate = gate = asyncio.Event()
    _button(page, "Sign and send").click()
    await asyncio.sleep(0)
    assert not page.review.back.isEnabled()
    assert "goes on if you leave" in page.review.hint.text()
    page.take_up(session.key(1, 0, 0))
    assert shell.said == "Another payment is just being signed and sent."
    assert page.state.doing is Doing.SIGNING
    gate.set()
    await until(lambda: page.state.step is SendStep.SENT)


async def test_a_lock_while_it_is_signed_drops_the_page_and_not_the_send(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    await _reviewed(page, until)
    session.sending.script.gate = asyncio.Event()
    _button(page, "Sign and send").click()
    await asyncio.sleep(0)
    page.hidden()
    page.detach()
    await page.tasks.stop()
    await asyncio.sleep(0)
    assert len(session.sending.sent) == 1
    assert (page.state.step, page.state.doing, page.state.transfer) == (SendStep.DRAFT, Doing.NOTHING, None)


async def test_an_error_before_anything_left_is_said_and_may_be_tried_again(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    await _reviewed(page, until)
    session.sending.script.refuse_send = StorageFull(name="registry.db")
    _button(page, "Sign and send").click()
    await until(lambda: "no space left" in page.review.hint.text())
    assert page.review.hint.text().endswith("Nothing was sent.")
    session.sending.script.refuse_send = None
    _button(page, "Sign and send").click()
    await until(lambda: page.state.step is SendStep.SENT)


async def test_a_mistake_of_ours_does_not_leave_the_review_to_be_signed_again(
    page: SendPage, shell: FakeShell, session: SendingSession, until: Until
) -> None:
    await _reviewed(page, until)
    session.sending.script.refuse_send = LookupError("a bug")
    _button(page, "Sign and send").click()
    await until(lambda: shell.errors)
    assert page.state.step is SendStep.DRAFT
    assert "Look at the Activity page" in page.draft.error.text


async def test_what_changed_meanwhile_leads_to_a_fresh_review_that_says_so(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    await _reviewed(page, until)
    session.sending.script.refuse_send = ReviewOutdated(why="fee")
    normal = replace(gas_fee(Speed.NORMAL, 80, 2), base_fee_wei=30 * GWEI)
    session.sending.script.fees = FeeChoices(normal, normal, normal)
    _button(page, "Sign and send").click()
    await until(lambda: page.state.doing is Doing.NOTHING and not page.review.changed.isHidden())
    assert page.state.step is SendStep.REVIEW
    assert "The fee was 0.000\u202f42 ETH, and is 0.000\u202f672 ETH now." in page.review.changed.text
    assert session.transfers.held == {}
    session.sending.script.refuse_send = None
    _button(page, "Sign and send").click()
    await until(lambda: page.state.step is SendStep.SENT)


async def test_what_changed_while_the_page_was_left_is_looked_at_on_coming_back(
    page: SendPage, shell: FakeShell, session: SendingSession, until: Until
) -> None:
    await _reviewed(page, until)
    session.sending.script.gate = gate = asyncio.Event()
    session.sending.script.refuse_send = ReviewOutdated(why="balance")
    _button(page, "Sign and send").click()
    await asyncio.sleep(0)
    page.hidden()
    gate.set()
    await until(lambda: shell.said.startswith("Something changed"))
    asked = len(session.sending.reviewed)
    page.shown()
    await until(lambda: page.state.step is SendStep.REVIEW and page.state.doing is Doing.NOTHING)
    assert len(session.sending.reviewed) == asked + 1


async def test_the_password_is_asked_for_where_the_settings_say_so(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    session.sending.asks_password = True
    await _reviewed(page, until)
    assert not _button(page, "Sign and send").isEnabled()
    field = _field(page, "Password")
    QTest.keyClicks(field, "wrong")
    session.sending.script.refuse_send = WrongPassword()
    QTest.keyClick(field, Qt.Key.Key_Return)
    await until(lambda: page.review.password.error)
    assert page.state.step is SendStep.REVIEW
    assert field.text() == ""
    session.sending.script.refuse_send = None
    _button(page, "Back").click()
    _button(page, "Review").click()
    await until(lambda: page.state.step is SendStep.REVIEW)
    assert page.review.password.error == ""
    QTest.keyClicks(field, PASSWORD)
    QTest.keyClick(field, Qt.Key.Key_Return)
    await until(lambda: page.state.step is SendStep.SENT)
    assert [password for _, password in session.sending.sent] == ["wrong", PASSWORD]
    assert page.review.password.text() == ""


async def test_an_unacknowledged_payment_is_said_as_it_is(
    page: SendPage, session: SendingSession, until: Until
) -> None:
    session.sending.script.outcome_state = TransferState.UNKNOWN
    await _reviewed(page, until)
    _button(page, "Sign and send").click()
    await until(lambda: page.state.step is SendStep.SENT)
    assert page.sent.badge.accessibleName().startswith("Unknown")
    assert "No server has acknowledged this payment" in page.sent.words.text()


async def test_the_transaction_can_be_copied_and_seen_among_the_others(
    page: SendPage, shell: FakeShell, until: Until
) -> None:
    asked: list[tuple[str, object]] = []
    page.asked.connect(lambda name, what: asked.append((name, what)))
    await _reviewed(page, until)
    _button(page, "Sign and send").click()
    await until(lambda: page.state.step is SendStep.SENT)
    _button(page, "Copy the transaction's id").click()
    assert shell.copied[-1] == ("0x" + "ab" * 32, "Transaction id")
    _button(page, "Show in Activity").click()
    assert page.state.transfer is not None
    assert asked == [("activity", page.state.transfer.id)]


# From other pages


async def test_a_balance_of_another_page_fills_account_and_asset(
    page: SendPage, shell: FakeShell, session: SendingSession
) -> None:
    key = session.key(2, 1, 1)
    page.take_up(key)
    assert shell.opened == ["send"]
    assert page.draft.key == key
    assert _choice(page, "From account").currentText() == "Everyday · Account 1"
    assert _choice(page, "Network").currentText() == "Base"
    assert _choice(page, "Asset").currentText() == "USDC  USD Coin"


async def test_an_account_that_cannot_sign_is_not_quietly_another(
    page: SendPage, shell: FakeShell, session: SendingSession
) -> None:
    session.accounts.add("Cold", "Shelf", kind=WalletKind.WATCH)
    page.take_up(session.key(3, 0, 0))
    assert shell.said.startswith("The key of that account is not here")
    assert page.state.entry.sender == session.accounts.accounts()[0].address


async def test_a_replacement_goes_straight_to_its_review(page: SendPage, session: SendingSession, until: Until) -> None:
    _type(page, amount="0.7")
    first = session.transfers.put(session.sending.transfer_of(session.sending.compose(session.draft())))
    page.take_up((replace(session.draft(), replaces=first.id), Speed.FAST))
    assert page.places.instead is Instead.WAITING
    await until(lambda: page.state.step is SendStep.REVIEW)
    assert session.sending.reviewed[-1][1] is Speed.FAST
    assert not page.review.replaced.isHidden()
    _button(page, "Back").click()
    assert _field(page, "Amount").text() == "0.7"


async def test_a_replacement_that_came_too_late_is_said_so(
    page: SendPage, shell: FakeShell, session: SendingSession, until: Until
) -> None:
    first = session.transfers.put(session.sending.transfer_of(session.sending.compose(session.draft())))
    session.sending.script.refuse_review = EndpointTimeout(host="ethereum.example", after_s=10.0)
    page.begin(replace(session.draft(), replaces=first.id), Speed.FAST)
    await until(lambda: shell.said)
    assert shell.said.startswith("ethereum.example did not answer")
    assert page.places.instead is None


async def test_every_control_has_a_name(page: SendPage, session: SendingSession) -> None:
    page.show_review(session.sending.compose(session.draft()))
    kinds = (QAbstractButton, QLineEdit, QComboBox)
    nameless = [w for kind in kinds for w in page.findChildren(kind) if not w.accessibleName() and w.isVisibleTo(page)]
    assert nameless == []


async def test_what_was_found_missing_stays_said_until_something_is_typed(page: SendPage) -> None:
    _button(page, "Review").click()
    page.tick()
    assert page.draft.to.said == "Type or paste the address of whoever is paid."
    assert page.draft.words.text() == "Type how much is sent."
    QTest.keyClicks(_field(page, "Amount"), "1")
    QTest.keyClicks(_field(page, "To"), "0")
    page.tick()
    assert "Type" not in page.draft.to.said + page.draft.words.text()


async def test_a_change_elsewhere_does_not_move_the_cursor(page: SendPage, session: SendingSession) -> None:
    _type(page, amount="12.5")
    for name in ("To", "Amount"):
        _field(page, name).setCursorPosition(2)
    session.tell(ChangeSet(accounts=True, catalogue=True))
    assert [_field(page, name).cursorPosition() for name in ("To", "Amount")] == [2, 2]


@pytest.mark.parametrize("width", [672, 1072])
async def test_text_that_breaks_has_its_room_in_the_first_frame(
    page: SendPage, session: SendingSession, width: int
) -> None:
    page.resize(width, 520)
    page.show_review(session.sending.compose(session.draft()))
    QApplication.processEvents()
    draft = session.draft(amount=250_000_000, asset=1)
    moved = Movement(draft.sender, session.key(0, 0, 0).asset, -ETH)
    outcome = session.sending.quote_of(draft).outcome
    session.sending.script.outcome = replace(outcome, movements=(*outcome.movements, moved))
    page.show_review(session.sending.compose(draft))
    lines = [*page.review.before.views, page.review.fee, *page.review.after.views]
    assert [line for line in lines if line.line and line.height() < line.heightForWidth(line.width())] == []


@pytest.mark.parametrize("width", [672, 1072])
async def test_no_words_of_others_make_the_review_wider_than_the_window(
    page: SendPage, session: SendingSession, width: int
) -> None:
    first = session.accounts._accounts[0]
    session.accounts._accounts[0] = replace(first, label="W" * 300)
    session.tell(ChangeSet(accounts=True))
    page.resize(width, 520)
    page.show_review(
        replace(
            session.sending.compose(session.draft(amount=int("9" * 60))),
            cautions=(Caution(CautionKind.FAILS, text="M" * 5_000),),
        )
    )
    QApplication.processEvents()
    for button in (page.review.sign, page.review.back):
        right = button.mapTo(page, button.rect().topRight()).x()
        assert 0 <= right <= page.width()
    assert page.review.width() <= 640
    assert "999,999" in next(line.value for line in page.review.before.lines if line.label == "Amount")
    page.review.back.click()
    QApplication.processEvents()
    right = page.draft.review.mapTo(page, page.draft.review.rect().topRight()).x()
    assert right <= page.width()
