"""The only owner of secrets and of the keyring. The rest of the program imports from here, not from within."""

from __future__ import annotations

from desktop_wallet.vault.document import DeviceMode, VaultHeader, exists, read_header
from desktop_wallet.vault.harden import harden_process
from desktop_wallet.vault.keyring_store import KeyringStore
from desktop_wallet.vault.opening import PASSWORD_MINIMUM, UnlockOutcome
from desktop_wallet.vault.phrases import check_phrase, complete, word_list
from desktop_wallet.vault.shelf import Tidied
from desktop_wallet.vault.stores import MemorySecretStore, SecretStore
from desktop_wallet.vault.strongbox import SpendProblem
from desktop_wallet.vault.vault import Vault

__all__ = [
    "PASSWORD_MINIMUM",
    "DeviceMode",
    "KeyringStore",
    "MemorySecretStore",
    "SecretStore",
    "SpendProblem",
    "Tidied",
    "UnlockOutcome",
    "Vault",
    "VaultHeader",
    "check_phrase",
    "complete",
    "exists",
    "harden_process",
    "read_header",
    "word_list",
]
