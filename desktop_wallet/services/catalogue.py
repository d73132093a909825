"""Networks, servers and tokens: those that ship, those that a person chose, and those added by hand.

Nothing is asked of any server before the person has chosen networks (requirement P8); until then no network is on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin, clean_label, native_asset
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.errors import (
    AlreadyThere,
    InvalidEndpoint,
    NetworkFailure,
    NoEndpointLeft,
    NotAllowed,
    UntrustedReply,
    WrongChain,
)
from desktop_wallet.core.networks import Endpoint, Family, Network, NetworkId

if TYPE_CHECKING:
    from collections.abc import Collection, Coroutine, Mapping, Sequence

    from desktop_wallet.chains.adapter import ChainAdapter, ChainIdentity
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.net.pool import EndpointStatus
    from desktop_wallet.registry.catalogue import StoredCatalogue
    from desktop_wallet.registry.registry import Registry
    from desktop_wallet.services.adapters import Adapters
    from desktop_wallet.services.feed import ChangeFeed

_MAX_HEAD_AGE_BLOCKS = 30
_LEAST_HEAD_AGE_S = 60.0
_LEAST_BLOCK_TIME_S = 0.1
_UNKNOWN = NetworkId("eip155", "0")
"""Stands for a chain whose id is not known yet: no EVM chain has the id 0."""
_SYMBOL_LIMIT = 16
_NAME_LIMIT = 48
_MAX_DECIMALS = 36


class Catalogue:
    """What the profile may ask, whom, and about which assets."""

    def __init__(
        self,
        networks: Sequence[Network],
        tokens: Mapping[NetworkId, tuple[Asset, ...]],
        registry: Registry,
        feed: ChangeFeed,
        *,
        always_chosen: bool,
    ) -> None:
        """Begin with what ships; `always_chosen` is for practice networks, which ask nobody outside."""
        self._shipped = {network.id: network for network in networks}
        self._tokens = tokens
        self._registry = registry
        self._feed = feed
        self._always_chosen = always_chosen
        self._stored: StoredCatalogue
        self._assets: dict[NetworkId, tuple[Asset, ...]] = {}
        # What was removed stays known until the lock: reads of it may be under way.
        self._by_id: dict[AssetId, Asset] = {}
        self._known: dict[NetworkId, Network] = {}
        self._adapters: Adapters
        self.version = 0
        """Rises with every change, so that lists built on this know when they are outdated."""

    async def load(self) -> None:
        """Take what the registry keeps into memory."""
        self._stored = await self._registry.load_catalogue()
        self._assets.clear()
        self._known |= {network.id: network for network in self.networks(enabled_only=False)}
        self._by_id |= {
            asset.id: asset for network in self.networks(enabled_only=False) for asset in self.assets(network.id)
        }
        self.version += 1
        self._feed.publish(ChangeSet(catalogue=True))

    def connect(self, adapters: Adapters) -> None:
        """Take the adapters that checks of servers and tokens go through."""
        self._adapters = adapters

    # What is there

    @property
    def chosen(self) -> bool:
        """Return whether the person has chosen networks at all."""
        return self._always_chosen or self._stored.chosen is not None

    def networks(self, *, enabled_only: bool = True) -> tuple[Network, ...]:
        """Return the networks with the servers in use; only those switched on, unless asked for all."""
        known = {**self._shipped, **{n.id: n for n in self._stored.added_networks}}
        everyone = tuple(replace(n, endpoints=self._stored.endpoints.get(n.id, n.endpoints)) for n in known.values())
        return tuple(n for n in everyone if self.is_enabled(n.id)) if enabled_only else everyone

    def network(self, network: NetworkId) -> Network:
        """Return one network, switched on or not, or removed a moment ago; KeyError if it was never known."""
        return self._known[network]

    def is_enabled(self, network: NetworkId) -> bool:
        """Return whether the network is switched on."""
        return self._always_chosen or network in (self._stored.chosen or ())

    def servers(self, network: NetworkId) -> tuple[Endpoint, ...]:
        """Return the servers of a network that are in use."""
        return self.network(network).endpoints

    def shipped_servers(self, network: NetworkId) -> tuple[Endpoint, ...]:
        """Return the public servers that ship for a network; none for one added by hand."""
        shipped = self._shipped.get(network)
        return shipped.endpoints if shipped else ()

    def assets(self, network: NetworkId) -> tuple[Asset, ...]:
        """Return the coin and the known tokens of a network, hidden ones left out."""
        known = self._assets.get(network)
        if known is None:
            own = tuple(asset for asset in self._stored.tokens if asset.id.network == network)
            listed = tuple(asset for asset in self._tokens.get(network, ()) if asset.id not in {a.id for a in own})
            everything = (native_asset(self.network(network)), *listed, *own)
            known = tuple(asset for asset in everything if asset.id not in self._stored.hidden_tokens)
            self._assets[network] = known
        return known

    def asset(self, asset: AssetId) -> Asset:
        """Return one asset."""
        return self._by_id[asset]

    def decimals(self, asset: AssetId) -> int:
        """Return an asset's decimals; 0 of a token that was removed, which counts base units."""
        known = self._by_id.get(asset)
        return known.decimals if known else 0

    def statuses(self, network: NetworkId) -> tuple[EndpointStatus, ...]:
        """Return how the servers of a network do; empty before the first request."""
        adapter = self._adapters.open().get(network)
        return adapter.endpoint_statuses() if adapter else ()

    # Networks and servers

    async def choose_networks(self, networks: Collection[NetworkId]) -> None:
        """Switch on exactly these networks."""
        known = [n.id for n in self.networks(enabled_only=False)]
        await self._registry.choose_networks([n for n in known if n in networks])
        await self.load()

    async def choose_servers(self, network: NetworkId, servers: Sequence[Endpoint]) -> None:
        """Use exactly these servers for a network; at least one."""
        if not servers:
            raise NotAllowed(why="no-server")
        await self._registry.choose_endpoints(network, servers)
        await self.load()
        self._adapters.rebuild(network)

    async def add_server(self, network: NetworkId, url: str) -> Endpoint:
        """Check that a server speaks for this chain, then put it first; raises InvalidEndpoint, AlreadyThere."""
        endpoint = checked_url(url)
        of = self.network(network)
        if any(server.url == endpoint.url for server in of.endpoints):
            raise AlreadyThere(what="endpoint", name=endpoint.host)
        identity = await self._ask(replace(of, endpoints=(endpoint,)), endpoint)
        if of.chain_hash and identity.chain_hash != of.chain_hash:
            raise InvalidEndpoint(host=endpoint.host, problem="chain-id", expected=of.name, actual="another chain")
        await self.choose_servers(network, (endpoint, *of.endpoints))
        return endpoint

    async def remove_server(self, network: NetworkId, server: Endpoint) -> None:
        """Stop using a server; raises NotAllowed for the last one."""
        await self.choose_servers(network, [s for s in self.servers(network) if s.url != server.url])

    async def add_network(self, name: str, url: str, symbol: str, *, decimals: int = 18, explorer: str = "") -> Network:
        """Ask a server which chain it speaks for, measure its blocks, and add it as a network, switched on.

        Raises InvalidEndpoint, AlreadyThere.
        """
        endpoint = checked_url(url)
        if not 0 <= decimals <= _MAX_DECIMALS:
            raise InvalidEndpoint(host=endpoint.host, problem="reply", expected="0 to 36 decimals", actual=decimals)
        draft = Network(_UNKNOWN, Family.EVM, name, 1.0, _LEAST_HEAD_AGE_S, symbol, symbol, decimals, 60, (endpoint,))
        identity = await self._ask_unknown(draft, endpoint)
        network = NetworkId("eip155", identity.reference)
        if any(n.id == network for n in self.networks(enabled_only=False)):
            raise AlreadyThere(what="network", name=self.network(network).name)
        block_time_s = max(identity.block_time_s, _LEAST_BLOCK_TIME_S)
        added = replace(
            draft,
            id=network,
            name=clean_label(name, limit=_NAME_LIMIT) or f"Chain {identity.reference}",
            native_symbol=clean_label(symbol, limit=_SYMBOL_LIMIT) or "COIN",
            native_name=clean_label(symbol, limit=_SYMBOL_LIMIT) or "Coin",
            block_time_s=block_time_s,
            max_head_age_s=max(_MAX_HEAD_AGE_BLOCKS * block_time_s, _LEAST_HEAD_AGE_S),
            multicall="0xcA11bde05977b3631167028862bE2a173976CA11",
            explorer=explorer,
            added_by_hand=True,
        )
        await self._registry.add_network(added)
        self._adapters.rebuild(network)
        chosen = [n.id for n in self.networks()]
        await self.load()
        await self.choose_networks([*chosen, network])
        return added

    async def remove_network(self, network: NetworkId) -> None:
        """Remove a network that was added by hand."""
        if not self.network(network).added_by_hand:
            raise NotAllowed(why="shipped-network")
        await self._registry.remove_network(network)
        self._adapters.rebuild(network)
        await self.load()

    # Tokens

    async def find_token(self, network: NetworkId, reference: str) -> Asset:
        """Return the token that a contract says it is, without adding it; raises InvalidAddress, InvalidToken."""
        found = await self._adapters.of(network).describe_token(reference)
        if any(asset.id == found.id for asset in self.assets(network)):
            raise AlreadyThere(what="token", name=found.symbol)
        return found

    async def add_token(self, asset: Asset) -> None:
        """Add a token by hand, or take a hidden one in again."""
        if any(known.id == asset.id for known in self._tokens.get(asset.id.network, ())):
            await self._registry.set_token_hidden(asset.id, hidden=False)
        else:
            await self._registry.add_token(replace(asset, origin=AssetOrigin.BY_HAND))
        await self.load()

    async def remove_token(self, asset: AssetId) -> None:
        """Remove a token that was added by hand, or hide one that a list has."""
        if any(known.id == asset for known in self._stored.tokens):
            await self._registry.remove_token(asset)
        else:
            await self._registry.set_token_hidden(asset, hidden=True)
        await self.load()

    async def _ask_unknown(self, draft: Network, endpoint: Endpoint) -> ChainIdentity:
        try:
            return await self._ask(draft, endpoint)
        except InvalidEndpoint as error:
            actual = error.data.get("actual")
            if error.data.get("problem") != "chain-id" or actual is None:
                raise
            return await self._ask(replace(draft, id=NetworkId("eip155", str(actual))), endpoint)

    async def _ask(self, network: Network, endpoint: Endpoint) -> ChainIdentity:
        adapter: ChainAdapter = self._adapters.build(network)
        try:
            return await adapter.identify()
        except WrongChain as error:
            raise _refused(endpoint, "chain-id", network, error.data.get("actual")) from error
        except NoEndpointLeft as error:
            last = error.data.get("last")
            if isinstance(last, WrongChain):
                raise _refused(endpoint, "chain-id", network, last.data.get("actual")) from error
            problem = "reply" if isinstance(last, UntrustedReply) else "unreachable"
            raise InvalidEndpoint(host=endpoint.host, problem=problem) from error
        except NetworkFailure as error:
            raise InvalidEndpoint(host=endpoint.host, problem="unreachable") from error
        except UntrustedReply as error:
            raise InvalidEndpoint(host=endpoint.host, problem="reply") from error


def _refused(endpoint: Endpoint, problem: str, network: Network, actual: object) -> InvalidEndpoint:
    return InvalidEndpoint(host=endpoint.host, problem=problem, expected=network.id.reference, actual=actual)


def checked_url(url: str) -> Endpoint:
    """Return the endpoint that a person typed; InvalidEndpoint unless it is https, or http on this machine or a LAN."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise InvalidEndpoint(host=text[:40], problem="scheme") from error
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise InvalidEndpoint(host=(parts.hostname or text)[:40], problem="scheme")
    return Endpoint(text, operator="added by you", added_by_hand=True)


Found = Callable[["Sequence[Address]"], "Coroutine[None, None, Collection[Address]]"]
"""Picks, from some addresses, those that a question to the networks is answered with."""


def ask_networks(
    catalogue: Catalogue,
    adapters: Adapters,
    question: Callable[[ChainAdapter, Sequence[Address]], Coroutine[None, None, Collection[Address]]],
    *,
    all_must_answer: bool = False,
) -> Found:
    """Return what asks every network that is on, and unites the answers; it raises only if none answers.

    `all_must_answer` is for questions of which a no counts too: then it raises if any network does not answer.
    """

    async def ask(addresses: Sequence[Address]) -> Collection[Address]:
        found: set[Address] = set()
        failures: list[NetworkFailure | UntrustedReply] = []
        networks = catalogue.networks()
        for network in networks:
            try:
                found |= set(await question(adapters.of(network.id), addresses))
            except (NetworkFailure, UntrustedReply) as error:
                failures.append(error)
        if failures and (all_must_answer or len(failures) == len(networks)):
            raise failures[-1]
        return found

    return ask
