"""Wallets and accounts: made, brought in, found, named, backed up and removed.

The registry holds what they are called and which addresses they have; the vault holds what opens them. A wallet's
secret is sealed before its row is written, and its row goes before the secret is removed: a crash between the two
leaves a secret too many, never one too few.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_wallet.core.accounts import (
    Account,
    AccountId,
    AccountSource,
    DerivationPath,
    PathScheme,
    Wallet,
    WalletId,
    WalletKind,
)
from desktop_wallet.core.addresses import display_address, parse_address
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.errors import AlreadyThere, NetworkFailure, NotAllowed, StorageFailure, UntrustedReply
from desktop_wallet.core.networks import Family
from desktop_wallet.vault import phrases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.instants import Clock
    from desktop_wallet.registry.accounts import RegistryStatistics
    from desktop_wallet.registry.interactions import Interaction
    from desktop_wallet.registry.registry import Registry
    from desktop_wallet.services.catalogue import Found
    from desktop_wallet.services.feed import ChangeFeed
    from desktop_wallet.vault.strongbox import SpendProblem
    from desktop_wallet.vault.vault import Vault

_log = logging.getLogger(__name__)

GAP = 5
"""Unused accounts in a row after which the search for used ones ends (BIP-44 says 20; EVM wallets use few)."""
_MOST_ACCOUNTS = 1000


class Accounts:
    """The wallets and accounts of an unlocked profile."""

    def __init__(
        self,
        registry: Registry,
        vault: Vault,
        feed: ChangeFeed,
        clock: Clock,
        *,
        used: Found,
        contracts: Found,
    ) -> None:
        """Build on registry and vault; `used` and `contracts` ask the chosen networks which addresses are that."""
        self._contracts = contracts
        self._registry = registry
        self._vault = vault
        self._feed = feed
        self._clock = clock
        self._used = used
        self._wallets: dict[WalletId, Wallet] = {}
        self._accounts: dict[AccountId, Account] = {}
        self._of_address: dict[Address, AccountId] = {}
        self.version = 0
        """Rises with every change, so that lists built on these know when they are outdated."""

    async def load(self) -> None:
        """Take everything from the registry into memory."""
        wallets, accounts = await self._registry.load_accounts()
        self._wallets = {wallet.id: wallet for wallet in wallets}
        self._accounts = {account.id: account for account in accounts}
        self._of_address = _by_address(self._accounts.values())
        self.version += 1
        self._feed.publish(ChangeSet(accounts=True))

    # What is there

    def wallets(self) -> tuple[Wallet, ...]:
        """Return every wallet in its order."""
        return tuple(self._wallets.values())

    def wallet(self, wallet: WalletId) -> Wallet:
        """Return one wallet."""
        return self._wallets[wallet]

    def accounts(self, wallet: WalletId | None = None) -> tuple[Account, ...]:
        """Return the accounts, hidden ones too, of one wallet or of all."""
        return tuple(a for a in self._accounts.values() if wallet is None or a.wallet == wallet)

    def account_of(self, address: Address) -> Account | None:
        """Return the account with that address: one that can sign before one that is only watched."""
        id_ = self._of_address.get(address)
        return None if id_ is None else self._accounts[id_]

    # New ones

    async def new_phrase(self, words: int) -> str:
        """Return a new BIP-39 phrase of 12 or 24 words; nothing is kept of it."""
        return await self._vault.new_phrase(words)

    def check_phrase(self, text: str) -> str:
        """Return the phrase in its normal form; InvalidPhrase names the place of the wrong word."""
        return phrases.check_phrase(text)

    def complete_word(self, prefix: str) -> tuple[str, ...]:
        """Return the BIP-39 words that begin so."""
        return phrases.complete(prefix)

    async def preview(self, phrase: str, passphrase: str, scheme: PathScheme, count: int) -> list[Address]:
        """Return the first addresses of a phrase, before anything is kept."""
        return await self._vault.addresses_of_phrase(phrase, passphrase, [scheme.path(n) for n in range(count)])

    async def add_phrase(
        self,
        label: str,
        phrase: str,
        *,
        passphrase: str = "",
        scheme: PathScheme = PathScheme.BIP44,
        created: bool,
        discover: bool = False,
    ) -> Wallet:
        """Keep a phrase as a wallet with its first account, and with the used ones where `discover` says so.

        Raises InvalidPhrase, AlreadyThere, KeyringFailure.
        """
        source = AccountSource.CREATED if created else AccountSource.IMPORTED
        [first] = await self.preview(phrase, passphrase, scheme, 1)
        self._refuse_twin(first)
        wallet = replace(self._new_wallet(label, WalletKind.PHRASE, backed_up=not created), scheme=scheme)
        await self._vault.add_phrase_wallet(wallet.id, phrase, passphrase)
        account = self._new_account(wallet, first, source, 1, scheme.path(0))
        await self._keep(wallet, [account])
        if discover:
            await self.discover(wallet.id)
        return wallet

    async def add_key(self, label: str, private_key: str) -> Wallet:
        """Keep a single private key as a wallet; raises InvalidKey, AlreadyThere, KeyringFailure."""
        wallet = self._new_wallet(label, WalletKind.PRIVATE_KEY, backed_up=True)
        address = await self._vault.address_of_key(private_key)
        self._refuse_twin(address)
        await self._vault.add_key_wallet(wallet.id, private_key)
        await self._keep(wallet, [self._new_account(wallet, address, AccountSource.IMPORTED, 1)])
        return wallet

    async def add_watch(self, label: str, address: str) -> Wallet:
        """Keep an address to watch, without any key; raises InvalidAddress, AlreadyThere."""
        parsed = parse_address(Family.EVM, address)
        if self.account_of(parsed):
            raise AlreadyThere(what="account", name=display_address(parsed))
        wallet = self._new_wallet(label, WalletKind.WATCH, backed_up=True)
        await self._keep(wallet, [self._new_account(wallet, parsed, AccountSource.WATCHED, 1)])
        return wallet

    async def add_account(
        self, wallet: WalletId, label: str | None = None, path: DerivationPath | None = None
    ) -> Account:
        """Add the next account of a phrase, or the one at a path; raises NotAllowed, AlreadyThere, VaultLocked."""
        of = self._wallets[wallet]
        if of.kind is not WalletKind.PHRASE:
            raise NotAllowed(why="single-account")
        wanted = path or self._next_path(wallet)
        [address] = await self._vault.derive_addresses(wallet, [wanted])
        if any(a.address == address for a in self.accounts(wallet)):
            raise AlreadyThere(what="account", name=display_address(address))
        number = len(self.accounts(wallet)) + 1
        account = self._new_account(of, address, AccountSource.CREATED, number, wanted, label)
        await self._registry.add_accounts([account])
        self._take([account])
        return account

    async def discover(
        self, wallet: WalletId, *, gap: int = GAP, on_progress: Callable[[int], None] | None = None
    ) -> list[Account]:
        """Find used accounts of a phrase on the chosen networks, add them, and return them.

        Looks `gap` accounts ahead until that many in a row are unused; `on_progress` hears how many were looked at.
        Raises NetworkFailure when no network answers.
        """
        of = self._wallets[wallet]
        if of.kind is not WalletKind.PHRASE:
            raise NotAllowed(why="single-account")
        scheme = of.scheme
        found: list[Account] = []
        looked = 0
        while looked < _MOST_ACCOUNTS:
            paths = [scheme.path(n) for n in range(looked, looked + gap)]
            addresses = await self._vault.derive_addresses(wallet, paths)
            used = set(await self._used(addresses))
            if wallet not in self._wallets:
                break  # it was removed meanwhile
            have = {a.address for a in self.accounts(wallet)}
            looked += gap
            if on_progress:
                on_progress(looked)
            if not used:
                break
            new = [
                self._new_account(of, address, AccountSource.DISCOVERED, scheme_number + 1, path)
                for scheme_number, path, address in zip(range(looked - gap, looked), paths, addresses, strict=True)
                if address in used and address not in have
            ]
            if new:
                await self._registry.add_accounts(new)
                self._take(new)
                found += new
        return found

    async def find_contracts(self) -> None:
        """Keep which watched addresses are contracts; our own keys' are none. A network in the way is no harm."""
        asked = {account.address for account in self._accounts.values() if account.is_contract is None}
        if not asked:
            return
        try:
            found = set(await self._contracts(sorted(asked)))
            for address in asked:
                await self._registry.set_contract(address, is_contract=address in found)
        except (NetworkFailure, UntrustedReply, StorageFailure) as error:
            _log.info("which addresses are contracts is not known yet: %s", type(error).__name__)
            return
        for id_, account in tuple(self._accounts.items()):
            # Others may have come meanwhile, for which nobody was asked.
            if account.is_contract is None and account.address in asked:
                self._accounts[id_] = replace(account, is_contract=account.address in found)

    # What was seen of them

    async def statistics(self) -> RegistryStatistics:
        """Return how many addresses there are, how many are contracts, and how many were active in the last 24 h."""
        return await self._registry.statistics(self._clock.now())

    async def seen(self, address: Address) -> tuple[float | None, tuple[Interaction, ...]]:
        """Return when an address was last active (Unix seconds), and what it was seen to hold, last seen first."""
        return await self._registry.last_active(address), await self._registry.interactions(address)

    # Changes

    async def rename_wallet(self, wallet: WalletId, label: str) -> None:
        """Give a wallet another name."""
        await self._registry.rename_wallet(wallet, label)
        await self.load()

    async def rename_account(self, account: AccountId, label: str) -> None:
        """Give an account another name."""
        await self._registry.rename_account(account, label)
        await self.load()

    async def hide_account(self, account: AccountId, *, hidden: bool) -> None:
        """Leave an account out of the balances, or take it in again."""
        await self._registry.set_hidden(account, hidden=hidden)
        await self.load()

    async def remove_wallet(self, wallet: WalletId) -> None:
        """Remove a wallet with its accounts, and then its secret, for good."""
        kind = self._wallets[wallet].kind
        await self._registry.remove_wallet(wallet)
        await self.load()
        if kind is not WalletKind.WATCH:
            await self._vault.remove_wallet(wallet)

    # Safety

    async def reveal_phrase(self, wallet: WalletId, password: str) -> str:
        """Return a wallet's phrase, for the person's eyes; raises WrongPassword, KeyringFailure."""
        return await self._vault.reveal_phrase(wallet, password)

    async def mark_backed_up(self, wallet: WalletId) -> None:
        """Keep that the person has shown the phrase was written down."""
        await self._registry.mark_backed_up(wallet)
        await self.load()

    async def write_backup(self, path: Path, password: str, *, overwrite: bool = False) -> None:
        """Write every wallet, encrypted under a password of its own, into a file; raises StorageFailure.

        AlreadyThere for a file that is there, unless `overwrite`: then it is replaced as a whole.
        """
        everything = [(w, self.accounts(w.id)) for w in self.wallets()]
        await self._vault.write_backup(path, password, everything, overwrite=overwrite)
        for wallet in self.wallets():
            await self._registry.mark_backed_up(wallet.id)
        await self.load()

    async def restore_backup(self, path: Path, password: str) -> None:
        """Bring in every wallet of a backup file; raises NotABackup, WrongPassword, KeyringFailure.

        Of a wallet that is there already (its secret had vanished from the keyring, say) only accounts are added.
        """
        for wallet, accounts in await self._vault.restore_backup(path, password):
            if wallet.id in self._wallets:
                have = {account.address for account in self.accounts(wallet.id)}
                await self._registry.add_accounts([account for account in accounts if account.address not in have])
            else:
                await self._registry.add_wallet(wallet, accounts)
        await self.load()

    async def change_password(self, old: str, new: str) -> None:
        """Change the profile's password; raises WrongPassword, WeakPassword."""
        await self._vault.change_password(old, new)

    async def retry_keyring(self) -> SpendProblem | None:
        """Try the keyring again and return what is still wrong with it."""
        return (await self._vault.retry_keyring()).spend_problem

    # Within

    def _new_wallet(self, label: str, kind: WalletKind, *, backed_up: bool) -> Wallet:
        name = label.strip() or f"Wallet {len(self._wallets) + 1}"
        return Wallet(WalletId(uuid.uuid4().hex), name, kind, self._clock.now().wall_s, backed_up)

    def _new_account(
        self,
        wallet: Wallet,
        address: Address,
        source: AccountSource,
        number: int,
        path: DerivationPath | None = None,
        label: str | None = None,
    ) -> Account:
        name = (label or "").strip() or f"Account {number}"
        at_s = self._clock.now().wall_s
        return Account(
            AccountId(uuid.uuid4().hex),
            wallet.id,
            address.family,
            address,
            name,
            source,
            at_s,
            path,
            is_contract=None if source is AccountSource.WATCHED else False,
        )

    async def _keep(self, wallet: Wallet, accounts: list[Account]) -> None:
        await self._registry.add_wallet(wallet, accounts)
        self._wallets[wallet.id] = wallet
        self._take(accounts)

    def _take(self, accounts: list[Account]) -> None:
        self._accounts |= {account.id: account for account in accounts}
        self._of_address = _by_address(self._accounts.values())
        self.version += 1
        self._feed.publish(ChangeSet(accounts=True))

    def _refuse_twin(self, address: Address) -> None:
        twin = self.account_of(address)
        if twin is not None and twin.source is not AccountSource.WATCHED:
            raise AlreadyThere(what="wallet", name=self._wallets[twin.wallet].label)

    def _next_path(self, wallet: WalletId) -> DerivationPath:
        scheme = self._wallets[wallet].scheme
        taken = {a.path for a in self.accounts(wallet)}
        return next(path for n in range(_MOST_ACCOUNTS * 10) if (path := scheme.path(n)) not in taken)


def _by_address(accounts: Iterable[Account]) -> dict[Address, AccountId]:
    """Return which account stands for each address: the first that can sign, else the first that is watched."""
    found: dict[Address, AccountId] = {}
    for account in sorted(accounts, key=lambda each: each.source is AccountSource.WATCHED):
        found.setdefault(account.address, account.id)
    return found
