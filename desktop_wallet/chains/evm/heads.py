"""New blocks that a server pushes over a WebSocket (`eth_subscribe`, EIP-1193; go-ethereum's "newHeads").

A head proves no balance. Before its heads count, a server shows its chain on the very socket.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_wallet.chains.evm.wire import IDENTITY, check_time, genesis_of, head_of, height_of, value_of
from desktop_wallet.core.errors import MalformedReply
from desktop_wallet.net.json_rpc import Call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from desktop_wallet.core.instants import Clock
    from desktop_wallet.core.networks import Endpoint, Network
    from desktop_wallet.core.positions import Height
    from desktop_wallet.net.push import Pusher, PushSocket

_SUBSCRIBE = Call("eth_subscribe", ("newHeads",))
_LONGEST_NAME = 128


class PushedHeads:
    """The heads of one subscription."""

    def __init__(self, socket: PushSocket, subscription: str, clock: Clock) -> None:
        self._socket = socket
        self._subscription = subscription
        self._clock = clock

    async def next(self) -> Height:
        """Return the next head, however long it takes; raises NetworkFailure, UntrustedReply."""
        while True:
            notice = await self._socket.notice()
            if notice.subscription != self._subscription:
                raise MalformedReply(host=self._socket.host, problem="subscription")
            head = head_of(notice.result, self._socket.host)
            check_time(head.time_s, self._clock.now(), self._socket.host)
            return height_of(head)


@asynccontextmanager
async def pushed_heads(
    network: Network, endpoint: Endpoint, pusher: Pusher, clock: Clock, *, chain_hash: str | None
) -> AsyncIterator[PushedHeads]:
    """Yield the heads that a server pushes; raises NetworkFailure, UntrustedReply, WrongChain.

    `chain_hash` is the genesis that the server must show, None where it is not known.
    """
    async with pusher.open(endpoint.url) as socket:
        shown = (await socket.call(IDENTITY[0]), await socket.call(IDENTITY[1]))
        known = replace(network, chain_hash=chain_hash)
        genesis_of(shown, known, socket.host, expected=network.id.reference)
        name = value_of(await socket.call(_SUBSCRIBE), socket.host)
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
            raise MalformedReply(host=socket.host, problem="subscription")
        yield PushedHeads(socket, name, clock)
