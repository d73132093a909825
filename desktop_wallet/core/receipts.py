"""What came in: payments to our accounts that no transfer of ours explains (P7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.networks import NetworkId


@dataclass(frozen=True, slots=True)
class Received:
    """An amount of `asset` in base units that came to `address`, as `host` showed it at `seen_at_s` (Unix seconds).

    By difference of two readings it came above `from_height` and at or below `to_height`; by logs both are the height
    of its block. None on networks without heights.
    """

    network: NetworkId
    address: Address
    asset: AssetId
    amount: int
    from_height: int | None
    to_height: int | None
    seen_at_s: float
    host: str
