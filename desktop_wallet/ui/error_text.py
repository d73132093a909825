"""What the window says about each error: what happened, in one sentence, and what to do about it.

Errors carry data and no words; the words are here, for every class in `core/errors.py`. Text from a server never
becomes part of a sentence: only hosts, numbers and what the person typed themselves do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core import errors
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.ui.measures import left_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from desktop_wallet.core.errors import WalletError

    _NetworkName = Callable[[NetworkId], str]


@dataclass(frozen=True, slots=True)
class ErrorText:
    """An error in words: a short title, what happened, and what to do."""

    title: str
    sentence: str
    what_to_do: str

    @property
    def text(self) -> str:
        """Return what happened and what to do in one paragraph."""
        return f"{self.sentence} {self.what_to_do}".strip()


def error_text(error: WalletError, network_name: _NetworkName | None = None) -> ErrorText:
    """Return the words for an error; `network_name` gives a network's name where the error names one."""
    for kind in type(error).__mro__:
        if kind in TEXTS:
            return _filled(TEXTS[kind], error, network_name)
    return _filled(TEXTS[errors.WalletError], error, network_name)


def _filled(words: ErrorText, error: WalletError, network_name: _NetworkName | None) -> ErrorText:
    problem = str(error.data.get("problem", ""))
    sentence = PROBLEMS.get(type(error), {}).get(problem, words.sentence)
    data = _Data(error, network_name)
    filled = ErrorText(words.title, _fill(sentence, data), _fill(words.what_to_do, data))
    last = error.data.get("last")
    if isinstance(error, errors.NoEndpointLeft) and isinstance(last, errors.WalletError):
        return ErrorText(words.title, f"{filled.sentence} {error_text(last, network_name).sentence}", filled.what_to_do)
    return filled


_MISSING: Mapping[str, str] = {
    "host": "The server",
    "network": "the network",
    "name": "The file",
    "text": "That",
}


class _Data(dict[str, str]):
    """An error's data as words; what it does not carry becomes a word that fits everywhere."""

    def __init__(self, error: WalletError, network_name: _NetworkName | None) -> None:
        super().__init__({key: _word(key, value, network_name) for key, value in error.data.items()})

    def __missing__(self, key: str) -> str:
        return _MISSING.get(key, "unknown")


def _word(key: str, value: object, network_name: _NetworkName | None) -> str:
    if isinstance(value, NetworkId):
        return network_name(value) if network_name else str(value)
    if isinstance(value, int | float) and key.endswith("_s"):
        return left_text(max(value, 1))
    if key == "what":
        return _THINGS.get(str(value), "thing")
    if value is None or value == "":
        return _MISSING.get(key, "unknown")
    return str(value)


def _fill(template: str, data: _Data) -> str:
    # Values stand in the text as they are: format_map does not look at braces inside them.
    return template.format_map(data)


_THINGS: Mapping[str, str] = {
    "account": "account",
    "wallet": "wallet",
    "token": "token",
    "network": "network",
    "endpoint": "server",
    "profile": "profile",
    "device-secret": "key of this computer",
}

_TRY_LATER = "Try again in a moment."
_RESTORE = "Restore from your recovery phrase or your backup file."
_UPDATE = "Install the newest version of this program. Nothing was changed."
_NOT_USED = "Its answer was not used. Another server is asked where there is one."

TEXTS: Mapping[type[WalletError], ErrorText] = {
    errors.WalletError: ErrorText("That did not work", "The wallet could not finish this.", _TRY_LATER),
    errors.UserError: ErrorText("Please look again", "What was entered cannot be used.", "Check it and try again."),
    errors.InvalidAmount: ErrorText("Not an amount", "That is not an amount.", "Type a number such as 0.25."),
    errors.InvalidAddress: ErrorText(
        "Not an address", "That is not an address of this network.", "Copy the whole address again and paste it here."
    ),
    errors.InvalidPhrase: ErrorText(
        "Not a recovery phrase", "That is not a recovery phrase.", "Compare it with what you wrote down."
    ),
    errors.InvalidKey: ErrorText(
        "Not a private key", "That is not a private key.", "A private key has 64 characters, from 0 to 9 and a to f."
    ),
    errors.InvalidPath: ErrorText(
        "Not a path", "{text} is not a derivation path.", "A path looks like m/44'/60'/0'/0/0."
    ),
    errors.InvalidEndpoint: ErrorText(
        "This server cannot be used", "{host} cannot be used.", "Check the address, or choose another server."
    ),
    errors.InvalidToken: ErrorText(
        "No token there", "There is no token at that address.", "Check that address and network belong together."
    ),
    errors.WrongPassword: ErrorText(
        "Wrong password", "That password does not open this.", "Check capital letters and the keyboard layout."
    ),
    errors.WeakPassword: ErrorText(
        "Password too short", "The password is too short.", "Use {minimum} characters or more."
    ),
    errors.NotABackup: ErrorText(
        "Not a backup file", "This file is not a backup of this wallet.", "Choose the file that you saved as backup."
    ),
    errors.AlreadyThere: ErrorText("Already there", "This {what} is already in the wallet.", "Nothing was changed."),
    errors.NotEnough: ErrorText(
        "Not enough", "There is not enough on this account for that.", "Enter a smaller amount. Nothing was sent."
    ),
    errors.ReviewOutdated: ErrorText(
        "Something changed", "What you reviewed is no longer so.", "Look at it again. Nothing was signed."
    ),
    errors.PasswordNeeded: ErrorText(
        "Password needed", "Your settings ask for the password each time.", "Enter it to go on."
    ),
    errors.NotAllowed: ErrorText("Not possible here", "This cannot be done here.", "Nothing was changed."),
    errors.EnvironmentFailure: ErrorText(
        "The computer is in the way", "The computer did not do what the wallet needs.", _TRY_LATER
    ),
    errors.NetworkFailure: ErrorText("No answer", "{host} did not answer as needed.", _TRY_LATER),
    errors.Offline: ErrorText(
        "Offline", "This computer seems to be offline.", "The balances shown are the last known ones."
    ),
    errors.EndpointUnreachable: ErrorText(
        "Server not reached", "{host} could not be reached.", "Another server is asked where there is one."
    ),
    errors.EndpointTimeout: ErrorText(
        "No answer in time", "{host} did not answer for {after_s}.", "Another server is asked where there is one."
    ),
    errors.EndpointRateLimited: ErrorText(
        "Too many requests", "{host} asks for fewer requests.", "The next try is in {retry_after_s}."
    ),
    errors.EndpointRefused: ErrorText(
        "Request refused", "{host} refused the request.", "Another server is asked where there is one."
    ),
    errors.NotChecked: ErrorText(
        "Could not be checked",
        "The balance on {network} could not be read just now, and nothing is signed that was not checked.",
        "Try again in a moment. Nothing was signed or sent.",
    ),
    errors.NoEndpointLeft: ErrorText("No server answers", "No server of {network} answers now.", _TRY_LATER),
    errors.KeyringFailure: ErrorText(
        "Keyring not usable",
        "The keyring of this computer did not do what the wallet needs.",
        "Balances stay visible. Open the keyring and try again.",
    ),
    errors.KeyringMissing: ErrorText(
        "No keyring",
        "This computer offers no keyring, where the wallet keeps its second key.",
        "Install one (GNOME Keyring or KWallet) and try again.",
    ),
    errors.KeyringUnsafe: ErrorText(
        "Keyring not safe",
        "The only keyring on this computer keeps secrets in plain text, or does not keep them.",
        "Install a safe one (GNOME Keyring or KWallet), or choose a profile without keyring.",
    ),
    errors.KeyringLocked: ErrorText(
        "Keyring locked",
        "The keyring of this computer is locked.",
        "Open it with your login password and try again. Balances stay visible.",
    ),
    errors.KeyringDenied: ErrorText(
        "Keyring denied access",
        "Access to the keyring was refused.",
        "Allow it when the computer asks, and try again. Balances stay visible.",
    ),
    errors.KeyringEntryVanished: ErrorText(
        "Keyring entry gone",
        "The {what} that this wallet kept in the keyring is gone.",
        f"Balances stay visible. {_RESTORE}",
    ),
    errors.DeviceSecretChanged: ErrorText(
        "Keyring entry changed",
        "The keyring holds another key than the one this profile was made with.",
        f"Balances stay visible. {_RESTORE}",
    ),
    errors.StorageFailure: ErrorText(
        "File not usable", "{name} could not be read or written.", "Check the disk and the rights of the folder."
    ),
    errors.StorageFull: ErrorText(
        "Disk full", "There is no space left on the disk.", "Free some space and try again. Nothing was lost."
    ),
    errors.StorageReadOnly: ErrorText(
        "Cannot be written", "The folder cannot be written.", "Choose another folder, or change its rights."
    ),
    errors.VaultDamaged: ErrorText(
        "Profile damaged",
        "The file that holds this profile's keys is damaged. This is not about your password.",
        f"{_RESTORE} A copy of the folder from before also works.",
    ),
    errors.VaultMissing: ErrorText(
        "Profile incomplete", "The file that holds this profile's keys is missing.", f"Put it back, or: {_RESTORE}"
    ),
    errors.VaultTooNew: ErrorText("Made by a newer version", "A newer version wrote this profile.", _UPDATE),
    errors.RegistryDamaged: ErrorText(
        "Account list damaged",
        "The list of accounts of this profile is damaged. Your keys are kept elsewhere and are not touched.",
        _RESTORE,
    ),
    errors.RegistryTooNew: ErrorText("Made by a newer version", "A newer version wrote this profile.", _UPDATE),
    errors.ProfileInUse: ErrorText(
        "Already open", "This profile is open in another window of this program.", "Close that one, or use it."
    ),
    errors.VaultLocked: ErrorText("Locked", "The wallet is locked.", "Unlock it and try again."),
    errors.UntrustedReply: ErrorText("Answer not trusted", "{host} sent an answer that cannot be right.", _NOT_USED),
    errors.OversizedReply: ErrorText("Answer too large", "{host} sent an answer that is far too large.", _NOT_USED),
    errors.MalformedReply: ErrorText("Answer not readable", "{host} sent an answer that cannot be read.", _NOT_USED),
    errors.ContradictoryReply: ErrorText(
        "Answer contradicts itself", "{host} sent an answer that contradicts what is known.", _NOT_USED
    ),
    errors.WrongChain: ErrorText(
        "Another network answers",
        "{host} answers for network {actual}, not {expected}.",
        "Its answers are not used. Choose another server.",
    ),
}

PROBLEMS: Mapping[type[WalletError], Mapping[str, str]] = {
    errors.InvalidAmount: {
        "empty": "The amount is empty.",
        "not-a-number": "That is not a number.",
        "too-fine": "That has more decimals than this asset knows.",
        "negative": "An amount cannot be below zero.",
        "too-large": "That is more than there can be of this asset.",
    },
    errors.InvalidAddress: {
        "length": "This address is too short or too long.",
        "prefix": "An address of this network begins with 0x.",
        "digits": "This address has characters that no address has.",
        "checksum": "Small and capital letters do not fit together, so a character of this address is wrong.",
    },
    errors.InvalidPhrase: {
        "count": "A recovery phrase has 12, 15, 18, 21 or 24 words.",
        "word": "Word {position} is not a word of a recovery phrase.",
        "checksum": "Each word is a right one, but together they are not a recovery phrase.",
    },
    errors.InvalidKey: {
        "length": "This private key is too short or too long.",
        "digits": "This private key has characters that no key has.",
        "range": "This number is not a private key.",
    },
    errors.InvalidEndpoint: {
        "scheme": "The address of a server begins with https:// (or http:// on this computer).",
        "unreachable": "{host} could not be reached.",
        "chain-id": "{host} answers for network {actual}, not {expected}.",
        "reply": "{host} does not answer as a node does.",
    },
    errors.InvalidToken: {
        "no-code": "There is no contract at that address.",
        "no-decimals": "The contract at that address is not a token.",
    },
    errors.NotABackup: {
        "format": "This file is not a backup of this wallet.",
        "damaged": "This backup file is damaged.",
        "too-new": "A newer version of this program wrote this backup file.",
    },
}
