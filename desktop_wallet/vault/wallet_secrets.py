"""A wallet's plain secret, in buffers that can be wiped, and its compact form for sealing."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from desktop_wallet.core.accounts import DerivationPath
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.errors import NotAllowed
from desktop_wallet.sealing import wipe
from desktop_wallet.vault.phrases import check_phrase, entropy_of, phrase_of, seed_of
from desktop_wallet.vault.signers import evm

PASSPHRASE_LIMIT_BYTES: Final = 512
"""Keeps a sealed secret in base64 under the 1,280 characters that the Windows keyring takes."""
_ENTROPY_BYTES: Final = (16, 20, 24, 28, 32)
_PHRASE: Final = 1
_KEY: Final = 2


@dataclass(slots=True, eq=False)
class PhraseSecret:
    """A phrase as its entropy, and its BIP-39 passphrase in UTF-8."""

    entropy: bytearray = field(repr=False)
    passphrase: bytearray = field(repr=False)

    @classmethod
    def parse(cls, phrase: str, passphrase: str) -> PhraseSecret:
        """Return the secret of a typed phrase; InvalidPhrase, or NotAllowed for a passphrase over 512 bytes."""
        try:
            encoded = bytearray(unicodedata.normalize("NFKD", passphrase).encode("utf-8"))
        except UnicodeEncodeError:
            raise NotAllowed(why="passphrase-not-text") from None
        if len(encoded) > PASSPHRASE_LIMIT_BYTES:
            raise NotAllowed(why="passphrase-too-long")
        return cls(entropy_of(check_phrase(phrase)), encoded)

    def encode(self) -> bytearray:
        """Return one byte for the kind, one for the entropy's length, the entropy, the passphrase."""
        end = 2 + len(self.entropy)
        encoded = bytearray(end + len(self.passphrase))  # whole at once: a buffer that grows leaves copies behind
        encoded[0], encoded[1] = _PHRASE, len(self.entropy)
        encoded[2:end] = self.entropy
        encoded[end:] = self.passphrase
        return encoded

    def phrase(self) -> str:
        """Return the words."""
        return phrase_of(self.entropy)

    def addresses(self, paths: Sequence[DerivationPath]) -> list[Address]:
        """Return the EVM address at each path."""
        seed = seed_of(self.phrase(), self.passphrase.decode("utf-8"))
        try:
            return evm.addresses_of_seed(seed, paths)
        finally:
            wipe(seed)

    def signing_key(self, path: DerivationPath | None) -> bytearray:
        """Return the private key at a path, for the caller to wipe; NotAllowed without a path."""
        if path is None:
            raise NotAllowed(why="phrase-needs-a-path")
        seed = seed_of(self.phrase(), self.passphrase.decode("utf-8"))
        try:
            return bytearray(evm.child_key(seed, path))
        finally:
            wipe(seed)

    def wipe(self) -> None:
        """Overwrite the secret."""
        wipe(self.entropy)
        wipe(self.passphrase)


@dataclass(slots=True, eq=False)
class KeySecret:
    """A single private key."""

    key: bytearray = field(repr=False)

    def encode(self) -> bytearray:
        """Return one byte for the kind and the key."""
        encoded = bytearray(1 + len(self.key))
        encoded[0] = _KEY
        encoded[1:] = self.key
        return encoded

    def addresses(self, paths: Sequence[DerivationPath]) -> list[Address]:
        """Return the key's one EVM address; a single key has no paths, and NotAllowed says so."""
        if paths:
            raise NotAllowed(why="key-has-no-paths")
        return [evm.address_of_key(self.key)]

    def signing_key(self, path: DerivationPath | None) -> bytearray:
        """Return a copy of the key, for the caller to wipe; NotAllowed with a path."""
        if path is not None:
            raise NotAllowed(why="key-has-no-paths")
        return bytearray(self.key)

    def wipe(self) -> None:
        """Overwrite the secret."""
        wipe(self.key)


WalletSecret = PhraseSecret | KeySecret


def decode_secret(plain: bytes | bytearray) -> WalletSecret:
    """Return the secret that `encode` wrote; ValueError if it is none."""
    with memoryview(plain) as view:  # slices of it are no copies
        if len(view) > 2 and view[0] == _PHRASE and view[1] in _ENTROPY_BYTES and len(view) >= 2 + view[1]:
            end = 2 + view[1]
            return PhraseSecret(bytearray(view[2:end]), bytearray(view[end:]))
        if len(view) == 1 + evm.KEY_BYTES and view[0] == _KEY:
            return KeySecret(bytearray(view[1:]))
    raise ValueError("no secret of a known kind")


def phrase_in(secret: WalletSecret) -> str:
    """Return the words; NotAllowed for a single key."""
    if isinstance(secret, PhraseSecret):
        return secret.phrase()
    raise NotAllowed(why="no-phrase")


def passphrase_in(secret: WalletSecret) -> str:
    """Return the BIP-39 passphrase, empty if there is none; NotAllowed for a single key."""
    if isinstance(secret, PhraseSecret):
        return secret.passphrase.decode("utf-8")
    raise NotAllowed(why="no-phrase")


def key_in(secret: WalletSecret) -> str:
    """Return a single key in hexadecimal with 0x; NotAllowed for a phrase."""
    if isinstance(secret, KeySecret):
        return "0x" + secret.key.hex()
    raise NotAllowed(why="no-single-key")
