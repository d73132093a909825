from __future__ import annotations

import asyncio
import gzip
import logging
import sys
import tracemalloc
from collections.abc import AsyncIterator
from email.utils import formatdate

import pytest

from desktop_wallet.core.errors import (
    EndpointRateLimited,
    EndpointRefused,
    EndpointTimeout,
    EndpointUnreachable,
    MalformedReply,
    OversizedReply,
    WalletError,
)
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.limits import ReplyLimits
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_server import Act, Exchange, cut, drips, drop, holds, pours, says, scripted_server

_MIB = 1024 * 1024


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def client(clock: FakeClock) -> AsyncIterator[HttpClient]:
    one = HttpClient(clock)
    yield one
    await one.aclose()


class Deadlines:
    """Time limits that end when the test says so, and remember for how long they were asked."""

    def __init__(self) -> None:
        self.asked_s: list[float] = []
        self._open: list[asyncio.Timeout] = []

    def __call__(self, seconds: float) -> asyncio.Timeout:
        self.asked_s.append(seconds)
        limit = asyncio.timeout(None)
        self._open.append(limit)
        return limit

    def pass_now(self) -> None:
        self._open[-1].reschedule(asyncio.get_running_loop().time())


async def _error_of(client: HttpClient, act: Act) -> WalletError:
    async with scripted_server(act, act) as server:
        with pytest.raises(WalletError) as caught:
            await client.post(server.url, b"{}")
    return caught.value


async def test_the_body_of_an_answer_comes_back(client: HttpClient) -> None:
    async with scripted_server(says(b"hello")) as server:
        assert await client.post(server.url, b'{"asked": 1}') == b"hello"
    assert server.requests[0].body == b'{"asked": 1}'


async def test_a_request_tells_nothing_of_the_program_or_the_machine(client: HttpClient) -> None:
    async with scripted_server(says(b"{}", Set_Cookie="who=you; Path=/"), says(b"{}")) as server:
        await client.post(server.url, b"{}")
        await client.post(server.url, b"{}")
    first, second = (request.headers for request in server.requests)
    assert first["user-agent"] == "desktop-wallet"
    assert set(first) == {
        "host", "accept", "accept-encoding", "connection", "content-type", "content-length", "user-agent"
    }  # fmt: skip
    assert "cookie" not in second


async def test_compressed_answers_are_unpacked(client: HttpClient) -> None:
    async with scripted_server(says(gzip.compress(b"hello"), Content_Encoding="gzip")) as server:
        assert await client.post(server.url, b"{}") == b"hello"


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        (says(b"hello", Content_Encoding="br"), "content-encoding"),
        (says(b"hello", Content_Encoding="gzip"), "gzip"),
        (says(gzip.compress(b"hello")[:-6], Content_Encoding="gzip"), "gzip"),
        (says(gzip.compress(b"hello") + b"more", Content_Encoding="gzip"), "gzip"),
        (says(gzip.compress(gzip.compress(b"hello")), Content_Encoding="gzip, gzip"), "content-encoding"),
    ],
)
async def test_encodings_that_were_not_asked_for_or_are_broken_are_refused(
    client: HttpClient, act: Act, problem: str
) -> None:
    error = await _error_of(client, act)
    assert isinstance(error, MalformedReply)
    assert error.data["problem"] == problem


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_redirects_are_not_followed(client: HttpClient, status: str) -> None:
    async with scripted_server() as elsewhere:
        error = await _error_of(client, says(b"", status=status, Location=elsewhere.url))
        assert isinstance(error, EndpointRefused)
        assert error.data["status"] == int(status[:3])
        assert not elsewhere.requests


@pytest.mark.parametrize("status", ["400 Bad", "403 Forbidden", "404 Not Found", "413 Large", "500 Broken", "502 Bad"])
async def test_an_error_status_is_a_refusal_whatever_page_comes_with_it(client: HttpClient, status: str) -> None:
    error = await _error_of(client, says(b"<html><b>sorry</b></html>", status=status, Content_Type="text/html"))
    assert isinstance(error, EndpointRefused)
    assert error.data == {"host": error.host, "status": int(status[:3])}


async def test_a_short_error_page_leaves_the_connection_usable(client: HttpClient) -> None:
    async with scripted_server(says(b"sorry", status="500 Broken"), says(b"{}")) as server:
        with pytest.raises(EndpointRefused):
            await client.post(server.url, b"{}")
        assert await client.post(server.url, b"{}") == b"{}"
        assert server.connections.opened == 1


async def test_an_endless_error_page_is_not_read_to_its_end(client: HttpClient) -> None:
    async with scripted_server(pours([b"x" * _MIB] * 100, status="500 Broken")) as server:
        with pytest.raises(EndpointRefused):
            await client.post(server.url, b"{}")
        assert server.bytes_sent < 20 * _MIB


@pytest.mark.parametrize("said", ["7", " 7 ", "date"])
async def test_retry_after_is_read_in_seconds_or_as_a_date(client: HttpClient, clock: FakeClock, said: str) -> None:
    header = formatdate(clock.wall_s + 7, usegmt=True) if said == "date" else said
    error = await _error_of(client, says(b"", status="429 Slow Down", Retry_After=header))
    assert isinstance(error, EndpointRateLimited)
    assert error.data["retry_after_s"] == 7.0


async def test_a_retry_date_counts_from_the_servers_own_clock(client: HttpClient, clock: FakeClock) -> None:
    served_s = clock.wall_s - 86_400
    error = await _error_of(
        client,
        says(
            b"",
            status="429 Slow Down",
            Date=formatdate(served_s, usegmt=True),
            Retry_After=formatdate(served_s + 30, usegmt=True),
        ),
    )
    assert error.data["retry_after_s"] == 30.0


@pytest.mark.parametrize(("said", "wait_s"), [("soon", None), ("-5", None), ("99999999999", 3600.0), ("1.5", None)])
async def test_nonsense_in_retry_after_says_nothing_and_no_wait_is_endless(
    client: HttpClient, said: str, wait_s: float | None
) -> None:
    error = await _error_of(client, says(b"", status="429 Slow Down", Retry_After=said))
    assert isinstance(error, EndpointRateLimited)
    assert error.data["retry_after_s"] == wait_s


async def test_without_retry_after_the_wait_is_unknown(client: HttpClient) -> None:
    error = await _error_of(client, says(b"", status="429 Slow Down"))
    assert isinstance(error, EndpointRateLimited)
    assert error.data["retry_after_s"] is None


async def test_unavailable_with_a_time_is_a_rate_limit_and_without_one_a_refusal(client: HttpClient) -> None:
    with_time = await _error_of(client, says(b"", status="503 Busy", Retry_After="3"))
    without = await _error_of(client, says(b"", status="503 Busy"))
    assert isinstance(with_time, EndpointRateLimited)
    assert isinstance(without, EndpointRefused)


# A connection that breaks


@pytest.mark.parametrize("act", [drop, cut])
async def test_a_connection_that_breaks_is_made_again_once(client: HttpClient, act: Act) -> None:
    async with scripted_server(act, says(b"{}")) as server:
        assert await client.post(server.url, b"{}") == b"{}"
        assert len(server.requests) == 2


@pytest.mark.parametrize("act", [drop, cut])
async def test_a_connection_that_breaks_twice_is_a_failure(client: HttpClient, act: Act) -> None:
    async with scripted_server(act, act, says(b"{}")) as server:
        with pytest.raises(EndpointUnreachable) as caught:
            await client.post(server.url, b"{}")
        assert caught.value.data["problem"] == "closed"
        assert len(server.requests) == 2


async def test_an_idle_connection_that_the_server_closed_costs_no_failure(client: HttpClient) -> None:
    async def answer_and_close(exchange: Exchange) -> None:
        await exchange.send(b"{}")
        exchange.writer.close()

    async with scripted_server(answer_and_close, says(b"{}")) as server:
        await client.post(server.url, b"{}")
        await client.post(server.url, b"{}")
        assert client.connections(server.url) == 2


async def test_nobody_listening_is_unreachable(client: HttpClient) -> None:
    async with scripted_server() as server:
        url = server.url
    with pytest.raises(EndpointUnreachable) as caught:
        await client.post(url, b"{}")
    assert caught.value.data["problem"] == "connect"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://", "nonsense"])
async def test_a_url_that_cannot_be_used_is_unreachable_not_a_crash(client: HttpClient, url: str) -> None:
    with pytest.raises(EndpointUnreachable):
        await client.post(url, b"{}")


# Limits


async def test_a_hundred_megabytes_stop_at_the_limit(client: HttpClient) -> None:
    async with scripted_server(pours([b"x" * _MIB] * 100)) as server:
        with pytest.raises(OversizedReply) as caught:
            await client.post(server.url, b"{}")
        assert caught.value.data["limit"] == "bytes"
        assert server.bytes_sent < 40 * _MIB


async def test_an_announced_hundred_megabytes_are_not_even_begun(client: HttpClient) -> None:
    async def announce(exchange: Exchange) -> None:
        await exchange.begin({"Content-Length": str(100 * _MIB)})
        await asyncio.Event().wait()

    error = await _error_of(client, announce)
    assert isinstance(error, OversizedReply)


async def test_a_gzip_bomb_stops_with_bounded_memory(client: HttpClient) -> None:
    bomb = gzip.compress(bytes(100 * _MIB))
    assert len(bomb) < _MIB
    async with scripted_server(says(b"{}"), says(bomb, Content_Encoding="gzip")) as server:
        await client.post(server.url, b"{}")  # imports and connections are not what is measured
        tracemalloc.start()
        try:
            with pytest.raises(OversizedReply):
                await client.post(server.url, b"{}")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 3 * client.limits.max_bytes


async def test_a_reply_that_is_long_on_the_wire_and_short_unpacked_is_oversized_too(clock: FakeClock) -> None:
    header, empty_block = gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff"
    client = HttpClient(clock, limits=ReplyLimits(max_bytes=1000))
    chunked = pours([header, *[empty_block * 100] * 10], Content_Encoding="gzip")  # no length announces it
    async with scripted_server(chunked) as server:
        with pytest.raises(OversizedReply):
            await client.post(server.url, b"{}")
    await client.aclose()


async def test_a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(clock: FakeClock) -> None:
    client = HttpClient(clock, limits=ReplyLimits(max_bytes=1000))
    packed = [says(gzip.compress(b"x" * size), Content_Encoding="gzip") for size in (1000, 1001)]
    async with scripted_server(says(b"x" * 1000), says(b"x" * 1001), *packed) as server:
        for _ in range(2):
            assert len(await client.post(server.url, b"{}")) == 1000
            with pytest.raises(OversizedReply):
                await client.post(server.url, b"{}")
    await client.aclose()


async def test_a_slow_drip_ends_at_the_total_deadline(clock: FakeClock) -> None:
    deadlines, dripped = Deadlines(), asyncio.Event()
    client = HttpClient(clock, deadline=deadlines)
    async with scripted_server(drips(50, dripped)) as server, asyncio.TaskGroup() as group:
        asked = group.create_task(_timeout_of(client, server.url))
        await dripped.wait()
        assert not asked.done()
        deadlines.pass_now()
        error = await asked
    assert error.data == {"host": error.host, "after_s": 10.0}
    assert deadlines.asked_s == [10.0]
    await client.aclose()


async def _timeout_of(client: HttpClient, url: str) -> EndpointTimeout:
    with pytest.raises(EndpointTimeout) as caught:
        await client.post(url, b"{}")
    return caught.value


async def test_after_a_timeout_a_new_connection_is_used(clock: FakeClock) -> None:
    deadlines, reached = Deadlines(), asyncio.Event()
    client = HttpClient(clock, deadline=deadlines)
    never = holds(asyncio.Event(), says(b"late"), reached)
    async with scripted_server(never, says(b"{}")) as server:
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(_timeout_of(client, server.url))
            await reached.wait()
            deadlines.pass_now()
        assert asked.done()
        assert await client.post(server.url, b"{}") == b"{}"
        assert server.connections.opened == 2
    await client.aclose()


async def test_a_server_that_says_nothing_is_not_waited_for(clock: FakeClock) -> None:
    client = HttpClient(clock, limits=ReplyLimits(total_s=0.05), in_process={"practice.invalid": _echo})
    while not await _is_loaded(client):
        pass
    async with scripted_server(usual=holds(asyncio.Event(), says(b"late"))) as server:
        error = await _timeout_of(client, server.url)
    assert error.data["after_s"] in (pytest.approx(0.045), 0.05)
    await client.aclose()


async def _is_loaded(client: HttpClient) -> bool:
    """The first request imports httpx, which may take longer than this client allows."""
    try:
        await client.post("https://practice.invalid/", b"{}")
    except EndpointTimeout:
        return False
    return True


# What nobody must learn


@pytest.mark.parametrize(
    "act",
    [drop, cut, says(b"", status="500 Broken"), says(b"x", Content_Encoding="gzip"), says(b"", status="429 Slow")],
)
async def test_the_url_is_in_no_log_and_hangs_on_no_error(
    client: HttpClient, act: Act, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    error = await _error_of(client, act)
    seen: list[BaseException] = [error]
    while seen:
        each = seen.pop()
        assert "key-of-a-person" not in f"{each!r} {each} {vars(each)}"
        assert isinstance(each, WalletError)
        seen += [other for other in (each.__cause__, each.__context__) if other is not None]
    assert "key-of-a-person" not in caplog.text


async def test_the_environments_proxy_is_not_used(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9/")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/at-all.pem")
    async with scripted_server(says(b"{}")) as server:
        assert await client.post(server.url, b"{}") == b"{}"


async def test_a_proxy_of_our_choice_is_used(clock: FakeClock) -> None:
    async with scripted_server(says(b"through")) as proxy:
        host = proxy.url.split("/")[2]
        client = HttpClient(clock, proxy=f"http://{host}")
        assert await client.post("http://server.invalid/", b"{}") == b"through"
        assert proxy.requests[0].first_line.startswith("POST http://server.invalid/")
        await client.aclose()


# In process


async def _echo(body: bytes) -> bytes:
    return body[::-1]


async def test_a_server_in_process_is_asked_on_the_same_path(clock: FakeClock) -> None:
    client = HttpClient(clock, limits=ReplyLimits(max_bytes=5), in_process={"practice.invalid": _echo})
    assert await client.post("https://practice.invalid/rpc", b"abc") == b"cba"
    with pytest.raises(OversizedReply):
        await client.post("https://practice.invalid/rpc", b"abcdef")
    assert client.connections("https://practice.invalid/rpc") == 0
    await client.aclose()


async def test_a_server_in_process_may_fail_as_a_server_does(clock: FakeClock) -> None:
    async def fail(body: bytes) -> bytes:
        raise EndpointRateLimited(host="practice.invalid", retry_after_s=8.0)

    client = HttpClient(clock, in_process={"practice.invalid": fail})
    with pytest.raises(EndpointRateLimited):
        await client.post("https://practice.invalid/rpc", b"{}")
    await client.aclose()


# The end


async def test_a_cancelled_caller_leaves_others_and_the_next_one_unharmed(client: HttpClient) -> None:
    gate, first, second = asyncio.Event(), asyncio.Event(), asyncio.Event()
    acts = (holds(gate, says(b"1"), first), holds(gate, says(b"2"), second), says(b"3"))
    async with scripted_server(*acts) as server, asyncio.TaskGroup() as group:
        cancelled = group.create_task(client.post(server.url, b"{}"))
        await first.wait()
        other = group.create_task(client.post(server.url, b"{}"))
        await second.wait()
        cancelled.cancel()
        assert await client.post(server.url, b"{}") == b"3"
        gate.set()
        assert await other == b"2"
    assert cancelled.cancelled()


async def test_closing_ends_what_is_under_way_and_what_comes_later(clock: FakeClock) -> None:
    client, reached = HttpClient(clock), asyncio.Event()
    async with scripted_server(holds(asyncio.Event(), says(b"late"), reached)) as server:
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(_unreachable_of(client, server.url))
            await reached.wait()
            await client.aclose()
        assert asked.result() == "closed"
        assert await _unreachable_of(client, server.url) == "closed"
        assert len(server.requests) == 1


async def _unreachable_of(client: HttpClient, url: str) -> object:
    with pytest.raises(EndpointUnreachable) as caught:
        await client.post(url, b"{}")
    return caught.value.data["problem"]


async def test_importing_net_imports_no_http_library() -> None:
    code = "import sys, desktop_wallet.net.pool; sys.exit(any(name.split('.')[0] == 'httpx' for name in sys.modules))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0
