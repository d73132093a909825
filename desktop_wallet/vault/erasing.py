"""Takes a profile's entries out of the keyring before its folder is removed. Blocking; needs no password."""

from __future__ import annotations

from desktop_wallet.core.errors import KeyringFailure, StorageFailure
from desktop_wallet.vault.document import VAULT_FILE, VaultDocument, decode_document
from desktop_wallet.vault.files import read_private
from desktop_wallet.vault.strongbox import Strongbox, bare


def erase_entries(box: Strongbox) -> KeyringFailure | None:
    """Delete every keyring entry that the vault's file, or an old one beside it, names.

    Returns what stood in the way; what is left in the keyring then opens nothing once the folder is gone.
    """
    entries = {entry for document in _documents(box) for entry in _entries(document)}
    try:
        for entry in sorted(entries):
            box.steps("erase entry")
            box.store.delete(entry)
    except KeyringFailure as problem:
        return bare(problem)
    return None


def _documents(box: Strongbox) -> list[VaultDocument]:
    found = []
    for path in sorted(box.folder.glob(VAULT_FILE + "*")):
        try:
            found.append(decode_document(read_private(path)))
        except (StorageFailure, FileNotFoundError):
            continue  # a damaged file names nothing that we could trust
    return found


def _entries(document: VaultDocument) -> set[str]:
    named = {document.header.device_entry, *document.stale_entries}
    named.update(secret.entry for secret in document.secrets.values())
    return named - {""}
