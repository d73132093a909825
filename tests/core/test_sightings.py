"""What is concluded from servers follows the machine's edges, whatever they say; and gone is believed late."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.core.sightings import (
    FINAL_DEPTH,
    ROUNDS_UNTIL_GONE,
    Finding,
    Patience,
    Presence,
    Seen,
    Sighting,
    conclude,
    is_denied,
)
from desktop_wallet.core.transfers import Step, Transfer, TransferState, advance, check_step
from tests.fakes.transfers import SENDER, STRANGER, block, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

S = TransferState
SIGNED_OR_LATER = [state for state in S if state not in (S.DRAFT, S.QUOTED, S.REVIEWED)]
MINED = {S.CONFIRMED, S.FAILED, S.FINALIZED}
ABSENT = Seen(Presence.ABSENT)
WAITING = Seen(Presence.WAITING)
PATIENT = Patience(ROUNDS_UNTIL_GONE, complete=True)
NONCE = 3
"""Of the transfer that is looked for; its sibling has the same."""


def standing(state: TransferState, place: Height | None = None, *, attempt: int = 0) -> Transfer:
    """Return a transfer in some state, mined or replaced at `place`."""
    has_block = state in MINED | {S.REPLACED}
    transfer = replace(signed(NONCE, attempt), state=state, block=(place or block(10)) if has_block else None)
    return replace(transfer, final=state is S.FINALIZED)


def mined(place: Height, *, succeeded: bool = True) -> Seen:
    return Seen(Presence.MINED, place, succeeded, 20)


def sighting(
    seen: Seen | None,
    head: int = 20,
    *,
    host: str = "one.example",
    used: int | None = None,
    stands: dict[str, bool] | None = None,
    finalized: int | None = None,
    of: Transfer | None = None,
) -> Sighting:
    """Return what a server says of the transfer; None if it was not asked for it."""
    transfer = of or signed(NONCE)
    return Sighting(
        host,
        block(head),
        finalized,
        {} if seen is None else {transfer.transaction: seen},
        {} if used is None else {SENDER: used},
        stands or {},
    )


def go(transfer: Transfer, finding: Finding) -> Transfer:
    """Return the transfer after a finding; IllegalStep if it leads over an edge that there is not."""
    if not finding.states:
        return replace(transfer, final=finding.final)
    for state in finding.states:
        check_step(transfer.state, state)
        transfer = advance(
            transfer,
            Step(state, transfer.steps[-1].at_s + 1.0, host=finding.host),
            block=finding.block if state in MINED | {S.REPLACED} else None,
            fee_paid=finding.fee_paid,
        )
    return transfer


def told(transfer: Transfer, *sightings: Sighting, patience: Patience = PATIENT) -> Finding | None:
    return conclude(transfer, sightings, [], patience)


# Servers that lag, lie about what they have, and contradict each other

places = st.builds(block, st.integers(1, 30), st.sampled_from("abc"))
seen_ones = st.one_of(
    st.just(ABSENT),
    st.just(WAITING),
    st.just(Seen(Presence.MINED)),  # a server that forgot to say where
    st.builds(lambda place: Seen(Presence.MINED, replace(place, hash=None)), places),
    st.builds(Seen, st.just(Presence.MINED), places, st.booleans(), st.none() | st.integers(0, 50)),
)

SAYINGS = [
    ABSENT,
    WAITING,
    Seen(Presence.MINED),
    mined(replace(block(10), hash=None)),
    *(mined(block(10, branch), succeeded=succeeded) for branch in "ab" for succeeded in (True, False)),
]
"""What one server may say of a transaction, beside a transfer that stands in block 10 of branch a."""


@st.composite
def sightings(draw: st.DrawFn, transfer: Transfer, sibling: Transfer) -> Sighting:
    """Draw what any server may say, true or not."""
    asked = [each for each in (transfer, sibling) if draw(st.integers(0, 4))]
    hashes = {each.block.hash for each in (transfer, sibling) if each.block is not None and each.block.hash is not None}
    return Sighting(
        draw(st.sampled_from(["one.example", "two.example"])),
        draw(places),
        draw(st.none() | st.integers(0, 120)),
        {each.transaction: draw(seen_ones) for each in asked},
        draw(st.dictionaries(st.sampled_from([SENDER, STRANGER]), st.integers(NONCE - 1, NONCE + 2))),
        {name: draw(st.booleans()) for name in sorted(hashes) if draw(st.booleans())},
    )


patiences = st.builds(Patience, st.integers(0, 4), complete=st.booleans())
transfers = st.builds(
    lambda state, place, final: replace(
        standing(state, place), final=state is S.FINALIZED or (final and state in MINED | {S.REPLACED})
    ),
    st.sampled_from(SIGNED_OR_LATER),
    places,
    st.booleans(),
)
siblings = st.builds(lambda state, place: standing(state, place, attempt=1), st.sampled_from(SIGNED_OR_LATER), places)


@given(transfers, siblings, patiences, st.data())
def test_no_finding_leads_where_no_edge_does(
    transfer: Transfer, sibling: Transfer, patience: Patience, data: st.DataObject
) -> None:
    said = data.draw(st.lists(sightings(transfer, sibling), max_size=3))
    check_finding(transfer, said, data.draw(st.sampled_from([[], [sibling]])), patience)


def check_finding(
    transfer: Transfer, said: Sequence[Sighting], siblings: Sequence[Transfer], patience: Patience
) -> None:
    """Assert that what is concluded can be done, and that it changes something."""
    finding = conclude(transfer, said, siblings, patience)
    if finding is None:
        return
    assert finding.states or finding.final
    after = go(transfer, finding)
    assert after != transfer
    if finding.final:
        assert after.final
        assert after.block == transfer.block
    if after.state in MINED:
        assert after.block is not None
        assert after.block.hash is not None
    assert finding.host in {"", *(each.host for each in said)}


@pytest.mark.parametrize("state", SIGNED_OR_LATER)
def test_no_finding_leads_where_no_edge_does_whatever_one_server_says(state: TransferState) -> None:
    transfer = standing(state)
    said = [
        Sighting("one.example", block(head), finalized, found, used, stands)
        for head in (5, 10, 20, 200)
        for finalized in (None, 9, 10)
        for found in ({}, *({transfer.transaction: seen} for seen in SAYINGS))
        for used in ({}, {SENDER: NONCE}, {SENDER: NONCE + 1})
        for stands in ({}, {"0xa10": True}, {"0xa10": False})
    ]
    others = (None, S.BROADCAST, S.DROPPED, S.REPLACED, S.CONFIRMED, S.FAILED, S.FINALIZED)
    for other, one in product(others, said):
        for patience in (Patience(0, complete=False), Patience(2, complete=False), PATIENT):
            check_finding(transfer, [one], [] if other is None else [standing(other, attempt=1)], patience)


@given(transfers.filter(lambda transfer: transfer.block is not None), siblings, patiences, st.data())
def test_what_is_final_is_never_looked_at_again(
    transfer: Transfer, sibling: Transfer, patience: Patience, data: st.DataObject
) -> None:
    transfer = replace(transfer, final=True)
    said = data.draw(st.lists(sightings(transfer, sibling), max_size=3))
    assert conclude(transfer, said, [sibling], patience) is None


@given(transfers, siblings, patiences, st.data())
def test_while_one_server_has_it_it_is_neither_dropped_nor_replaced_by_another_program(
    transfer: Transfer, sibling: Transfer, patience: Patience, data: st.DataObject
) -> None:
    has_it = data.draw(st.sampled_from([WAITING, mined(block(12))]))
    said = [*data.draw(st.lists(sightings(transfer, sibling), max_size=3)), sighting(has_it, of=transfer)]
    finding = conclude(transfer, data.draw(st.permutations(said)), [], patience)
    assert finding is None or not {S.DROPPED, S.REPLACED} & set(finding.states)
    if has_it.presence is Presence.MINED and transfer.state not in MINED | {S.REPLACED}:
        assert finding is not None
        assert finding.states[-1] in (S.CONFIRMED, S.FAILED)


@given(transfers, siblings, patiences, st.data())
def test_it_is_gone_only_if_every_server_has_denied_it_often_enough(
    transfer: Transfer, sibling: Transfer, patience: Patience, data: st.DataObject
) -> None:
    said = data.draw(st.lists(sightings(transfer, sibling), max_size=3))
    finding = conclude(transfer, said, [], patience)
    gone = {S.DROPPED, S.REPLACED} & set(finding.states if finding else ())
    if gone:
        assert patience.denials >= ROUNDS_UNTIL_GONE
        assert is_denied(transfer, said)
    if S.DROPPED in gone:
        assert patience.complete


@pytest.mark.parametrize("state", [S.CONFIRMED, S.FAILED])
@pytest.mark.parametrize("seen", SAYINGS)
def test_nothing_becomes_final_while_a_server_says_that_its_block_left(state: TransferState, seen: Seen) -> None:
    transfer = standing(state)
    believer = sighting(mined(block(10)), 200, finalized=100)
    doubter = sighting(seen, stands={"0xa10": False}, finalized=100)
    found = told(transfer, believer)
    assert found is not None
    assert found.final
    for said in ([believer, doubter], [doubter, believer]):
        finding = told(transfer, *said)
        assert finding is None or not finding.final


class Chain:
    """A chain in which the transaction really stands in one block, and nothing moves any more."""

    def __init__(self, place: Height, *, succeeded: bool) -> None:
        self.seen = mined(place, succeeded=succeeded)
        self.place = place

    def honest(self, transfer: Transfer, head: int) -> Sighting:
        """Return what a server says that is up to date: the transaction stands in its block."""
        assert self.place.hash is not None
        stands = {self.place.hash: True}
        if transfer.block is not None and transfer.block.hash is not None:
            stands[transfer.block.hash] = transfer.block.hash == self.place.hash
        return sighting(self.seen, head, used=NONCE + 1, stands=stands, finalized=head, of=transfer)


@given(st.sampled_from(SIGNED_OR_LATER), places, st.booleans(), st.data())
def test_once_every_server_tells_the_truth_every_transfer_comes_to_its_true_end(
    state: TransferState, place: Height, succeeded: bool, data: st.DataObject
) -> None:
    chain = Chain(place, succeeded=succeeded)
    transfer = standing(state, data.draw(places))
    assume(state is not S.FINALIZED)
    if transfer.block is not None and transfer.block.hash == place.hash and state is not S.REPLACED:
        transfer = replace(transfer, state=S.CONFIRMED if succeeded else S.FAILED)
    for _ in range(4):
        finding = told(transfer, chain.honest(transfer, 40))
        if finding is None:
            break
        transfer = go(transfer, finding)
    assert transfer.final
    assert transfer.state is (S.FINALIZED if succeeded else S.FAILED)
    assert transfer.block is not None
    assert transfer.block.hash == place.hash


# One by one


@pytest.mark.parametrize("state", [S.SIGNED, S.BROADCAST, S.UNKNOWN, S.DROPPED, S.REPLACED])
@pytest.mark.parametrize("succeeded", [True, False])
def test_a_server_that_shows_it_in_a_block_is_believed(state: TransferState, succeeded: bool) -> None:
    finding = told(standing(state), sighting(ABSENT), sighting(mined(block(12), succeeded=succeeded), host="two"))
    assert finding is not None
    after = go(standing(state), finding)
    assert (after.state, after.block, after.fee_paid) == (S.CONFIRMED if succeeded else S.FAILED, block(12), 20)
    assert finding.host == "two"


@pytest.mark.parametrize("state", [S.SIGNED, S.UNKNOWN, S.DROPPED])
def test_a_server_that_has_it_waiting_makes_it_broadcast(state: TransferState) -> None:
    assert told(standing(state), sighting(ABSENT), sighting(WAITING, host="two")) == Finding((S.BROADCAST,), "two")
    assert told(standing(S.BROADCAST), sighting(WAITING)) is None


@pytest.mark.parametrize("state", [S.BROADCAST, S.UNKNOWN])
def test_a_transfer_is_dropped_after_enough_complete_rounds_of_denial(state: TransferState) -> None:
    denied = sighting(ABSENT, used=NONCE)
    assert told(standing(state), denied) == Finding((S.DROPPED,))
    early = Patience(ROUNDS_UNTIL_GONE - 1, complete=True)
    assert told(standing(state), denied, patience=early) is None
    assert told(standing(state), denied, patience=Patience(9, complete=False)) is None
    assert told(standing(state), sighting(None)) is None
    assert told(standing(state)) is None


def test_a_signed_transfer_is_never_dropped_for_it_may_still_be_sent() -> None:
    assert told(standing(S.SIGNED), sighting(ABSENT, used=NONCE + 1)) is None


@pytest.mark.parametrize("state", [S.BROADCAST, S.UNKNOWN, S.DROPPED])
def test_a_nonce_that_another_program_used_up_replaces(state: TransferState) -> None:
    said = (sighting(ABSENT, 20, used=NONCE + 1), sighting(ABSENT, 22, host="two", used=NONCE + 2))
    assert told(standing(state), *said) == Finding((S.REPLACED,), "two", block(22))
    assert told(standing(state), *said, patience=Patience(1, complete=True)) is None
    behind = told(standing(state), *said, sighting(ABSENT, 19, used=NONCE))
    assert behind is None or S.REPLACED not in behind.states


@pytest.mark.parametrize("state", [S.BROADCAST, S.UNKNOWN, S.DROPPED])
def test_a_sibling_that_is_mined_replaces_at_once_even_if_a_server_lags(state: TransferState) -> None:
    sibling = standing(S.CONFIRMED, block(15), attempt=1)
    early = Patience(0, complete=False)
    assert conclude(standing(state), [sighting(WAITING)], [sibling], early) == Finding((S.REPLACED,), block=block(15))
    waiting = standing(S.BROADCAST, attempt=1)
    found = conclude(standing(state), [sighting(WAITING)], [waiting], early)
    assert found is None or found.states == (S.BROADCAST,)


@pytest.mark.parametrize("state", [S.CONFIRMED, S.FAILED])
def test_a_reorg_leads_back_and_on_to_the_new_block(state: TransferState) -> None:
    transfer = standing(state, block(10))
    left = {"0xa10": False}
    assert told(transfer, sighting(WAITING, stands=left)) == Finding((S.BROADCAST,), "one.example")
    assert told(transfer, sighting(ABSENT, stands=left)) == Finding((S.BROADCAST,), "one.example")
    moved = told(transfer, sighting(mined(block(11, "b")), stands=left))
    assert moved == Finding((S.BROADCAST, S.CONFIRMED), "one.example", block(11, "b"), 20)
    assert go(transfer, moved).settled is None
    # Nobody proved that the block left: such a server may only be behind, or on another branch.
    for seen in (WAITING, ABSENT, mined(block(11, "b"))):
        assert told(transfer, sighting(seen)) is None
        assert told(transfer, sighting(seen, stands={"0xa10": True})) is None


def test_a_replaced_transfer_comes_back_when_its_nonce_is_free_again() -> None:
    replaced = standing(S.REPLACED, block(10))
    assert told(replaced, sighting(ABSENT, 9, used=NONCE)) is None
    assert told(replaced, sighting(ABSENT, 10, used=NONCE)) == Finding((S.UNKNOWN,), "one.example")
    final = sighting(ABSENT, 30, used=NONCE + 1, finalized=25)
    assert told(replaced, final) == Finding((), "one.example", block(10), final=True)
    # One that says otherwise counts more: what is final is never looked at again.
    assert told(replaced, final, sighting(ABSENT, 10, host="two", used=NONCE)) == Finding((S.UNKNOWN,), "two")


def test_a_transfer_replaced_by_a_sibling_is_final_with_it() -> None:
    replaced = standing(S.REPLACED, block(10))
    sibling = standing(S.CONFIRMED, block(10), attempt=1)
    said = [sighting(ABSENT, 200, used=NONCE + 1, finalized=150)]
    assert conclude(replaced, said, [sibling], PATIENT) is None
    assert conclude(replaced, said, [replace(sibling, final=True)], PATIENT) == Finding((), block=block(10), final=True)


@pytest.mark.parametrize(("state", "states"), [(S.CONFIRMED, (S.FINALIZED,)), (S.FAILED, ())])
@pytest.mark.parametrize(
    ("head", "finalized", "is_final"),
    [
        (20, 9, False),
        (20, 10, True),
        (200, 9, False),
        (10 + FINAL_DEPTH - 1, None, False),
        (10 + FINAL_DEPTH, None, True),
    ],
)
def test_final_is_what_the_network_calls_so_or_what_lies_deep(
    state: TransferState, states: tuple[TransferState, ...], head: int, finalized: int | None, is_final: bool
) -> None:
    transfer = standing(state, block(10))
    expected = Finding(states, "one.example", block(10), None, final=True)
    found = told(transfer, sighting(mined(block(10)), head, finalized=finalized))
    assert found == (expected if is_final else None)
    assert told(transfer, sighting(mined(block(10)), head)) == (expected if head - 10 >= FINAL_DEPTH else None)


def test_a_block_of_another_height_or_without_a_hash_proves_nothing() -> None:
    for seen in (Seen(Presence.MINED), mined(Height(HeightKind.BLOCK, 12))):
        assert told(standing(S.BROADCAST), sighting(seen, used=NONCE + 1)) is None
        assert told(standing(S.CONFIRMED), sighting(seen)) is None


def test_only_an_answer_denies() -> None:
    transfer = standing(S.BROADCAST)
    assert not is_denied(transfer, [])
    assert not is_denied(transfer, [sighting(None)])
    assert is_denied(transfer, [sighting(ABSENT), sighting(None)])
    assert not is_denied(transfer, [sighting(ABSENT), sighting(WAITING)])


@pytest.mark.parametrize("state", [S.CONFIRMED, S.FAILED])
def test_a_server_that_forgot_the_receipt_can_still_tell_that_its_block_is_final(state: TransferState) -> None:
    transfer = standing(state)
    stands = {"0xa10": True}
    finding = told(transfer, sighting(ABSENT, 30, used=NONCE + 1, stands=stands, finalized=20))
    assert finding is not None
    assert go(transfer, finding).final
    assert told(transfer, sighting(ABSENT, 30, used=NONCE + 1, stands=stands, finalized=9)) is None
    assert told(transfer, sighting(ABSENT, 30, stands=stands, finalized=20)) is None


@pytest.mark.parametrize("state", [S.CONFIRMED, S.FAILED])
@pytest.mark.parametrize("seen", [ABSENT, WAITING])
def test_it_was_never_in_a_block_that_stands_while_its_nonce_is_free(state: TransferState, seen: Seen) -> None:
    transfer = standing(state)
    finding = told(transfer, sighting(seen, 30, used=NONCE, stands={"0xa10": True}, finalized=20))
    assert finding is not None
    assert finding.states == (S.BROADCAST,)
