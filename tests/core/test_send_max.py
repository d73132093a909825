"""Send max: whatever the fee comes to, it is covered, and no more stays behind than was said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.fees import GasFee, Speed, most_sendable
from desktop_wallet.core.signing import GasPrice, LegacyPrice, MarketPrice

_WEI = st.integers(min_value=0, max_value=10**13)


@st.composite
def fees(draw: st.DrawFn) -> GasFee:
    base = draw(_WEI)
    tip = draw(_WEI)
    price: GasPrice = MarketPrice(draw(st.integers(tip, tip + 4 * base + 1)), tip)
    if draw(st.booleans()):
        price, base = LegacyPrice(draw(_WEI)), 0
    gas = draw(st.integers(21_000, 10_000_000))
    data = draw(_WEI)
    return GasFee(
        Speed.NORMAL, price, gas, draw(st.integers(21_000, gas)), base, data, draw(st.integers(data, 2 * data))
    )


@given(
    spendable=st.integers(min_value=0, max_value=1 << 96),
    fee=fees(),
    used=st.floats(min_value=0, max_value=1),
    later_base=_WEI,
    data_part=st.floats(min_value=0, max_value=1),
)
def test_the_most_never_fails_for_the_fee_and_leaves_at_most_what_was_said(
    spendable: int, fee: GasFee, used: float, later_base: int, data_part: float
) -> None:
    amount = most_sendable(spendable, fee)
    if not amount:
        assert spendable <= fee.most_wei
        return
    unit = fee.price.most_wei
    if isinstance(fee.price, MarketPrice):
        unit = min(later_base + fee.price.max_priority_fee_wei, fee.price.max_fee_wei)
    taken = int(fee.gas_limit * used) * unit + int(fee.data_fee_most_wei * data_part)
    left = spendable - amount - taken
    assert amount + fee.most_wei <= spendable, "nodes want the whole of it to be there"
    assert 0 <= left <= fee.most_wei


@given(spendable=st.integers(min_value=0, max_value=1 << 96), fee=fees())
def test_one_more_could_not_be_sent(spendable: int, fee: GasFee) -> None:
    amount = most_sendable(spendable, fee)
    assert amount == 0 or amount + 1 + fee.most_wei > spendable
