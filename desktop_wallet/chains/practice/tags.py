"""Which block a caller of a practice server means.

Source: ethereum/execution-apis (block tags), EIP-1898 (block parameter by hash).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.chains.practice.refusals import NOT_FOUND, Refused, refuse

if TYPE_CHECKING:
    from desktop_wallet.chains.practice.blocks import Blocks

_STATE_BLOCKS = 128
"""Full nodes forget the state of older blocks, and so does this one."""
_BEHIND = {"latest": 0, "pending": 0, "safe": 4, "finalized": 8}
"""How many blocks under the head each tag is."""


class Tags:
    """Finds blocks by what callers name them."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks

    def number(self, tag: object) -> int:
        """Return the number that is meant, of a block that may not exist; ValueError if it is none."""
        if isinstance(tag, str) and tag in _BEHIND:
            return self._blocks.head - _BEHIND[tag]
        return 0 if tag == "earliest" else quantity(tag)

    def state(self, tag: object) -> int:
        """Return the block whose state is meant; Refused where it is unknown, replaced or forgotten."""
        if isinstance(tag, dict) and "blockHash" in tag:
            header, canonical = self._blocks.by_hash(tag["blockHash"])
            if header is None:
                raise Refused(NOT_FOUND, "header not found")
            if not canonical and tag.get("requireCanonical"):
                raise refuse("hash is not currently canonical")
            number = header.number
        else:
            number = self.number(tag["blockNumber"] if isinstance(tag, dict) else tag)
        if self._blocks.header(number) is None:
            raise Refused(NOT_FOUND, "header not found")
        if number < self._blocks.head - _STATE_BLOCKS:
            raise refuse("missing trie node")
        return number


def quantity(value: object) -> int:
    """Return a number as JSON-RPC writes it; ValueError if it is none."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError("not a quantity")
    return int(value, 16)
