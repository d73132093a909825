"""`vault.json`: what stands in it and how it is read."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from desktop_wallet.core.accounts import ProfileId, WalletId
from desktop_wallet.core.errors import VaultDamaged, VaultMissing, VaultTooNew
from desktop_wallet.sealing import SALT_BYTES, KdfParameters
from desktop_wallet.vault.files import (
    FileDamaged,
    canonical,
    decode_file,
    encode_file,
    read_private,
    to_bytes,
    to_text,
)

VAULT_FILE: Final = "vault.json"
VERSION: Final = 1
_FORMAT: Final = "desktop-wallet vault"


class DeviceMode(enum.Enum):
    """Whether opening secrets takes the keyring of this device."""

    KEYRING = "keyring"
    NONE = "none"
    """Chosen knowingly where there is no keyring: then the password and the files alone open everything."""


@dataclass(frozen=True, slots=True)
class VaultHeader:
    """What can be read without the password; all of it is associated data of both wrapped keys."""

    profile: ProfileId
    name: str
    created_at_s: float
    practice: bool
    device: DeviceMode
    device_entry: str
    """The device secret's name in the keyring; empty without one."""
    device_fingerprint: str
    """Tells whether the keyring still holds the device secret this vault was made with; empty without one."""
    kdf: KdfParameters
    salt: bytes

    @property
    def has_device_secret(self) -> bool:
        """Return whether opening secrets takes this device's keyring."""
        return self.device is DeviceMode.KEYRING

    def associated(self, what: str) -> bytes:
        """Return the associated data of a wrapped key ("view" or "spend")."""
        return canonical({"header": _header_body(self), "what": what})


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A wallet's sealed secret and the name of its copy in the keyring (empty without one)."""

    entry: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class VaultDocument:
    """The whole file. `stale_entries` name what may lie in the keyring though nothing refers to it any more."""

    header: VaultHeader
    view_wrap: bytes
    spend_wrap: bytes
    secrets: dict[WalletId, StoredSecret]
    stale_entries: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """Return the file's bytes."""
        return encode_file(
            {
                **_header_body(self.header),
                "view_wrap": to_text(self.view_wrap),
                "spend_wrap": to_text(self.spend_wrap),
                "secrets": {
                    name: {"entry": secret.entry, "sealed": to_text(secret.sealed)}
                    for name, secret in self.secrets.items()
                },
                "stale_entries": list(self.stale_entries),
            }
        )


def secret_associated(profile: ProfileId, wallet: WalletId) -> bytes:
    """Return the associated data of a wallet's secret: version, profile, what it is, its name."""
    return canonical({"version": VERSION, "profile": profile, "what": "wallet", "name": wallet})


def decode_document(data: bytes) -> VaultDocument:
    """Return the file's content; VaultDamaged or VaultTooNew."""
    try:
        body = decode_file(data)
    except FileDamaged:
        raise VaultDamaged(name=VAULT_FILE) from None
    if body.get("format") == _FORMAT and isinstance(body.get("version"), int) and body["version"] > VERSION:
        raise VaultTooNew(name=VAULT_FILE, found=body["version"], known=VERSION)
    try:
        document = _document(body)
        if document.encode() != data:
            raise ValueError("fields of no known version")
    except (AttributeError, KeyError, TypeError, ValueError):
        raise VaultDamaged(name=VAULT_FILE) from None
    return document


def read_document(folder: Path) -> VaultDocument:
    """Return the content of a folder's vault; VaultMissing, VaultDamaged, VaultTooNew or StorageFailure."""
    try:
        return decode_document(read_private(folder / VAULT_FILE))
    except FileNotFoundError:
        raise VaultMissing(name=VAULT_FILE) from None


def read_header(folder: Path) -> VaultHeader:
    """Return what the unlock page shows of a profile before the password; raises as `read_document`."""
    return read_document(folder).header


def exists(folder: Path) -> bool:
    """Return whether a vault lies in the folder."""
    return (folder / VAULT_FILE).is_file()


def _header_body(header: VaultHeader) -> dict[str, object]:
    return {
        "format": _FORMAT,
        "version": VERSION,
        "profile": header.profile,
        "name": header.name,
        "created_at_s": header.created_at_s,
        "practice": header.practice,
        "device": header.device.value,
        "device_entry": header.device_entry,
        "device_fingerprint": header.device_fingerprint,
        "kdf": {
            "algorithm": "argon2id",
            "memory_bytes": header.kdf.memory_bytes,
            "passes": header.kdf.passes,
            "salt": to_text(header.salt),
        },
    }


def _document(body: dict[str, Any]) -> VaultDocument:
    kdf = body["kdf"]
    salt = to_bytes(kdf["salt"])
    if len(salt) != SALT_BYTES:
        raise ValueError("salt of another length")
    header = VaultHeader(
        profile=ProfileId(_text(body["profile"])),
        name=_text(body["name"]),
        created_at_s=float(body["created_at_s"]),
        practice=_flag(body["practice"]),
        device=DeviceMode(body["device"]),
        device_entry=_text(body["device_entry"]),
        device_fingerprint=_text(body["device_fingerprint"]),
        kdf=KdfParameters(_whole(kdf["memory_bytes"]), _whole(kdf["passes"])),
        salt=salt,
    )
    return VaultDocument(
        header=header,
        view_wrap=to_bytes(body["view_wrap"]),
        spend_wrap=to_bytes(body["spend_wrap"]),
        secrets={
            WalletId(name): StoredSecret(_text(secret["entry"]), to_bytes(secret["sealed"]))
            for name, secret in body["secrets"].items()
        },
        stale_entries=tuple(_text(entry) for entry in body["stale_entries"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not a flag")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a whole number")
    return value
