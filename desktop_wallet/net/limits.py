"""How large, how deep and how slow a server's reply may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReplyLimits:
    """Bounds on one reply. `max_bytes` holds for the bytes on the wire and again for the decompressed ones.

    `max_items` bounds the values in a JSON text, which decides how much memory its objects take. `total_s` runs from
    the first try to the last byte, so that a server that drips one byte a second does not hold us longer.
    """

    max_bytes: int = 16 * 1024 * 1024
    max_depth: int = 64
    max_items: int = 500_000
    connect_s: float = 5.0
    total_s: float = 10.0


KEEPALIVE_S = 60.0
"""How long an idle connection is kept: a handshake is worth saving between two refreshes."""
