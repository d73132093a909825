"""Addresses: one canonical form each, with one codec a family."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from typing_extensions import override

from desktop_wallet.core.errors import InvalidAddress
from desktop_wallet.core.networks import Family

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Address:
    """An address in its family's canonical form (EVM: lower case with 0x). Two spellings make one address.

    Build it with `parse_address`; `text` is what keys and databases hold, `display_address` what people see.
    """

    family: Family
    text: str

    @override
    def __str__(self) -> str:
        """Return the canonical text."""
        return self.text

    @override
    def __repr__(self) -> str:
        """Return a shortened form: logs and tracebacks show representations."""
        return f"Address({shorten(self.text)})"

    def __lt__(self, other: Address) -> bool:
        """Return whether this sorts before `other`."""
        return (self.family.value, self.text) < (other.family.value, other.text)


def shorten(text: str) -> str:
    """Return an address cut in the middle: for lists and logs, never for a review."""
    return text if len(text) <= _SHOWN else f"{text[:6]}…{text[-4:]}"


class AddressCodec(Protocol):
    """How one family writes its addresses."""

    def parse(self, text: str) -> Address:
        """Return the address a person typed; InvalidAddress says what is wrong with it."""
        ...

    def display(self, address: Address) -> str:
        """Return the address as people should see it, checksum included."""
        ...


class EvmCodec:
    """Twenty bytes in hexadecimal; mixed case carries the checksum of ERC-55."""

    _FORM = re.compile(r"0x[0-9a-fA-F]{40}")
    _LENGTH = 42

    def parse(self, text: str) -> Address:
        """Return the address; wrong case in a mixed-case address is a wrong checksum (ERC-55)."""
        trimmed = text.strip()
        if not trimmed.lower().startswith("0x"):
            raise InvalidAddress(text=shorten(trimmed), problem="prefix")
        if len(trimmed) != self._LENGTH:
            raise InvalidAddress(text=shorten(trimmed), problem="length")
        trimmed = "0x" + trimmed[2:]
        if not self._FORM.fullmatch(trimmed):
            raise InvalidAddress(text=shorten(trimmed), problem="digits")
        digits = trimmed[2:]
        address = Address(Family.EVM, trimmed.lower())
        if digits not in (digits.lower(), digits.upper()) and self.display(address) != trimmed:
            raise InvalidAddress(text=shorten(trimmed), problem="checksum")
        return address

    def display(self, address: Address) -> str:
        """Return the ERC-55 form."""
        return _erc55(address.text)


@lru_cache(maxsize=65536)
def _erc55(text: str) -> str:
    # Imported late: pycryptodome's native library costs 15 ms that no start needs.
    from Crypto.Hash import keccak  # noqa: PLC0415

    digits = text[2:]
    digest = keccak.new(digest_bits=256, data=digits.encode("ascii")).hexdigest()
    return "0x" + "".join(c.upper() if int(h, 16) >= 8 else c for c, h in zip(digits, digest, strict=False))


CODECS: dict[Family, AddressCodec] = {Family.EVM: EvmCodec()}


def parse_address(family: Family, text: str) -> Address:
    """Return the address in canonical form; InvalidAddress if it is none."""
    return CODECS[family].parse(text)


def display_address(address: Address) -> str:
    """Return the whole address as people should see it."""
    return CODECS[address.family].display(address)


def grouped(text: str, size: int = 4) -> str:
    """Return an address in groups, for comparing by eye; the prefix `0x` stands alone."""
    prefix, digits = (text[:2], text[2:]) if text.startswith("0x") else ("", text)
    groups = [digits[i : i + size] for i in range(0, len(digits), size)]
    return " ".join([prefix, *groups] if prefix else groups)
