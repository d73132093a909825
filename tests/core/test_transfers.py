"""The machine of transfers has the edges that are drawn and no others, and no history makes too much spendable.

What is spendable and pending is compared with a chain that knows the truth: nonces used up at heights by one of our
attempts or by another program, while the wallet knows less of it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.positions import Unordered
from desktop_wallet.core.transfers import (
    EDGES,
    Ahead,
    Fee,
    IllegalStep,
    Step,
    TransferKind,
    TransferState,
    advance,
    ahead_of,
    change_of,
    check_step,
    expected_change,
    is_counted,
    scopes,
    spendable,
    touched,
)
from tests.fakes.readings import NETWORK, reading
from tests.fakes.transfers import COIN, RECIPIENT, SENDER, STRANGER, TOKEN, block, signed, through

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.transfers import Transfer

S = TransferState
MINED = {S.CONFIRMED, S.FAILED, S.FINALIZED}
OPEN = {S.SIGNED, S.BROADCAST, S.UNKNOWN}
DRAWN = {
    (S.DRAFT, S.QUOTED),
    (S.QUOTED, S.DRAFT),
    (S.QUOTED, S.REVIEWED),
    (S.REVIEWED, S.DRAFT),
    (S.REVIEWED, S.QUOTED),
    (S.REVIEWED, S.SIGNED),
    (S.SIGNED, S.BROADCAST),
    (S.SIGNED, S.UNKNOWN),
    (S.BROADCAST, S.CONFIRMED),
    (S.BROADCAST, S.FAILED),
    (S.BROADCAST, S.DROPPED),
    (S.BROADCAST, S.REPLACED),
    (S.UNKNOWN, S.BROADCAST),
    (S.UNKNOWN, S.CONFIRMED),
    (S.UNKNOWN, S.FAILED),
    (S.UNKNOWN, S.DROPPED),
    (S.UNKNOWN, S.REPLACED),
    (S.DROPPED, S.BROADCAST),
    (S.DROPPED, S.UNKNOWN),
    (S.DROPPED, S.CONFIRMED),
    (S.DROPPED, S.FAILED),
    (S.DROPPED, S.REPLACED),
    (S.CONFIRMED, S.FINALIZED),
    (S.CONFIRMED, S.BROADCAST),
    (S.FAILED, S.BROADCAST),
    (S.REPLACED, S.UNKNOWN),
}
"""Every step that a transfer may take, written down once more by hand."""
KEYS = [BalanceKey(NETWORK, address, asset) for address in (SENDER, RECIPIENT, STRANGER) for asset in (COIN, TOKEN)]


def standing(state: TransferState) -> Transfer:
    """Return a transfer in some state, with the block that belongs to it."""
    return replace(signed(), state=state, block=block(5) if state in MINED | {S.REPLACED} else None)


# The machine


@pytest.mark.parametrize(("before", "after"), list(product(S, S)))
def test_the_machine_has_exactly_the_edges_that_are_drawn(before: TransferState, after: TransferState) -> None:
    step = Step(after, 7.0, 9, "one.example")
    if (before, after) not in DRAWN:
        with pytest.raises(IllegalStep):
            check_step(before, after)
        with pytest.raises(IllegalStep):
            advance(standing(before), step, block=block(9), fee_paid=3)
        return
    check_step(before, after)
    moved = advance(standing(before), step, block=block(9), fee_paid=3)
    assert (moved.state, moved.steps) == (after, (*standing(before).steps, step))


def test_every_state_has_its_edges() -> None:
    assert {(before, after) for before, others in EDGES.items() for after in others} == DRAWN
    assert set(EDGES) == set(S)


@pytest.mark.parametrize("state", [S.CONFIRMED, S.FAILED, S.REPLACED])
def test_what_uses_a_nonce_up_needs_a_block(state: TransferState) -> None:
    with pytest.raises(IllegalStep, match="without a block"):
        advance(standing(S.BROADCAST), Step(state, 1.0))
    if state is not S.REPLACED:
        with pytest.raises(IllegalStep, match="without a block"):
            advance(standing(S.BROADCAST), Step(state, 1.0), block=replace(block(1), hash=None))


@given(
    st.lists(st.tuples(st.integers(0, 10), st.integers(1, 50), st.none() | st.integers(0, 99), st.booleans())),
    st.lists(st.sampled_from(["close", "settle", "note", ""])),
)
def test_whatever_way_a_transfer_goes_it_fits_its_state(
    walk: list[tuple[int, int, int | None, bool]], between: list[str]
) -> None:
    transfer = replace(signed(), closed=True)
    acts = [*between, *[""] * len(walk)]
    for (choice, height, fee, final), act in zip(walk, acts, strict=False):
        ways = sorted(EDGES[transfer.state], key=lambda state: state.value)
        if not ways:
            break
        before = transfer
        step = Step(ways[choice % len(ways)], before.steps[-1].at_s + 1.0, height)
        transfer = advance(before, step, block=block(height), fee_paid=fee, final=final)
        assert transfer.steps == (*before.steps, step)
        assert transfer == replace(
            before,
            state=transfer.state,
            steps=transfer.steps,
            block=transfer.block,
            fee_paid=transfer.fee_paid,
            settled=transfer.settled,
            final=transfer.final,
            closed=transfer.closed,
        )
        check_fits(transfer, before)
        if act == "close" and not transfer.state.is_mined:
            transfer = replace(transfer, closed=True)
            assert not transfer.is_waiting
        elif act == "settle" and transfer.state.is_mined:
            transfer = replace(transfer, settled=block(height + 1))
            assert not transfer.is_waiting
        elif act == "note":
            transfer = replace(transfer, note="rent")


def check_fits(transfer: Transfer, before: Transfer) -> None:
    """Assert what holds after any step."""
    state = transfer.state
    assert transfer.steps[-1].state is state
    assert (transfer.block is None) == (state not in MINED | {S.REPLACED})
    assert transfer.fee_paid is None or state in MINED
    assert not transfer.final or state in MINED | {S.REPLACED}
    assert not transfer.closed or (before.closed and state in {S.DROPPED, S.REPLACED})
    assert transfer.is_waiting == (state in OPEN or (state in MINED and transfer.settled is None))
    assert (state.is_open, state.is_mined) == (state in OPEN, state in MINED)
    if state is S.FINALIZED:
        assert transfer.final
        assert (transfer.block, transfer.fee_paid, transfer.settled) == (before.block, before.fee_paid, before.settled)
    else:
        assert transfer.settled is None


def test_what_comes_back_to_life_is_no_longer_closed() -> None:
    closed = replace(standing(S.UNKNOWN), closed=True)
    assert not closed.is_waiting
    assert through(closed, [S.BROADCAST]).is_waiting
    assert through(closed, [S.CONFIRMED], block(3)).is_waiting
    dropped = through(closed, [S.DROPPED])
    assert dropped.closed
    assert through(dropped, [S.UNKNOWN]).is_waiting


def test_the_time_of_signing_is_told_whatever_came_before_or_after() -> None:
    drafted = replace(signed(), steps=(Step(S.DRAFT, 1.0), Step(S.SIGNED, 2.0), Step(S.BROADCAST, 3.0)))
    assert drafted.at_s == 2.0
    assert replace(drafted, steps=(Step(S.UNKNOWN, 5.0),)).at_s == 5.0


@given(st.sampled_from([SENDER, RECIPIENT, STRANGER]), st.sampled_from([COIN, TOKEN]), st.sampled_from(KEYS))
def test_a_transfer_invalidates_what_it_changes_and_nothing_else(
    recipient: Address, asset: AssetId, key: BalanceKey
) -> None:
    transfer = signed(recipient=recipient, asset=asset, amount=7)
    keys = touched(transfer.draft, COIN)
    assert len(keys) == len(set(keys))
    assert scopes(transfer) == tuple(Scope(each.network, each.address, each.asset) for each in keys)
    if key not in keys:
        assert change_of(transfer, key) == 0
        assert expected_change(key, None, [transfer]) is None


# What is pending and what may be spent


@dataclass(frozen=True, slots=True)
class Slot:
    """One nonce as the chain has it: `winner` is the attempt that used it up at `height`, None if nothing did.

    A winner of -1 is another program's, which took `outside` coins.
    """

    attempts: tuple[Transfer, ...]
    winner: int | None
    height: int
    succeeded: bool
    fee_paid: int
    outside: int

    def is_used_at(self, height: int) -> bool:
        return self.winner is not None and self.height <= height

    def most_taken(self, key: BalanceKey) -> int:
        return max(most(attempt, key) for attempt in self.attempts)


@dataclass(frozen=True, slots=True)
class History:
    """What is on the chain, and how many coins and tokens everybody had at its beginning."""

    slots: tuple[Slot, ...]
    start: int

    def balances(self, height: int) -> dict[BalanceKey, int]:
        """Return all balances once the block of that height is done."""
        held = dict.fromkeys(KEYS, self.start)
        for slot in self.slots:
            if not slot.is_used_at(height) or slot.winner is None:
                continue
            if slot.winner < 0:
                held[BalanceKey(NETWORK, SENDER, COIN)] -= slot.outside
            else:
                pay(held, slot.attempts[slot.winner], slot.fee_paid, moves=slot.succeeded)
        return held


def pay(held: dict[BalanceKey, int], transfer: Transfer, fee: int, *, moves: bool = True) -> None:
    sent = transfer.draft
    held[BalanceKey(NETWORK, sent.sender, transfer.fee.asset)] -= fee
    if moves:
        held[BalanceKey(NETWORK, sent.sender, sent.asset)] -= sent.amount
        held[BalanceKey(NETWORK, sent.recipient, sent.asset)] += sent.amount


def most(transfer: Transfer, key: BalanceKey) -> int:
    """Return what a transfer may take: where it goes back to its sender that is the fee."""
    held: dict[BalanceKey, int] = defaultdict(int)
    pay(held, transfer, transfer.fee.most)
    return max(-held[key], 0)


@st.composite
def slots(draw: st.DrawFn, nonce: int, height: int | None) -> Slot:
    """Draw a nonce with one to three attempts, used up at `height` unless that is None."""
    attempts = []
    for attempt in range(draw(st.integers(1, 3))):
        expected = draw(st.integers(0, 50))
        fee = Fee(COIN, expected, expected + draw(st.integers(0, 50)))
        recipient = draw(st.sampled_from([SENDER, RECIPIENT, STRANGER]))
        asset = draw(st.sampled_from([COIN, TOKEN]))
        attempts.append(
            signed(nonce, attempt, fee=fee, recipient=recipient, asset=asset, amount=draw(st.integers(0, 1_000)))
        )
    winner = None if height is None else draw(st.integers(-1, len(attempts) - 1))
    fee_most = attempts[winner].fee.most if winner is not None and winner >= 0 else 0
    return Slot(
        tuple(attempts),
        winner,
        height or 0,
        draw(st.booleans()),
        draw(st.integers(0, fee_most)),
        draw(st.integers(0, 99)),
    )


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw up to four nonces, used up in their order as far as they are, in a chain of ten blocks."""
    count = draw(st.integers(1, 4))
    heights = sorted(draw(st.lists(st.integers(1, 10), max_size=count)))
    drawn = tuple(draw(slots(nonce, heights[nonce] if nonce < len(heights) else None)) for nonce in range(count))
    least = sum(max(slot.most_taken(key) for key in KEYS) + slot.outside for slot in drawn)
    return History(drawn, least + draw(st.integers(0, 300)))


@st.composite
def knowledge(draw: st.DrawFn, slot: Slot, *, whole: bool) -> list[Transfer]:
    """Draw what the wallet knows of a nonce's attempts: with `whole` all that there is to know, else maybe less."""
    known = []
    freed = slot.winner is None and len(slot.attempts) > 1 and not whole and draw(st.booleans())
    for number, attempt in enumerate(slot.attempts):
        is_seen = slot.winner is not None and (whole or draw(st.booleans()))
        if not is_seen:
            state = draw(st.sampled_from([S.SIGNED, S.BROADCAST, S.UNKNOWN, S.DROPPED]))
            known.append(replace(attempt, state=state, closed=draw(st.booleans())))
        elif number == slot.winner:
            state = draw(st.sampled_from([S.CONFIRMED, S.FINALIZED])) if slot.succeeded else S.FAILED
            settled = block(slot.height + draw(st.integers(0, 3)))
            known.append(
                replace(
                    attempt,
                    state=state,
                    block=block(slot.height),
                    fee_paid=slot.fee_paid,
                    settled=settled if whole or draw(st.booleans()) else None,
                )
            )
        else:
            at = slot.height if whole else slot.height + draw(st.integers(0, 3))
            known.append(replace(attempt, state=S.REPLACED, block=block(at)))
    if freed:  # a reorg took the winner back, and the others have not been looked at since
        known[0] = replace(known[0], state=S.REPLACED, block=block(draw(st.integers(1, 10))))
    return known


def known_of(data: st.DataObject, history: History, *, whole: bool) -> list[Transfer]:
    known = [transfer for slot in history.slots for transfer in data.draw(knowledge(slot, whole=whole))]
    return data.draw(st.permutations(known))


@given(histories(), st.integers(0, 12), st.sampled_from(KEYS), st.data())
def test_whatever_little_is_known_nothing_is_spendable_that_a_transfer_may_still_take(
    history: History, height: int, key: BalanceKey, data: st.DataObject
) -> None:
    held = history.balances(height)[key]
    known = known_of(data, history, whole=False)
    found = spendable(key, reading(height, amount=held, key=key), known)
    free = held - sum(slot.most_taken(key) for slot in history.slots if not slot.is_used_at(height))
    assert 0 <= found <= max(free, 0)


@given(histories(), st.integers(0, 12), st.sampled_from(KEYS), st.data())
def test_once_all_is_known_and_settled_each_nonce_is_released_at_its_block_and_once(
    history: History, height: int, key: BalanceKey, data: st.DataObject
) -> None:
    held = history.balances(height)[key]
    known = known_of(data, history, whole=True)
    free = held - sum(slot.most_taken(key) for slot in history.slots if not slot.is_used_at(height))
    assert spendable(key, reading(height, amount=held, key=key), known) == max(free, 0)


@given(histories(), st.integers(0, 12), st.sampled_from(KEYS), st.data())
def test_what_is_pending_leads_from_the_reading_to_the_balance_after_everything_that_waits(
    history: History, height: int, key: BalanceKey, data: st.DataObject
) -> None:
    held = history.balances(height)
    known, after, touches = [], history.balances(height), False
    for slot in history.slots:
        if slot.winner == -1:
            continue
        won = None if slot.winner is None else slot.attempts[slot.winner]
        open_ones = [
            replace(each, state=data.draw(st.sampled_from(sorted(OPEN, key=lambda state: state.value))))
            for each in slot.attempts
            if each is not won
        ]
        if won is not None:
            state = S.CONFIRMED if slot.succeeded else S.FAILED
            mined = replace(won, state=state, block=block(slot.height), fee_paid=slot.fee_paid)
            known += [mined, *open_ones]
            if not slot.is_used_at(height):
                pay(after, won, slot.fee_paid, moves=slot.succeeded)
        else:
            known += open_ones
            pay(after, slot.attempts[-1], slot.attempts[-1].fee.expected)
        touches |= any(key in touched(each.draft, COIN) for each in slot.attempts)
    found = expected_change(key, reading(height, amount=held[key], key=key), data.draw(st.permutations(known)))
    assert found == (after[key] - held[key] if touches else None)


@given(histories(), st.sampled_from(KEYS), st.data())
def test_what_is_dropped_unknown_or_closed_releases_nothing(
    history: History, key: BalanceKey, data: st.DataObject
) -> None:
    attempts = [attempt for slot in history.slots for attempt in slot.attempts]
    states = st.sampled_from([S.SIGNED, S.BROADCAST, S.UNKNOWN, S.DROPPED])
    left = [replace(each, state=data.draw(states), closed=data.draw(st.booleans())) for each in attempts]
    held = reading(20, amount=history.start, key=key)
    assert spendable(key, held, left) == spendable(key, held, attempts)
    assert spendable(key, held, attempts) == history.start - sum(slot.most_taken(key) for slot in history.slots)


def free(known: Sequence[Transfer], height: int, amount: int = 5_000) -> int:
    return spendable(KEYS[0], reading(height, amount=amount), known)


def pending(known: Iterable[Transfer], height: int, key: BalanceKey = KEYS[0]) -> int | None:
    return expected_change(key, reading(height, amount=5_000, key=key), known)


def test_a_transfer_is_released_by_a_settled_block_at_or_below_the_reading() -> None:
    sent = through(signed(), [S.BROADCAST])
    mined = through(sent, [S.CONFIRMED], block(10), fee_paid=20)
    settled = replace(mined, settled=block(11))
    assert free([sent], 10) == 5_000 - 1_000 - 42
    assert free([mined], 10) == 5_000 - 1_000 - 42
    assert free([settled], 9) == 5_000 - 1_000 - 42
    assert free([settled], 10, 3_980) == 3_980
    undone = through(settled, [S.BROADCAST])
    assert free([undone], 12) == 5_000 - 1_000 - 42


def test_a_replaced_transfer_is_released_only_once_the_one_that_took_its_place_is_settled() -> None:
    first = through(signed(0, 0), [S.BROADCAST])
    second = through(signed(0, 1, fee=Fee(COIN, 30, 60)), [S.BROADCAST])
    mined = through(second, [S.CONFIRMED], block(10))
    replaced = through(first, [S.REPLACED], block(10))
    assert free([first, second], 9) == 5_000 - 1_060
    assert free([replaced, mined], 10) == 5_000 - 1_060
    assert free([replaced, replace(mined, settled=block(10))], 10) == 5_000
    assert free([replaced, through(mined, [S.BROADCAST])], 10) == 5_000 - 1_060


def test_a_nonce_that_another_program_used_is_released_at_that_height() -> None:
    replaced = through(signed(), [S.BROADCAST, S.REPLACED], block(10))
    assert free([replaced], 9) == 5_000 - 1_042
    assert free([replaced], 10) == 5_000


def test_a_failed_transfer_takes_its_fee_alone() -> None:
    failed = through(signed(), [S.BROADCAST, S.FAILED], block(10), fee_paid=20)
    assert pending([failed], 9) == -20
    assert pending([failed], 9, BalanceKey(NETWORK, RECIPIENT, COIN)) == 0
    assert pending([failed], 10) == 0
    assert free([failed], 10) == 5_000 - 1_042
    assert free([replace(failed, settled=block(10))], 10) == 5_000


def test_what_one_sends_to_oneself_costs_its_fee() -> None:
    to_oneself = through(signed(recipient=SENDER), [S.BROADCAST])
    assert pending([to_oneself], 9) == -21
    assert free([to_oneself], 9) == 5_000 - 42


def test_an_own_recipient_expects_what_is_sent() -> None:
    sent = through(signed(asset=TOKEN, amount=7), [S.BROADCAST])
    assert pending([sent], 9, BalanceKey(NETWORK, RECIPIENT, TOKEN)) == 7
    assert pending([sent], 9, BalanceKey(NETWORK, SENDER, TOKEN)) == -7
    assert pending([sent], 9) == -21
    assert pending([sent], 9, BalanceKey(NETWORK, RECIPIENT, COIN)) is None
    assert pending([replace(sent, closed=True)], 9) is None
    assert pending([through(sent, [S.DROPPED])], 9) is None


def test_a_cancel_takes_what_was_expected_from_the_recipient_too() -> None:
    recipient = BalanceKey(NETWORK, RECIPIENT, COIN)
    first = through(signed(0, 0), [S.BROADCAST])
    cancel = signed(0, 1, recipient=SENDER, amount=0, kind=TransferKind.CANCEL, replaces=first.id)
    assert pending([first], 9, recipient) == 1_000
    assert pending([first, cancel], 9, recipient) == 0
    mined = through(cancel, [S.BROADCAST, S.CONFIRMED], block(10), fee_paid=22)
    assert pending([first, mined], 9, recipient) == 0
    assert pending([first, mined], 9) == -22
    assert pending([first, mined], 10) == 0
    for key in (recipient, BalanceKey(NETWORK, SENDER, COIN)):
        assert pending([first, replace(mined, settled=block(10))], 10, key) is None, "nothing more can happen"
    assert free([first, cancel], 9) == 5_000 - 1_042


def test_nothing_counts_without_a_height() -> None:
    mined = through(signed(), [S.BROADCAST, S.CONFIRMED], block(10))
    assert not is_counted(mined, None)
    assert not is_counted(mined, replace(reading(20), position=Unordered()))
    assert not is_counted(signed(), reading(20))


def test_what_a_transfer_waits_for_are_numbers_that_nobody_here_has_and_its_own_doubtful_elders() -> None:
    waits = through(signed(5), [S.BROADCAST])
    elder = through(signed(3), [S.BROADCAST])
    assert ahead_of(waits, 3, [elder, waits]) == Ahead(missing=(4,))
    assert ahead_of(waits, 5, [elder, waits]) == Ahead()
    lost = through(elder, [S.DROPPED])
    again = through(signed(3, 1), [S.BROADCAST])
    assert ahead_of(waits, 3, [lost, waits]) == Ahead(missing=(4,), doubtful=(3,))
    assert ahead_of(waits, 3, [lost, again, waits]) == Ahead(missing=(4,)), "a newer one of that number is on its way"
    assert ahead_of(waits, 3, [replace(elder, closed=True), waits]).doubtful == (3,)
    assert ahead_of(through(waits, [S.CONFIRMED], block(9), fee_paid=1), 3, []) == Ahead()
    assert len(ahead_of(signed(10**6), 0, []).missing) == 1_000
