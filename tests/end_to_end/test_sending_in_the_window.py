"""Paying in the real window: the balances go Pending with what is expected, then Fresh with what came of it."""

from __future__ import annotations

import asyncio
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton

from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.transfers import TransferState, touched
from tests.end_to_end.house import PASSWORD, PHRASE, Chain, local_network, surrounds, until
from tests.fakes.anvil import RpcFault
from tests.fakes.delaying_proxy import delaying_proxy
from tests.fakes.scripted_server import Act, Exchange, scripted_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from desktop_wallet.core.instants import Clock
    from desktop_wallet.core.networks import Network
    from desktop_wallet.core.transfers import Transfer
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.main_window import MainWindow
    from desktop_wallet.ui.tour_hands import ShiftedClock
    from tests.end_to_end.conftest import OpenWindow
    from tests.end_to_end.person import Person, Shown
    from tests.fakes.anvil import Anvil
    from tests.fixtures.keyring_daemon import PrivateKeyring

pytestmark = [pytest.mark.anvil, pytest.mark.keyring_daemon]

ETHER = 10**18
RICH = 10 * ETHER
TOKENS = 1_000 * 10**6


async def furnished(
    chain: Chain, network: Network, tmp_path: Path, open_window: OpenWindow, clock: Clock | None = None
) -> tuple[MainWindow, Person, Session]:
    """Return the window on a profile with two accounts: the first has coins and a token of six decimals."""
    window, person = await open_window(surrounds(tmp_path, network, clock=clock))
    session = await window._application.create_profile("Main", PASSWORD)
    wallet = await session.accounts.add_phrase("Savings", PHRASE, created=False)
    await session.accounts.add_account(wallet.id)
    await session.accounts.mark_backed_up(wallet.id)
    first, second = session.accounts.accounts()
    chain.node.set_balance(first.address.text, RICH)
    chain.node.set_balance(second.address.text, ETHER)
    chain.node.send_token(chain.tokens[0], first.address.text, TOKENS)
    await session.catalogue.choose_networks([network.id])
    await session.catalogue.add_token(await session.catalogue.find_token(network.id, chain.tokens[0]))
    window.entry.opened.emit()
    await person.sees("table: Balances")
    return window, person, session


async def draft(person: Person, session: Session, asset: str, amount: str) -> None:
    """Fill in a payment to one's own second account, up to the review."""
    await person.press("Send")
    if "button: Send another" in person.screen():
        await person.press("Send another")
    await person.choose("Asset", asset)
    await person.enter("To", display_address(session.accounts.accounts()[1].address))
    await person.enter("Amount", amount)
    await person.press("Review")
    await person.sees("You send, on Local")


def paid(session: Session) -> list[Transfer]:
    return list(session.transfers.all())


def lagging(node: Anvil, blocks: int) -> Act:
    """Answer as a server that many blocks behind: an older head, and nothing of what came after it."""

    def answer(call: dict[str, Any]) -> dict[str, Any]:
        head = max(node.height - blocks, 0)
        params = [hex(head) if each in ("latest", "pending") else each for each in call["params"]]
        for each in params:
            if isinstance(each, dict) and "blockHash" in each:
                block = node.rpc("eth_getBlockByHash", each["blockHash"], False)
                if block is None or int(block["number"], 16) > head:
                    error = {"code": -32001, "message": "header not found"}
                    return {"jsonrpc": "2.0", "id": call["id"], "error": error}
        try:
            result = node.rpc(call["method"], *params)
        except RpcFault as fault:
            return {"jsonrpc": "2.0", "id": call["id"], "error": fault.args[0]}
        if isinstance(result, dict) and int(result.get("blockNumber") or result.get("number") or "0x0", 16) > head:
            result = None
        return {"jsonrpc": "2.0", "id": call["id"], "result": result}

    async def act(exchange: Exchange) -> None:
        asked = json.loads(exchange.request.body)
        calls = asked if isinstance(asked, list) else [asked]
        told = await asyncio.to_thread(lambda: [answer(call) for call in calls])
        await exchange.send(json.dumps(told if isinstance(asked, list) else told[0]).encode())

    return act


async def test_coins_and_tokens_go_pending_and_then_fresh_and_a_lagging_server_brings_nothing_back(
    tmp_path: Path, chain: Chain, keyring: PrivateKeyring, open_window: OpenWindow
) -> None:
    async with delaying_proxy(chain.node.url) as slow, scripted_server(usual=lagging(chain.node, 2)) as behind:
        slow.delay_s = 0.05  # the server that lags is the quicker one, and so the one that is asked first
        network = local_network(slow.url, behind.url)
        window, person, session = await furnished(chain, network, tmp_path, open_window)
        chain.node.mine(5)
        await person.press("Show All Balances")
        await person.sees_balances(lambda shown: len(shown) == 4 and shown["Account 1", "ETH"].amount == 10)
        chain.node.rpc("evm_setAutomine", False)

        for asset, amount in (("ETH", "1.25"), ("USDT6", "250.5")):
            before = await balances(person)
            await draft(person, session, f"{asset}", amount)
            await person.press("Sign and send")
            await until(lambda: paid(session) and paid(session)[0].state is TransferState.BROADCAST)
            sent = paid(session)[0]
            await person.press("Balances")
            await person.sees_balances(_all_are(asset, "Pending"))
            shown = await person.balances()
            assert shown["Account 1", asset].amount == before["Account 1", asset].amount, "the earlier amount stays"
            assert f"+{Decimal(amount):,.2f}"[:-1] in person.screen().replace("\u202f", "")
            chain.node.mine()
            await until(lambda: paid(session)[0].settled is not None)
            await person.sees_balances(_all_are(asset, "Fresh"))
            assert {place: each.amount for place, each in (await person.balances()).items()} == truth(chain, session)
            fee = sent.draft.asset.is_native
            gone = before["Account 1", asset].amount - (await person.balances())["Account 1", asset].amount
            assert gone > Decimal(amount) if fee else gone == Decimal(amount)

        for _ in range(10):
            await person.press("Refresh")
            await until(lambda: not session.balances.updating)
            assert {place: each.amount for place, each in (await person.balances()).items()} == truth(chain, session)
            chain.node.mine()
        assert len(behind.requests) > 10, "the one that lags was asked, again and again"
        await window.shut_down()
        await window._application.close()  # before the servers are gone


async def balances(person: Person) -> dict[tuple[str, str], Any]:
    await person.press("Balances")
    return dict(await person.balances())


def _all_are(asset: str, badge: str) -> Callable[[dict[tuple[str, str], Shown]], bool]:
    return lambda shown: _badges(shown, asset) == {badge}


def _badges(shown: dict[tuple[str, str], Shown], asset: str) -> set[str]:
    return {each.badge for (_, symbol), each in shown.items() if symbol == asset}


def truth(chain: Chain, session: Session) -> dict[tuple[str, str], Decimal]:
    """Return what the node says that everybody has."""
    found = {}
    for account in session.accounts.accounts():
        wei = int(chain.node.rpc("eth_getBalance", account.address.text, "latest"), 16)
        found[account.label, "ETH"] = Decimal(wei).scaleb(-18)
        data = f"0x70a08231{account.address.text[2:].rjust(64, '0')}"
        units = int(chain.node.rpc("eth_call", {"to": chain.tokens[0], "data": data}, "latest"), 16)
        found[account.label, "USDT6"] = Decimal(units).scaleb(-6)
    return found


async def test_of_two_payments_in_flight_the_first_is_settled_and_the_second_stays_pending(
    tmp_path: Path, chain: Chain, keyring: PrivateKeyring, open_window: OpenWindow
) -> None:
    network = local_network(chain.node.url)
    _, person, session = await furnished(chain, network, tmp_path, open_window)
    chain.node.rpc("evm_setAutomine", False)
    for amount in ("1", "2"):
        await draft(person, session, "ETH", amount)
        await person.press("Sign and send")
        await person.sees("Sent, shown now")
    await until(lambda: {each.state for each in paid(session)} == {TransferState.BROADCAST})
    second, first = paid(session)
    assert (first.nonce, second.nonce) == (0, 1)
    chain.node.rpc("evm_setBlockGasLimit", hex(30_000))  # a block with room for one
    chain.node.mine()
    chain.node.rpc("evm_setBlockGasLimit", hex(30_000_000))
    await until(lambda: session.transfers.get(first.id).settled is not None)
    assert session.transfers.get(second.id).state is TransferState.BROADCAST
    await person.press("Balances")
    await person.sees_balances(lambda shown: _badges(shown, "ETH") == {"Pending"})
    shown = await person.balances()
    assert shown["Account 1", "ETH"].amount == truth(chain, session)["Account 1", "ETH"], "the first one is in it"
    await person.open_details("Account 1", "ETH")
    left = truth(chain, session)["Account 1", "ETH"] - Decimal(second.draft.amount + second.fee.most).scaleb(-18)
    assert session.balances.spendable(touched(second.draft, second.fee.asset)[0]) == int(left.scaleb(18))
    read_out = re.search(r"Spendable: ([\d.\s]+) ETH", await person.sees("Spendable: "))
    assert read_out, person.screen()
    assert Decimal("".join(read_out[1].split())) == left, person.screen()
    chain.node.mine()
    await until(lambda: session.transfers.get(second.id).settled is not None)
    await person.sees_balances(lambda shown: _badges(shown, "ETH") <= {"Fresh", "Cached"})


async def test_a_double_click_and_enter_held_down_are_one_payment(
    tmp_path: Path, chain: Chain, keyring: PrivateKeyring, open_window: OpenWindow
) -> None:
    _, person, session = await furnished(chain, local_network(chain.node.url), tmp_path, open_window)
    await draft(person, session, "ETH", "1")
    button = await person._find(QAbstractButton, lambda b: b.text() == "Sign and send", "the button")
    QTest.mouseDClick(button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    for _ in range(30):
        QTest.keyClick(button, Qt.Key.Key_Return)
        QTest.keyClick(person.window, Qt.Key.Key_Return)
        await asyncio.sleep(0)
    await person.sees("Confirmed")
    assert len(paid(session)) == 1
    assert chain.node.rpc("eth_getTransactionCount", paid(session)[0].draft.sender.text, "pending") == "0x1"


async def test_a_window_closed_in_the_middle_pays_once_and_says_so_at_the_next_start(
    tmp_path: Path, chain: Chain, keyring: PrivateKeyring, open_window: OpenWindow
) -> None:
    async with delaying_proxy(chain.node.url) as server:
        network = local_network(server.url)
        window, person, session = await furnished(chain, network, tmp_path, open_window)
        await draft(person, session, "ETH", "1")
        server.delay_s = 0.3
        await person.press("Sign and send")
        await until(lambda: paid(session))
        sender = paid(session)[0].draft.sender.text
        window.close()
        await window.shut_down()
        await window._application.close()
        server.delay_s = 0.0
        _, person = await open_window(surrounds(tmp_path, network))
        await person.enter("Password", PASSWORD, then=Qt.Key.Key_Return)
        await person.sees("table: Balances")
        await person.press("Activity")
        await person.sees("Confirmed")
        assert chain.node.rpc("eth_getTransactionCount", sender, "pending") == "0x1"


async def test_a_machine_that_slept_between_review_and_signing_looks_again(
    tmp_path: Path, chain: Chain, keyring: PrivateKeyring, clock: ShiftedClock, open_window: OpenWindow
) -> None:
    window, person, session = await furnished(chain, local_network(chain.node.url), tmp_path, open_window, clock=clock)
    await session.settings.change(lock_on_suspend=False, auto_lock_s=None)
    await draft(person, session, "ETH", "9")
    clock.advance(3_600)
    window.auto_lock.woke.emit()
    sender = session.accounts.accounts()[0].address.text
    chain.node.set_balance(sender, ETHER)  # meanwhile another program took it
    await person.press("Sign and send")
    await person.sees("This takes 9.* ETH, and 1.00 ETH can be spent")
    assert paid(session) == []
    assert chain.node.rpc("eth_getTransactionCount", sender, "pending") == "0x0"


async def test_max_is_sent_although_the_network_got_dearer_and_leaves_what_was_said_at_most(
    tmp_path: Path, chain: Chain, keyring: PrivateKeyring, open_window: OpenWindow
) -> None:
    _, person, session = await furnished(chain, local_network(chain.node.url), tmp_path, open_window)
    await person.press("Send")
    await person.choose("Asset", "ETH")
    await person.enter("To", display_address(session.accounts.accounts()[1].address))
    await person.press("Max")
    await person.sees("may be left over: it is held back for the fee")
    chain.node.rpc("anvil_setNextBlockBaseFeePerGas", hex(40 * 10**9))
    chain.node.mine()
    await person.press("Review")
    await person.sees("You send, on Local")
    await person.press("Sign and send")
    await until(lambda: paid(session) and paid(session)[0].settled)
    sent = paid(session)[0]
    left = int(chain.node.rpc("eth_getBalance", sent.draft.sender.text, "latest"), 16)
    assert sent.state is TransferState.CONFIRMED
    assert 0 < left <= sent.fee.most
    assert sent.draft.amount + sent.fee.most == RICH, "nothing else stays behind"
