"""EVM keys: derived from a seed (BIP-32) or typed, the address of each, and what it signs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from desktop_wallet.core.accounts import DerivationPath
from desktop_wallet.core.addresses import Address, display_address
from desktop_wallet.core.errors import InvalidKey
from desktop_wallet.core.networks import Family
from desktop_wallet.core.signing import EvmTransaction, MarketPrice, SignedTransaction, TransactionId

KEY_BYTES: Final = 32
_DIGITS: Final = re.compile(r"[0-9a-fA-F]*")


def parse_key(text: str) -> bytearray:
    """Return the 32 bytes of a private key in hexadecimal, with or without 0x; InvalidKey says what is wrong."""
    from coincurve.utils import validate_secret  # noqa: PLC0415 - loads libsecp256k1: only who needs it pays

    digits = text.strip().removeprefix("0x").removeprefix("0X")
    if not _DIGITS.fullmatch(digits):
        raise InvalidKey(problem="digits")
    if len(digits) != 2 * KEY_BYTES:
        raise InvalidKey(problem="length")
    key = bytearray.fromhex(digits)
    try:
        validate_secret(bytes(key))
    except ValueError:
        raise InvalidKey(problem="range") from None
    return key


def address_of_key(key: bytes | bytearray) -> Address:
    """Return the address of a private key: the last 20 bytes of the Keccak-256 of its public key."""
    from coincurve import PublicKey  # noqa: PLC0415 - loads libsecp256k1: only who needs it pays
    from Crypto.Hash import keccak  # noqa: PLC0415 - loads a native library: only who needs it pays

    point = PublicKey.from_secret(bytes(key)).format(compressed=False)[1:]
    return Address(Family.EVM, "0x" + keccak.new(digest_bits=256, data=point).digest()[-20:].hex())


def child_key(seed: bytes | bytearray, path: DerivationPath) -> bytes:
    """Return the private key at a path below a BIP-32 master seed; to be dropped at once."""
    from bip32 import BIP32  # noqa: PLC0415 - loads libsecp256k1: only who needs it pays

    key: bytes = BIP32.from_seed(bytes(seed)).get_privkey_from_path(list(path.children))
    return key


def addresses_of_seed(seed: bytes | bytearray, paths: Sequence[DerivationPath]) -> list[Address]:
    """Return the address at each path below a BIP-32 master seed."""
    return [address_of_key(child_key(seed, path)) for path in paths]


def sign_transaction(key: bytes | bytearray, transaction: EvmTransaction) -> SignedTransaction:
    """Return the signed bytes and their Keccak-256: of type 2 (EIP-1559) for a MarketPrice, else legacy (EIP-155).

    The signature is the one of RFC 6979, its s in the lower half (EIP-2): the same transaction gives the same bytes.
    """
    from eth_account import Account  # noqa: PLC0415 - takes 0.2 s to import: the first signature pays, no start

    fields: dict[str, int | str | bytes] = {
        "chainId": transaction.chain_id,
        "nonce": transaction.nonce,
        "to": display_address(transaction.to),
        "value": transaction.value_wei,
        "data": transaction.data,
        "gas": transaction.gas_limit,
    }
    price = transaction.price
    if isinstance(price, MarketPrice):
        fields |= {
            "type": 2,
            "maxFeePerGas": price.max_fee_wei,
            "maxPriorityFeePerGas": price.max_priority_fee_wei,
        }
    else:
        fields["gasPrice"] = price.gas_price_wei
    signed = Account.sign_transaction(fields, bytes(key))
    return SignedTransaction(bytes(signed.raw_transaction), TransactionId("0x" + bytes(signed.hash).hex()))
