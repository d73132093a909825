"""Whether a reading is from after what is known to have happened to a transfer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_wallet.core.balances import BalanceState, Evidence, Verdict, merge
from desktop_wallet.core.positions import Height, HeightKind, Unordered
from desktop_wallet.core.transfers import Step, Transfer, TransferState, advance, shows
from tests.fakes.readings import KEY, instant, reading
from tests.fakes.transfers import RECIPIENT, block, signed, through

CONFIRMED = (TransferState.BROADCAST, TransferState.CONFIRMED)
THEIRS = replace(KEY, address=RECIPIENT)


def acknowledged(host: str, nonce: int = 4) -> Transfer:
    return advance(signed(nonce), Step(TransferState.BROADCAST, 1.0, host=host))


@pytest.mark.parametrize(("number", "shown"), [(99, False), (100, True), (101, True)])
def test_a_mined_transfer_is_shown_from_its_block_on(number: int, shown: bool) -> None:
    assert shows(through(signed(), CONFIRMED, block(100)), reading(number)) is shown


def test_a_lower_block_that_was_made_later_is_of_another_chain_and_has_nothing_to_show() -> None:
    mined = through(signed(), CONFIRMED, block(100))
    assert mined.block is not None
    assert mined.block.time_s is not None
    assert shows(mined, reading(5, time_s=mined.block.time_s + 1))
    assert not shows(mined, reading(99, time_s=mined.block.time_s))


def test_of_what_is_not_mined_nothing_has_to_show() -> None:
    assert shows(through(signed(), CONFIRMED[:1]), reading(1))


def test_another_commitment_shows_nothing() -> None:
    mined = through(signed(), CONFIRMED, Height(HeightKind.SLOT, 100, "0xa", None, None, "confirmed"))
    higher = replace(reading(1), position=Height(HeightKind.SLOT, 101, None, None, None, "finalized"))
    assert not shows(mined, higher)


@pytest.mark.parametrize(
    ("host", "record", "shown"),
    [
        ("one.example", "5", True),
        ("one.example", "17", True),
        ("one.example", "4", False),
        ("one.example", None, False),
        ("one.example", "five", False),
        ("one.example", "²", False),
        ("two.example", "5", False),
    ],
)
def test_without_heights_the_server_that_acknowledged_it_must_show_the_nonce(
    host: str, record: str | None, shown: bool
) -> None:
    asked = replace(reading(0, endpoint=host), position=Unordered(record))
    assert shows(acknowledged("one.example"), asked) is shown


def test_without_heights_the_recipient_has_no_nonce_of_ours_to_show() -> None:
    theirs = replace(reading(0, key=THEIRS), position=Unordered("0"))
    assert shows(acknowledged("one.example"), theirs)
    assert not shows(acknowledged("two.example"), theirs)


def test_without_heights_what_nobody_acknowledged_has_nothing_to_show() -> None:
    assert shows(signed(4), replace(reading(0), position=Unordered("0")))


def test_a_reading_that_does_not_compare_and_lacks_our_transaction_replaces_none_that_has_it() -> None:
    old = replace(reading(0, amount=5), position=Unordered("5"))
    new = replace(reading(0, amount=9, started_s=1.0), position=Unordered("4"))
    held = BalanceState(KEY, old)
    known = Evidence(instant(2.0), 12.0, valid=True)
    assert merge(held, new, known)[1] is Verdict.TAKEN
    assert merge(held, new, replace(known, loses_ours=True)) == (held, Verdict.OUTDATED)
