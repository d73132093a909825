"""Discovery as a session has it, over one scripted server of logs."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from desktop_wallet.chains.adapter import LogAnswer, LogRefusal
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin, native_asset
from desktop_wallet.core.balances import BalanceKey, Reading, ReadMethod, RegistryId
from desktop_wallet.core.errors import EndpointTimeout, InvalidToken
from desktop_wallet.core.networks import Family
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.core.receipts import Received, TransferLog
from desktop_wallet.core.signing import TransactionId
from desktop_wallet.services.discovery import Discovery
from desktop_wallet.services.found_tokens import FoundTokens
from desktop_wallet.services.settings import Settings
from tests.fakes.clock import FakeClock
from tests.fakes.engine import ADDRESSES, engine, network, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from desktop_wallet.chains.adapter import ChainAdapter
    from desktop_wallet.core.networks import Network, NetworkId
    from desktop_wallet.registry.registry import Registry
    from desktop_wallet.services.accounts import Accounts
    from desktop_wallet.services.adapters import Adapters
    from desktop_wallet.services.catalogue import Catalogue
    from desktop_wallet.services.incoming import Incoming
    from desktop_wallet.services.session_parts import SessionParts
    from desktop_wallet.services.settings import SettingsKeeper

NET = network()
ME, OTHER = ADDRESSES[:2]
STRANGER = Address(Family.EVM, "0x" + "9" * 40)
COIN = native_asset(NET)
USDC = Asset(AssetId(NET.id, "erc20", "0x" + "c" * 40), "USDC", "USD Coin", 6, AssetOrigin.LIST)
NEW = AssetId(NET.id, "erc20", "0x" + "d" * 40)


def log(
    block: int, amount: int = 5, *, asset: AssetId = USDC.id, to: Address = ME, index: int = 0, branch: str = "a"
) -> TransferLog:
    """Return a log; the transaction is one a block, whatever branch has it."""
    block_hash = f"0x{branch}{block:063x}"
    return TransferLog(asset, STRANGER, to, amount, TransactionId(f"0x{block:064x}"), index, block, block_hash)


@dataclass
class Logs:
    """A network's server: what it logged, how it refuses, and what its contracts say of themselves."""

    network: Network = NET
    logs: list[TransferLog] = field(default_factory=list)
    head: int = 10**9
    most_blocks: int = 10**9
    without_logs: bool = False
    down: bool = False
    gone: set[str] = field(default_factory=set)
    words: dict[str, Asset] = field(default_factory=dict)
    asked: list[tuple[int, int, int]] = field(default_factory=list)
    described: list[str] = field(default_factory=list)

    async def transfers_to(self, addresses: Sequence[Address], first: int, last: int) -> LogAnswer:
        self.asked.append((first, last, len(addresses)))
        if self.down:
            raise EndpointTimeout(host="server0.example", after_s=10.0)
        if self.without_logs:
            return LogAnswer(refusal=LogRefusal.NO_LOGS)
        if last - first >= self.most_blocks:
            return LogAnswer(refusal=LogRefusal.TOO_MUCH)
        through = min(last, self.head)
        found = tuple(e for e in self.logs if first <= e.block <= through and e.recipient in addresses)
        return LogAnswer(found, through, "server0.example")

    async def is_on_chain(self, height: Height, *, avoid: frozenset[str] = frozenset()) -> bool | None:
        return height.hash not in self.gone

    async def describe_token(self, reference: str, *, user_asked: bool = True) -> Asset:
        assert not user_asked, "nobody asked: a server that paused the background is left alone"
        self.described.append(reference)
        if self.down:
            raise EndpointTimeout(host="server0.example", after_s=10.0)
        if reference not in self.words:
            raise InvalidToken(network=NET.id, address=reference, problem="no-decimals")
        return self.words[reference]


class Shelf:
    """The catalogue as discovery sees it."""

    def __init__(self) -> None:
        self.version = 1
        self.chosen = True
        self.held: list[Asset] = [COIN, USDC]

    def networks(self) -> tuple[Network, ...]:
        return (NET,)

    def assets(self, of: NetworkId) -> tuple[Asset, ...]:
        return tuple(asset for asset in self.held if asset.id.network == of)

    async def add_token(self, asset: Asset) -> None:
        self.held.append(replace(asset, origin=AssetOrigin.BY_HAND))
        self.version += 1


@dataclass
class Stage:
    """The parts a test works with."""

    clock: FakeClock
    server: Logs
    shelf: Shelf
    settings: SimpleNamespace
    parts: SessionParts
    discovery: Discovery
    tokens: FoundTokens
    came: list[Received]

    @property
    def incoming(self) -> Incoming:
        return self.parts.incoming

    @property
    def registry(self) -> Registry:
        return self.parts.registry

    async def read(self, height: int, amount: int = 0, *, before: int | None = None, chain: str = "0xgenesis") -> None:
        """Let a reading of our USDC arrive; `before` is the amount that was held at the height before it."""
        self.clock.advance(12)
        after = self.reading(height, amount, chain)
        moved = [] if before is None else [(self.reading(height - 10, before, chain), after)]
        self.incoming.note([after], moved)
        await self.kept()

    def reading(self, height: int, amount: int, chain: str = "0xgenesis", of: Address = ME) -> Reading:
        now = self.clock.now()
        key = BalanceKey(NET.id, of, USDC.id)
        at = Height(HeightKind.BLOCK, height, f"0x{height:x}")
        return Reading(key, amount, 6, at, "s.example", ReadMethod.MULTICALL, 1, now, now, 0, RegistryId("r"), chain)

    async def look(self) -> None:
        await self.discovery.look(NET.id)
        await self.kept()

    async def kept(self) -> None:
        await self.incoming.stop()
        await until(lambda: not self.parts.feed._scheduled)

    @property
    def amounts(self) -> list[int]:
        """Return what Activity shows, newest first."""
        return [row.amount for row in self.incoming.all()]

    @property
    def told(self) -> list[int]:
        """Return what a person was told of."""
        return [row.amount for row in self.came]


@asynccontextmanager
async def stage(folder: Path, server: Logs | None = None, clock: FakeClock | None = None) -> AsyncIterator[Stage]:
    clock = clock or FakeClock()
    server = server or Logs()
    async with engine(folder, clock=clock, networks=(NET,), addresses=ADDRESSES[:2]) as e:
        shelf = Shelf()
        adapters = SimpleNamespace(of=lambda _: cast("ChainAdapter", server))
        parts = replace(e.parts, adapters=cast("Adapters", adapters))
        await parts.transfers.load(parts.slicer)
        await parts.incoming.load()
        accounts = SimpleNamespace(
            accounts=lambda: [SimpleNamespace(address=address, hidden=False) for address in (ME, OTHER)]
        )
        settings = SimpleNamespace(now=Settings())
        tokens = FoundTokens(parts, cast("Catalogue", shelf), {NET.id: (USDC,)})
        await tokens.load()
        discovery = Discovery(parts, cast("Accounts", accounts), cast("SettingsKeeper", settings), tokens)
        parts.incoming.on_moved = lambda _: None  # a test says when somebody looks
        came: list[Received] = []
        parts.feed.subscribe(lambda changes: came.extend(changes.came))
        try:
            yield Stage(clock, server, shelf, settings, parts, discovery, tokens, came)
        finally:
            await discovery.stop()
            await parts.incoming.stop()
