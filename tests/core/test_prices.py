from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.amounts import UINT256_MAX
from desktop_wallet.core.prices import (
    CURRENCIES,
    KEPT_S,
    CoinId,
    Price,
    added,
    checked_price,
    minor_units,
    money_text,
    price_text,
    scaled,
    worth,
)
from tests.fakes.clock import FakeClock

USD, JPY, CHF = CURRENCIES["usd"], CURRENCIES["jpy"], CURRENCIES["chf"]
PRICES = st.decimals(min_value=Decimal("1e-24"), max_value=Decimal("1e15"), allow_nan=False, places=24)
AMOUNTS = st.integers(min_value=0, max_value=UINT256_MAX)


def price(clock: FakeClock, *, asked_s: float = 0.0, market_s: float = 0.0) -> Price:
    """Return a price asked for so long ago, which the market had set so long before that."""
    now = clock.now()
    at = now._replace(wall_s=now.wall_s - asked_s, boot_s=now.boot_s - asked_s)
    return Price(CoinId("ethereum"), USD, Decimal(1800), at, int(at.wall_s - market_s), "prices.example")


@given(AMOUNTS, st.integers(0, 36), PRICES)
def test_a_value_is_exact_for_any_amount_at_any_price(amount: int, decimals: int, per_unit: Decimal) -> None:
    assert Fraction(worth(amount, decimals, per_unit)) == Fraction(amount) * Fraction(per_unit) / 10**decimals


@given(st.lists(AMOUNTS, max_size=6), st.integers(0, 36), PRICES)
def test_the_sum_of_values_is_the_value_of_the_sum(amounts: list[int], decimals: int, per_unit: Decimal) -> None:
    assert added([worth(amount, decimals, per_unit) for amount in amounts]) == worth(sum(amounts), decimals, per_unit)


@given(
    st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=9),
    st.sampled_from(["usd", "jpy", "chf"]),
)
def test_rounding_to_what_people_pay_with_is_off_by_half_a_unit_at_most(value: Decimal, code: str) -> None:
    currency = CURRENCIES[code]
    exact = Fraction(value) * 10**currency.minor_digits
    assert abs(minor_units(value, currency) - exact) <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("digits", "found"),
    [
        ("0.999812345678", Decimal("0.999812345678")),
        ("1", Decimal(1)),
        ("67187.3358936566", Decimal("67187.3358936566")),
        ("8.79e-06", Decimal("0.00000879")),
        ("1e-24", Decimal("1e-24")),
        ("1e15", Decimal("1e15")),
    ],
)
def test_a_price_keeps_every_digit_that_was_sent(digits: str, found: Decimal) -> None:
    assert checked_price(digits) == found


@pytest.mark.parametrize(
    "digits",
    ["0", "-0", "0.0", "-1", "-0.5", "1e999", "1e-999", "1.1e15", "9e-25", "1e999999999999", "NaN", "sNaN", "Infinity",
     "-Infinity", "", "abc", "0x10", "1,5", "1" * 81, "0." + "1" * 41],
)  # fmt: skip
def test_what_no_price_can_be_is_refused(digits: str) -> None:
    assert checked_price(digits) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1234.5", "$1,234.50"),
        ("0", "$0.00"),
        ("0.005", "< $0.01"),
        ("0.0050001", "$0.01"),
        ("0.000000000001", "< $0.01"),
        ("-0.001", "> −$0.01"),
        ("-2700", "−$2,700.00"),
        ("0.125", "$0.12"),
        ("0.135", "$0.14"),
        ("1234567890.999", "$1,234,567,891.00"),
    ],
)
def test_money_is_written_with_its_minor_units(value: str, text: str) -> None:
    assert money_text(Decimal(value), USD) == text


def test_a_currency_without_minor_units_has_no_point() -> None:
    assert money_text(Decimal("1234.5"), JPY) == "¥1,234"
    assert money_text(Decimal("0.4"), JPY) == "< ¥1"
    assert money_text(Decimal(3), CHF) == "CHF\u00a03.00"
    assert money_text(Decimal(3), CHF, bare=True) == "3.00"
    assert money_text(Decimal("0.001"), CHF, bare=True) == "< 0.01"


def test_a_change_of_value_tells_its_sign() -> None:
    assert money_text(Decimal(3), USD, signed=True) == "+$3.00"
    assert money_text(Decimal(-3), USD, signed=True) == "−$3.00"
    assert money_text(Decimal(0), USD, signed=True) == "$0.00"


@pytest.mark.parametrize(
    ("per_unit", "text"),
    [
        ("1800", "$1,800.00"),
        ("67187.3358936566", "$67,187.34"),
        ("0.9998", "$0.9998"),
        ("0.5", "$0.50"),
        ("0.00001234567", "$0.00001235"),
        ("1e-24", "$0.000000000000000000000001"),
    ],
)
def test_a_price_below_one_shows_the_digits_that_matter(per_unit: str, text: str) -> None:
    assert price_text(Decimal(per_unit), USD) == text


def test_a_price_is_as_old_as_the_older_of_asking_and_market() -> None:
    clock = FakeClock()
    assert price(clock, asked_s=42).age_s(clock.now()) == 42
    assert price(clock, asked_s=42, market_s=58).age_s(clock.now()) == pytest.approx(100, abs=1)


def test_a_price_serves_for_its_time_and_not_longer() -> None:
    clock = FakeClock()
    held = price(clock)
    clock.advance(300)
    assert not held.is_outdated(clock.now(), 300)
    clock.advance(0.1)
    assert held.is_outdated(clock.now(), 300)


def test_a_price_of_a_market_that_stands_still_is_outdated_from_the_start() -> None:
    clock = FakeClock()
    assert price(clock, market_s=3_700).is_outdated(clock.now(), 300)
    assert not price(clock, market_s=3_500).is_outdated(clock.now(), 300)


def test_a_price_from_the_future_is_outdated() -> None:
    clock = FakeClock()
    held = price(clock)
    clock.wall_s -= 7_200
    clock.boot_s -= 10  # another run would not compare at all; here the clock was set back and the run began anew
    assert held.is_outdated(clock.now(), 300)


def test_a_price_of_yesterday_is_not_shown() -> None:
    clock = FakeClock()
    held = price(clock)
    clock.advance(KEPT_S)
    assert held.is_shown(clock.now())
    clock.advance(1)
    assert not held.is_shown(clock.now())


def test_setting_the_clock_back_makes_no_price_younger() -> None:
    clock = FakeClock()
    held = price(clock)
    clock.advance(400)
    clock.wall_s -= 390
    assert held.is_outdated(clock.now(), 300)


def test_every_currency_is_known_by_its_own_code() -> None:
    assert all(code == known.code and len(code) == 3 and code.islower() for code, known in CURRENCIES.items())
    assert {code for code, known in CURRENCIES.items() if known.minor_digits == 0} == {"jpy", "krw"}  # ISO 4217
    assert all(known.minor_digits in (0, 2) for known in CURRENCIES.values())
    assert len({known.mark for known in CURRENCIES.values()}) == len(CURRENCIES)


def test_whole_numbers_scale_exactly() -> None:
    assert Fraction(scaled(10**60 + 1, 60)) == Fraction(10**60 + 1, 10**60)
