"""What stands at an address: nothing, a contract, or an account that lets a contract act for it (EIP-7702)."""

from __future__ import annotations

from desktop_wallet.core.addresses import Address
from desktop_wallet.core.networks import Family
from desktop_wallet.core.quotes import Code, CodeKind

LARGEST_CODE = 128 * 1024
"""Bytes of code that are believed: EIP-170 allows 24 KiB, some networks more."""
_DELEGATION = bytes.fromhex("ef0100")
_DELEGATION_LENGTH = 23


def code_of(code: bytes) -> Code:
    """Return what this code (`eth_getCode`) makes of its address."""
    if not code:
        return Code(CodeKind.NONE)
    if code.startswith(_DELEGATION) and len(code) == _DELEGATION_LENGTH:
        return Code(CodeKind.DELEGATED, Address(Family.EVM, "0x" + code[len(_DELEGATION) :].hex()))
    return Code(CodeKind.CONTRACT)
