"""The disk tier does what a dictionary would, keeps it for 30 days, and keeps to its limit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sqlite3
import stat
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.cache.pages import LIMIT_MINIMUM, CacheMode, CacheTrouble, PageCache
from desktop_wallet.core.accounts import ProfileId
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import BalanceKey, Reading
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.networks import Family, NetworkId
from tests.fakes.clock import FakeClock
from tests.fakes.readings import reading

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DAY_S = 86_400.0
NETWORKS = [NetworkId("eip155", "0"), NetworkId("eip155", "1")]


def key(network: int = 1, address: int = 1, asset: int = 0) -> BalanceKey:
    chosen = NETWORKS[network]
    reference = AssetId(chosen, "slip44", "60") if not asset else AssetId(chosen, "erc20", f"0x{asset:040x}")
    return BalanceKey(chosen, Address(Family.EVM, f"0x{address:040x}"), reference)


def place(of: BalanceKey) -> tuple[NetworkId, Address]:
    return of.network, of.address


def cache_in(folder: Path, clock: FakeClock | None = None, **chosen: object) -> PageCache:
    settings: dict[str, Any] = {
        "profile": ProfileId("profile-1"),
        "page_key": b"\1" * 32,
        "names_key": b"\2" * 32,
        "clock": clock or FakeClock(),
        **chosen,
    }
    return PageCache(folder, **settings)


@contextlib.asynccontextmanager
async def opened(folder: Path, clock: FakeClock | None = None, **chosen: object) -> AsyncIterator[PageCache]:
    """A cache that must get by without trouble, unless the test listens for it."""
    troubles: list[CacheTrouble] = []
    cache = cache_in(folder, clock, **{"on_trouble": troubles.append, **chosen})
    await cache.open()
    try:
        yield cache
    finally:
        await cache.close()
    assert troubles == []


async def test_a_reading_comes_back_as_it_was_also_after_a_restart(tmp_path: Path) -> None:
    kept = reading(7, amount=2**256 - 1, seq=3, key=key())
    async with opened(tmp_path / "cache") as cache:
        await cache.put([kept])
        assert await cache.get_pages([place(key())]) == {place(key()): (kept,)}
    async with opened(tmp_path / "cache") as cache:
        assert await cache.get_pages([place(key())]) == {place(key()): (kept,)}
        assert await cache.get_pages([place(key(network=0)), place(key(address=2))]) == {}


async def test_the_other_readings_of_a_page_stay(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        await cache.put([reading(1, key=key(asset=n)) for n in range(3)])
        await cache.put([reading(2, key=key(asset=1))])
        found = (await cache.get_pages([place(key())]))[place(key())]
        assert {r.key.asset: r.position.number for r in found} == {  # type: ignore[union-attr] # heights, all of them
            key(asset=0).asset: 1,
            key(asset=1).asset: 2,
            key(asset=2).asset: 1,
        }


_keys = st.builds(key, st.integers(0, 1), st.integers(0, 3), st.integers(0, 2))
_readings = st.builds(
    lambda of, number, amount: reading(number, amount=amount, key=of),
    _keys,
    st.integers(0, 99),
    st.integers(0, 2**256 - 1),
)
_scopes = st.builds(
    Scope,
    st.none() | st.sampled_from(NETWORKS),
    st.none() | _keys.map(lambda of: of.address),
    st.none() | _keys.map(lambda of: of.asset),
)
_history = st.lists(
    st.tuples(st.just("put"), st.lists(_readings, max_size=6))
    | st.tuples(st.just("forget"), st.lists(_keys, max_size=3))
    | st.tuples(st.just("drop"), _scopes)
    | st.tuples(st.just("restart"), st.none()),
    max_size=6,
)


@pytest.mark.timeout(600)
@given(_history)
def test_any_history_leaves_what_it_leaves_in_a_dictionary(steps: list[tuple[str, Any]]) -> None:
    asyncio.run(_follow(steps))


async def _follow(steps: list[tuple[str, Any]]) -> None:
    model: dict[BalanceKey, Reading] = {}
    everything = [key(network, address, asset) for network in range(2) for address in range(4) for asset in range(3)]
    with tempfile.TemporaryDirectory() as name:
        cache = cache_in(Path(name))
        await cache.open()
        for step, what in steps:
            if step == "put":
                await cache.put(what)
                model.update({taken.key: taken for taken in what})
            elif step == "forget":
                await cache.forget(what)
                model = {of: held for of, held in model.items() if of not in what}
            elif step == "drop":
                await cache.drop(what)
                model = {of: held for of, held in model.items() if not what.matches(of)}
            else:
                await cache.close()
                cache = cache_in(Path(name))
                await cache.open()
        found = await cache.get_pages([place(of) for of in everything])
        assert {held.key: held for page in found.values() for held in page} == model
        assert all(page for page in found.values())
        assert [await cache.has(of) for of in everything[:6]] == [of in model for of in everything[:6]]
        assert (await cache.stats()).pages == len({place(of) for of in model})
        assert cache.metrics.snapshot().errors == 0
        await cache.close()


async def test_two_spellings_of_an_address_are_one_page(tmp_path: Path) -> None:
    from desktop_wallet.core.addresses import parse_address

    one = parse_address(Family.EVM, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
    other = parse_address(Family.EVM, "0X5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED".replace("0X", "0x"))
    asset = AssetId(NETWORKS[1], "slip44", "60")
    async with opened(tmp_path) as cache:
        await cache.put([reading(1, key=BalanceKey(NETWORKS[1], one, asset))])
        await cache.put([reading(2, key=BalanceKey(NETWORKS[1], other, asset))])
        assert (await cache.stats()).pages == 1


async def test_a_network_with_the_number_zero_has_pages_of_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        await cache.put([reading(1, key=key(network=0)), reading(2, key=key(network=1))])
        assert len(await cache.get_pages([place(key(network=0)), place(key(network=1))])) == 2


async def test_more_pages_than_one_transaction_takes(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        many = [reading(1, amount=n, key=key(address=n)) for n in range(150)]
        await cache.put(many)
        found = await cache.get_pages([place(r.key) for r in many])
        assert [found[place(r.key)] for r in many] == [(r,) for r in many]
        await cache.drop(Scope(asset=key().asset))
        assert (await cache.stats()).pages == 0


BLOCK_S = int(FakeClock().wall_s)


async def test_a_reading_is_kept_for_thirty_days(tmp_path: Path) -> None:
    clock = FakeClock()
    async with opened(tmp_path, clock) as cache:
        await cache.put(
            [
                reading(1, key=key(asset=0), time_s=BLOCK_S),
                reading(2, key=key(asset=1), started_s=10 * DAY_S, time_s=BLOCK_S),
            ]
        )
        clock.advance(30 * DAY_S)
        await cache.sweep(clock.now())
        assert await cache.has(key(asset=0))
        clock.advance(1)
        assert not await cache.has(key(asset=0))
        assert await cache.has(key(asset=1))
        clock.advance(DAY_S)
        await cache.sweep(clock.now())
        assert cache.metrics.snapshot().expired == 1
        clock.advance(10 * DAY_S)
        await cache.sweep(clock.now())
        assert cache.metrics.snapshot().expired == 2
        assert (await cache.stats()).pages == 0


async def test_a_clock_set_forty_days_ahead_and_back_removes_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    async with opened(tmp_path, clock) as cache:
        await cache.put([reading(1, key=key(), time_s=BLOCK_S)])
        clock.wall_s += 40 * DAY_S
        await cache.sweep(clock.now())
        assert await cache.get_pages([place(key())]) == {}, "by this clock it is too old to be shown"
        clock.wall_s -= 40 * DAY_S
        await cache.sweep(clock.now())
        assert await cache.has(key())
        assert cache.metrics.snapshot().expired == 0


async def test_a_start_with_a_wrong_clock_removes_nothing_and_a_block_puts_it_right(tmp_path: Path) -> None:
    clock = FakeClock()
    async with opened(tmp_path, clock) as cache:
        await cache.put([reading(1, key=key(), time_s=BLOCK_S)])
    clock.restart()
    clock.wall_s += 40 * DAY_S
    async with opened(tmp_path, clock) as cache:
        await cache.sweep(clock.now())
        await cache.put([reading(2, key=key(address=2), time_s=BLOCK_S + 60)])
        await cache.sweep(clock.now())
        clock.wall_s -= 40 * DAY_S
        assert await cache.has(key())
        assert cache.metrics.snapshot().expired == 0
    clock.restart("run-3")
    clock.wall_s += 40 * DAY_S  # forty days have really passed
    async with opened(tmp_path, clock) as cache:
        await cache.sweep(clock.now())
        later = clock.wall_s - FakeClock().wall_s
        fresh = reading(3, key=key(address=3), started_s=later, time_s=int(clock.wall_s) - 5)
        await cache.put([replace(fresh, ended=clock.now())])
        await cache.sweep(clock.now())
        assert cache.metrics.snapshot().expired == 2
        assert (await cache.stats()).pages == 1


async def _fill(cache: PageCache, addresses: range) -> None:
    """Write pages that take 4 KB each."""
    draw = random.Random(addresses.start)
    await cache.put(
        [reading(1, amount=draw.getrandbits(256), key=key(1, n, asset)) for n in addresses for asset in range(60)]
    )


async def _held(cache: PageCache, addresses: range) -> list[bool]:
    return [await cache.has(key(address=n)) for n in addresses]


async def test_what_was_used_last_stays_longest_and_a_sweep_is_no_use(tmp_path: Path) -> None:
    clock = FakeClock()
    async with opened(tmp_path, clock, limit_bytes=LIMIT_MINIMUM) as cache:
        await _fill(cache, range(100))
        await _fill(cache, range(100, 200))
        await cache.get_pages([place(key(address=n)) for n in range(100)])
        await cache.sweep(clock.now())
        assert cache.metrics.snapshot().evictions == 0
        await _fill(cache, range(200, 280))
        assert cache.metrics.snapshot().evictions > 0
        assert all(await _held(cache, range(100)))
        assert not all(await _held(cache, range(100, 200)))


async def test_at_the_limit_the_newest_write_stays_and_the_files_keep_to_it(tmp_path: Path) -> None:
    async with opened(tmp_path, limit_bytes=LIMIT_MINIMUM) as cache:
        for number in range(0, 600, 40):
            await _fill(cache, range(number, number + 40))
            assert all(await _held(cache, range(number, number + 40)))
        counts, stats = cache.metrics.snapshot(), await cache.stats()
        assert counts.evictions > 0
        assert counts.errors == 0
        assert stats.bytes_on_disk <= LIMIT_MINIMUM
        assert stats.pages > 150


async def test_a_clock_that_was_set_back_does_not_wedge_a_full_cache(tmp_path: Path) -> None:
    async with opened(tmp_path, limit_bytes=LIMIT_MINIMUM) as cache:
        await _fill(cache, range(220))
    with contextlib.closing(sqlite3.connect(tmp_path / "cache.db")) as connection, connection:
        connection.execute("UPDATE Cache SET access_time = access_time + 1e9, store_time = store_time + 1e9")
    async with opened(tmp_path, limit_bytes=LIMIT_MINIMUM) as cache:
        for number in range(1_000, 1_060):
            await _fill(cache, range(number, number + 1))
            assert await cache.has(key(address=number))
        assert all(await _held(cache, range(1_040, 1_060)))


async def test_a_smaller_limit_takes_effect_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        await _fill(cache, range(400))
        assert (await cache.stats()).pages == 400
        await cache.set_limit(0)
        assert 100 < (await cache.stats()).pages < 300
        await _fill(cache, range(1_000, 1_001))
        assert await cache.has(key(address=1_000))


async def test_clearing_leaves_an_empty_cache_that_works(tmp_path: Path) -> None:
    async with opened(tmp_path / "cache") as cache:
        await cache.put([reading(1, key=key())])
        await cache.clear()
        assert await cache.get_pages([place(key())]) == {}
        await cache.put([reading(2, key=key())])
        assert await cache.has(key())


@pytest.mark.parametrize("mode", [CacheMode.MEMORY_ONLY, CacheMode.OFF])
async def test_another_mode_leaves_nothing_on_the_disk_and_on_comes_back(tmp_path: Path, mode: CacheMode) -> None:
    folder = tmp_path / "cache"
    async with opened(folder) as cache:
        await cache.put([reading(1, key=key())])
        await cache.set_mode(mode)
        assert not folder.exists()
        await cache.put([reading(2, key=key())])
        assert await cache.get_pages([place(key())]) == {}
        assert not await cache.has(key())
        assert not (await cache.stats()).in_use
        assert not folder.exists()
        await cache.set_mode(CacheMode.ON)
        await cache.put([reading(3, key=key())])
        assert await cache.has(key())
        assert (await cache.stats()).in_use
    async with opened(folder, mode=mode):
        assert not folder.exists()
    assert not folder.exists()


async def test_removing_the_folder_leaves_what_is_not_ours(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        (tmp_path / "vault.json").write_text("precious")
        await cache.set_mode(CacheMode.OFF)
        assert os.listdir(tmp_path) == ["vault.json"]  # noqa: PTH208 - its path form is called blocking


async def test_folder_and_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o755)
    async with opened(folder) as cache:
        await cache.put([reading(1, key=key())])
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        assert set(found.values()) == {0o600}
        assert {"cache.db", "cache.db-wal"} <= set(found)


async def test_after_close_nothing_is_found_and_no_key_is_held(tmp_path: Path) -> None:
    cache = cache_in(tmp_path, page_key=b"page key" * 4, names_key=b"name key" * 4)
    await cache.open()
    await cache.put([reading(1, key=key())])
    await cache.close()
    await cache.close()
    assert await cache.get_pages([place(key())]) == {}
    await cache.put([reading(1, key=key())])
    await cache.sweep(FakeClock().now())
    assert cache._names_key == cache._worker._page_key == b""


async def test_a_reading_whose_asset_lies_elsewhere_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    odd = BalanceKey(NETWORKS[0], key().address, key().asset)
    async with opened(tmp_path) as cache:
        with pytest.raises(ValueError, match="another network"):
            await cache.put([reading(1, key=odd)])


async def test_two_writes_at_once_land_in_the_order_of_the_calls(tmp_path: Path) -> None:
    async with opened(tmp_path) as cache:
        many = [reading(1, key=key(address=n)) for n in range(100)]
        await asyncio.gather(cache.put(many), cache.put([reading(2, key=key(address=99))]))
        ((held,),) = (await cache.get_pages([place(key(address=99))])).values()
        assert held == reading(2, key=key(address=99))


async def test_the_loop_gets_turns_while_many_readings_are_built(tmp_path: Path) -> None:
    turns = 0

    async def pause() -> None:
        nonlocal turns
        turns += 1

    async with opened(tmp_path, pause=pause) as cache:
        await _fill(cache, range(20))
        await cache.get_pages([place(key(address=n)) for n in range(20)])
    assert turns == 10
