from __future__ import annotations

import asyncio

from desktop_wallet.core.errors import (
    EndpointRateLimited,
    EndpointTimeout,
)
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.json_rpc import Call
from desktop_wallet.net.pool import EndpointContext, EndpointPool
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_server import (
    answers,
    holds,
    scripted_server,
)
from tests.fakes.servers_in_process import CALL, Servers, pool_over
from tests.fakes.sleepers import settle


async def test_a_batch_is_composed_for_the_endpoint_that_will_get_it(pool: EndpointPool, servers: Servers) -> None:
    contexts: list[EndpointContext] = []

    def compose(context: EndpointContext) -> list[Call]:
        contexts.append(context)
        return [CALL, CALL] if context.needs_identity else [CALL]

    answered = await pool.send(compose)
    assert (len(answered.results), answered.context) == (2, EndpointContext("a.invalid", needs_identity=True))
    pool.identified("a.invalid", "0xaa")
    assert len((await pool.send(compose)).results) == 1
    servers.fault["a.invalid"] = EndpointTimeout(host="a.invalid", after_s=10.0)
    await pool.send(compose)
    assert contexts[2:] == [EndpointContext("a.invalid", False), EndpointContext("b.invalid", True)]
    assert pool.needs_identity("a.invalid")


async def test_a_rate_limit_is_no_doubt_about_who_answers(pool: EndpointPool, servers: Servers) -> None:
    await pool.send([CALL])
    pool.identified("a.invalid", "0xaa")
    servers.fault["a.invalid"] = EndpointRateLimited(host="a.invalid", retry_after_s=1.0)
    await pool.send([CALL])
    assert not pool.needs_identity("a.invalid")


async def test_no_answer_counts_on_a_new_connection_before_the_server_has_shown_its_chain(
    client: HttpClient, clock: FakeClock
) -> None:
    def compose(context: EndpointContext) -> list[Call]:
        return [Call("eth_getBalance"), *([Call("eth_chainId")] if context.needs_identity else [])]

    async with scripted_server() as server:
        pool = pool_over(client, clock, server)
        host = pool.hosts[0]
        await pool.send(compose)
        pool.identified(host, "0xaa")
        assert len((await pool.send(compose)).results) == 1
        await server.connections.end()  # the server starts again between two reads, and nobody sees an error
        answered = await pool.send(compose)
        assert answered.context.needs_identity
        assert [len(methods) for methods in server.calls] == [2, 1, 1, 2]
        assert all(status.failures == 0 for status in pool.statuses())


async def test_another_readers_proof_does_not_stand_for_a_new_connection(client: HttpClient, clock: FakeClock) -> None:
    gate, reached = asyncio.Event(), asyncio.Event()

    def compose(context: EndpointContext) -> list[Call]:
        return [Call("eth_getBalance"), *([Call("eth_chainId")] if context.needs_identity else [])]

    async with scripted_server() as server:
        pool = pool_over(client, clock, server)
        host = pool.hosts[0]
        await pool.send(compose)
        pool.identified(host, "0xaa")
        server.script += [holds(gate, answers(), reached), holds(gate, answers())]
        async with asyncio.TaskGroup() as group:
            group.create_task(pool.send(compose))
            await reached.wait()
            second = group.create_task(pool.send(compose))
            while client.connections(server.url) < 2:
                await settle()
            pool.identified(host, "0xaa")  # proved on the first connection, noted after the second was made
            gate.set()
        assert second.result().context.needs_identity


async def test_a_connection_that_has_idled_too_long_is_taken_for_a_new_one(
    client: HttpClient, clock: FakeClock
) -> None:
    async with scripted_server() as server:
        pool = pool_over(client, clock, server)
        host = pool.hosts[0]
        await pool.send([CALL])
        pool.identified(host, "0xaa")
        clock.advance(59)
        assert not pool.needs_identity(host)
        clock.advance(1)
        assert pool.needs_identity(host)
