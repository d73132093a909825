"""Sending over a model chain: nothing is paid twice, nothing unchecked is signed, nothing old is spent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.cautions import CautionKind
from desktop_wallet.core.errors import NoEndpointLeft, NotAllowed, NotChecked, NotEnough, ReviewOutdated
from desktop_wallet.core.fees import Speed
from desktop_wallet.core.freshness import BadgeKind
from desktop_wallet.core.transfers import TransferKind, TransferState
from tests.fakes.model_chain import BASE_FEE_WEI, GAS
from tests.fakes.sending_engine import OURS, WATCHED, sending_engine
from tests.fakes.sleepers import settle

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_payment_is_pending_then_confirmed_settled_and_final(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        before = e.chain.balance(OURS[0].text)
        await e.balances.read([e.key(OURS[1])])
        sent = await e.pay(5_000)
        assert sent.state is TransferState.BROADCAST
        badge = e.balances.badge(e.key(), None)
        assert badge.kind is BadgeKind.PENDING
        assert badge.expected_change == -5_000 - sent.fee.expected
        assert e.balances.badge(e.key(OURS[1]), None).expected_change == 5_000
        assert e.spendable() == before - 5_000 - sent.fee.most
        e.chain.mine()
        await e.see(lambda: e.transfers.get(sent.id).settled, within_s=2)
        assert e.transfers.get(sent.id).state is TransferState.CONFIRMED
        assert e.balances.badge(e.key(), None).kind is not BadgeKind.PENDING
        state = e.balances.state(e.key()).reading
        assert state is not None
        assert state.amount == e.chain.balance(OURS[0].text) == e.spendable()
        e.chain.mine(10)
        await e.wait(120)
        assert e.transfers.get(sent.id).state is TransferState.FINALIZED


async def test_a_double_click_is_one_payment(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        review = await e.sending.review(e.draft())
        first, second = await asyncio.gather(e.sending.send(review), e.sending.send(review))
        assert first.id == second.id == (await e.sending.send(review)).id
        e.chain.mine()
        assert (e.vault.signed, e.chain.paid(OURS[1])) == (1, 1)


async def test_a_bug_after_the_record_does_not_let_the_same_review_be_signed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_: object) -> None:
        raise RuntimeError("a bug of ours")

    async with sending_engine(tmp_path) as e:
        review = await e.sending.review(e.draft())
        monkeypatch.setattr(e.settling, "deliver", fails)
        with pytest.raises(RuntimeError):
            await e.sending.send(review)
        again = await e.sending.send(review)
        assert e.vault.signed == 1
        assert [each.id for each in e.transfers.all()] == [again.id]


async def test_a_page_that_goes_away_stops_no_payment(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        review = await e.sending.review(e.draft())
        pressing = asyncio.ensure_future(e.sending.send(review))
        await asyncio.sleep(0)
        pressing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pressing
        sent = await e.sending.send(review)
        e.chain.mine()
        assert sent.state is TransferState.BROADCAST
        assert (e.vault.signed, e.chain.paid(OURS[1])) == (1, 1)


async def test_two_at_once_get_two_nonces_and_the_second_stays_pending(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        one, two = await e.sending.review(e.draft(1_000)), await e.sending.review(e.draft(2_000))
        first, second = await asyncio.gather(e.sending.send(one), e.sending.send(two))
        assert {first.nonce, second.nonce} == {0, 1}
        later = max(first, second, key=lambda t: t.nonce)
        for server in e.chain.servers.values():
            server.pool.pop(later.transaction)
        e.chain.mine()
        for server in e.chain.servers.values():
            server.swallows = True
        earlier = min(first, second, key=lambda t: t.nonce)
        await e.see(lambda: e.transfers.get(earlier.id).settled, within_s=5)
        assert e.transfers.get(later.id).state is TransferState.BROADCAST
        badge = e.balances.badge(e.key(), None)
        assert badge.kind is BadgeKind.PENDING
        assert badge.expected_change == -later.draft.amount - later.fee.expected
        assert e.spendable() == e.chain.balance(OURS[0].text) - later.draft.amount - later.fee.most


async def test_a_review_within_five_seconds_reads_no_balance(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        first = await e.sending.review(e.draft())
        e.clock.advance(4.5)
        second = await e.sending.review(e.draft())
        assert second.reading.started == first.reading.started
        e.clock.advance(1)
        third = await e.sending.review(e.draft())
        assert third.reading.started.boot_s == e.clock.boot_s


async def test_another_fee_asks_no_server(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        review = await e.sending.review(e.draft())
        asked = e.chain.quotes
        e.clock.advance(60)
        again = await e.sending.review(e.draft(), quote=review.quote)
        assert e.chain.quotes == asked
        assert again.reading == review.reading


async def test_a_balance_that_cannot_be_read_again_is_not_spent(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        review = await e.sending.review(e.draft())
        e.clock.advance(6)
        for server in e.chain.servers.values():
            server.down = True
        with pytest.raises((NotChecked, NoEndpointLeft)):
            await e.sending.send(review)
        assert (e.vault.signed, e.transfers.all()) == (0, ())


async def test_a_balance_that_fell_since_the_review_is_not_spent(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        review = await e.sending.review(e.draft(e.chain.balance(OURS[0].text) - 10**8))
        e.chain.gifts[OURS[0].text] = -(10**9)
        e.chain.mine()
        e.clock.advance(6)
        with pytest.raises(NotEnough):
            await e.sending.send(review)
        assert e.vault.signed == 0


async def test_a_base_fee_above_the_reviewed_maximum_is_reviewed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sending_engine(tmp_path) as e:
        review = await e.sending.review(e.draft())
        e.clock.advance(6)
        monkeypatch.setattr("tests.fakes.model_chain.BASE_FEE_WEI", 10 * BASE_FEE_WEI)
        with pytest.raises(ReviewOutdated) as raised:
            await e.sending.send(review)
        assert raised.value.data == {"why": "fee"}
        assert e.vault.signed == 0


async def test_what_earlier_transfers_may_take_cannot_be_spent_again(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        await e.pay(6 * 10**17)
        with pytest.raises(NotEnough):
            await e.sending.review(e.draft(6 * 10**17))


async def test_the_most_leaves_no_more_than_it_says(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        most = await e.sending.most(OURS[0], OURS[1], e.key().asset)
        sent = await e.pay(most.amount)
        e.chain.mine()
        await e.wait(2)
        assert e.transfers.get(sent.id).state is TransferState.CONFIRMED
        assert (
            0 <= e.chain.balance(OURS[0].text) <= most.left_at_most == most.fee.gas_limit * 2 * BASE_FEE_WEI + GAS * 2
        )


async def test_everything_can_be_sent_although_the_network_gets_dearer_after_the_amount_was_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sending_engine(tmp_path) as e:
        most = await e.sending.most(OURS[0], OURS[1], e.key().asset)
        wanted = replace(e.draft(most.amount), everything=True)
        review = await e.sending.review(wanted)
        for dearer in (3, 5, 2):
            monkeypatch.setattr("tests.fakes.model_chain.BASE_FEE_WEI", dearer * BASE_FEE_WEI)
            asked = e.chain.quotes
            review = await e.sending.review(wanted)
            assert review.draft.amount + review.fee.most_wei == review.spendable
            assert e.chain.quotes - asked <= 2
        assert not [each for each in review.cautions if each.kind is CautionKind.RECEIVES_LESS]
        faster = await e.sending.review(review.draft, Speed.FAST, quote=review.quote)
        assert faster.draft.amount + faster.fee.most_wei == faster.spendable
        sent = await e.sending.send(faster)
        e.chain.mine()
        await e.see(lambda: e.transfers.get(sent.id).settled)
        assert 0 <= e.chain.balance(OURS[0].text) <= faster.fee.most_wei
        assert not sent.draft.everything


async def test_a_watched_account_cannot_send(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        with pytest.raises(NotAllowed):
            await e.sending.review(e.draft(sender=WATCHED))


async def test_an_unanswered_broadcast_is_unknown_and_keeps_amount_and_nonce(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        for server in e.chain.servers.values():
            server.deaf = True
        sent = await e.pay()
        await settle()
        assert e.transfers.get(sent.id).state is TransferState.UNKNOWN
        assert e.spendable() == e.chain.balance(OURS[0].text) - sent.draft.amount - sent.fee.most
        await e.wait(1)
        assert e.transfers.get(sent.id).state is TransferState.BROADCAST, "it was looked up by its id"
        e.chain.mine()
        await e.wait(15)
        assert e.transfers.get(sent.id).state is TransferState.CONFIRMED
        assert e.chain.paid(OURS[1]) == 1


async def test_an_error_although_it_was_passed_on_is_no_failure(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        for server in e.chain.servers.values():
            server.refuses = True
        sent = await e.pay()
        e.chain.mine()
        await e.wait(2)
        assert e.transfers.get(sent.id).state is TransferState.CONFIRMED
        assert e.chain.paid(OURS[1]) == 1


async def test_a_transaction_that_every_server_forgot_is_handed_over_again_while_young(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        sent = await e.pay()
        e.chain.forget()
        await e.wait(60)
        assert e.transfers.get(sent.id).state is TransferState.BROADCAST
        assert set(e.chain.broadcasts) == {sent.transaction}
        e.chain.mine()
        await e.wait(15)
        assert e.transfers.get(sent.id).state is TransferState.CONFIRMED


async def test_what_nobody_knows_after_a_restart_is_dropped_and_sent_again_only_when_asked(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        sent = await e.pay()
        chain, clock = e.chain, e.clock
    chain.forget()
    chain.broadcasts.clear()
    clock.restart()
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        await e.wait(30)
        assert e.transfers.get(sent.id).state is TransferState.DROPPED
        assert not chain.broadcasts
        await e.balances.read([e.key()])
        assert e.spendable() == chain.balance(OURS[0].text) - sent.draft.amount - sent.fee.most
        assert (await e.sending.send_again(sent.id)).state is TransferState.BROADCAST
        chain.mine()
        await e.wait(15)
        assert e.transfers.get(sent.id).state is TransferState.CONFIRMED
        assert chain.paid(OURS[1]) == 1


async def test_a_reorg_leads_back_to_broadcast_and_forward_again(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        sent = await e.pay()
        e.chain.mine()
        await e.see(lambda: e.transfers.get(sent.id).settled)
        e.chain.reorg(1)
        await e.see(lambda: e.transfers.get(sent.id).state is TransferState.BROADCAST)
        assert e.balances.badge(e.key(), None).kind is BadgeKind.PENDING
        e.chain.mine()
        await e.see(lambda: e.transfers.get(sent.id).settled)
        assert e.transfers.get(sent.id).state is TransferState.CONFIRMED
        reading = e.balances.state(e.key()).reading
        assert reading is not None
        assert reading.amount == e.chain.balance(OURS[0].text)


async def test_a_nonce_used_by_another_program_is_replaced(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        sent = await e.pay()
        e.chain.forget()
        e.chain.outside(OURS[0], sent.nonce)
        e.chain.mine()
        await e.wait(60)
        assert e.transfers.get(sent.id).state is TransferState.REPLACED
        await e.balances.refresh([e.key()])
        assert e.spendable() == e.chain.balance(OURS[0].text)


async def test_a_faster_one_and_a_cancel_use_the_same_nonce_and_pay_once(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        sent = await e.pay(7_000)
        draft, speed = await e.sending.draft_faster(sent.id)
        faster = await e.sending.send(await e.sending.review(draft, speed))
        assert (faster.nonce, faster.attempt) == (sent.nonce, 1)
        assert faster.fee.most > sent.fee.most * 1.1
        draft, speed = await e.sending.draft_cancel(sent.id)
        assert draft.kind is TransferKind.CANCEL
        cancel = await e.sending.send(await e.sending.review(draft, speed))
        assert cancel.fee.most > faster.fee.most * 1.1
        assert e.spendable() >= e.chain.balance(OURS[0].text) - 7_000 - cancel.fee.most
        e.chain.mine()
        await e.see(lambda: e.transfers.get(cancel.id).settled)
        await e.wait(20)
        states = [e.transfers.get(t.id).state for t in (sent, faster, cancel)]
        assert states == [TransferState.REPLACED, TransferState.REPLACED, TransferState.CONFIRMED]
        assert e.chain.paid(OURS[1]) == 0
        assert e.spendable() == e.chain.balance(OURS[0].text)
        with pytest.raises(NotAllowed):
            await e.sending.draft_faster(sent.id)


async def test_closed_by_hand_is_pending_no_more_and_stays_reserved(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        for server in e.chain.servers.values():
            server.swallows = True
        sent = await e.pay()
        seq = e.registry.invalidations.counter
        await e.sending.close_by_hand(sent.id)
        assert e.registry.invalidations.counter == seq + 1
        await e.balances.refresh([e.key()])
        assert e.balances.badge(e.key(), None).kind is not BadgeKind.PENDING
        assert e.spendable() == e.chain.balance(OURS[0].text) - sent.draft.amount - sent.fee.most


async def test_a_lagging_server_never_brings_the_old_amount_back(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        await e.pay()
        e.chain.mine()
        await e.wait(2)
        now = e.chain.balance(OURS[0].text)
        first, *_ = e.chain.servers.values()
        first.lag = 1
        await e.balances.refresh([e.key()])
        await e.wait(5)
        reading = e.balances.state(e.key()).reading
        assert reading is not None
        assert reading.amount == now


async def test_what_came_in_is_noticed_and_our_own_payments_are_not_counted(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        await e.balances.refresh([e.key(), e.key(OURS[1])])
        assert e.incoming.known_from(e.chain.network.id) == 10
        await e.pay(3_000)
        e.chain.gifts[OURS[1].text] = 500
        e.chain.mine()
        await e.wait(2)
        await e.balances.refresh([e.key(OURS[1])])
        await e.wait(1)
        assert [(r.address, r.amount) for r in e.incoming.all()] == [(OURS[1], 500)]


async def test_how_often_somebody_was_paid_leaves_out_dust_and_what_was_not_mined(tmp_path: Path) -> None:
    async with sending_engine(tmp_path) as e:
        await e.pay(10**15)
        assert e.transfers.paid(OURS[1]).times == 0
        await e.pay(10)
        e.chain.mine()
        await e.wait(2)
        assert e.transfers.paid(OURS[1]).times == 1
