"""How large, how deep and how slow a server's reply may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReplyLimits:
    """Bounds on one reply. `max_bytes` holds for the bytes on the wire and again for the decompressed ones.

    `max_items` bounds the values in a JSON text, which decides how much memory its objects take. Reading a text holds
    up every paint, and no thread helps: what is allowed here takes about 0.1 s at worst (long numbers, escapes), the
    largest answer that is asked for 5 ms (2,000 balances: 0.7 MB). `total_s` runs from the first try to the last byte,
    so that a server that drips one byte a second does not hold us longer.
    """

    max_bytes: int = 4 * 1024 * 1024
    max_depth: int = 64
    max_items: int = 100_000
    connect_s: float = 5.0
    total_s: float = 10.0


KEEPALIVE_S = 60.0
"""How long an idle connection is kept: a handshake is worth saving between two refreshes."""
