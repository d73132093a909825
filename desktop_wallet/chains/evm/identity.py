"""Which chain a server speaks for, and how fast its blocks come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.chains.adapter import ChainIdentity
from desktop_wallet.chains.evm.line import Line, Question, always
from desktop_wallet.chains.evm.wire import IDENTITY, LATEST, Head, block_number, genesis_of, head_of, value_of
from desktop_wallet.core.errors import ContradictoryReply
from desktop_wallet.net.json_rpc import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.core.networks import Network
    from desktop_wallet.net.json_rpc import Result
    from desktop_wallet.net.pool import EndpointPool

_MEASURED_BLOCKS = 100
_FEWEST_BLOCKS = 10
_SHORTEST_BLOCK_TIME_S = 0.05


async def identify(
    network: Network, pool: EndpointPool, *, expected: str | None, only: str | None = None
) -> ChainIdentity:
    """Return what a network's server (`only`: that host) says of its chain; raises NoEndpointLeft.

    `expected` is the chain id it must show; None accepts any, for a network that is being added. The block time is
    the mean over the last 100 blocks, and the network's own where the chain is too short to measure one.
    """
    line = Line(network, pool, expected=expected)
    asked = Question(always(*IDENTITY, LATEST), lambda results, host: _shown(network, results, host, expected))
    heard = await line.ask(asked, user_asked=True, only=only)
    reference, chain_hash, head = heard.value
    first = max(head.number - _MEASURED_BLOCKS, 1)
    block_time_s = network.block_time_s
    if head.number - first >= _FEWEST_BLOCKS:
        earlier = Question(
            always(Call("eth_getBlockByNumber", (hex(first), False))),
            lambda results, host: _earlier(results, host, head),
        )
        start = (await line.ask(earlier, user_asked=True, only=heard.host)).value
        block_time_s = (head.time_s - start.time_s) / (head.number - first)
    return ChainIdentity(reference, chain_hash, head.number, max(block_time_s, _SHORTEST_BLOCK_TIME_S))


def _shown(network: Network, results: Sequence[Result], host: str, expected: str | None) -> tuple[str, str, Head]:
    chain_hash = genesis_of(tuple(results[:2]), network, host, expected=expected)
    return str(block_number(value_of(results[0], host), host)), chain_hash, head_of(value_of(results[2], host), host)


def _earlier(results: Sequence[Result], host: str, head: Head) -> Head:
    start = head_of(value_of(results[0], host), host)
    if start.time_s > head.time_s or start.number >= head.number:
        raise ContradictoryReply(host=host, problem="block time")
    return start
