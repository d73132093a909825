"""Several servers of one network: which is asked, which comes back, and what a fail-over in the middle loses: nothing.

The servers stand before practice chains with one genesis: one whose clock is behind is a server that lags.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from desktop_wallet.chains.practice.chain import PracticeChain
from desktop_wallet.chains.practice.worlds import PRACTICE
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.errors import EndpointUnreachable
from desktop_wallet.core.networks import Endpoint, Family
from tests.chains.stages import (
    ACCOUNTS,
    NOBODY,
    CountingClient,
    PracticeStage,
    adapter_of,
    assets_of,
    gifts_of,
    keys_of,
    nobody,
    read,
)
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from desktop_wallet.chains.evm.adapter import EvmAdapter

HOSTS = ("first.invalid", "second.invalid")
BLOCK_S = PRACTICE.block_time_s
MINUTE_S = 60


@dataclass
class TwoServers(PracticeStage):
    """Two servers of one network, each with a clock of its own behind the wallet's."""

    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self.network = replace(self.network, endpoints=tuple(Endpoint(f"http://{host}/") for host in HOSTS))
        self.clocks = {host: FakeClock() for host in HOSTS}
        quiet = replace(self.world, drip_every_blocks=10**9)
        self.chains = {
            host: PracticeChain(quiet, self.clocks[host], seed=self.seed, latency_s=(0, 0)) for host in HOSTS
        }
        for chain in self.chains.values():
            for account in ACCOUNTS[:2]:
                chain.welcome(account)
        self.client = CountingClient(self.clock, in_process={host: self._server(host) for host in HOSTS}, trust=nobody)

    def _server(self, host: str) -> Callable[[bytes], Awaitable[bytes]]:
        async def answer(body: bytes) -> bytes:
            calls = json.loads(body)
            methods = [call["method"] for call in (calls if isinstance(calls, list) else [calls])]
            self.asked.append((host, tuple(methods)))
            if host in self.gone:
                raise EndpointUnreachable(host=host, problem="connect")
            return await self.chains[host].answer(body)

        return answer

    def pass_time(self, seconds: float, *hosts: str) -> None:
        """Move the wallet's clock, and these servers'."""
        self.clock.advance(seconds)
        for host in hosts:
            self.clocks[host].advance(seconds)

    def hosts_asked(self) -> list[str]:
        """Return who was asked since the last look."""
        hosts = [host for host, _ in self.asked]
        self.asked.clear()
        return hosts


@pytest.fixture
async def stage() -> AsyncIterator[TwoServers]:
    stage = TwoServers()
    yield stage
    await stage.client.aclose()


async def asked_by_a_read(stage: TwoServers, adapter: EvmAdapter) -> list[str]:
    """Read everything; return who was asked."""
    stage.asked.clear()
    _, failures = await read(adapter, keys_of(stage))
    assert not failures
    return stage.hosts_asked()


async def lag_is_known(stage: TwoServers, adapter: EvmAdapter) -> None:
    """Let the first server fall ten blocks behind the second, and both be heard."""
    await read(adapter, keys_of(stage))
    stage.pass_time(10 * BLOCK_S, HOSTS[1])
    await read(adapter, keys_of(stage))
    await read(adapter, keys_of(stage), avoid=frozenset({HOSTS[0]}))


async def test_a_server_that_lags_goes_to_the_end_and_comes_back_when_it_has_caught_up(stage: TwoServers) -> None:
    first, second = HOSTS
    adapter = adapter_of(stage)
    assert await asked_by_a_read(stage, adapter) == [first]
    stage.pass_time(10 * BLOCK_S, second)
    assert await asked_by_a_read(stage, adapter) == [first], "nobody knows better yet"
    await read(adapter, keys_of(stage), avoid=frozenset({first}))
    assert [(s.host, s.lag_blocks, s.behind) for s in adapter.endpoint_statuses()] == [
        (second, 0, False),
        (first, 10, True),
    ]
    assert await asked_by_a_read(stage, adapter) == [second]

    # It is still behind after a minute: one look, at its head alone.
    stage.pass_time(MINUTE_S, second)
    assert await asked_by_a_read(stage, adapter) == [second, first]
    stage.asked.clear()
    assert await asked_by_a_read(stage, adapter) == [second]

    # It has caught up: a look a minute later says so, and it is as good as before.
    stage.pass_time(MINUTE_S, second)
    stage.clocks[first].advance(10 * BLOCK_S + 2 * MINUTE_S)
    assert await asked_by_a_read(stage, adapter) == [second, first]
    assert {(s.host, s.behind) for s in adapter.endpoint_statuses()} == {(first, False), (second, False)}
    stage.gone.add(second)
    assert (await asked_by_a_read(stage, adapter))[-1] == first
    stage.pass_time(MINUTE_S, *HOSTS)
    assert await asked_by_a_read(stage, adapter) == [first]


async def test_a_look_at_a_laggard_names_no_account(stage: TwoServers) -> None:
    first, second = HOSTS
    adapter = adapter_of(stage)
    await lag_is_known(stage, adapter)
    stage.pass_time(MINUTE_S, second)
    stage.asked.clear()
    await read(adapter, keys_of(stage))
    looks = [methods for host, methods in stage.asked if host == first]
    assert looks == [("eth_getBlockByNumber",)]


async def test_a_server_that_stands_still_is_left_for_one_that_is_seen_to_go_on(stage: TwoServers) -> None:
    first, second = HOSTS
    adapter = adapter_of(stage)
    await read(adapter, keys_of(stage))
    stage.pass_time(stage.network.max_head_age_s + 10, second)
    # The head is too old. The other server is asked for its head first, and for balances once that is known to be new.
    assert await asked_by_a_read(stage, adapter) == [first, second]
    assert await asked_by_a_read(stage, adapter) == [second]
    status = {s.host: s for s in adapter.endpoint_statuses()}
    assert (status[first].stands_still, status[first].behind) == (True, True)
    # It goes on.
    stage.clocks[first].advance(stage.network.max_head_age_s + 10 + MINUTE_S)
    stage.pass_time(MINUTE_S, second)
    assert await asked_by_a_read(stage, adapter) == [second, first]
    assert not any(s.behind or s.stands_still for s in adapter.endpoint_statuses())


async def test_a_laggard_that_does_not_answer_costs_a_read_nothing(stage: TwoServers) -> None:
    first, second = HOSTS
    adapter = adapter_of(stage)
    await lag_is_known(stage, adapter)
    stage.pass_time(MINUTE_S, second)
    stage.gone.add(first)
    readings, failures = await read(adapter, keys_of(stage))
    assert (len(readings), failures) == (len(keys_of(stage)), {})
    assert await asked_by_a_read(stage, adapter) == [second]


# Fail-over in the middle


def many_keys(stage: TwoServers, accounts: int) -> tuple[BalanceKey, ...]:
    """Return balances of the two accounts that own something and of many that own nothing."""
    others = (Address(Family.EVM, f"0x{number:040x}") for number in range(1, accounts + 1))
    return keys_of(stage, (*ACCOUNTS[:2], *others))


def truth(stage: TwoServers, keys: tuple[BalanceKey, ...]) -> dict[BalanceKey, int]:
    gifts = dict(zip(assets_of(stage), gifts_of(stage), strict=True))
    return {key: gifts[key.asset] if key.address in ACCOUNTS[:2] else 0 for key in keys}


@pytest.mark.parametrize("contract", ["there", "none", "missing"])
async def test_a_server_that_goes_away_anywhere_in_a_preload_costs_no_balance_and_doubles_none(
    stage: TwoServers, contract: str
) -> None:
    if contract != "there":
        stage.network = replace(stage.network, multicall=None if contract == "none" else NOBODY)
    keys = many_keys(stage, 40)
    died_at = 0
    while True:
        stage.gone.clear()
        adapter = adapter_of(stage)
        adapter._reader._chunk_size = 2  # so that a part takes several requests
        stage.client.posted.clear()

        def goes_away(posted: int, at: int = died_at) -> None:
            if posted == at:
                stage.gone.add(HOSTS[0])

        stage.client.before_post = goes_away
        stage.asked.clear()
        readings, failures = await read(adapter, keys)  # every key has exactly one of the two, or it fails
        assert failures == {}
        assert {key: reading.amount for key, reading in readings.items()} == truth(stage, keys)
        by_first = [methods for host, methods in stage.asked if host == HOSTS[0]]
        if HOSTS[0] not in stage.gone:
            break
        assert len({reading.endpoint for reading in readings.values()}) in (1, 2)
        died_at += 1
    assert died_at == len(by_first) >= 3, "it went away at every request of the read, one after another"
