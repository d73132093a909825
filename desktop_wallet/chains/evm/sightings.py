"""What servers say of our transactions.

Nothing may look as if a nonce were used up by somebody else only because our transaction was mined between two
questions. So whatever looks that way is asked again, pinned to the head that was seen before (EIP-1898): up to that
block, either our receipt is there or it was not ours. A receipt counts only if its block stands on that server.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from desktop_wallet.chains.evm.line import Heard, Question, always
from desktop_wallet.chains.evm.receipts import Receipt, receipt_of
from desktop_wallet.chains.evm.wire import LATEST, Head, check_time, head_of, height_of, transaction_of, value_of
from desktop_wallet.core.errors import ContradictoryReply, NoEndpointLeft
from desktop_wallet.core.sightings import Presence, Seen, Sighting
from desktop_wallet.net.json_rpc import NO_ANSWER, Call, RpcError, hex_quantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from desktop_wallet.chains.adapter import Wanted
    from desktop_wallet.chains.evm.line import Line
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.core.signing import TransactionId
    from desktop_wallet.net.json_rpc import Result

_FINALIZED = Call("eth_getBlockByNumber", ("finalized", False))
_NONCE_BITS = 64


@dataclass(frozen=True, slots=True)
class _Look:
    """What one server said so far. `headers` by height, None where the server has no such block."""

    head: Head
    finalized: int | None = None
    headers: Mapping[int, Head | None] = field(default_factory=dict)
    counts: Mapping[Address, int] = field(default_factory=dict)
    known: Mapping[TransactionId, Mapping[str, object] | None] = field(default_factory=dict)
    receipts: Mapping[TransactionId, Receipt | None] = field(default_factory=dict)


async def look_up(line: Line, clock: Clock, wanted: Sequence[Wanted], *, everywhere: bool) -> tuple[Sighting, ...]:
    """Return what the best server that answers says of the transactions, or every one; one Sighting a server."""
    if not wanted:
        return ()
    if everywhere:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_look_at(line, clock, wanted, host)) for host in line.pool.hosts]
        return tuple(sighting for task in tasks if (sighting := task.result()) is not None)
    avoid: frozenset[str] = frozenset()
    while True:
        try:
            heard = await line.ask(_first_question(wanted, clock), avoid=avoid)
        except NoEndpointLeft:
            return ()
        sighting = await _look_closer(line, wanted, heard)
        if sighting is not None:
            return (sighting,)
        avoid |= {heard.host}


async def _look_at(line: Line, clock: Clock, wanted: Sequence[Wanted], host: str) -> Sighting | None:
    try:
        heard = await line.ask(_first_question(wanted, clock), only=host)
    except NoEndpointLeft:
        return None
    return await _look_closer(line, wanted, heard)


async def _look_closer(line: Line, wanted: Sequence[Wanted], heard: Heard[_Look]) -> Sighting | None:
    """Return what the server says, after a second question where the first answer leaves something open."""
    look, host = heard.value, heard.host
    doubtful = [each for each in wanted if _is_doubtful(each, look)]
    found = {receipt.number for receipt in look.receipts.values() if receipt is not None}
    heights = sorted(found - look.headers.keys())
    if doubtful or heights:
        try:
            look = (await line.ask(_second_question(look, doubtful, heights), only=host)).value
        except NoEndpointLeft:
            return None
    return Sighting(
        host,
        height_of(look.head),
        look.finalized,
        {each.transaction: _seen(each.transaction, look) for each in wanted},
        look.counts,
        _standing(wanted, look),
    )


def _is_doubtful(wanted: Wanted, look: _Look) -> bool:
    """Return whether a transaction without a receipt may seem replaced, or back in the pool, by bad timing alone."""
    if look.receipts[wanted.transaction] is not None:
        return False
    return wanted.block is not None or look.counts[wanted.sender] > wanted.nonce


# Questions


def _first_question(wanted: Sequence[Wanted], clock: Clock) -> Question[_Look]:
    """Return what to ask a server first: everything, counts before receipts (the pool cuts long lists)."""
    heights = sorted({each.block.number for each in wanted if each.block is not None})
    senders = list(dict.fromkeys(each.sender for each in wanted))
    calls = (
        LATEST,
        _FINALIZED,
        *map(_block, heights),
        *(Call("eth_getTransactionCount", (sender.text, "latest")) for sender in senders),
        *_about(wanted),
    )

    def understand(results: Sequence[Result], host: str) -> _Look:
        head = head_of(value_of(results[0], host), host)
        check_time(head.time_s, clock.now(), host)
        rest = iter(results[2:])
        headers = {height: _header(next(rest), height, host) for height in heights}
        counts = {sender: hex_quantity(value_of(next(rest), host), host, _NONCE_BITS) for sender in senders}
        known, receipts = _understand_about(wanted, list(rest), host)
        return _Look(head, _finalized(results[1], head, host), headers, counts, known, receipts)

    return Question(always(*calls), understand, lambda look: look.head.number)


def _second_question(look: _Look, doubtful: Sequence[Wanted], heights: Sequence[int]) -> Question[_Look]:
    """Return what to ask the same server then: the doubtful again, and the blocks that receipts name."""
    pinned = {"blockHash": look.head.hash, "requireCanonical": True}
    senders = list(dict.fromkeys(each.sender for each in doubtful))
    counted = (Call("eth_getTransactionCount", (sender.text, pinned)) for sender in senders)

    def understand(results: Sequence[Result], host: str) -> _Look:
        rest = iter(results)
        counts = dict(look.counts)
        for sender in senders:
            count = _pinned_count(next(rest), host)
            if count is None:
                # It cannot tell: then nothing is said of that sender, from which nothing follows.
                counts.pop(sender)
            else:
                counts[sender] = count
        headers = {height: _header(next(rest), height, host) for height in heights}
        known, receipts = _understand_about(doubtful, list(rest), host)
        return replace(
            look,
            headers={**look.headers, **headers},
            counts=counts,
            known={**look.known, **known},
            receipts={**look.receipts, **receipts},
        )

    return Question(always(*counted, *map(_block, heights), *_about(doubtful)), understand)


def _about(wanted: Sequence[Wanted]) -> Iterable[Call]:
    for each in wanted:
        yield Call("eth_getTransactionReceipt", (each.transaction,))
        yield Call("eth_getTransactionByHash", (each.transaction,))


def _block(height: int) -> Call:
    return Call("eth_getBlockByNumber", (hex(height), False))


# Answers


def _understand_about(
    wanted: Sequence[Wanted], results: Sequence[Result], host: str
) -> tuple[dict[TransactionId, Mapping[str, object] | None], dict[TransactionId, Receipt | None]]:
    known: dict[TransactionId, Mapping[str, object] | None] = {}
    receipts: dict[TransactionId, Receipt | None] = {}
    for each, told, shown in zip(wanted, results[::2], results[1::2], strict=True):
        which = each.transaction
        known[which] = transaction_of(value_of(shown, host), which, host)
        receipts[which] = receipt_of(value_of(told, host), known[which], which, host)
    return known, receipts


def _header(result: Result, height: int, host: str) -> Head | None:
    """Return the header at a height, None where the server has not got so far: some say that with an error."""
    if isinstance(result, RpcError) and not result.is_rate_limit and result.code != NO_ANSWER:
        return None
    value = value_of(result, host)
    if value is None:
        return None
    header = head_of(value, host)
    if header.number != height:
        raise ContradictoryReply(host=host, problem="block number")
    return header


def _finalized(result: Result, head: Head, host: str) -> int | None:
    """Return the height of the newest final block, None where there is no such thing, or none that can be."""
    if isinstance(result, RpcError):
        return None
    if result.value is None:
        return None
    number = head_of(result.value, host).number
    return number if number <= head.number else None


def _pinned_count(result: Result, host: str) -> int | None:
    if isinstance(result, RpcError) and not result.is_rate_limit and result.code != NO_ANSWER:
        return None
    return hex_quantity(value_of(result, host), host, _NONCE_BITS)


def _seen(transaction: TransactionId, look: _Look) -> Seen:
    receipt, known = look.receipts[transaction], look.known[transaction]
    if receipt is None:
        return Seen(Presence.ABSENT if known is None else Presence.WAITING)
    header = look.headers.get(receipt.number)
    if header is None:
        # Mined while the second question was asked, or by a server that has not got so far: the next look will tell.
        return Seen(Presence.WAITING)
    if header.hash == receipt.block_hash:
        return Seen(Presence.MINED, height_of(header), receipt.succeeded, receipt.fee_paid_wei)
    # From a block that left the chain. What still names that block is only remembered, and waits for nothing.
    waits = known is not None and known.get("blockHash") is None
    return Seen(Presence.WAITING if waits else Presence.ABSENT)


def _standing(wanted: Sequence[Wanted], look: _Look) -> dict[str, bool]:
    standing = {}
    for each in wanted:
        if each.block is None or each.block.hash is None:
            continue
        header = look.headers.get(each.block.number)
        if header is not None:
            standing[each.block.hash] = header.hash == each.block.hash.lower()
    return standing
