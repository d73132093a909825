from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from desktop_wallet.core.errors import EndpointTimeout, EndpointUnreachable, OversizedReply
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.limits import ReplyLimits
from tests.fakes.clock import FakeClock
from tests.fakes.http2_server import certificate, http2_server, trusting


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def client(pem: Path) -> AsyncIterator[HttpClient]:
    one = HttpClient(FakeClock(), trust=lambda: trusting(pem))
    yield one
    await one.aclose()


async def test_many_requests_at_once_share_one_connection(client: HttpClient, pem: Path) -> None:
    async with http2_server(pem) as server:
        await client.post(server.url, b"{}")
        answers = await asyncio.gather(*(client.post(server.url, b"{}") for _ in range(20)))
        assert answers == [server.body] * 20
        assert client.connections(server.url) == server.connections.opened == 1


async def test_a_goaway_costs_one_more_try_and_no_failure(client: HttpClient, pem: Path) -> None:
    async with http2_server(pem, answers_per_connection=3) as server:
        for _ in range(10):
            assert await client.post(server.url, b"{}") == server.body
        assert server.refused == 3
        assert client.connections(server.url) == 4


async def test_a_goaway_to_every_request_is_a_failure_after_two_tries(client: HttpClient, pem: Path) -> None:
    async with http2_server(pem, answers_per_connection=0) as server:
        with pytest.raises(EndpointUnreachable) as caught:
            await client.post(server.url, b"{}")
        assert caught.value.data["problem"] == "closed"
        assert server.requests == 2


async def test_a_certificate_that_nobody_vouches_for_is_refused(pem: Path) -> None:
    client = HttpClient(FakeClock())
    async with http2_server(pem) as server:
        with pytest.raises(EndpointUnreachable) as caught:
            await client.post(server.url, b"{}")
        assert caught.value.data["problem"] == "tls"
        assert server.requests == 0
    await client.aclose()


async def test_a_connection_gone_silent_is_not_used_again(pem: Path) -> None:
    limits: list[asyncio.Timeout] = []

    def deadline(seconds: float) -> asyncio.Timeout:
        limits.append(asyncio.timeout(None))
        return limits[-1]

    client = HttpClient(FakeClock(), trust=lambda: trusting(pem), deadline=deadline)
    async with http2_server(pem) as server:
        await client.post(server.url, b"{}")
        server.silent = True
        server.heard.clear()
        async with asyncio.TaskGroup() as group:
            group.create_task(_times_out(client, server.url))
            await server.heard.wait()
            limits[-1].reschedule(asyncio.get_running_loop().time())
        server.silent = False
        assert await client.post(server.url, b"{}") == server.body
        assert client.connections(server.url) == 2
    await client.aclose()


async def test_after_a_caller_gave_up_a_new_connection_is_used_though_others_still_wait_on_the_old(
    client: HttpClient, pem: Path
) -> None:
    async with http2_server(pem) as server:
        await client.post(server.url, b"{}")
        server.silent = True
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(client.post(server.url, b"{}")) for _ in range(2)]
            while server.requests < 3:
                server.heard.clear()
                await server.heard.wait()
            waiting[0].cancel()
            await asyncio.wait(waiting[:1])
            server.silent = False
            assert await client.post(server.url, b"{}") == server.body
            assert client.connections(server.url) == 2
            assert not waiting[1].done()
            waiting[1].cancel()


async def _times_out(client: HttpClient, url: str) -> None:
    with pytest.raises(EndpointTimeout):
        await client.post(url, b"{}")


async def test_after_an_oversized_reply_a_new_connection_is_used(pem: Path) -> None:
    # What is left unread would use up the old one's flow-control window until nothing came through any more.
    client = HttpClient(FakeClock(), trust=lambda: trusting(pem), limits=ReplyLimits(max_bytes=1000))
    async with http2_server(pem) as server:
        small, server.body = server.body, b"x" * 16_000
        for _ in range(2):
            with pytest.raises(OversizedReply):
                await client.post(server.url, b"{}")
        server.body = small
        assert await client.post(server.url, b"{}") == small
        assert client.connections(server.url) == 3
    await client.aclose()
