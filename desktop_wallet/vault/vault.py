"""The vault as the rest of the program sees it: async, over one worker thread that alone touches secrets."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from desktop_wallet.core.accounts import Account, DerivationPath, Wallet, WalletId
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.errors import KeyringFailure, PasswordNeeded
from desktop_wallet.core.instants import Clock
from desktop_wallet.core.signing import SignedTransaction, SignTransaction
from desktop_wallet.sealing import DEFAULT_KDF, KdfParameters, subkey
from desktop_wallet.vault import backup, erasing, opening, phrases, shelf
from desktop_wallet.vault.document import DeviceMode, VaultHeader
from desktop_wallet.vault.files import Steps
from desktop_wallet.vault.opening import NewVault, UnlockOutcome
from desktop_wallet.vault.shelf import Tidied
from desktop_wallet.vault.signers import evm
from desktop_wallet.vault.stores import SecretStore
from desktop_wallet.vault.strongbox import SPEND, VIEW, Strongbox
from desktop_wallet.vault.wallet_secrets import KeySecret, PhraseSecret, WalletSecret, key_in, passphrase_in, phrase_in

_T = TypeVar("_T")
_S = TypeVar("_S", PhraseSecret, KeySecret)


def _no_steps(_step: str) -> None:
    """Pass over a step."""


class Vault:
    """One profile's secrets. A caller that is cancelled leaves its work to end in the worker, whole.

    The folder is the profile's own and its name the profile's id. `steps` is told before each step of a change.
    """

    def __init__(self, folder: Path, store: SecretStore, clock: Clock, *, steps: Steps = _no_steps) -> None:
        self._box = Strongbox(folder, store, clock, steps)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vault")
        self._closed = False

    # -- opening and locking ------------------------------------------------------------------------------------

    @property
    def is_unlocked(self) -> bool:
        """Return whether balances can be opened."""
        return self._box.keys.holds(VIEW)

    @property
    def can_spend(self) -> bool:
        """Return whether secrets can be opened too, if need be with the password."""
        box = self._box
        return box.keys.holds(SPEND) or (self.is_unlocked and box.asks and box.problem is None)

    async def create(
        self,
        name: str,
        password: str,
        *,
        kdf: KdfParameters = DEFAULT_KDF,
        device: DeviceMode = DeviceMode.KEYRING,
        practice: bool = False,
    ) -> VaultHeader:
        """Make the vault and unlock it. AlreadyThere, WeakPassword, NotAllowed, KeyringFailure, StorageFailure."""
        chosen, ticket = NewVault(name, kdf, device, practice), self._box.keys.ticket()
        return await self._run(lambda box: opening.create(box, chosen, password, ticket))

    async def unlock(self, password: str) -> UnlockOutcome:
        """Open the vault; a keyring in the way is told in the outcome and hides no balance.

        WrongPassword, VaultMissing, VaultDamaged, VaultTooNew, NotAllowed; VaultLocked if locked meanwhile.
        """
        ticket = self._box.keys.ticket()
        return await self._run(lambda box: opening.unlock(box, password, ticket))

    async def retry_keyring(self) -> UnlockOutcome:
        """Ask the keyring once more, waiting up to a minute for the person to answer its prompt."""
        ticket = self._box.keys.ticket()
        return await self._run(lambda box: opening.retry_keyring(box, ticket))

    def lock(self) -> None:
        """Wipe all keys, at once and from any thread; an unlock under way ends in VaultLocked."""
        self._box.keys.wipe()

    async def close(self) -> None:
        """Lock, end every wait for the keyring, and end the worker when what it began is done."""
        self.lock()
        self._box.store.close()
        if not self._closed:
            self._closed = True
            await self._run(lambda _: None)
            self._worker.shutdown()

    async def change_password(self, old: str, new: str, *, kdf: KdfParameters | None = None) -> None:
        """Change the password. WrongPassword, WeakPassword, or the KeyringFailure that stands in the way."""
        await self._run(lambda box: opening.change_password(box, old, new, kdf))

    async def check_password(self, password: str) -> None:
        """Raise WrongPassword unless this is the vault's password."""
        await self._run(lambda box: opening.check_password(box, password))

    async def renew_device(self, password: str, device: DeviceMode = DeviceMode.KEYRING) -> None:
        """Start over with a new device secret after the old one was lost; every wallet's secret must be given anew."""
        ticket = self._box.keys.ticket()
        await self._run(lambda box: opening.renew_device(box, password, device, ticket))

    async def tidy(self, *, keep: bool = True) -> Tidied:
        """Mend what a crash or a stranger did to the keyring's entries; to be called once after an unlock.

        Unless `keep`, the spend key is forgotten then, whatever was found. VaultLocked, PasswordNeeded.
        """

        def work(box: Strongbox) -> Tidied:
            try:
                return shelf.tidy(box)
            finally:
                if not keep:
                    opening.forget_spend_key(box)

        return await self._run(work)

    # -- asking for the password each time ----------------------------------------------------------------------

    async def forget_spend_key(self) -> None:
        """Wipe the spend key; from then on it is lent only, and what was asked for before is done before. VaultLocked.

        What opens secrets raises PasswordNeeded then, unless it takes the password or stands within `spending`.
        """
        forgotten = self._worker.submit(_leaving_no_trace, opening.forget_spend_key, self._box)
        await asyncio.shield(asyncio.wrap_future(forgotten))  # a caller that is cancelled has said that it should go

    async def keep_spend_key(self, password: str) -> None:
        """Open the spend key and hold it until the lock again. VaultLocked, WrongPassword, KeyringFailure."""
        ticket = self._box.keys.ticket()
        await self._run(lambda box: opening.keep_spend_key(box, password, ticket))

    @asynccontextmanager
    async def spending(self, password: str) -> AsyncIterator[None]:
        """Hold the spend key for the length of a block, and not a moment longer, whatever ends it.

        VaultLocked, WrongPassword, VaultDamaged, KeyringFailure. A lock within the block wipes the key at once. No
        signature is made with a key that was lent so.
        """
        keys = self._box.keys
        ticket, loan = keys.ticket(), keys.new_loan()
        open_it = partial(opening.lend_spend_key, password=password, ticket=ticket, loan=loan)
        opened = self._worker.submit(_leaving_no_trace, open_it, self._box)
        try:
            await asyncio.wrap_future(opened)
            del password, open_it  # the block may take long
            yield
        finally:
            # At once; or, where the caller was cancelled before the key was opened, as soon as it is.
            opened.add_done_callback(lambda _: keys.forget(SPEND, loan=loan))

    async def erase_entries(self) -> KeyringFailure | None:
        """Lock, and take all that is ours out of the keyring, before the profile's folder is removed for good.

        Returns what stood in the way; what is left then opens nothing once the folder is gone.
        """
        self.lock()
        return await self._run(erasing.erase_entries)

    # -- keys for what is kept elsewhere ------------------------------------------------------------------------

    def view_subkey(self, label: str) -> bytes:
        """Return the key of that label under the view key: for the registry, pages and names. VaultLocked."""
        return subkey(self._box.keys.key(VIEW), label)

    # -- wallets ------------------------------------------------------------------------------------------------

    async def new_phrase(self, words: int = 12) -> str:
        """Return a fresh phrase of 12 or 24 words."""
        return await self._run(lambda _: phrases.new_phrase(words))

    async def addresses_of_phrase(self, phrase: str, passphrase: str, paths: Sequence[DerivationPath]) -> list[Address]:
        """Return the address at each path of a phrase that is not kept. InvalidPhrase, NotAllowed."""
        return await self._run(lambda _: _with(PhraseSecret.parse(phrase, passphrase), lambda s: s.addresses(paths)))

    async def address_of_key(self, private_key: str) -> Address:
        """Return the address of a key that is not kept. InvalidKey."""
        return await self._run(lambda _: _with(KeySecret(evm.parse_key(private_key)), lambda s: s.addresses(()))[0])

    async def add_phrase_wallet(self, wallet: WalletId, phrase: str, passphrase: str = "") -> None:
        """Seal and keep a phrase. InvalidPhrase, AlreadyThere, KeyringFailure, StorageFailure."""
        await self._run(lambda box: shelf.add(box, wallet, PhraseSecret.parse(phrase, passphrase)))

    async def add_key_wallet(self, wallet: WalletId, private_key: str) -> Address:
        """Seal and keep a private key in hexadecimal, and return its address. InvalidKey, AlreadyThere."""
        await self._run(lambda box: shelf.add(box, wallet, KeySecret(evm.parse_key(private_key))))
        return (await self.derive_addresses(wallet, ()))[0]

    async def derive_addresses(self, wallet: WalletId, paths: Sequence[DerivationPath]) -> list[Address]:
        """Return the EVM address at each path; with no paths, the one address of a single key."""
        return await self._run(lambda box: shelf.addresses(box, wallet, paths))

    async def sign(self, request: SignTransaction, password: str | None = None) -> SignedTransaction:
        """Sign a transaction with one account's key. VaultLocked, KeyringFailure; NotAllowed ("other-key").

        A password that is given has to be right: WrongPassword. Where the spend key is not kept it is opened with the
        password for this one signature; PasswordNeeded without.
        """
        ticket = self._box.keys.ticket()

        def work(box: Strongbox) -> SignedTransaction:
            if password is not None:
                with opening.confirmed(box, password, ticket):
                    return shelf.sign(box, request)
            if box.asks and box.keys.holds(VIEW):
                raise PasswordNeeded
            return shelf.sign(box, request)

        return await self._run(work)

    async def reveal_phrase(self, wallet: WalletId, password: str) -> str:
        """Return the words, after asking for the password once more. WrongPassword; NotAllowed for a single key."""
        return await self._reveal(wallet, password, phrase_in)

    async def reveal_passphrase(self, wallet: WalletId, password: str) -> str:
        """Return the BIP-39 passphrase, empty if there is none. WrongPassword; NotAllowed for a single key."""
        return await self._reveal(wallet, password, passphrase_in)

    async def reveal_key(self, wallet: WalletId, password: str) -> str:
        """Return a single key in hexadecimal. WrongPassword; NotAllowed for a phrase."""
        return await self._reveal(wallet, password, key_in)

    async def remove_wallet(self, wallet: WalletId) -> None:
        """Forget a wallet's secret, here and in the keyring."""
        await self._run(lambda box: shelf.remove(box, wallet))

    async def wallet_ids(self) -> frozenset[WalletId]:
        """Return the wallets whose secrets are here."""
        return await self._run(shelf.wallet_ids)

    # -- backup -------------------------------------------------------------------------------------------------

    async def write_backup(
        self,
        path: Path,
        password: str,
        wallets: Sequence[tuple[Wallet, Sequence[Account]]],
        *,
        kdf: KdfParameters = DEFAULT_KDF,
        overwrite: bool = False,
    ) -> None:
        """Write an encrypted backup file. AlreadyThere for an existing file unless `overwrite`, WeakPassword."""
        kept = [(wallet, tuple(accounts)) for wallet, accounts in wallets]
        await self._run(lambda box: backup.write_backup(box, path, password, kept, kdf, overwrite=overwrite))

    async def restore_backup(self, path: Path, password: str) -> list[tuple[Wallet, list[Account]]]:
        """Keep the secrets of a backup file; return wallets and accounts. NotABackup, WrongPassword, AlreadyThere."""
        return await self._run(lambda box: backup.restore_backup(box, path, password))

    # -- the worker ---------------------------------------------------------------------------------------------

    async def _reveal(self, wallet: WalletId, password: str, what: Callable[[WalletSecret], str]) -> str:
        ticket = self._box.keys.ticket()

        def work(box: Strongbox) -> str:
            with opening.confirmed(box, password, ticket):
                return shelf.with_secret(box, wallet, what)

        return await self._run(work)

    async def _run(self, work: Callable[[Strongbox], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, _leaving_no_trace, work, self._box)


def _leaving_no_trace(work: Callable[[Strongbox], _T], box: Strongbox) -> _T:
    """Return what the work returns; what it raises keeps its lines but none of its variables: they may be keys."""
    try:
        return work(box)
    except BaseException as raised:
        del work
        error: BaseException | None = raised
        while error is not None:
            traceback.clear_frames(error.__traceback__)
            error = error.__context__
        raise


def _with(secret: _S, use: Callable[[_S], _T]) -> _T:
    try:
        return use(secret)
    finally:
        secret.wipe()
