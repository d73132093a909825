"""A loopback HTTP server before another one (anvil), whose replies it can hold, delay or drop."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.fakes.http_messages import Connections, Message, close_quietly, read_message

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Passed:
    """One exchange: when the request came, and when its reply went on its way (seconds of the loop's clock)."""

    request: Message
    came_s: float
    replied_s: float


class HeldReply:
    """One reply that waits: `arrived` is set when the server behind has given it, `release` lets it go on."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.request: Message | None = None
        self._released = asyncio.Event()
        self._dropped = False

    def release(self) -> None:
        """Let the reply go on to who asked."""
        self._released.set()

    def drop(self) -> None:
        """Close the connection instead."""
        self._dropped = True
        self._released.set()

    async def outcome(self, request: Message) -> bool:
        """Wait, and return whether the reply goes on."""
        self.request = request
        self.arrived.set()
        await self._released.wait()
        return not self._dropped


class DelayingProxy:
    """Passes requests on at once and replies as it is told; counts what it passed.

    `delay_s` is added to every reply. When the server behind is not there, the connection is closed, as if the
    server itself had ended.
    """

    def __init__(self, target: str, sleep: Sleep) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._sleep = sleep
        self._held: deque[HeldReply] = deque()
        self._to_drop = 0
        self.delay_s = 0.0
        self.url = ""
        self.requests: list[Message] = []
        self.passed: list[Passed] = []
        self.connections = Connections()

    def hold_next(self) -> HeldReply:
        """Hold the reply to the next request that comes, until it is released; several wait in their order."""
        held = HeldReply()
        self._held.append(held)
        return held

    def drop_next(self, count: int = 1) -> None:
        """Close the connection instead of passing the next replies on; the server behind has done its work."""
        self._to_drop += count

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, with one connection to the server behind."""
        self.connections.enter()
        try:
            back_reader, back_writer = await asyncio.open_connection(*self._target)
        except ConnectionError:
            await close_quietly(writer)
            return
        try:
            while (request := await read_message(reader)) is not None:
                self.requests.append(request)
                came_s = asyncio.get_running_loop().time()
                # Taken when the request comes: a later one must not overtake it to the hold.
                held = self._held.popleft() if self._held else None
                dropped = self._drops()
                back_writer.write(request.encoded())
                await back_writer.drain()
                reply = await read_message(back_reader)
                if reply is None or dropped or (held is not None and not await held.outcome(request)):
                    return
                if self.delay_s:
                    await self._sleep(self.delay_s)
                self.passed.append(Passed(request, came_s, asyncio.get_running_loop().time()))
                writer.write(reply.encoded())
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            return  # cancelled only at the end of the test; Python 3.11 complains of handlers that end so
        finally:
            await close_quietly(back_writer, writer)

    def _drops(self) -> bool:
        if not self._to_drop:
            return False
        self._to_drop -= 1
        return True


@contextlib.asynccontextmanager
async def delaying_proxy(target: str, *, sleep: Sleep = asyncio.sleep, port: int = 0) -> AsyncIterator[DelayingProxy]:
    """Yield a proxy before `target` (a URL) on a free loopback port, or the one given."""
    proxy = DelayingProxy(target, sleep)
    listener = await asyncio.start_server(proxy.handle, "127.0.0.1", port)
    proxy.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    try:
        yield proxy
    finally:
        listener.close()
        await proxy.connections.end()
        await listener.wait_closed()
