"""Balances that nobody clicks on, in the real window and on a real node: they follow the chain by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.clock import SystemClock
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.freshness import BadgeKind, Purpose
from desktop_wallet.core.networks import Family
from desktop_wallet.core.transfers import Draft
from desktop_wallet.net.client import HttpClient
from desktop_wallet.ui.pages.settings_freshness import FreshnessSection
from tests.end_to_end.house import (
    PASSWORD,
    PHRASE,
    at_rest,
    coin_key,
    local_network,
    surrounds,
    until,
    wallet,
    watching,
)
from tests.end_to_end.person import Shown
from tests.fakes.anvil import DEV_ACCOUNTS, Anvil, running_anvil
from tests.fakes.scripted_server import Act, Exchange, ScriptedServer, scripted_server
from tests.vault.disk_store import DiskStore

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.main_window import MainWindow
    from tests.end_to_end.conftest import OpenWindow
    from tests.end_to_end.person import Person

pytestmark = pytest.mark.anvil

ACCOUNT = DEV_ACCOUNTS[3]


@asynccontextmanager
async def node_without_websockets(node: Anvil) -> AsyncIterator[ScriptedServer]:
    """Yield a server that passes calls on to the node and knows no WebSocket."""
    client = HttpClient(SystemClock())

    async def act(exchange: Exchange) -> None:
        if exchange.request.first_line.startswith("GET"):
            await exchange.send(b"no", status="404 Not Found")
        else:
            await exchange.send(await client.post(node.url, exchange.request.body))

    passing: Act = act
    async with scripted_server(usual=passing) as server:
        yield server
    await client.aclose()


async def open_on_an_account(open_window: OpenWindow, root: Path, url: str) -> tuple[MainWindow, Person, Session]:
    """Return a window that shows the one account's coin, read once, and asks nobody but that server."""
    window, person = await open_window(surrounds(root, local_network(url)))
    application = window._application
    session = await application.create_profile("Main", PASSWORD, without_keyring=True)
    await session.accounts.add_watch("Watched", ACCOUNT)
    await session.catalogue.choose_networks([session.catalogue.networks(enabled_only=False)[0].id])
    window.entry.opened.emit()
    await at_rest(session)
    await person.sees_balances(lambda shown: shows(shown, 10_000))
    return window, person, session


def shows(shown: dict[tuple[str, str], Shown], coins: int) -> bool:
    return [line for (_, asset), line in shown.items() if asset == "ETH"] == [Shown(Decimal(coins), "Fresh")]


async def test_a_change_from_outside_shows_within_a_block_where_the_server_pushes(
    tmp_path: Path, open_window: OpenWindow
) -> None:
    with running_anvil() as node:
        window, person, session = await open_on_an_account(open_window, tmp_path, node.url)
        await until(lambda: session.refresher.next_s() is not None)
        await until(is_listening)
        node.set_balance(ACCOUNT, 7 * 10**18)
        # PATIENCE_S is less than the display's TTL: nothing but the pushed block can have caused it.
        await person.sees_balances(lambda shown: shows(shown, 7))
        assert session.refresher.pushed_by()
        await person.sees("Next refresh in")

        # A window that nobody sees holds no socket, and what came meanwhile shows when it is seen again.
        window.showMinimized()
        await until(lambda: not session.refresher.pushed_by())
        window.showNormal()
        await until(is_listening)
        node.set_balance(ACCOUNT, 8 * 10**18)
        await person.sees_balances(lambda shown: shows(shown, 8))


async def test_a_change_from_outside_shows_within_the_ttl_where_the_server_does_not_push(
    tmp_path: Path, open_window: OpenWindow
) -> None:
    with running_anvil() as node:
        async with node_without_websockets(node) as server:
            window, person, session = await open_on_an_account(open_window, tmp_path, server.url)
            await session.settings.change(ttl_s={(Purpose.DISPLAY, None): 2.0})
            session.refresher.apply_settings()
            node.set_balance(ACCOUNT, 7 * 10**18)
            await person.sees_balances(lambda shown: shows(shown, 7))
            assert session.refresher.pushed_by() == {}
            assert sum(each.first_line.startswith("GET") for each in server.requests) == 1

            asked = len(server.requests)
            await person.press("Settings")
            await person.press("Section: Freshness")
            await person.sees("check box: Keep what is on screen fresh")
            window.findChildren(FreshnessSection)[0].keep_fresh.click()
            await person.sees("read again only when you ask for it")
            assert not session.settings.now.keep_fresh
            assert session.refresher.next_s() is None
            assert len(server.requests) - asked <= 2


async def test_a_reorganisation_is_seen_and_what_left_the_chain_is_read_anew(tmp_path: Path) -> None:
    with running_anvil() as node:
        async with (
            node_without_websockets(node) as server,
            watching(tmp_path, local_network(server.url), ACCOUNT, DEV_ACCOUNTS[4]) as (_, session),
        ):
            first, second = coins(session)
            node.mine(3)
            node.send(ACCOUNT, wei=10**18)
            await session.balances.refresh([first])
            assert amount(session) == 10_001 * 10**18
            seen: list[BadgeKind] = []
            session.subscribe(lambda _: seen.append(session.balances.badge(first, None).kind))
            node.reorg(1)  # the payment is gone, and another block stands at its height
            node.mine()
            await session.balances.refresh([second])
            await until(lambda: amount(session) == 10_000 * 10**18)
            assert BadgeKind.STALE in seen
            assert not session.balances.state(first).left_chain


async def test_a_pushed_head_that_does_not_follow_tells_of_the_reorganisation(tmp_path: Path) -> None:
    with running_anvil() as node:
        async with watching(tmp_path, local_network(node.url), ACCOUNT, DEV_ACCOUNTS[4]) as (_, session):
            first, second = coins(session)
            node.mine(3)
            node.send(ACCOUNT, wei=10**18)
            await session.balances.refresh([first])
            await session.balances.refresh([second])
            await session.settings.change(keep_fresh=True)
            session.refresher.watch([second])  # the first one is not on screen
            await until(is_listening)
            node.mine()
            await until(session.refresher.pushed_by)
            node.reorg(2)
            await until(lambda: amount(session) == 10_000 * 10**18)


async def test_a_payment_in_a_block_that_left_is_open_again_and_its_amount_stays_reserved(tmp_path: Path) -> None:
    with running_anvil() as node:
        on = local_network(node.url)
        async with wallet(surrounds(tmp_path, on, store=lambda: DiskStore(tmp_path / "keyring.json"))) as application:
            session = await application.create_profile("Main", PASSWORD)
            await session.settings.change(preload=False, keep_fresh=False)
            owner = await session.accounts.add_phrase("Main", PHRASE, created=True)
            await session.accounts.add_account(owner.id)
            await session.catalogue.choose_networks([on.id])
            payer, other = (account.address for account in session.accounts.accounts())
            node.set_balance(payer.text, 10**19)
            draft = Draft(on.id, payer, Address(Family.EVM, ACCOUNT), native_asset(on).id, 10**18)
            sent = await session.sending.send(await session.sending.review(draft))
            await until(lambda: session.transfers.get(sent.id).settled is not None)
            node.reorg(1)
            node.mine()
            await session.balances.refresh(session.balances.keys(account=other))
            # Left to itself a settled payment is looked at once a minute: PATIENCE_S is less.
            await until(lambda: session.transfers.get(sent.id).settled is None)
            key = session.balances.keys(account=payer)[0]
            await until(lambda: (reading := session.balances.state(key).reading) and reading.amount == 10**19)
            assert session.balances.badge(key, None).kind is BadgeKind.PENDING
            assert 10**18 * 9 - 10**16 < (session.balances.spendable(key) or 0) < 10**18 * 9


def coins(session: Session) -> tuple[BalanceKey, ...]:
    """Return the coin of each account."""
    keys = session.balances.keys()
    return tuple(key for key in keys if key.asset.is_native)


def is_listening() -> bool:
    """Return whether a socket stands open: its task waits for the next head."""
    return any(task.get_name() == "next head" for task in asyncio.all_tasks())


def amount(session: Session) -> int | None:
    reading = session.balances.state(coin_key(session)).reading
    return reading.amount if reading else None
