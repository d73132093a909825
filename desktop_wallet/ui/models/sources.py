"""What the models ask of a session: the few names of the services that rows are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.accounts import Account, Wallet, WalletId
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import Asset, AssetId
    from desktop_wallet.core.balances import BalanceKey, BalanceState
    from desktop_wallet.core.freshness import Badge
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import Network, NetworkId
    from desktop_wallet.core.prices import Currency, Price


class AccountSource(Protocol):
    """The wallets and accounts of a profile, from memory."""

    def wallets(self) -> tuple[Wallet, ...]:
        """Return the wallets in the person's order."""
        ...

    def accounts(self, wallet: WalletId | None = None) -> tuple[Account, ...]:
        """Return the accounts, of one wallet or of all."""
        ...


class CatalogueSource(Protocol):
    """The chosen networks and the assets known on them, from memory."""

    def networks(self, *, enabled_only: bool = True) -> tuple[Network, ...]:
        """Return the networks in the order of the catalogue."""
        ...

    def network(self, network: NetworkId, /) -> Network:
        """Return one network."""
        ...

    def asset(self, asset: AssetId, /) -> Asset:
        """Return one asset."""
        ...


class BalanceSource(Protocol):
    """What is held of every balance, from memory."""

    def keys(self, *, account: Address | None = None, network: NetworkId | None = None) -> tuple[BalanceKey, ...]:
        """Return every balance: accounts by chosen networks by assets."""
        ...

    def state(self, key: BalanceKey, /) -> BalanceState:
        """Return what is held; a balance never read has no reading."""
        ...

    def badge(self, key: BalanceKey, page_opened: Instant | None, /) -> Badge:
        """Return the badge of a balance on a page opened at that instant."""
        ...

    def badges(self, keys: Iterable[BalanceKey], page_opened: Instant | None, /) -> list[Badge]:
        """Return the badges of balances, all at one moment."""
        ...


class PriceView(Protocol):
    """What coins cost, from memory."""

    @property
    def currency(self) -> Currency | None:
        """The currency that was chosen; None while prices are off."""
        ...

    @property
    def playing(self) -> bool:
        """Whether the prices are made up in this program."""
        ...

    def price(self, asset: AssetId, /) -> Price | None:
        """Return what an asset costs, None if nobody knows."""
        ...

    def is_outdated(self, price: Price, /) -> bool:
        """Return whether a price is older than it should be."""
        ...
