"""Incoming token transfers from the logs of their contracts, read as what they are: words of strangers.

A server is held to its question: blocks within the range, recipients that were asked for, no log twice. A contract is
held to nothing: what it logs in another form than EIP-20's is left out, and no server is blamed for it.

Source: execution-apis, `eth_getLogs`; EIP-20; EIP-234 (what an empty answer of a server that lags may mean).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from desktop_wallet.chains.adapter import LogAnswer, LogRefusal
from desktop_wallet.chains.evm.line import Line, Question, always
from desktop_wallet.chains.evm.movements import TRANSFER_TOPIC
from desktop_wallet.chains.evm.wire import LATEST, block_hash, block_number, head_of, value_of
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.errors import (
    ContradictoryReply,
    EndpointRefused,
    MalformedReply,
    NoEndpointLeft,
    OversizedReply,
)
from desktop_wallet.core.networks import Family
from desktop_wallet.core.receipts import TransferLog
from desktop_wallet.core.signing import TransactionId
from desktop_wallet.net.json_rpc import NO_ANSWER, Call, RpcError, hex_data, hex_quantity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.net.json_rpc import Result

ADDRESSES_AT_ONCE: Final = 100
"""Recipients in one filter: more than that some servers refuse."""
MOST_LOGS: Final = 300
"""Logs that one answer may have, so that reading it takes no longer than a frame: more are asked for in parts."""
_ADDRESS: Final = 20
_WORD: Final = 32
_TOPICS: Final = 3
_MOST_TOPICS: Final = 4
_MOST_DATA_BYTES: Final = 64 * 1024
_INDEX_BITS: Final = 32
_NO_METHOD: Final = -32601
_FULL_WORDS: Final = ("results", "too many", "too large", "size")
"""How servers say that a single block has too many logs for them; a refusal without these has another reason."""
_NO_METHOD_WORDS: Final = ("method not found", "not supported", "unsupported", "does not exist", "not available")


async def transfers_to(line: Line, addresses: Sequence[Address], first: int, last: int) -> LogAnswer:
    """Return the token transfers to these addresses in blocks `first` to `last`; raises NoEndpointLeft.

    A server that has no such method is passed over. `LogAnswer.through` is below `last` where the server has not got
    that far yet; `refusal` says that the range was too large for it, or that no server has logs at all.
    """
    words = {_word(address): address for address in addresses}
    names = sorted(words)
    calls = [
        Call("eth_getLogs", (_filter(names[start : start + ADDRESSES_AT_ONCE], first, last),))
        for start in range(0, len(names), ADDRESSES_AT_ONCE)
    ]
    network = line.network.id
    without: frozenset[str] = frozenset()

    def understand(results: Sequence[Result], host: str) -> LogAnswer:
        # The head stands first in the batch: what a server logs up to there it has.
        head = head_of(value_of(results[0], host), host).number
        refusal = next((kind for result in results[1:] if (kind := _refusal(result, alone=first == last))), None)
        if refusal is not None:
            return LogAnswer(host=host, refusal=refusal)
        lists = [value_of(result, host) for result in results[1:]]
        if any(not isinstance(each, list) for each in lists):
            raise MalformedReply(host=host, problem="logs")
        logs = [log for each in lists if isinstance(each, list) for log in each]
        if len(logs) > MOST_LOGS:
            return LogAnswer(host=host, refusal=LogRefusal.TOO_MUCH)
        through = min(head, last)
        return LogAnswer(_understood(logs, words, range(first, through + 1), last, network, host), through, host)

    question = Question(always(LATEST, *calls), understand)
    while True:
        try:
            heard = await line.ask(question, avoid=without)
        except NoEndpointLeft as error:
            cause = error.data.get("last")
            if without and cause is None:
                return LogAnswer(refusal=LogRefusal.NO_LOGS)
            # Refused by HTTP, without a word on which call it was, or more than a reply may be: a smaller one may do.
            if isinstance(cause, EndpointRefused) and first == last:
                return LogAnswer(refusal=LogRefusal.NO_LOGS)
            if isinstance(cause, EndpointRefused | OversizedReply):
                return LogAnswer(refusal=LogRefusal.TOO_MUCH)
            raise
        if heard.value.refusal is not LogRefusal.NO_LOGS:
            return replace(heard.value, chain_hash=heard.chain_hash)
        without |= {heard.host}


def _filter(words: Sequence[str], first: int, last: int) -> Mapping[str, object]:
    return {"fromBlock": hex(first), "toBlock": hex(last), "topics": [TRANSFER_TOPIC, None, list(words)]}


def _refusal(result: Result, *, alone: bool) -> LogRefusal | None:
    """Return why a server refuses, None if it does not; `alone`: one block was asked for, and no range is too wide."""
    if not isinstance(result, RpcError) or result.is_rate_limit or result.code == NO_ANSWER:
        return None
    message = result.message.lower()
    if result.code == _NO_METHOD or ("method" in message and any(words in message for words in _NO_METHOD_WORDS)):
        return LogRefusal.NO_LOGS
    if alone and not any(words in message for words in _FULL_WORDS):
        return LogRefusal.NO_LOGS
    return LogRefusal.TOO_MUCH


def _understood(
    logs: Sequence[object], words: Mapping[str, Address], blocks: range, last: int, network: NetworkId, host: str
) -> tuple[TransferLog, ...]:
    """Return the transfers of the blocks in `blocks`; up to `last` was asked for."""
    seen: set[tuple[str, int]] = set()
    found: list[TransferLog] = []
    for log in logs:
        if not isinstance(log, dict):
            raise MalformedReply(host=host, problem="logs")
        if log.get("removed"):
            continue
        number, hash_ = block_number(log.get("blockNumber"), host), block_hash(log.get("blockHash"), host)
        if not blocks.start <= number <= last:
            raise ContradictoryReply(host=host, problem="log outside of the range")
        if number not in blocks:  # a block that came between the two answers of the batch
            continue
        place = hash_, hex_quantity(log.get("logIndex"), host, _INDEX_BITS)
        if place in seen:
            raise ContradictoryReply(host=host, problem="log told twice")
        seen.add(place)
        transfer = _transfer(log, words, number, place, network, host)
        if transfer is not None:
            found.append(transfer)
    return tuple(sorted(found, key=lambda each: (each.block, each.index)))


def _transfer(
    log: Mapping[str, object],
    words: Mapping[str, Address],
    number: int,
    place: tuple[str, int],
    network: NetworkId,
    host: str,
) -> TransferLog | None:
    """Return what a log tells; None if it is no transfer of a token that counts amounts (EIP-721 has the same name)."""
    contract = hex_data(log.get("address"), host, _ADDRESS, min_bytes=_ADDRESS)
    data = hex_data(log.get("data"), host, _MOST_DATA_BYTES)
    topics = log.get("topics")
    if not isinstance(topics, list) or not _TOPICS <= len(topics) <= _MOST_TOPICS:
        raise MalformedReply(host=host, problem="topics")
    kind, sender, recipient = ("0x" + hex_data(topic, host, _WORD, min_bytes=_WORD).hex() for topic in topics[:3])
    address = words.get(recipient)
    if kind != TRANSFER_TOPIC or address is None:
        raise ContradictoryReply(host=host, problem="log that was not asked for")
    padding = 2 * (_WORD - _ADDRESS)
    if len(topics) != _TOPICS or len(data) != _WORD or sender[2 : 2 + padding].strip("0"):
        return None
    return TransferLog(
        asset=AssetId(network, "erc20", f"0x{contract.hex()}"),
        sender=Address(Family.EVM, f"0x{sender[2 + padding :]}"),
        recipient=address,
        amount=int.from_bytes(data, "big"),
        transaction=TransactionId(block_hash(log.get("transactionHash"), host)),
        index=place[1],
        block=number,
        block_hash=place[0],
    )


def _word(address: Address) -> str:
    return f"0x{address.text[2:].rjust(2 * _WORD, '0')}"
