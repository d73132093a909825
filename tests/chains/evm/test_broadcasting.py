"""What servers make of a transaction that is handed to them, and what they say of it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from desktop_wallet.chains.adapter import Acknowledgement, Delivery
from desktop_wallet.clock import SystemClock
from desktop_wallet.core.errors import EndpointRefused, EndpointUnreachable
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.limits import ReplyLimits
from tests.chains.evm.edited_node import ME, YOU, SendingStage, adapter_on, error, result, signed, stage_of
from tests.fakes.anvil import Anvil

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from desktop_wallet.chains.evm.adapter import EvmAdapter
    from desktop_wallet.core.signing import SignedTransaction

pytestmark = pytest.mark.anvil
TAKEN, REFUSED, UNANSWERED = Acknowledgement.TAKEN, Acknowledgement.REFUSED, Acknowledgement.UNANSWERED


@pytest.fixture
async def stage() -> AsyncIterator[SendingStage]:
    """Yield three servers before one node."""
    with Anvil() as node:
        stage = stage_of(node, node, node)
        yield stage
        await stage.client.aclose()


@pytest.fixture
async def alone() -> AsyncIterator[SendingStage]:
    """Yield one server before one node."""
    with Anvil() as node:
        stage = stage_of(node)
        yield stage
        await stage.client.aclose()


async def deliveries(adapter: EvmAdapter, transaction: SignedTransaction) -> dict[str, Delivery]:
    return {delivery.host: delivery async for delivery in adapter.broadcast(transaction)}


async def acknowledged(stage: SendingStage, transaction: SignedTransaction) -> dict[str, Acknowledgement]:
    return {host: each.acknowledgement for host, each in (await deliveries(stage.adapter, transaction)).items()}


def has(stage: SendingStage, transaction: SignedTransaction) -> bool:
    return stage.node.rpc("eth_getTransactionByHash", transaction.id) is not None


async def test_three_servers_take_it_though_two_of_them_have_it_already(stage: SendingStage) -> None:
    transaction = signed(stage.node)
    assert await acknowledged(stage, transaction) == dict.fromkeys(("a.test", "b.test", "c.test"), TAKEN)
    assert has(stage, transaction)
    assert int(stage.node.rpc("eth_getTransactionCount", ME.text, "latest"), 16) == 1


async def test_no_more_than_three_servers_are_asked() -> None:
    with Anvil() as node:
        stage = stage_of(node, node, node, node)
        assert len(await acknowledged(stage, signed(node))) == 3
        await stage.client.aclose()


async def test_the_second_time_is_taken_too(alone: SendingStage) -> None:
    transaction = signed(alone.node)
    alone.node.rpc("evm_setAutomine", False)
    for _ in range(2):
        assert await acknowledged(alone, transaction) == {"a.test": TAKEN}


async def test_an_error_of_a_server_that_has_it_all_the_same_is_a_yes(alone: SendingStage) -> None:
    transaction = signed(alone.node)
    alone.server.edits["eth_sendRawTransaction"] = error(-32000, "something\nbroke")
    delivery = (await deliveries(alone.adapter, transaction))["a.test"]

    assert delivery == Delivery("a.test", TAKEN, "something broke")
    assert has(alone, transaction)


async def test_a_nonce_that_another_transaction_used_is_refused_in_the_servers_words(alone: SendingStage) -> None:
    alone.node.send(YOU.text, wei=1)
    delivery = (await deliveries(alone.adapter, signed(alone.node, nonce=0)))["a.test"]

    assert delivery.acknowledgement is REFUSED
    assert "nonce too low" in delivery.words


async def test_already_known_of_a_server_that_does_not_show_it_is_a_no(alone: SendingStage) -> None:
    alone.server.edits["eth_sendRawTransaction"] = error(-32000, "already known")
    alone.server.edits["eth_getTransactionByHash"] = result(None)
    assert await acknowledged(alone, signed(alone.node)) == {"a.test": REFUSED}


async def test_already_known_of_a_server_that_shows_another_one_is_no_answer(alone: SendingStage) -> None:
    alone.server.edits["eth_sendRawTransaction"] = error(-32000, "already known")
    alone.server.edits["eth_getTransactionByHash"] = result({"hash": "0x" + "12" * 32})
    delivery = (await deliveries(alone.adapter, signed(alone.node)))["a.test"]

    assert delivery == Delivery("a.test", UNANSWERED, "named another transaction")


async def test_a_server_that_names_another_id_is_no_answer(alone: SendingStage) -> None:
    alone.server.edits["eth_sendRawTransaction"] = result("0x" + "12" * 32)
    delivery = (await deliveries(alone.adapter, signed(alone.node)))["a.test"]

    assert delivery == Delivery("a.test", UNANSWERED, "named another transaction")


@pytest.mark.parametrize("nonsense", [None, "0x", 7, True, {}, "0x" + "g" * 64], ids=repr)
async def test_nonsense_is_no_answer(alone: SendingStage, nonsense: object) -> None:
    alone.server.edits["eth_sendRawTransaction"] = result(nonsense)
    assert await acknowledged(alone, signed(alone.node)) == {"a.test": UNANSWERED}


async def test_a_rate_limit_is_no_answer(alone: SendingStage) -> None:
    alone.server.edits["eth_sendRawTransaction"] = error(-32005, "rate limit exceeded")
    assert await acknowledged(alone, signed(alone.node)) == {"a.test": UNANSWERED}


async def test_an_error_of_a_server_that_then_falls_silent_is_no_answer(alone: SendingStage) -> None:
    alone.server.edits["eth_sendRawTransaction"] = error(-32000, "replacement transaction underpriced")
    alone.server.edits["eth_getTransactionByHash"] = result(7)
    assert await acknowledged(alone, signed(alone.node)) == {"a.test": UNANSWERED}


async def test_a_refusal_by_http_status_of_a_server_that_has_it_is_a_yes(alone: SendingStage) -> None:
    async def refuse_once() -> None:
        if len(alone.server.calls) == 1:
            raise EndpointRefused(host="a.test", status=403)

    alone.server.after = refuse_once
    assert await acknowledged(alone, signed(alone.node)) == {"a.test": TAKEN}


async def test_a_refusal_by_http_status_of_a_server_that_has_it_not_is_no_answer(alone: SendingStage) -> None:
    async def refuse_once() -> None:
        if len(alone.server.calls) == 1:
            raise EndpointRefused(host="a.test", status=403)

    alone.server.before = refuse_once
    assert await acknowledged(alone, signed(alone.node)) == {"a.test": UNANSWERED}


async def test_a_server_that_is_down_or_of_another_chain_hinders_no_other(stage: SendingStage) -> None:
    async def fail() -> None:
        raise EndpointUnreachable(host="b.test", problem="connect")

    stage.servers[1].before = fail
    stage.servers[2].edits["eth_chainId"] = result("0x1")
    assert await acknowledged(stage, signed(stage.node)) == {
        "a.test": TAKEN,
        "b.test": UNANSWERED,
        "c.test": UNANSWERED,
    }


async def test_the_first_answer_comes_while_another_server_is_silent(stage: SendingStage) -> None:
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    for server in stage.servers[1:]:
        server.after = wait
    heard = stage.adapter.broadcast(signed(stage.node))
    first = await anext(heard)
    gate.set()
    others = [delivery async for delivery in heard]

    assert first == Delivery("a.test", TAKEN)
    assert {(each.host, each.acknowledgement) for each in others} == {("b.test", TAKEN), ("c.test", TAKEN)}


async def test_a_server_that_never_answers_is_given_up() -> None:
    with Anvil() as node:
        stage = stage_of(node)

        async def wait_for_ever() -> None:
            await asyncio.Event().wait()

        stage.server.after = wait_for_ever
        clock = SystemClock()
        client = HttpClient(clock, limits=ReplyLimits(total_s=0.2), in_process={stage.server.host: stage.server.answer})
        transaction = signed(node)
        told = await deliveries(adapter_on(stage.network, client, clock), transaction)
        await client.aclose()
        await stage.client.aclose()

        assert told == {"a.test": Delivery("a.test", UNANSWERED)}
        assert has(stage, transaction)


async def test_who_has_heard_enough_may_go(stage: SendingStage) -> None:
    cancelled = asyncio.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    stage.servers[1].after = wait
    async with aclosing(stage.adapter.broadcast(signed(stage.node))) as heard:
        async for delivery in heard:
            assert delivery.acknowledgement is TAKEN
            break

    assert cancelled.is_set()


async def test_cancelling_who_listens_ends_it(alone: SendingStage) -> None:
    reached = asyncio.Event()

    async def wait() -> None:
        reached.set()
        await asyncio.Event().wait()

    alone.server.after = wait
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(acknowledged(alone, signed(alone.node)))
        await reached.wait()
        listening.cancel()

    assert listening.cancelled()


async def test_nobody_to_ask_is_no_delivery() -> None:
    with Anvil() as node:
        stage = stage_of(node)
        network = replace(stage.network, endpoints=(), id=NetworkId("eip155", "31337"))
        clock: Any = SystemClock()
        assert await deliveries(adapter_on(network, stage.client, clock), signed(node)) == {}
        await stage.client.aclose()
