"""What gas costs on a practice network: moves a little, so that slow, normal and fast differ. All prices in wei."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_BASE_FEE_WEI = 500_000_000
_TIP_WEI = 500_000_000
FLOOR_WEI = 100_000_000
"""Under this no transaction is even taken in, whatever the base fee is."""
_SWAY_PERCENT = 4
_MIDDLE = 50
_LEAST_OF_TIP_PERCENT = 40
_RISING_PERCENT = 120
_LEAST_CROWD_GAS = 9_000_000
_CROWD_GAS = 9_000_000


class Prices:
    """Base fees and tips of every block, drawn from `draw(label, below)`, which gives the same in every run."""

    def __init__(self, draw: Callable[[str, int], int]) -> None:
        self._draw = draw
        self._levels: list[tuple[int, int]] = [(0, 1)]

    def raise_from(self, block: int, times: int) -> None:
        """Let everything cost so many times as much as at first, from that block on; at once, unlike EIP-1559."""
        self._levels = [level for level in self._levels if level[0] < block] + [(block, times)]

    def base_fee_wei(self, block: int) -> int:
        """Return what a block burns for a unit of gas."""
        sway = self._draw(f"base-fee/{block}", 2 * _SWAY_PERCENT + 1) - _SWAY_PERCENT
        return self._level(block) * _BASE_FEE_WEI * (100 + sway) // 100

    def tip_wei(self, block: int, percentile: float = _MIDDLE) -> int:
        """Return what that part of the gas in a block paid at most beside the base fee; rises with the percentile."""
        sway = self._draw(f"tip/{block}", 2 * _SWAY_PERCENT + 1) - _SWAY_PERCENT
        part = _LEAST_OF_TIP_PERCENT + int(_RISING_PERCENT * min(max(percentile, 0), 100)) // 100
        return self._level(block) * _TIP_WEI * part // 100 * (100 + sway) // 100

    def crowd_gas(self, block: int) -> int:
        """Return the gas of those who pay these tips: a crowd that fills a part of every block, and is not shown."""
        return _LEAST_CROWD_GAS + self._draw(f"crowd/{block}", _CROWD_GAS)

    def _level(self, block: int) -> int:
        return next(times for first, times in reversed(self._levels) if first <= block)
