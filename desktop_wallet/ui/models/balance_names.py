"""The words of balance rows: who owns a balance, on which network, of which asset, and what a search finds."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.addresses import display_address, shorten
from desktop_wallet.core.assets import AssetOrigin, clean_label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.accounts import Account, Wallet, WalletId
    from desktop_wallet.core.assets import Asset, AssetId
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.networks import Network, NetworkId
    from desktop_wallet.ui.models.sources import AccountSource, CatalogueSource

SYMBOL_LIMIT = 16
NAME_LIMIT = 40
LABEL_LIMIT = 60


class Money(enum.Enum):
    """Whether an asset is worth anything: coins of a test network never add to real ones."""

    REAL = ""
    TEST = "test"
    PRACTICE = "practice"


@dataclass(frozen=True, slots=True)
class Family:
    """Assets whose base units may be added: one coin on several networks.

    Coins and listed tokens of one symbol and equal decimals are one family. Anybody can deploy a token called USDC, so
    one that was added by hand or found is a family of its own, named with the end of its contract's address.
    """

    symbol: str
    decimals: int
    money: Money
    alone: AssetId | None = None

    @property
    def marks(self) -> str:
        """Return what sets the family apart from one of the same symbol: "test", "0x6666…6666", or nothing."""
        marks = [] if self.money is Money.REAL else [self.money.value]
        if self.alone is not None:
            marks.append(shorten(self.alone.reference))
        return " · ".join(marks)

    @property
    def title(self) -> str:
        """Return the family's name for a heading."""
        return f"{self.symbol} · {self.marks}" if self.marks else self.symbol


@dataclass(frozen=True, slots=True)
class AssetWords:
    """An asset as rows show it; symbol and name are fit to show, of any server's making."""

    asset: Asset
    network: Network
    symbol: str
    name: str
    family: Family
    haystack: str

    @property
    def listed(self) -> bool:
        """Return whether the wallet itself vouches for this asset's name."""
        return self.family.alone is None


@dataclass(frozen=True, slots=True)
class AccountWords:
    """An account as rows show it."""

    account: Account
    wallet: Wallet
    label: str
    wallet_label: str
    haystack: str


class BalanceNames:
    """The accounts and assets of a session by number, so that a row needs only two of them."""

    def __init__(self, accounts: AccountSource, catalogue: CatalogueSource) -> None:
        wallets = accounts.wallets()
        self.wallets: dict[WalletId, Wallet] = {wallet.id: wallet for wallet in wallets}
        places = {wallet.id: place for place, wallet in enumerate(wallets)}
        owned = [account for account in accounts.accounts() if account.wallet in self.wallets]
        owned.sort(key=lambda account: places[account.wallet])
        self.accounts = [_account_words(account, self.wallets[account.wallet]) for account in owned]
        self.account_no = {words.account.address.text: no for no, words in enumerate(self.accounts)}
        self.networks: dict[NetworkId, Network] = {network.id: network for network in catalogue.networks()}
        self.assets: list[AssetWords] = []
        self._asset_no: dict[AssetId, int] = {}
        self._asset_no_by_id: dict[int, int] = {}
        self._catalogue = catalogue

    def number(self, keys: Iterable[BalanceKey]) -> tuple[list[BalanceKey], list[int], list[int]]:
        """Return the keys whose account is known, with the numbers of their accounts and assets.

        They come in the accounts' own order: the book begins with whoever was used last, and rows would jump about.
        The keys of one call share their AssetId objects, so an object's identity saves most of the hashing; the
        identities are dropped again at the end, while the keys still hold the objects.
        """
        kept: list[BalanceKey] = []
        account_numbers: list[int] = []
        asset_numbers: list[int] = []
        seen = self._asset_no_by_id
        account_no = self.account_no
        for key in keys:
            account = account_no.get(key.address.text)
            if account is None:
                continue
            asset = seen.get(id(key.asset))
            if asset is None:
                asset = seen[id(key.asset)] = self._number_asset(key.asset)
            kept.append(key)
            account_numbers.append(account)
            asset_numbers.append(asset)
        seen.clear()
        if account_numbers == sorted(account_numbers):
            return kept, account_numbers, asset_numbers
        order = sorted(range(len(kept)), key=account_numbers.__getitem__)
        return [kept[at] for at in order], sorted(account_numbers), [asset_numbers[at] for at in order]

    def _number_asset(self, asset_id: AssetId) -> int:
        number = self._asset_no.get(asset_id)
        if number is None:
            asset = self._catalogue.asset(asset_id)
            network = self.networks.get(asset_id.network) or self._catalogue.network(asset_id.network)
            self.networks.setdefault(network.id, network)
            number = self._asset_no[asset_id] = len(self.assets)
            self.assets.append(asset_words(asset, network))
        return number


def asset_words(asset: Asset, network: Network) -> AssetWords:
    """Return how rows name the asset."""
    symbol = clean_label(asset.symbol, limit=SYMBOL_LIMIT) or "?"
    name = clean_label(asset.name, limit=NAME_LIMIT)
    money = Money.PRACTICE if network.practice else Money.TEST if network.testnet else Money.REAL
    listed = asset.origin in (AssetOrigin.NATIVE, AssetOrigin.LIST)
    if asset.origin is AssetOrigin.NATIVE and network.added_by_hand:
        listed = False
    family = Family(symbol, asset.decimals, money, None if listed else asset.id)
    haystack = "\n".join((symbol, name, asset.id.reference, network.name, str(network.id))).casefold()
    return AssetWords(asset, network, symbol, name, family, haystack)


def _account_words(account: Account, wallet: Wallet) -> AccountWords:
    label = clean_label(account.label, limit=LABEL_LIMIT) or shorten(display_address(account.address))
    wallet_label = clean_label(wallet.label, limit=LABEL_LIMIT) or "Wallet"
    haystack = f"{label}\n{wallet_label}\n{account.address.text}".casefold()
    return AccountWords(account, wallet, label, wallet_label, haystack)
