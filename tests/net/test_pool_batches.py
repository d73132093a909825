from __future__ import annotations

import json

import pytest

from desktop_wallet.core.errors import (
    NoEndpointLeft,
)
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.json_rpc import Call, RpcResult
from desktop_wallet.net.pool import EndpointPool
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_server import (
    Act,
    answers,
    cut,
    drop,
    refuses_batches,
    says,
    scripted_server,
)
from tests.fakes.servers_in_process import CALL, example_network, pool_over

_TOO_MANY = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "batch too large"}}


@pytest.mark.parametrize(
    "error", [says(_TOO_MANY), says([_TOO_MANY]), says(b"", status="413 Too Large"), says(b"no", status="400 Bad")]
)
async def test_a_server_that_refuses_large_batches_gets_smaller_ones_from_then_on(
    client: HttpClient, clock: FakeClock, error: Act
) -> None:
    usual = refuses_batches(answers(lambda method, params: params[0]), error, largest=3)
    calls = [Call("eth_call", (str(number),)) for number in range(10)]
    async with scripted_server(usual=usual) as server:
        pool = pool_over(client, clock, server)
        for _ in range(2):
            answered = await pool.send(calls)
            assert answered.results == tuple(RpcResult(str(number)) for number in range(10))
        assert [len(methods) for methods in server.calls] == [10, 5, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]
        assert pool.statuses()[0].failures == 0
        assert pool.statuses()[0].requests == 12


async def test_a_server_without_batches_gets_single_calls(client: HttpClient, clock: FakeClock) -> None:
    usual = refuses_batches(answers(), says(_TOO_MANY), largest=0)
    async with scripted_server(usual=usual) as server:
        pool = pool_over(client, clock, server)
        assert len((await pool.send([CALL] * 3)).results) == 3
        assert len((await pool.send([CALL] * 2)).results) == 2
        assert [json.loads(request.body)["id"] for request in server.requests[1:]] == [1] * 5


async def test_each_part_of_a_split_batch_costs_a_turn(client: HttpClient, clock: FakeClock) -> None:
    async with scripted_server() as server:
        pool = EndpointPool(example_network([server.url]), client, clock, clock.sleep, requests_per_min=4, max_batch=1)
        answered = await pool.send([CALL] * 3)
        assert answered.ended.boot_s - answered.started.boot_s == pytest.approx(40.0)


async def test_a_server_that_refuses_everything_is_not_taken_for_one_without_batches(
    client: HttpClient, clock: FakeClock
) -> None:
    async with scripted_server(usual=says(b"", status="400 Bad")) as server:
        pool = pool_over(client, clock, server)
        with pytest.raises(NoEndpointLeft):
            await pool.send([CALL] * 4)
        server.usual = answers()
        await pool.send([CALL] * 4)
        assert [len(methods) for methods in server.calls] == [4, 2, 1, 4]


async def test_more_calls_than_a_batch_holds_are_split(client: HttpClient, clock: FakeClock) -> None:
    async with scripted_server(usual=answers(lambda method, params: params[0])) as server:
        pool = pool_over(client, clock, server, max_batch=4)
        answered = await pool.send([Call("eth_call", (number,)) for number in range(9)])
        assert answered.results == tuple(RpcResult(number) for number in range(9))
        assert [len(methods) for methods in server.calls] == [4, 4, 1]


@pytest.mark.parametrize(("first", "requests"), [(drop, 2), (cut, 2), (says(b"", status="500 Broken"), 1)])
async def test_a_server_that_breaks_in_the_middle_of_a_split_batch_is_replaced_for_all_of_it(
    client: HttpClient, clock: FakeClock, first: Act, requests: int
) -> None:
    async with scripted_server(usual=first) as breaks, scripted_server() as works:
        breaks.script.append(answers(lambda method, params: "from the broken one"))
        pool = pool_over(client, clock, breaks, works, max_batch=2)
        answered = await pool.send([CALL] * 4)
        assert answered.results == (RpcResult("0x1"),) * 4
        assert len(breaks.requests) == 1 + requests
