"""The backup file: every secret under a password of its own, for another home with another keyring. Blocking.

Same kind of file as `vault.json` (canonical JSON with its own digest), but no device secret: the backup's password
alone opens it. What stands in it in clear: format, version, time of making, Argon2id parameters and salt.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

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
from desktop_wallet.core.addresses import parse_address
from desktop_wallet.core.errors import AlreadyThere, NotABackup, WalletError, WrongPassword
from desktop_wallet.core.networks import Family
from desktop_wallet.sealing import KdfParameters, SealBroken, open_sealed, random_salt, seal, stretch, subkey, wipe
from desktop_wallet.vault import shelf
from desktop_wallet.vault.files import (
    FileDamaged,
    canonical,
    decode_file,
    encode_file,
    read_private,
    to_bytes,
    to_text,
    write_private,
)
from desktop_wallet.vault.opening import check_new_password
from desktop_wallet.vault.strongbox import VIEW, Strongbox
from desktop_wallet.vault.wallet_secrets import decode_secret

VERSION: Final = 1
_FORMAT: Final = "desktop-wallet backup"
_SEALED: Final = "sealed"


@dataclass(frozen=True, slots=True)
class BackedUpWallet:
    """A wallet with its accounts; `secret` as `wallet_secrets` encodes it, None for a watched one."""

    wallet: Wallet
    accounts: tuple[Account, ...]
    secret: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class BackupContents:
    """All that a backup file holds."""

    wallets: tuple[BackedUpWallet, ...]


def write_backup(
    box: Strongbox,
    path: Path,
    password: str,
    wallets: Sequence[tuple[Wallet, Sequence[Account]]],
    kdf: KdfParameters,
    *,
    overwrite: bool,
) -> None:
    """Write the backup of these wallets. AlreadyThere for an existing file unless `overwrite`; WeakPassword."""
    check_new_password(password)
    if path.exists() and not overwrite:
        raise AlreadyThere(what="file", name=path.name)
    contents = BackupContents(
        tuple(BackedUpWallet(wallet, tuple(accounts), _secret_of(box, wallet)) for wallet, accounts in wallets)
    )
    data = encode_backup(contents, password, kdf, created_at_s=box.clock.now().wall_s)
    write_private(path, data, box.steps)


def restore_backup(box: Strongbox, path: Path, password: str) -> list[tuple[Wallet, list[Account]]]:
    """Seal the backup's secrets anew into this vault and return what else it holds.

    NotABackup, WrongPassword; AlreadyThere if a wallet of the same id holds another secret. Told twice, it adds
    nothing twice; broken off, it can be told again.
    """
    box.keys.key(VIEW)
    contents = read_backup(path, password)
    for backed_up in contents.wallets:
        if backed_up.secret is not None:
            shelf.add(box, backed_up.wallet.id, decode_secret(backed_up.secret))
    return [(backed_up.wallet, list(backed_up.accounts)) for backed_up in contents.wallets]


def read_backup(path: Path, password: str) -> BackupContents:
    """Return what the file holds. NotABackup ("format", "damaged", "too-new"), WrongPassword or StorageFailure."""
    try:
        data = read_private(path)
    except FileNotFoundError:
        raise NotABackup(problem="format") from None
    return decode_backup(data, password)


def encode_backup(contents: BackupContents, password: str, kdf: KdfParameters, *, created_at_s: float) -> bytes:
    """Return the file's bytes."""
    header = {
        "format": _FORMAT,
        "version": VERSION,
        "created_at_s": created_at_s,
        "kdf": {
            "algorithm": "argon2id",
            "memory_bytes": kdf.memory_bytes,
            "passes": kdf.passes,
            "salt": to_text(random_salt()),
        },
    }
    key = _key(header, password)
    try:
        plain = canonical({"wallets": [_wallet_body(wallet) for wallet in contents.wallets]})
        return encode_file({**header, _SEALED: to_text(seal(key, plain, canonical(header)))})
    finally:
        wipe(key)


def decode_backup(data: bytes, password: str) -> BackupContents:
    """Return what the bytes hold; raises as `read_backup`."""
    try:
        body = decode_file(data)
    except FileDamaged:
        raise NotABackup(problem="damaged" if _FORMAT.encode() in data else "format") from None
    if body.get("format") != _FORMAT:
        raise NotABackup(problem="format")
    if isinstance(body.get("version"), int) and body["version"] > VERSION:
        raise NotABackup(problem="too-new")
    try:
        sealed = to_bytes(body.pop(_SEALED))
        key = _key(body, password)
    except (KeyError, TypeError, ValueError):
        raise NotABackup(problem="damaged") from None
    try:
        plain = open_sealed(key, sealed, canonical(body))
    except SealBroken:
        raise WrongPassword from None
    finally:
        wipe(key)
    try:
        return BackupContents(tuple(_wallet(wallet) for wallet in json.loads(plain)["wallets"]))
    except (KeyError, TypeError, ValueError, WalletError):
        raise NotABackup(problem="damaged") from None


def _key(header: dict[str, Any], password: str) -> bytearray:
    kdf = header["kdf"]
    stretched = stretch(password, to_bytes(kdf["salt"]), KdfParameters(kdf["memory_bytes"], kdf["passes"]))
    try:
        return bytearray(subkey(stretched, "backup"))
    finally:
        wipe(stretched)


def _secret_of(box: Strongbox, wallet: Wallet) -> bytes | None:
    if wallet.kind is WalletKind.WATCH:
        return None
    return shelf.with_secret(box, wallet.id, lambda secret: bytes(secret.encode()))


def _wallet_body(backed_up: BackedUpWallet) -> dict[str, object]:
    wallet = backed_up.wallet
    return {
        "id": wallet.id,
        "label": wallet.label,
        "kind": wallet.kind.value,
        "created_at_s": wallet.created_at_s,
        "scheme": wallet.scheme.name,
        "secret": None if backed_up.secret is None else to_text(backed_up.secret),
        "accounts": [
            {
                "id": account.id,
                "family": account.family.value,
                "address": account.address.text,
                "label": account.label,
                "source": account.source.value,
                "created_at_s": account.created_at_s,
                "path": None if account.path is None else str(account.path),
                "last_active_s": account.last_active_s,
                "is_contract": account.is_contract,
                "hidden": account.hidden,
            }
            for account in backed_up.accounts
        ],
    }


def _wallet(body: dict[str, Any]) -> BackedUpWallet:
    # A wallet that comes from a backup file is backed up.
    wallet = Wallet(
        WalletId(body["id"]),
        body["label"],
        WalletKind(body["kind"]),
        body["created_at_s"],
        backed_up=True,
        scheme=PathScheme[body["scheme"]],
    )
    secret = None if body["secret"] is None else to_bytes(body["secret"])
    if (secret is None) is not (wallet.kind is WalletKind.WATCH):
        raise ValueError("a secret where there is none, or none where there is one")
    if secret is not None:
        decode_secret(secret).wipe()
    return BackedUpWallet(wallet, tuple(_account(wallet.id, account) for account in body["accounts"]), secret)


def _account(wallet: WalletId, body: dict[str, Any]) -> Account:
    family = Family(body["family"])
    return Account(
        id=AccountId(body["id"]),
        wallet=wallet,
        family=family,
        address=parse_address(family, body["address"]),
        label=body["label"],
        source=AccountSource(body["source"]),
        created_at_s=body["created_at_s"],
        path=None if body["path"] is None else DerivationPath.parse(body["path"]),
        last_active_s=body["last_active_s"],
        is_contract=body["is_contract"],
        hidden=body["hidden"],
    )
