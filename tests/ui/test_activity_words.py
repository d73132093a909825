"""What is said of transfers: a word, whole sentences, and what can be done, for every state."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.transfers import Ahead, TransferKind, TransferState
from desktop_wallet.ui.measures import brief_time_text, time_text
from desktop_wallet.ui.pages.activity_badge import MARK_TOKENS
from desktop_wallet.ui.pages.activity_words import (
    Deed,
    KnownNetwork,
    Mark,
    advice,
    ahead_text,
    deeds,
    known_text,
    mark_of,
    mark_text,
    replaced_by_text,
    sentence,
)
from desktop_wallet.ui.theme import TEXT_PAIRS
from tests.ui.fake_activity import ActivitySession, every_state

if TYPE_CHECKING:
    from desktop_wallet.core.transfers import Transfer

S = TransferState


@pytest.fixture
def session() -> ActivitySession:
    return ActivitySession()


def _say(session: ActivitySession, transfer: Transfer, fee: str = "") -> str:
    network = session.catalogue.network(transfer.draft.network)
    siblings = session.book.siblings(transfer)
    return sentence(transfer, siblings, network, fee, session.clock.now().wall_s)


def _deeds(session: ActivitySession, transfer: Transfer) -> tuple[Deed, ...]:
    return deeds(transfer, session.book.siblings(transfer))


def test_every_state_has_its_word_and_its_sentence(session: ActivitySession) -> None:
    transfers = every_state(session)
    assert {mark_of(each) for each in transfers} == set(Mark) - {Mark.RECEIVED, Mark.SUSPECTED}
    for each in transfers:
        said = _say(session, each)
        assert said.endswith(".")
        assert "{" not in said
        assert "!" not in said


def test_a_cancel_has_a_sentence_of_its_own_for_every_state(session: ActivitySession) -> None:
    payments = [each for each in every_state(session) if each.draft.kind is TransferKind.PAYMENT]
    for each in payments:
        cancel = replace(each, draft=replace(each.draft, kind=TransferKind.CANCEL))
        said = _say(session, cancel)
        assert said.endswith(".")
        assert "{" not in said
        if mark_of(cancel) is not Mark.CLOSED:
            assert said != _say(session, each)


def test_every_mark_can_be_read_on_its_ground() -> None:
    assert set(MARK_TOKENS) == set(Mark)
    assert set(MARK_TOKENS.values()) <= set(TEXT_PAIRS)


def test_what_is_open_tells_its_age(session: ActivitySession) -> None:
    now_s = session.clock.now().wall_s
    assert mark_text(session.send(S.BROADCAST, ago_s=14), now_s) == "Sending · 14 s"
    assert mark_text(session.send(S.UNKNOWN, nonce=1, ago_s=300), now_s) == "Unknown · 5 min"
    assert mark_text(session.send(S.BROADCAST, S.CONFIRMED, nonce=2), now_s) == "Confirmed"


def test_unknown_is_no_failure(session: ActivitySession) -> None:
    said = _say(session, session.send(S.UNKNOWN))
    assert said == (
        "No server has acknowledged this payment. It may still go through. "
        "The amount stays reserved until that is known."
    )


def test_a_failure_tells_what_it_cost(session: ActivitySession) -> None:
    failed = session.send(S.BROADCAST, S.FAILED)
    assert "The recipient was paid nothing; its fee of 0.000189 ETH was charged" in _say(
        session, failed, "0.000189 ETH"
    )


def test_confirmed_says_what_is_still_missing(session: ActivitySession) -> None:
    confirmed = session.send(S.BROADCAST, S.CONFIRMED)
    assert _say(session, confirmed).endswith("The balances are being read at that block.")
    settled = replace(confirmed, settled=confirmed.block)
    assert _say(session, settled).endswith("The network has not declared that block final yet.")
    assert _say(session, replace(settled, final=True)) == "It was paid in block 21,884,320 of Ethereum."


def test_what_waits_longer_than_usual_says_so(session: ActivitySession) -> None:
    assert "longer than usual" not in _say(session, session.send(S.BROADCAST, ago_s=95))
    assert "longer than usual" in _say(session, session.send(S.BROADCAST, nonce=1, ago_s=97))


def test_who_took_a_place_is_named(session: ActivitySession) -> None:
    alone = session.send(S.BROADCAST, S.REPLACED)
    assert replaced_by_text(alone, ()) == "by another program"
    assert _say(session, alone).startswith("Another program used this account's number 0 on Ethereum")
    slower = session.send(S.BROADCAST, S.REPLACED, nonce=1)
    session.send(S.BROADCAST, S.CONFIRMED, nonce=1, attempt=1)
    assert replaced_by_text(slower, session.book.siblings(slower)) == "by a faster one"
    assert _say(session, slower).endswith("You paid once.")
    cancelled = session.send(S.BROADCAST, S.REPLACED, nonce=2)
    session.send(S.BROADCAST, S.CONFIRMED, nonce=2, attempt=1, kind=TransferKind.CANCEL)
    assert replaced_by_text(cancelled, session.book.siblings(cancelled)) == "by a cancel"
    first = session.send(S.BROADCAST, S.CONFIRMED, nonce=3)
    late = session.send(S.BROADCAST, S.REPLACED, nonce=3, attempt=1, kind=TransferKind.CANCEL)
    assert first in session.book.siblings(late)
    assert _say(session, late).startswith("It came too late")


@pytest.mark.parametrize(
    ("states", "closed", "offered"),
    [
        ((), False, (Deed.CLOSE,)),
        ((S.BROADCAST,), False, (Deed.FASTER, Deed.CANCEL, Deed.CLOSE)),
        ((S.UNKNOWN,), False, (Deed.SEND_AGAIN, Deed.FASTER, Deed.CANCEL, Deed.CLOSE)),
        ((S.UNKNOWN,), True, (Deed.SEND_AGAIN, Deed.FASTER, Deed.CANCEL)),
        ((S.BROADCAST, S.DROPPED), False, (Deed.SEND_AGAIN, Deed.FASTER, Deed.CANCEL, Deed.CLOSE)),
        ((S.BROADCAST, S.CONFIRMED), False, ()),
        ((S.BROADCAST, S.FAILED), False, ()),
        ((S.BROADCAST, S.REPLACED), False, ()),
        ((S.BROADCAST, S.CONFIRMED, S.FINALIZED), False, ()),
    ],
)
def test_what_can_be_done_in_a_state(
    session: ActivitySession, states: tuple[TransferState, ...], closed: bool, offered: tuple[Deed, ...]
) -> None:
    assert _deeds(session, session.send(*states, closed=closed)) == offered


def test_only_the_newest_of_a_nonce_is_replaced_again(session: ActivitySession) -> None:
    first = session.send(S.BROADCAST)
    second = session.send(S.BROADCAST, attempt=1)
    assert _deeds(session, first) == (Deed.CLOSE,)
    assert Deed.FASTER in _deeds(session, second)
    assert advice(first, (second,)).startswith("A newer one was signed")
    cancel = session.send(S.BROADCAST, attempt=2, kind=TransferKind.CANCEL)
    assert _deeds(session, cancel) == (Deed.FASTER, Deed.CLOSE)


@pytest.mark.parametrize("states", [(S.BROADCAST,), (S.UNKNOWN,), (S.BROADCAST, S.DROPPED)])
def test_what_cannot_be_done_without_the_account_is_not_advised(
    session: ActivitySession, states: tuple[TransferState, ...]
) -> None:
    sent = session.send(*states)
    offered = deeds(sent, (), ours=False)
    assert Deed.FASTER not in offered
    assert Deed.CANCEL not in offered
    said = advice(sent, (), ours=False)
    assert said.endswith("it can be neither sped up nor cancelled here.")
    assert "you can pay more" not in said
    assert ("Send again" in said) == (Deed.SEND_AGAIN in offered)


def test_nothing_is_offered_once_one_of_the_nonce_is_mined(session: ActivitySession) -> None:
    first = session.send(S.BROADCAST)
    session.send(S.BROADCAST, S.CONFIRMED, attempt=1)
    assert _deeds(session, first) == ()


def test_what_is_known_of_incoming_payments_is_said_honestly() -> None:
    assert known_text(()).endswith("Incoming ones are noticed when a balance rises between two readings.")
    one = known_text([KnownNetwork("Practice", 120)])
    assert one.endswith("Incoming ones are noticed when a balance rises: on Practice from block 120.")
    two = known_text([KnownNetwork("Base", 7), KnownNetwork("Ethereum", 21_884_320)])
    assert two.endswith("on Base from block 7 and on Ethereum from block 21,884,320.")
    many = known_text([KnownNetwork(name, 7) for name in ("Base", "Ethereum", "Polygon", "Sepolia")])
    assert many.endswith("Choose a network to see from which block.")
    logs = known_text([KnownNetwork("Base", 7, by_logs=True)])
    assert "Incoming tokens come from the logs of their contracts, incoming coins from a balance that rises" in logs
    assert logs.endswith(": on Base from block 7.")
    some = known_text([KnownNetwork("Base", 7, by_logs=True), KnownNetwork("Dune", 9)])
    assert "; on Dune tokens too, for nothing gives logs there: on Base from block 7" in some


def test_a_day_is_said_briefly() -> None:
    now_s = 1_790_000_000.0
    day_s = 86_400.0
    assert brief_time_text(now_s, now_s) == time_text(now_s, now_s)
    assert brief_time_text(now_s - day_s, now_s) == "yesterday"
    assert brief_time_text(now_s - 5 * day_s, now_s).endswith(" Sep")
    assert brief_time_text(now_s - 400 * day_s, now_s).endswith(" 2025")


def test_a_payment_behind_numbers_that_nobody_here_has_says_what_it_waits_for() -> None:
    assert ahead_text(Ahead()) == ""
    assert "number 7 and 1 more of this account, which is not of this wallet" in ahead_text(Ahead(missing=(7, 8)))
    assert "comes after your own number 3 in this account's order, which is in doubt" in ahead_text(
        Ahead(doubtful=(3,))
    )
