"""After a send no number from before it counts, whatever was forgotten meanwhile and whichever server answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from desktop_wallet.core.freshness import BadgeKind, Purpose, StaleReason
from desktop_wallet.core.invalidation import Scope
from tests.fakes.branching_chain import BranchingChain, Kind
from tests.fakes.clock import FakeClock
from tests.fakes.engine import network
from tests.fakes.sending_engine import SendingEngine, sending_engine
from tests.fakes.sleepers import settle

if TYPE_CHECKING:
    from pathlib import Path


async def send(e: SendingEngine, chain: BranchingChain) -> None:
    sent = await e.pay()
    chain.mine()
    await e.see(lambda: e.transfers.get(sent.id).settled)


def chain_with_laggards(clock: FakeClock, *lags: int) -> BranchingChain:
    chain = BranchingChain(network(servers=len(lags)), clock, Kind.HEIGHTS)
    for view, lag in zip(chain.views.values(), lags, strict=True):
        view.lag = lag
    chain.sync()
    return chain


async def test_a_balance_that_was_forgotten_is_no_fresh_number_from_below_our_receipt(tmp_path: Path) -> None:
    clock = FakeClock()
    chain = chain_with_laggards(clock, 1, 0)
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        await send(e, chain)
        chain.views["server1.example"].down = True
        await e.balances.forget(e.key())
        await e.balances.refresh([e.key()])
        badge = e.balances.badge(e.key(), clock.now())
        assert (badge.kind, badge.reasons) == (BadgeKind.STALE, (StaleReason.INVALIDATED,))
        assert e.balances.is_due(e.key())


async def test_a_server_that_has_not_got_to_our_receipt_is_not_the_last_one_asked(tmp_path: Path) -> None:
    clock = FakeClock()
    chain = chain_with_laggards(clock, 1, 0)
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        await send(e, chain)
        await e.balances.clear_cache()
        answer = (await e.balances.read([e.key()], Purpose.QUOTE))[e.key()]
        assert answer.failure is None
        assert answer.state.reading is not None
        assert answer.state.reading.endpoint == "server1.example"
        assert e.balances.badge(e.key(), clock.now()).kind is BadgeKind.FRESH


async def test_a_chain_that_began_anew_below_our_receipt_is_shown_again(tmp_path: Path) -> None:
    clock = FakeClock()
    chain = chain_with_laggards(clock, 0)
    async with sending_engine(tmp_path, chain=chain, clock=clock) as e:
        await send(e, chain)
        clock.advance(12)
        chain.begin_anew()
        await e.balances.clear_cache()
        await e.balances.refresh([e.key()])
        assert e.balances.badge(e.key(), clock.now()).kind is BadgeKind.FRESH


async def test_a_change_that_is_told_while_the_lock_falls_is_no_crash(tmp_path: Path) -> None:
    crashes: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: crashes.append(context))
    async with sending_engine(tmp_path) as e:
        await e.balances.refresh([e.key()])
        e.clock.advance(31)
        lock = asyncio.ensure_future(e.balances.stop())
        while not lock.done():
            e.balances.follow([Scope(e.key().network, e.key().address, e.key().asset)])
            await asyncio.sleep(0)
        await settle()
    assert not crashes
