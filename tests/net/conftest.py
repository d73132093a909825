"""The fixtures of the pool's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.pool import EndpointPool
from tests.fakes.clock import FakeClock
from tests.fakes.servers_in_process import HOSTS, Servers, example_network


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def servers(clock: FakeClock) -> Servers:
    return Servers(clock)


@pytest.fixture
async def client(clock: FakeClock, servers: Servers) -> AsyncIterator[HttpClient]:
    one = HttpClient(clock, in_process={host: servers.answerer(host) for host in HOSTS})
    yield one
    await one.aclose()


@pytest.fixture
def pool(client: HttpClient, clock: FakeClock) -> EndpointPool:
    return EndpointPool(example_network([f"https://{host}/" for host in HOSTS]), client, clock, clock.sleep)
