"""A second opinion says equal, different, or why it cannot tell; and goes with the reading that it is about."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import pytest

from desktop_wallet.chains.adapter import BlockSeen, ReadBatch, ReadRequest, Witness
from desktop_wallet.core.opinions import OpinionKind, OpinionProblem
from desktop_wallet.core.positions import Unordered
from desktop_wallet.services.opinions import Opinions
from tests.fakes.engine import Engine, engine, network, timeout

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from desktop_wallet.core.balances import Reading
    from desktop_wallet.core.positions import Height
    from desktop_wallet.net.pool import EndpointStatus

OTHER = "server1.example"


@dataclass
class Status:
    host: str


@dataclass
class Bench:
    """The engine with a network of two servers, whose other one says what a test tells it to."""

    engine: Engine
    opinions: Opinions
    pauses: list[float] = field(default_factory=list)
    asked: list[ReadRequest] = field(default_factory=list)
    says: list[tuple[BlockSeen, ...]] = field(default_factory=list)
    """What is said at each time, the last for ever."""
    amount: int | None = 1
    hosts: tuple[str, ...] = ("server0.example", OTHER)

    async def witnesses(self, request: ReadRequest, at: Height) -> tuple[Witness, ...]:
        self.asked.append(request)
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        return tuple(Witness(OTHER, block, self._batch() if block is BlockSeen.READ else None) for block in said)

    def _batch(self) -> ReadBatch:
        held = self.engine.balances.state(self.engine.key).reading
        assert held is not None
        if self.amount is None:
            return ReadBatch()
        return ReadBatch((replace(held, amount=self.amount, endpoint=OTHER),))

    def statuses(self) -> tuple[EndpointStatus, ...]:
        return cast("tuple[EndpointStatus, ...]", tuple(map(Status, self.hosts)))


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    """Yield the engine, whose pauses are only noted."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    async with engine(tmp_path, networks=(network(block_time_s=2.0),), sleep=sleep) as made:
        bench = Bench(made, Opinions(made.parts, made.balances), pauses)
        monkeypatch.setattr(made.adapter, "witnesses", bench.witnesses, raising=False)
        monkeypatch.setattr(made.adapter, "endpoint_statuses", bench.statuses)
        yield bench


@pytest.mark.parametrize(("amount", "kind"), [(1, OpinionKind.EQUAL), (2, OpinionKind.DIFFERENT)])
async def test_another_server_is_compared_at_the_same_block(bench: Bench, amount: int, kind: OpinionKind) -> None:
    bench.says, bench.amount = [(BlockSeen.FORGOTTEN, BlockSeen.READ)], amount
    opinion = await bench.opinions.ask(bench.engine.key)

    assert (opinion.kind, opinion.why) == (kind, None)
    assert opinion.first is bench.engine.balances.state(bench.engine.key).reading
    assert opinion.second is not None
    assert opinion.second.amount == amount
    assert bench.asked[0].avoid == {"server0.example"}
    assert bench.asked[0].user_asked
    assert bench.opinions.of(bench.engine.key) is opinion


async def test_a_reading_that_is_due_is_read_anew_first(bench: Bench) -> None:
    bench.says = [(BlockSeen.READ,)]
    await bench.opinions.ask(bench.engine.key)
    bench.engine.clock.advance(31)
    await bench.opinions.ask(bench.engine.key)
    await bench.opinions.ask(bench.engine.key)
    assert len(bench.engine.adapter.requests) == 2


async def test_an_opinion_goes_with_its_reading(bench: Bench) -> None:
    bench.says = [(BlockSeen.READ,)]
    await bench.opinions.ask(bench.engine.key)
    await bench.engine.balances.refresh([bench.engine.key])
    assert bench.opinions.of(bench.engine.key) is None
    await bench.opinions.ask(bench.engine.key)
    bench.opinions.forget()
    assert bench.opinions.of(bench.engine.key) is None


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ((), OpinionProblem.ONE_SERVER),
        ((BlockSeen.NO_ANSWER,), OpinionProblem.NO_ANSWER),
        ((BlockSeen.FORGOTTEN, BlockSeen.NO_ANSWER), OpinionProblem.FORGOTTEN),
        ((BlockSeen.ANOTHER, BlockSeen.FORGOTTEN), OpinionProblem.OTHER_BLOCK),
        ((BlockSeen.NOT_YET, BlockSeen.NO_ANSWER), OpinionProblem.NOT_THERE_YET),
    ],
)
async def test_what_cannot_be_told_says_why(bench: Bench, said: tuple[BlockSeen, ...], why: OpinionProblem) -> None:
    bench.says = [said]
    opinion = await bench.opinions.ask(bench.engine.key)
    assert (opinion.kind, opinion.second, opinion.why) == (OpinionKind.CANNOT_TELL, None, why)


async def test_a_server_that_is_not_there_yet_is_asked_again_a_block_later(bench: Bench) -> None:
    bench.says = [(BlockSeen.NOT_YET,), (BlockSeen.READ,)]
    opinion = await bench.opinions.ask(bench.engine.key)
    assert opinion.kind is OpinionKind.EQUAL
    assert 2.0 in bench.pauses
    assert len(bench.asked) == 2


async def test_a_contract_without_a_number_there_tells_nothing(bench: Bench) -> None:
    bench.says, bench.amount = [(BlockSeen.READ,)], None
    opinion = await bench.opinions.ask(bench.engine.key)
    assert opinion.why is OpinionProblem.NO_NUMBER


async def test_one_server_alone_has_no_second_opinion(bench: Bench) -> None:
    bench.hosts = ("server0.example",)
    opinion = await bench.opinions.ask(bench.engine.key)
    assert opinion.why is OpinionProblem.ONE_SERVER
    assert bench.asked == []


async def test_without_a_reading_there_is_nothing_to_compare(bench: Bench) -> None:
    bench.engine.adapter.main.faults.append(timeout())
    opinion = await bench.opinions.ask(bench.engine.key)
    assert (opinion.first, opinion.why) == (None, OpinionProblem.NO_READING)


async def test_a_network_without_blocks_says_so(bench: Bench) -> None:
    await bench.engine.balances.refresh([bench.engine.key])
    state = bench.engine.balances.state(bench.engine.key)
    reading = cast("Reading", state.reading)
    bench.engine.parts.memory.put(replace(state, reading=replace(reading, position=Unordered())))
    opinion = await bench.opinions.ask(bench.engine.key)
    assert opinion.why is OpinionProblem.UNORDERED
