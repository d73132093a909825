"""Choices of fees rise with their speed, replacements pay what nodes demand, and what is odd is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.fees import (
    REFUSED,
    FeeChoices,
    FeeDoubt,
    GasFee,
    Speed,
    fee_doubts,
    market_prices,
    outbid,
)
from desktop_wallet.core.signing import GasPrice, LegacyPrice, MarketPrice

GWEI = 10**9
wei = st.integers(0, 2**64) | st.integers(0, 3)
market = st.builds(lambda base, tip: MarketPrice(base + tip, tip), wei, wei)
prices: st.SearchStrategy[GasPrice] = st.one_of(market, st.builds(LegacyPrice, wei))
histories = st.lists(st.lists(wei, min_size=3, max_size=3), max_size=30)
"""Rewards at three percentiles; not every server has them rise."""


def fee(price: GasPrice, *, base: int = 10 * GWEI, limit: int = 26_250, expected: int = 21_000) -> GasFee:
    return GasFee(Speed.CUSTOM, price, limit, expected, base)


def choices_of(base: int, tips: tuple[int, int, int]) -> FeeChoices:
    slow, normal, fast = (fee(MarketPrice(2 * base + tip, tip), base=base) for tip in tips)
    return FeeChoices(
        replace(slow, speed=Speed.SLOW), replace(normal, speed=Speed.NORMAL), replace(fast, speed=Speed.FAST)
    )


CHOICES = choices_of(10 * GWEI, (1 * GWEI, 2 * GWEI, 4 * GWEI))


@given(st.lists(wei, min_size=1, max_size=30), histories)
def test_slow_never_pays_more_than_normal_nor_normal_than_fast(base_fees: list[int], rewards: list[list[int]]) -> None:
    slow, normal, fast = market_prices(base_fees, rewards)
    assert slow.max_fee_wei <= normal.max_fee_wei <= fast.max_fee_wei
    assert slow.max_priority_fee_wei <= normal.max_priority_fee_wei <= fast.max_priority_fee_wei
    for price in (slow, normal, fast):
        assert price.max_priority_fee_wei <= price.max_fee_wei
        # The next six blocks can raise the base fee by an eighth each and the tip is still paid.
        assert price.max_fee_wei - price.max_priority_fee_wei >= base_fees[-1] * 9**5 // 8**5
    tips = {tip for block in rewards for tip in block} | {0}
    assert {price.max_priority_fee_wei for price in (slow, normal, fast)} <= tips


@given(wei, histories)
def test_the_networks_own_choices_are_never_odd(base: int, rewards: list[list[int]]) -> None:
    tips = tuple(price.max_priority_fee_wei for price in market_prices([base], rewards))
    choices = choices_of(base, (tips[0], tips[1], tips[2]))
    for speed in (Speed.SLOW, Speed.NORMAL, Speed.FAST):
        assert choices.of(speed).speed is speed
        assert fee_doubts(choices.of(speed), choices) == ()
    assert choices.of(Speed.CUSTOM) is choices.normal


def test_one_odd_block_does_not_move_the_tip() -> None:
    usual = [GWEI, 2 * GWEI, 3 * GWEI]
    assert market_prices([7], [usual, usual, [0, 0, 900 * GWEI]]) == tuple(MarketPrice(14 + tip, tip) for tip in usual)


@given(prices, prices)
def test_a_replacement_pays_what_nodes_demand_and_never_less_than_was_asked(price: GasPrice, first: GasPrice) -> None:
    found = outbid(price, first)
    for new, old, asked in zip(both(found), both(first), both(price), strict=True):
        assert new * 100 >= old * 110
        assert new > old
        assert new >= asked
    if isinstance(price, MarketPrice) and isinstance(first, MarketPrice):
        assert isinstance(found, MarketPrice)
    assert found.most_wei >= max(price.most_wei, first.most_wei)
    assert both(found)[1] <= both(found)[0]
    assert outbid(found, first) == found


def both(price: GasPrice) -> tuple[int, int]:
    """Return maximum and tip as nodes compare them: a legacy price is both (go-ethereum's LegacyTx)."""
    if isinstance(price, LegacyPrice):
        return price.gas_price_wei, price.gas_price_wei
    return price.max_fee_wei, price.max_priority_fee_wei


@given(
    prices,
    wei,
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(0, 10**18),
    st.integers(0, 10**18),
)
def test_what_is_likely_is_never_more_than_the_most(
    price: GasPrice, base: int, expected: int, headroom: int, data: int, more: int
) -> None:
    found = GasFee(Speed.NORMAL, price, expected + headroom, expected, base, data, data + more)
    assert 0 <= found.expected_wei <= found.most_wei
    assert found.unit_wei <= price.most_wei


@pytest.mark.parametrize(
    ("price", "doubts"),
    [
        (MarketPrice(22 * GWEI, 2 * GWEI), ()),
        (MarketPrice(10 * GWEI - 1, 1), (FeeDoubt.BELOW_BASE,)),
        (MarketPrice(10 * GWEI, 0), (FeeDoubt.LOW_TIP,)),
        (MarketPrice(11 * GWEI, GWEI), ()),
        (MarketPrice(11 * GWEI - 1, GWEI - 1), (FeeDoubt.LOW_TIP,)),
        (MarketPrice(100 * GWEI, 46 * GWEI), ()),
        (MarketPrice(100 * GWEI, 46 * GWEI + 1), (FeeDoubt.HIGH,)),
        (MarketPrice(GWEI, 2 * GWEI), (FeeDoubt.TIP_OVER_MAX, FeeDoubt.BELOW_BASE)),
        (LegacyPrice(12 * GWEI), ()),
        (LegacyPrice(9 * GWEI), (FeeDoubt.BELOW_BASE,)),
        (LegacyPrice(57 * GWEI), (FeeDoubt.HIGH,)),
    ],
)
def test_what_is_odd_about_a_price_is_said(price: GasPrice, doubts: tuple[FeeDoubt, ...]) -> None:
    assert fee_doubts(fee(price), CHOICES) == doubts


def test_less_gas_than_the_simulation_used_is_refused() -> None:
    assert fee_doubts(fee(CHOICES.normal.price, limit=20_999), CHOICES) == (FeeDoubt.LOW_GAS,)
    assert fee_doubts(fee(CHOICES.normal.price, limit=21_000), CHOICES) == ()
    assert {FeeDoubt.LOW_GAS, FeeDoubt.TIP_OVER_MAX} == REFUSED


@given(market, wei)
def test_a_tip_over_its_maximum_is_always_refused(price: MarketPrice, base: int) -> None:
    over = MarketPrice(price.max_fee_wei, price.max_fee_wei + 1)
    assert REFUSED & set(fee_doubts(fee(over, base=base), CHOICES))
    assert not REFUSED & set(fee_doubts(fee(price, base=base), CHOICES))
