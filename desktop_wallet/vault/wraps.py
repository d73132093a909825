"""The two wrapped keys: which password and which device open them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from desktop_wallet.core.errors import DeviceSecretChanged, VaultDamaged, WrongPassword
from desktop_wallet.sealing import KEY_BYTES, SealBroken, open_sealed, random_key, seal, stretch, subkey, wipe
from desktop_wallet.vault.document import VAULT_FILE, VaultDocument, VaultHeader
from desktop_wallet.vault.files import to_bytes

_VIEW: Final = "view"
_SPEND: Final = "spend"
_FINGERPRINT_BYTES: Final = 16


@dataclass(slots=True, eq=False, repr=False)
class PasswordKeys:
    """What a password alone gives: the key around the view key, and half of the one around the spend key."""

    around_view: bytearray
    spend_half: bytearray

    def wipe(self) -> None:
        """Overwrite both."""
        wipe(self.around_view)
        wipe(self.spend_half)


def password_keys(password: str, header: VaultHeader) -> PasswordKeys:
    """Return what the password gives under the header's Argon2id parameters. Takes their time."""
    stretched = stretch(password, header.salt, header.kdf)
    try:
        return PasswordKeys(bytearray(subkey(stretched, _VIEW)), bytearray(subkey(stretched, "spend half")))
    finally:
        wipe(stretched)


def wrap(
    header: VaultHeader,
    keys: PasswordKeys,
    device: bytes | bytearray,
    *,
    view: bytes | bytearray,
    spend: bytes | bytearray,
) -> VaultDocument:
    """Return a document without secrets that holds both keys wrapped. `device` is empty without a device secret."""
    return VaultDocument(
        header=header,
        view_wrap=seal(keys.around_view, view, header.associated(_VIEW)),
        spend_wrap=seal(subkey(keys.spend_half, _SPEND, device), spend, header.associated(_SPEND)),
        secrets={},
    )


def open_view(document: VaultDocument, keys: PasswordKeys) -> bytes:
    """Return the view key; WrongPassword, since damage was ruled out when the file was read."""
    try:
        return open_sealed(keys.around_view, document.view_wrap, document.header.associated(_VIEW))
    except SealBroken:
        raise WrongPassword from None


def open_spend(document: VaultDocument, spend_half: bytes | bytearray, device: bytes | bytearray) -> bytes:
    """Return the spend key; VaultDamaged if right password and right device secret do not open it."""
    around = subkey(spend_half, _SPEND, device)
    try:
        return open_sealed(around, document.spend_wrap, document.header.associated(_SPEND))
    except SealBroken:
        raise VaultDamaged(name=VAULT_FILE) from None


def new_device_secret() -> bytearray:
    """Return 32 random bytes for the keyring."""
    return random_key()


def fingerprint(device: bytes | bytearray) -> str:
    """Return what the header remembers of a device secret, which is too random to be found from it."""
    return subkey(device, "fingerprint")[:_FINGERPRINT_BYTES].hex()


def check_device_secret(header: VaultHeader, text: str, backend: str) -> bytes:
    """Return the device secret in a keyring entry; DeviceSecretChanged if it is not the one of this vault."""
    try:
        device = to_bytes(text)
    except ValueError:
        device = b""
    if len(device) != KEY_BYTES or fingerprint(device) != header.device_fingerprint:
        raise DeviceSecretChanged(backend=backend)
    return device
