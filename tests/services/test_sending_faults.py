"""Sending where something is at fault: a server, the disk, a part of our own, or the moment at which things happen."""

from __future__ import annotations

import asyncio
import gc
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import ref

import pytest
from typing_extensions import override

from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.cautions import CautionKind
from desktop_wallet.core.errors import NotAllowed, NotChecked, NotEnough, StorageFull, VaultLocked, WrongPassword
from desktop_wallet.core.fees import FeeChoices, Speed
from desktop_wallet.core.freshness import BadgeKind, Purpose
from desktop_wallet.core.transfers import TransferState
from tests.fakes.clock import FakeClock
from tests.fakes.engine import network
from tests.fakes.model_chain import ModelChain
from tests.fakes.sending_engine import OURS, WATCHED, sending_engine
from tests.fakes.sleepers import settle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from desktop_wallet.chains.adapter import Delivery, Mined, ReadBatch, ReadRequest, Wanted
    from desktop_wallet.core.positions import Height
    from desktop_wallet.core.quotes import Quote
    from desktop_wallet.core.sightings import Sighting
    from desktop_wallet.core.signing import SignedTransaction, TransactionId
    from desktop_wallet.core.transfers import Draft


class FaultyChain(ModelChain):
    """A model chain whose adapter can be counted, held up, and made to fail."""

    def __init__(self, clock: FakeClock, *, block_time_s: float = 12.0, servers: int = 2) -> None:
        super().__init__(network(servers=servers, block_time_s=block_time_s), clock)
        self.looks = 0
        self.bugs: list[Exception] = []
        """Raised by the next looks, one each."""
        self.unreadable: set[str] = set()
        """Addresses whose balances no server gives."""
        self.may_look = asyncio.Event()
        self.may_look.set()
        self.head_age_s = 0
        self.counts_too_many = 0
        self.data_fee_wei = 0
        self.asked: list[tuple[frozenset[TransactionId], bool]] = []
        """What each look was for, and whether every server was asked."""
        self.may_end = asyncio.Event()
        self.may_end.set()

    @override
    async def look_up(self, wanted: Sequence[Wanted], *, everywhere: bool = False) -> tuple[Sighting, ...]:
        self.looks += 1
        self.asked.append((frozenset(each.transaction for each in wanted), everywhere))
        if self.bugs:
            raise self.bugs.pop()
        seen = await super().look_up(wanted, everywhere=everywhere)
        await self.may_look.wait()
        return seen

    @override
    async def broadcast(self, signed: SignedTransaction) -> AsyncIterator[Delivery]:
        async for delivery in super().broadcast(signed):
            yield delivery
            await self.may_end.wait()

    @override
    async def quote(self, draft: Draft) -> Quote:
        quote = await super().quote(draft)
        pool = {p.nonce for p in next(iter(self.servers.values())).pool.values() if p.sender == draft.sender.text}
        waiting = next(nonce for nonce in itertools.count(quote.used_nonces) if nonce not in pool)  # as nodes count
        fees = [
            replace(fee, data_fee_wei=self.data_fee_wei, data_fee_most_wei=2 * self.data_fee_wei)
            for fee in (quote.fees.slow, quote.fees.normal, quote.fees.fast)
        ]
        return replace(
            quote,
            fees=FeeChoices(*fees),
            used_nonces=quote.used_nonces + self.counts_too_many,
            waiting_nonces=waiting + self.counts_too_many,
        )

    @override
    def _height(self, number: int) -> Height:
        height = super()._height(number)
        return replace(height, time_s=int(self._clock.wall_s) - self.head_age_s)

    @override
    async def read_settled(self, request: ReadRequest, mined: Sequence[Mined], *, at_least: int) -> ReadBatch | None:
        batch = await super().read_settled(request, mined, at_least=at_least)
        return batch and replace(
            batch, readings=tuple(r for r in batch.readings if r.key.address.text not in self.unreadable)
        )


def listen_for_crashes() -> list[str]:
    """Return what reaches the loop's handler, and with it the crash report, from now on."""
    found: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: found.append(str(context.get("exception"))))
    return found


async def test_a_transfer_that_waits_for_hours_is_still_watched_and_costs_few_requests(tmp_path: Path) -> None:
    clock = FakeClock()
    chain = FaultyChain(clock, block_time_s=1.0)
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        sent = await e.pay()
        per_minute = []
        for _ in range(3 * 60):
            before = chain.looks
            await e.sleepers.advance(60)
            per_minute.append(chain.looks - before)
        assert (max(per_minute), set(per_minute[5:])) == (31, {4})
        chain.mine()
        await e.see(lambda: e.transfers.get(sent.id).settled, within_s=20)


async def test_a_bug_in_one_look_ends_no_watch(tmp_path: Path) -> None:
    crashes, clock = listen_for_crashes(), FakeClock()
    chain = FaultyChain(clock)
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        chain.bugs = [ValueError("a bug")]
        sent = await e.pay()
        chain.mine()
        await e.see(lambda: e.transfers.get(sent.id).settled)
        assert crashes == ["a bug"], "and it is told of"


async def test_what_cannot_be_handed_over_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crashes = listen_for_crashes()
    async with sending_engine(tmp_path) as e:
        for server in e.chain.servers.values():
            server.deaf = server.swallows = True
        sent = await e.pay()
        await e.see(lambda: e.transfers.get(sent.id).state is TransferState.UNKNOWN)

        def removed(*_: object) -> None:
            raise KeyError("a network that was removed")

        with monkeypatch.context() as patch:
            patch.setattr(type(e.settling._parts.adapters), "of", removed)
            async with asyncio.timeout(5):
                assert (await e.sending.send_again(sent.id)).state is TransferState.UNKNOWN
        assert not e.sending.busy
        await settle()
        assert crashes == ["'a network that was removed'"]


async def test_a_balance_that_nobody_can_read_holds_up_no_other_payment(tmp_path: Path) -> None:
    clock = FakeClock()
    chain = FaultyChain(clock)
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        stuck = await e.pay(to=OURS[1])
        other = await e.pay(to=WATCHED)
        chain.unreadable = {OURS[1].text}
        chain.mine()
        await e.see(lambda: e.transfers.get(other.id).settled, within_s=10)
        assert e.transfers.get(stuck.id).settled is None
        chain.unreadable.clear()
        await e.see(lambda: e.transfers.get(stuck.id).settled)


async def test_what_is_being_cancelled_is_no_longer_expected(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        await e.balances.read([e.key(OURS[1])])
        sent = await e.pay(7_000)
        draft, speed = await e.sending.draft_cancel(sent.id)
        cancel = await e.sending.send(await e.sending.review(draft, speed))
        assert e.balances.badge(e.key(OURS[1]), None).expected_change == 0
        assert e.balances.badge(e.key(), None).expected_change == -cancel.fee.expected
        e.chain.mine()
        await e.see(lambda: e.transfers.get(cancel.id).settled, within_s=5)
        await e.see(lambda: e.transfers.get(sent.id).state is TransferState.REPLACED)
        assert e.balances.badge(e.key(), None).expected_change is None


async def test_a_balance_of_a_chain_that_stands_still_is_not_spent(tmp_path: Path) -> None:
    clock = FakeClock()
    chain = FaultyChain(clock)
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        chain.head_age_s = 3_600
        with pytest.raises(NotChecked):
            await e.sending.review(e.draft())
        chain.head_age_s = 0
        review = await e.sending.review(e.draft())
        clock.advance(6)
        chain.head_age_s = 3_600
        with pytest.raises(NotChecked):
            await e.sending.send(review)
        assert e.vault.signed == 0


async def test_a_longer_limit_that_a_person_has_set_for_payments_holds(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        await e.settings.change(ttl_s={(Purpose.SPEND, None): 20.0})
        first = await e.sending.review(e.draft())
        e.clock.advance(10)
        second = await e.sending.review(e.draft())
        assert second.reading.started == first.reading.started
        e.clock.advance(11)
        third = await e.sending.review(e.draft())
        assert third.reading.started.boot_s == e.clock.boot_s


async def test_what_took_long_to_sign_is_checked_again_before_it_is_kept(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        rich = e.chain.balance(OURS[0].text)
        review = await e.sending.review(e.draft(rich - 10**8))

        def the_keyring_asks() -> None:
            e.clock.advance(60)
            e.chain.gifts[OURS[0].text] = -(10**9)
            e.chain.mine()

        e.vault.on_signing = the_keyring_asks
        with pytest.raises(NotEnough):
            await e.sending.send(review)
        assert (e.transfers.all(), len(e.chain.broadcasts)) == ((), 0)


async def test_what_follows_the_record_breaks_no_payment(tmp_path: Path) -> None:
    crashes = listen_for_crashes()
    async with sending_engine(tmp_path) as e:

        def broken(_: object) -> None:
            raise ValueError("a bug")

        e.transfers.on_invalidated = broken
        review = await e.sending.review(e.draft())
        sent = await e.sending.send(review)
        assert (await e.sending.send(review)).id == sent.id
        e.chain.mine()
        await e.see(lambda: e.transfers.get(sent.id).settled)
        assert (e.vault.signed, e.chain.paid(OURS[1])) == (1, 1)
        assert set(crashes) == {"a bug"}


async def test_a_payment_that_failed_keeps_no_password(tmp_path: Path) -> None:
    class Password(str):
        """A text that can be followed."""

        __slots__ = ("__weakref__",)

    def wrong() -> None:
        raise WrongPassword

    async with sending_engine(tmp_path) as e:
        e.vault.on_signing = wrong
        review = await e.sending.review(e.draft())
        password = Password("correct horse")
        held = ref(password)
        with pytest.raises(WrongPassword):
            await e.sending.send(review, password)
        e.vault.passwords.clear()
        del password
        await settle()
        gc.collect()
        assert held() is None


async def test_a_look_that_began_before_a_hand_over_says_nothing_of_it(tmp_path: Path) -> None:
    clock = FakeClock()
    chain = FaultyChain(clock)
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        for server in chain.servers.values():
            server.deaf = server.swallows = True
        sent = await e.pay()
        await e.see(lambda: e.settling.looked_up(sent.id))
        looks = chain.looks
        chain.may_look.clear()
        await e.see(lambda: chain.looks > looks)
        await e.sending.send_again(sent.id)
        await settle()
        assert not e.sending.busy
        chain.may_look.set()
        await settle()
        assert not e.settling.looked_up(sent.id)
        with pytest.raises(NotAllowed):
            await e.sending.draft_cancel(sent.id)
        await e.see(lambda: e.settling.looked_up(sent.id))


async def test_a_settled_number_stays_so_when_its_block_becomes_final(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        sent = await e.pay()
        e.chain.mine()
        await e.see(lambda: e.transfers.get(sent.id).settled)
        seq = e.registry.invalidations.counter
        e.chain.mine(10)
        await e.see(lambda: e.transfers.get(sent.id).state is TransferState.FINALIZED)
        assert e.registry.invalidations.counter == seq


async def test_a_balance_that_moves_has_its_transfers_looked_for_at_once(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        sent = await e.pay()
        await e.wait(40)
        e.chain.mine()
        await e.wait(1)
        assert e.transfers.get(sent.id).state is TransferState.BROADCAST, "the next look is some seconds away"
        await e.balances.refresh([e.key()])
        await e.see(lambda: e.transfers.get(sent.id).settled, within_s=1)


async def test_a_nonce_that_another_program_left_free_is_filled(tmp_path: Path) -> None:
    clock = FakeClock()
    chain = FaultyChain(clock)
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        chain.outside(OURS[0], 0)
        review = await e.sending.review(e.draft())
        assert CautionKind.OUTSIDE_WAITING in {caution.kind for caution in review.cautions}
        above = await e.sending.send(review)
        for server in chain.servers.values():
            server.pool = {i: p for i, p in server.pool.items() if i == above.transaction}
        filling = await e.pay()
        assert (above.nonce, filling.nonce, (await e.pay()).nonce) == (1, 0, 2)
        chain.mine()
        await e.see(lambda: all(t.settled for t in e.transfers.all()))
        assert chain.paid(OURS[1]) == 3


async def test_a_server_that_counts_too_many_spoils_no_later_payment(tmp_path: Path) -> None:
    clock = FakeClock()
    chain = FaultyChain(clock)
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        chain.counts_too_many = 10**6
        assert (await e.pay()).nonce == 10**6
        chain.counts_too_many = 0
        clock.advance(6)
        sent = await e.pay()
        assert sent.nonce == 0
        chain.mine()
        await e.see(lambda: e.transfers.get(sent.id).settled)


async def test_nothing_is_asked_of_a_network_that_was_switched_off(tmp_path: Path) -> None:
    clock = FakeClock()
    chain = FaultyChain(clock)
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        for server in chain.servers.values():
            server.swallows = True
        sent = await e.pay()
        review = await e.sending.review(e.draft())
        await e.wait(10)
        e.book.switched_off.add(chain.network.id)
        looks, quotes, broadcasts = chain.looks, chain.quotes, len(chain.broadcasts)
        e.settling.look_now()
        await e.wait(60)
        for refused in (
            e.sending.review(e.draft()),
            e.sending.send(review),
            e.sending.send_again(sent.id),
            e.sending.draft_faster(sent.id),
            e.sending.most(OURS[0], OURS[1], e.key().asset),
        ):
            with pytest.raises(NotAllowed):
                await refused
        assert (chain.looks, chain.quotes, len(chain.broadcasts)) == (looks, quotes, broadcasts)
        e.book.switched_off.clear()
        e.settling.begin()
        await e.see(lambda: chain.looks > looks)


async def test_a_token_that_was_removed_is_no_crash(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        removed = replace(e.draft(), asset=AssetId(e.chain.network.id, "erc20", "0x" + "ab" * 20))
        with pytest.raises(NotAllowed):
            await e.sending.review(removed)
        assert not e.chain.quotes


async def test_what_came_in_while_the_disk_was_full_is_kept_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise StorageFull(name="registry.db")

    async with sending_engine(tmp_path) as e:
        with monkeypatch.context() as patch:
            patch.setattr(e.registry, "note_known_from", full)
            patch.setattr(e.registry, "add_received", full)
            await e.balances.refresh([e.key(OURS[1])])
            e.chain.gifts[OURS[1].text] = 500
            e.chain.mine()
            await e.balances.refresh([e.key(OURS[1])])
            await e.wait(1)
        e.chain.gifts[OURS[1].text] = 700
        e.chain.mine()
        await e.balances.refresh([e.key(OURS[1])])
        await e.wait(1)
        assert [received.amount for received in e.incoming.all()] == [200, 500]
        assert {r.amount for r in await e.registry.load_received(10)} == {200, 500}
        assert list((await e.registry.load_known_from()).values()) == [10]


async def test_a_disk_that_is_full_after_the_payment_left_changes_nothing_about_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise StorageFull(name="registry.db")

    async with sending_engine(tmp_path) as e:
        with monkeypatch.context() as patch:
            patch.setattr(e.registry, "update_transfer", full)
            sent = await e.pay()
            assert sent.state is TransferState.SIGNED
            e.chain.mine()
            await e.wait(30)
            assert e.balances.badge(e.key(), None).kind is BadgeKind.PENDING
        await e.see(lambda: e.transfers.get(sent.id).settled)
        assert (e.vault.signed, e.chain.paid(OURS[1])) == (1, 1)


async def test_a_server_that_never_answers_holds_up_no_confirmation(tmp_path: Path) -> None:
    clock = FakeClock()
    chain = FaultyChain(clock)
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        chain.may_end.clear()
        sent = await e.pay()
        chain.mine()
        await e.see(lambda: e.transfers.get(sent.id).settled, within_s=1)
        assert not e.sending.busy


async def test_a_dropped_transfer_makes_no_look_for_another_dearer(tmp_path: Path) -> None:
    clock = FakeClock()
    chain = FaultyChain(clock, block_time_s=2.0)
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        dropped = await e.pay()
    chain.forget()
    clock.restart()
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        await e.see(lambda: e.transfers.get(dropped.id).state is TransferState.DROPPED)
        waiting = await e.pay()
        chain.asked.clear()
        await e.wait(180)
        assert chain.asked.count((frozenset({waiting.transaction}), False)) > 50
        assert chain.asked.count((frozenset({dropped.transaction}), True)) == 3
        assert {which for which, everywhere in chain.asked if everywhere} == {frozenset({dropped.transaction})}


async def test_who_closes_a_transfer_and_leaves_has_closed_it_in_memory_and_on_the_disk(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        for server in e.chain.servers.values():
            server.swallows = True
        sent = await e.pay()
        closing = asyncio.ensure_future(e.sending.close_by_hand(sent.id))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        await e.wait(0.1)
        [stored] = await e.registry.load_transfers()
        assert stored.closed
        assert e.transfers.get(sent.id).closed
        assert e.balances.badge(e.key(), None).kind is not BadgeKind.PENDING


async def test_a_fee_that_was_typed_long_ago_holds_back_what_the_network_takes_for_data_now(tmp_path: Path) -> None:
    clock = FakeClock()
    chain = FaultyChain(clock)
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        chain.data_fee_wei = 1_000
        first = await e.sending.review(e.draft())
        typed = replace(first.fee, speed=Speed.CUSTOM)
        chain.data_fee_wei = 5_000
        clock.advance(60)
        again = await e.sending.review(e.draft(), Speed.CUSTOM, typed)
        assert again.fee.data_fee_most_wei == 10_000
        clock.advance(6)
        sent = await e.sending.send(again)
        assert sent.fee.most == again.fee.most_wei


async def test_after_the_lock_nothing_is_signed_or_handed_over(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        for server in e.chain.servers.values():
            server.swallows = True
        sent = await e.pay()
        review = await e.sending.review(e.draft())
        await e.sending.stop()
        await e.settling.stop()
        broadcasts = len(e.chain.broadcasts)
        with pytest.raises(VaultLocked):
            await e.sending.send(review)
        with pytest.raises(VaultLocked):
            await e.sending.send_again(sent.id)
        assert (e.vault.signed, len(e.chain.broadcasts)) == (1, broadcasts)
