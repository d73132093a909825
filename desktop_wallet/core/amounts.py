"""Amounts: integers in base units, and the only places where they become text or come from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from typing_extensions import override

from desktop_wallet.core.errors import InvalidAmount

UINT256_MAX = (1 << 256) - 1
NO_BREAK_THIN = "\u202f"
"""Groups decimals by three without letting a line break between them."""
_GAPS = "[ _\u00a0\u2009\u202f]"
_WHOLE = rf"(?:[0-9]+|[0-9]{{1,3}}(?:{_GAPS}[0-9]{{3}})+|[0-9]{{1,3}}(?:,[0-9]{{3}})+)"
_PLACES = rf"(?:[0-9]+|[0-9]{{3}}(?:{_GAPS}[0-9]{{3}})*{_GAPS}[0-9]{{1,3}})"
_TYPED = re.compile(rf"{_WHOLE}(?:\.{_PLACES}?)?|\.{_PLACES}")
"""A gap or a comma only where it groups by three: "0,5" must not become 5, nor "1 2" become 12."""
_LONGEST = 400
_MIN_PLACES = 2
_GROUP = 3


@dataclass(frozen=True, slots=True)
class Amount:
    """A count of base units, and how many decimals make one whole coin of it."""

    base_units: int
    decimals: int

    @override
    def __str__(self) -> str:
        """Return the exact decimal text without groups: fit for a clipboard."""
        return plain_text(self)


def parse_amount(text: str, decimals: int) -> Amount:
    """Return the amount a person typed; spaces that group by three, and commas before the point, are accepted.

    Raises InvalidAmount: empty, not-a-number, too-fine (more decimals than the asset has), negative, too-large (over
    256 bits).
    """
    trimmed = text.strip()
    if not trimmed:
        raise InvalidAmount(text=text[:80], problem="empty")
    if trimmed.startswith(("-", "\u2212")):
        raise InvalidAmount(text=text[:80], problem="negative")
    if len(trimmed) > _LONGEST or not _TYPED.fullmatch(trimmed):
        raise InvalidAmount(text=text[:80], problem="not-a-number")
    try:
        value = Decimal(re.sub(rf"{_GAPS}|,", "", trimmed))
    except InvalidOperation:
        raise InvalidAmount(text=text[:80], problem="not-a-number") from None
    sign, digits, exponent = value.as_tuple()
    if sign or not isinstance(exponent, int):
        raise InvalidAmount(text=text[:80], problem="not-a-number")
    number = int("".join(map(str, digits)))
    shift = decimals + exponent
    if shift >= 0:
        base_units = number * 10**shift
    else:
        base_units, rest = divmod(number, 10**-shift)
        if rest:
            raise InvalidAmount(text=text[:80], problem="too-fine")
    if base_units > UINT256_MAX:
        raise InvalidAmount(text=text[:80], problem="too-large")
    return Amount(base_units, decimals)


def plain_text(amount: Amount) -> str:
    """Return the exact amount with a point and no groups, trailing zeros cut: "1250", "0.5", "-0.25"."""
    whole, places = _split(amount)
    places = places.rstrip("0")
    sign = "-" if amount.base_units < 0 else ""
    return f"{sign}{whole}.{places}" if places else f"{sign}{whole}"


def shown_text(amount: Amount, *, max_places: int | None = None, signed: bool = False) -> str:
    """Return the amount for the screen: "1,250.00", "2.481\u202f903\u202f77"; two places at least where it has them.

    With `max_places` further decimals are cut, never rounded up, and an ellipsis says so. `signed` writes a plus too.
    """
    whole, places = _split(amount)
    cut = ""
    if max_places is not None and len(places.rstrip("0")) > max_places:
        places, cut = places[:max_places], "…"
    else:
        places = places.rstrip("0").ljust(min(_MIN_PLACES, amount.decimals), "0")
    groups = NO_BREAK_THIN.join(places[i : i + _GROUP] for i in range(0, len(places), _GROUP))
    sign = "\u2212" if amount.base_units < 0 else ("+" if signed else "")
    number = f"{int(whole):,}"
    return f"{sign}{number}.{groups}{cut}" if groups else f"{sign}{number}{cut}"


def _split(amount: Amount) -> tuple[str, str]:
    digits = str(abs(amount.base_units)).rjust(amount.decimals + 1, "0")
    if not amount.decimals:
        return digits, ""
    return digits[: -amount.decimals], digits[-amount.decimals :]
