"""One WebSocket connection, on `websockets`. Imported late: that takes 100 ms, which no start shall wait for."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from typing_extensions import override
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode

from desktop_wallet.core.errors import (
    EndpointRateLimited,
    EndpointRefused,
    EndpointTimeout,
    EndpointUnreachable,
    MalformedReply,
    OversizedReply,
    WalletError,
)
from desktop_wallet.net.retry_after import retry_after_s

if TYPE_CHECKING:
    from desktop_wallet.net.push import PushLimits

_CLOSE_S = 0.5
"""How long a server may take to say goodbye: a lock waits for it."""
_FRAMES_WAITING = 4
_TOO_MANY_REQUESTS = 429

# At DEBUG it logs headers, URLs and every message: keys of servers.
logging.getLogger("websockets").setLevel(logging.WARNING)


class _Connect(connect):
    """Follows no redirect, as `HttpClient` follows none."""

    @override
    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class SocketMessages:
    """The messages of one connection, with our errors in place of the library's."""

    def __init__(self, connection: ClientConnection, host: str, max_bytes: int) -> None:
        self._connection = connection
        self._host = host
        self._max_bytes = max_bytes

    async def send(self, text: str) -> None:
        """Send one message; raises EndpointUnreachable, OversizedReply, MalformedReply when the socket has ended."""
        try:
            await self._connection.send(text)
            return
        except ConnectionClosed as closed:
            failure = self._end(closed)
        raise failure

    async def receive(self) -> bytes:
        """Return the next message; raises as `send` does."""
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as closed:
            failure = self._end(closed)
        # Outside the handler: the library's errors carry what was received.
        raise failure

    def _end(self, closed: ConnectionClosed) -> WalletError:
        """Return what it means that the connection ended; a code of ours tells what was wrong with what came."""
        ours = closed.sent.code if closed.sent is not None and not closed.rcvd_then_sent else None
        if ours == CloseCode.MESSAGE_TOO_BIG:
            return OversizedReply(host=self._host, limit="bytes", maximum=self._max_bytes)
        if ours in (CloseCode.PROTOCOL_ERROR, CloseCode.INVALID_DATA):
            return MalformedReply(host=self._host, problem="websocket")
        return EndpointUnreachable(host=self._host, problem="closed")


@asynccontextmanager
async def open_messages(
    address: str, host: str, context: ssl.SSLContext, limits: PushLimits, now_wall_s: float
) -> AsyncIterator[SocketMessages]:
    """Yield the messages of a new connection to that ws or wss address, and close it; raises as `Pusher.open` does."""
    connection = await _connected(address, host, context, limits, now_wall_s)
    try:
        yield SocketMessages(connection, host, limits.message.max_bytes)
    finally:
        await connection.close()


async def _connected(
    address: str, host: str, context: ssl.SSLContext, limits: PushLimits, now_wall_s: float
) -> ClientConnection:
    failure: WalletError
    try:
        return await _Connect(
            address,
            compression=None,  # no bombs
            user_agent_header="desktop-wallet",  # as HttpClient says: nothing to tell people apart by
            proxy=None,
            open_timeout=limits.open_s,
            close_timeout=_CLOSE_S,
            max_size=limits.message.max_bytes,
            max_queue=_FRAMES_WAITING,
            ssl=context if address.startswith("wss:") else None,
        )
    except TimeoutError:
        failure = EndpointTimeout(host=host, after_s=limits.open_s)
    except InvalidStatus as error:
        headers, status = error.response.headers, error.response.status_code
        if status == _TOO_MANY_REQUESTS:
            wait_s = retry_after_s(headers.get("Retry-After"), headers.get("Date"), now_wall_s)
            failure = EndpointRateLimited(host=host, retry_after_s=wait_s)
        else:
            failure = EndpointRefused(host=host, status=status)
    except ssl.SSLError:
        failure = EndpointUnreachable(host=host, problem="tls")
    except OSError:
        failure = EndpointUnreachable(host=host, problem="connect")
    except (WebSocketException, EOFError, ValueError):
        failure = MalformedReply(host=host, problem="websocket")
    # Outside the handlers: the library's errors carry the response, and some the URL.
    raise failure
