"""The adapter of an EVM network: balances by Multicall3 where there is one, singly and pinned where there is none."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from desktop_wallet.chains.evm.broadcasting import broadcast
from desktop_wallet.chains.evm.heads import PushedHeads, pushed_heads
from desktop_wallet.chains.evm.identity import identify
from desktop_wallet.chains.evm.line import Line, Question, always
from desktop_wallet.chains.evm.quoting import quote
from desktop_wallet.chains.evm.reader import BalanceReader
from desktop_wallet.chains.evm.settled import read_settled
from desktop_wallet.chains.evm.sightings import look_up
from desktop_wallet.chains.evm.tokens import token_calls, understand_token
from desktop_wallet.chains.evm.transactions import build, decode
from desktop_wallet.chains.evm.transfer_logs import transfers_to
from desktop_wallet.chains.evm.wire import LATEST, Head, head_of, value_of
from desktop_wallet.chains.evm.witnesses import witnesses
from desktop_wallet.core.addresses import Address, parse_address
from desktop_wallet.core.balances import JUMP_ALLOWANCE
from desktop_wallet.core.errors import ContradictoryReply, NoEndpointLeft, WrongChain
from desktop_wallet.core.networks import Endpoint, Family, Network
from desktop_wallet.net.json_rpc import NO_ANSWER, Call, RpcError, hex_data, hex_quantity

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
    from contextlib import AbstractAsyncContextManager

    from desktop_wallet.chains.adapter import (
        ChainIdentity,
        DecodedTransaction,
        Delivery,
        LogAnswer,
        Mined,
        ReadBatch,
        ReadRequest,
        Wanted,
        Witness,
    )
    from desktop_wallet.core.assets import Asset, AssetId
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.fees import GasFee
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.core.positions import Height
    from desktop_wallet.core.quotes import Quote
    from desktop_wallet.core.sightings import Sighting
    from desktop_wallet.core.signing import EvmTransaction, SignedTransaction
    from desktop_wallet.core.transfers import Draft
    from desktop_wallet.net.json_rpc import Result
    from desktop_wallet.net.pool import EndpointPool, EndpointStatus
    from desktop_wallet.net.push import Pusher

_REQUESTS_AT_ONCE = 3
_SHORTEST_BLOCK_TIME_S = 0.001
_ADDRESSES_AT_ONCE = 25
"""Two calls each: as many as one batch of the pool takes."""
_LARGEST_CODE = 24_576
"""Bytes of a contract's code (EIP-170)."""
_DELEGATION = bytes.fromhex("ef0100")
"""How the code of an account that delegates begins (EIP-7702)."""


class EvmAdapter:
    """One EVM network (chains/adapter.py says what each method promises)."""

    def __init__(
        self,
        network: Network,
        pool: EndpointPool,
        decimals_of: Callable[[AssetId], int],
        clock: Clock,
        pusher: Pusher | None = None,
    ) -> None:
        """`decimals_of` tells an asset's decimals, for the readings; it must know every asset that is asked for.

        Without a `pusher` no server is asked to push anything.
        """
        self._network = network
        self._pool = pool
        self._clock = clock
        self._pusher = pusher
        self._line = Line(network, pool, expected=network.id.reference)
        self._reader = BalanceReader(self._line, decimals_of, clock)

    @property
    def network(self) -> Network:
        """Return the network it serves."""
        return self._network

    async def read_balances(self, request: ReadRequest) -> AsyncIterator[ReadBatch]:
        """Yield batches until every key has its Reading or its ReadFailure; one batch a contract call."""
        parts = self._reader.parts(request.keys)
        for start in range(0, len(parts), _REQUESTS_AT_ONCE):
            for batch in await self._read(parts[start : start + _REQUESTS_AT_ONCE], request):
                yield batch
        if not request.avoid:  # nobody waits any more; a second opinion is somebody else's read
            await self._reader.look_at_laggards()

    async def _read(self, parts: Sequence[tuple[BalanceKey, ...]], request: ReadRequest) -> list[ReadBatch]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._reader.read(part, request)) for part in parts]
        return [batch for task in tasks for batch in task.result()]

    async def is_on_chain(self, height: Height, *, avoid: frozenset[str] = frozenset()) -> bool | None:
        """Return whether the block still stands at its height; None if no server could tell or it has no hash.

        A server that has not got so far can tell one thing: that no chain with a head as young as its own can have.
        """
        if height.hash is None:
            return None
        expected = height.hash.lower()
        block = Call("eth_getBlockByNumber", (hex(height.number), False))

        def understand(results: Sequence[Result], host: str) -> bool | None:
            head = head_of(value_of(results[1], host), host)
            stands = _stands(results, host, height.number, expected)
            return False if stands is None and self._is_out_of_reach(height, head) else stands

        question = Question(always(block, LATEST), understand)
        try:
            return (await self._line.ask(question, avoid=avoid)).value
        except NoEndpointLeft:
            return None

    def _is_out_of_reach(self, height: Height, head: Head) -> bool:
        network = self._network
        age_s = self._clock.now().wall_s - head.time_s
        reach = network.max_head_age_s / max(network.block_time_s, _SHORTEST_BLOCK_TIME_S) + JUMP_ALLOWANCE
        return abs(age_s) <= network.max_head_age_s and height.number - head.number > reach

    async def standing(self, heights: Sequence[Height]) -> dict[Height, bool | None]:
        """Return of each block whether it still stands at its height; one batch to one server."""
        named = [height for height in heights if height.hash is not None]
        answers: dict[Height, bool | None] = dict.fromkeys(heights)
        if not named:
            return answers
        calls = (Call("eth_getBlockByNumber", (hex(height.number), False)) for height in named)
        question = Question(always(*calls), lambda results, host: _all_stand(results, host, named))
        with suppress(NoEndpointLeft):  # then nobody could tell
            answers.update(zip(named, (await self._line.ask(question)).value, strict=True))
        return answers

    def pushes(self, endpoint: Endpoint) -> bool:
        """Return whether a socket to that server can be tried."""
        return self._pusher is not None and self._pusher.reaches(endpoint.url)

    def heads(self, endpoint: Endpoint) -> AbstractAsyncContextManager[PushedHeads]:
        """Yield the heads that the server pushes, of the chain that it has shown in its answers before."""
        assert self._pusher is not None  # noqa: S101 - see `pushes`
        known = self._network.chain_hash or self._pool.chain_hash(endpoint.host) or None
        return pushed_heads(self._network, endpoint, self._pusher, self._clock, chain_hash=known)

    async def used_addresses(self, addresses: Sequence[Address]) -> Collection[Address]:
        """Return those that have ever sent or that hold the network's coin; raises NoEndpointLeft."""
        used: set[Address] = set()
        for start in range(0, len(addresses), _ADDRESSES_AT_ONCE):
            some = addresses[start : start + _ADDRESSES_AT_ONCE]
            calls = tuple(
                Call(method, (address.text, "latest"))
                for address in some
                for method in ("eth_getTransactionCount", "eth_getBalance")
            )
            numbers = (await self._line.ask(Question(always(*calls), _numbers), user_asked=True)).value
            pairs = zip(some, numbers[::2], numbers[1::2], strict=True)
            used.update(address for address, count, wei in pairs if count or wei)
        return used

    async def contracts(self, addresses: Sequence[Address]) -> Collection[Address]:
        """Return those with code of their own; a delegation (EIP-7702) leaves an account one. Raises NoEndpointLeft."""
        found: set[Address] = set()
        for start in range(0, len(addresses), _ADDRESSES_AT_ONCE):
            some = addresses[start : start + _ADDRESSES_AT_ONCE]
            calls = tuple(Call("eth_getCode", (address.text, "latest")) for address in some)
            codes = (await self._line.ask(Question(always(*calls), _codes))).value
            found.update(a for a, code in zip(some, codes, strict=True) if code and not code.startswith(_DELEGATION))
        return found

    async def describe_token(self, reference: str, *, user_asked: bool = True) -> Asset:
        """Return the token at that contract; raises InvalidAddress, InvalidToken, NoEndpointLeft."""
        address = parse_address(Family.EVM, reference)
        question = Question(always(*token_calls(address)), understand_token)
        words = (await self._line.ask(question, user_asked=user_asked)).value
        return words.asset(self._network.id, address)

    async def transfers_to(self, addresses: Sequence[Address], first: int, last: int) -> LogAnswer:
        """Return the token transfers to these addresses in blocks `first` to `last`; raises NoEndpointLeft."""
        return await transfers_to(self._line, addresses, first, last)

    async def identify(self) -> ChainIdentity:
        """Return what the network's servers say of their chain; raises WrongChain, NoEndpointLeft."""
        try:
            return await identify(self._network, self._pool, expected=self._network.id.reference)
        except NoEndpointLeft as error:
            last = error.data.get("last")
            if isinstance(last, WrongChain):
                raise last from None
            raise

    async def quote(self, draft: Draft) -> Quote:
        """Return fees, nonces, codes and the simulated outcome, from one batch to one server; raises NoEndpointLeft."""
        return await quote(self._line, self._clock, draft)

    def build(self, draft: Draft, fee: GasFee, nonce: int) -> EvmTransaction:
        """Return the transaction that carries out the draft, for the signer."""
        return build(self._network, draft, fee, nonce)

    def decode(self, raw: bytes) -> DecodedTransaction:
        """Return what signed bytes say; ValueError if they are no transfer on this network."""
        return decode(self._network, raw)

    def broadcast(self, signed: SignedTransaction) -> AsyncGenerator[Delivery, None]:
        """Yield what each of several servers made of the transaction, as the answers come."""
        return broadcast(self._line, signed)

    async def look_up(self, wanted: Sequence[Wanted], *, everywhere: bool = False) -> tuple[Sighting, ...]:
        """Return what the best server says of transactions, or every one; those that do not answer are missing."""
        return await look_up(self._line, self._clock, wanted, everywhere=everywhere)

    async def read_settled(self, request: ReadRequest, mined: Sequence[Mined], *, at_least: int) -> ReadBatch | None:
        """Return readings pinned at that height or above, from a server on which all of it is mined; None without."""
        return await read_settled(self._line, self._reader, self._clock, request, mined, at_least=at_least)

    async def witnesses(self, request: ReadRequest, at: Height) -> tuple[Witness, ...]:
        """Return what other servers say of the keys at that block, up to the first that read there."""
        return await witnesses(self._line, self._reader, request, at)

    def endpoint_statuses(self) -> tuple[EndpointStatus, ...]:
        """Return how each endpoint does, best first."""
        return self._pool.statuses()


def _stands(results: Sequence[Result], host: str, number: int, expected: str) -> bool | None:
    value = value_of(results[0], host)
    if value is None:
        # The server has not got that far: it cannot tell.
        return None
    head = head_of(value, host)
    if head.number != number:
        raise ContradictoryReply(host=host, problem="block number")
    return head.hash == expected


def _all_stand(results: Sequence[Result], host: str, heights: Sequence[Height]) -> tuple[bool | None, ...]:
    """Return of each block whether it stands; a server that no longer has a height cannot tell."""
    return tuple(
        None
        if isinstance(result, RpcError) and not result.is_rate_limit and result.code != NO_ANSWER
        else _stands((result,), host, height.number, (height.hash or "").lower())
        for result, height in zip(results, heights, strict=True)
    )


def _codes(results: Sequence[Result], host: str) -> tuple[bytes, ...]:
    return tuple(hex_data(value_of(result, host), host, _LARGEST_CODE) for result in results)


def _numbers(results: Sequence[Result], host: str) -> tuple[int, ...]:
    return tuple(hex_quantity(value_of(result, host), host) for result in results)
