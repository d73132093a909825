"""A loopback WebSocket server that speaks by a script: rightly, wrongly, too much, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

GENESIS = "0x" + "e0" * 32
SUBSCRIPTION = "0x9ce59a13059e417087c02d3236a0b1cc"


def block(number: int, *, time_s: int = 1_790_000_000) -> dict[str, str]:
    """Return a header as servers write it; one follows the other."""
    return {
        "number": hex(number),
        "hash": f"0x{number:064x}",
        "parentHash": f"0x{max(number - 1, 0):064x}",
        "timestamp": hex(time_s),
    }


def notice(head: object, subscription: str = SUBSCRIPTION) -> str:
    """Return what a server pushes for a head."""
    params = {"subscription": subscription, "result": head}
    return json.dumps({"jsonrpc": "2.0", "method": "eth_subscription", "params": params})


@dataclass
class PushServer:
    """Shows a chain, takes subscriptions, and then does `after`, if that is set."""

    chain_id: int = 1
    genesis: str = GENESIS
    after: Callable[[ServerConnection], Awaitable[None]] | None = None
    answer: Callable[[ServerConnection, dict[str, object]], Awaitable[bool]] | None = None
    """Answers a call in its own way, and returns whether it did."""
    url: str = ""
    connections: int = 0
    methods: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    open: set[ServerConnection] = field(default_factory=set)
    subscribed: asyncio.Event = field(default_factory=asyncio.Event)

    async def push(self, *heads: object) -> None:
        """Push these heads to everybody."""
        for connection in tuple(self.open):
            for head in heads:
                await connection.send(notice(head))

    def drop(self) -> None:
        """Break every connection."""
        for connection in tuple(self.open):
            connection.transport.abort()

    async def handle(self, connection: ServerConnection) -> None:
        self.connections += 1
        self.open.add(connection)
        assert connection.request is not None
        self.headers.append(dict(connection.request.headers.raw_items()))
        try:
            async for text in connection:
                await self._reply(connection, json.loads(text))
        except ConnectionClosed:
            pass
        finally:
            self.open.discard(connection)

    async def _reply(self, connection: ServerConnection, call: dict[str, object]) -> None:
        self.methods.append(str(call["method"]))
        if self.answer is not None and await self.answer(connection, call):
            return
        results = {
            "eth_chainId": hex(self.chain_id),
            "eth_getBlockByNumber": {**block(0), "hash": self.genesis},
            "eth_subscribe": SUBSCRIPTION,
        }
        result = results[str(call["method"])]
        await connection.send(json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": result}))
        if call["method"] == "eth_subscribe":
            self.subscribed.set()
            if self.after is not None:
                await self.after(connection)


@contextlib.asynccontextmanager
async def push_server(**values: object) -> AsyncIterator[PushServer]:
    """Yield a server on a free loopback port; it ends with every connection of it."""
    server = PushServer(**values)  # type: ignore[arg-type]
    async with serve(server.handle, "127.0.0.1", 0, max_size=None, close_timeout=0.1) as listener:
        server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/key-of-a-person"
        yield server
        server.drop()
