"""A send as the page goes through it: what is kept, what is refused, and that a review is signed once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.cautions import Caution, CautionKind
from desktop_wallet.core.fees import FeeDoubt, Speed
from desktop_wallet.core.transfers import TransferId
from desktop_wallet.services.reviews import Review
from desktop_wallet.ui.pages.send.state import Doing, Entry, SendState, SendStep, check
from tests.ui.fake_sending import ALIKE, ETH, STRANGER, SendingSession, gas_fee, sending_session


@pytest.fixture
def session() -> SendingSession:
    return sending_session()


def _entry(session: SendingSession, recipient: str = display_address(STRANGER), amount: str = "0.25") -> Entry:
    key = session.key(0, 0, 0)
    return Entry(key.address, key.network, session.catalogue.asset(key.asset), recipient, amount)


def _reviewing(session: SendingSession, *cautions: Caution) -> tuple[SendState, Review]:
    state = SendState(_entry(session))
    review = replace(session.sending.compose(session.draft()), cautions=cautions)
    assert state.answered(state.begin_asking(), review)
    return state, review


def test_what_was_typed_comes_to_a_draft_in_base_units(session: SendingSession) -> None:
    assert check(_entry(session)).draft == session.draft(ETH // 4)


@pytest.mark.parametrize(
    ("recipient", "amount", "wrong_recipient", "wrong_amount"),
    [
        ("0x12", "0.25", "length", None),
        ("", "", "prefix", "empty"),
        (display_address(STRANGER).replace("F306", "f306"), "1", "checksum", None),
        (display_address(STRANGER), "0", None, "zero"),
        (display_address(STRANGER), "0,5", None, "not-a-number"),
        (display_address(STRANGER), "0.0000000000000000001", None, "too-fine"),
    ],
)
def test_each_fault_is_told_for_its_field(
    session: SendingSession, recipient: str, amount: str, wrong_recipient: str | None, wrong_amount: str | None
) -> None:
    checked = check(_entry(session, recipient, amount))
    assert checked.draft is None
    assert (checked.recipient and checked.recipient.data["problem"]) == wrong_recipient
    assert (checked.amount and checked.amount.data["problem"]) == wrong_amount


def test_nothing_is_a_draft_before_an_account_is_chosen() -> None:
    assert check(Entry(recipient=display_address(STRANGER), amount="1")).draft is None


def test_an_answer_that_comes_after_cancel_is_not_taken(session: SendingSession) -> None:
    state = SendState(_entry(session))
    asked = state.begin_asking()
    state.cancel_asking()
    assert not state.answered(asked, session.sending.compose(session.draft()))
    assert (state.step, state.doing, state.review) == (SendStep.DRAFT, Doing.NOTHING, None)


def test_only_the_last_question_is_answered(session: SendingSession) -> None:
    state = SendState(_entry(session))
    first = state.begin_asking()
    state.cancel_asking()
    second = state.begin_asking()
    review = session.sending.compose(session.draft())
    assert not state.answered(first, review)
    assert not state.not_answered(first)
    assert state.answered(second, review)
    assert state.step is SendStep.REVIEW


def test_an_error_leads_back_to_the_draft_with_everything_typed(session: SendingSession) -> None:
    state = SendState(_entry(session))
    before = replace(state.entry)
    assert state.not_answered(state.begin_asking())
    assert (state.step, state.entry) == (SendStep.DRAFT, before)


def test_a_review_is_given_out_for_signing_once(session: SendingSession) -> None:
    state, review = _reviewing(session)
    assert state.begin_signing() is review
    assert state.begin_signing() is None
    state.back()
    assert state.step is SendStep.REVIEW, "nobody goes back while it is being signed"
    state.not_signed()
    assert state.begin_signing() is review


def test_a_danger_has_to_be_ticked(session: SendingSession) -> None:
    danger = Caution(CautionKind.BURN_ADDRESS)
    state, review = _reviewing(session, danger, Caution(CautionKind.FIRST_PAYMENT))
    assert state.unticked == (danger,)
    assert state.begin_signing() is None
    for ticked in (True, False):
        state.tick(danger, ticked=ticked)
        assert state.may_sign is ticked
    state.tick(danger, ticked=True)
    assert state.begin_signing() is review


def test_what_is_refused_is_not_signed_whatever_is_ticked(session: SendingSession) -> None:
    refused = Caution(CautionKind.FEE, doubt=FeeDoubt.LOW_GAS, refused=True)
    state, _ = _reviewing(session, refused)
    state.tick(refused, ticked=True)
    assert state.begin_signing() is None


def test_a_fee_that_cannot_be_used_is_not_signed_under_the_one_before(session: SendingSession) -> None:
    state, review = _reviewing(session)
    for refuse in (state.no_fee, lambda: setattr(state, "fee_is_awaited", True)):
        refuse()
        assert state.begin_signing() is None
        assert state.change_fee(review, None)
        assert state.may_sign


def test_a_tick_outlives_another_fee_but_not_a_fresh_review(session: SendingSession) -> None:
    danger = Caution(CautionKind.LOOK_ALIKE, other=ALIKE, marks=(5, 6))
    fails = Caution(CautionKind.FAILS, text="out of gas")
    state, review = _reviewing(session, danger, fails)
    state.tick(danger, ticked=True)
    state.tick(fails, ticked=True)
    custom = gas_fee(Speed.CUSTOM, 90, 3)
    assert state.change_fee(replace(review, fee=custom, cautions=(danger,)), custom)
    assert state.is_ticked(danger)
    assert not state.is_ticked(fails)
    assert (state.speed, state.custom) == (Speed.CUSTOM, custom)
    state.overtaken("fee")
    assert state.answered(state.begin_asking(), review)
    assert not state.is_ticked(danger)


def test_a_fee_is_not_changed_while_it_is_being_signed(session: SendingSession) -> None:
    state, review = _reviewing(session)
    state.begin_signing()
    assert not state.change_fee(replace(review, fee=review.quote.fees.fast), None)
    assert state.review is review


def test_back_keeps_what_was_typed_and_the_fee(session: SendingSession) -> None:
    state, review = _reviewing(session)
    state.change_fee(replace(review, fee=review.quote.fees.fast), None)
    before = replace(state.entry)
    state.back()
    assert (state.step, state.entry, state.speed, state.review) == (SendStep.DRAFT, before, Speed.FAST, None)


def test_what_changed_is_known_until_the_fresh_review_is_there(session: SendingSession) -> None:
    state, review = _reviewing(session)
    state.begin_signing()
    state.overtaken("balance")
    assert (state.outdated, state.why_outdated, state.doing) == (review, "balance", Doing.NOTHING)
    state.answered(state.begin_asking(), review)
    assert state.outdated is None


def test_sent_is_the_end_and_another_one_begins_from_the_same_account(session: SendingSession) -> None:
    state, review = _reviewing(session)
    state.begin_signing()
    transfer = session.sending.transfer_of(review)
    state.sent(transfer)
    assert (state.step, state.transfer, state.review) == (SendStep.SENT, transfer, None)
    sender = state.entry.sender
    state.another()
    assert (state.entry.sender, state.entry.recipient, state.entry.amount) == (sender, "", "")
    assert (state.step, state.transfer) == (SendStep.DRAFT, None)


def test_a_payment_from_elsewhere_fills_the_fields(session: SendingSession) -> None:
    state = SendState()
    draft = session.draft(ETH // 8)
    state.begin(draft, Speed.FAST, session.catalogue.asset(draft.asset), display_address(STRANGER))
    assert (state.entry.amount, state.speed, state.given) == ("0.125", Speed.FAST, None)
    assert state.wanted == draft


def test_a_replacement_is_not_edited_and_leaves_what_was_typed(session: SendingSession) -> None:
    state = SendState(_entry(session, amount="7"))
    before = replace(state.entry)
    draft = replace(session.draft(), replaces=TransferId("t1"))
    state.begin(draft, Speed.FAST, session.catalogue.asset(draft.asset), display_address(STRANGER))
    assert state.wanted is draft
    assert state.entry == before
    state.back()
    assert (state.given, state.speed, state.entry) == (None, Speed.NORMAL, before)


def test_a_balance_from_elsewhere_keeps_the_recipient_and_drops_an_amount_of_another_asset(
    session: SendingSession,
) -> None:
    state = SendState(_entry(session))
    other = session.key(0, 0, 1)
    state.begin_from(other.address, session.catalogue.asset(other.asset))
    assert state.entry.recipient == display_address(STRANGER)
    assert state.entry.amount == ""
    assert state.entry.network == other.network


def test_a_lock_leaves_nothing(session: SendingSession) -> None:
    state, _ = _reviewing(session)
    state.begin_signing()
    state.forget()
    assert (state.entry, state.review, state.transfer, state.doing) == (Entry(), None, None, Doing.NOTHING)
