from __future__ import annotations

import asyncio

import pytest

from desktop_wallet.core.errors import (
    ContradictoryReply,
    EndpointRateLimited,
    EndpointRefused,
    EndpointTimeout,
    EndpointUnreachable,
    MalformedReply,
    NoEndpointLeft,
    WalletError,
)
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.json_rpc import RpcError, RpcResult
from desktop_wallet.net.pool import Answered, EndpointPool
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_server import (
    answers,
    holds,
    scripted_server,
)
from tests.fakes.servers_in_process import CALL, HOSTS, Servers, example_network, pool_over
from tests.fakes.sleepers import Sleepers, settle

# Who is asked


async def test_a_working_endpoint_is_kept_so_that_no_other_learns_our_addresses(
    pool: EndpointPool, servers: Servers
) -> None:
    servers.latency_s["a.invalid"] = 2.0
    for _ in range(10):
        await pool.send([CALL])
    assert set(servers.asked) == {"a.invalid"}


async def test_an_answer_tells_who_gave_it_and_when(pool: EndpointPool, servers: Servers, clock: FakeClock) -> None:
    servers.latency_s["a.invalid"] = 0.25
    before = clock.now()
    answered = await pool.send([CALL, CALL])
    assert answered.results == (RpcResult("0x1"), RpcResult("0x1"))
    assert (answered.host, answered.started, answered.ended) == ("a.invalid", before, clock.now())
    assert answered.ended.boot_s - answered.started.boot_s == 0.25


async def test_the_start_of_a_read_is_after_the_wait_for_its_turn(client: HttpClient, clock: FakeClock) -> None:
    pool = EndpointPool(example_network(["https://a.invalid/"]), client, clock, clock.sleep, requests_per_min=4)
    await pool.send([CALL])
    before = clock.now()
    answered = await pool.send([CALL])
    assert answered.started.boot_s - before.boot_s == pytest.approx(20.0)


@pytest.mark.parametrize(
    "fault",
    [
        EndpointUnreachable(host="a.invalid", problem="connect"),
        EndpointTimeout(host="a.invalid", after_s=10.0),
        EndpointRefused(host="a.invalid", status=500),
        EndpointRateLimited(host="a.invalid", retry_after_s=5.0),
        MalformedReply(host="a.invalid", problem="json"),
        b"<html>sorry</html>",
        b"",
        b"null",
        b'{"jsonrpc":"2.0","id":2,"result":"0x1"}',
        b'[{"jsonrpc":"2.0","id":1,"result":"0x1"}]',
        b"[" * 1000 + b"]" * 1000,
        b'{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"too many requests"}}',
    ],
)
async def test_a_failed_endpoint_is_followed_by_the_next_and_is_asked_last_from_then_on(
    pool: EndpointPool, servers: Servers, fault: WalletError | bytes
) -> None:
    servers.fault["a.invalid"] = fault
    assert (await pool.send([CALL])).host == "b.invalid"
    assert (await pool.send([CALL])).host == "b.invalid"
    assert servers.asked == ["a.invalid", "b.invalid", "b.invalid"]
    assert pool.hosts == ("b.invalid", "c.invalid", "a.invalid")


async def test_a_failure_is_forgiven_in_time(pool: EndpointPool, servers: Servers, clock: FakeClock) -> None:
    await pool.send([CALL])
    servers.fault["a.invalid"] = EndpointTimeout(host="a.invalid", after_s=10.0)
    servers.latency_s["b.invalid"] = 1.0
    await pool.send([CALL])
    del servers.fault["a.invalid"]
    clock.advance(60)
    assert (await pool.send([CALL])).host == "b.invalid"
    clock.advance(600)
    assert (await pool.send([CALL])).host == "a.invalid"


async def test_when_all_fail_the_last_reason_is_told(pool: EndpointPool, servers: Servers) -> None:
    for host in HOSTS:
        servers.fault[host] = EndpointRefused(host=host, status=502)
    with pytest.raises(NoEndpointLeft) as caught:
        await pool.send([CALL])
    assert caught.value.data["network"] == NetworkId("eip155", "1")
    last = caught.value.data["last"]
    assert isinstance(last, EndpointRefused)
    assert last.data == {"host": "c.invalid", "status": 502}
    assert servers.asked == list(HOSTS)


async def test_an_error_of_one_call_is_a_result_not_a_failure(pool: EndpointPool, servers: Servers) -> None:
    servers.fault["a.invalid"] = b'{"jsonrpc":"2.0","id":1,"error":{"code":3,"message":"execution reverted"}}'
    assert (await pool.send([CALL])).results == (RpcError(3, "execution reverted"),)
    assert servers.asked == ["a.invalid"]


async def test_hosts_to_avoid_are_not_asked_even_when_nobody_is_left(pool: EndpointPool, servers: Servers) -> None:
    assert (await pool.send([CALL], avoid=frozenset({"a.invalid"}))).host == "b.invalid"
    with pytest.raises(NoEndpointLeft) as caught:
        await pool.send([CALL], avoid=frozenset(HOSTS))
    assert caught.value.data["last"] is None
    assert servers.asked == ["b.invalid"]


async def test_only_the_one_that_is_named_is_asked(pool: EndpointPool, servers: Servers) -> None:
    assert (await pool.send([CALL], only="c.invalid")).host == "c.invalid"
    servers.fault["c.invalid"] = EndpointRefused(host="c.invalid", status=500)
    with pytest.raises(NoEndpointLeft):
        await pool.send([CALL], only="c.invalid")
    assert servers.asked == ["c.invalid", "c.invalid"]


async def test_an_answer_that_its_reader_rejects_counts_as_a_failure(pool: EndpointPool, servers: Servers) -> None:
    def judge(answered: Answered) -> None:
        if answered.host == "a.invalid":
            raise ContradictoryReply(host=answered.host, problem="height")

    assert (await pool.send([CALL], judge=judge)).host == "b.invalid"
    status = next(each for each in pool.statuses() if each.host == "a.invalid")
    assert isinstance(status.last_error, ContradictoryReply)
    assert not status.healthy


async def test_a_fault_found_later_can_be_blamed_on_its_endpoint(pool: EndpointPool) -> None:
    await pool.send([CALL])
    pool.blame("a.invalid", ContradictoryReply(host="a.invalid", problem="balance"))
    assert pool.hosts[-1] == "a.invalid"
    assert pool.needs_identity("a.invalid")


# Heights


async def test_an_endpoint_that_lags_is_asked_last_until_it_has_caught_up(pool: EndpointPool, clock: FakeClock) -> None:
    for host, height in zip(HOSTS, (90, 100, 100), strict=True):
        await pool.send([CALL], only=host)
        pool.note_height(host, height)
    assert pool.hosts[-1] == "a.invalid"
    pool.note_height("a.invalid", 98)
    assert pool.hosts[0] == "a.invalid"


async def test_heights_told_at_different_times_are_compared_by_the_block_time(
    pool: EndpointPool, clock: FakeClock
) -> None:
    pool.note_height("a.invalid", 100)
    clock.advance(12 * 20)
    pool.note_height("b.invalid", 120)
    assert pool.hosts[0] == "a.invalid"
    pool.note_height("a.invalid", 100)
    assert pool.hosts[-1] == "a.invalid"


async def test_one_endpoint_that_tells_of_an_absurd_height_demotes_nobody(pool: EndpointPool) -> None:
    for host, height in zip(HOSTS, (100, 101, 10**12), strict=True):
        await pool.send([CALL], only=host)
        pool.note_height(host, height)
    assert pool.hosts == HOSTS


async def test_heights_of_another_chain_are_forgotten(pool: EndpointPool) -> None:
    pool.note_height("a.invalid", 5000)
    pool.identified("a.invalid", "0xaa")
    pool.identified("a.invalid", "0xaa")
    assert pool.statuses()[0].height == 5000
    pool.identified("a.invalid", "0xbb")
    assert all(status.height is None for status in pool.statuses())
    assert pool.chain_hash("a.invalid") == "0xbb"


async def test_how_far_each_is_behind_is_seen_in_the_statuses(
    pool: EndpointPool, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "desktop_wallet")
    pool.note_height("a.invalid", 90, int(clock.wall_s))
    pool.note_height("b.invalid", 100, int(clock.wall_s) - 500)
    told = {s.host: (s.height, s.lag_blocks, s.behind, s.stands_still) for s in pool.statuses()}
    assert told == {
        "a.invalid": (90, 10, True, False),
        "b.invalid": (100, 0, True, True),
        "c.invalid": (None, None, False, False),
    }
    pool.note_height("b.invalid", 100, int(clock.wall_s))
    behind = "server is behind and is asked after the others"
    assert [(event, told["host"], told["lag_blocks"]) for event, told in logged(caplog)] == [
        (behind, "a.invalid", 10),
        (behind, "b.invalid", 0),
        ("server has caught up", "b.invalid", 0),
    ]


async def test_who_is_behind_is_named_to_be_asked_again_unless_it_limits_us(
    pool: EndpointPool, servers: Servers, clock: FakeClock
) -> None:
    pool.note_height("a.invalid", 90)
    pool.note_height("b.invalid", 100)
    clock.advance(60)
    pool.note_height("b.invalid", 105)
    servers.fault["a.invalid"] = EndpointRateLimited(host="a.invalid", retry_after_s=5.0)
    await pool.send([CALL], only="b.invalid")
    with pytest.raises(NoEndpointLeft):
        await pool.send([CALL], only="a.invalid")
    assert pool.laggards_due() == ()
    clock.advance(5.0)
    assert pool.laggards_due() == ("a.invalid",)


async def test_the_only_endpoint_is_never_asked_for_its_head_alone(client: HttpClient, clock: FakeClock) -> None:
    pool = EndpointPool(example_network(["https://a.invalid/"]), client, clock, clock.sleep)
    pool.note_height("a.invalid", 90, int(clock.wall_s) - 10_000)
    clock.advance(600)
    assert pool.laggards_due() == ()


# The log


async def test_each_failure_is_one_line_with_host_reason_and_time_and_no_word_of_the_servers(
    pool: EndpointPool, servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "desktop_wallet")
    servers.latency_s["a.invalid"] = 2.5
    servers.fault["a.invalid"] = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"call 555-0100"}}'
    await pool.send([CALL])
    network = NetworkId("eip155", "1")
    told = {"network": network, "host": "a.invalid", "reason": "EndpointRefused code=-32000", "took_ms": 2500}
    assert logged(caplog) == [("server failed", told)]
    assert caplog.records[0].levelname == "WARNING"


async def test_the_first_answer_after_a_failure_is_a_line_too(
    pool: EndpointPool, servers: Servers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "desktop_wallet")
    servers.fault["a.invalid"] = EndpointTimeout(host="a.invalid", after_s=10.0)
    with pytest.raises(NoEndpointLeft):
        await pool.send([CALL], only="a.invalid")
    del servers.fault["a.invalid"]
    with pytest.raises(NoEndpointLeft):
        await pool.send([CALL], only="a.invalid", judge=_nonsense)
    for _ in range(3):
        await pool.send([CALL], only="a.invalid")
    assert [(event, told.get("reason")) for event, told in logged(caplog)] == [
        ("server failed", "EndpointTimeout after_s=10.0"),
        ("server failed", "ContradictoryReply problem=height"),
        ("server answers again", None),
    ]


def _nonsense(answered: Answered) -> None:
    raise ContradictoryReply(host=answered.host, problem="height")


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, object]]]:
    """Return the events in the log, with what belongs to them."""
    return [(record.getMessage(), record.__dict__["fields"]) for record in caplog.records]


# The end


async def test_a_cancelled_caller_leaves_the_pool_as_it_was(client: HttpClient, servers: Servers) -> None:
    sleepers = Sleepers(servers.clock)
    pool = EndpointPool(
        example_network(["https://a.invalid/"]), client, servers.clock, sleepers.sleep, requests_per_min=4
    )
    servers.hold = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(pool.send([CALL]))
        waiting = group.create_task(pool.send([CALL]))
        while not servers.asked:
            await settle()
        asking.cancel()
        waiting.cancel()
        await settle()
    servers.hold = None
    before = pool.statuses()[0]
    assert (before.healthy, before.failures, before.rate_limited_for_s) == (True, 0, 0.0)
    async with asyncio.TaskGroup() as group:
        after = group.create_task(pool.send([CALL]))
        await sleepers.advance(20.0)
        while not after.done():
            await settle()
    assert after.result().host == "a.invalid"


async def test_a_closed_pool_sends_nothing_more(pool: EndpointPool, servers: Servers) -> None:
    await pool.send([CALL])
    await pool.aclose()
    with pytest.raises(NoEndpointLeft) as caught:
        await pool.send([CALL])
    last = caught.value.data["last"]
    assert isinstance(last, EndpointUnreachable)
    assert last.data["problem"] == "closed"
    assert servers.asked == ["a.invalid"]


async def test_two_networks_share_a_client(client: HttpClient, clock: FakeClock) -> None:
    gate, reached = asyncio.Event(), asyncio.Event()
    async with scripted_server(holds(gate, answers(), reached)) as slow, scripted_server() as fast:
        first, second = pool_over(client, clock, slow), pool_over(client, clock, fast)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(first.send([CALL]))
            await reached.wait()
            await second.send([CALL])
            assert not waiting.done()
            gate.set()


async def test_an_empty_batch_is_a_fault_of_ours(pool: EndpointPool) -> None:
    with pytest.raises(ValueError, match="nothing to ask"):
        await pool.send([])
