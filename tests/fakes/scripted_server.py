"""A loopback HTTP server that answers by a script: rightly, wrongly, slowly, half, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.fakes.http_messages import Connections, Message, close_quietly, read_message

Act = Callable[["Exchange"], Awaitable[None]]
"""What the server does with one request; returning leaves the connection open for the next."""
Answer = Callable[[bytes], Awaitable[bytes]]
"""What stands behind a server: the reply to a request's body."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the way back."""

    request: Message
    writer: asyncio.StreamWriter
    server: ScriptedServer

    async def send(self, body: bytes, *, status: str = "200 OK", headers: Mapping[str, str] | None = None) -> None:
        """Send a whole response."""
        whole = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
        self.writer.write(Message(f"HTTP/1.1 {status}", whole, body).encoded())
        await self.writer.drain()

    async def begin(self, headers: Mapping[str, str], *, status: str = "200 OK") -> None:
        """Send the head of a response and nothing of its body."""
        self.writer.write(Message(f"HTTP/1.1 {status}", headers).encoded())
        await self.writer.drain()


class ScriptedServer:
    """Acts out its script, one act a request; when the script is at its end, the `usual` act answers."""

    def __init__(self, usual: Act) -> None:
        self.script: deque[Act] = deque()
        self.usual = usual
        self.requests: list[Message] = []
        self.bytes_sent = 0
        self.url = ""
        self.connections = Connections()

    @property
    def calls(self) -> list[list[str]]:
        """Return the JSON-RPC methods of each request; a single call is a list of one."""
        bodies = [json.loads(request.body) for request in self.requests]
        return [[call["method"] for call in (body if isinstance(body, list) else [body])] for body in bodies]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until an act or the client closes it."""
        self.connections.enter()
        try:
            while (request := await read_message(reader)) is not None and not writer.is_closing():
                self.requests.append(request)
                act = self.script.popleft() if self.script else self.usual
                await act(Exchange(request, writer, self))
        except (ConnectionError, asyncio.CancelledError):
            return  # cancelled only at the end of the test; Python 3.11 complains of handlers that end so
        finally:
            await close_quietly(writer)


@contextlib.asynccontextmanager
async def scripted_server(*script: Act, usual: Act | None = None, port: int = 0) -> AsyncIterator[ScriptedServer]:
    """Yield a server on a free loopback port (or the one given); it ends with every connection of it."""
    server = ScriptedServer(usual or answers())
    server.script.extend(script)
    listener = await asyncio.start_server(server.handle, "127.0.0.1", port)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/key-of-a-person?secret=1"
    try:
        yield server
    finally:
        listener.close()
        await server.connections.end()
        await listener.wait_closed()


# What a server may do


def answers(result: Callable[[str, list[object]], object] = lambda method, params: "0x1") -> Act:
    """Answer every call, single or batched, with `result(method, params)`."""

    def reply(call: dict[str, object]) -> dict[str, object]:
        params = call["params"]
        assert isinstance(params, list)
        return {"jsonrpc": "2.0", "id": call["id"], "result": result(str(call["method"]), params)}

    async def act(exchange: Exchange) -> None:
        asked = json.loads(exchange.request.body)
        told = [reply(call) for call in asked] if isinstance(asked, list) else reply(asked)
        await exchange.send(json.dumps(told).encode())

    return act


def node_at(url: str) -> Answer:
    """Return what asks a real node, on a connection of its own each time."""
    parts = urlsplit(url)

    async def answer(body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
            writer.write(Message("POST / HTTP/1.1", {"Host": parts.netloc, **headers}, body).encoded())
            await writer.drain()
            reply = await read_message(reader)
        finally:
            await close_quietly(writer)
        if reply is None:
            raise ConnectionError
        return reply.body

    return answer


def passes_on(
    behind: Answer,
    *,
    request: Callable[[bytes], bytes] = lambda body: body,
    reply: Callable[[bytes, bytes], bytes] = lambda _asked, told: told,
) -> Act:
    """Answer with what stands behind; `request` changes what it is asked, `reply(asked, told)` what it has said."""

    async def act(exchange: Exchange) -> None:
        asked = request(exchange.request.body)
        await exchange.send(reply(asked, await behind(asked)))

    return act


def says(body: object, *, status: str = "200 OK", **headers: str) -> Act:
    """Answer with this body, as JSON unless it is bytes; underscores in header names stand for hyphens."""
    whole = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def act(exchange: Exchange) -> None:
        await exchange.send(
            whole, status=status, headers={name.replace("_", "-"): each for name, each in headers.items()}
        )

    return act


def refuses_batches(answer: Act, error: Act, largest: int = 1) -> Act:
    """Do `answer` for batches of up to `largest` calls and for single calls, `error` for larger batches."""

    async def act(exchange: Exchange) -> None:
        asked = json.loads(exchange.request.body)
        await (error if isinstance(asked, list) and len(asked) > largest else answer)(exchange)

    return act


async def drop(exchange: Exchange) -> None:
    """Close the connection without a word."""
    exchange.writer.transport.abort()


async def cut(exchange: Exchange) -> None:
    """Announce 1,000 bytes, send ten, and close."""
    await exchange.begin({"Content-Length": "1000"})
    exchange.writer.write(b'{"jsonrpc"')
    await exchange.writer.drain()
    exchange.writer.close()


def holds(gate: asyncio.Event, then: Act, reached: asyncio.Event | None = None) -> Act:
    """Do `then` once the gate is open; `reached` is set when the request has come."""

    async def act(exchange: Exchange) -> None:
        if reached is not None:
            reached.set()
        await gate.wait()
        await then(exchange)

    return act


def drips(pieces: int, dripped: asyncio.Event) -> Act:
    """Send that many single bytes of an endless body, set `dripped`, and keep the connection open."""

    async def act(exchange: Exchange) -> None:
        await exchange.begin({"Content-Length": "1000000"})
        for _ in range(pieces):
            exchange.writer.write(b" ")
            await exchange.writer.drain()
        dripped.set()
        await asyncio.Event().wait()

    return act


def pours(pieces: Sequence[bytes], *, status: str = "200 OK", **headers: str) -> Act:
    """Send the pieces in chunks, as fast as they are taken; `server.bytes_sent` counts them."""

    async def act(exchange: Exchange) -> None:
        whole = {name.replace("_", "-"): each for name, each in headers.items()}
        await exchange.begin({"Transfer-Encoding": "chunked", **whole}, status=status)
        for piece in pieces:
            exchange.writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            exchange.server.bytes_sent += len(piece)
            await exchange.writer.drain()
        exchange.writer.write(b"0\r\n\r\n")
        await exchange.writer.drain()

    return act
