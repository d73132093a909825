"""Prices and what amounts are worth: exact decimals from the server's digits to the screen, never floats."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation
from typing import TYPE_CHECKING, NewType

from desktop_wallet.core.freshness import CLOCK_TOLERANCE_S

if TYPE_CHECKING:
    from desktop_wallet.core.instants import Instant

CoinId = NewType("CoinId", str)
"""A coin as a source of prices names it: "usd-coin". It is bound to an asset by its contract, never by its symbol."""

KEPT_S = 86_400.0
"""How long a price is shown at all: a day (a value from yesterday would be taken for today's)."""
_LEAST, _MOST = Decimal("1e-24"), Decimal("1e15")
_PLACES = 40
"""The most decimals of a price that are read; the published interface gives up to 18, or all that it has."""
_SLEEPY_S = 3_600.0
"""A market that has not moved for an hour is no market of today."""
_EXACT = Context(prec=400, rounding=ROUND_HALF_EVEN, traps=[Inexact, InvalidOperation])
_ROUNDED = Context(prec=400, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
_SMALL_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency by its ISO 4217 code in lower case; `minor_digits` are the decimals of it that people pay with."""

    code: str
    name: str
    mark: str
    """What stands before a number: a sign that the fonts have, or the code and a space."""
    minor_digits: int = 2

    @property
    def spelled(self) -> bool:
        """Return whether the mark is the code itself, which is too long to stand in every cell of a column."""
        return self.mark.strip().lower() == self.code


CURRENCIES: dict[str, Currency] = {
    known.code: known
    for known in (
        Currency("usd", "US dollar", "$"),
        Currency("eur", "Euro", "€"),
        Currency("gbp", "Pound sterling", "£"),
        Currency("chf", "Swiss franc", "CHF\u00a0"),
        Currency("jpy", "Japanese yen", "¥", 0),
        Currency("brl", "Brazilian real", "R$"),
        Currency("cad", "Canadian dollar", "CA$"),
        Currency("aud", "Australian dollar", "A$"),
        Currency("nzd", "New Zealand dollar", "NZ$"),
        Currency("sgd", "Singapore dollar", "S$"),
        Currency("mxn", "Mexican peso", "MXN\u00a0"),
        Currency("inr", "Indian rupee", "INR\u00a0"),
        Currency("krw", "South Korean won", "KRW\u00a0", 0),
        Currency("pln", "Polish zloty", "PLN\u00a0"),
        Currency("czk", "Czech koruna", "CZK\u00a0"),
        Currency("sek", "Swedish krona", "SEK\u00a0"),
        Currency("nok", "Norwegian krone", "NOK\u00a0"),
        Currency("dkk", "Danish krone", "DKK\u00a0"),
        Currency("try", "Turkish lira", "TRY\u00a0"),
        Currency("zar", "South African rand", "ZAR\u00a0"),
    )
}
"""The currencies to choose from: minor units by ISO 4217, each of them one that the source of prices knows."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one whole coin costs. `at` is when it was asked for, `market_s` (Unix) when the source last renewed it."""

    coin: CoinId
    currency: Currency
    per_unit: Decimal
    at: Instant
    market_s: int
    source: str
    """The host that said so, or the name of what stands in for one."""

    def age_s(self, now: Instant) -> float:
        """Return how old the price is: since it was asked for, or since the source renewed it, the longer of both."""
        return max(self.at.age_s(now), now.wall_s - self.market_s)

    def is_outdated(self, now: Instant, ttl_s: float) -> bool:
        """Return whether it was asked for longer ago than `ttl_s`, in the future, or was an old price even then."""
        asked_s = self.at.age_s(now)
        return not -CLOCK_TOLERANCE_S <= asked_s <= ttl_s or self.at.wall_s - self.market_s > _SLEEPY_S

    def is_shown(self, now: Instant) -> bool:
        """Return whether it is worth showing at all, outdated or not."""
        return self.age_s(now) <= KEPT_S


@dataclass(frozen=True, slots=True)
class MoneyTotal:
    """What balances are worth together, exactly, and what is not in it. Coins of test networks are no part of it.

    `without_price` counts balances that hold something whose price is not known (nothing is worth nothing at any
    price), `unknown` those whose amount is not known. A pending part counts with its expected change.
    """

    value: Decimal
    currency: Currency
    parts: int
    without_price: int
    unknown: int
    pending: int
    priced: int
    """How many of the parts are in `value`."""
    oldest_age_s: float | None
    price_age_s: float | None
    """The age of the oldest price that was counted."""
    outdated: bool


def checked_price(digits: str) -> Decimal | None:
    """Return the price that a number in JSON's form tells, None for what no price can be.

    That is: zero, negative, over 10^15 or under 10^-24 for one coin, more than 40 decimals, infinite or no number.
    """
    try:
        price = Decimal(digits)
    except InvalidOperation:
        return None
    if not price.is_finite() or not _LEAST <= price <= _MOST:
        return None
    exponent = price.as_tuple().exponent
    return price if isinstance(exponent, int) and exponent >= -_PLACES and len(digits) <= 2 * _PLACES else None


def worth(base_units: int, decimals: int, per_unit: Decimal) -> Decimal:
    """Return what an amount is worth, exactly: for amounts of 256 bits at prices that `checked_price` lets by."""
    return _EXACT.scaleb(_EXACT.multiply(Decimal(base_units), per_unit), -decimals)


def added(values: list[Decimal]) -> Decimal:
    """Return the exact sum."""
    total = Decimal(0)
    for value in values:
        total = _EXACT.add(total, value)
    return total


def scaled(number: int, places: int) -> Decimal:
    """Return `number` / 10^`places`, exactly."""
    return _EXACT.scaleb(Decimal(number), -places)


def minor_units(value: Decimal, currency: Currency) -> int:
    """Return the value in the currency's smallest unit, rounded half to even: 1234 of 12.335 dollars."""
    return int(_ROUNDED.scaleb(value, currency.minor_digits).to_integral_value(ROUND_HALF_EVEN))


def money_text(value: Decimal, currency: Currency, *, signed: bool = False, bare: bool = False) -> str:
    """Return a value for the screen: "$1,234.50", "¥1,235", "−CHF 3.00"; what rounds to nothing is "< $0.01".

    `bare` leaves out the currency, where there is no room and others beside it tell.
    """
    units, mark = minor_units(value, currency), "" if bare else currency.mark
    if not units and value:
        least = _digits(1, currency.minor_digits)
        return f"> −{mark}{least}" if value < 0 else f"< {mark}{least}"
    sign = "−" if units < 0 else ("+" if signed and units else "")
    return f"{sign}{mark}{_digits(abs(units), currency.minor_digits)}"


def price_text(per_unit: Decimal, currency: Currency) -> str:
    """Return a price for the screen: as money, with more decimals below one unit: "$0.00001234"."""
    if per_unit >= 1:
        return money_text(per_unit, currency)
    places = max(-per_unit.adjusted() + _SMALL_DIGITS - 1, currency.minor_digits)
    text = f"{_ROUNDED.quantize(per_unit, Decimal(1).scaleb(-places)):f}"
    whole, _, decimals = text.partition(".")
    return f"{currency.mark}{whole}.{decimals.rstrip('0').ljust(currency.minor_digits, '0')}".rstrip(".")


def _digits(units: int, places: int) -> str:
    if not places:
        return f"{units:,}"
    whole, rest = divmod(units, 10**places)
    return f"{whole:,}.{rest:0{places}d}"
