"""Balances from one network: in contract calls where Multicall3 stands, else singly and pinned to a block."""

from __future__ import annotations

import asyncio
import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.chains.adapter import ReadBatch, failure_of
from desktop_wallet.chains.evm.line import Heard, Question, always
from desktop_wallet.chains.evm.multicall import (
    CHUNK,
    CHUNKS_A_REQUEST,
    SMALLEST_CHUNK,
    Absence,
    Answer,
    ChunkAnswer,
    Multicall,
)
from desktop_wallet.chains.evm.pinned import Pinned
from desktop_wallet.chains.evm.too_long import TooLong, halves, is_too_long
from desktop_wallet.chains.evm.wire import LATEST, Head, check_time, head_of, height_of, value_of
from desktop_wallet.core.balances import FailureReason, ReadFailure, Reading, ReadMethod
from desktop_wallet.core.errors import EndpointRefused, MalformedReply, NoEndpointLeft
from desktop_wallet.net.json_rpc import Call, hex_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from desktop_wallet.chains.adapter import ReadRequest
    from desktop_wallet.chains.evm.line import Line
    from desktop_wallet.chains.evm.multicall import Chunk
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.instants import Clock, Instant
    from desktop_wallet.core.positions import Height
    from desktop_wallet.net.json_rpc import Result

_Keys = tuple["BalanceKey", ...]

_SLICE = 200
"""Readings made before the loop gets its turn: under 1 ms of work."""
_PINNED_AT_ONCE = 200
_MAX_CODE_BYTES = 128 * 1024


class BalanceReader:
    """Reads balances of one network and remembers what its servers and contracts are good for."""

    def __init__(self, line: Line, decimals_of: Callable[[AssetId], int], clock: Clock) -> None:
        self._line = line
        self._decimals_of = decimals_of
        self._clock = clock
        contract = line.network.multicall
        self._multicall = None if contract is None else Multicall(line.network, contract)
        self._chunk_size = CHUNK
        self._lacking: dict[str, int] = {}
        self._failing: set[AssetId] = set()
        self._too_long = TooLong(clock)

    def parts(self, keys: _Keys) -> list[_Keys]:
        """Return the keys cut into what one request asks for: as few requests as can be, about equally large.

        So what the first brings is taken while the server is still at work for the second.
        """
        size = _PINNED_AT_ONCE
        if self._multicall is not None and keys:
            calls = math.ceil(len(keys) / CHUNK)
            size = CHUNK * math.ceil(calls / math.ceil(calls / CHUNKS_A_REQUEST))
        return [keys[start : start + size] for start in range(0, len(keys), size)]

    async def look_at_laggards(self) -> None:
        """Ask servers that are behind how far they are by now, and nothing about any account."""
        for host in self._line.pool.laggards_due():
            with contextlib.suppress(NoEndpointLeft):  # the pool has taken note
                await self._line.ask(self._head_question(), only=host)

    async def read(self, keys: _Keys, request: ReadRequest) -> list[ReadBatch]:
        """Return a Reading or a ReadFailure for each of the keys."""
        left_out = self._too_long.failures(keys)
        if not left_out:
            return await self._read_or_fail(keys, request)
        apart = tuple(failure.key for failure in left_out)
        names = set(apart)
        batches = [] if request.user_asked else [ReadBatch(failures=left_out)]
        groups = [tuple(key for key in keys if key not in names), *(_by_asset(apart) if request.user_asked else ())]
        for group in filter(None, groups):
            batches += await self._read_or_fail(group, request)
        return batches

    async def _read_or_fail(self, keys: _Keys, request: ReadRequest) -> list[ReadBatch]:
        try:
            return await self._read(keys, request, request.avoid)
        except NoEndpointLeft as error:
            return await self._read_apart(keys, request, error)

    async def _read_apart(self, keys: _Keys, request: ReadRequest, error: NoEndpointLeft) -> list[ReadBatch]:
        """Return what can be had of keys that could not be read together: parts of them, if they were too much."""
        parts = halves(keys) if is_too_long(error) and self._multicall is not None else ()
        if len(parts) < 2:
            if parts and not keys[0].asset.is_native:
                self._too_long.note(keys[0].asset, error)
                self._chunk_size = CHUNK  # it was none too large for the others
            now = self._clock.now()
            return [ReadBatch(failures=tuple(failure_of(key, error, now) for key in keys))]
        batches: list[ReadBatch] = []
        for part in parts:
            try:
                batches += await self._read(part, request, request.avoid)
            except NoEndpointLeft as again:
                if part[0].asset.is_native:
                    # No contract has a say in coins: it is the server.
                    now = self._clock.now()
                    return [ReadBatch(failures=tuple(failure_of(key, again, now) for key in keys))]
                batches += await self._read_apart(part, request, again)
        return batches

    async def _read(self, keys: _Keys, request: ReadRequest, avoid: frozenset[str]) -> list[ReadBatch]:
        heard = await self._ask(keys, request, avoid)
        absence = heard.value.absence
        if absence is None:
            return await self._from_chunks(heard, request)
        if absence is Absence.EMPTY and not await self._really_lacks(heard.host, request):
            # The contract is there and the server does not run it: its fault, and no number.
            self._line.pool.blame(heard.host, MalformedReply(host=heard.host, problem="empty"))
            try:
                return await self._read(keys, request, avoid | {heard.host})
            except NoEndpointLeft:
                now = self._clock.now()
                return [ReadBatch(failures=tuple(_empty(key, now, heard.host) for key in keys))]
        if absence is not Absence.NOT_ASKED:
            self._lacking[heard.host] = self._line.epoch(heard.host)
        elif self._multicall is not None and not self._lacks(heard.host):
            # The answer showed another chain behind the host than the one without the contract.
            return await self._read(keys, request, avoid)
        return await self._read_pinned(keys, heard, request, avoid)

    # Contract calls

    async def _ask(self, keys: _Keys, request: ReadRequest, avoid: frozenset[str]) -> Heard[Answer]:
        """Return the answer to contract calls for the keys, or a bare head from a server without the contract."""
        while True:
            chunks = await self._chunks(keys)
            try:
                return await self._line.ask(self._question(chunks), user_asked=request.user_asked, avoid=avoid)
            except NoEndpointLeft as error:
                last = error.data.get("last")
                too_much = isinstance(last, EndpointRefused) and last.data.get("call") == "eth_call"
                if not too_much or not chunks or self._chunk_size <= SMALLEST_CHUNK:
                    raise
                self._shrink()

    def _question(self, chunks: Sequence[Chunk]) -> Question[Answer]:
        multicall = self._multicall

        def compose(host: str) -> Sequence[Call]:
            if multicall is None or not chunks or self._lacks(host):
                return (LATEST,)
            return multicall.calls(chunks)

        def understand(results: Sequence[Result], host: str) -> Answer:
            if multicall is None or len(results) == 1:
                return Answer(self._head(results[0], host), absence=Absence.NOT_ASKED)
            return multicall.understand(chunks, results, host, self._clock.now())

        return Question(compose, understand, lambda answer: answer.head.number, lambda answer: answer.head.time_s)

    async def _chunks(self, keys: _Keys) -> list[Chunk]:
        """Return contract calls for the keys; tokens that have failed get calls of their own."""
        if self._multicall is None:
            return []
        groups = [tuple(key for key in keys if key.asset not in self._failing)] if self._failing else [keys]
        groups += _by_asset(key for key in keys if key.asset in self._failing)
        chunks = []
        for group in groups:
            for start in range(0, len(group), self._chunk_size):
                chunks.append(self._multicall.chunk(group[start : start + self._chunk_size]))
                await asyncio.sleep(0)
        return chunks

    async def _from_chunks(self, heard: Heard[Answer], request: ReadRequest) -> list[ReadBatch]:
        await asyncio.sleep(0)  # what the answer said was read in this turn of the loop already
        again = tuple(
            key
            for chunk in heard.value.chunks
            for key, amount in zip(chunk.keys, chunk.amounts, strict=True)
            if amount is None and key.asset not in self._failing
        )
        batches = [await self._batch(chunk, heard, request, without=frozenset(again)) for chunk in heard.value.chunks]
        if again:
            batches += await self._ask_again(again, heard, request)
        return batches

    async def _ask_again(self, keys: _Keys, heard: Heard[Answer], request: ReadRequest) -> list[ReadBatch]:
        """Return what each token says when it is asked in a call of its own, once.

        A contract that burns all its gas starves those that are asked after it; alone it starves only itself.
        """
        assert self._multicall is not None  # noqa: S101 - only contract calls are asked again
        chunks = [self._multicall.chunk(group) for group in _by_asset(keys)]
        question = self._question(chunks)
        try:
            alone = await self._line.ask(question, user_asked=request.user_asked, only=heard.host)
        except NoEndpointLeft as error:
            now = self._clock.now()
            return [ReadBatch(failures=tuple(failure_of(key, error, now) for key in keys))]
        if alone.value.absence is not None:
            return [ReadBatch(failures=tuple(_empty(key, alone.ended, alone.host) for key in keys))]
        for chunk in alone.value.chunks:
            if all(amount is None for amount in chunk.amounts):
                self._failing.add(chunk.keys[0].asset)
        given_up = any(chunk.height is None for chunk in heard.value.chunks)
        if given_up and not any(key.asset in self._failing for key in keys):
            # No single token is to blame: there were too many.
            self._shrink()
        return [await self._batch(chunk, alone, request) for chunk in alone.value.chunks]

    def _shrink(self) -> None:
        self._chunk_size = max(self._chunk_size // 4, SMALLEST_CHUNK)

    async def _batch(
        self,
        chunk: ChunkAnswer,
        heard: Heard[Answer],
        request: ReadRequest,
        without: frozenset[BalanceKey] = frozenset(),
    ) -> ReadBatch:
        """Return the readings of one contract call, leaving out keys that are asked again."""
        answers: Iterable[tuple[BalanceKey, int | None]] = zip(chunk.keys, chunk.amounts, strict=True)
        if without:
            answers = [(key, amount) for key, amount in answers if key not in without]
        source = _Source(
            heard.host, heard.chain_hash, heard.started, heard.ended, ReadMethod.MULTICALL, len(chunk.keys)
        )
        return await self._make(answers, chunk.height, source, request)

    # Singly

    def _lacks(self, host: str) -> bool:
        return self._lacking.get(host) == self._line.epoch(host)

    async def _really_lacks(self, host: str, request: ReadRequest) -> bool:
        """Return whether no code stands at Multicall3's address on that server's chain, and remember it."""
        contract = self._line.network.multicall
        asked = Question(
            always(Call("eth_getCode", (contract, "latest"))),
            lambda results, host: hex_data(value_of(results[0], host), host, _MAX_CODE_BYTES),
        )
        try:
            code = (await self._line.ask(asked, user_asked=request.user_asked, only=host)).value
        except NoEndpointLeft:
            return False
        return not code

    async def _read_pinned(
        self, keys: _Keys, heard: Heard[Answer], request: ReadRequest, avoid: frozenset[str]
    ) -> list[ReadBatch]:
        """Return readings pinned to the head that was heard, or to newer ones, from the same server."""
        batches: list[ReadBatch] = []
        head: Heard[Head] | None = Heard(heard.value.head, heard.host, heard.chain_hash, heard.started, heard.ended)
        for start in range(0, len(keys), _PINNED_AT_ONCE):
            some = keys[start : start + _PINNED_AT_ONCE]
            try:
                batches.append(await self._read_at(some, head, heard.host, request))
            except NoEndpointLeft:
                # This server had its chances: the others get what is left.
                return batches + await self._read(keys[start:], request, avoid | {heard.host})
            head = None
        return batches

    async def _read_at(self, keys: _Keys, head: Heard[Head] | None, host: str, request: ReadRequest) -> ReadBatch:
        """Return readings pinned to a head; one that leaves the chain in between is replaced, once."""
        for last in (False, True):
            at = head or await self._head_from(host, request)
            try:
                return await self.read_at(keys, at, request)
            except NoEndpointLeft:
                if last:
                    raise
                head = None
        raise AssertionError("unreachable")

    async def read_at(self, keys: _Keys, head: Heard[Head], request: ReadRequest) -> ReadBatch:
        """Return readings pinned to that head, from the server that told of it.

        Raises NoEndpointLeft, also where the head is no longer in that server's chain.
        """
        batches: list[ReadBatch] = []
        for start in range(0, len(keys), _PINNED_AT_ONCE):
            some = keys[start : start + _PINNED_AT_ONCE]
            pinned = Pinned(head.value, some)
            question = Question(always(*pinned.calls()), pinned.understand)
            heard = await self._line.ask(question, user_asked=request.user_asked, only=head.host)
            source = _Source(head.host, heard.chain_hash, head.started, heard.ended, ReadMethod.PINNED, 1)
            answers = zip(some, heard.value, strict=True)
            batches.append(await self._make(answers, height_of(head.value), source, request))
        readings = tuple(reading for batch in batches for reading in batch.readings)
        return ReadBatch(readings, tuple(failure for batch in batches for failure in batch.failures))

    async def _head_from(self, host: str, request: ReadRequest) -> Heard[Head]:
        return await self._line.ask(self._head_question(), user_asked=request.user_asked, only=host)

    def _head_question(self) -> Question[Head]:
        return Question(
            always(LATEST),
            lambda results, host: self._head(results[0], host),
            lambda head: head.number,
            lambda head: head.time_s,
        )

    def _head(self, result: Result, host: str) -> Head:
        head = head_of(value_of(result, host), host)
        check_time(head.time_s, self._clock.now(), host)
        return head

    # Readings

    async def _make(
        self,
        answers: Iterable[tuple[BalanceKey, int | None]],
        position: Height | None,
        source: _Source,
        request: ReadRequest,
    ) -> ReadBatch:
        """Return what was answered, made in slices so that a paint never waits for it."""
        readings: list[Reading] = []
        failures: list[ReadFailure] = []
        for count, (key, amount) in enumerate(answers, start=1):
            if amount is None or position is None:
                failures.append(_empty(key, source.ended, source.host))
            else:
                readings.append(
                    Reading(
                        key=key,
                        amount=amount,
                        decimals=self._decimals_of(key.asset),
                        position=position,
                        endpoint=source.host,
                        method=source.method,
                        batch=source.batch,
                        started=source.started,
                        ended=source.ended,
                        seq=request.seq,
                        registry=request.registry,
                        chain_hash=source.chain_hash,
                    )
                )
            if count % _SLICE == 0:
                await asyncio.sleep(0)
        return ReadBatch(tuple(readings), tuple(failures))


@dataclass(frozen=True, slots=True)
class _Source:
    """What all readings of one call have in common."""

    host: str
    chain_hash: str | None
    started: Instant
    ended: Instant
    method: ReadMethod
    batch: int


def _empty(key: BalanceKey, at: Instant, host: str) -> ReadFailure:
    return ReadFailure(key, FailureReason.EMPTY, at, host=host)


def _by_asset(keys: Iterable[BalanceKey]) -> list[_Keys]:
    groups: dict[AssetId, list[BalanceKey]] = {}
    for key in keys:
        groups.setdefault(key.asset, []).append(key)
    return [tuple(group) for group in groups.values()]
