"""What EVM servers say, read strictly: results, blocks, and which chain a server speaks for.

Source: ethereum/execution-apis; EIP-1474 (encodings), EIP-695 (`eth_chainId`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.errors import (
    ContradictoryReply,
    EndpointRateLimited,
    EndpointRefused,
    MalformedReply,
    WrongChain,
)
from desktop_wallet.core.instants import Instant
from desktop_wallet.core.networks import Network
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.net.json_rpc import NO_ANSWER, Call, Result, RpcError, RpcResult, hex_quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_wallet.core.signing import TransactionId

LATEST = Call("eth_getBlockByNumber", ("latest", False))
IDENTITY = (Call("eth_chainId"), Call("eth_getBlockByNumber", ("0x0", False)))
"""What every endpoint is asked before its first answer counts, in the same batch."""
MAX_AHEAD_S = 86_400
"""How far a block's time may lie ahead of this machine's clock: a day, for clocks in the wrong time zone. Beyond it the
number is no time at all (milliseconds, an overflow), and a head that cannot grow old would hide a standing chain."""
ANOTHER_TRANSACTION = "named another transaction"
"""The problem of a server that shows or names another transaction than the one it was asked about."""

_HASH = re.compile(r"0x[0-9a-f]{64}")
_REVERTED = 3
_GIVEN_UP = ("revert", "invalid opcode", "out of gas", "outofgas", "gas required", "aborted", "vm execution error")
_NUMBER_BITS = 63
_TIME_BITS = 63


@dataclass(frozen=True, slots=True)
class Head:
    """A block's header: hashes in lower case, time in Unix seconds."""

    number: int
    hash: str
    parent_hash: str
    time_s: int


def value_of(result: Result, host: str) -> object:
    """Return what the server returned; raises EndpointRateLimited, EndpointRefused, or MalformedReply for no answer."""
    if isinstance(result, RpcResult):
        return result.value
    if result.is_rate_limit:
        raise EndpointRateLimited(host=host, retry_after_s=None)
    if result.code == NO_ANSWER:
        raise MalformedReply(host=host, problem="missing")
    raise EndpointRefused(host=host, code=result.code)


def gave_up(error: RpcError) -> bool:
    """Return whether it was the contract that failed, or its gas, and not the server.

    go-ethereum has the code 3 for a revert; for the rest, and with other nodes, only the words tell.
    """
    words = error.message.lower()
    return error.code == _REVERTED or any(sign in words for sign in _GIVEN_UP)


def block_hash(value: object, host: str) -> str:
    """Return a block's hash in lower case; MalformedReply."""
    text = value.lower() if isinstance(value, str) else ""
    if not _HASH.fullmatch(text):
        raise MalformedReply(host=host, problem="block hash")
    return text


def block_number(value: object, host: str) -> int:
    """Return a block's number (at most 63 bits); MalformedReply."""
    return hex_quantity(value, host, _NUMBER_BITS)


def head_of(value: object, host: str) -> Head:
    """Return the header in a block object; MalformedReply, also for null: the block that was asked for is missing."""
    if not isinstance(value, dict):
        raise MalformedReply(host=host, problem="block")
    return Head(
        block_number(value.get("number"), host),
        block_hash(value.get("hash"), host),
        block_hash(value.get("parentHash"), host),
        hex_quantity(value.get("timestamp"), host, _TIME_BITS),
    )


def transaction_of(value: object, transaction: TransactionId, host: str) -> Mapping[str, object] | None:
    """Return the transaction object, None where the server does not have it; raises UntrustedReply.

    ContradictoryReply says that it showed another one.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise MalformedReply(host=host, problem="transaction")
    if block_hash(value.get("hash"), host) != transaction:
        raise ContradictoryReply(host=host, problem=ANOTHER_TRANSACTION)
    return value


def height_of(head: Head) -> Height:
    """Return where that block stands."""
    return Height(HeightKind.BLOCK, head.number, head.hash, head.parent_hash, head.time_s)


def check_time(time_s: int, now: Instant, host: str) -> None:
    """Raise ContradictoryReply if a block's time lies further ahead of our clock than any clock is wrong."""
    if time_s > now.wall_s + MAX_AHEAD_S:
        raise ContradictoryReply(host=host, problem="block time")


def genesis_of(results: tuple[Result, ...], network: Network, host: str, *, expected: str | None) -> str:
    """Return the genesis hash of the chain that the answers to IDENTITY name, empty where the server cannot tell.

    Raises WrongChain for another chain id than `expected`, or another genesis than the network is known by. A server
    that has thrown old blocks away (EIP-4444) is believed to have the known genesis, on the strength of its chain id.
    """
    chain_id = str(block_number(value_of(results[0], host), host))
    if expected is not None and chain_id != expected:
        raise WrongChain(host=host, expected=expected, actual=chain_id)
    known = network.chain_hash
    first = results[1]
    if isinstance(first, RpcError) and not first.is_rate_limit and first.code != NO_ANSWER:
        return known or ""
    value = value_of(first, host)
    if value is None:
        return known or ""
    genesis = head_of(value, host)
    if genesis.number != 0:
        raise ContradictoryReply(host=host, problem="genesis")
    if known is not None and genesis.hash != known.lower():
        raise WrongChain(host=host, expected=known, actual=genesis.hash)
    return genesis.hash
