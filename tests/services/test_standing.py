"""Blocks that left the chain: their balances are Stale at once and read anew (requirement I6)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.freshness import BadgeKind, StaleReason
from desktop_wallet.core.networks import Family, NetworkId
from desktop_wallet.core.positions import Height
from desktop_wallet.services.standing import AT_ONCE, Standing
from tests.fakes.clock import FakeClock
from tests.fakes.engine import ADDRESSES, Engine, engine
from tests.fakes.sleepers import Sleepers, settle


@dataclass
class House:
    made: Engine
    standing: Standing
    sleepers: Sleepers
    left: list[NetworkId] = field(default_factory=list)

    @property
    def looked_up(self) -> list[tuple[Height, ...]]:
        return self.made.adapter.looked_up

    def at(self, key: BalanceKey) -> Height:
        reading = self.made.balances.state(key).reading
        assert reading is not None
        assert isinstance(reading.position, Height)
        return reading.position

    async def pass_s(self, seconds: float) -> None:
        await self.sleepers.advance(seconds)
        for _ in range(5):
            await asyncio.sleep(0.001)  # the disk and the registry answer on threads of their own
            await settle()

    async def read(self, keys: Collection[BalanceKey], *, height: int, amount: int = 1) -> None:
        """Read these balances at that height."""
        self.made.adapter.main.height, self.made.adapter.main.amount = height, amount
        task = asyncio.ensure_future(self.made.balances.refresh(tuple(keys)))
        while not task.done():
            await self.pass_s(0.0)
        await task
        await self.pass_s(0.0)

    async def load(self) -> None:
        """Take what the disk keeps into memory."""
        loading = asyncio.ensure_future(self.made.balances.load_pages(self.made.keys))
        while not loading.done():
            await self.pass_s(0.0)
        await loading


@asynccontextmanager
async def house(
    folder: Path, addresses: tuple[Address, ...] = ADDRESSES, clock: FakeClock | None = None
) -> AsyncIterator[House]:
    clock = clock or FakeClock()
    sleepers = Sleepers(clock)
    async with engine(folder, clock=clock, addresses=addresses, sleep=sleepers.sleep) as made:
        left: list[NetworkId] = []
        standing = Standing(made.parts, made.balances, left.append)
        try:
            yield House(made, standing, sleepers, left)
        finally:
            await standing.stop()


async def test_nothing_is_looked_up_while_all_that_is_held_was_just_read(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.read(home.made.keys, height=100)
        await home.pass_s(60.0)
        await home.read(home.made.keys, height=105)
        assert home.looked_up == []


async def test_a_landing_at_a_new_height_looks_up_the_blocks_of_the_others_in_one_batch(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        first, second, third = home.made.keys
        await home.read([first], height=100)
        await home.read([second], height=101)
        old = {home.at(first), home.at(second)}
        await home.pass_s(60.0)
        home.looked_up.clear()
        await home.read([third], height=105)
        assert [set(batch) for batch in home.looked_up] == [old]
        await home.pass_s(60.0)
        assert len(home.looked_up) == 1  # nothing landed since


async def test_a_block_that_left_makes_its_balances_stale_at_once_and_they_are_read_anew(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        first, second, third = home.made.keys
        await home.read([first, second], height=100, amount=1)
        gone = home.at(first)
        opened = home.made.clock.now()
        await home.pass_s(20.0)
        home.made.adapter.left.add(gone)
        await home.read([third], height=101)
        await home.pass_s(1.0)
        assert home.left == [first.network]
        assert home.at(first).number == home.at(second).number == 101
        assert not home.made.balances.state(first).left_chain
        assert home.made.balances.badge(first, opened).kind is BadgeKind.FRESH


async def test_until_they_are_read_anew_the_badge_says_why(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        first, _, third = home.made.keys
        await home.read([first], height=100, amount=5)
        home.made.adapter.left.add(home.at(first))
        await home.pass_s(10.0)
        await home.read([third], height=101)
        home.made.adapter.hold()
        await home.pass_s(12.0)
        badge = home.made.balances.badge(first, None)
        assert badge.kind is BadgeKind.STALE
        assert badge.reasons == (StaleReason.LEFT_CHAIN,)
        assert home.made.amount(first) == 5  # what was known stays in sight
        assert home.made.balances.badge(third, None).kind is BadgeKind.CACHED


async def test_the_answer_of_the_shorter_chain_is_taken(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        first, second, _ = home.made.keys
        await home.read([first], height=100, amount=5)
        await home.read([second], height=110, amount=5)
        home.made.adapter.left.add(home.at(second))
        home.made.adapter.main.height, home.made.adapter.main.amount = 104, 3
        home.standing.hint(first.network)
        await home.pass_s(20.0)
        assert (home.at(second).number, home.made.amount(second)) == (104, 3)


async def test_a_hint_looks_up_even_what_was_just_read(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.read(home.made.keys, height=100)
        home.standing.hint(home.made.key.network)
        await home.pass_s(0.5)
        assert [set(batch) for batch in home.looked_up] == [{home.at(home.made.key)}]
        for _ in range(50):
            home.standing.hint(home.made.key.network)
            await home.pass_s(0.1)
        assert len(home.looked_up) <= 4  # two seconds apart


async def test_a_round_is_bounded_and_every_block_has_its_turn(tmp_path: Path) -> None:
    many = tuple(Address(Family.EVM, f"0x{number:040x}") for number in range(2 * AT_ONCE + 3))
    async with house(tmp_path, many) as home:
        for number, key in enumerate(home.made.keys):
            await home.read([key], height=100 + number)
        await home.pass_s(60.0)
        home.looked_up.clear()
        for _ in range(3):
            home.standing.hint(home.made.key.network)
            await home.pass_s(3.0)
        assert [len(batch) for batch in home.looked_up] == [AT_ONCE] * 3
        assert {height for batch in home.looked_up for height in batch} == {home.at(key) for key in home.made.keys}


async def test_deep_blocks_are_left_alone_unless_they_are_on_screen(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        first, second, third = home.made.keys
        await home.read([first], height=100)
        await home.read([second], height=120)
        home.standing.watch([first])
        await home.pass_s(100_000.0)
        home.looked_up.clear()
        await home.read([third], height=1_000)
        assert home.looked_up == [(home.at(first),)]


@pytest.mark.parametrize("watched_first", [True, False])
async def test_what_the_disk_kept_is_looked_up_when_it_comes_on_screen(tmp_path: Path, watched_first: bool) -> None:
    async with house(tmp_path) as home:
        await home.read(home.made.keys, height=100, amount=5)
        clock, gone = home.made.clock, home.at(home.made.key)
    clock.advance(10.0)
    clock.restart()
    async with house(tmp_path, clock=clock) as home:
        home.made.adapter.left.add(gone)
        home.made.adapter.main.amount = 6
        for watches in (watched_first, not watched_first):
            if watches:
                home.standing.watch(home.made.keys[:1])
            else:
                await home.load()
        await home.pass_s(1.0)
        assert home.looked_up == [(gone,)]
        assert [home.made.amount(key) for key in home.made.keys] == [6, 6, 6]


async def test_what_nobody_looks_at_waits_for_the_next_landing(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.read(home.made.keys, height=100, amount=5)
        clock, gone = home.made.clock, home.at(home.made.key)
    clock.advance(10.0)
    clock.restart()
    async with house(tmp_path, clock=clock) as home:
        home.made.adapter.left.add(gone)
        await home.load()
        home.standing.watch(home.made.keys, by_itself=False)
        await home.pass_s(60.0)
        assert home.looked_up == []
        await home.read(home.made.keys[:1], height=101, amount=6)
        await home.pass_s(1.0)
        assert home.looked_up == [(gone,)]
        assert [home.made.amount(key) for key in home.made.keys] == [6, 6, 6]


async def test_after_the_stop_nothing_is_looked_up(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.read(home.made.keys, height=100)
        await home.standing.stop()
        home.standing.hint(home.made.key.network)
        await home.pass_s(100.0)
        assert home.looked_up == []
