"""Many balances and the block they belong to, in contract calls of Multicall3.

Measured on anvil with 100 ms added to every reply, 2,000 balances in one HTTP request, median of 7 on two busy cores:
145, 144, 138, 147 and 173 ms in calls of 100, 250, 500, 1,000 and 2,000; the bare exchange of the same bytes took 121.
So the size of a call is a matter of the servers' gas limits. Writing 500 takes 0.3 ms, reading them 0.2.

Source: Multicall3 (mds1/multicall); for Arbitrum ArbSys (OffchainLabs/nitro-contracts), because `block.number` inside
a call is Ethereum's there.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.chains.evm import abi
from desktop_wallet.chains.evm.wire import LATEST, Head, check_time, gave_up, head_of, value_of
from desktop_wallet.core.errors import EndpointRefused, MalformedReply
from desktop_wallet.core.networks import HeightCall
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.net.json_rpc import Call, RpcError, hex_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import Network
    from desktop_wallet.net.json_rpc import Result

CHUNK = 500
"""Balances in one contract call. A balance costs 3 k to 40 k gas (proxied and rebasing tokens most), call data
included; nodes stop a call at 30 M (anvil) to 50 M (geth, Erigon), so 500 fit even where every token is dear."""
CHUNKS_A_REQUEST = 4
"""Contract calls in one HTTP request: 2,000 balances are 0.9 MB of call data, and many servers stop at 1 MB."""
SMALLEST_CHUNK = 25
FAR_APART_BLOCKS = 10_000
"""A contract's block number that far from the header's of the same batch counts another network's blocks. A server that
lags behind its neighbour is not so far away: 10,000 blocks are 40 minutes even where four come in a second."""
_MAX_RESULT_BYTES = 4 * 1024 * 1024
_WORD = 32


@dataclass(frozen=True, slots=True)
class Chunk:
    """One contract call: the balances it asks for, and its call data once it is written."""

    keys: tuple[BalanceKey, ...]
    data: str


class Absence(enum.Enum):
    """Why no balances came though nobody failed."""

    EMPTY = "empty"
    """Nothing answered at the contract's address."""
    MISLEADING = "misleading"
    """What stands there does not know the network's block number."""
    NOT_ASKED = "not asked"
    """Only the head was asked for: the contract is known to be missing, or was on the chain that stood here before."""


@dataclass(frozen=True, slots=True)
class ChunkAnswer:
    """What one contract call answered: one amount a key, None where the contract gave no number.

    `height` is None where the whole call was given up; then there are no amounts either.
    """

    keys: tuple[BalanceKey, ...]
    height: Height | None
    amounts: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request answered; `absence` is set where the contract calls told nothing, or were not made."""

    head: Head
    chunks: tuple[ChunkAnswer, ...] = ()
    absence: Absence | None = None


class Multicall:
    """Writes and reads the contract calls of one network, which must have a Multicall3."""

    def __init__(self, network: Network, contract: str) -> None:
        self._contract = contract.lower()
        self._arbitrum = network.height_call is HeightCall.ARBSYS
        number = (
            abi.sub_call(abi.ARB_SYS, abi.ARB_BLOCK_NUMBER)
            if self._arbitrum
            else abi.sub_call(self._contract, abi.GET_BLOCK_NUMBER)
        )
        self._position = [number, abi.sub_call(self._contract, abi.GET_CURRENT_BLOCK_TIMESTAMP)]
        if not self._arbitrum:
            # Not on Arbitrum: its blockhash is none of its own blocks'.
            self._position.append(abi.sub_call(self._contract, abi.GET_LAST_BLOCK_HASH))
        self._coin = abi.sub_call_head(self._contract, abi.GET_ETH_BALANCE)

    def chunk(self, keys: tuple[BalanceKey, ...]) -> Chunk:
        """Return the contract call that asks for these balances: 0.3 ms for 500 of them."""
        heads: dict[str, str] = {}
        tails: dict[str, str] = {}
        calls = list(self._position)
        for key in keys:
            reference = "" if key.asset.is_native else key.asset.reference
            head = heads.get(reference)
            if head is None:
                head = abi.sub_call_head(reference, abi.BALANCE_OF) if reference else self._coin
                heads[reference] = head
            address = key.address.text
            tail = tails.get(address)
            if tail is None:
                tail = tails[address] = abi.sub_call_tail(address)
            calls.append(head + tail)
        return Chunk(keys, abi.encode_aggregate3(calls))

    def calls(self, chunks: Sequence[Chunk]) -> tuple[Call, ...]:
        """Return the batch: the newest header, and the contract calls at the newest block."""
        asked = (Call("eth_call", ({"to": self._contract, "data": chunk.data}, "latest")) for chunk in chunks)
        return (LATEST, *asked)

    def understand(self, chunks: Sequence[Chunk], results: Sequence[Result], host: str, now: Instant) -> Answer:
        """Return what the answers to `calls` say; raises UntrustedReply, EndpointRefused, EndpointRateLimited."""
        head = head_of(value_of(results[0], host), host)
        check_time(head.time_s, now, host)
        answers = []
        for chunk, result in zip(chunks, results[1:], strict=True):
            if isinstance(result, RpcError) and gave_up(result):
                answers.append(ChunkAnswer(chunk.keys, None, (None,) * len(chunk.keys)))
                continue
            data = hex_data(_call_value(result, host), host, _MAX_RESULT_BYTES)
            answer = self._understand_chunk(chunk, data, head, host, now) if data else Absence.EMPTY
            if isinstance(answer, Absence):
                return Answer(head, absence=answer)
            answers.append(answer)
        return Answer(head, tuple(answers))

    def _understand_chunk(
        self, chunk: Chunk, data: bytes, head: Head, host: str, now: Instant
    ) -> ChunkAnswer | Absence:
        try:
            results = abi.decode_aggregate3(data, len(self._position) + len(chunk.keys))
        except MalformedReply as error:
            raise MalformedReply(host=host, **error.data) from None
        number, time_s = abi.decode_uint(results[0]), abi.decode_uint(results[1])
        if number is None or time_s is None or abs(number - head.number) > FAR_APART_BLOCKS:
            return Absence.MISLEADING
        check_time(time_s, now, host)
        parent = self._parent(results, host)
        same = parent == head.parent_hash and (number, time_s) == (head.number, head.time_s)
        height = Height(HeightKind.BLOCK, number, head.hash if same else None, parent, time_s)
        return ChunkAnswer(chunk.keys, height, tuple(map(abi.decode_uint, results[len(self._position) :])))

    def _parent(self, results: Sequence[bytes | None], host: str) -> str | None:
        if self._arbitrum:
            return None
        parent = results[2]
        if parent is None or len(parent) != _WORD:
            raise MalformedReply(host=host, problem="parent hash")
        return "0x" + parent.hex()


def _call_value(result: Result, host: str) -> object:
    """Return what a contract call returned; an EndpointRefused says that it was the call, which may be too large."""
    try:
        return value_of(result, host)
    except EndpointRefused as error:
        raise EndpointRefused(**error.data, call="eth_call") from None
