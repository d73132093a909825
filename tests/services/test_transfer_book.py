"""The book of transfers: what it derives from a few of many is what follows from all of them."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core import transfers as rules
from desktop_wallet.core.cautions import PaidBefore
from desktop_wallet.core.transfers import (
    EDGES,
    Step,
    Transfer,
    TransferId,
    TransferKind,
    TransferState,
    advance,
    touched,
)
from desktop_wallet.services.feed import ChangeFeed
from desktop_wallet.services.slicing import Slicer
from desktop_wallet.services.transfers import TransferBook
from tests.fakes.readings import NETWORK, reading
from tests.fakes.transfers import COIN, RECIPIENT, SENDER, STRANGER, TOKEN, block, signed, through

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.invalidation import Scope
    from desktop_wallet.registry.registry import Registry

S = TransferState
_WITH_BLOCK = (S.CONFIRMED, S.FAILED, S.REPLACED)
_TIP = 12


class WillingRegistry:
    """Stores whatever it is told to."""

    def __init__(self, transfers: Sequence[Transfer] = ()) -> None:
        self._transfers = tuple(transfers)

    async def load_transfers(self) -> tuple[Transfer, ...]:
        return self._transfers

    async def add_transfer(self, transfer: Transfer, scopes: Iterable[Scope], cause: str) -> int:
        return 1

    async def update_transfer(
        self, before: Transfer, after: Transfer, scopes: Iterable[Scope] = (), cause: str = ""
    ) -> int | None:
        return 1


def book_of(*transfers: Transfer) -> TransferBook:
    return TransferBook(cast("Registry", WillingRegistry(transfers)), ChangeFeed(), lambda _: 18)


@given(st.randoms(use_true_random=False))
async def test_what_is_spendable_is_what_follows_from_everything_that_was_ever_signed(chance: random.Random) -> None:
    book = book_of()
    for number in range(chance.randrange(1, 8)):
        known = book.all()
        if known and chance.random() < 0.4:  # another transaction of the same nonce
            first = chance.choice(known)
            attempt = 1 + max(each.attempt for each in known if each.nonce == first.nonce)
            kind = chance.choice([TransferKind.PAYMENT, TransferKind.CANCEL])
            other: dict[str, Any] = {"kind": kind}
            if kind is TransferKind.CANCEL:
                other |= {"recipient": SENDER, "amount": 0}
            await book.add(signed(first.nonce, attempt, asset=chance.choice([COIN, TOKEN]), **other), "signed")
        else:
            await book.add(signed(number, asset=chance.choice([COIN, TOKEN]), amount=chance.randrange(2_000)), "signed")
        for _ in range(chance.randrange(6)):
            await book.change(chance.choice(book.all()).id, lambda before: _another(before, chance))
    for asset in (COIN, TOKEN):
        key = touched(signed(asset=asset).draft, COIN)[0]
        for number in (None, *range(0, _TIP + 4, 3)):
            held = reading(number or 0, key=key, amount=9_000)
            if number is None:
                held = replace(held, position=replace(block(_TIP), commitment="another"))
            without = chance.choice([None, *(each.slot for each in book.all())])
            counted = [each for each in _with_rivals(book, key) if each.slot != without]
            assert book.spendable(key, held, without=without) == rules.spendable(key, held, counted)


def _another(transfer: Transfer, chance: random.Random) -> Transfer:
    """Return the transfer after a step that the machine has, or settled, or with its settlement unknown again."""
    steps = sorted(EDGES[transfer.state], key=lambda state: state.value)
    if transfer.state.is_mined and chance.random() < 0.5:
        return replace(transfer, settled=None if transfer.settled else block(chance.randrange(_TIP)))
    if not steps:
        return transfer
    state = chance.choice(steps)
    at = block(chance.randrange(_TIP))
    if chance.random() < 0.1:
        at = replace(at, commitment="another")
    return advance(transfer, Step(state, transfer.steps[-1].at_s + 1.0), block=at if state in _WITH_BLOCK else None)


def _with_rivals(book: TransferBook, key: BalanceKey) -> list[Transfer]:
    slots = {each.slot for each in book.all() if key in touched(each.draft, each.fee.asset)}
    return [each for each in book.all() if each.slot in slots]


async def test_thousands_are_taken_in_while_the_loop_serves_others() -> None:
    book = book_of(*(signed(nonce) for nonce in range(1_000)))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    serving = asyncio.ensure_future(others())
    await book.load(Slicer())
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving
    assert len(book.all()) == 1_000
    assert turns >= 30


async def test_only_what_may_still_change_is_looked_after() -> None:
    book = book_of()
    sent, other = signed(1), signed(2)
    await book.add(sent, "signed")
    await book.add(other, "signed")
    assert book.unfinished(NETWORK) == (sent, other)
    await book.change(sent.id, lambda t: replace(through(t, [S.BROADCAST, S.CONFIRMED], block(5)), final=True))
    assert [each.id for each in book.unfinished(NETWORK)] == [sent.id, other.id], "its balances are not settled"
    await book.change(sent.id, lambda t: replace(t, settled=block(6)))
    assert book.unfinished(NETWORK) == (other,)
    await book.change(sent.id, lambda t: advance(t, Step(S.BROADCAST, 0.0)))
    assert {each.id for each in book.unfinished(NETWORK)} == {sent.id, other.id}, "a reorg took it back"
    assert [each.id for each in book.of_account(NETWORK, SENDER)] == [sent.id, other.id]
    assert book.of_account(NETWORK, STRANGER) == ()


async def test_who_was_paid_is_forgotten_when_a_reorg_takes_the_payment_back() -> None:
    book = book_of()
    paid = signed(1, amount=10**18)
    dust = replace(signed(2, amount=1, recipient=STRANGER), id=TransferId("dust"))
    for each in (paid, dust):
        await book.add(each, "signed")
        await book.change(each.id, lambda t: through(t, [S.BROADCAST, S.CONFIRMED], block(5)))
    assert book.paid(RECIPIENT) == PaidBefore(1, paid.at_s)
    assert book.paid(STRANGER) == PaidBefore()
    assert book.paid_addresses() == (RECIPIENT,)
    await book.change(paid.id, lambda t: advance(t, Step(S.BROADCAST, 0.0)))
    assert book.paid(RECIPIENT) == PaidBefore()
    assert book.paid_addresses() == ()
