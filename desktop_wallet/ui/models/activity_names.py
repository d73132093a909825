"""The names in activity: of accounts, networks and assets, of those too that the wallet no longer keeps. No Qt."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from desktop_wallet.core.addresses import shorten
from desktop_wallet.core.assets import Asset, AssetOrigin
from desktop_wallet.core.networks import Family, Network
from desktop_wallet.services.activity import ActivityNames
from desktop_wallet.ui.models.balance_names import AssetWords, BalanceNames, asset_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.ui.models.sources import AccountSource, CatalogueSource


class NamesOfActivity:
    """The names of one session at one moment; made anew when accounts or the catalogue change.

    A token or a network that was removed since is named by its id; a token's amounts are then base units.
    """

    def __init__(
        self,
        accounts: AccountSource,
        catalogue: CatalogueSource,
        found: Callable[[AssetId], Asset | None] = lambda _: None,
    ) -> None:
        """`found` returns what a token calls itself that is in no list of ours."""
        self._found = found
        self._accounts = BalanceNames(accounts, catalogue)
        self._labels = Counter(words.label for words in self._accounts.accounts)
        self._catalogue = catalogue
        self._networks: dict[NetworkId, Network] = {}
        self._assets: dict[AssetId, AssetWords] = {}

    def account(self, address: Address) -> str:
        """Return "Savings · Account 1" for an account of ours, else nothing."""
        number = self._accounts.account_no.get(address.text)
        if number is None:
            return ""
        words = self._accounts.accounts[number]
        return f"{words.wallet_label} · {words.label}"

    def short_account(self, address: Address) -> str:
        """Return "Account 1", with its wallet behind it where others are called so too; nothing for a stranger's."""
        number = self._accounts.account_no.get(address.text)
        if number is None:
            return ""
        words = self._accounts.accounts[number]
        alone = self._labels[words.label] == 1
        return words.label if alone else f"{words.label} · {words.wallet_label}"

    def network(self, network: NetworkId) -> Network:
        """Return a network, or one that has nothing but its id for a name."""
        known = self._networks.get(network)
        if known is None:
            try:
                known = self._catalogue.network(network)
            except KeyError:
                known = _unknown_network(network)
            self._networks[network] = known
        return known

    def asset(self, asset: AssetId) -> AssetWords:
        """Return how rows name an asset."""
        words = self._assets.get(asset)
        if words is None:
            words = self._assets[asset] = asset_words(self._asset(asset), self.network(asset.network))
        return words

    def is_ours(self, asset: AssetId) -> bool:
        """Return whether an asset is one that the wallet keeps balances of."""
        try:
            self._catalogue.asset(asset)
        except KeyError:
            return False
        return True

    def is_known(self, asset: AssetId) -> bool:
        """Return whether the wallet knows an asset, and so its decimals."""
        return self.is_ours(asset) or self._found(asset) is not None

    def for_search(self) -> ActivityNames:
        """Return the names as filters and tables for other programs ask for them."""
        return ActivityNames(
            self.account,
            lambda network: self.network(network).name,
            lambda asset: self.asset(asset).asset if self.is_known(asset) else None,
        )

    def _asset(self, asset: AssetId) -> Asset:
        try:
            return self._catalogue.asset(asset)
        except KeyError:
            unknown = Asset(asset, shorten(asset.reference), "in no list", 0, AssetOrigin.DISCOVERED)
            return self._found(asset) or unknown


def _unknown_network(network: NetworkId) -> Network:
    return Network(network, Family.EVM, str(network), 12.0, 120.0, "?", "", 0, 0)
