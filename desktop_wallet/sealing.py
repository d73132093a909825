"""Authenticated encryption and key derivation, all of it libsodium's (through PyNaCl). No I/O.

XChaCha20-Poly1305 seals (its 24-byte nonces may be random), Argon2id stretches passwords (RFC 9106), keyed BLAKE2b
(RFC 7693) derives subkeys and names. PyNaCl takes keys and messages as `bytes`, which cannot be wiped: our own buffers
are `bytearray` and are wiped, the copies made for a call are dropped when it returns.
"""

# ruff: noqa: PLC0415 - libsodium is imported late: the Unlock page knows the costs below, but seals nothing

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from typing import Final

KEY_BYTES: Final = 32
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 24
TAG_BYTES: Final = 16
OVERHEAD_BYTES: Final = NONCE_BYTES + TAG_BYTES

_MIB: Final = 1 << 20
_PERSON: Final = b"desktop-wallet"


class SealBroken(Exception):
    """The bytes were not sealed with this key and associated data, or are damaged. Callers say what that means."""


@dataclass(frozen=True, slots=True)
class KdfParameters:
    """The cost of Argon2id: memory in bytes (64 MiB to 1 GiB, whole KiB) and passes (1 to 16).

    Raises ValueError outside of these, so that a planted file can neither weaken the brake nor eat all memory.
    libsodium computes with one lane (p = 1): memory and passes are the only knobs.
    """

    memory_bytes: int
    passes: int

    def __post_init__(self) -> None:
        """Refuse a cost that is too low to protect or too high to compute."""
        if not MEMORY_MINIMUM <= self.memory_bytes <= MEMORY_MAXIMUM or self.memory_bytes % 1024:
            raise ValueError("Argon2id memory is out of bounds")
        if not 1 <= self.passes <= PASSES_MAXIMUM:
            raise ValueError("Argon2id passes are out of bounds")


MEMORY_MINIMUM: Final = 64 * _MIB
MEMORY_MAXIMUM: Final = 1024 * _MIB
PASSES_MAXIMUM: Final = 16
DEFAULT_KDF: Final = KdfParameters(memory_bytes=256 * _MIB, passes=3)


def random_key() -> bytearray:
    """Return 32 bytes from the system's random source."""
    return bytearray(os.urandom(KEY_BYTES))


def random_salt() -> bytes:
    """Return a fresh salt for `stretch`."""
    return os.urandom(SALT_BYTES)


def wipe(buffer: bytearray) -> None:
    """Overwrite a buffer with zeros, in place."""
    buffer[:] = bytes(len(buffer))


def seal(key: bytes | bytearray, plaintext: bytes | bytearray, associated: bytes) -> bytes:
    """Return nonce ‖ ciphertext ‖ tag (40 bytes longer than the plaintext) under a fresh random nonce."""
    from nacl import bindings

    nonce = os.urandom(NONCE_BYTES)
    return nonce + bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(plaintext), associated, nonce, bytes(key))


def open_sealed(key: bytes | bytearray, sealed: bytes, associated: bytes) -> bytes:
    """Return the plaintext; SealBroken if key, associated data or a single bit is not what it was."""
    from nacl import bindings, exceptions

    if len(sealed) < OVERHEAD_BYTES:
        raise SealBroken
    nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(ciphertext, associated, nonce, bytes(key))
    except exceptions.CryptoError:
        raise SealBroken from None


def stretch(password: str, salt: bytes, parameters: KdfParameters) -> bytearray:
    """Return 32 bytes of Argon2id over the password in Unicode NFC (RFC 8265), so that every keyboard types the same.

    Takes 0.4 s at the default cost and releases the GIL: call it on a worker thread. Raises MemoryError when the
    memory is not to be had.
    """
    from nacl import bindings, exceptions

    typed = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    try:
        return bytearray(
            bindings.crypto_pwhash_alg(
                KEY_BYTES,
                typed,
                salt,
                parameters.passes,
                parameters.memory_bytes,
                bindings.crypto_pwhash_ALG_ARGON2ID13,
            )
        )
    except exceptions.RuntimeError:
        raise MemoryError("no memory for Argon2id") from None


def subkey(key: bytes | bytearray, label: str, context: bytes | bytearray = b"") -> bytes:
    """Return 32 bytes of keyed BLAKE2b over the label and the context; another label gives an unrelated key."""
    from nacl import bindings

    name = label.encode()
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    digest: bytes = bindings.crypto_generichash_blake2b_salt_personal(
        len(name).to_bytes(2, "big") + name + bytes(context), digest_size=KEY_BYTES, key=bytes(key), person=_PERSON
    )
    return digest


def keyed_name(key: bytes | bytearray, text: str) -> str:
    """Return 64 hexadecimal digits that stand for a text in file and row names and tell nothing about it."""
    return subkey(key, "name", text.encode()).hex()
