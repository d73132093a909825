from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from desktop_wallet.core.errors import EndpointUnreachable
from desktop_wallet.net.client import HttpClient
from tests.fakes.clock import FakeClock
from tests.fakes.delaying_proxy import delaying_proxy
from tests.fakes.scripted_server import says, scripted_server
from tests.fakes.sleepers import Sleepers, settle


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    one = HttpClient(FakeClock())
    yield one
    await one.aclose()


async def test_requests_and_replies_pass(client: HttpClient) -> None:
    async with scripted_server(says([1]), says([2])) as server, delaying_proxy(server.url) as proxy:
        assert await client.post(proxy.url, b"{}") == b"[1]"
        assert await client.post(proxy.url, b"[]") == b"[2]"
        assert [request.body for request in proxy.requests] == [b"{}", b"[]"]


async def test_a_held_reply_waits_though_the_server_has_answered_and_later_ones_pass_it(client: HttpClient) -> None:
    async with scripted_server(says([1]), says([2])) as server, delaying_proxy(server.url) as proxy:
        held = proxy.hold_next()
        async with asyncio.TaskGroup() as group:
            first = group.create_task(client.post(proxy.url, b"{}"))
            await held.arrived.wait()
            assert await client.post(proxy.url, b"{}") == b"[2]"
            assert not first.done()
            held.release()
        assert first.result() == b"[1]"


async def test_a_dropped_reply_is_a_broken_connection_after_the_server_has_done_its_work(client: HttpClient) -> None:
    async with scripted_server() as server, delaying_proxy(server.url) as proxy:
        proxy.drop_next(2)
        with pytest.raises(EndpointUnreachable):
            await client.post(proxy.url, b'{"id":1,"method":"a","params":[]}')
        assert len(server.requests) == 2
        held = proxy.hold_next()
        held.drop()
        await client.post(proxy.url, b'{"id":1,"method":"a","params":[]}')
        assert len(server.requests) == 4


async def test_every_reply_may_be_delayed(client: HttpClient) -> None:
    clock = FakeClock()
    sleepers = Sleepers(clock)
    async with scripted_server(says([1])) as server, delaying_proxy(server.url, sleep=sleepers.sleep) as proxy:
        proxy.delay_s = 0.1
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(client.post(proxy.url, b"{}"))
            while not sleepers.waiting:
                await settle()
            assert not asked.done()
            await sleepers.advance(0.1)
        assert asked.result() == b"[1]"


async def test_a_server_that_has_ended_is_a_broken_connection(client: HttpClient) -> None:
    async with scripted_server() as server:
        target = server.url
    async with delaying_proxy(target) as proxy:
        with pytest.raises(EndpointUnreachable):
            await client.post(proxy.url, b"{}")
