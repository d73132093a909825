"""A reading that began before an invalidation never counts after it: in memory, and after any end of the process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.errors import StorageFull
from desktop_wallet.core.invalidation import Scope
from desktop_wallet.core.networks import Family
from desktop_wallet.registry.registry import Registry
from tests.fakes.clock import FakeClock
from tests.fakes.readings import KEY, NETWORK, reading

DATA_KEY = bytes(range(32))
OTHER = BalanceKey(NETWORK, Address(Family.EVM, "0x" + "22" * 20), KEY.asset)


async def _open(folder: Path) -> Registry:
    return await Registry.open(folder / "registry.db", DATA_KEY, FakeClock())


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_reading_begun_before_an_invalidation_does_not_count(tmp_path: Path, restarted: bool) -> None:
    registry = await _open(tmp_path)
    early = reading(1, seq=registry.invalidations.counter, registry=registry.id)
    unrelated = reading(1, seq=registry.invalidations.counter, registry=registry.id, key=OTHER)
    assert registry.invalidations.covers(early)
    assert await registry.invalidate([Scope(address=KEY.address)], "sent") == 1
    if restarted:
        await registry.close()
        registry = await _open(tmp_path)
    assert not registry.invalidations.covers(early)
    assert registry.invalidations.covers(unrelated)
    assert registry.invalidations.covers(reading(1, seq=registry.invalidations.counter, registry=registry.id))
    await registry.close()


async def test_every_kind_of_scope_survives_a_restart(tmp_path: Path) -> None:
    scopes = [
        Scope(network, address, asset)
        for network in (None, KEY.network)
        for address in (None, KEY.address)
        for asset in (None, KEY.asset)
    ]
    registry = await _open(tmp_path)
    for scope in scopes:
        await registry.invalidate([scope], "test")
    recorded = registry.invalidations._recorded
    await registry.close()
    registry = await _open(tmp_path)
    assert registry.invalidations._recorded == recorded == {scope: seq for seq, scope in enumerate(scopes, start=1)}
    assert registry.invalidations.counter == 8
    await registry.close()


async def test_the_id_stays_and_differs_between_registries(tmp_path: Path) -> None:
    one, other = await _open(tmp_path / "one"), await _open(tmp_path / "other")
    assert one.id != other.id
    assert one.invalidations.registry == one.id
    known = one.id
    await one.close()
    one = await _open(tmp_path / "one")
    assert one.id == known
    assert not other.invalidations.covers(reading(1, registry=known))
    await one.close()
    await other.close()


async def test_invalidations_at_the_same_time_get_seqs_in_the_order_of_the_calls(tmp_path: Path) -> None:
    registry = await _open(tmp_path)
    seqs = await asyncio.gather(*(registry.invalidate([Scope(address=KEY.address)], f"cause {n}") for n in range(20)))
    assert seqs == list(range(1, 21))
    assert [(entry.seq, entry.cause) for entry in await registry.recent_invalidations(2)] == [
        (20, "cause 19"),
        (19, "cause 18"),
    ]
    await registry.close()


async def test_a_cancelled_caller_leaves_disk_and_memory_agreed(tmp_path: Path) -> None:
    registry = await _open(tmp_path)
    for _ in range(20):
        task = asyncio.create_task(registry.invalidate([Scope()], "cancelled"))  # noqa: TID251 - to cancel it
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    last = await registry.invalidate([Scope()], "kept")
    assert registry.invalidations.counter == last
    await registry.close()
    registry = await _open(tmp_path)
    assert registry.invalidations.counter == last
    await registry.close()


async def test_what_cannot_be_recorded_changes_nothing(tmp_path: Path) -> None:
    registry = await _open(tmp_path)
    await registry._database.write(lambda connection: connection.execute("PRAGMA max_page_count = 30"))
    before = registry.invalidations.counter
    with pytest.raises(StorageFull):
        await registry.invalidate([Scope(address=Address(Family.EVM, f"0x{n:040x}")) for n in range(5_000)], "large")
    assert registry.invalidations.counter == before
    assert await registry.recent_invalidations(5) == ()
    assert await registry.invalidate([Scope()], "small") == before + 1
    await registry.close()


async def test_the_log_is_bounded_and_the_invalidations_are_not(tmp_path: Path) -> None:
    registry = await _open(tmp_path)
    first = Scope(address=OTHER.address)
    await registry.invalidate([first], "first")
    for n in range(1_005):
        await registry.invalidate([Scope(address=KEY.address)], f"{n}")
    assert len(await registry.recent_invalidations(5_000)) == 1_000
    await registry.close()
    registry = await _open(tmp_path)
    assert not registry.invalidations.covers(reading(1, seq=0, registry=registry.id, key=OTHER))
    await registry.close()
