"""A read begun before an invalidation and answered after it does not count: in memory, on disk, after a restart.

The answer is a real node's, held back by a proxy, and comes through the real HTTP client.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.freshness import BadgeKind, StaleReason
from desktop_wallet.core.invalidation import Scope
from tests.end_to_end.house import (
    PASSWORD,
    PATIENCE_S,
    Chain,
    coin_key,
    local_network,
    surrounds,
    wallet,
    watching,
)
from tests.fakes.delaying_proxy import DelayingProxy, delaying_proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.freshness import Badge
    from desktop_wallet.services.session import Session

pytestmark = pytest.mark.anvil

WATCHED = "0x" + "a1" * 20
BEFORE, LATE, TRUTH = 100, 666, 777

SCOPES: dict[str, Callable[[BalanceKey], Scope]] = {
    "everything": lambda _: Scope(),
    "the address": lambda key: Scope(address=key.address),
    "the network": lambda key: Scope(network=key.network),
    "this balance": lambda key: Scope(key.network, key.address, key.asset),
}


@pytest.fixture
async def proxy(chain: Chain) -> AsyncIterator[DelayingProxy]:
    """Yield a proxy before the node."""
    async with delaying_proxy(chain.node.url) as proxy:
        yield proxy


def held(session: Session) -> tuple[int | None, Badge]:
    """Return the coin's amount and its badge."""
    key = coin_key(session)
    reading = session.balances.state(key).reading
    return (reading.amount if reading else None), session.balances.badge(key, None)


async def answer_late(chain: Chain, proxy: DelayingProxy, session: Session, scope: Scope) -> None:
    """Refresh; when the node has answered, invalidate, let the truth change, and only then let the answer through."""
    chain.node.set_balance(WATCHED, LATE)
    late = proxy.hold_next()
    async with asyncio.timeout(PATIENCE_S):
        refreshing = asyncio.ensure_future(session.balances.refresh([coin_key(session)]))
        await late.arrived.wait()
        await session._registry.invalidate([scope], "a send")
        chain.node.set_balance(WATCHED, TRUTH)
        late.release()
        await refreshing


@pytest.mark.parametrize("scope", list(SCOPES))
async def test_a_late_answer_changes_nothing_in_memory_on_disk_or_after_a_restart(
    tmp_path: Path, chain: Chain, proxy: DelayingProxy, scope: str
) -> None:
    chain.node.set_balance(WATCHED, BEFORE)
    async with watching(tmp_path, local_network(proxy.url), WATCHED) as (application, first):
        session = first
        profile = session.profile.id
        await session.balances.refresh([coin_key(session)])
        assert held(session)[0] == BEFORE

        await answer_late(chain, proxy, session, SCOPES[scope](coin_key(session)))
        amount, badge = held(session)
        assert (amount, badge.kind, badge.reasons) == (BEFORE, BadgeKind.STALE, (StaleReason.INVALIDATED,))
        assert session.balances.is_due(coin_key(session))

        # On the disk: memory is emptied, and the pages are asked again.
        session.balances.forget_memory()
        assert held(session)[0] is None
        await session.balances.load_pages(session.balances.keys())
        amount, badge = held(session)
        assert (amount, badge.kind, badge.reasons) == (BEFORE, BadgeKind.STALE, (StaleReason.INVALIDATED,))
        await application.lock()

    # After a restart: another process' Application on the same folders.
    asked = len(proxy.requests)
    async with wallet(surrounds(tmp_path, local_network(proxy.url))) as application:
        session = await application.unlock(profile, PASSWORD)
        await session.balances.load_pages(session.balances.keys())
        amount, badge = held(session)
        assert (amount, badge.kind, badge.reasons) == (BEFORE, BadgeKind.STALE, (StaleReason.INVALIDATED,))
        assert len(proxy.requests) == asked

        answer = (await session.balances.read([coin_key(session)]))[coin_key(session)]
        assert not answer.from_cache
        assert held(session)[0] == TRUTH
        assert held(session)[1].kind is BadgeKind.CACHED


async def test_a_late_answer_to_the_first_read_of_all_leaves_the_balance_unknown(
    tmp_path: Path, chain: Chain, proxy: DelayingProxy
) -> None:
    async with watching(tmp_path, local_network(proxy.url), WATCHED) as (application, first):
        session = first
        profile = session.profile.id
        await answer_late(chain, proxy, session, Scope(address=coin_key(session).address))
        assert held(session)[0] is None
        assert held(session)[1].kind is BadgeKind.UNAVAILABLE
        await application.lock()
        session = await application.unlock(profile, PASSWORD)
        await session.balances.load_pages(session.balances.keys())
        assert held(session)[0] is None, "nothing of it reached the disk"


async def test_who_waits_for_a_number_gets_the_one_from_after_the_invalidation(
    tmp_path: Path, chain: Chain, proxy: DelayingProxy
) -> None:
    async with watching(tmp_path, local_network(proxy.url), WATCHED) as (_, session):
        chain.node.set_balance(WATCHED, LATE)
        key = coin_key(session)
        late = proxy.hold_next()
        async with asyncio.timeout(PATIENCE_S):
            reading = asyncio.ensure_future(session.balances.read([key]))
            await late.arrived.wait()
            await session._registry.invalidate([Scope(address=key.address)], "a send")
            chain.node.set_balance(WATCHED, TRUTH)
            late.release()
            answer = (await reading)[key]
        assert answer.state.reading is not None
        assert answer.state.reading.amount == TRUTH
        assert held(session)[0] == TRUTH


async def test_an_answer_held_across_the_lock_reaches_neither_memory_nor_disk(
    tmp_path: Path, chain: Chain, proxy: DelayingProxy
) -> None:
    async with watching(tmp_path, local_network(proxy.url), WATCHED) as (application, first):
        session = first
        profile = session.profile.id
        chain.node.set_balance(WATCHED, BEFORE)
        await session.balances.refresh([coin_key(session)])
        chain.node.set_balance(WATCHED, LATE)
        late = proxy.hold_next()
        async with asyncio.timeout(PATIENCE_S):
            refreshing = asyncio.ensure_future(session.balances.refresh([coin_key(session)]))
            await late.arrived.wait()
            await session._registry.invalidate([Scope()], "a send")
            await application.lock()
            late.release()
            await asyncio.gather(refreshing, return_exceptions=True)
        session = await application.unlock(profile, PASSWORD)
        await session.balances.load_pages(session.balances.keys())
        amount, badge = held(session)
        assert (amount, badge.kind, badge.reasons) == (BEFORE, BadgeKind.STALE, (StaleReason.INVALIDATED,))
