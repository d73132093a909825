"""WebSocket to one server at a time (RFC 6455), for what it pushes: within limits, and believed no more than a reply.

As with `HttpClient`: its TLS context, no redirects, no compression, no cookies, nothing from the environment. A message
that is too long, too deep or no JSON ends the socket, and so does a flood.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from desktop_wallet.core.errors import EndpointTimeout, EndpointUnreachable, MalformedReply
from desktop_wallet.core.networks import Endpoint
from desktop_wallet.net.json_rpc import Call, Result, decode, encode
from desktop_wallet.net.json_text import parse_json
from desktop_wallet.net.limits import ReplyLimits

if TYPE_CHECKING:
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.net.client import HttpClient

_SCHEMES = {"http": "ws", "https": "wss"}
_MESSAGE = ReplyLimits(max_bytes=64 * 1024, max_depth=16, max_items=4_000)
"""A header has 2 KB; some networks put lists of validators into it."""


@dataclass(frozen=True, slots=True)
class PushLimits:
    """Bounds on one socket. At most `max_messages` may come within `within_s`, and `max_waiting` wait to be taken."""

    message: ReplyLimits = _MESSAGE
    max_messages: int = 256
    within_s: float = 10.0
    max_waiting: int = 64
    open_s: float = 10.0
    answer_s: float = 10.0


class Messages(Protocol):
    """An open socket: `net.push_socket` has the real one."""

    async def send(self, text: str) -> None:
        """Send one message; raises EndpointUnreachable."""
        ...

    async def receive(self) -> bytes:
        """Return the next message; raises EndpointUnreachable, OversizedReply, MalformedReply when the socket ends."""
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """What a server pushed for one subscription (EIP-1193, `eth_subscription`)."""

    subscription: str
    result: object


class PushSocket:
    """One open socket that speaks JSON-RPC: calls one after the other, and what the server pushes meanwhile."""

    def __init__(self, messages: Messages, host: str, clock: Clock, limits: PushLimits) -> None:
        self.host = host
        self._messages = messages
        self._clock = clock
        self._limits = limits
        self._came_s: deque[float] = deque(maxlen=limits.max_messages)
        self._waiting: deque[Notice] = deque()

    async def call(self, call: Call) -> Result:
        """Return the result of a call; raises NetworkFailure and UntrustedReply."""
        try:
            async with asyncio.timeout(self._limits.answer_s):
                await self._messages.send(encode(call).decode("ascii"))
                while True:
                    body = await self._receive()
                    notice = self._notice(body)
                    if notice is None:
                        return decode(body, self.host, self._limits.message)
                    if len(self._waiting) >= self._limits.max_waiting:
                        raise MalformedReply(host=self.host, problem="flood")
                    self._waiting.append(notice)
        except TimeoutError:
            pass
        raise EndpointTimeout(host=self.host, after_s=self._limits.answer_s)

    async def notice(self) -> Notice:
        """Return the next thing the server pushed, however long that takes; raises NetworkFailure, UntrustedReply."""
        if self._waiting:
            return self._waiting.popleft()
        notice = self._notice(await self._receive())
        if notice is None:
            raise MalformedReply(host=self.host, problem="response")  # nobody asked anything
        return notice

    async def _receive(self) -> bytes:
        body = await self._messages.receive()
        now_s = self._clock.now().boot_s
        if len(self._came_s) == self._limits.max_messages and now_s - self._came_s[0] < self._limits.within_s:
            raise MalformedReply(host=self.host, problem="flood")
        self._came_s.append(now_s)
        return body

    def _notice(self, body: bytes) -> Notice | None:
        """Return what was pushed, None for a response; raises MalformedReply, OversizedReply."""
        message = parse_json(body, self.host, self._limits.message)
        if not isinstance(message, dict):
            raise MalformedReply(host=self.host, problem="response")
        if "method" not in message:
            return None
        params = message.get("params")
        if message["method"] != "eth_subscription" or not isinstance(params, dict):
            raise MalformedReply(host=self.host, problem="notice")
        subscription = params.get("subscription")
        if not isinstance(subscription, str) or "result" not in params:
            raise MalformedReply(host=self.host, problem="notice")
        return Notice(subscription, params["result"])


class Pusher:
    """Opens sockets to the servers that an HttpClient posts to."""

    def __init__(self, client: HttpClient, clock: Clock, limits: PushLimits | None = None) -> None:
        self._client = client
        self._clock = clock
        self._limits = limits or PushLimits()

    def reaches(self, url: str) -> bool:
        """Return whether a socket to that URL's server can be tried: not in this process, and through no proxy."""
        return urlsplit(url).scheme in _SCHEMES and self._client.connects_to(url)

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[PushSocket]:
        """Yield a socket to that URL's server, and close it.

        Raises EndpointUnreachable, EndpointTimeout, EndpointRateLimited, and EndpointRefused or MalformedReply where
        the server speaks no WebSocket.
        """
        host = Endpoint(url).host
        if not self.reaches(url):
            raise EndpointUnreachable(host=host, problem="closed")
        context = await self._client.tls_context()
        await _load()
        from desktop_wallet.net.push_socket import open_messages  # noqa: PLC0415 - loaded just above, off the loop

        parts = urlsplit(url)
        address = parts._replace(scheme=_SCHEMES[parts.scheme]).geturl()
        now_s = self._clock.now().wall_s
        async with open_messages(address, host, context, self._limits, now_s) as messages:
            yield PushSocket(messages, host, self._clock, self._limits)


async def _load() -> None:
    """Import the library on a thread of its own: that takes 100 ms, which a paint must not wait for."""
    worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="net-load")
    try:
        await asyncio.get_running_loop().run_in_executor(worker, import_module, "desktop_wallet.net.push_socket")
    finally:
        worker.shutdown(wait=False)
