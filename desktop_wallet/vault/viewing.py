"""The keys under the view key, for one look: neither the keyring nor any secret is touched. Blocking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.sealing import subkey
from desktop_wallet.vault import wraps
from desktop_wallet.vault.document import read_document

if TYPE_CHECKING:
    from pathlib import Path


def view_subkey(folder: Path, password: str, label: str) -> bytes:
    """Return the key of that label under the view key of the vault in a folder.

    Raises WrongPassword, VaultMissing, VaultDamaged, VaultTooNew, StorageFailure. Takes Argon2id's time.
    """
    document = read_document(folder)
    keys = wraps.password_keys(password, document.header)
    try:
        return subkey(wraps.open_view(document, keys), label)
    finally:
        keys.wipe()
