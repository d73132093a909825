"""A whole wallet on two networks: the servers of one can be struck, the other is there to go on.

The struck network is a real node behind servers that do as they are told, the calm one a practice chain behind a
server of its own; or the other way round. Clock and waits are the test's own, the sockets are real.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

from desktop_wallet.chains.practice.chain import PracticeChain
from desktop_wallet.chains.practice.worlds import PRACTICE
from desktop_wallet.compose import Application
from desktop_wallet.core.addresses import Address, parse_address
from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.networks import Endpoint, Family, Network
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.limits import ReplyLimits
from desktop_wallet.ui.words import badge_tooltip
from tests.end_to_end.house import PASSWORD, local_network, surrounds, until, wallet
from tests.fakes.anvil import DEV_ACCOUNTS
from tests.fakes.clock import FakeClock
from tests.fakes.http2_server import Http2Server, http2_server, trusting
from tests.fakes.scripted_server import Answer, ScriptedServer, node_at, passes_on, scripted_server
from tests.fakes.sleepers import Sleepers

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_wallet.core.freshness import Badge
    from desktop_wallet.core.instants import Clock, Instant
    from desktop_wallet.services.reports import Report
    from desktop_wallet.services.session import Session
    from tests.fakes.anvil import Anvil

GIVER = parse_address(Family.EVM, "0x" + "9" * 40)
DUE_AFTER_S = 31.0
"""A reading is good for 30 s on screen."""
_SHORT_S = 2.0
_HOLDINGS = 3


class Place(Protocol):
    """One chain with money on it."""

    @property
    def network(self) -> Network:
        """Return the network without servers."""
        ...

    @property
    def tokens(self) -> tuple[Asset, ...]: ...
    @property
    def answer(self) -> Answer:
        """Return what a server of it says."""
        ...

    def give(self, address: Address, asset: AssetId, amount: int) -> None:
        """Let an address have that much more, in a new block."""
        ...

    def go_on(self) -> None:
        """Make a block at the time of the test's clock."""
        ...


class NodePlace:
    """A real node with one token."""

    def __init__(self, node: Anvil, token: str, clock: FakeClock) -> None:
        self._node, self._clock = node, clock
        self.network = local_network(name="Node")
        asset = AssetId(self.network.id, "erc20", token)
        self.tokens = (Asset(asset, "TOK", "Token", 18, AssetOrigin.LIST),)
        self.answer = node_at(node.url)

    def give(self, address: Address, asset: AssetId, amount: int) -> None:
        if asset.is_native:
            before = int(self._node.rpc("eth_getBalance", address.text, "latest"), 16)
            self._node.rpc("anvil_setBalance", address.text, hex(before + amount))
            self.go_on()
        else:
            self._set_time()
            self._node.send_token(asset.reference, address.text, amount, sender=DEV_ACCOUNTS[0])

    def go_on(self) -> None:
        self._set_time()
        self._node.rpc("evm_mine")

    def _set_time(self) -> None:
        newest_s = int(self._node.block()["timestamp"], 16)
        self._node.rpc("evm_setNextBlockTimestamp", max(int(self._clock.wall_s), newest_s + 1))


class ScriptPlace:
    """A practice chain, whose blocks come with the test's clock."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        world = replace(PRACTICE, drip_every_blocks=10**9)
        self.chain = PracticeChain(world, clock, latency_s=(0, 0))
        self.chain.welcome(GIVER)
        self.network = replace(PRACTICE.network, name="Script", practice=False, max_head_age_s=3_600.0)
        self.tokens = world.assets[:1]
        self.answer = self.chain.answer

    def give(self, address: Address, asset: AssetId, amount: int) -> None:
        self.chain.transfer(GIVER, address, amount, None if asset.is_native else asset.reference)
        self.go_on()

    def go_on(self) -> None:
        self._clock.advance(PRACTICE.block_time_s)


class StruckClient(HttpClient):
    """The real client. Its time limits end when a test says so, server by server; trusts one certificate only."""

    def __init__(self, clock: Clock, pem: Path, limits: ReplyLimits) -> None:
        super().__init__(clock, limits=limits, deadline=self._limit, trust=lambda: trusting(pem))
        self._host = ""
        self._limits: dict[str, asyncio.Timeout] = {}

    @override
    async def post(self, url: str, body: bytes) -> bytes:
        self._host = Endpoint(url).host  # the limit is made before anything else can run
        return await super().post(url, body)

    def _limit(self, _seconds: float) -> asyncio.Timeout:
        limit = self._limits[self._host] = asyncio.timeout(None)
        return limit

    def time_is_up(self, url: str) -> None:
        """End the newest request to that server."""
        self._limits[Endpoint(url).host].reschedule(asyncio.get_running_loop().time())


@dataclass
class EndpointStage:
    """Everything a test looks at."""

    clock: FakeClock
    sleepers: Sleepers
    struck: Place
    calm: Place
    servers: list[ScriptedServer | Http2Server]
    """Of the struck network, in its order; the first is the one that is struck."""
    client: StruckClient
    session: Session
    known: Address
    unread: Address
    pem: Path
    other_pem: Path
    opened: Instant
    truth: dict[BalanceKey, int] = field(default_factory=dict)
    before: dict[BalanceKey, int] = field(default_factory=dict)
    """What was true when the balances were read last."""
    bugs: list[dict[str, object]] = field(default_factory=list)
    """What came to the loop's handler."""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request has come to a struck server that makes it wait."""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Lets it go on."""

    @property
    def server(self) -> ScriptedServer:
        """Return the struck server."""
        server = self.servers[0]
        assert isinstance(server, ScriptedServer)
        return server

    @property
    def host(self) -> str:
        """Return the struck server's name, as the wallet shows it."""
        return Endpoint(self.servers[0].url).host

    def keys(self, place: Place, *addresses: Address) -> tuple[BalanceKey, ...]:
        """Return a network's balances, all or those of some addresses."""
        keys = self.session.balances.keys(network=place.network.id)
        return tuple(key for key in keys if not addresses or key.address in addresses)

    def amounts(self, keys: Iterable[BalanceKey]) -> dict[BalanceKey, int | None]:
        """Return what the wallet holds."""
        states = ((key, self.session.balances.state(key).reading) for key in keys)
        return {key: None if reading is None else reading.amount for key, reading in states}

    def true(self, keys: Iterable[BalanceKey]) -> dict[BalanceKey, int]:
        """Return what the chains hold."""
        return {key: self.truth[key] for key in keys}

    def badges(self, keys: Iterable[BalanceKey]) -> list[Badge]:
        """Return the badges for a page that was opened when the strike came."""
        return self.session.balances.badges(keys, self.opened)

    def words(self, key: BalanceKey, place: Place) -> str:
        """Return what the badge's tooltip says, as the window has it said."""
        state = self.session.balances.state(key)
        badge = self.session.balances.badge(key, self.opened)
        return badge_tooltip(badge, state, place.network.name, self.clock.now())

    def pay_everybody(self) -> None:
        """Let every balance grow, by an amount of its own."""
        self.before = dict(self.truth)
        for place in (self.struck, self.calm):
            for number, key in enumerate(self.keys(place), 1):
                place.give(key.address, key.asset, 1_000 + number)
                self.truth[key] = self.truth.get(key, 0) + 1_000 + number

    async def pass_time(self, seconds: float = DUE_AFTER_S) -> None:
        """Let time pass for the wallet and both chains, and whoever sleeps until then act."""
        await self.sleepers.advance(seconds)
        for place in (self.struck, self.calm):
            place.go_on()

    async def refresh(self, keys: Sequence[BalanceKey]) -> Report:
        """Refresh as a person does, but no longer than ten seconds."""
        async with asyncio.timeout(10):
            return await self.session.balances.refresh(keys)

    async def read(self, keys: Sequence[BalanceKey]) -> None:
        """Read what is due, as every page does; no longer than ten seconds."""
        async with asyncio.timeout(10):
            await self.session.balances.read(keys)

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds; TimeoutError after a while."""
        await until(holds)


def furnished(node: Anvil) -> str:
    """Put Multicall3 and a token on a node, well below its head; return the token's address."""
    node.put_multicall3()
    token = node.deploy_token("Token", "TOK", supply=10**24)
    node.mine(50)
    return token


@contextlib.asynccontextmanager
async def endpoint_stage(
    folder: Path,
    node: Anvil,
    token: str,
    pems: tuple[Path, Path],
    *,
    number: int,
    servers: int = 1,
    http2: bool = False,
    swapped: bool = False,
    limits: ReplyLimits | None = None,
) -> AsyncIterator[EndpointStage]:
    """Yield a wallet that has read one of two accounts on both networks, and whose balances have grown since.

    `number` makes its accounts its own on a node that several tests share. `servers` of the struck network say the
    same, before one of them is struck. `swapped`: the practice chain is the struck one. `http2`: over TLS.
    """
    clock = FakeClock(wall_s=float(int(node.block()["timestamp"], 16) + 1))
    sleepers = Sleepers(clock)

    async def sleep(seconds: float) -> None:
        await (sleepers.sleep(seconds) if seconds > _SHORT_S else asyncio.sleep(0))

    places: tuple[Place, Place] = (NodePlace(node, token, clock), ScriptPlace(clock))
    struck, calm = places[::-1] if swapped else places
    bugs: list[dict[str, object]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: bugs.append(context))
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(loop.set_exception_handler, None)
        serving: list[ScriptedServer | Http2Server] = []
        for _ in range(servers):
            made = (
                http2_server(pems[0], behind=struck.answer)
                if http2
                else scripted_server(usual=passes_on(struck.answer))
            )
            serving.append(await stack.enter_async_context(made))
        going_on = await stack.enter_async_context(scripted_server(usual=passes_on(calm.answer)))
        networks = (
            replace(struck.network, endpoints=tuple(Endpoint(server.url) for server in serving)),
            replace(calm.network, endpoints=(Endpoint(going_on.url),)),
        )
        outside = replace(
            surrounds(folder, *networks, clock=clock),
            sleep=sleep,
            tokens=lambda: {place.network.id: place.tokens for place in places},
        )
        application = await stack.enter_async_context(wallet(outside))
        client = StruckClient(clock, pems[0], limits or ReplyLimits())
        vars(application)["_client"] = client  # a cached property
        session = await opened(application, networks)
        known, unread = (parse_address(Family.EVM, f"0x{which:08x}{number:032x}") for which in (0xBEEF0001, 0xBEEF0002))
        for label, address in (("Known", known), ("Unread", unread)):
            await session.accounts.add_watch(label, address.text)
        stage = EndpointStage(
            clock, sleepers, struck, calm, serving, client, session, known, unread, *pems, clock.now(), bugs=bugs
        )
        stage.pay_everybody()
        first = await stage.refresh((*stage.keys(struck, known), *stage.keys(calm)))
        assert first.failed == ()
        await stage.pass_time()
        stage.pay_everybody()
        stage.opened = clock.now()
        yield stage


async def opened(application: Application, networks: Sequence[Network]) -> Session:
    """Return the session of a new profile that does nothing by itself."""
    session = await application.create_profile("Main", PASSWORD, without_keyring=True)
    await session.settings.change(preload=False, keep_fresh=False, discover=False)
    await session.catalogue.choose_networks([network.id for network in networks])
    return session


def whole_addresses(text: str) -> list[str]:
    """Return what looks like a whole address."""
    return re.findall(r"0x[0-9a-fA-F]{40}\b", text)
