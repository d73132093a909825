"""The read that settles balances after a transaction: pinned to a block that has the transaction in it.

A server without that block says so instead of lying. Its head is asked before the blocks: if the chain changed in
between, either a block no longer stands or the head is gone when the balances are asked for at its hash.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from desktop_wallet.chains.evm.line import Heard, Question, always
from desktop_wallet.chains.evm.wire import LATEST, Head, check_time, head_of, value_of
from desktop_wallet.core.errors import ContradictoryReply, NoEndpointLeft
from desktop_wallet.net.json_rpc import NO_ANSWER, Call, RpcError, hex_quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.chains.adapter import Mined, ReadBatch, ReadRequest
    from desktop_wallet.chains.evm.line import Line
    from desktop_wallet.chains.evm.reader import BalanceReader
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.core.positions import Height
    from desktop_wallet.net.json_rpc import Result

_log = logging.getLogger(__name__)


async def read_settled(
    line: Line,
    reader: BalanceReader,
    clock: Clock,
    request: ReadRequest,
    mined: Sequence[Mined],
    *,
    at_least: int,
) -> ReadBatch | None:
    """Return readings pinned to a head of that height or above, from a server on which all of it is mined.

    None where no server has got so far, or one that has gainsays it, or the chain changes meanwhile. The blocks have
    hashes. A block that stands proves no transaction: the senders' nonces, pinned to the same head, do. Whoever told
    of a transaction comes last, so that one server alone settles nothing while another can gainsay it.
    """
    blocks = tuple(dict.fromkeys(each.block for each in mined))
    lowest = max([at_least, *(block.number for block in blocks)])
    told_by = {each.told_by for each in mined}
    for host in sorted(line.pool.hosts, key=lambda host: host in told_by):
        if host in request.avoid:
            continue
        try:
            heard = await line.ask(_question(blocks, lowest, clock), user_asked=request.user_asked, only=host)
            if (head := heard.value[1]) is None:
                continue
            if not await _used_up(line, mined, head, host, request):
                _log.warning("%s gainsays that a transaction is mined of which another server told", host)
                return None
            at = Heard(head, host, heard.chain_hash, heard.started, heard.ended)
            return await reader.read_at(request.keys, at, request)
        except NoEndpointLeft:
            continue
    return None


async def _used_up(line: Line, mined: Sequence[Mined], head: Head, host: str, request: ReadRequest) -> bool:
    """Return whether every nonce is used up at that head, as this server says."""
    highest: dict[Address, int] = {}
    for each in mined:
        highest[each.sender] = max(highest.get(each.sender, each.nonce), each.nonce)
    if not highest:
        return True
    block = {"blockHash": head.hash, "requireCanonical": True}
    calls = [Call("eth_getTransactionCount", (sender.text, block)) for sender in highest]

    def understand(results: Sequence[Result], host: str) -> tuple[int, ...]:
        return tuple(hex_quantity(value_of(result, host), host) for result in results)

    question = Question(always(*calls), understand)
    counts = (await line.ask(question, user_asked=request.user_asked, only=host)).value
    return all(count > nonce for count, nonce in zip(counts, highest.values(), strict=True))


def _question(blocks: Sequence[Height], lowest: int, clock: Clock) -> Question[tuple[int, Head | None]]:
    """Return how to ask for a server's height, and for its head if it is high enough and every block stands."""
    calls = (LATEST, *(Call("eth_getBlockByNumber", (hex(block.number), False)) for block in blocks))

    def understand(results: Sequence[Result], host: str) -> tuple[int, Head | None]:
        head = head_of(value_of(results[0], host), host)
        check_time(head.time_s, clock.now(), host)
        # Every answer is read before one counts, so that nonsense in any of them is noticed.
        standing = [_stands(result, block, host) for result, block in zip(results[1:], blocks, strict=True)]
        return head.number, head if head.number >= lowest and all(standing) else None

    return Question(always(*calls), understand, lambda told: told[0])


def _stands(result: Result, block: Height, host: str) -> bool:
    if isinstance(result, RpcError) and not result.is_rate_limit and result.code != NO_ANSWER:
        return False
    value = value_of(result, host)
    if value is None or block.hash is None:
        return False
    header = head_of(value, host)
    if header.number != block.number:
        raise ContradictoryReply(host=host, problem="block number")
    return header.hash == block.hash.lower()
