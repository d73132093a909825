"""Asking a network's endpoints, so that every answer comes with the chain that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from desktop_wallet.chains.evm.wire import IDENTITY, genesis_of
from desktop_wallet.core.errors import NoEndpointLeft

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import Network
    from desktop_wallet.net.json_rpc import Call, Result
    from desktop_wallet.net.pool import Answered, EndpointContext, EndpointPool

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Heard(Generic[T]):
    """What an endpoint said, understood, and the genesis hash of its chain (None where it could not tell)."""

    value: T
    host: str
    chain_hash: str | None
    started: Instant
    ended: Instant


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """What to ask and how to understand the answer.

    `compose` gets the host and returns the calls; `understand` gets the results and the host, and raises an
    UntrustedReply or a NetworkFailure over a bad answer, whereupon the next endpoint is asked. `height` returns the
    head that an answer shows, None where it shows none, and `head_time_s` that block's time (Unix seconds).
    """

    compose: Callable[[str], Sequence[Call]]
    understand: Callable[[Sequence[Result], str], T]
    height: Callable[[T], int | None] = lambda _: None
    head_time_s: Callable[[T], int | None] = lambda _: None


def always(*calls: Call) -> Callable[[str], Sequence[Call]]:
    """Return a `compose` that asks every host the same."""
    return lambda _: calls


_NOTHING: Question[None] = Question(always(), lambda _results, _host: None)
"""Asks for no more than the chain's identity, where that must be proved."""


class Line:
    """The endpoints of one network, asked through its pool. A chain's identity travels in the batch that needs it."""

    def __init__(self, network: Network, pool: EndpointPool, *, expected: str | None) -> None:
        """`expected` is the chain id that every endpoint must show; None accepts any."""
        self.network = network
        self.pool = pool
        self._expected = expected
        self._heads: dict[str, int] = {}
        self._epochs: dict[str, int] = {}

    def epoch(self, host: str) -> int:
        """Return how often another chain was met behind that host: what was learned of its contracts is void then."""
        return self._epochs.get(host, 0)

    async def ask(
        self,
        question: Question[T],
        *,
        user_asked: bool = False,
        avoid: frozenset[str] = frozenset(),
        only: str | None = None,
    ) -> Heard[T]:
        """Return the first good answer; raises NoEndpointLeft.

        A head below the endpoint's last one may mean another chain behind the same name: then the endpoint must show
        its chain before the answer counts, and answer again if it is another. (On new connections the pool sees to
        that.)
        """
        heard, proved = await self._ask_once(question, user_asked=user_asked, avoid=avoid, only=only, prove=False)
        head = question.height(heard.value)
        if head is not None and head < self._heads.get(heard.host, 0) and not proved:
            host = heard.host
            try:
                shown, _ = await self._ask_once(
                    _NOTHING, user_asked=user_asked, avoid=frozenset(), only=host, prove=True
                )
                if shown.chain_hash != heard.chain_hash:
                    heard, _ = await self._ask_once(
                        question, user_asked=user_asked, avoid=frozenset(), only=host, prove=True
                    )
            except NoEndpointLeft:
                if only is not None:
                    raise
                return await self.ask(question, user_asked=user_asked, avoid=avoid | {host})
            head = question.height(heard.value)
        if head is not None:
            self._heads[heard.host] = head
            self.pool.note_height(heard.host, head, question.head_time_s(heard.value))
        return heard

    async def _ask_once(
        self, question: Question[T], *, user_asked: bool, avoid: frozenset[str], only: str | None, prove: bool
    ) -> tuple[Heard[T], bool]:
        understood: list[T] = []
        shown: list[str] = []

        def compose(context: EndpointContext) -> Sequence[Call]:
            calls = question.compose(context.host)
            return (*IDENTITY, *calls) if prove or context.needs_identity else calls

        def judge(answered: Answered) -> None:
            results, host = answered.results, answered.host
            understood.clear()
            shown.clear()
            if prove or answered.context.needs_identity:
                shown.append(genesis_of(results[: len(IDENTITY)], self.network, host, expected=self._expected))
                results = results[len(IDENTITY) :]
            understood.append(question.understand(results, host))

        answered = await self.pool.send(compose, user_asked=user_asked, avoid=avoid, only=only, judge=judge)
        host = answered.host
        if shown:
            if shown[0] != (self.pool.chain_hash(host) or ""):
                self._heads.pop(host, None)
                self._epochs[host] = self.epoch(host) + 1
            self.pool.identified(host, shown[0])
        chain_hash = self.pool.chain_hash(host) or None
        return Heard(understood[0], host, chain_hash, answered.started, answered.ended), bool(shown)
