"""A GET goes out within the same limits as a POST, and tells no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.errors import EndpointRateLimited, EndpointRefused, OversizedReply
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.limits import ReplyLimits
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_server import cut, says, scripted_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    one = HttpClient(FakeClock(), limits=ReplyLimits(max_bytes=1_000))
    yield one
    await one.aclose()


async def test_a_get_has_no_body_and_names_none(client: HttpClient) -> None:
    async with scripted_server(says(b"hello", Set_Cookie="who=you; Path=/"), says(b"again")) as server:
        assert await client.get(server.url) == b"hello"
        assert await client.get(server.url) == b"again"
    first, second = server.requests
    assert first.first_line == "GET /key-of-a-person?secret=1 HTTP/1.1"
    assert set(first.headers) == {"host", "accept", "accept-encoding", "connection", "user-agent"}
    assert second.headers == first.headers


async def test_a_post_beside_it_still_names_its_body(client: HttpClient) -> None:
    async with scripted_server(says(b"{}"), says(b"{}")) as server:
        await client.get(server.url)
        await client.post(server.url, b"{}")
    assert server.requests[1].headers["content-type"] == "application/json"


async def test_a_large_reply_is_refused(client: HttpClient) -> None:
    async with scripted_server(says(b"x" * 1_001)) as server:
        with pytest.raises(OversizedReply):
            await client.get(server.url)


async def test_a_redirect_is_not_followed(client: HttpClient) -> None:
    async with (
        scripted_server() as elsewhere,
        scripted_server(says(b"", status="302 F", Location=elsewhere.url)) as one,
    ):
        with pytest.raises(EndpointRefused):
            await client.get(one.url)
        assert not elsewhere.requests


async def test_too_many_requests_tell_how_long_to_wait(client: HttpClient) -> None:
    async with scripted_server(says(b"", status="429 Too Many Requests", Retry_After="7")) as server:
        with pytest.raises(EndpointRateLimited) as caught:
            await client.get(server.url)
    assert caught.value.data["retry_after_s"] == 7.0


async def test_a_get_that_breaks_off_is_sent_once_more(client: HttpClient) -> None:
    async with scripted_server(cut, says(b"whole")) as server:
        assert await client.get(server.url) == b"whole"
