from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.amounts import UINT256_MAX, Amount, parse_amount, plain_text, shown_text
from desktop_wallet.core.errors import InvalidAmount

SPACE = "\u202f"


@pytest.mark.parametrize(
    ("base_units", "decimals", "text"),
    [
        (2_481_903_770_000_000_000, 18, f"2.481{SPACE}903{SPACE}77"),
        (1_250_000_000, 6, "1,250.00"),
        (0, 18, "0.00"),
        (1, 18, SPACE.join(["0.000", "000", "000", "000", "000", "001"])),
        (7, 0, "7"),
        (15, 1, "1.5"),
        (-1_500_000, 6, "\u22121.50"),
    ],
)
def test_amounts_are_grouped_and_exact(base_units: int, decimals: int, text: str) -> None:
    assert shown_text(Amount(base_units, decimals)) == text


def test_a_cut_amount_says_so_and_is_never_rounded_up() -> None:
    assert shown_text(Amount(1_999_999_999, 9), max_places=6) == f"1.999{SPACE}999…"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("-1", "negative"),
        ("1e3", "not-a-number"),
        ("0x10", "not-a-number"),
        ("1.2.3", "not-a-number"),
        ("0,5", "not-a-number"),
        ("12,34", "not-a-number"),
        ("1 2", "not-a-number"),
        ("1\n2", "not-a-number"),
        ("1 000\n000", "not-a-number"),
        ("0.12 34", "not-a-number"),
        ("1 000,000", "not-a-number"),
        ("9" * 79, "too-large"),
        ("9" * 401, "not-a-number"),
        ("1.234,5", "not-a-number"),
        ("NaN", "not-a-number"),
        ("\u0661", "not-a-number"),
        ("0.0000001", "too-fine"),
        ("1" + "0" * 77, "too-large"),
    ],
)
def test_bad_amounts_say_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(InvalidAmount) as caught:
        parse_amount(text, 6)
    assert caught.value.data["problem"] == problem


@pytest.mark.parametrize("text", ["1250.5", "1,250.5", "1 250.5", "1\u202f250.50", " 1_250.5\n", "1250.500"])
def test_thousands_may_be_grouped(text: str) -> None:
    assert parse_amount(text, 6).base_units == 1_250_500_000


@given(st.integers(0, UINT256_MAX), st.integers(0, 36))
def test_what_is_printed_is_parsed_to_the_same_amount(base_units: int, decimals: int) -> None:
    amount = Amount(base_units, decimals)
    assert parse_amount(plain_text(amount), decimals) == amount
    assert parse_amount(shown_text(amount), decimals) == amount


@given(st.text(max_size=40), st.integers(0, 36))
def test_no_text_makes_the_parser_fail_otherwise(text: str, decimals: int) -> None:
    try:
        amount = parse_amount(text, decimals)
    except InvalidAmount:
        return
    assert 0 <= amount.base_units <= UINT256_MAX
