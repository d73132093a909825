"""Fees on networks with gas: the choices a person has, and what is odd about a choice. All amounts in wei."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.signing import GasPrice, LegacyPrice, MarketPrice

if TYPE_CHECKING:
    from collections.abc import Sequence


class Speed(enum.Enum):
    """How soon a person wants a transfer mined."""

    SLOW = "slow"
    NORMAL = "normal"
    FAST = "fast"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class GasFee:
    """A price of gas, how much gas at most and likely, and what the network takes beside it for the data (rollups).

    `base_fee_wei` is what the next block burns a unit of gas, as the quote saw it; 0 on legacy networks.
    `data_fee_wei` is what the quote saw, `data_fee_most_wei` what is held back for it: it is not fixed by signing.
    """

    speed: Speed
    price: GasPrice
    gas_limit: int
    gas_expected: int
    base_fee_wei: int
    data_fee_wei: int = 0
    data_fee_most_wei: int = 0

    @property
    def expected_wei(self) -> int:
        """Return what it will likely cost."""
        return self.gas_expected * self.unit_wei + self.data_fee_wei

    @property
    def most_wei(self) -> int:
        """Return the most it can cost."""
        return self.gas_limit * self.price.most_wei + self.data_fee_most_wei

    @property
    def unit_wei(self) -> int:
        """Return what a unit of gas will likely cost (EIP-1559: the base fee and the tip, within the maximum)."""
        if isinstance(self.price, LegacyPrice):
            return self.price.gas_price_wei
        return min(self.base_fee_wei + self.price.max_priority_fee_wei, self.price.max_fee_wei)


@dataclass(frozen=True, slots=True)
class FeeChoices:
    """Slow, normal and fast for one transaction, from the same answer of the network."""

    slow: GasFee
    normal: GasFee
    fast: GasFee

    def of(self, speed: Speed) -> GasFee:
        """Return the choice of that speed; for Custom, the one to begin with."""
        return {Speed.SLOW: self.slow, Speed.FAST: self.fast}.get(speed, self.normal)


class FeeDoubt(enum.Enum):
    """What is odd about a fee."""

    BELOW_BASE = "below-base"
    """Under the next block's base fee: it waits until the network gets cheaper."""
    LOW_TIP = "low-tip"
    """Under what slow senders pay."""
    HIGH = "high"
    """Over four times what fast senders pay."""
    TIP_OVER_MAX = "tip-over-max"
    """The tip exceeds the maximum: no network takes it."""
    LOW_GAS = "low-gas"
    """Less gas than the simulation used: it would fail and cost its fee."""


REFUSED = frozenset({FeeDoubt.TIP_OVER_MAX, FeeDoubt.LOW_GAS})
"""What is never signed."""
BASE_FEE_HEADROOM = 2
"""The maximum covers twice the next base fee: it can rise by an eighth a block, so for six full blocks."""
GAS_HEADROOM_PERCENT = 25
"""Added to what a contract call used in the simulation; a plain transfer of the coin needs exactly its 21,000."""
REPLACEMENT_PERCENT = 115
"""A replacement pays at least this part of the first price; nodes want 110 (go-ethereum's PriceBump), some 112.5."""
_HIGH = 4


def most_sendable(spendable_wei: int, fee: GasFee) -> int:
    """Return how much of the coin can be sent so that the dearest fee is covered; at most that fee is left. 0 if none.

    Whatever the network takes in the end lies between nothing and `fee.most_wei`, so that is the bound of what stays.
    """
    return max(spendable_wei - fee.most_wei, 0)


def fee_doubts(fee: GasFee, choices: FeeChoices) -> tuple[FeeDoubt, ...]:
    """Return what is odd about a fee beside the network's own choices; empty for those themselves."""
    doubts = []
    if isinstance(fee.price, MarketPrice) and fee.price.max_priority_fee_wei > fee.price.max_fee_wei:
        doubts.append(FeeDoubt.TIP_OVER_MAX)
    if fee.gas_limit < choices.normal.gas_expected:
        doubts.append(FeeDoubt.LOW_GAS)
    if fee.price.most_wei < fee.base_fee_wei:
        doubts.append(FeeDoubt.BELOW_BASE)
    elif fee.unit_wei < choices.slow.unit_wei:
        doubts.append(FeeDoubt.LOW_TIP)
    if fee.unit_wei > _HIGH * choices.fast.unit_wei:
        doubts.append(FeeDoubt.HIGH)
    return tuple(doubts)


def market_prices(base_fees_wei: Sequence[int], rewards_wei: Sequence[Sequence[int]]) -> tuple[MarketPrice, ...]:
    """Return slow, normal and fast from `eth_feeHistory` (execution-apis).

    Of its base fees the last is the next block's; its rewards stand at three rising percentiles, and the tip is the
    median of each over the blocks.
    """
    next_base_wei = base_fees_wei[-1]
    prices = []
    least_wei = 0
    for column in range(3):
        tips = sorted(block[column] for block in rewards_wei) or [0]
        least_wei = max(tips[len(tips) // 2], least_wei)
        prices.append(MarketPrice(BASE_FEE_HEADROOM * next_base_wei + least_wei, least_wei))
    return tuple(prices)


def outbid(price: GasPrice, first: GasPrice) -> GasPrice:
    """Return `price`, raised to what a replacement of a transaction that paid `first` has to pay at least."""

    def raised(wei: int) -> int:
        # Both prices have to be above the first ones (go-ethereum's list.Add), which matters where a tip is 0.
        return max((wei * REPLACEMENT_PERCENT + 99) // 100, wei + 1)

    if isinstance(first, LegacyPrice) or isinstance(price, LegacyPrice):
        return LegacyPrice(max(price.most_wei, raised(first.most_wei)))
    return MarketPrice(
        max(price.max_fee_wei, raised(first.max_fee_wei)),
        max(price.max_priority_fee_wei, raised(first.max_priority_fee_wei)),
    )
