from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

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
from desktop_wallet.core.networks import Endpoint, Family, Network, NetworkId
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.json_rpc import Call, RpcError, RpcResult
from desktop_wallet.net.pool import Answered, EndpointContext, EndpointPool
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_server import (
    Act,
    ScriptedServer,
    answers,
    cut,
    drop,
    holds,
    refuses_batches,
    says,
    scripted_server,
)
from tests.fakes.sleepers import Sleepers, settle

_CALL = Call("eth_chainId")


class Servers:
    """Three servers in process, "a.invalid" to "c.invalid"; each answers "0x1" unless told to fail or to say more."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.asked: list[str] = []
        self.bodies: list[object] = []
        self.fault: dict[str, WalletError | bytes] = {}
        self.latency_s: dict[str, float] = {}
        self.hold: asyncio.Event | None = None

    def answerer(self, host: str) -> Callable[[bytes], Awaitable[bytes]]:
        async def answer(body: bytes) -> bytes:
            self.asked.append(host)
            self.bodies.append(json.loads(body))
            self.clock.advance(self.latency_s.get(host, 0.0))
            if self.hold is not None:
                await self.hold.wait()
            fault = self.fault.get(host)
            if isinstance(fault, bytes):
                return fault
            if fault is not None:
                raise fault
            asked = json.loads(body)
            if isinstance(asked, list):
                return json.dumps([{"jsonrpc": "2.0", "id": call["id"], "result": "0x1"} for call in asked]).encode()
            return b'{"jsonrpc":"2.0","id":1,"result":"0x1"}'

        return answer


_HOSTS = ("a.invalid", "b.invalid", "c.invalid")


def _network(urls: Sequence[str]) -> Network:
    return Network(
        id=NetworkId("eip155", "1"),
        family=Family.EVM,
        name="Example",
        block_time_s=12.0,
        max_head_age_s=120.0,
        native_symbol="EX",
        native_name="Example",
        native_decimals=18,
        native_slip44=60,
        endpoints=tuple(Endpoint(url) for url in urls),
    )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def servers(clock: FakeClock) -> Servers:
    return Servers(clock)


@pytest.fixture
async def client(clock: FakeClock, servers: Servers) -> AsyncIterator[HttpClient]:
    one = HttpClient(clock, in_process={host: servers.answerer(host) for host in _HOSTS})
    yield one
    await one.aclose()


@pytest.fixture
def pool(client: HttpClient, clock: FakeClock) -> EndpointPool:
    return EndpointPool(_network([f"https://{host}/" for host in _HOSTS]), client, clock, clock.sleep)


def _real(client: HttpClient, clock: FakeClock, *given: ScriptedServer, max_batch: int = 50) -> EndpointPool:
    return EndpointPool(_network([server.url for server in given]), client, clock, clock.sleep, max_batch=max_batch)


# Who is asked


async def test_a_working_endpoint_is_kept_so_that_no_other_learns_our_addresses(
    pool: EndpointPool, servers: Servers
) -> None:
    servers.latency_s["a.invalid"] = 2.0
    for _ in range(10):
        await pool.send([_CALL])
    assert set(servers.asked) == {"a.invalid"}


async def test_an_answer_tells_who_gave_it_and_when(pool: EndpointPool, servers: Servers, clock: FakeClock) -> None:
    servers.latency_s["a.invalid"] = 0.25
    before = clock.now()
    answered = await pool.send([_CALL, _CALL])
    assert answered.results == (RpcResult("0x1"), RpcResult("0x1"))
    assert (answered.host, answered.started, answered.ended) == ("a.invalid", before, clock.now())
    assert answered.ended.boot_s - answered.started.boot_s == 0.25


async def test_the_start_of_a_read_is_after_the_wait_for_its_turn(client: HttpClient, clock: FakeClock) -> None:
    pool = EndpointPool(_network(["https://a.invalid/"]), client, clock, clock.sleep, requests_per_min=4)
    await pool.send([_CALL])
    before = clock.now()
    answered = await pool.send([_CALL])
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
    assert (await pool.send([_CALL])).host == "b.invalid"
    assert (await pool.send([_CALL])).host == "b.invalid"
    assert servers.asked == ["a.invalid", "b.invalid", "b.invalid"]
    assert pool.hosts == ("b.invalid", "c.invalid", "a.invalid")


async def test_a_failure_is_forgiven_in_time(pool: EndpointPool, servers: Servers, clock: FakeClock) -> None:
    await pool.send([_CALL])
    servers.fault["a.invalid"] = EndpointTimeout(host="a.invalid", after_s=10.0)
    servers.latency_s["b.invalid"] = 1.0
    await pool.send([_CALL])
    del servers.fault["a.invalid"]
    clock.advance(60)
    assert (await pool.send([_CALL])).host == "b.invalid"
    clock.advance(600)
    assert (await pool.send([_CALL])).host == "a.invalid"


async def test_when_all_fail_the_last_reason_is_told(pool: EndpointPool, servers: Servers) -> None:
    for host in _HOSTS:
        servers.fault[host] = EndpointRefused(host=host, status=502)
    with pytest.raises(NoEndpointLeft) as caught:
        await pool.send([_CALL])
    assert caught.value.data["network"] == NetworkId("eip155", "1")
    last = caught.value.data["last"]
    assert isinstance(last, EndpointRefused)
    assert last.data == {"host": "c.invalid", "status": 502}
    assert servers.asked == list(_HOSTS)


async def test_an_error_of_one_call_is_a_result_not_a_failure(pool: EndpointPool, servers: Servers) -> None:
    servers.fault["a.invalid"] = b'{"jsonrpc":"2.0","id":1,"error":{"code":3,"message":"execution reverted"}}'
    assert (await pool.send([_CALL])).results == (RpcError(3, "execution reverted"),)
    assert servers.asked == ["a.invalid"]


async def test_hosts_to_avoid_are_not_asked_even_when_nobody_is_left(pool: EndpointPool, servers: Servers) -> None:
    assert (await pool.send([_CALL], avoid=frozenset({"a.invalid"}))).host == "b.invalid"
    with pytest.raises(NoEndpointLeft) as caught:
        await pool.send([_CALL], avoid=frozenset(_HOSTS))
    assert caught.value.data["last"] is None
    assert servers.asked == ["b.invalid"]


async def test_only_the_one_that_is_named_is_asked(pool: EndpointPool, servers: Servers) -> None:
    assert (await pool.send([_CALL], only="c.invalid")).host == "c.invalid"
    servers.fault["c.invalid"] = EndpointRefused(host="c.invalid", status=500)
    with pytest.raises(NoEndpointLeft):
        await pool.send([_CALL], only="c.invalid")
    assert servers.asked == ["c.invalid", "c.invalid"]


async def test_an_answer_that_its_reader_rejects_counts_as_a_failure(pool: EndpointPool, servers: Servers) -> None:
    def judge(answered: Answered) -> None:
        if answered.host == "a.invalid":
            raise ContradictoryReply(host=answered.host, problem="height")

    assert (await pool.send([_CALL], judge=judge)).host == "b.invalid"
    status = next(each for each in pool.statuses() if each.host == "a.invalid")
    assert isinstance(status.last_error, ContradictoryReply)
    assert not status.healthy


async def test_a_fault_found_later_can_be_blamed_on_its_endpoint(pool: EndpointPool) -> None:
    await pool.send([_CALL])
    pool.blame("a.invalid", ContradictoryReply(host="a.invalid", problem="balance"))
    assert pool.hosts[-1] == "a.invalid"
    assert pool.needs_identity("a.invalid")


# Heights


async def test_an_endpoint_that_lags_is_asked_last_until_it_has_caught_up(pool: EndpointPool, clock: FakeClock) -> None:
    for host, height in zip(_HOSTS, (90, 100, 100), strict=True):
        await pool.send([_CALL], only=host)
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
    for host, height in zip(_HOSTS, (100, 101, 10**12), strict=True):
        await pool.send([_CALL], only=host)
        pool.note_height(host, height)
    assert pool.hosts == _HOSTS


async def test_heights_of_another_chain_are_forgotten(pool: EndpointPool) -> None:
    pool.note_height("a.invalid", 5000)
    pool.identified("a.invalid", "0xaa")
    pool.identified("a.invalid", "0xaa")
    assert pool.statuses()[0].height == 5000
    pool.identified("a.invalid", "0xbb")
    assert all(status.height is None for status in pool.statuses())
    assert pool.chain_hash("a.invalid") == "0xbb"


# Limits on requests


async def test_a_rate_limited_endpoint_is_left_alone_for_its_time_and_says_so(
    pool: EndpointPool, servers: Servers, clock: FakeClock
) -> None:
    servers.fault["a.invalid"] = EndpointRateLimited(host="a.invalid", retry_after_s=8.0)
    await pool.send([_CALL], user_asked=True)
    status = next(each for each in pool.statuses() if each.host == "a.invalid")
    assert status.rate_limited_for_s == 8.0
    clock.advance(3.0)
    status = next(each for each in pool.statuses() if each.host == "a.invalid")
    assert status.rate_limited_for_s == 5.0


async def test_the_only_endpoint_is_waited_for_when_the_wait_is_short(client: HttpClient, servers: Servers) -> None:
    clock = servers.clock
    pool = EndpointPool(_network(["https://a.invalid/"]), client, clock, clock.sleep)
    servers.fault["a.invalid"] = EndpointRateLimited(host="a.invalid", retry_after_s=8.0)
    with pytest.raises(NoEndpointLeft) as caught:
        await pool.send([_CALL])
    last = caught.value.data["last"]
    assert isinstance(last, EndpointRateLimited)
    assert last.data["retry_after_s"] == 8.0
    del servers.fault["a.invalid"]
    before = clock.now()
    answered = await pool.send([_CALL])
    assert answered.started.boot_s - before.boot_s == pytest.approx(8.0)


async def test_a_long_wait_is_told_at_once_and_nobody_is_asked(client: HttpClient, servers: Servers) -> None:
    clock = servers.clock
    pool = EndpointPool(_network(["https://a.invalid/"]), client, clock, clock.sleep)
    servers.fault["a.invalid"] = EndpointRateLimited(host="a.invalid", retry_after_s=600.0)
    with pytest.raises(NoEndpointLeft):
        await pool.send([_CALL])
    before = clock.now()
    with pytest.raises(NoEndpointLeft) as caught:
        await pool.send([_CALL], user_asked=True)
    last = caught.value.data["last"]
    assert isinstance(last, EndpointRateLimited)
    assert last.data["retry_after_s"] == 600.0
    assert clock.now() == before
    assert servers.asked == ["a.invalid"]


async def test_six_refusals_in_a_minute_stop_the_background_but_not_the_person(
    client: HttpClient, servers: Servers
) -> None:
    clock = servers.clock
    pool = EndpointPool(_network(["https://a.invalid/"]), client, clock, clock.sleep)
    servers.fault["a.invalid"] = EndpointRateLimited(host="a.invalid", retry_after_s=1.0)
    for _ in range(6):
        with pytest.raises(NoEndpointLeft):
            await pool.send([_CALL], user_asked=True)
    del servers.fault["a.invalid"]
    with pytest.raises(NoEndpointLeft):
        await pool.send([_CALL])
    assert len(servers.asked) == 6
    await pool.send([_CALL], user_asked=True)
    assert len(servers.asked) == 7
    clock.advance(120)
    await pool.send([_CALL])
    assert len(servers.asked) == 8


async def test_a_busy_endpoint_is_waited_for_rather_than_showing_addresses_to_the_next(
    client: HttpClient, servers: Servers
) -> None:
    clock = servers.clock
    urls = ["https://a.invalid/", "https://b.invalid/"]
    pool = EndpointPool(_network(urls), client, clock, clock.sleep, requests_per_min=100)
    for _ in range(40):
        await pool.send([_CALL])
    assert set(servers.asked) == {"a.invalid"}


async def test_pools_over_one_server_share_its_limit(client: HttpClient, servers: Servers) -> None:
    clock = servers.clock
    pools = [
        EndpointPool(_network(["https://a.invalid/"]), client, clock, clock.sleep, requests_per_min=4) for _ in range(2)
    ]
    starts_s = [(await pool.send([_CALL])).started.boot_s for pool in pools]
    assert starts_s[1] - starts_s[0] == pytest.approx(20.0)


async def test_who_waits_for_a_turn_is_seen_in_the_status(client: HttpClient, servers: Servers) -> None:
    sleepers = Sleepers(servers.clock)
    pool = EndpointPool(_network(["https://a.invalid/"]), client, servers.clock, sleepers.sleep, requests_per_min=4)
    await pool.send([_CALL])
    assert pool.statuses()[0].rate_limited_for_s == 0
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(pool.send([_CALL])) for _ in range(3)]
        await sleepers.advance(5.0)
        assert pool.statuses()[0].rate_limited_for_s == pytest.approx(15.0)
        for task in waiting:
            task.cancel()


async def test_a_user_asked_read_overtakes_waiting_background_reads(client: HttpClient, servers: Servers) -> None:
    sleepers = Sleepers(servers.clock)
    pool = EndpointPool(_network(["https://a.invalid/"]), client, servers.clock, sleepers.sleep, requests_per_min=4)
    await pool.send([_CALL])
    order: list[str] = []

    async def read(name: str, *, user_asked: bool) -> None:
        await pool.send([_CALL], user_asked=user_asked)
        order.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(read("background", user_asked=False))
        await settle()
        group.create_task(read("user", user_asked=True))
        for _ in range(5):
            await sleepers.advance(20.0)
    assert order == ["user", "background"]


# Who the endpoint is


async def test_a_batch_is_composed_for_the_endpoint_that_will_get_it(pool: EndpointPool, servers: Servers) -> None:
    contexts: list[EndpointContext] = []

    def compose(context: EndpointContext) -> list[Call]:
        contexts.append(context)
        return [_CALL, _CALL] if context.needs_identity else [_CALL]

    answered = await pool.send(compose)
    assert (len(answered.results), answered.context) == (2, EndpointContext("a.invalid", needs_identity=True))
    pool.identified("a.invalid", "0xaa")
    assert len((await pool.send(compose)).results) == 1
    servers.fault["a.invalid"] = EndpointTimeout(host="a.invalid", after_s=10.0)
    await pool.send(compose)
    assert contexts[2:] == [EndpointContext("a.invalid", False), EndpointContext("b.invalid", True)]
    assert pool.needs_identity("a.invalid")


async def test_a_rate_limit_is_no_doubt_about_who_answers(pool: EndpointPool, servers: Servers) -> None:
    await pool.send([_CALL])
    pool.identified("a.invalid", "0xaa")
    servers.fault["a.invalid"] = EndpointRateLimited(host="a.invalid", retry_after_s=1.0)
    await pool.send([_CALL])
    assert not pool.needs_identity("a.invalid")


async def test_no_answer_counts_on_a_new_connection_before_the_server_has_shown_its_chain(
    client: HttpClient, clock: FakeClock
) -> None:
    def compose(context: EndpointContext) -> list[Call]:
        return [Call("eth_getBalance"), *([Call("eth_chainId")] if context.needs_identity else [])]

    async with scripted_server() as server:
        pool = _real(client, clock, server)
        host = pool.hosts[0]
        await pool.send(compose)
        pool.identified(host, "0xaa")
        assert len((await pool.send(compose)).results) == 1
        await server.connections.end()  # the server starts again between two reads, and nobody sees an error
        answered = await pool.send(compose)
        assert answered.context.needs_identity
        assert [len(methods) for methods in server.calls] == [2, 1, 1, 2]
        assert all(status.failures == 0 for status in pool.statuses())


async def test_another_readers_proof_does_not_stand_for_a_new_connection(client: HttpClient, clock: FakeClock) -> None:
    gate, reached = asyncio.Event(), asyncio.Event()

    def compose(context: EndpointContext) -> list[Call]:
        return [Call("eth_getBalance"), *([Call("eth_chainId")] if context.needs_identity else [])]

    async with scripted_server() as server:
        pool = _real(client, clock, server)
        host = pool.hosts[0]
        await pool.send(compose)
        pool.identified(host, "0xaa")
        server.script += [holds(gate, answers(), reached), holds(gate, answers())]
        async with asyncio.TaskGroup() as group:
            group.create_task(pool.send(compose))
            await reached.wait()
            second = group.create_task(pool.send(compose))
            while client.connections(server.url) < 2:
                await settle()
            pool.identified(host, "0xaa")  # proved on the first connection, noted after the second was made
            gate.set()
        assert second.result().context.needs_identity


async def test_a_connection_that_has_idled_too_long_is_taken_for_a_new_one(
    client: HttpClient, clock: FakeClock
) -> None:
    async with scripted_server() as server:
        pool = _real(client, clock, server)
        host = pool.hosts[0]
        await pool.send([_CALL])
        pool.identified(host, "0xaa")
        clock.advance(59)
        assert not pool.needs_identity(host)
        clock.advance(1)
        assert pool.needs_identity(host)


# Batches


_TOO_MANY = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "batch too large"}}


@pytest.mark.parametrize(
    "error", [says(_TOO_MANY), says([_TOO_MANY]), says(b"", status="413 Too Large"), says(b"no", status="400 Bad")]
)
async def test_a_server_that_refuses_large_batches_gets_smaller_ones_from_then_on(
    client: HttpClient, clock: FakeClock, error: Act
) -> None:
    usual = refuses_batches(answers(lambda method, params: params[0]), error, largest=3)
    calls = [Call("eth_call", (str(number),)) for number in range(10)]
    async with scripted_server(usual=usual) as server:
        pool = _real(client, clock, server)
        for _ in range(2):
            answered = await pool.send(calls)
            assert answered.results == tuple(RpcResult(str(number)) for number in range(10))
        assert [len(methods) for methods in server.calls] == [10, 5, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]
        assert pool.statuses()[0].failures == 0
        assert pool.statuses()[0].requests == 12


async def test_a_server_without_batches_gets_single_calls(client: HttpClient, clock: FakeClock) -> None:
    usual = refuses_batches(answers(), says(_TOO_MANY), largest=0)
    async with scripted_server(usual=usual) as server:
        pool = _real(client, clock, server)
        assert len((await pool.send([_CALL] * 3)).results) == 3
        assert len((await pool.send([_CALL] * 2)).results) == 2
        assert [json.loads(request.body)["id"] for request in server.requests[1:]] == [1] * 5


async def test_each_part_of_a_split_batch_costs_a_turn(client: HttpClient, clock: FakeClock) -> None:
    async with scripted_server() as server:
        pool = EndpointPool(_network([server.url]), client, clock, clock.sleep, requests_per_min=4, max_batch=1)
        answered = await pool.send([_CALL] * 3)
        assert answered.ended.boot_s - answered.started.boot_s == pytest.approx(40.0)


async def test_a_server_that_refuses_everything_is_not_taken_for_one_without_batches(
    client: HttpClient, clock: FakeClock
) -> None:
    async with scripted_server(usual=says(b"", status="400 Bad")) as server:
        pool = _real(client, clock, server)
        with pytest.raises(NoEndpointLeft):
            await pool.send([_CALL] * 4)
        server.usual = answers()
        await pool.send([_CALL] * 4)
        assert [len(methods) for methods in server.calls] == [4, 2, 1, 4]


async def test_more_calls_than_a_batch_holds_are_split(client: HttpClient, clock: FakeClock) -> None:
    async with scripted_server(usual=answers(lambda method, params: params[0])) as server:
        pool = _real(client, clock, server, max_batch=4)
        answered = await pool.send([Call("eth_call", (number,)) for number in range(9)])
        assert answered.results == tuple(RpcResult(number) for number in range(9))
        assert [len(methods) for methods in server.calls] == [4, 4, 1]


@pytest.mark.parametrize(("first", "requests"), [(drop, 2), (cut, 2), (says(b"", status="500 Broken"), 1)])
async def test_a_server_that_breaks_in_the_middle_of_a_split_batch_is_replaced_for_all_of_it(
    client: HttpClient, clock: FakeClock, first: Act, requests: int
) -> None:
    async with scripted_server(usual=first) as breaks, scripted_server() as works:
        breaks.script.append(answers(lambda method, params: "from the broken one"))
        pool = _real(client, clock, breaks, works, max_batch=2)
        answered = await pool.send([_CALL] * 4)
        assert answered.results == (RpcResult("0x1"),) * 4
        assert len(breaks.requests) == 1 + requests


# The end


async def test_a_cancelled_caller_leaves_the_pool_as_it_was(client: HttpClient, servers: Servers) -> None:
    sleepers = Sleepers(servers.clock)
    pool = EndpointPool(_network(["https://a.invalid/"]), client, servers.clock, sleepers.sleep, requests_per_min=4)
    servers.hold = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(pool.send([_CALL]))
        waiting = group.create_task(pool.send([_CALL]))
        while not servers.asked:
            await settle()
        asking.cancel()
        waiting.cancel()
        await settle()
    servers.hold = None
    before = pool.statuses()[0]
    assert (before.healthy, before.failures, before.rate_limited_for_s) == (True, 0, 0.0)
    async with asyncio.TaskGroup() as group:
        after = group.create_task(pool.send([_CALL]))
        await sleepers.advance(20.0)
        while not after.done():
            await settle()
    assert after.result().host == "a.invalid"


async def test_a_closed_pool_sends_nothing_more(pool: EndpointPool, servers: Servers) -> None:
    await pool.send([_CALL])
    await pool.aclose()
    with pytest.raises(NoEndpointLeft) as caught:
        await pool.send([_CALL])
    last = caught.value.data["last"]
    assert isinstance(last, EndpointUnreachable)
    assert last.data["problem"] == "closed"
    assert servers.asked == ["a.invalid"]


async def test_two_networks_share_a_client(client: HttpClient, clock: FakeClock) -> None:
    gate, reached = asyncio.Event(), asyncio.Event()
    async with scripted_server(holds(gate, answers(), reached)) as slow, scripted_server() as fast:
        first, second = _real(client, clock, slow), _real(client, clock, fast)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(first.send([_CALL]))
            await reached.wait()
            await second.send([_CALL])
            assert not waiting.done()
            gate.set()


async def test_an_empty_batch_is_a_fault_of_ours(pool: EndpointPool) -> None:
    with pytest.raises(ValueError, match="nothing to ask"):
        await pool.send([])
