"""The endpoints of one network: which is asked next, how often, and what is known of each."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from desktop_wallet.core.errors import (
    EndpointRateLimited,
    EndpointRefused,
    EndpointUnreachable,
    NetworkFailure,
    NoEndpointLeft,
    UntrustedReply,
)
from desktop_wallet.core.instants import Clock, Instant
from desktop_wallet.core.networks import Endpoint, Network
from desktop_wallet.net.bucket import Sleep, TokenBucket
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.health import Health
from desktop_wallet.net.heights import Heights
from desktop_wallet.net.json_rpc import Call, Result, RpcError, decode, decode_batch, encode, encode_batch
from desktop_wallet.net.limits import KEEPALIVE_S

_log = logging.getLogger(__name__)

_SHORT_WAIT_S = 2.0
"""Waiting this long for the best endpoint is better than showing our addresses to one more."""
_PATIENCE_S = 60.0
"""Who would have to wait longer than this is told so at once."""
_BATCH_REFUSALS = (400, 413, 422)


@dataclass(frozen=True, slots=True)
class EndpointContext:
    """Whom a batch is composed for. `needs_identity`: it must ask for the chain id and the genesis hash too."""

    host: str
    needs_identity: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """One result for each call, all from `host`. `started` is before the first request left; latency is their sum."""

    results: tuple[Result, ...]
    host: str
    started: Instant
    ended: Instant
    context: EndpointContext


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """What a person may see of one endpoint.

    `rate_limited_for_s` is the time to the next try, 0 if nothing waits; for `paused_for_s` only what a person asks
    for is asked, after too many refusals. `lag_blocks` is how far it is behind the others, None while it told no
    height. `behind`: the others are asked before it; `stands_still`: its newest block was too old when it told of it.
    """

    host: str
    healthy: bool
    last_error: NetworkFailure | UntrustedReply | None
    last_ok: Instant | None
    height: int | None
    latency_ms: float | None
    rate_limited_for_s: float
    requests: int
    failures: int
    lag_blocks: int | None = None
    behind: bool = False
    stands_still: bool = False
    paused_for_s: float = 0.0


Compose = Callable[[EndpointContext], Sequence[Call]]
Judge = Callable[[Answered], None]


@dataclass(slots=True, eq=False)
class _Member:
    endpoint: Endpoint
    host: str
    bucket: TokenBucket
    batch_size: int
    batch_proven: bool = False
    health: Health = field(default_factory=Health)
    chain_hash: str | None = None
    identified: bool = False
    connections: int = 0
    last_used_s: float = 0.0
    behind: bool = False
    """As it was last logged, and so is `failing`."""
    failing: bool = False


@dataclass(slots=True)
class _Try:
    """One endpoint's chance to answer. `started` is when its request left, None while it waits for its turn."""

    user_asked: bool
    started: Instant | None = None


class EndpointPool:
    """Sends batches to the best endpoint of a network, and to the next one when it fails; one at a time, no races."""

    def __init__(
        self,
        network: Network,
        client: HttpClient,
        clock: Clock,
        sleep: Sleep,
        *,
        requests_per_min: int = 100,
        max_batch: int = 50,
    ) -> None:
        self._network = network
        self._client = client
        self._clock = clock
        self._max_batch = max_batch
        self._closed = False
        self._heights = Heights(network)
        self._members: dict[str, _Member] = {}
        for endpoint in network.endpoints:
            bucket = client.buckets.setdefault(
                (endpoint.host, requests_per_min), TokenBucket(clock, sleep, rate_per_min=requests_per_min)
            )
            self._members.setdefault(endpoint.host, _Member(endpoint, endpoint.host, bucket, max_batch))

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return the hosts, best first."""
        return tuple(member.host for member in self._ranked())

    async def send(
        self,
        calls: Sequence[Call] | Compose,
        *,
        user_asked: bool = False,
        avoid: frozenset[str] = frozenset(),
        only: str | None = None,
        judge: Judge | None = None,
    ) -> Answered:
        """Return the results of the calls, all from one endpoint; those in `avoid` are not asked, or `only` one is.

        `calls` may be a function that composes them for the endpoint at hand. `judge` may raise an UntrustedReply or a
        NetworkFailure over an answer, which then counts as that endpoint's failure. Raises NoEndpointLeft.
        """
        tried = set(avoid)
        last: NetworkFailure | UntrustedReply | None = None
        while (member := self._next(tried, only, user_asked=user_asked)) is not None:
            tried.add(member.host)
            wait_s = member.bucket.blocked_for_s(user_asked=user_asked)
            if wait_s > _PATIENCE_S:
                last = last or EndpointRateLimited(host=member.host, retry_after_s=wait_s)
                continue
            chance = _Try(user_asked)
            try:
                return await self._ask(member, calls, judge, chance)
            except EndpointRateLimited as error:
                self._note_failure(member, error, chance.started)
                wait_s = member.bucket.blocked_for_s(user_asked=user_asked)
                last = EndpointRateLimited(host=member.host, retry_after_s=wait_s)
            except (NetworkFailure, UntrustedReply) as error:
                self._note_failure(member, error, chance.started)
                last = error
        raise NoEndpointLeft(network=self._network.id, last=last)

    def statuses(self) -> tuple[EndpointStatus, ...]:
        """Return how each endpoint does, best first."""
        return tuple(
            EndpointStatus(
                member.host,
                member.health.healthy,
                member.health.last_error,
                member.health.last_ok,
                self._heights.of(member.host),
                member.health.latency_ms,
                member.bucket.holds_back_s(),
                member.health.requests,
                member.health.failures,
                self._heights.lag_blocks(member.host),
                self._heights.is_behind(member.host),
                self._heights.stands_still(member.host),
                member.bucket.paused_for_s(),
            )
            for member in self._ranked()
        )

    def note_height(self, host: str, number: int, time_s: int | None = None) -> None:
        """Take note that the endpoint answered at that height; one that is behind the others is asked after them.

        `time_s` is the time of the block there (Unix seconds), where it told that too.
        """
        self._heights.note(host, number, time_s, self._clock.now())
        for member in self._members.values():
            behind = self._heights.is_behind(member.host)
            if behind is not member.behind:
                member.behind = behind
                lag = self._heights.lag_blocks(member.host)
                event = "server is behind and is asked after the others" if behind else "server has caught up"
                self._log(logging.INFO, event, member, lag_blocks=lag)

    def laggards_due(self) -> tuple[str, ...]:
        """Return whom to ask for a head and for nothing that names an account: each once a minute at most.

        Those are the endpoints that are behind, so that they come back when they have caught up, and the others of a
        network where all that is known stands still. One that limits us is left alone.
        """
        if len(self._members) == 1:
            return ()
        free = [member.host for member in self._members.values() if not member.bucket.next_try_s()]
        return self._heights.due(free, self._clock.now())

    def needs_identity(self, host: str) -> bool:
        """Return whether the endpoint must show its chain again.

        So it is before its first answer, after a failure, and on every new connection: another server, or the same
        one with another chain, may stand behind the old name.
        """
        member = self._members[host]
        if not member.identified or member.connections != self._client.connections(member.endpoint.url):
            return True
        return member.connections > 0 and self._clock.now().boot_s - member.last_used_s >= KEEPALIVE_S

    def identified(self, host: str, chain_hash: str) -> None:
        """Take note that the endpoint has shown its chain; on another one than before all heights are forgotten."""
        member = self._members[host]
        if member.chain_hash not in (None, chain_hash):
            self._heights.forget()
        member.chain_hash = chain_hash
        member.identified = True
        member.connections = self._client.connections(member.endpoint.url)

    def chain_hash(self, host: str) -> str | None:
        """Return the chain hash that the endpoint showed last, None before."""
        return self._members[host].chain_hash

    async def aclose(self) -> None:
        """Let no further request leave; the client is closed by its owner."""
        self._closed = True

    def blame(self, host: str, error: NetworkFailure | UntrustedReply) -> None:
        """Take note of a fault that was found after `send` had returned."""
        self._note_failure(self._members[host], error)

    # Choosing

    def _next(self, tried: set[str], only: str | None, *, user_asked: bool) -> _Member | None:
        left = [each for each in self._ranked() if each.host not in tried and only in (None, each.host)]
        if not left:
            return None
        waits_s = {each.host: each.bucket.next_try_s(user_asked=user_asked) for each in left}
        soon = [each for each in left if waits_s[each.host] <= _SHORT_WAIT_S]
        return soon[0] if soon else min(left, key=lambda each: waits_s[each.host])

    def _ranked(self) -> list[_Member]:
        now = self._clock.now()

        def rank(member: _Member) -> tuple[bool, float, float]:
            # One never tried comes after one that works: our addresses are not shown to more servers than needed.
            latency_ms = math.inf if member.health.latency_ms is None else member.health.latency_ms
            behind = self._heights.is_behind(member.host)
            return behind, round(member.health.recent_failures(now), 1), latency_ms

        return sorted(self._members.values(), key=rank)

    # Asking

    async def _ask(
        self, member: _Member, calls: Sequence[Call] | Compose, judge: Judge | None, chance: _Try
    ) -> Answered:
        url = member.endpoint.url
        doubted = False
        while True:
            await self._take(member, user_asked=chance.user_asked)
            context = EndpointContext(member.host, doubted or self.needs_identity(member.host))
            composed = tuple(calls(context)) if callable(calls) else tuple(calls)
            if not composed:
                msg = "nothing to ask"
                raise ValueError(msg)
            connections = self._client.connections(url)
            chance.started = started = self._clock.now()
            results = await self._in_batches(member, composed, user_asked=chance.user_asked)
            answered = Answered(results, member.host, started, self._clock.now(), context)
            if callable(calls) and not context.needs_identity and self._client.connections(url) != connections:
                # A new connection came in between: who answered has not shown its chain. Asked again, it will.
                doubted = True
                continue
            if judge is not None:
                judge(answered)
            if member.failing:
                member.failing = False
                self._log(logging.INFO, "server answers again", member)
            return answered

    async def _in_batches(self, member: _Member, calls: tuple[Call, ...], *, user_asked: bool) -> tuple[Result, ...]:
        """Return the results of the calls, in as few requests as the endpoint takes; the first token is there."""
        results: list[Result] = []
        while True:
            part = calls[len(results) : len(results) + member.batch_size]
            try:
                results += await self._request(member, part)
                member.batch_proven = True
            except EndpointRefused as error:
                if len(part) == 1:
                    if not member.batch_proven:
                        member.batch_size = self._max_batch  # the batch was not to blame
                    raise
                if not _refuses_batches(error):
                    raise
                member.batch_size = len(part) // 2
                member.batch_proven = False
            if len(results) == len(calls):
                return tuple(results)
            await self._take(member, user_asked=user_asked)

    async def _request(self, member: _Member, calls: tuple[Call, ...]) -> list[Result]:
        """Return the results of one HTTP request."""
        member.health.requests += 1
        began_s = self._clock.now().boot_s
        single = len(calls) == 1
        body = await self._client.post(member.endpoint.url, encode(calls[0]) if single else encode_batch(calls))
        now = self._clock.now()
        limits = self._client.limits
        results = [decode(body, member.host, limits)] if single else decode_batch(calls, body, member.host, limits)
        if any(isinstance(result, RpcError) and result.is_rate_limit for result in results):
            raise EndpointRateLimited(host=member.host, retry_after_s=None)
        member.last_used_s = now.boot_s
        member.bucket.accepted()
        member.health.answered((now.boot_s - began_s) * 1000, now)
        return results

    async def _take(self, member: _Member, *, user_asked: bool) -> None:
        await member.bucket.take(user_asked=user_asked)
        if self._closed:
            raise EndpointUnreachable(host=member.host, problem="closed")

    def _note_failure(
        self, member: _Member, error: NetworkFailure | UntrustedReply, started: Instant | None = None
    ) -> None:
        now = self._clock.now()
        if isinstance(error, EndpointRateLimited):
            wait_s = error.data.get("retry_after_s")
            member.bucket.refused(wait_s if isinstance(wait_s, float) else None)
        else:
            member.identified = False
        member.health.failed(error, now)
        member.failing = True
        if not self._closed:
            took_s = max(now.boot_s - started.boot_s, 0.0) if started is not None else 0.0
            self._log(logging.WARNING, "server failed", member, reason=_reason(error), took_ms=round(took_s * 1000))

    def _log(self, level: int, event: str, member: _Member, **fields: object) -> None:
        _log.log(level, event, extra={"fields": {"network": self._network.id, "host": member.host, **fields}})


def _reason(error: NetworkFailure | UntrustedReply) -> str:
    """Return a failure in our own words: "EndpointRefused status=500". No error carries a server's (core/errors.py)."""
    data = (f"{name}={value}" for name, value in error.data.items() if name != "host" and value is not None)
    return " ".join((type(error).__name__, *data))


def _refuses_batches(error: EndpointRefused) -> bool:
    return error.data.get("status") in _BATCH_REFUSALS or "code" in error.data
