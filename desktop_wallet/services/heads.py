"""New blocks as servers push them: one socket a network, made again when it drops, goes silent or is nonsense.

A server that speaks no WebSocket is left alone for a growing while; whatever is shown is then read by time alone.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from desktop_wallet.core.errors import (
    EndpointRateLimited,
    EndpointRefused,
    EndpointTimeout,
    NetworkFailure,
    UntrustedReply,
)
from desktop_wallet.services.backing_off import BackOff
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from desktop_wallet.chains.adapter import Heads
    from desktop_wallet.core.networks import Endpoint, Network, NetworkId
    from desktop_wallet.core.positions import Height
    from desktop_wallet.services.session_parts import SessionParts

_log = logging.getLogger(__name__)

SILENT_BLOCKS = 5
SILENT_S = 30.0
"""A socket without a head for so many block times, and for so long, is given up."""
_LONGEST_S = 60.0
_REFUSED_S = 60.0
_REFUSED_LONGEST_S = 3_600.0
_LOOK_AGAIN_S = 60.0
_STEADY_S = 60.0
"""A socket that held for so long has proved itself: the next one is tried soon."""


def silence_s(network: Network) -> float:
    """Return after how many seconds without a head a socket is given up."""
    return max(SILENT_BLOCKS * network.block_time_s, SILENT_S)


class HeadWatch:
    """The sockets of a session. Only networks that are wanted have one, and practice networks none."""

    def __init__(self, parts: SessionParts, on_head: Callable[[NetworkId, Height, bool], None]) -> None:
        """Open nothing yet. `on_head` is told of each head, and whether it follows the one before."""
        self._parts = parts
        self._on_head = on_head
        self._tasks = Tasks()
        self._open: dict[NetworkId, tuple[Network, asyncio.Task[None]]] = {}
        self._live: dict[NetworkId, str] = {}
        self._backing_off: dict[tuple[NetworkId, str], BackOff] = {}
        """By network and host, for the run; a refusal is remembered longest."""
        self._stopped = False

    @property
    def live(self) -> dict[NetworkId, str]:
        """Return the networks whose heads are pushed now, and the host that does it."""
        return dict(self._live)

    def want(self, networks: Collection[NetworkId]) -> None:
        """Hold sockets for these networks, and close those of all others, and of those whose servers changed."""
        if self._stopped:
            return
        wanted = {name: self._parts.book.network(name) for name in networks if self._parts.book.is_on(name)}
        for name, (network, task) in tuple(self._open.items()):
            if wanted.get(name) != network:
                task.cancel()
                del self._open[name]
        for name, network in wanted.items():
            if name not in self._open and not network.practice:
                self._open[name] = (network, self._begin(network))

    async def stop(self) -> None:
        """Close every socket; none is opened any more."""
        self._stopped = True
        await self._tasks.stop()
        self._open.clear()

    def _begin(self, network: Network) -> asyncio.Task[None]:
        task = self._tasks.start(self._keep(network), f"heads {network.id}")
        task.add_done_callback(_report)
        return task

    async def _keep(self, network: Network) -> None:
        while True:
            endpoint, pause_s = self._next(network)
            if endpoint is None or pause_s > 0:
                await self._parts.sleep(min(pause_s, _LOOK_AGAIN_S))
                continue
            began = self._parts.clock.now()
            try:
                await self._listen(network, endpoint)
            except (NetworkFailure, UntrustedReply) as error:
                _log.info("%s: %s pushes no heads: %s", network.id, endpoint.host, type(error).__name__)
                if began.age_s(self._parts.clock.now()) >= _STEADY_S:
                    self._backing_off_of(network, endpoint).worked()
                self._note(network, endpoint, error)

    async def _listen(self, network: Network, endpoint: Endpoint) -> None:
        """Tell of heads until the socket ends; raises NetworkFailure, UntrustedReply."""
        limit_s = silence_s(network)
        async with self._parts.adapters.of(network.id).heads(endpoint) as heads:
            last: Height | None = None
            try:
                while True:
                    head = await self._next_within(heads, limit_s, endpoint.host)
                    self._live[network.id] = endpoint.host
                    if last is None or head.hash != last.hash:
                        self._on_head(network.id, head, last is None or head.parent_hash == last.hash)
                    last = head
            finally:
                self._live.pop(network.id, None)

    async def _next_within(self, heads: Heads, limit_s: float, host: str) -> Height:
        """Return the next head; raises EndpointTimeout where the server goes silent."""
        coming = self._tasks.start(heads.next(), "next head")
        waiting = self._tasks.start(self._sleep(limit_s), "silence")
        try:
            await asyncio.wait({coming, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                return coming.result()
        finally:
            coming.cancel()
            waiting.cancel()
            await asyncio.gather(coming, waiting, return_exceptions=True)
        raise EndpointTimeout(host=host, after_s=limit_s)

    async def _sleep(self, seconds: float) -> None:
        await self._parts.sleep(seconds)

    def _next(self, network: Network) -> tuple[Endpoint | None, float]:
        """Return the server to listen to and how long to leave it alone first: the best of those due soonest."""
        adapter = self._parts.adapters.of(network.id)
        rank = {status.host: place for place, status in enumerate(adapter.endpoint_statuses())}
        left = [
            (self._backing_off_of(network, each).left_s, rank.get(each.host, len(rank)), number)
            for number, each in enumerate(network.endpoints)
            if adapter.pushes(each)
        ]
        if not left:
            return None, _LOOK_AGAIN_S
        pause_s, _, number = min(left)
        return network.endpoints[number], pause_s

    def _backing_off_of(self, network: Network, endpoint: Endpoint) -> BackOff:
        place = (network.id, endpoint.host)
        if place not in self._backing_off:
            self._backing_off[place] = BackOff(self._parts.clock, first_s=1.0, longest_s=_LONGEST_S)
        return self._backing_off[place]

    def _note(self, network: Network, endpoint: Endpoint, error: NetworkFailure | UntrustedReply) -> None:
        backing_off = self._backing_off_of(network, endpoint)
        at_least_s = 0.0
        if isinstance(error, EndpointRateLimited):
            retry_s = error.data.get("retry_after_s")
            at_least_s = float(retry_s) if isinstance(retry_s, int | float) else 0.0
        elif isinstance(error, EndpointRefused | UntrustedReply):
            at_least_s = min(_REFUSED_S * 2.0 ** min(backing_off.failures, 30), _REFUSED_LONGEST_S)
        backing_off.failed(at_least_s=at_least_s)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        task.get_loop().call_exception_handler({"message": f"{task.get_name()} failed", "exception": error})
