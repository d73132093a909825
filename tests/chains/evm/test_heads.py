"""Heads that servers push: from a real node, and from servers that lie, drop, flood or speak nonsense."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from websockets.asyncio.server import ServerConnection

from desktop_wallet.chains.evm.heads import PushedHeads, pushed_heads
from desktop_wallet.clock import SystemClock
from desktop_wallet.core.errors import (
    EndpointRateLimited,
    EndpointRefused,
    EndpointTimeout,
    EndpointUnreachable,
    MalformedReply,
    NetworkFailure,
    OversizedReply,
    UntrustedReply,
    WrongChain,
)
from desktop_wallet.core.networks import Endpoint
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.push import Pusher, PushLimits
from tests.fakes.anvil import Anvil
from tests.fakes.clock import FakeClock
from tests.fakes.engine import network
from tests.fakes.push_server import GENESIS, PushServer, block, notice, push_server
from tests.fakes.scripted_server import says, scripted_server

CLOCK = FakeClock()
Send = Callable[[ServerConnection], object]


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    one = HttpClient(CLOCK)
    yield one
    await one.aclose()


@pytest.fixture
def node() -> Iterator[Anvil]:
    with Anvil(chain_id=1) as node:
        yield node


@asynccontextmanager
async def listening(
    client: HttpClient, url: str, *, chain_hash: str | None = None, limits: PushLimits | None = None
) -> AsyncIterator[PushedHeads]:
    of = replace(network(), endpoints=(Endpoint(url),))
    pusher = Pusher(client, CLOCK, limits)
    async with pushed_heads(of, of.endpoints[0], pusher, CLOCK, chain_hash=chain_hash) as heads:
        yield heads


async def failure(client: HttpClient, server: PushServer, **values: object) -> NetworkFailure | UntrustedReply:
    """Return what listening to a server ends with."""
    with pytest.raises((NetworkFailure, UntrustedReply)) as caught:
        await listen(client, server.url, **values)
    assert "key-of-a-person" not in repr(caught.value)
    error = caught.value
    assert isinstance(error, NetworkFailure | UntrustedReply)
    return error


async def listen(client: HttpClient, url: str, **values: object) -> None:
    async with listening(client, url, **values) as heads:  # type: ignore[arg-type]
        for _ in range(1_000):
            await heads.next()


@pytest.mark.anvil
async def test_a_real_node_pushes_each_block_and_a_reorganisation_does_not_follow(node: Anvil) -> None:
    clock = SystemClock()
    client = HttpClient(clock)
    of = replace(network(), endpoints=(Endpoint(node.url),))
    genesis = node.block(0)["hash"]
    async with pushed_heads(of, of.endpoints[0], Pusher(client, clock), clock, chain_hash=genesis) as heads:
        node.mine()
        node.mine()
        first, second = await heads.next(), await heads.next()
        assert (first.number, second.number) == (1, 2)
        assert (second.hash, second.parent_hash, second.time_s) == (
            node.block(2)["hash"],
            first.hash,
            int(node.block(2)["timestamp"], 16),
        )
        node.reorg(1)
        other = await heads.next()
        assert (other.number, other.parent_hash) == (2, first.hash)
        assert other.hash != second.hash
        node.stop()
        with pytest.raises(EndpointUnreachable):
            await heads.next()
    await client.aclose()


async def test_nothing_tells_people_apart_and_nothing_is_compressed(client: HttpClient) -> None:
    async with push_server() as server, listening(client, server.url, chain_hash=GENESIS) as heads:
        await server.subscribed.wait()
        await server.push(block(7))
        assert (await heads.next()).number == 7
        assert server.methods == ["eth_chainId", "eth_getBlockByNumber", "eth_subscribe"]
        sent = {name.lower(): text for name, text in server.headers[0].items()}
        assert sent["user-agent"] == "desktop-wallet"
        assert sent.keys() <= {
            *("host", "upgrade", "connection", "user-agent"),
            *("sec-websocket-key", "sec-websocket-version"),
        }


async def test_a_head_that_comes_before_the_subscription_is_told_is_not_lost(client: HttpClient) -> None:
    async def early(connection: ServerConnection, call: dict[str, object]) -> bool:
        if call["method"] == "eth_subscribe":
            await connection.send(notice(block(5)))
        return False

    async with push_server(answer=early) as server, listening(client, server.url) as heads:
        assert (await heads.next()).number == 5


@pytest.mark.parametrize("shown", [{"chain_id": 2}, {"genesis": "0x" + "11" * 32}])
async def test_a_server_of_another_chain_has_no_say(client: HttpClient, shown: dict[str, object]) -> None:
    async with push_server(**shown) as server:
        assert isinstance(await failure(client, server, chain_hash=GENESIS), WrongChain)
        assert "eth_subscribe" not in server.methods


HOSTILE: dict[str, tuple[object, type[Exception]]] = {
    "a huge frame": ("x" * 200_000, OversizedReply),
    "no json": ("<html>", MalformedReply),
    "json cut short": ('{"jsonrpc": "2.0", "method":', MalformedReply),
    "an array": ("[1]", MalformedReply),
    "deep nesting": ("[" * 1_000 + "]" * 1_000, OversizedReply),
    "many items": ("[" + "1," * 10_000 + "1]", OversizedReply),
    "another method": (json.dumps({"jsonrpc": "2.0", "method": "eth_other", "params": {}}), MalformedReply),
    "no params": (json.dumps({"jsonrpc": "2.0", "method": "eth_subscription"}), MalformedReply),
    "a response to nothing": (json.dumps({"jsonrpc": "2.0", "id": 1, "result": "0x1"}), MalformedReply),
    "another subscription": (notice(block(1), "0x01"), MalformedReply),
    "a head that is null": (notice(None), MalformedReply),
    "a height of 10^18 digits": (notice({**block(1), "number": "0x" + "f" * 64}), MalformedReply),
    "a float": (notice({**block(1), "number": 1.5}), MalformedReply),
    "a short hash": (notice({**block(1), "hash": "0x12"}), MalformedReply),
    "a time far ahead": (notice(block(1, time_s=99_000_000_000)), UntrustedReply),
    "bytes that are no text": (b"\xff\xfe", MalformedReply),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_nonsense_ends_the_socket(client: HttpClient, name: str) -> None:
    said, kind = HOSTILE[name]

    async def after(connection: ServerConnection) -> None:
        await connection.send(said)  # type: ignore[arg-type]

    async with push_server(after=after) as server:
        assert isinstance(await failure(client, server), kind)


async def test_a_flood_ends_the_socket(client: HttpClient) -> None:
    async def after(connection: ServerConnection) -> None:
        for number in range(2_000):
            await connection.send(notice(block(number)))

    async with push_server(after=after) as server:
        error = await failure(client, server, limits=PushLimits(max_messages=50))
        assert error.data["problem"] == "flood"


async def test_a_flood_before_the_answer_is_not_kept(client: HttpClient) -> None:
    async def early(connection: ServerConnection, call: dict[str, object]) -> bool:
        for number in range(200):
            await connection.send(notice(block(number)))
        return True

    async with push_server(answer=early) as server:
        assert (await failure(client, server)).data["problem"] == "flood"


async def test_a_server_that_never_answers_is_given_up(client: HttpClient) -> None:
    async def silent(connection: ServerConnection, call: dict[str, object]) -> bool:
        return True

    async with push_server(answer=silent) as server:
        error = await failure(client, server, limits=PushLimits(answer_s=0.05))
        assert isinstance(error, EndpointTimeout)


async def test_a_server_without_subscriptions_refuses(client: HttpClient) -> None:
    async def refuses(connection: ServerConnection, call: dict[str, object]) -> bool:
        if call["method"] != "eth_subscribe":
            return False
        error = {"code": -32601, "message": "the method does not exist"}
        await connection.send(json.dumps({"jsonrpc": "2.0", "id": call["id"], "error": error}))
        return True

    async with push_server(answer=refuses) as server:
        assert isinstance(await failure(client, server), EndpointRefused)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("404 Not Found", EndpointRefused),
        ("429 Too Many Requests", EndpointRateLimited),
        ("302 Found", EndpointRefused),
        ("200 OK", EndpointRefused),
    ],
)
async def test_a_server_without_websockets_refuses_and_leads_nowhere_else(
    client: HttpClient, status: str, kind: type[Exception]
) -> None:
    async with push_server() as elsewhere:
        act = says({}, status=status, Location=elsewhere.url, Retry_After="7")
        async with scripted_server(usual=act) as server:
            with pytest.raises(kind) as caught:
                await listening(client, server.url).__aenter__()
        assert elsewhere.connections == 0
    if kind is EndpointRateLimited:
        assert caught.value.retry_after_s == 7.0  # type: ignore[attr-defined]


async def test_a_dropped_socket_is_unreachable(client: HttpClient) -> None:
    async with push_server() as server, listening(client, server.url) as heads:
        waiting = asyncio.ensure_future(heads.next())
        await server.subscribed.wait()
        server.drop()
        with pytest.raises(EndpointUnreachable):
            await waiting


async def test_no_socket_is_opened_within_the_process_or_past_a_proxy_or_after_the_end() -> None:
    async def answer(_: bytes) -> bytes:
        return b""

    within = Pusher(HttpClient(CLOCK, in_process={"practice.invalid": answer}), CLOCK)
    proxied = Pusher(HttpClient(CLOCK, proxy="http://127.0.0.1:1"), CLOCK)
    ended = HttpClient(CLOCK)
    await ended.aclose()
    assert not within.reaches("https://practice.invalid/")
    assert within.reaches("https://server.example/")
    assert not proxied.reaches("https://server.example/")
    assert not Pusher(ended, CLOCK).reaches("https://server.example/")
    with pytest.raises(EndpointUnreachable):
        await within.open("https://practice.invalid/").__aenter__()
