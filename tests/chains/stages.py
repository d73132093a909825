"""Chains on which the same adapter tests play: practice chains, and anvil with and without Multicall3."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

from desktop_wallet.chains.adapter import ReadRequest
from desktop_wallet.chains.evm.adapter import EvmAdapter
from desktop_wallet.chains.practice.chain import PracticeChain
from desktop_wallet.chains.practice.worlds import PRACTICE, PracticeWorld
from desktop_wallet.clock import SystemClock
from desktop_wallet.core.addresses import Address, parse_address
from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin, native_asset
from desktop_wallet.core.balances import BalanceKey, ReadFailure, Reading, RegistryId
from desktop_wallet.core.networks import Endpoint, Family, Network, NetworkId
from desktop_wallet.net.answerer import Answerer
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.pool import EndpointPool
from tests.fakes.anvil import MULTICALL3, REVERTING, Anvil
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from desktop_wallet.core.instants import Clock

REGISTRY = RegistryId("registry")
SEQ = 7
REVERTING_ADDRESS = "0x" + "bad0" * 10
NOBODY = "0x" + "0dead" * 8


def nobody() -> ssl.SSLContext:
    """Return a TLS context without authorities: none is needed here, and reading them takes 50 ms."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class CountingClient(HttpClient):
    """The real client, which also keeps what it posted; `before_post` is told how many posts went before."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.posted: list[bytes] = []
        self.before_post: Callable[[int], None] = lambda _: None

    @override
    async def post(self, url: str, body: bytes) -> bytes:
        self.before_post(len(self.posted))
        self.posted.append(body)
        return await super().post(url, body)


class Stage(Protocol):
    """One chain with three accounts: the first two hold every asset's gift, the third holds nothing."""

    @property
    def network(self) -> Network: ...
    @property
    def world(self) -> PracticeWorld: ...
    @property
    def tokens(self) -> tuple[Asset, ...]: ...
    @property
    def reverting(self) -> AssetId:
        """Return what reverts whatever it is asked."""
        ...

    @property
    def client(self) -> CountingClient: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def pinned(self) -> bool:
        """Return whether there is no Multicall3."""
        ...

    @property
    def hashes(self) -> bool:
        """Return whether a contract call can prove its block's hash."""
        ...

    @property
    def genesis(self) -> str: ...
    @property
    def height(self) -> int: ...
    def block(self, number: int) -> tuple[str, str, int]:
        """Return hash, parent and time (seconds) of a block."""
        ...

    def send(self, asset: AssetId, to: Address, amount: int) -> None:
        """Give an account a little more, in a new block."""
        ...

    def pass_blocks(self, blocks: int) -> None: ...
    def reorg(self, depth: int) -> None: ...
    def welcome(self, address: Address) -> None:
        """Give an account every asset's gift."""
        ...

    def hold_back(self) -> None:
        """Let what is sent wait."""
        ...

    def take_again(self) -> None:
        """Put what waits into a new block."""
        ...

    def drop(self, transaction: str) -> None:
        """Forget a transaction that waits."""
        ...


ACCOUNTS = tuple(parse_address(Family.EVM, "0x" + digit * 40) for digit in "abc")
GIVER = parse_address(Family.EVM, "0x" + "9" * 40)


@dataclass
class PracticeStage:
    """A practice chain under a clock that tests move."""

    world: PracticeWorld = PRACTICE
    pinned: bool = False
    seed: int = 1
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.network = self.world.network
        self.tokens = self.world.assets
        self.reverting = AssetId(self.network.id, "erc20", str(self.network.multicall).lower())
        self.hashes = self.network.height_call.value == "multicall3"
        quiet = replace(self.world, drip_every_blocks=10**9)
        self.chain = PracticeChain(quiet, self.clock, seed=self.seed, latency_s=(0, 0))
        for account in (*ACCOUNTS[:2], GIVER):
            self.chain.welcome(account)
        self.answerer: Answerer = self.chain.answer
        self.client = CountingClient(self.clock, in_process={self.chain.host: self._answer}, trust=nobody)

    async def _answer(self, body: bytes) -> bytes:
        return await self.answerer(body)

    @property
    def genesis(self) -> str:
        return self.block(0)[0]

    @property
    def height(self) -> int:
        return self.chain.height

    def block(self, number: int) -> tuple[str, str, int]:
        header = self.chain._state.blocks.header(number)
        assert header is not None
        return header.hash, header.parent_hash, header.time_s

    def send(self, asset: AssetId, to: Address, amount: int) -> None:
        self.chain.transfer(GIVER, to, amount, None if asset.is_native else asset.reference)
        self.pass_blocks(1)

    def pass_blocks(self, blocks: int) -> None:
        self.clock.advance(blocks * self.world.block_time_s)

    def reorg(self, depth: int) -> None:
        self.chain.reorganise(depth)

    def welcome(self, address: Address) -> None:
        self.chain.welcome(address)

    def hold_back(self) -> None:
        self.chain.hold_back()

    def take_again(self) -> None:
        self.chain.take_again()
        self.pass_blocks(1)

    def drop(self, transaction: str) -> None:
        self.chain.drop(transaction)


@dataclass
class AnvilStage:
    """A real node that holds the very amounts of the practice world."""

    node: Anvil
    pinned: bool = False
    world: PracticeWorld = PRACTICE
    hashes: bool = True

    def __post_init__(self) -> None:
        self.clock = SystemClock()
        self.client = CountingClient(self.clock, trust=nobody)
        self.network = network_of(self.node)
        self.furnish(self.node)
        self.reverting = AssetId(self.network.id, "erc20", REVERTING_ADDRESS)

    def furnish(self, node: Anvil) -> None:
        """Put tokens and gifts on a node."""
        if not self.pinned:
            node.put_multicall3()
        node.set_code(REVERTING_ADDRESS, REVERTING)
        tokens = []
        for token in self.world.tokens:
            supply = max(token.gift * 10, 1)
            address = node.deploy_token(token.name, token.symbol, supply=supply, decimals=token.decimals)
            asset = AssetId(self.network.id, "erc20", address)
            tokens.append(Asset(asset, token.symbol, token.name, token.decimals, AssetOrigin.LIST))
        self.tokens = tuple(tokens)
        for account in ACCOUNTS[:2]:
            self._welcome(node, account)

    def _welcome(self, node: Anvil, address: Address) -> None:
        for asset, token in zip(self.tokens, self.world.tokens, strict=True):
            node.send_token(asset.id.reference, address.text, token.gift)
        node.set_balance(address.text, self.world.gift_wei)

    @property
    def genesis(self) -> str:
        return self.block(0)[0]

    @property
    def height(self) -> int:
        return self.node.height

    def block(self, number: int) -> tuple[str, str, int]:
        block = self.node.block(number)
        return block["hash"], block["parentHash"], int(block["timestamp"], 16)

    def send(self, asset: AssetId, to: Address, amount: int) -> None:
        if asset.is_native:
            self.node.send(to.text, wei=amount)
        else:
            self.node.send_token(asset.reference, to.text, amount)

    def pass_blocks(self, blocks: int) -> None:
        self.node.mine(blocks)

    def reorg(self, depth: int) -> None:
        self.node.reorg(depth)

    def welcome(self, address: Address) -> None:
        self._welcome(self.node, address)

    def hold_back(self) -> None:
        self.node.rpc("evm_setAutomine", False)

    def take_again(self) -> None:
        self.node.mine()
        self.node.rpc("evm_setAutomine", True)

    def drop(self, transaction: str) -> None:
        self.node.rpc("anvil_dropTransaction", transaction)


def network_of(*nodes: Anvil, multicall: str | None = MULTICALL3) -> Network:
    """Return the network that those nodes serve."""
    return replace(
        PRACTICE.network,
        id=NetworkId("eip155", str(nodes[0].chain_id)),
        name="anvil",
        endpoints=tuple(Endpoint(node.url) for node in nodes),
        multicall=multicall,
        practice=False,
    )


def adapter_of(stage: Stage, network: Network | None = None) -> EvmAdapter:
    """Return an adapter of the stage's network, or of another description of it."""
    network = network or stage.network
    pool = EndpointPool(network, stage.client, stage.clock, asyncio.sleep, requests_per_min=60_000)
    decimals = {asset.id: asset.decimals for asset in (native_asset(network), *stage.tokens)}
    return EvmAdapter(network, pool, lambda asset: decimals.get(asset, 18), stage.clock)


def assets_of(stage: Stage) -> tuple[AssetId, ...]:
    """Return the coin and the tokens."""
    return (native_asset(stage.network).id, *(token.id for token in stage.tokens))


def keys_of(stage: Stage, accounts: Iterable[Address] = ACCOUNTS) -> tuple[BalanceKey, ...]:
    """Return every balance of the accounts."""
    return tuple(BalanceKey(stage.network.id, account, asset) for account in accounts for asset in assets_of(stage))


def gifts_of(stage: Stage) -> tuple[int, ...]:
    """Return the gift of each asset, in the order of `assets_of`."""
    return (stage.world.gift_wei, *(token.gift for token in stage.world.tokens))


async def read(
    adapter: EvmAdapter, keys: Sequence[BalanceKey], *, avoid: frozenset[str] = frozenset()
) -> tuple[dict[BalanceKey, Reading], dict[BalanceKey, ReadFailure]]:
    """Return the readings and the failures; every key must have exactly one of the two."""
    readings: list[Reading] = []
    failures: list[ReadFailure] = []
    async for batch in adapter.read_balances(ReadRequest(tuple(keys), SEQ, REGISTRY, avoid=avoid)):
        readings += batch.readings
        failures += batch.failures
    answered = [reading.key for reading in readings] + [failure.key for failure in failures]
    assert sorted(map(_name, answered)) == sorted(map(_name, keys))
    return {reading.key: reading for reading in readings}, {failure.key: failure for failure in failures}


def _name(key: BalanceKey) -> str:
    return f"{key.address.text}/{key.asset}"
