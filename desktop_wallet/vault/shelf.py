"""The wallets' secrets: sealed and kept, opened for a moment, removed, tidied. Blocking."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from desktop_wallet.core.accounts import DerivationPath, WalletId
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.errors import (
    AlreadyThere,
    KeyringFailure,
    NotAllowed,
    StorageFailure,
    VaultDamaged,
)
from desktop_wallet.core.signing import SignedTransaction, SignTransaction
from desktop_wallet.sealing import SealBroken, open_sealed, seal, wipe
from desktop_wallet.vault.document import (
    VAULT_FILE,
    StoredSecret,
    VaultDocument,
    decode_document,
    secret_associated,
)
from desktop_wallet.vault.files import discard_unfinished, to_bytes, to_text
from desktop_wallet.vault.signers import evm
from desktop_wallet.vault.strongbox import VIEW, Strongbox, bare, new_entry
from desktop_wallet.vault.wallet_secrets import WalletSecret, decode_secret

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many copies of a secret were written again, and how many left-over keyring entries deleted."""

    mended: int
    deleted: int
    problem: KeyringFailure | StorageFailure | None = None


def wallet_ids(box: Strongbox) -> frozenset[WalletId]:
    """Return the wallets whose secrets are here."""
    return frozenset(box.read().secrets)


def add(box: Strongbox, wallet: WalletId, secret: WalletSecret) -> None:
    """Seal and keep a secret, and wipe it. AlreadyThere if the wallet has another one; the same one is no fault."""
    plain = secret.encode()
    try:
        _add(box, wallet, plain)
    finally:
        secret.wipe()
        wipe(plain)


def _add(box: Strongbox, wallet: WalletId, plain: bytearray) -> None:
    spend = box.spend_key()
    document = box.read()
    associated = secret_associated(document.header.profile, wallet)
    if wallet in document.secrets:
        if _opens(spend, document.secrets[wallet].sealed, associated, to=plain):
            return
        raise AlreadyThere(what="wallet", name=wallet)
    stored = StoredSecret(new_entry() if document.header.has_device_secret else "", seal(spend, plain, associated))
    if stored.entry:
        # Named in the file before it exists, so that a crash leaves nothing in the keyring that nobody knows of.
        box.write(replace(document, stale_entries=(*document.stale_entries, stored.entry)))
        box.write_entry(stored.entry, to_text(stored.sealed))

    def verify(written: bytes) -> None:
        if not _opens(spend, decode_document(written).secrets[wallet].sealed, associated, to=plain):
            raise StorageFailure(name=VAULT_FILE, problem="read-back")

    box.write(replace(document, secrets={**document.secrets, wallet: stored}), verify)


def remove(box: Strongbox, wallet: WalletId) -> None:
    """Forget a wallet's secret. Without the keyring its copy there waits for `tidy`, and for nothing else."""
    box.keys.key(VIEW)
    document = box.read()
    stored = document.secrets.get(wallet)
    if stored is None:
        return
    secrets = {name: kept for name, kept in document.secrets.items() if name != wallet}
    stale = (*document.stale_entries, stored.entry) if stored.entry else document.stale_entries
    box.write(replace(document, secrets=secrets, stale_entries=stale))
    if stored.entry:
        with contextlib.suppress(KeyringFailure):  # it stays among the stale entries
            box.delete_stale(stored.entry)


def with_secret(box: Strongbox, wallet: WalletId, use: Callable[[WalletSecret], _T]) -> _T:
    """Return what `use` makes of the plain secret, which is wiped afterwards.

    VaultLocked, PasswordNeeded, the KeyringFailure that the unlock met, NotAllowed ("no-secret"), or VaultDamaged if
    no copy opens.
    """
    spend = box.spend_key()
    document = box.read()
    stored = document.secrets.get(wallet)
    if stored is None:
        raise NotAllowed(why="no-secret")
    associated = secret_associated(document.header.profile, wallet)
    plain = open_copy(spend, stored.sealed, associated)
    if plain is None:
        plain = open_copy(spend, _copy_in_keyring(box, stored), associated)
    if plain is None:
        raise VaultDamaged(name=VAULT_FILE)
    try:
        secret = decode_secret(plain)
    finally:
        wipe(plain)
    try:
        return use(secret)
    finally:
        secret.wipe()


def addresses(box: Strongbox, wallet: WalletId, paths: Sequence[DerivationPath]) -> list[Address]:
    """Return the address at each path; a single key has one address and takes no paths."""
    return with_secret(box, wallet, lambda secret: secret.addresses(paths))


def sign(box: Strongbox, request: SignTransaction) -> SignedTransaction:
    """Return the signed transaction; NotAllowed ("other-key") if the key at that path is not the sender's."""

    def use(secret: WalletSecret) -> SignedTransaction:
        key = secret.signing_key(request.path)
        try:
            if evm.address_of_key(key) != request.sender:
                raise NotAllowed(why="other-key")
            return evm.sign_transaction(key, request.transaction)
        finally:
            wipe(key)

    return with_secret(box, request.wallet, use)


def tidy(box: Strongbox) -> Tidied:
    """Delete left-over entries and files, and write again the copy of a secret that is missing or broken.

    Raises VaultLocked and PasswordNeeded only: what else stands in the way is told as `problem`, harms nothing, and is
    mended the next time.
    """
    box.keys.key(VIEW)
    mended = deleted = 0
    try:
        spend = box.spend_key()
        discard_unfinished(box.folder / VAULT_FILE)
        document = box.read()
        for entry in document.stale_entries:
            box.delete_stale(entry)
            deleted += 1
        for wallet in document.secrets:
            mended += _mend(box, spend, wallet)
    except (KeyringFailure, StorageFailure) as problem:
        return Tidied(mended, deleted, bare(problem))
    return Tidied(mended, deleted)


def _mend(box: Strongbox, spend: bytes, wallet: WalletId) -> bool:
    document: VaultDocument = box.read()
    stored = document.secrets[wallet]
    if not stored.entry:
        return False
    associated = secret_associated(document.header.profile, wallet)
    copy = _copy_in_keyring(box, stored)
    in_file, in_keyring = _opens(spend, stored.sealed, associated), _opens(spend, copy, associated)
    if in_file and not in_keyring:
        box.write_entry(stored.entry, to_text(stored.sealed))
    elif in_keyring and not in_file:
        box.write(replace(document, secrets={**document.secrets, wallet: replace(stored, sealed=copy)}))
    return in_file is not in_keyring


def _copy_in_keyring(box: Strongbox, stored: StoredSecret) -> bytes:
    """Return the sealed copy in the keyring; empty, which opens with no key, if there is none."""
    text = box.store.get(stored.entry) if stored.entry else None
    try:
        return to_bytes(text or "")
    except ValueError:
        return b""


def _opens(spend: bytes, sealed: bytes, associated: bytes, *, to: bytearray | None = None) -> bool:
    """Return whether a copy opens, and to this plain secret where one is given."""
    plain = open_copy(spend, sealed, associated)
    if plain is None:
        return False
    same = to is None or plain == to
    wipe(plain)
    return same


def open_copy(spend: bytes, sealed: bytes, associated: bytes) -> bytearray | None:
    """Return the plain secret, for the caller to wipe; None if this copy does not open."""
    try:
        return bytearray(open_sealed(spend, sealed, associated))
    except SealBroken:
        return None
