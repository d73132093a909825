"""The connections to one server, on httpx. Imported late: httpx costs 56 ms, which belong to the first request."""

from __future__ import annotations

import contextlib
import logging
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import cast

import certifi
import h2.exceptions
import httpx

from desktop_wallet.core.errors import (
    EndpointRateLimited,
    EndpointRefused,
    EndpointTimeout,
    EndpointUnreachable,
    WalletError,
)
from desktop_wallet.core.instants import Clock
from desktop_wallet.net.answerer import Answerer
from desktop_wallet.net.limits import KEEPALIVE_S, ReplyLimits
from desktop_wallet.net.reply_body import ReplyBody
from desktop_wallet.net.retry_after import retry_after_s

_MAX_CONNECTIONS = 8
_MAX_DRAINED_BYTES = 64 * 1024
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",  # the one encoding that ReplyBody undoes
    "User-Agent": "desktop-wallet",  # no version, no system: nothing to tell people apart by
}
_JSON_BODY = {"Content-Type": "application/json"}
_TOO_MANY_REQUESTS = 429
_UNAVAILABLE = 503
_BROKEN = (httpx.RemoteProtocolError, httpx.LocalProtocolError, httpx.ReadError, httpx.WriteError)

# httpx logs whole URLs at INFO, hpack and httpcore paths and headers at DEBUG: keys of servers and addresses of people.
for _name in ("httpx", "httpcore", "hpack"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class ConnectionBroke(Exception):
    """An open connection ended before the whole answer came; worth one more try. Never leaves `net`."""


def certificate_authorities() -> ssl.SSLContext:
    """Return a TLS context that trusts certifi's list and nothing the environment names (SSL_CERT_FILE and so on)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(certifi.where())
    return context


class Line:
    """The connections to one server.

    A line on which an exchange ended in any way but a whole reply is retired by its user: unread HTTP/2 data would
    use up the connection's window, and a connection that went silent would be chosen again. It is closed by its last
    exchange.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        clock: Clock,
        limits: ReplyLimits,
        *,
        proxy: str | None,
        in_process: Mapping[str, Answerer],
        on_connected: Callable[[], None],
    ) -> None:
        self._on_connected = on_connected
        self._clock = clock
        self._limits = limits
        # The whole exchange has a deadline of its own. A read that waits nearly as long ends before it, because httpx
        # takes only its own timeout for a sign that the connection is dead.
        self._silence_s = limits.total_s * 0.9
        self._in_flight = 0
        self._retired = False
        self._client = httpx.AsyncClient(
            verify=context,
            http2=True,
            trust_env=False,
            proxy=proxy,
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            headers=_HEADERS,
            timeout=httpx.Timeout(self._silence_s, connect=limits.connect_s),
            limits=httpx.Limits(
                max_connections=_MAX_CONNECTIONS,
                max_keepalive_connections=_MAX_CONNECTIONS,
                keepalive_expiry=KEEPALIVE_S,
            ),
            mounts={f"all://{name}": _in_process_transport(answer) for name, answer in in_process.items()},
        )

    async def exchange(self, url: str, host: str, body: bytes | None) -> bytes:
        """Return the decoded body of the answer to a POST of `body`, or to a GET where it is None.

        Raises ConnectionBroke, or any of our errors but for the deadline.
        """
        method, headers = ("GET", None) if body is None else ("POST", _JSON_BODY)
        failure: Exception
        self._in_flight += 1
        whole = False
        try:
            async with self._client.stream(
                method, url, content=body, headers=headers, extensions={"trace": self._trace}
            ) as response:
                answer = await self._read(response, host)
            whole = True
            return answer
        except (EndpointRefused, EndpointRateLimited):
            whole = True
            raise
        except _BROKEN:
            failure = ConnectionBroke()
        except h2.exceptions.ProtocolError:  # httpcore lets it through while it reads a body
            failure = ConnectionBroke()
        except httpx.ConnectTimeout:
            failure = EndpointTimeout(host=host, after_s=self._limits.connect_s)
        except httpx.TimeoutException:
            failure = EndpointTimeout(host=host, after_s=self._silence_s)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failure = EndpointUnreachable(host=host, problem="tls" if _is_tls(error) else "connect")
        finally:
            self._in_flight -= 1
            if not whole:
                self._retired = True
            if self._retired and not self._in_flight:
                await self._client.aclose()
        # Raised outside the handlers: httpx's errors carry the request with its URL, and must not hang on ours.
        raise failure

    @property
    def retired(self) -> bool:
        """Return whether new exchanges must take another line."""
        return self._retired

    @property
    def done(self) -> bool:
        """Return whether it is retired and its last exchange has ended."""
        return self._retired and not self._in_flight

    async def aclose(self) -> None:
        """Close at once; exchanges under way break."""
        self._retired = True
        await self._client.aclose()

    async def _trace(self, event: str, _info: object) -> None:
        if event == "connection.connect_tcp.complete":
            self._on_connected()

    async def _read(self, response: httpx.Response, host: str) -> bytes:
        if not response.is_success:
            failure = self._refusal(response, host)
            await self._drain(response)
            raise failure
        body = ReplyBody(host, response.headers.get("Content-Encoding", ""), self._limits.max_bytes)
        body.expect(response.headers.get("Content-Length"))
        async with _pieces_of(response) as pieces:
            async for piece in pieces:
                body.add(piece)
        return body.whole()

    def _refusal(self, response: httpx.Response, host: str) -> WalletError:
        status = response.status_code
        wait_s = retry_after_s(
            response.headers.get("Retry-After"), response.headers.get("Date"), self._clock.now().wall_s
        )
        if status == _TOO_MANY_REQUESTS or (status == _UNAVAILABLE and wait_s is not None):
            return EndpointRateLimited(host=host, retry_after_s=wait_s)
        return EndpointRefused(host=host, status=status)

    async def _drain(self, response: httpx.Response) -> None:
        """Read a short error page to its end, so that its connection can serve again; a long one retires the line."""
        drained = 0
        async with _pieces_of(response) as pieces:
            async for piece in pieces:
                drained += len(piece)
                if drained > _MAX_DRAINED_BYTES:
                    self._retired = True
                    return


@contextlib.asynccontextmanager
async def _pieces_of(response: httpx.Response) -> AsyncIterator[AsyncIterator[bytes]]:
    """Yield the pieces of a body as they come, and end there and then what was not read of them.

    httpx reads through generators within generators. asyncio's loops finish those that are dropped half read, the
    window's (qasync 0.28) does not, and their connection would never be closed.
    """
    pieces = cast("AsyncGenerator[bytes, None]", response.aiter_raw())
    try:
        yield pieces
    finally:
        await response.aclose()  # first: once it is closed the generators have nothing to wait for
        await pieces.aclose()


def _in_process_transport(answer: Answerer) -> httpx.AsyncBaseTransport:
    async def handle(request: httpx.Request) -> httpx.Response:
        # A stream, not `content=`: the body is read through the same limits as a server's.
        return httpx.Response(200, stream=httpx.ByteStream(await answer(request.content)))

    return httpx.MockTransport(handle)  # httpx's own seam, made for tests, and all that is needed here


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
