"""Histories of a wallet: readers, refreshes, sends, a network and a disk that take their time, restarts of either."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from typing_extensions import override

from desktop_wallet.chains.adapter import Acknowledgement
from desktop_wallet.core.errors import VaultLocked, WalletError
from desktop_wallet.core.freshness import Purpose
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.signing import SignTransaction
from desktop_wallet.core.transfers import Fee, Step, Transfer, TransferId, TransferState, advance
from tests.fakes.branching_chain import BranchingChain, Kind
from tests.fakes.engine import ADDRESSES
from tests.fakes.sending_engine import OURS
from tests.services.linearizability_judge import LIMITS_S, Judge
from tests.services.linearizability_wallet import Wallet

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.balances import BalanceKey

_some = st.lists(st.sampled_from(range(len(ADDRESSES))), min_size=1, max_size=2, unique=True)
_purposes = st.sampled_from(list(LIMITS_S))
_servers = st.integers(0, 2)
_ours = st.sampled_from([0, 1])
_FORGETTING = ["forget", "clear", "evict", "restart", "backup"]
_COMMANDS = ["told", "told of all", "wake", "page", *_FORGETTING]
_SERVER_CHANGES = [
    *(("lag", blocks) for blocks in (0, 1, 3, 5)),
    *((name, value) for name in ("follows", "down", "swallows", "proves") for value in (True, False)),
]


class WalletHistory(RuleBasedStateMachine):
    """One wallet on one network; every rule is something that happens, and after each of them the judge looks."""

    kind: ClassVar[Kind] = Kind.HEIGHTS

    def __init__(self) -> None:
        super().__init__()
        self.wallet = Wallet(self.kind)
        self.judge = Judge(self.wallet)
        self.tasks: list[asyncio.Task[None]] = []
        self.page_opened = self.wallet.clock.now()
        self.payments = 0
        self._commands = 0
        self._signing = asyncio.Lock()

    @property
    def chain(self) -> BranchingChain:
        return self.wallet.chain

    # Readers

    @rule(which=_some, purpose=_purposes)
    def reads(self, which: list[int], purpose: Purpose) -> None:
        self._begin(self._read(self._keys(which), purpose), f"reads {which} for {purpose.value}")

    @rule(which=_some)
    def refreshes(self, which: list[int]) -> None:
        self._begin(self._refresh(self._keys(which)), f"refreshes {which}")

    @precondition(lambda self: self.tasks)
    @rule(which=st.integers(0, 9))
    def goes_away(self, which: int) -> None:
        task = self.tasks[which % len(self.tasks)]
        self.chain.tell(f"goes away from: {task.get_name()}")
        task.cancel()

    # Several steps in one: most of what can go wrong goes wrong in their midst

    @rule(what=st.sampled_from(_FORGETTING), whose=_ours, best=_servers)
    def looks_again_after(self, what: str, whose: int, best: int) -> None:
        self.the_wallet_does_something(what, whose)
        self.another_server_is_asked_first(best)
        self.reads([whose], Purpose.DISPLAY)

    @rule(whose=_ours, purpose=_purposes, refreshes=st.booleans())
    def hears_of_a_change_while_it_reads(self, whose: int, purpose: Purpose, refreshes: bool) -> None:
        self.chain.slow = True
        if refreshes:
            self.refreshes([whose])
        else:
            self.reads([whose], purpose)
        self.the_wallet_does_something("told", whose)
        self.reads([whose], purpose)

    @rule(whose=_ours, what=st.sampled_from(["block", "branch", "anew", "told"]), best=_servers)
    def something_happens_while_an_answer_travels(self, whose: int, what: str, best: int) -> None:
        self.all_messages_arrive()
        self.chain.slow = True
        self.refreshes([whose])
        if self.chain.travelling:
            self.a_message_arrives(len(self.chain.travelling) - 1, True)
        if what == "anew":
            self.something_happens_elsewhere("anew", whose, 1)
        elif what == "told":
            self.the_wallet_does_something("told", whose)
        elif what == "branch" and self.kind is Kind.HEIGHTS:
            self.another_branch_wins(1, False)
        else:
            self.blocks_are_found(1, True)
        self.chain.slow = False
        self.wallet.wait(5.5)
        self.another_server_is_asked_first(best)
        self.reads([whose], Purpose.SPEND)

    # The network

    @rule()
    def messages_take_their_time_or_not(self) -> None:
        self.chain.slow = not self.chain.slow
        self.chain.tell(f"from now on messages {'take their time' if self.chain.slow else 'are quick'}")

    @precondition(lambda self: self.chain.travelling)
    @rule(which=st.integers(0, 9), arrives=st.sampled_from([True, True, True, False]))
    def a_message_arrives(self, which: int, arrives: bool) -> None:
        number = which % len(self.chain.travelling)
        self.chain.tell(f"message {number} of {len(self.chain.travelling)} {'arrives' if arrives else 'is lost'}")
        self.chain.let_go(number, arrives=arrives)
        self.wallet.settle()

    @precondition(lambda self: self.chain.travelling)
    @rule()
    def all_messages_arrive(self) -> None:
        self.chain.tell("all messages arrive")
        while self.chain.travelling:
            self.chain.let_go(0, arrives=True)
            self.wallet.settle()

    @rule(best=_servers)
    def another_server_is_asked_first(self, best: int) -> None:
        host = sorted(self.chain.order)[best]
        self.chain.order.sort(key=lambda each: (each != host, each))
        self.chain.tell(f"{host} is asked first")

    @initialize(lags=st.sampled_from([(0, 0, 0), (0, 0, 1), (0, 2, 3)]), best=_servers)
    def servers_are_what_they_are(self, lags: tuple[int, ...], best: int) -> None:
        for host, lag in zip(sorted(self.chain.order), lags, strict=True):
            self.chain.fall_behind(host, lag)
            self.chain.tell(f"{host} lags {lag} blocks")
        self.another_server_is_asked_first(best)

    @rule(which=_servers, change=st.sampled_from(_SERVER_CHANGES))
    def a_server_changes(self, which: int, change: tuple[str, Any]) -> None:
        name, value = change
        self._set_server(which, **{name: value})

    def _set_server(self, which: int, **values: Any) -> None:  # noqa: ANN401 - fields of a view
        host = sorted(self.chain.order)[which]
        for name, value in values.items():
            setattr(self.chain.views[host], name, value)
        self.chain.tell(f"{host}: {values}")
        self.chain.sync()

    # The chain

    @rule(blocks=st.integers(1, 3), take=st.sampled_from([True, True, False]))
    def blocks_are_found(self, blocks: int, take: bool) -> None:
        self.chain.mine(blocks, take=take)
        self.chain.tell(f"{blocks} blocks: the newest is {self.chain.tip.hash}")

    @precondition(lambda self: self.kind is Kind.HEIGHTS)
    @rule(depth=st.integers(1, 3), lose=st.booleans())
    def another_branch_wins(self, depth: int, lose: bool) -> None:
        self.chain.reorg(min(depth, self.chain.tip.number - 1), lose=lose)
        self.chain.tell(f"a reorg of {depth}: the newest is {self.chain.tip.hash}{', payments lost' * lose}")

    @precondition(lambda self: self.kind is Kind.SLOTS)
    @rule(commitment=st.sampled_from(["confirmed", "finalized"]))
    def another_commitment_is_asked_for(self, commitment: str) -> None:
        self.chain.turned |= commitment != self.chain.commitment
        self.chain.commitment = commitment
        self.chain.tell(f"reads ask for what is {commitment}")

    @rule(what=st.sampled_from(["paid", "paid", "spent", "anew"]), whose=_ours, value=st.integers(1, 1_000))
    def something_happens_elsewhere(self, what: str, whose: int, value: int) -> None:
        if what == "paid":
            self.chain.pay_from_outside("0xstranger", OURS[whose].text, value)
        elif self.kind is Kind.UNORDERED:
            return
        elif what == "spent":
            self.chain.pay_from_outside(OURS[whose].text, "0xelsewhere", value)
        else:
            self.chain.begin_anew()
        self.chain.tell(f"elsewhere: {what}, {whose}; the newest is {self.chain.tip.hash}")

    @rule(seconds=st.sampled_from([0.5, 1.0, 4.0, 5.5, 13.0, 31.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        self.chain.tell(f"{seconds} s pass")
        self.wallet.wait(seconds)

    # Sending

    @rule(sender=_ours, to=st.sampled_from([0, 1, 2]), part=st.sampled_from([1_000, 10, 2]))
    def sends(self, sender: int, to: int, part: int) -> None:
        held = self.wallet.engine.balances.spendable(self._keys([sender])[0]) or 10**9
        self.payments += 1
        amount = max(held // part - 10**8, 1) + self.payments
        pay = self._pay_record if self.kind is Kind.UNORDERED else self._pay
        self._begin(pay(OURS[sender], ADDRESSES[to], amount), f"sends {amount} from {sender} to {to}")

    @rule(sender=_ours, to=st.sampled_from([0, 1, 2]))
    def sends_and_sees_it_arrive(self, sender: int, to: int) -> None:
        """Do in one step what takes a dozen: most of what can go wrong goes wrong after it."""
        self.chain.slow = False
        self.wallet.desk.catch_up()
        self.all_messages_arrive()
        self.sends(sender, to, 10)
        self.wallet.wait(1.0)
        self.blocks_are_found(1, True)
        self.wallet.wait(5.0)

    @precondition(lambda self: self.wallet.engine.transfers.all())
    @rule(which=st.integers(0, 9), cancel=st.booleans())
    def closes_or_sends_again(self, which: int, cancel: bool) -> None:
        transfers = self.wallet.engine.transfers.all()
        chosen = transfers[which % len(transfers)].id
        if cancel or self.kind is Kind.UNORDERED:
            self._begin(self._close(chosen), f"closes {chosen[:6]} by hand")
        else:
            self._begin(self._again(chosen), f"sends {chosen[:6]} again")

    # The wallet itself

    @rule(what=st.sampled_from(_COMMANDS), whose=_ours)
    def the_wallet_does_something(self, what: str, whose: int) -> None:
        balances = self.wallet.engine.balances
        name = f"{what} {whose}"
        self._commands += 1
        match what:
            case "told":
                self._begin(self._tell([Scope(address=OURS[whose])]), name)
            case "told of all":
                self._begin(self._tell([Scope()]), name)
            case "forget":
                self._begin(self._forget(balances.forget(self._keys([whose])[0])), name)
            case "clear":
                self._begin(self._forget(balances.clear_cache()), name)
            case "evict":
                self._begin(self._evict(), f"lets go of memory: {name}")
            case "wake":
                self._begin(self._wake(), name)
            case "restart" | "backup":
                self.chain.tell(name)
                self.wallet.restart(with_another_registry=what == "backup")
                self.page_opened = self.wallet.clock.now()
            case _:
                self.page_opened = self.wallet.clock.now()

    @rule(jobs=st.sampled_from([0, 1, 3, None]))
    def the_disk_takes_its_time_or_works(self, jobs: int | None) -> None:
        desk = self.wallet.desk
        if not desk.slow:
            desk.slow = True
            self.chain.tell("the disk is slow")
        elif jobs is None:
            desk.catch_up()
            self.chain.tell("the disk is quick again")
        else:
            desk.work(jobs)
            self.chain.tell(f"the disk does {jobs} jobs")

    # What must hold

    @invariant()
    def every_promise_holds(self) -> None:
        self.wallet.settle()
        for task in [task for task in self.tasks if task.done()]:
            self.tasks.remove(task)
            if not task.cancelled():
                task.result()
        assert not self.wallet.bugs, [self.wallet.bugs, *self.chain.story]
        self.judge.look(self.page_opened)

    @override
    def teardown(self) -> None:
        for task in self.tasks:
            task.cancel()
        self.wallet.end()

    # How it is done

    def _keys(self, which: list[int]) -> list[BalanceKey]:
        return [self.wallet.engine.key(ADDRESSES[number]) for number in which]

    def _begin(self, work: Coroutine[object, object, None], name: str) -> None:
        self.chain.tell(name)
        self.tasks.append(self.wallet.start(_unless_locked(work), name))

    async def _read(self, keys: list[BalanceKey], purpose: Purpose) -> None:
        before = {key: self.judge.known(key) for key in keys}
        began_s, upheavals = self.chain.now_s, self._upheavals()
        for key, answer in (await self.wallet.engine.balances.read(keys, purpose)).items():
            waited_s = self.chain.now_s - began_s
            calm = self.chain.well and upheavals == self._upheavals() and waited_s <= LIMITS_S[purpose]
            owed = calm and self.kind is not Kind.UNORDERED
            self.judge.hear(key, purpose, answer, before[key], waited_s=waited_s, owed=owed)

    def _upheavals(self) -> tuple[object, ...]:
        """Return what must not change while somebody waits for a number, for the number to be owed."""
        counter = self.wallet.engine.registry.invalidations.counter
        return counter, self.chain.lost, self.chain.tip, self._commands

    async def _refresh(self, keys: list[BalanceKey]) -> None:
        await self.wallet.engine.balances.refresh(keys)

    async def _pay(self, sender: Address, to: Address, amount: int) -> None:
        e = self.wallet.engine
        await e.sending.send(await e.sending.review(e.draft(amount, to, sender)))

    async def _tell(self, scopes: list[Scope]) -> None:
        when = len(self.chain.story)
        await self.wallet.engine.balances.invalidate(scopes, "told")
        self.judge.note_told(self.wallet.engine.book.within(scopes), when)

    async def _forget(self, work: Coroutine[object, object, None]) -> None:
        self.judge.note_forgotten(self.wallet.engine.balances.keys())
        await work
        self.judge.note_forgotten(self.wallet.engine.balances.keys())

    async def _evict(self) -> None:
        """Do what is done after an hour without use; who reads all the same, in that hour, is owed nothing."""
        await self.wallet.engine.balances.tend()
        self._commands += 1

    async def _wake(self) -> None:
        self.wallet.engine.balances.note_waking()

    async def _again(self, which: TransferId) -> None:
        await self.wallet.engine.sending.send_again(which)

    async def _close(self, which: TransferId) -> None:
        await self.wallet.engine.sending.close_by_hand(which)

    async def _pay_record(self, sender: Address, to: Address, amount: int) -> None:
        """Send where there are no blocks, one payment after the other, as the real sending does."""
        async with self._signing:
            await self._sign_record(sender, to, amount)

    async def _sign_record(self, sender: Address, to: Address, amount: int) -> None:
        """Sign and store, and hand it to one server after the other until one has it."""
        e = self.wallet.engine
        draft = e.draft(amount, to, sender)
        quote = await self.chain.quote(draft)
        nonce = e.transfers.free_nonce(draft.network, sender, quote.used_nonces)
        transaction = self.chain.build(draft, quote.fees.normal, nonce)
        signer = e.sending._signer(sender)
        signed = await e.vault.sign(SignTransaction(signer.wallet, signer.path, sender, transaction))
        fee = quote.fees.normal
        now_s = self.wallet.clock.wall_s
        reviewed = Transfer(
            TransferId(f"record-{self.payments}-{len(self.chain.story)}"),
            draft,
            signed.id,
            signed.raw,
            nonce,
            0,
            Fee(draft.asset, fee.expected_wei, fee.most_wei),
            TransferState.REVIEWED,
            (Step(TransferState.QUOTED, now_s), Step(TransferState.REVIEWED, now_s)),
        )
        transfer = advance(reviewed, Step(TransferState.SIGNED, now_s))
        await e.transfers.add(transfer, "sent")
        async for delivery in self.chain.broadcast(signed):
            if delivery.acknowledgement is Acknowledgement.TAKEN:
                step = Step(TransferState.BROADCAST, self.wallet.clock.wall_s, host=delivery.host)
                await e.transfers.change(transfer.id, partial(advance, step=step), cause="acknowledged")
                break


async def _unless_locked(work: Coroutine[object, object, None]) -> None:
    """Do it; that the network, the person or the lock is in the way is no bug."""
    try:
        await work
    except WalletError as error:
        if isinstance(error, VaultLocked):
            return
