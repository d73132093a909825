"""The engine as a session has it, over scripted networks: a real registry, real pages, a clock moved by hand."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from desktop_wallet.cache.memory import MemoryTier
from desktop_wallet.cache.pages import CacheMode, PageCache
from desktop_wallet.chains.adapter import ReadBatch, ReadRequest, failure_of
from desktop_wallet.core.accounts import ProfileId
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import BalanceKey, Reading, ReadMethod
from desktop_wallet.core.errors import EndpointTimeout, NetworkFailure, UntrustedReply
from desktop_wallet.core.freshness import Policy
from desktop_wallet.core.networks import Endpoint, Family, Network, NetworkId
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.registry.registry import Registry
from desktop_wallet.services.feed import ChangeFeed
from desktop_wallet.services.incoming import Incoming
from desktop_wallet.services.metrics import Metrics
from desktop_wallet.services.preload import Preload
from desktop_wallet.services.reading import Balances
from desktop_wallet.services.session_parts import SessionParts
from desktop_wallet.services.slicing import Slicer
from desktop_wallet.services.transfers import TransferBook
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
    from pathlib import Path

    from desktop_wallet.core.invalidation import Scope
    from desktop_wallet.services.adapters import Adapters
    from desktop_wallet.services.book import Book

ADDRESSES = tuple(Address(Family.EVM, "0x" + digit * 40) for digit in "123")


def network(reference: str = "1", *, servers: int = 2, block_time_s: float = 12.0) -> Network:
    """Return a network with that many servers."""
    endpoints = tuple(Endpoint(f"https://server{n}.example/") for n in range(servers))
    return Network(
        NetworkId("eip155", reference),
        Family.EVM,
        f"Net {reference}",
        block_time_s,
        120.0,
        "ETH",
        "Ether",
        18,
        60,
        endpoints,
    )


@dataclass
class Chain:
    """One scripted server's view of a chain: what it answers now, and what it shall do next."""

    height: int = 100
    amount: int = 1
    genesis: str = "0xgenesis"
    faults: deque[NetworkFailure | UntrustedReply] = field(default_factory=deque)


class ScriptedAdapter:
    """A network whose servers say what a test tells them to. `hold()` keeps answers back until `release()`."""

    def __init__(self, of: Network, clock: FakeClock) -> None:
        self._network = of
        self._clock = clock
        self.chains = {endpoint.host: Chain() for endpoint in of.endpoints}
        self.on_chain: bool | None = None
        self.left: set[Height] = set()
        """Blocks that are no longer in the chain."""
        self.looked_up: list[tuple[Height, ...]] = []
        self.push: ScriptedPush | None = None
        """Whether the first server pushes heads, and which."""
        self.requests: list[ReadRequest] = []
        self.cancelled = 0
        self._gate = asyncio.Event()
        self._gate.set()

    @property
    def network(self) -> Network:
        return self._network

    @property
    def main(self) -> Chain:
        """Return the chain as the first server sees it."""
        return next(iter(self.chains.values()))

    def hold(self) -> asyncio.Event:
        """Keep answers back; return the event that lets just those go that are held when others are released."""
        self._gate.clear()
        return self._gate

    def release_later_ones(self) -> None:
        """Let go whatever is asked from now on, and not what is held."""
        self._gate = asyncio.Event()
        self._gate.set()

    def release(self) -> None:
        self._gate.set()

    async def read_balances(self, request: ReadRequest) -> AsyncIterator[ReadBatch]:
        self.requests.append(request)
        host, chain = next((h, c) for h, c in self.chains.items() if h not in request.avoid)
        started = self._clock.now()
        amount, height, genesis = chain.amount, chain.height, chain.genesis
        fault = chain.faults.popleft() if chain.faults else None
        try:
            await self._gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if fault is not None:
            now = self._clock.now()
            yield ReadBatch(failures=tuple(failure_of(key, fault, now) for key in request.keys))
            return
        position = Height(HeightKind.BLOCK, height, f"0x{height:x}", None, int(self._clock.wall_s))
        yield ReadBatch(
            tuple(
                Reading(
                    key,
                    amount,
                    18,
                    position,
                    host,
                    ReadMethod.MULTICALL,
                    len(request.keys),
                    started,
                    self._clock.now(),
                    request.seq,
                    request.registry,
                    genesis,
                )
                for key in request.keys
            )
        )

    async def is_on_chain(self, height: Height, *, avoid: frozenset[str] = frozenset()) -> bool | None:
        return self.on_chain

    async def standing(self, heights: Sequence[Height]) -> dict[Height, bool | None]:
        self.looked_up.append(tuple(heights))
        return {height: height not in self.left for height in heights}

    def pushes(self, endpoint: Endpoint) -> bool:
        return self.push is not None and endpoint == self._network.endpoints[0]

    @asynccontextmanager
    async def heads(self, endpoint: Endpoint) -> AsyncIterator[ScriptedPush]:
        assert self.push is not None
        self.push.opened_s.append(self._clock.boot_s)
        if self.push.refuses is not None:
            raise self.push.refuses
        self.push.open += 1
        try:
            yield self.push
        finally:
            self.push.open -= 1

    def endpoint_statuses(self) -> tuple[object, ...]:
        return ()


@dataclass
class ScriptedPush:
    """What a server pushes: heads, and at last perhaps a failure. `refuses` it fails with before."""

    refuses: NetworkFailure | UntrustedReply | None = None
    open: int = 0
    opened_s: list[float] = field(default_factory=list)
    coming: asyncio.Queue[Height | NetworkFailure | UntrustedReply] = field(default_factory=asyncio.Queue)

    async def next(self) -> Height:
        came = await self.coming.get()
        if isinstance(came, Height):
            return came
        raise came

    def head(self, number: int, *, branch: str = "", parent_branch: str | None = None) -> None:
        """Push a head; those of one branch follow each other."""
        parent = branch if parent_branch is None else parent_branch
        names = (f"0x{number:x}{branch}", f"0x{number - 1:x}{parent}")
        self.coming.put_nowait(Height(HeightKind.BLOCK, number, *names, None))


class ScriptedAdapters:
    """One scripted adapter a network."""

    def __init__(self, adapters: dict[NetworkId, ScriptedAdapter]) -> None:
        self._adapters = adapters

    def of(self, network: NetworkId) -> ScriptedAdapter:
        return self._adapters[network]

    def open(self) -> dict[NetworkId, ScriptedAdapter]:
        return self._adapters


class FixedBook:
    """A fixed list of balances."""

    def __init__(self, networks: tuple[Network, ...], addresses: tuple[Address, ...]) -> None:
        self._networks = {n.id: n for n in networks}
        self._keys = tuple(
            BalanceKey(n.id, address, AssetId(n.id, "slip44", "60")) for address in addresses for n in networks
        )
        self.switched_off: set[NetworkId] = set()

    def keys(self, *, account: Address | None = None, network: NetworkId | None = None) -> tuple[BalanceKey, ...]:
        return tuple(k for k in self._keys if account in (None, k.address) and network in (None, k.network))

    def within(self, scopes: Iterable[Scope]) -> list[BalanceKey]:
        scopes = tuple(scopes)
        return [key for key in self._keys if any(scope.matches(key) for scope in scopes)]

    def network(self, network: NetworkId) -> Network:
        return self._networks[network]

    def is_on(self, network: NetworkId) -> bool:
        return network in self._networks and network not in self.switched_off


@dataclass
class Engine:
    """The parts a test works with."""

    clock: FakeClock
    parts: SessionParts
    balances: Balances
    preload: Preload
    adapters: dict[NetworkId, ScriptedAdapter]

    @property
    def keys(self) -> tuple[BalanceKey, ...]:
        return self.balances.keys()

    @property
    def key(self) -> BalanceKey:
        return self.keys[0]

    @property
    def adapter(self) -> ScriptedAdapter:
        """Return the first network's adapter."""
        return next(iter(self.adapters.values()))

    def amount(self, key: BalanceKey | None = None) -> int | None:
        reading = self.balances.state(key or self.key).reading
        return reading.amount if reading else None


@asynccontextmanager
async def engine(
    folder: Path,
    *,
    clock: FakeClock | None = None,
    networks: tuple[Network, ...] | None = None,
    addresses: tuple[Address, ...] = ADDRESSES[:1],
    mode: CacheMode = CacheMode.ON,
    sleep: Callable[[float], Awaitable[None]] | None = None,
) -> AsyncIterator[Engine]:
    """Open the engine on a folder; opening it again there is a restart of the wallet."""
    clock = clock or FakeClock()
    networks = networks or (network(),)
    registry = await Registry.open(folder / "registry.db", b"r" * 32, clock)
    pages = PageCache(
        folder / "cache", profile=ProfileId("p"), page_key=b"p" * 32, names_key=b"n" * 32, clock=clock, mode=mode
    )
    await pages.open()
    adapters = {n.id: ScriptedAdapter(n, clock) for n in networks}
    memory = MemoryTier()
    feed = ChangeFeed()
    slicer = Slicer()
    transfers = TransferBook(registry, feed, lambda _: 18)
    await transfers.load(slicer)
    parts = SessionParts(
        clock=clock,
        sleep=sleep or _no_wait,
        registry=registry,
        pages=pages,
        memory=memory,
        counters=Metrics(registry, pages, memory, pages.metrics, clock),
        book=cast("Book", FixedBook(networks, addresses)),
        adapters=cast("Adapters", ScriptedAdapters(adapters)),
        feed=feed,
        slicer=slicer,
        policy=Policy,
        transfers=transfers,
        incoming=Incoming(registry, transfers, feed),
    )
    balances = Balances(parts)
    preload = Preload(parts, balances)
    try:
        yield Engine(clock, parts, balances, preload, adapters)
    finally:
        for adapter in adapters.values():
            adapter.release()
        await preload.stop()
        await balances.stop()
        await pages.close()
        await registry.close()


async def until(holds: Callable[[], object]) -> None:
    """Let the loop and its workers go on until something holds; give up after ten seconds."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - worker threads take part, and they set no event
            await asyncio.sleep(0.001)


def timeout(host: str = "server0.example") -> EndpointTimeout:
    """Return what a server that does not answer is reported as."""
    return EndpointTimeout(host=host, after_s=10.0)


async def _no_wait(seconds: float) -> None:
    # A follow-up after blocks would run at once for ever: it waits until the test ends it.
    if seconds > 1.0:
        await asyncio.Event().wait()
    await asyncio.sleep(0)


__all__ = ["ADDRESSES", "Chain", "Engine", "ScriptedAdapter", "engine", "network", "replace", "timeout", "until"]
