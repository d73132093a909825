"""One adapter a network, built when the network is first asked and built anew when its servers change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.chains.evm.adapter import EvmAdapter
from desktop_wallet.core.networks import Family
from desktop_wallet.net.pool import EndpointPool
from desktop_wallet.net.push import Pusher

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from desktop_wallet.chains.adapter import ChainAdapter
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.core.networks import Network, NetworkId
    from desktop_wallet.net.client import HttpClient


class Adapters:
    """The adapters of a session, over one HTTP client."""

    def __init__(
        self,
        client: HttpClient,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
        network_of: Callable[[NetworkId], Network],
        decimals_of: Callable[[AssetId], int],
        requests_per_min: int,
    ) -> None:
        """Hold what every adapter needs; nothing connects yet."""
        self._client = client
        self._clock = clock
        self._sleep = sleep
        self._network_of = network_of
        self._decimals_of = decimals_of
        self._requests_per_min = requests_per_min
        self._open: dict[NetworkId, ChainAdapter] = {}

    def of(self, network: NetworkId) -> ChainAdapter:
        """Return the adapter of a network."""
        adapter = self._open.get(network)
        if adapter is None:
            adapter = self._open[network] = self.build(self._network_of(network))
        return adapter

    def build(self, network: Network) -> ChainAdapter:
        """Return a new adapter for a network that may not be among ours yet (to check it before it is added)."""
        if network.family is not Family.EVM:
            msg = f"no code for the {network.family.value} family yet"
            raise ValueError(msg)
        pool = EndpointPool(network, self._client, self._clock, self._sleep, requests_per_min=self._requests_per_min)
        return EvmAdapter(network, pool, self._decimals_of, self._clock, Pusher(self._client, self._clock))

    def open(self) -> Mapping[NetworkId, ChainAdapter]:
        """Return the adapters that were used so far."""
        return self._open

    def rebuild(self, network: NetworkId) -> None:
        """Forget a network's adapter: its servers changed. Reads under way end with the old one."""
        self._open.pop(network, None)
