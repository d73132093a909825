"""What a review says: each caution in whole sentences, the outcome, the fee, and nothing of a server's as our own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_wallet.core.addresses import parse_address
from desktop_wallet.core.cautions import Caution, CautionKind, PaidBefore, Weight, differences
from desktop_wallet.core.errors import InvalidAddress, NotEnough
from desktop_wallet.core.fees import REFUSED, FeeChoices, FeeDoubt, Speed
from desktop_wallet.core.networks import Family
from desktop_wallet.core.quotes import Code, CodeKind, Movement, Outcome, SimulationMethod
from desktop_wallet.core.signing import LegacyPrice, MarketPrice
from desktop_wallet.core.transfers import Draft, TransferKind
from desktop_wallet.services.reviews import Review
from desktop_wallet.ui.pages.send.cautions_words import caution_text, refusal_text, shown_cautions
from desktop_wallet.ui.pages.send.draft_words import amount_problem, not_enough_text, recipient_problem, spendable_text
from desktop_wallet.ui.pages.send.fee_words import TypedFee, check_fee, speed_text, typed_fee
from desktop_wallet.ui.pages.send.marked_address import spoken_marks
from desktop_wallet.ui.pages.send.names import SendNames
from desktop_wallet.ui.pages.send.review_words import (
    amount_text,
    changes_text,
    data_fee_line,
    details_text,
    main_lines,
    more_lines,
    paid_text,
    replaced_text,
    simulated_line,
    title_text,
    who_text,
)
from desktop_wallet.ui.pages.send.state import Entry, check
from tests.ui.fake_sending import ALIKE, ETH, FEES, GWEI, STRANGER, SendingSession, sending_session

_TOKEN_UNITS = 10**6


@pytest.fixture
def session() -> SendingSession:
    return sending_session()


@pytest.fixture
def names(session: SendingSession) -> SendNames:
    return SendNames(session)  # type: ignore[arg-type]  # a fake with the names that are asked for


@pytest.fixture
def review(session: SendingSession) -> Review:
    return session.sending.compose(session.draft())


def _caution(kind: CautionKind, session: SendingSession) -> Caution:
    return Caution(
        kind,
        other=ALIKE,
        marks=differences(STRANGER, ALIKE),
        asset=session.key(0, 0, 1).asset,
        amount=2,
        text="<b>paused</b>",
        doubt=FeeDoubt.HIGH,
    )


@pytest.mark.parametrize("kind", list(CautionKind))
def test_each_caution_has_a_title_and_whole_sentences(
    session: SendingSession, names: SendNames, review: Review, kind: CautionKind
) -> None:
    words = caution_text(_caution(kind, session), review, names)
    assert words.title
    assert not words.title.endswith(".")
    assert words.sentence.endswith((".", "reason."))
    assert "!" not in words.title + words.sentence
    assert bool(words.tick) is (kind.weight is Weight.DANGER)
    assert "<b>" not in words.title + words.sentence + words.tick


@pytest.mark.parametrize("doubt", list(FeeDoubt))
def test_each_doubt_about_a_fee_is_said_and_what_is_never_signed_says_so(
    names: SendNames, review: Review, doubt: FeeDoubt
) -> None:
    caution = Caution(CautionKind.FEE, doubt=doubt, refused=doubt in REFUSED)
    words = caution_text(caution, review, names)
    assert words.sentence.endswith(".")
    refusal = refusal_text(replace(review, cautions=(caution,)))
    assert bool(refusal) is (doubt in REFUSED)
    assert not refusal or words.title.lower() in refusal


def test_a_look_alike_says_how_often_the_other_was_paid_and_how_many_digits_differ(
    session: SendingSession, names: SendNames
) -> None:
    session.transfers.payments[ALIKE] = PaidBefore(4, 1.0)
    review = session.sending.compose(session.draft())
    alike = review.cautions[0]
    assert alike.kind is CautionKind.LOOK_ALIKE
    words = caution_text(alike, review, names)
    assert "which you paid 4 times" in words.sentence
    assert f"{len(alike.marks)} of 40 digits differ" in words.sentence
    assert words.other == ALIKE
    assert [caution.kind for caution in shown_cautions(review)] == [CautionKind.LOOK_ALIKE]


def test_a_contracts_reason_stands_apart_from_our_words(names: SendNames, review: Review) -> None:
    words = caution_text(Caution(CautionKind.FAILS, text="\u202eTransfer <i>failed</i>"), review, names)
    assert words.quoted == "Transfer <i>failed</i>"
    assert words.spoken.endswith("The contract says: “Transfer <i>failed</i>”")
    assert "gave no reason" in caution_text(Caution(CautionKind.FAILS), review, names).sentence


def test_marks_are_told_by_their_places() -> None:
    assert spoken_marks("0x" + "0" * 40, frozenset({10, 11, 12, 34})) == ", marked are the digits 9 to 11, 33"
    assert spoken_marks("0x" + "0" * 40, frozenset({2})) == ", marked is digit 1"
    assert spoken_marks("0x" + "0" * 40, frozenset()) == ""


@pytest.mark.parametrize(
    ("paid", "said"),
    [
        (PaidBefore(), "You have not paid this address before."),
        (PaidBefore(1, 1_773_313_440.0), "You paid this address once, on 12 Mar 2026, "),
        (PaidBefore(4, 1_773_313_440.0), "You paid this address 4 times, last on 12 Mar 2026, "),
        (PaidBefore(4), "You paid this address 4 times."),
    ],
)
def test_how_often_an_address_was_paid(session: SendingSession, paid: PaidBefore, said: str) -> None:
    assert paid_text(paid, session.clock.now()).startswith(said)


def test_what_stands_at_the_recipients_address(session: SendingSession, names: SendNames, review: Review) -> None:
    assert who_text(review, names) == "It is not a contract."
    session.sending.script.recipient = Code(CodeKind.CONTRACT)
    assert who_text(session.sending.compose(session.draft()), names) == "A contract stands there."
    session.sending.script.recipient = Code(CodeKind.DELEGATED, ALIKE)
    said = who_text(session.sending.compose(session.draft()), names)
    assert said.replace(" ", "").lower() == f"itisdelegatedtothecontract{ALIKE.text}."
    own = session.sending.compose(session.draft(recipient=session.accounts.accounts()[1].address))
    assert who_text(own, names) == "It is your account Savings · Account 2."


def test_the_simulated_outcome_names_every_change(session: SendingSession, names: SendNames, review: Review) -> None:
    assert simulated_line(review, names).value == (
        "\u22120.25 ETH for you, +0.25 ETH for the recipient, nothing else changes"
    )
    usdc = session.key(0, 0, 1).asset
    other = session.accounts.accounts()[1].address
    unknown = replace(usdc, reference="0x" + "66" * 20)
    moves = (
        *review.quote.outcome.movements,
        Movement(other, usdc, 3 * _TOKEN_UNITS),
        Movement(ALIKE, unknown, -12),
        Movement(ALIKE, usdc, 0),
    )
    session.sending.script.outcome = Outcome(SimulationMethod.SIMULATE, True, 50_000, moves)
    line = simulated_line(session.sending.compose(session.draft()), names)
    assert "+3.00 USDC for your account Savings · Account 2" in line.value
    assert "−12 units of the unknown token 0x 6666 6666" in line.value
    assert line.note == "eth_simulateV1 at block 21,884,312, by ethereum.example"


def test_what_was_tried_only_in_part_claims_no_more(session: SendingSession, names: SendNames) -> None:
    session.sending.script.outcome = Outcome(SimulationMethod.CALL, True, 21_000)
    line = simulated_line(session.sending.compose(session.draft()), names)
    assert line.value == "It goes through. Whether anything else changes is not known."
    assert line.note.startswith("eth_call and eth_estimateGas at block")
    session.sending.script.outcome = Outcome(SimulationMethod.CALL, False, 0, reason="no")
    assert simulated_line(session.sending.compose(session.draft()), names).value == "It would fail."


def test_fee_and_what_remains_are_told_with_what_they_are_at_most(review: Review, names: SendNames) -> None:
    lines = {line.label: line for line in main_lines(review, names)}
    assert (lines["Fee"].value, lines["Fee"].quiet) == ("0.000\u202f42 ETH", "normal, about 24 s")
    assert lines["Fee"].note == "at most 0.000\u202f798 ETH"
    assert lines["Afterwards"].value == "2.231\u202f483\u202f77 ETH"
    assert lines["Afterwards"].quiet == "left, from 2.481\u202f903\u202f77"
    assert lines["From"].value == "Savings · Account 1"
    assert data_fee_line(review) is None


def test_a_token_tells_what_remains_of_it_and_of_the_coin(session: SendingSession, names: SendNames) -> None:
    review = session.sending.compose(session.draft(amount=250 * _TOKEN_UNITS, asset=1))
    lines = {line.label: line for line in main_lines(review, names)}
    assert (lines["Afterwards"].value, lines["Afterwards"].quiet) == ("1,000.00 USDC", "left, from 1,250.00")
    assert lines["Afterwards"].note.startswith("and 2.481\u202f483\u202f77 ETH left for fees")
    assert "Contract" in {line.label for line in more_lines(review, session.clock.now())}


def test_the_data_fee_has_a_line_of_its_own(review: Review) -> None:
    fee = replace(review.fee, data_fee_wei=12 * GWEI, data_fee_most_wei=24 * GWEI)
    line = data_fee_line(replace(review, fee=fee))
    assert line is not None
    assert line.value == "0.000\u202f000\u202f012 ETH"
    assert "0.000\u202f000\u202f024 ETH is held back" in line.note


def test_a_token_that_no_list_vouches_for_is_shown_with_its_whole_contract(
    session: SendingSession, names: SendNames
) -> None:
    key = session.key(0, 0, 1)
    asset = session.catalogue.asset(key.asset)
    named = replace(asset, origin=type(asset.origin).DISCOVERED)
    session.known._assets[key.network][1] = named
    review = session.sending.compose(session.draft(amount=1, asset=1))
    token = next(line for line in main_lines(review, names) if line.label == "Token")
    assert token.value.replace(" ", "").lower() == key.asset.reference
    assert token.note == "“USDC” and “USD Coin” are what this contract calls itself. No list vouches for it."
    session.known._assets[key.network][1] = replace(named, symbol="eth", name="Ether")
    review = session.sending.compose(session.draft(amount=1, asset=1))
    token = next(line for line in main_lines(review, names) if line.label == "Token")
    assert token.note.startswith("This is not ETH, the coin of Ethereum, but a token. “eth” and “Ether” are")


def test_play_money_and_test_coins_are_called_so(review: Review) -> None:
    assert title_text(review) == "You send, on Ethereum"
    practice = replace(review, network=replace(review.network, practice=True))
    assert title_text(practice) == "You send play money, on Ethereum"
    assert title_text(replace(review, network=replace(review.network, testnet=True))) == (
        "You send test coins, on Ethereum"
    )


def test_a_replacement_says_what_it_replaces(session: SendingSession, review: Review) -> None:
    now = session.clock.now()
    first = session.transfers.put(session.sending.transfer_of(review))
    faster = session.sending.compose(replace(review.draft, replaces=first.id), Speed.FAST)
    assert title_text(faster) == "You send again with a higher fee, on Ethereum"
    assert "the transfer of 0.25 ETH" in replaced_text(faster, now)
    assert "Only one of the two can ever be mined." in replaced_text(faster, now)
    sender = review.draft.sender
    cancel = Draft(review.draft.network, sender, sender, review.draft.asset, 0, TransferKind.CANCEL, first.id)
    cancelling = session.sending.compose(cancel, Speed.FAST)
    assert title_text(cancelling) == "You cancel a transfer, on Ethereum"
    practice = replace(review.network, practice=True)
    assert title_text(replace(faster, network=practice)) == "You send play money again with a higher fee, on Ethereum"
    assert title_text(replace(cancelling, network=practice)) == "You cancel a transfer of play money, on Ethereum"
    assert amount_text(cancelling) == "Only the fee"
    assert "can no longer be mined" in replaced_text(cancelling, now)
    assert replaced_text(review, now) == ""


@pytest.mark.parametrize("why", ["fee", "balance", "nonce", "recipient", "outcome", "something-new"])
def test_what_changed_is_said_with_both_numbers(review: Review, why: str) -> None:
    fee = replace(review.fee, base_fee_wei=30 * GWEI)
    reading = replace(review.reading, amount=ETH)
    said = changes_text(review, why, replace(review, fee=fee, reading=reading))
    assert "The fee was 0.000\u202f42 ETH, and is 0.000\u202f672 ETH now." in said
    assert "The balance was 2.481\u202f903\u202f77 ETH, and is 1.00 ETH now." in said
    assert said.endswith("Nothing was signed. Look at it again.")


def test_the_copied_details_hold_the_whole_address_and_every_caution(
    session: SendingSession, names: SendNames, review: Review
) -> None:
    text = details_text(review, names, session.clock.now())
    assert "0x8617E340B3D01FA5F11F306F4090FD50E238070D" in text
    assert "0.25 ETH" in text
    assert "! First payment to this address." in text
    assert "Nonce: 7" in text


def test_a_custom_fee_is_read_in_gwei() -> None:
    checked = check_fee(TypedFee("40.5", "2", "25 000"), FEES)
    assert checked.fee is not None
    assert checked.fee.price == MarketPrice(40_500_000_000, 2 * GWEI)
    assert (checked.fee.gas_limit, checked.fee.speed, checked.doubts) == (25_000, Speed.CUSTOM, ())
    assert typed_fee(checked.fee) == TypedFee("40.5", "2", "25000")


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        (TypedFee("", "2", "21000"), "price"),
        (TypedFee("a", "2", "21000"), "price"),
        (TypedFee("1", "0.0000000001", "21000"), "tip"),
        (TypedFee("1", "-1", "21000"), "tip"),
        (TypedFee("1", "1", ""), "gas_limit"),
        (TypedFee("1", "1", "2.5"), "gas_limit"),
        (TypedFee("1", "1", "9" * 30), "gas_limit"),
    ],
)
def test_what_is_no_fee_is_told_for_its_field(typed: TypedFee, wrong: str) -> None:
    checked = check_fee(typed, FEES)
    assert checked.fee is None
    assert [name for name in ("price", "tip", "gas_limit") if getattr(checked, name)] == [wrong]


@pytest.mark.parametrize(
    ("typed", "doubt"),
    [
        (TypedFee("1", "2", "21000"), FeeDoubt.TIP_OVER_MAX),
        (TypedFee("40", "2", "20999"), FeeDoubt.LOW_GAS),
        (TypedFee("10", "2", "21000"), FeeDoubt.BELOW_BASE),
        (TypedFee("40", "0.5", "21000"), FeeDoubt.LOW_TIP),
        (TypedFee("400", "390", "21000"), FeeDoubt.HIGH),
    ],
)
def test_what_is_odd_about_a_typed_fee_is_known_at_once(typed: TypedFee, doubt: FeeDoubt) -> None:
    assert doubt in check_fee(typed, FEES).doubts


def test_a_legacy_network_has_one_price() -> None:
    legacy = replace(FEES.normal, price=LegacyPrice(5 * GWEI))
    checked = check_fee(TypedFee("7", "", "21000"), FeeChoices(legacy, legacy, legacy))
    assert checked.fee is not None
    assert checked.fee.price == LegacyPrice(7 * GWEI)
    assert typed_fee(legacy) == TypedFee("5", "", "21000")


def test_how_long_a_custom_fee_takes_follows_from_its_price(session: SendingSession, review: Review) -> None:
    for price, tip, said in (("40", "4", "about 12 s"), ("38", "2", "about 24 s"), ("37", "1", "about 1 min")):
        checked = check_fee(TypedFee(price, tip, "21000"), FEES)
        assert checked.fee is not None
        assert speed_text(replace(review, fee=checked.fee, doubts=checked.doubts)) == f"custom, {said}"
    cheap = check_fee(TypedFee("10", "1", "21000"), FEES)
    assert cheap.fee is not None
    assert speed_text(replace(review, fee=cheap.fee, doubts=cheap.doubts)) == "custom, nobody knows how soon"


def test_what_is_wrong_while_typing_is_not_that_it_is_unfinished(session: SendingSession) -> None:
    key = session.key(0, 0, 0)
    asset = session.catalogue.asset(key.asset)

    def said(recipient: str, amount: str, *, typing: bool) -> tuple[str, str]:
        checked = check(Entry(key.address, key.network, asset, recipient, amount))
        assert checked.recipient is not None
        assert checked.amount is not None
        return (
            recipient_problem(checked.recipient, recipient, typing=typing),
            amount_problem(checked.amount, amount, asset, typing=typing),
        )

    assert said("0x12", "", typing=True) == ("", "")
    assert said("0x12", "0", typing=False) == (
        "An address has 42 characters; this has 4.",
        "That is nothing. Type how much is sent.",
    )
    assert said("bc1q", "0,5", typing=True) == (
        "An address of this network begins with 0x.",
        "A comma may only group thousands. Decimals come after a point, such as 0.25.",
    )
    assert said("", "1e3", typing=False)[0] == "Type or paste the address of whoever is paid."


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("\u200b0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", "There is a character in it that cannot be seen."),
        ("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359\u200e", "There is a character in it that cannot be seen."),
        ("\u202e0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", "There is a character in it that cannot be seen."),
        ("0x fB69 1609 5ca1 df60 bB79 Ce92 cE3E a74c 37c5 d359", "There are spaces in it."),
        ("vitalik.eth", "Names are not looked up."),
        ("pay.example.eth", "Names are not looked up."),
    ],
)
def test_what_people_paste_instead_of_an_address_is_called_what_it_is(pasted: str, said: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        parse_address(Family.EVM, pasted)
    assert recipient_problem(caught.value, pasted, typing=True).startswith(said)


def test_what_is_reserved_is_said_beside_what_can_be_spent(session: SendingSession) -> None:
    key = session.key(0, 0, 0)
    asset = session.catalogue.asset(key.asset)
    reading = session.balances.state(key).reading
    assert reading is not None
    assert spendable_text(reading.amount - ETH // 10, reading, asset) == (
        "Spendable 2.381\u202f903\u202f77 ETH · reserved 0.10"
    )
    assert spendable_text(None, None, asset) == "Nobody knows yet how much ETH there is."


def test_what_is_missing_is_named_in_the_right_coin(session: SendingSession) -> None:
    eth = session.catalogue.asset(session.key(0, 0, 0).asset)
    usdc = session.catalogue.asset(session.key(0, 0, 1).asset)
    fee = NotEnough(asset=eth.id, needed=2 * ETH, available=ETH, fee=True)
    assert not_enough_text(fee, eth, usdc) == (
        "The fee of this takes 2.00 ETH at most, and 1.00 ETH can be spent. Send less, or choose a lower fee."
    )
    assert not_enough_text(fee, eth, eth).startswith("With its fee, this takes 2.00 ETH")
    amount = NotEnough(asset=usdc.id, needed=2_000_000, available=1_000_000, fee=False)
    assert not_enough_text(amount, eth, usdc) == "This takes 2.00 USDC, and 1.00 USDC can be spent. Send less."
