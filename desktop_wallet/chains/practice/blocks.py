"""The blocks of a practice network: how many there are by now, and their headers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from desktop_wallet.core.instants import Clock

AGE_AT_BIRTH_BLOCKS = 120
"""Blocks that a new chain is born with, so that its block time can be measured at once."""


@dataclass(frozen=True, slots=True)
class Header:
    """A block: hashes as 0x and 64 digits, time in Unix seconds."""

    number: int
    hash: str
    parent_hash: str
    time_s: int


class Blocks:
    """A chain that grows with the clock, one block every `block_time_s` whole seconds.

    It counts on the clock that runs through sleep and cannot be set, so its head never goes back. Two chains begun at
    different seconds, or with another seed, have different genesis blocks. Hashes are drawn from the seed; they do not
    cover what a block contains.
    """

    def __init__(self, clock: Clock, block_time_s: int, seed: str) -> None:
        born = clock.now()
        self._clock = clock
        self._block_time_s = block_time_s
        self._born_boot_s = born.boot_s
        self._genesis_s = int(born.wall_s) - AGE_AT_BIRTH_BLOCKS * block_time_s
        self._salts: list[tuple[int, bytes]] = [(0, f"{seed}/{self._genesis_s}".encode())]
        self._numbers: dict[str, int] = {}
        self._stopped_at: int | None = None

    @property
    def head(self) -> int:
        """Return the number of the newest block."""
        if self._stopped_at is not None:
            return self._stopped_at
        elapsed_s = self._clock.now().boot_s - self._born_boot_s
        return AGE_AT_BIRTH_BLOCKS + int(max(elapsed_s, 0.0) // self._block_time_s)

    def stop(self) -> None:
        """Stop growing, as a node that lost its peers."""
        self._stopped_at = self.head

    def go_on(self) -> None:
        """Grow again, to where the chain would be by now."""
        self._stopped_at = None

    def reorganise(self, depth: int) -> int:
        """Give the newest blocks other hashes; their times and numbers stay. Return the first of them."""
        first = max(self.head - depth + 1, 1)
        salt = hashlib.blake2b(self._salts[-1][1], digest_size=16).digest()
        self._salts = [entry for entry in self._salts if entry[0] < first] + [(first, salt)]
        return first

    def header(self, number: int) -> Header | None:
        """Return the block of that number; None beyond the head or below 0."""
        if not 0 <= number <= self.head:
            return None
        own = self._told(number)
        parent = self._told(number - 1) if number else "0x" + "0" * 64
        return Header(number, own, parent, self._genesis_s + number * self._block_time_s)

    def by_hash(self, block_hash: str) -> tuple[Header | None, bool]:
        """Return the block of that hash and whether it still stands; None for a hash that nobody was ever told."""
        number = self._numbers.get(block_hash)
        header = None if number is None else self.header(number)
        if header is None:
            return None, False
        return header, header.hash == block_hash

    def _told(self, number: int) -> str:
        """Return a block's hash and remember that somebody was told it."""
        block_hash = self._hash(number)
        self._numbers[block_hash] = number
        return block_hash

    def _hash(self, number: int) -> str:
        salt = next(salt for first, salt in reversed(self._salts) if first <= number)
        return "0x" + hashlib.blake2b(number.to_bytes(8, "big"), digest_size=32, key=salt[:64]).hexdigest()
