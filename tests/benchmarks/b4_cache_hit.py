"""B4: a cache hit through `read` to a Reading, from memory and from disk, as the number of balances grows."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import diskcache

from desktop_wallet.cache.disk import BytesDisk
from desktop_wallet.clock import SystemClock
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import BalanceKey, BalanceState, Reading, ReadMethod
from desktop_wallet.core.freshness import Policy, Purpose
from desktop_wallet.core.networks import Family, Network
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.services.reading import Balances
from tests.benchmarks.report import Finding, median, percentile
from tests.benchmarks.window_loop import run_on_window_loop
from tests.fakes.engine import engine, network

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from desktop_wallet.cache.pages import PageCache
    from desktop_wallet.services.session_parts import SessionParts
    from tests.fakes.clock import FakeClock

ID = "B4"
ABOUT = "a cache hit through read to a Reading"
SETTING = "cache quota 1 GB, TTL 10 days, no server is asked"

SIZES = (1_000, 10_000, 100_000)
BATCH = 1_000
TOKENS = 20
RUNS = 15
WARM_UP = 2
MEMORY_GOAL_US = 5.0
DISK_GOAL_RATIO = 1.5
FLAT_GOAL_RATIO = 1.5
_QUOTA_BYTES = 1 << 30
_SEED = 4
_US = 1e6


@dataclass
class Samples:
    """Microseconds a balance, one sample a run."""

    one: list[float] = field(default_factory=list)
    batch: list[float] = field(default_factory=list)
    dictionary: list[float] = field(default_factory=list)
    disk: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    raw_together: list[float] = field(default_factory=list)


def measure() -> Iterator[Finding]:
    """Yield the findings of B4."""
    found = {size: run_on_window_loop(_measure(size)) for size in SIZES}
    memory_goal, disk_goal = f"<= {MEMORY_GOAL_US:g} us", f"<= {DISK_GOAL_RATIO:g} x diskcache get"
    for size, samples in found.items():
        for name, taken in (("one key", samples.one), (f"a key within {BATCH}", samples.batch)):
            yield Finding(
                ID,
                f"memory, {name}, {size} balances",
                median(taken),
                "us",
                percentile(taken, 99),
                len(taken),
                {"dict": median(samples.dictionary)},
                memory_goal,
                median(taken) <= MEMORY_GOAL_US,
            )
    for size, samples in found.items():
        raw = median(samples.raw)
        yield Finding(
            ID,
            f"disk, a key within {BATCH}, {size} balances",
            median(samples.disk),
            "us",
            percentile(samples.disk, 99),
            len(samples.disk),
            {"diskcache get": raw, "diskcache get, 1000 in one transaction": median(samples.raw_together)},
            disk_goal,
            median(samples.disk) <= DISK_GOAL_RATIO * raw,
        )
    small, large = found[SIZES[0]], found[SIZES[-1]]
    for name, few, many in (
        ("memory, one key", small.one, large.one),
        (f"memory, a key within {BATCH}", small.batch, large.batch),
        (f"disk, a key within {BATCH}", small.disk, large.disk),
    ):
        yield Finding(
            ID,
            f"growth, {name}, {SIZES[-1]} balances",
            median(many),
            "us",
            percentile(many, 99),
            len(many),
            {f"{SIZES[0]} balances": median(few)},
            f"<= {FLAT_GOAL_RATIO:g} x",
            median(many) <= FLAT_GOAL_RATIO * median(few),
        )


async def _measure(size: int) -> Samples:
    samples = Samples()
    draw = random.Random(_SEED)
    with tempfile.TemporaryDirectory() as folder:
        async with _filled(Path(folder), size) as (balances, readings):
            pages = [readings[start : start + TOKENS] for start in range(0, size, TOKENS)]
            keys = [reading.key for reading in readings]
            plain = {reading.key: BalanceState(reading.key, reading) for reading in readings}
            with ThreadPoolExecutor(1) as thread:
                raw = thread.submit(_raw_cache, Path(folder) / "raw", size).result()
                for run in range(WARM_UP + RUNS):
                    at_random = draw.sample(keys, BATCH)
                    on_pages = [r.key for page in draw.sample(pages, BATCH // TOKENS) for r in page]
                    names = draw.sample(range(size), BATCH)
                    taken = Samples(
                        [await _one_by_one(balances, at_random)],
                        [await _together(balances, at_random)],
                        [_timed(lambda keys=at_random: [plain.get(key) for key in keys])],  # type: ignore[misc]
                        [await _from_disk(balances, on_pages)],
                        [thread.submit(_raw_gets, raw, names).result()],
                        [thread.submit(_raw_gets_together, raw, names).result()],
                    )
                    await balances.load_pages(keys)
                    if run >= WARM_UP:
                        _add(samples, taken)
                thread.submit(raw.close).result()
    return samples


def _add(samples: Samples, taken: Samples) -> None:
    samples.one += taken.one
    samples.batch += taken.batch
    samples.dictionary += taken.dictionary
    samples.disk += taken.disk
    samples.raw += taken.raw
    samples.raw_together += taken.raw_together


async def _one_by_one(balances: Balances, keys: Sequence[BalanceKey]) -> float:
    began_s = time.perf_counter()
    for key in keys:
        await balances.read((key,))
    return (time.perf_counter() - began_s) / len(keys) * _US


async def _together(balances: Balances, keys: Sequence[BalanceKey]) -> float:
    began_s = time.perf_counter()
    answers = await balances.read(keys)
    took_us = (time.perf_counter() - began_s) / len(keys) * _US
    _check(answers, keys)
    return took_us


async def _from_disk(balances: Balances, keys: Sequence[BalanceKey]) -> float:
    balances.forget_memory()
    return await _together(balances, keys)


def _check(answers: dict[BalanceKey, Any], keys: Sequence[BalanceKey]) -> None:
    if len(answers) != len(keys) or not all(answer.from_cache for answer in answers.values()):
        raise AssertionError("a read that should have been a hit was none")


def _timed(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return (time.perf_counter() - began_s) / BATCH * _US


@asynccontextmanager
async def _filled(folder: Path, size: int) -> AsyncIterator[tuple[Balances, list[Reading]]]:
    """Yield balances with that many readings in memory and on disk."""
    of = replace(network(), max_head_age_s=1e9)
    clock = cast("FakeClock", SystemClock())
    async with engine(folder, clock=clock, networks=(of,)) as built:
        await built.parts.pages.set_limit(_QUOTA_BYTES)
        readings = _readings(of, size, built.parts)
        await _store(built.parts.pages, readings)
        policy = Policy({(Purpose.DISPLAY, None): 864_000.0})
        balances = Balances(replace(built.parts, policy=lambda: policy))
        await balances.load_pages([reading.key for reading in readings])
        yield balances, readings
        await balances.stop()


async def _store(pages: PageCache, readings: Sequence[Reading]) -> None:
    await pages.put(readings)
    await asyncio.sleep(0)


def _readings(of: Network, size: int, parts: SessionParts) -> list[Reading]:
    now = parts.clock.now()
    assets = [AssetId(of.id, "erc20", f"0x{token:040x}") for token in range(TOKENS)]
    registry = parts.registry.invalidations.registry
    position = Height(HeightKind.BLOCK, 20_000_000, "0x" + "ab" * 32, "0x" + "cd" * 32, int(now.wall_s))
    return [
        Reading(
            BalanceKey(of.id, address, asset),
            10**18 + number,
            18,
            position,
            of.endpoints[0].host,
            ReadMethod.MULTICALL,
            TOKENS,
            now,
            now,
            0,
            registry,
            "0x" + "ef" * 32,
        )
        for number in range(size // TOKENS)
        for address in (Address(Family.EVM, f"0x{number + 1:040x}"),)
        for asset in assets
    ]


def _raw_cache(folder: Path, size: int) -> Any:  # noqa: ANN401 - diskcache ships no types
    """Return a diskcache with one row a balance: bytes, the page cache's own Disk and policy."""
    raw = diskcache.Cache(
        str(folder),
        disk=BytesDisk,
        statistics=0,
        tag_index=0,
        eviction_policy="least-recently-used",
        size_limit=_QUOTA_BYTES,
        cull_limit=0,
        sqlite_mmap_size=0,
        sqlite_cache_size=2_048,
        disk_min_file_size=0,
    )
    with raw.transact():
        for number in range(size):
            raw.set(_raw_name(number), b"r" * 120)
    return raw


def _raw_name(number: int) -> str:
    return f"{number:064x}"


def _raw_gets(raw: Any, numbers: Sequence[int]) -> float:  # noqa: ANN401 - diskcache ships no types
    return _timed(lambda: [raw.get(_raw_name(number)) for number in numbers])


def _raw_gets_together(raw: Any, numbers: Sequence[int]) -> float:  # noqa: ANN401 - diskcache ships no types
    with raw.transact():
        return _timed(lambda: [raw.get(_raw_name(number)) for number in numbers])
