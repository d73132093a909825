"""What other servers read at one block: only a read pinned to its hash can be held against another (EIP-1898)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.chains.adapter import BlockSeen, Witness
from desktop_wallet.chains.evm.line import Heard, Question, always
from desktop_wallet.chains.evm.wire import Head, head_of, value_of
from desktop_wallet.core.errors import ContradictoryReply, EndpointRefused, NoEndpointLeft
from desktop_wallet.net.json_rpc import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.chains.adapter import ReadRequest
    from desktop_wallet.chains.evm.line import Line
    from desktop_wallet.chains.evm.reader import BalanceReader
    from desktop_wallet.core.positions import Height
    from desktop_wallet.net.json_rpc import Result


async def witnesses(line: Line, reader: BalanceReader, request: ReadRequest, at: Height) -> tuple[Witness, ...]:
    """Return what each server read at that block, one after the other, up to the first that could.

    Servers in `request.avoid` are not asked. A height without a hash is compared by its parent and time instead, and
    the read is pinned to the hash that the witness names.
    """
    seen: list[Witness] = []
    for host in line.pool.hosts:
        if host in request.avoid:
            continue
        witness = await _ask(line, reader, request, at, host)
        seen.append(witness)
        if witness.block is BlockSeen.READ:
            break
    return tuple(seen)


async def _ask(line: Line, reader: BalanceReader, request: ReadRequest, at: Height, host: str) -> Witness:
    try:
        heard = await line.ask(_question(at), user_asked=request.user_asked, only=host)
        if heard.value is None:
            return Witness(host, BlockSeen.NOT_YET)
        if not _is_same(heard.value, at):
            return Witness(host, BlockSeen.ANOTHER)
        head = Heard(heard.value, host, heard.chain_hash, heard.started, heard.ended)
        return Witness(host, BlockSeen.READ, await reader.read_at(request.keys, head, request))
    except NoEndpointLeft as error:
        refused = isinstance(error.data.get("last"), EndpointRefused)
        return Witness(host, BlockSeen.FORGOTTEN if refused else BlockSeen.NO_ANSWER)


def _question(at: Height) -> Question[Head | None]:
    def understand(results: Sequence[Result], host: str) -> Head | None:
        value = value_of(results[0], host)
        if value is None:
            return None
        head = head_of(value, host)
        if head.number != at.number:
            raise ContradictoryReply(host=host, problem="block number")
        return head

    return Question(always(Call("eth_getBlockByNumber", (hex(at.number), False))), understand)


def _is_same(head: Head, at: Height) -> bool:
    if at.hash is not None:
        return head.hash == at.hash.lower()
    if at.time_s is None:
        return False
    return head.time_s == at.time_s and at.parent_hash in (None, head.parent_hash)
