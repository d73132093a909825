"""HTTP to one server at a time: POST a body or GET a page, get the body of the answer, or one of our errors."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from desktop_wallet.core.errors import EndpointTimeout, EndpointUnreachable
from desktop_wallet.core.instants import Clock
from desktop_wallet.core.networks import Endpoint
from desktop_wallet.net.answerer import Answerer
from desktop_wallet.net.bucket import TokenBucket
from desktop_wallet.net.limits import ReplyLimits

if TYPE_CHECKING:
    from desktop_wallet.net.transport import Line

Deadline = Callable[[float], asyncio.Timeout]


@dataclass(slots=True)
class _Server:
    """The line in use is the last one; the others are retired and end with their last exchange."""

    lines: list[Line] = field(default_factory=list)
    connections: int = 0

    def count_connection(self) -> None:
        self.connections += 1


class HttpClient:
    """Asks servers over HTTP/2 or HTTP/1.1: within limits, no cookies, no redirects, nothing from the environment.

    `proxy` (a URL) is the only proxy ever used. `in_process` maps a URL's host name, such as "practice.invalid", to
    what answers for it inside this process, on the same path as any server. `deadline` makes the total time limit,
    and `trust` the TLS context; both are there for tests. `buckets`, by host and rate, is what the pools over this
    client share: a server counts its requests, whichever pool they come from.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        limits: ReplyLimits | None = None,
        proxy: str | None = None,
        in_process: Mapping[str, Answerer] | None = None,
        deadline: Deadline = asyncio.timeout,
        trust: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        self.limits = limits or ReplyLimits()
        self.buckets: dict[tuple[str, int], TokenBucket] = {}
        self._clock = clock
        self._proxy = proxy
        self._in_process = dict(in_process or {})
        self._deadline = deadline
        self._trust = trust
        self._context: ssl.SSLContext | None = None
        self._loading = asyncio.Lock()
        self._servers: dict[str, _Server] = {}
        self._closed = False

    async def post(self, url: str, body: bytes) -> bytes:
        """Return the decoded body of the server's answer to `body`, which must be safe to send twice.

        Raises EndpointUnreachable, EndpointTimeout, EndpointRateLimited, EndpointRefused, OversizedReply,
        MalformedReply. A connection that breaks (an HTTP/2 server says GOAWAY after its thousandth request, an idle
        connection was closed) is made again, once.
        """
        return await self._asked(url, body)

    async def get(self, url: str) -> bytes:
        """Return the decoded body of what the server has at that URL; raises as `post`, and tries again as it does."""
        return await self._asked(url, None)

    async def _asked(self, url: str, body: bytes | None) -> bytes:
        host = Endpoint(url).host
        try:
            async with self._deadline(self.limits.total_s):
                return await self._exchange(url, host, body)
        except TimeoutError:
            pass
        # Outside the handler: what the deadline interrupted carries the request with its URL.
        raise EndpointTimeout(host=host, after_s=self.limits.total_s)

    def connects_to(self, url: str) -> bool:
        """Return whether a connection to that URL's server is made straight: not in process, through no proxy."""
        return not self._closed and self._proxy is None and urlsplit(url).hostname not in self._in_process

    async def tls_context(self) -> ssl.SSLContext:
        """Return the TLS context of every connection: sockets that servers push through trust nobody else."""
        return await self._load()

    def connections(self, url: str) -> int:
        """Return how many connections to that URL's server were made so far; in process there are none."""
        server = self._servers.get(_origin(url))
        return server.connections if server else 0

    async def aclose(self) -> None:
        """Close every connection: requests under way end with EndpointUnreachable ("closed"), and so do later ones."""
        self._closed = True
        for server in self._servers.values():
            for line in server.lines:
                await line.aclose()
            server.lines.clear()

    async def _exchange(self, url: str, host: str, body: bytes | None) -> bytes:
        context = await self._load()
        from desktop_wallet.net.transport import ConnectionBroke  # noqa: PLC0415 - loaded just above, off the loop

        for _ in range(2):
            if self._closed:
                break
            try:
                return await self._line(url, context).exchange(url, host, body)
            except ConnectionBroke:
                pass
        raise EndpointUnreachable(host=host, problem="closed")

    def _line(self, url: str, context: ssl.SSLContext) -> Line:
        from desktop_wallet.net.transport import Line  # noqa: PLC0415 - loaded by `_load`

        server = self._servers.setdefault(_origin(url), _Server())
        server.lines = [line for line in server.lines if not line.done]
        if not server.lines or server.lines[-1].retired:
            server.lines.append(
                Line(
                    context,
                    self._clock,
                    self.limits,
                    proxy=self._proxy,
                    in_process=self._in_process,
                    on_connected=server.count_connection,
                )
            )
        return server.lines[-1]

    async def _load(self) -> ssl.SSLContext:
        """Return the TLS context; the first call imports httpx and reads the authorities, on a thread of its own."""
        async with self._loading:
            if self._context is None:
                worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="net-load")
                try:
                    self._context = await asyncio.get_running_loop().run_in_executor(worker, self._make_context)
                finally:
                    worker.shutdown(wait=False)
        return self._context

    def _make_context(self) -> ssl.SSLContext:
        from desktop_wallet.net.transport import certificate_authorities  # noqa: PLC0415 - late on purpose, see there

        return (self._trust or certificate_authorities)()


def _origin(url: str) -> str:
    return f"{urlsplit(url).scheme}://{Endpoint(url).host}"
