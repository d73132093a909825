"""What the wallet reads by itself, and when: all times on a clock that the tests move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.errors import EndpointRateLimited, EndpointRefused, EndpointUnreachable, MalformedReply
from desktop_wallet.core.freshness import BadgeKind
from desktop_wallet.core.networks import Endpoint, Family, Network
from desktop_wallet.services.background import APART_S, SINGLE_PIECE
from desktop_wallet.services.refresher import Refresher
from desktop_wallet.services.standing import Standing
from tests.fakes.clock import FakeClock
from tests.fakes.engine import ADDRESSES, Engine, ScriptedPush, engine, network, timeout
from tests.fakes.sleepers import Sleepers, settle


@dataclass
class House:
    """An engine with its refresher, and the clock's hands."""

    made: Engine
    refresher: Refresher
    sleepers: Sleepers
    keep_fresh: bool = True

    @property
    def asked(self) -> int:
        return len(self.made.adapter.requests)

    @property
    def push(self) -> ScriptedPush:
        assert self.made.adapter.push is not None
        return self.made.adapter.push

    async def pass_s(self, seconds: float) -> None:
        """Let that much time pass, and whoever waits do what is due; the disk's worker gets its turn too."""
        await self.sleepers.advance(seconds)
        await self.rest()

    async def rest(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0.001)  # the disk and the registry answer on threads of their own
            await settle()

    def move(self, amount: int) -> None:
        """Let the chain go on by a block in which the balance changes."""
        self.made.adapter.main.height += 1
        self.made.adapter.main.amount = amount


@asynccontextmanager
async def house(
    folder: Path,
    *,
    networks: tuple[Network, ...] = (network(),),
    addresses: tuple[Address, ...] = ADDRESSES[:2],
    pushed: bool = False,
) -> AsyncIterator[House]:
    """Yield an engine that has read everything once and keeps the first balance on screen."""
    clock = FakeClock()
    sleepers = Sleepers(clock)
    async with engine(folder, clock=clock, networks=networks, addresses=addresses, sleep=sleepers.sleep) as made:
        if pushed:
            made.adapter.push = ScriptedPush()
        home = House(made, None, sleepers)  # type: ignore[arg-type]
        standing = Standing(made.parts, made.balances, lambda _: None)
        home.refresher = Refresher(made.parts, made.balances, standing, lambda: home.keep_fresh)
        reading = asyncio.ensure_future(made.balances.refresh(made.keys))
        while not reading.done():
            await home.pass_s(0.0)
        for adapter in made.adapters.values():
            adapter.requests.clear()
        home.refresher.begin()
        home.refresher.watch([made.key])
        await home.pass_s(0.0)
        try:
            yield home
        finally:
            await home.refresher.stop()
            await standing.stop()


async def test_what_is_on_screen_is_read_again_before_it_turns_stale_and_nothing_else_is(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        opened = home.made.clock.now()
        assert home.refresher.next_s() == 28.0
        await home.pass_s(27.9)
        assert home.asked == 0
        home.move(2)
        await home.pass_s(0.5)
        assert home.asked == 1
        assert home.made.adapter.requests[0].keys == (home.made.key,)
        assert not home.made.adapter.requests[0].user_asked
        assert home.made.amount() == 2
        assert home.made.balances.badge(home.made.key, opened).kind is BadgeKind.FRESH
        for _ in range(10):
            await home.pass_s(28.0)
            assert home.made.balances.badge(home.made.key, opened).kind is BadgeKind.FRESH
        on_screen, other = home.made.keys
        assert [request.keys for request in home.made.adapter.requests].count((on_screen,)) == 11
        assert [request.keys for request in home.made.adapter.requests].count((other,)) == 1  # after 300 s
        assert home.asked == 12


async def test_what_is_due_soon_goes_along(tmp_path: Path) -> None:
    async with house(tmp_path, addresses=ADDRESSES) as home:
        await home.pass_s(5.0)
        task = asyncio.ensure_future(home.made.balances.refresh(home.made.keys[1:2]))
        await home.pass_s(1.0)
        await task
        home.refresher.watch(home.made.keys[:2])
        home.made.adapter.requests.clear()
        await home.pass_s(23.0)
        assert [set(request.keys) for request in home.made.adapter.requests] == [set(home.made.keys[:2])]


async def test_two_groups_that_came_apart_are_one_again_at_the_next_batch(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.pass_s(14.0)  # half a round later: further apart they cannot be
        task = asyncio.ensure_future(home.made.balances.refresh(home.made.keys[1:]))
        await home.pass_s(0.0)
        await task
        home.refresher.watch(home.made.keys)
        home.made.adapter.requests.clear()
        for _ in range(10):
            await home.pass_s(14.0)
        assert [set(request.keys) for request in home.made.adapter.requests] == [set(home.made.keys)] * 5


async def test_what_left_the_screen_is_left_alone_until_the_background_has_its_turn(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.refresher.watch(())
        await home.pass_s(299.0)
        assert home.asked == 0
        assert home.refresher.next_s() is None
        await home.pass_s(40.0)
        assert sorted(home.made.adapter.requests[0].keys, key=str) == sorted(home.made.keys, key=str)
        assert home.asked == 1


async def test_a_hidden_window_asks_at_the_backgrounds_pace_and_holds_no_socket(tmp_path: Path) -> None:
    async with house(tmp_path, pushed=True) as home:
        assert home.push.open == 1
        home.refresher.set_hidden(True)
        await home.pass_s(0.0)
        assert home.push.open == 0
        assert home.refresher.next_s() is None
        await home.pass_s(290.0)
        assert home.asked == 0
        await home.pass_s(30.0)
        assert {key for request in home.made.adapter.requests for key in request.keys} == set(home.made.keys)
        home.made.adapter.requests.clear()
        home.refresher.set_hidden(False)
        await home.pass_s(30.0)
        assert home.push.open == 1
        assert home.asked == 1


async def test_switched_off_it_asks_for_nothing_at_all(tmp_path: Path) -> None:
    async with house(tmp_path, pushed=True) as home:
        home.keep_fresh = False
        home.refresher.apply_settings()
        await home.pass_s(2_000.0)
        assert home.asked == 0
        assert home.push.open == 0
        assert len(home.push.opened_s) == 1
        assert home.refresher.next_s() is None
        home.keep_fresh = True
        home.refresher.apply_settings()
        await home.pass_s(1.0)
        assert home.asked == 1


async def test_after_the_stop_nothing_leaves_whatever_comes(tmp_path: Path) -> None:
    async with house(tmp_path, pushed=True) as home:
        await home.refresher.stop()
        home.refresher.watch(home.made.keys)
        home.push.head(200)
        home.made.parts.feed.publish(ChangeSet(balances=frozenset(home.made.keys)))
        await home.pass_s(2_000.0)
        assert (home.asked, home.push.open) == (0, 0)


async def test_a_dead_server_is_tried_at_growing_intervals_of_a_minute_at_most(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        times: list[float] = []
        faults = home.made.adapter.main.faults
        for _ in range(400):
            faults.append(timeout())
        before = home.asked
        while len(times) < 9:
            await home.sleepers.advance(0.5)
            if home.asked > before:
                before = home.asked
                times.append(home.made.clock.boot_s)
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert gaps == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
        faults.clear()
        home.move(9)
        await home.pass_s(60.0)
        assert home.made.amount() == 9
        assert home.refresher.next_s() is not None
        assert (home.refresher.next_s() or 0.0) <= 28.0


async def test_a_servers_own_countdown_is_waited_for(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.made.adapter.main.faults.append(EndpointRateLimited(host="server0.example", retry_after_s=50.0))
        await home.pass_s(28.5)
        assert home.asked == 1
        await home.pass_s(49.0)
        assert home.asked == 1
        assert 0 < (home.refresher.next_s() or 0.0) <= 1.5
        await home.pass_s(2.0)
        assert home.asked == 2


async def test_one_balance_that_gives_no_number_does_not_hurry_the_others(tmp_path: Path) -> None:
    async with house(tmp_path, networks=(network("1"), network("2"))) as home:
        home.refresher.watch(home.made.keys)
        first, second = home.made.adapters.values()
        for _ in range(50):
            first.main.faults.append(timeout())
        await home.pass_s(120.0)
        assert len(second.requests) == 4
        assert len(first.requests) <= 7


async def test_a_head_that_does_not_move_causes_no_hammering(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        on = home.made.adapter.network
        stuck = replace(on, max_head_age_s=0.5)
        home.made.parts.book._networks[on.id] = stuck
        await home.pass_s(28.5)
        real = home.made.clock.wall_s
        home.made.clock.wall_s = real + 5  # every block is five seconds old when it is read
        before = home.asked
        await home.pass_s(90.0)
        assert home.asked - before <= 4


async def test_unknown_balances_stay_unknown_until_somebody_asks(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.made.balances.forget(home.made.key)
        await home.pass_s(600.0)
        assert home.made.amount() is None


async def test_a_refresh_by_hand_puts_the_next_one_off(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.pass_s(20.0)
        task = asyncio.ensure_future(home.made.balances.refresh([home.made.key]))
        await home.pass_s(0.0)
        await task
        assert home.asked == 1
        assert home.refresher.next_s() == 28.0
        await home.pass_s(27.0)
        assert home.asked == 1


async def test_a_network_that_is_switched_off_is_left_alone(tmp_path: Path) -> None:
    async with house(tmp_path, pushed=True) as home:
        home.made.parts.book.switched_off.add(home.made.key.network)  # type: ignore[attr-defined]
        home.made.parts.feed.publish(ChangeSet(catalogue=True))
        await home.pass_s(200.0)
        assert (home.asked, home.push.open) == (0, 0)


# Pushed heads


async def test_a_pushed_head_shows_a_change_within_the_block_and_renews_no_age_by_itself(tmp_path: Path) -> None:
    async with house(tmp_path, pushed=True) as home:
        await home.pass_s(13.0)
        home.move(7)
        home.made.adapter.hold()
        before = home.made.balances.state(home.made.key).reading
        home.push.head(101)
        await home.pass_s(0.0)
        assert home.asked == 1
        assert home.made.balances.state(home.made.key).reading == before  # until the network has answered
        home.made.adapter.release()
        await home.pass_s(0.0)
        assert home.made.amount() == 7
        assert home.made.adapter.requests[0].keys == (home.made.key,)


async def test_a_flood_of_heads_causes_one_batch_a_block(tmp_path: Path) -> None:
    async with house(tmp_path, pushed=True) as home:
        for number in range(60):
            home.move(number + 2)
            home.push.head(101 + number)
            await home.pass_s(1.0)
        assert 5 <= home.asked <= 6


async def test_a_head_that_does_not_follow_has_the_blocks_looked_up(tmp_path: Path) -> None:
    async with house(tmp_path, pushed=True) as home:
        for number in (101, 102, 102, 103):  # one is told twice
            home.push.head(number)
            await home.pass_s(1.0)
        assert home.made.adapter.looked_up == []
        home.push.head(103, branch="b")
        await home.pass_s(1.0)
        reading = home.made.balances.state(home.made.key).reading
        assert reading is not None
        assert home.made.adapter.looked_up == [(reading.position,)]


async def test_where_blocks_come_faster_there_are_two_seconds_between_batches(tmp_path: Path) -> None:
    async with house(tmp_path, pushed=True, networks=(network(block_time_s=0.25),)) as home:
        for number in range(40):
            home.move(number + 2)
            home.push.head(101 + number)
            await home.pass_s(0.25)
        assert 5 <= home.asked <= 6


async def test_servers_that_have_not_got_so_far_are_asked_a_few_times_and_no_more(tmp_path: Path) -> None:
    async with house(tmp_path, pushed=True, networks=(network(block_time_s=2.0),)) as home:
        home.push.head(10**15)
        await home.pass_s(20.0)
        assert home.asked == 3
        home.push.head(101)
        await home.pass_s(1.5)
        assert home.asked == 4
        home.move(5)
        await home.pass_s(2.5)
        assert home.made.amount() == 5


async def test_a_read_that_began_before_the_head_is_not_joined(tmp_path: Path) -> None:
    async with house(tmp_path, pushed=True) as home:
        await home.pass_s(13.0)
        held = home.made.adapter.hold()
        slow = asyncio.ensure_future(home.made.balances.fetch([home.made.key]))
        await home.pass_s(1.0)
        assert home.asked == 1
        home.move(8)
        home.made.adapter.release_later_ones()
        home.push.head(101)
        await home.pass_s(1.0)
        assert home.asked == 2
        assert home.made.amount() == 8
        held.set()
        await home.pass_s(0.0)
        await slow
        assert home.made.amount() == 8


async def test_a_dropped_socket_is_opened_again_ever_later_and_meanwhile_time_alone_decides(tmp_path: Path) -> None:
    async with house(tmp_path, pushed=True) as home:
        for _ in range(6):
            home.push.coming.put_nowait(EndpointUnreachable(host="server0.example", problem="closed"))
        await home.pass_s(40.0)
        gaps = [later - earlier for earlier, later in pairwise(home.push.opened_s)]
        assert gaps == [1.0, 2.0, 4.0, 8.0, 16.0]
        assert home.asked == 1
        assert home.push.open == 0
        await home.pass_s(30.0)
        assert home.push.open == 1
        assert home.refresher.pushed_by() == {}
        home.push.head(101)
        await home.pass_s(1.0)
        assert home.refresher.pushed_by() == {home.made.key.network: "server0.example"}


async def test_a_silent_socket_is_given_up_after_five_blocks(tmp_path: Path) -> None:
    async with house(tmp_path, pushed=True) as home:
        home.push.head(101)
        await home.pass_s(59.0)
        assert len(home.push.opened_s) == 1
        assert home.refresher.pushed_by()
        await home.pass_s(1.5)
        assert not home.refresher.pushed_by()
        await home.pass_s(2.0)
        assert len(home.push.opened_s) == 2
        assert home.push.open == 1


@pytest.mark.parametrize(
    "refusal",
    [EndpointRefused(host="server0.example", status=404), MalformedReply(host="server0.example", problem="websocket")],
)
async def test_a_server_without_websockets_is_remembered(
    tmp_path: Path, refusal: EndpointRefused | MalformedReply
) -> None:
    async with house(tmp_path, pushed=True) as home:
        home.push.refuses = refusal
        home.push.coming.put_nowait(refusal)
        await home.pass_s(600.0)
        gaps = [later - earlier for earlier, later in pairwise(home.push.opened_s)]
        assert gaps == [60.0, 120.0, 240.0]


async def test_another_servers_heads_count_while_the_first_refuses(tmp_path: Path) -> None:
    async with house(tmp_path, pushed=True) as home:
        adapter = home.made.adapter
        tried: list[Endpoint] = []
        adapter.pushes = lambda endpoint: True  # type: ignore[method-assign]
        first, heads = adapter.network.endpoints[0], adapter.heads

        def choosy(endpoint: Endpoint) -> object:
            tried.append(endpoint)
            if endpoint == first:
                raise EndpointRefused(host=endpoint.host, status=404)
            return heads(endpoint)

        adapter.heads = choosy  # type: ignore[assignment, method-assign]
        home.push.coming.put_nowait(EndpointRefused(host=first.host, status=404))
        await home.pass_s(1.0)
        home.push.head(101)
        await home.pass_s(1.0)
        assert tried == [adapter.network.endpoints[1]]
        assert list(home.refresher.pushed_by().values()) == ["server1.example"]


async def test_a_practice_network_has_no_socket(tmp_path: Path) -> None:
    async with house(tmp_path, pushed=True, networks=(replace(network(), practice=True),)) as home:
        await home.pass_s(100.0)
        assert home.push.opened_s == []


async def test_a_socket_outlives_a_short_scroll_and_not_a_long_one(tmp_path: Path) -> None:
    async with house(tmp_path, pushed=True) as home:
        home.refresher.watch(())
        await home.pass_s(30.0)
        assert home.push.open == 1
        await home.pass_s(100.0)
        assert home.push.open == 0


# The background


async def test_many_accounts_are_read_in_pieces_that_lie_apart(tmp_path: Path) -> None:
    many = tuple(Address(Family.EVM, f"0x{number:040x}") for number in range(3 * SINGLE_PIECE))
    async with house(tmp_path, addresses=many) as home:
        home.refresher.watch(())
        times: list[float] = []
        seen = 0
        for _ in range(800):
            await home.sleepers.advance(0.5)
            if home.asked > seen:
                seen = home.asked
                times.append(home.made.clock.boot_s)
        assert [len(request.keys) for request in home.made.adapter.requests] == [SINGLE_PIECE] * 3
        assert all(b - a >= APART_S for a, b in pairwise(times))
        assert not any(request.user_asked for request in home.made.adapter.requests)


async def test_the_background_leaves_a_dead_network_alone_and_takes_the_others(tmp_path: Path) -> None:
    async with house(tmp_path, networks=(network("1"), network("2"))) as home:
        home.refresher.watch(())
        first, second = home.made.adapters.values()
        for _ in range(50):
            first.main.faults.append(timeout())
        await home.pass_s(340.0)
        assert len(first.requests) == 1
        assert len(second.requests) == 1
