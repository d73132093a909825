"""The list of every balance of a profile: accounts × networks that are on × assets known there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.core.balances import BalanceKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.invalidation import Scope
    from desktop_wallet.core.networks import Family, Network, NetworkId
    from desktop_wallet.services.accounts import Accounts
    from desktop_wallet.services.catalogue import Catalogue


class Book:
    """Keys, made once and kept until accounts or the catalogue change: most recently used accounts come first."""

    def __init__(self, accounts: Accounts, catalogue: Catalogue) -> None:
        """Build on both lists."""
        self._accounts = accounts
        self._catalogue = catalogue
        self._keys: tuple[BalanceKey, ...] = ()
        self._known: frozenset[BalanceKey] | None = None
        self._networks: dict[NetworkId, Network] = {}
        self._built_for = (-1, -1)

    def keys(self, *, account: Address | None = None, network: NetworkId | None = None) -> tuple[BalanceKey, ...]:
        """Return all keys, or those of one address, of one network, or both."""
        self._bring_up_to_date()
        if account is None and network is None:
            return self._keys
        return tuple(
            key
            for key in self._keys
            if (account is None or key.address == account) and (network is None or key.network == network)
        )

    def within(self, scopes: Iterable[Scope]) -> list[BalanceKey]:
        """Return the keys that lie within any of these scopes, each once."""
        scopes = tuple(scopes)
        named = [
            BalanceKey(scope.network, scope.address, scope.asset)
            for scope in scopes
            if scope.network is not None and scope.address is not None and scope.asset is not None
        ]
        if len(named) < len(scopes):
            return [key for key in self.keys() if any(scope.matches(key) for scope in scopes)]
        self._bring_up_to_date()
        if self._known is None:
            self._known = frozenset(self._keys)
        return [key for key in dict.fromkeys(named) if key in self._known]

    def network(self, network: NetworkId) -> Network:
        """Return one network; from memory, since every badge asks."""
        self._bring_up_to_date()
        found = self._networks.get(network)
        if found is None:
            found = self._networks[network] = self._catalogue.network(network)
        return found

    def is_on(self, network: NetworkId) -> bool:
        """Return whether the network is there and switched on: of others nothing is asked."""
        return any(each.id == network for each in self._catalogue.networks())

    def _bring_up_to_date(self) -> None:
        versions = (self._accounts.version, self._catalogue.version)
        if versions != self._built_for:
            self._built_for = versions
            self._networks.clear()
            self._keys, self._known = self._build(), None

    def _build(self) -> tuple[BalanceKey, ...]:
        shown = [account for account in self._accounts.accounts() if not account.hidden]
        shown.sort(key=lambda account: account.last_active_s or 0.0, reverse=True)
        addresses = dict.fromkeys(account.address for account in shown)
        assets: dict[Family, list[tuple[NetworkId, list[AssetId]]]] = {}
        for network in self._catalogue.networks():
            known = [asset.id for asset in self._catalogue.assets(network.id)]
            assets.setdefault(network.family, []).append((network.id, known))
        return tuple(
            BalanceKey(network_id, address, asset)
            for address in addresses
            for network_id, known in assets.get(address.family, ())
            for asset in known
        )
