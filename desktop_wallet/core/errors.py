"""Every error the wallet raises, split by whose turn it is to act.

WalletError
├── UserError                      the person can mend it
│   ├── InvalidAmount
│   ├── InvalidAddress
│   ├── InvalidPhrase
│   ├── InvalidKey
│   ├── InvalidPath
│   ├── InvalidEndpoint
│   ├── InvalidToken
│   ├── WrongPassword
│   ├── WeakPassword
│   ├── NotABackup
│   ├── AlreadyThere
│   ├── NotEnough
│   ├── ReviewOutdated
│   ├── PasswordNeeded
│   └── NotAllowed
├── EnvironmentFailure             the machine or the network is in the way
│   ├── NetworkFailure
│   │   ├── Offline
│   │   ├── EndpointUnreachable
│   │   ├── EndpointTimeout
│   │   ├── EndpointRateLimited
│   │   ├── EndpointRefused
│   │   ├── NotChecked
│   │   └── NoEndpointLeft
│   ├── KeyringFailure
│   │   ├── KeyringMissing
│   │   ├── KeyringUnsafe
│   │   ├── KeyringLocked
│   │   ├── KeyringDenied
│   │   ├── KeyringEntryVanished
│   │   └── DeviceSecretChanged
│   ├── StorageFailure
│   │   ├── StorageFull
│   │   ├── StorageReadOnly
│   │   ├── VaultDamaged
│   │   ├── VaultMissing
│   │   ├── VaultTooNew
│   │   ├── RegistryDamaged
│   │   ├── RegistryTooNew
│   │   └── ProfileInUse
│   └── VaultLocked
└── UntrustedReply                 a server said nonsense
    ├── OversizedReply
    ├── MalformedReply
    ├── ContradictoryReply
    └── WrongChain

Errors carry data and no words for the screen: `ui/error_text.py` owns those. Whatever is not a
`WalletError` is a bug of ours. No error holds a secret, a whole server reply, or a URL with its path and query
(they can carry access keys): a server is named by its host.
"""

from __future__ import annotations


class WalletError(Exception):
    """The root. Keyword arguments become attributes, and its text shows them for the log."""

    def __init__(self, **data: object) -> None:
        self.data = data
        super().__init__(", ".join(f"{name}={value!r}" for name, value in data.items()))

    def __getattr__(self, name: str) -> object:
        """Return the datum of that name; AttributeError when the error does not carry it."""
        data = self.__dict__.get("data", {})
        if name in data:
            return data[name]
        raise AttributeError(name)


class UserError(WalletError):
    """Something a person typed or chose cannot be accepted, and they can mend it."""


class InvalidAmount(UserError):
    """No amount of this asset. Data: text, problem ("empty", "not-a-number", "too-fine", "negative", "too-large")."""


class InvalidAddress(UserError):
    """Not an address of this family. Data: text (shortened), problem ("length", "prefix", "digits", "checksum")."""


class InvalidPhrase(UserError):
    """No BIP-39 phrase. Data: problem ("count", "word", "checksum"), position (1-based), word_count. Never a word."""


class InvalidKey(UserError):
    """Not a private key. Data: problem ("length", "digits", "range"). Never the text."""


class InvalidPath(UserError):
    """Not a BIP-32 derivation path. Data: text."""


class InvalidEndpoint(UserError):
    """No usable endpoint. Data: host, problem ("scheme", "unreachable", "chain-id", "reply"), expected, actual."""


class InvalidToken(UserError):
    """No token contract answers at that address. Data: network, address, problem ("no-code", "no-decimals")."""


class WrongPassword(UserError):
    """The password does not open this vault or backup, which is itself undamaged."""


class WeakPassword(UserError):
    """The password is too short. Data: minimum (characters)."""


class NotABackup(UserError):
    """The file is no backup of this wallet, or is damaged. Data: problem ("format", "damaged", "too-new")."""


class AlreadyThere(UserError):
    """It exists already. Data: what ("account", "wallet", "token", "network", "endpoint", "profile"), name."""


class NotEnough(UserError):
    """There is less to spend than this takes. Data: asset (AssetId), needed, available (base units), fee (bool)."""


class ReviewOutdated(UserError):
    """What was reviewed is no longer so, and nothing was signed. Data: why ("fee", "balance", "nonce", "recipient")."""


class PasswordNeeded(UserError):
    """The person wants to be asked for the password each time a secret is used, and was not asked yet."""


class NotAllowed(UserError):
    """The action is not allowed here. Data: why (a short code)."""


class EnvironmentFailure(WalletError):
    """The machine or the network is in the way; trying again later or elsewhere may help."""


class NetworkFailure(EnvironmentFailure):
    """A network did not answer as needed. Data: host where one is to blame."""


class Offline(NetworkFailure):
    """No endpoint of any network can be reached."""


class EndpointUnreachable(NetworkFailure):
    """No connection, or it broke. Data: host, problem ("connect", "tls", "closed")."""


class EndpointTimeout(NetworkFailure):
    """No whole answer in time. Data: host, after_s."""


class EndpointRateLimited(NetworkFailure):
    """Too many requests, by its word or by our bucket. Data: host, retry_after_s."""


class EndpointRefused(NetworkFailure):
    """The server answered with an error. Data: host, status (HTTP) or code (JSON-RPC)."""


class NotChecked(NetworkFailure):
    """What must be known before signing could not be read just now. Data: network, asset, reason (a FailureReason)."""


class NoEndpointLeft(NetworkFailure):
    """Every endpoint of a network failed. Data: network, last (the last NetworkFailure or UntrustedReply)."""


class KeyringFailure(EnvironmentFailure):
    """The operating system's keyring is in the way. Data: backend (its name)."""


class KeyringMissing(KeyringFailure):
    """The system offers no keyring."""


class KeyringUnsafe(KeyringFailure):
    """The only keyring on offer keeps plain text, keeps nothing, or failed its self-test. Data: backend, problem."""


class KeyringLocked(KeyringFailure):
    """The keyring is locked and was not opened."""


class KeyringDenied(KeyringFailure):
    """The person or the system refused access."""


class KeyringEntryVanished(KeyringFailure):
    """An entry that we wrote is gone. Data: what ("device-secret", "wallet"), name."""


class DeviceSecretChanged(KeyringFailure):
    """The keyring's device secret is not the one this vault was made with."""


class StorageFailure(EnvironmentFailure):
    """The disk, or a file of ours, is in the way. Data: name (file name, no folder)."""


class StorageFull(StorageFailure):
    """No space left."""


class StorageReadOnly(StorageFailure):
    """The place cannot be written."""


class VaultDamaged(StorageFailure):
    """`vault.json` is not what we wrote: its SHA-256 or its form does not fit."""


class VaultMissing(StorageFailure):
    """The profile has no `vault.json`."""


class VaultTooNew(StorageFailure):
    """A newer program wrote the vault. Data: found, known (versions)."""


class RegistryDamaged(StorageFailure):
    """The registry does not open with the right key, or fails its integrity check."""


class RegistryTooNew(StorageFailure):
    """A newer program wrote the registry. Data: found, known (schema versions)."""


class ProfileInUse(StorageFailure):
    """Another process of ours has this profile open."""


class VaultLocked(EnvironmentFailure):
    """The action needs an unlocked vault."""


class UntrustedReply(WalletError):
    """A server said something that cannot be true, or cannot be read. Data: host, problem."""


class OversizedReply(UntrustedReply):
    """The reply passed a limit. Data: host, limit ("bytes", "depth", "items"), maximum."""


class MalformedReply(UntrustedReply):
    """The reply is not of the form the protocol demands. Data: host, problem."""


class ContradictoryReply(UntrustedReply):
    """The reply contradicts itself or what is known. Data: host, problem."""


class WrongChain(UntrustedReply):
    """The server speaks for another chain. Data: host, expected, actual."""
