"""What the wallet knows of itself at one moment, as values: what the Diagnostics page and its report show."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.cache.pages import CacheMode
from desktop_wallet.core.errors import EndpointRateLimited

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.cache.pages import CacheTrouble
    from desktop_wallet.core.alerts import Alert
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import Network
    from desktop_wallet.net.pool import EndpointStatus
    from desktop_wallet.services.metrics import MetricsSnapshot
    from desktop_wallet.services.reports import Progress
    from desktop_wallet.services.session import Session
    from desktop_wallet.services.session_parts import SessionParts
    from desktop_wallet.services.slicing import Slicer

_TOGETHER_S = 1.0
"""Two ends of a wait that lie closer together are one: they were looked at one after the other."""


class ServerState(enum.Enum):
    """How one server does, the worst last."""

    UNASKED = "not asked"
    UP = "up"
    BEHIND = "behind"
    """It answers, from below the others."""
    STANDS_STILL = "stands still"
    """It answers, and its newest block is too old."""
    PAUSED = "paused"
    """It limited us too often: only what a person asks for goes there."""
    LIMITED = "limited"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class ServerLine:
    """One server of one network. `next_try_s` is when it is asked again, None if nothing holds that back."""

    network: Network
    host: str
    state: ServerState
    status: EndpointStatus | None = None
    next_try_s: float | None = None
    pushes: bool = False
    """It tells of new blocks by itself just now."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything at one moment.

    `limit_bytes` is what the cache may take on the disk; `disk_in_use` whether it is written to now; `reading` counts
    the balances under way.
    """

    at: Instant
    metrics: MetricsSnapshot
    alerts: tuple[Alert, ...]
    servers: tuple[ServerLine, ...]
    mode: CacheMode
    limit_bytes: int
    disk_in_use: bool
    trouble: CacheTrouble | None
    reading: int
    preload: Progress | None

    @property
    def cache_suffers(self) -> bool:
        """Return whether the disk ought to be in use and is not."""
        return self.mode is CacheMode.ON and not self.disk_in_use


class Diagnostics:
    """Looks at a session, as often as somebody looks on; it asks no server."""

    def __init__(self, parts: SessionParts, session: Session) -> None:
        """Build on a session's parts; nothing is looked at yet."""
        self._parts = parts
        self._session = session

    async def diagnose(self) -> Diagnosis:
        """Return everything as it is now; sizes on the disk are measured on the cache's own thread."""
        session = self._session
        on_disk = await session.pages.stats()
        metrics = await session.metrics.snapshot()
        return Diagnosis(
            at=self.now(),
            metrics=metrics,
            alerts=session.alerts.current(),
            servers=self.servers(),
            mode=session.pages.mode,
            limit_bytes=session.cache_limit_bytes,
            disk_in_use=on_disk.in_use,
            trouble=session.cache_trouble,
            reading=len(session.balances.updating),
            preload=session.preload.progress,
        )

    def servers(self) -> tuple[ServerLine, ...]:
        """Return every server in use, network by network, the one that is asked first before the others."""
        catalogue = self._session.catalogue
        pushing = self._session.refresher.pushed_by()
        return tuple(
            line
            for network in catalogue.networks()
            for line in server_lines(network, catalogue.statuses(network.id), pushing.get(network.id, ""))
        )

    def now(self) -> Instant:
        """Return the present instant."""
        return self._parts.clock.now()

    @property
    def slicer(self) -> Slicer:
        """Return what hands out long work in slices: there is one for the whole session."""
        return self._parts.slicer


def server_lines(network: Network, statuses: Iterable[EndpointStatus], pushing: str = "") -> list[ServerLine]:
    """Return the servers of a network: those that have a status in its order, then those never asked.

    `pushing` is the host that tells of new blocks by itself, if one does.
    """
    by_host = {status.host: status for status in statuses}
    hosts = dict.fromkeys((*by_host, *(endpoint.host for endpoint in network.endpoints)))
    return [_line(network, host, by_host.get(host), pushes=host == pushing) for host in hosts]


def _line(network: Network, host: str, status: EndpointStatus | None, *, pushes: bool) -> ServerLine:
    state = server_state(status)
    next_try_s = None
    if status is not None and state in (ServerState.LIMITED, ServerState.PAUSED, ServerState.DOWN):
        next_try_s = max(status.rate_limited_for_s, status.paused_for_s) or None
    return ServerLine(network, host, state, status, next_try_s, pushes)


def server_state(status: EndpointStatus | None) -> ServerState:
    """Return how a server does; one that is down is down, whatever waits for it."""
    if status is None or (status.last_ok is None and status.last_error is None):
        return ServerState.UNASKED
    works = status.healthy or isinstance(status.last_error, EndpointRateLimited)
    if not works:
        return ServerState.DOWN
    if status.paused_for_s > 0 and status.rate_limited_for_s < status.paused_for_s + _TOGETHER_S:
        return ServerState.PAUSED
    if status.rate_limited_for_s > 0 or not status.healthy:
        return ServerState.LIMITED
    if status.stands_still:
        return ServerState.STANDS_STILL
    return ServerState.BEHIND if status.behind else ServerState.UP
