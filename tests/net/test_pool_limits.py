from __future__ import annotations

import asyncio

import pytest

from desktop_wallet.core.errors import (
    EndpointRateLimited,
    NoEndpointLeft,
)
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.pool import EndpointPool
from tests.fakes.clock import FakeClock
from tests.fakes.servers_in_process import CALL, Servers, example_network
from tests.fakes.sleepers import Sleepers, settle


async def test_a_rate_limited_endpoint_is_left_alone_for_its_time_and_says_so(
    pool: EndpointPool, servers: Servers, clock: FakeClock
) -> None:
    servers.fault["a.invalid"] = EndpointRateLimited(host="a.invalid", retry_after_s=8.0)
    await pool.send([CALL], user_asked=True)
    status = next(each for each in pool.statuses() if each.host == "a.invalid")
    assert status.rate_limited_for_s == 8.0
    clock.advance(3.0)
    status = next(each for each in pool.statuses() if each.host == "a.invalid")
    assert status.rate_limited_for_s == 5.0


async def test_the_only_endpoint_is_waited_for_when_the_wait_is_short(client: HttpClient, servers: Servers) -> None:
    clock = servers.clock
    pool = EndpointPool(example_network(["https://a.invalid/"]), client, clock, clock.sleep)
    servers.fault["a.invalid"] = EndpointRateLimited(host="a.invalid", retry_after_s=8.0)
    with pytest.raises(NoEndpointLeft) as caught:
        await pool.send([CALL])
    last = caught.value.data["last"]
    assert isinstance(last, EndpointRateLimited)
    assert last.data["retry_after_s"] == 8.0
    del servers.fault["a.invalid"]
    before = clock.now()
    answered = await pool.send([CALL])
    assert answered.started.boot_s - before.boot_s == pytest.approx(8.0)


async def test_a_long_wait_is_told_at_once_and_nobody_is_asked(client: HttpClient, servers: Servers) -> None:
    clock = servers.clock
    pool = EndpointPool(example_network(["https://a.invalid/"]), client, clock, clock.sleep)
    servers.fault["a.invalid"] = EndpointRateLimited(host="a.invalid", retry_after_s=600.0)
    with pytest.raises(NoEndpointLeft):
        await pool.send([CALL])
    before = clock.now()
    with pytest.raises(NoEndpointLeft) as caught:
        await pool.send([CALL], user_asked=True)
    last = caught.value.data["last"]
    assert isinstance(last, EndpointRateLimited)
    assert last.data["retry_after_s"] == 600.0
    assert clock.now() == before
    assert servers.asked == ["a.invalid"]


async def test_six_refusals_in_a_minute_stop_the_background_but_not_the_person(
    client: HttpClient, servers: Servers
) -> None:
    clock = servers.clock
    pool = EndpointPool(example_network(["https://a.invalid/"]), client, clock, clock.sleep)
    servers.fault["a.invalid"] = EndpointRateLimited(host="a.invalid", retry_after_s=1.0)
    for _ in range(6):
        with pytest.raises(NoEndpointLeft):
            await pool.send([CALL], user_asked=True)
    del servers.fault["a.invalid"]
    assert pool.statuses()[0].paused_for_s == 120.0
    with pytest.raises(NoEndpointLeft):
        await pool.send([CALL])
    assert len(servers.asked) == 6
    await pool.send([CALL], user_asked=True)
    assert len(servers.asked) == 7
    clock.advance(120)
    await pool.send([CALL])
    assert len(servers.asked) == 8


async def test_the_pause_holds_for_that_endpoint_only(pool: EndpointPool, servers: Servers) -> None:
    servers.fault["a.invalid"] = EndpointRateLimited(host="a.invalid", retry_after_s=0.0)
    for _ in range(6):
        with pytest.raises(NoEndpointLeft):
            await pool.send([CALL], only="a.invalid", user_asked=True)
    del servers.fault["a.invalid"]
    paused = {status.host: status.paused_for_s for status in pool.statuses()}
    assert paused == {"a.invalid": 120.0, "b.invalid": 0.0, "c.invalid": 0.0}
    assert (await pool.send([CALL])).host == "b.invalid"


async def test_a_busy_endpoint_is_waited_for_rather_than_showing_addresses_to_the_next(
    client: HttpClient, servers: Servers
) -> None:
    clock = servers.clock
    urls = ["https://a.invalid/", "https://b.invalid/"]
    pool = EndpointPool(example_network(urls), client, clock, clock.sleep, requests_per_min=100)
    for _ in range(40):
        await pool.send([CALL])
    assert set(servers.asked) == {"a.invalid"}


async def test_pools_over_one_server_share_its_limit(client: HttpClient, servers: Servers) -> None:
    clock = servers.clock
    pools = [
        EndpointPool(example_network(["https://a.invalid/"]), client, clock, clock.sleep, requests_per_min=4)
        for _ in range(2)
    ]
    starts_s = [(await pool.send([CALL])).started.boot_s for pool in pools]
    assert starts_s[1] - starts_s[0] == pytest.approx(20.0)


async def test_who_waits_for_a_turn_is_seen_in_the_status(client: HttpClient, servers: Servers) -> None:
    sleepers = Sleepers(servers.clock)
    pool = EndpointPool(
        example_network(["https://a.invalid/"]), client, servers.clock, sleepers.sleep, requests_per_min=4
    )
    await pool.send([CALL])
    assert pool.statuses()[0].rate_limited_for_s == 0
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(pool.send([CALL])) for _ in range(3)]
        await sleepers.advance(5.0)
        assert pool.statuses()[0].rate_limited_for_s == pytest.approx(15.0)
        for task in waiting:
            task.cancel()


async def test_a_user_asked_read_overtakes_waiting_background_reads(client: HttpClient, servers: Servers) -> None:
    sleepers = Sleepers(servers.clock)
    pool = EndpointPool(
        example_network(["https://a.invalid/"]), client, servers.clock, sleepers.sleep, requests_per_min=4
    )
    await pool.send([CALL])
    order: list[str] = []

    async def read(name: str, *, user_asked: bool) -> None:
        await pool.send([CALL], user_asked=user_asked)
        order.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(read("background", user_asked=False))
        await settle()
        group.create_task(read("user", user_asked=True))
        for _ in range(5):
            await sleepers.advance(20.0)
    assert order == ["user", "background"]
