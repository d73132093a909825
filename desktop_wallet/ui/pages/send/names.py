"""What a send may name: accounts that can pay, networks, assets, and who is known. From memory, fit to show. No Qt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from desktop_wallet.core.accounts import WalletKind
from desktop_wallet.core.addresses import display_address, shorten
from desktop_wallet.core.amounts import Amount, shown_text
from desktop_wallet.core.assets import Asset, clean_label
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.cautions import PaidBefore
from desktop_wallet.ui.models.balance_names import LABEL_LIMIT, SYMBOL_LIMIT, AssetWords, asset_words

if TYPE_CHECKING:
    from desktop_wallet.core.accounts import Account
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.networks import Network, NetworkId
    from desktop_wallet.services.session import Session

_LONG_WORD = re.compile(r"\S{24}")
_WATCHED = "only watched, no key here"
_NO_KEY = "its key is not here"


class Names(Protocol):
    """Who and what can be named in a review."""

    def account(self, address: Address) -> str:
        """Return "Savings · Account 1" for an account of ours, else nothing."""
        ...

    def asset(self, asset: AssetId) -> AssetWords | None:
        """Return the words of an asset that the wallet knows."""
        ...

    def paid(self, address: Address) -> PaidBefore:
        """Return how often an address was paid."""
        ...


class Nameless:
    """Knows nobody: for a review that is shown without a session."""

    def account(self, address: Address) -> str:  # noqa: ARG002 - it knows nobody
        """Return nothing."""
        return ""

    def asset(self, asset: AssetId) -> AssetWords | None:  # noqa: ARG002 - it knows nothing
        """Return nothing."""
        return None

    def paid(self, address: Address) -> PaidBefore:  # noqa: ARG002 - it knows nobody
        """Return that nobody was paid."""
        return PaidBefore()


@dataclass(frozen=True, slots=True)
class Payer:
    """An account to send from; `why_not` says why it cannot, empty if it can."""

    account: Account
    name: str
    why_not: str = ""


class SendNames:
    """The names of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def payers(self) -> list[Payer]:
        """Return the accounts that are not hidden, those that can sign first."""
        session = self._session
        kinds = {wallet.id: wallet.kind for wallet in session.accounts.wallets()}
        payers = []
        for account in session.accounts.accounts():
            if account.hidden or account.wallet not in kinds:
                continue
            why_not = ""
            if not session.sending.can_send(account):
                why_not = _WATCHED if kinds[account.wallet] is WalletKind.WATCH else _NO_KEY
            payers.append(Payer(account, self.account(account.address), why_not))
        return sorted(payers, key=lambda payer: bool(payer.why_not))

    def networks(self, account: Account) -> list[Network]:
        """Return the chosen networks on which an account can pay."""
        return [known for known in self._session.catalogue.networks() if known.family is account.family]

    def assets(self, sender: Address, network: NetworkId) -> list[AssetWords]:
        """Return the assets of a network: the coin, what the sender has, then the rest."""
        known = [words for asset in self._session.catalogue.assets(network) if (words := self.asset(asset.id))]

        def rank(words: AssetWords) -> tuple[bool, bool]:
            reading = self._session.balances.state(BalanceKey(network, sender, words.asset.id)).reading
            return not words.asset.id.is_native, reading is not None and not reading.amount

        return sorted(known, key=rank)

    def account(self, address: Address) -> str:
        """Return "Savings · Account 1" for an account of ours, else nothing."""
        session = self._session
        account = session.accounts.account_of(address)
        if account is None:
            return ""
        wallet = next((known.label for known in session.accounts.wallets() if known.id == account.wallet), "")
        label = clean_label(account.label, limit=LABEL_LIMIT) or shorten(display_address(address))
        return f"{clean_label(wallet, limit=LABEL_LIMIT) or 'Wallet'} · {label}"

    def asset(self, asset: AssetId) -> AssetWords | None:
        """Return the words of an asset that the wallet knows."""
        try:
            return asset_words(self._session.catalogue.asset(asset), self._session.catalogue.network(asset.network))
        except KeyError:
            return None

    def paid(self, address: Address) -> PaidBefore:
        """Return how often an address was paid."""
        return self._session.transfers.paid(address)


def breakable(text: str) -> str:
    """Return a text whose long words may be broken: nobody's name or reason makes a review wider than its window."""
    return _LONG_WORD.sub("\\g<0>\u200b", text)


def whole(text: str) -> str:
    """Return a text without the places to break that `breakable` put in: for the clipboard and for screen readers."""
    return text.replace("\u200b", "")


def symbol(asset: Asset) -> str:
    """Return the symbol of an asset, fit to show."""
    return clean_label(asset.symbol, limit=SYMBOL_LIMIT) or "?"


def money(base_units: int, asset: Asset, *, max_places: int | None = None, signed: bool = False) -> str:
    """Return an amount with its symbol: "0.25 ETH"."""
    return f"{shown_text(Amount(base_units, asset.decimals), max_places=max_places, signed=signed)} {symbol(asset)}"
