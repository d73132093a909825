"""What the balances of a snapshot are worth: one factor an asset, whole numbers throughout, so that sums are exact."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import compress
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

from desktop_wallet.core.prices import MoneyTotal, scaled
from desktop_wallet.ui.models.balance_names import Money

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.prices import Currency, Price
    from desktop_wallet.core.totals import Total
    from desktop_wallet.ui.models.balance_names import BalanceNames
    from desktop_wallet.ui.models.sources import PriceView


@dataclass(frozen=True, slots=True)
class Worth:
    """What one balance is worth. `value` is of the amount that is shown, `change` of what a pending payment does to it.

    None where the price or the amount is not known. `test` says why there can be no price: it is no real money.
    """

    currency: Currency
    price: Price | None
    value: Decimal | None
    change: Decimal | None
    outdated: bool
    test: bool
    playing: bool

    @property
    def counted(self) -> Decimal | None:
        """Return what of it is in a total."""
        return self.value if self.value is None or self.change is None else self.value + self.change


@dataclass(frozen=True, slots=True)
class MoneySum:
    """What some balances are worth together; `without_price` of them hold something and have no price."""

    value: Decimal
    currency: Currency
    without_price: int
    any_price: bool


@dataclass(slots=True)
class GroupUnits:
    """What a group of balances is worth in units of its Worths; it stays true while every change is followed."""

    units: int
    without_price: int
    any_price: bool


class Move(NamedTuple):
    """How one balance changed: by how many base units, and whether it came to hold something (1), or nothing (-1)."""

    row: int
    asset: int
    amount: int
    some: int


@dataclass(slots=True)
class _Held:
    """What is held of one asset over all accounts; `some` counts the balances that are known and not nothing."""

    amount: int = 0
    some: int = 0


class Holdings:
    """One running sum an asset: a change costs the same among ten balances and among a hundred thousand."""

    def __init__(self, assets: int) -> None:
        self._held = [_Held() for _ in range(assets)]

    def add(self, asset: int, rows: Sequence[int], amounts: Sequence[int | None]) -> None:
        """Count balances that are new; `amounts` has those of all rows."""
        known = list(filter(None, map(amounts.__getitem__, rows)))
        self._held[asset].amount += sum(known)
        self._held[asset].some += len(known)

    def count(self, asset: int, amount: int, some: int) -> None:
        """Count by how much one balance of an asset changed, and whether it holds something now or no more."""
        self._held[asset].amount += amount
        self._held[asset].some += some

    def amount(self, asset: int) -> int:
        """Return how many base units of an asset there are, expected changes included."""
        return self._held[asset].amount

    def some(self, asset: int) -> int:
        """Return how many balances of an asset hold something."""
        return self._held[asset].some


class Worths:
    """The prices of a snapshot's assets. A price that changes makes another one of these."""

    def __init__(self, names: BalanceNames, prices: PriceView, currency: Currency, now: Instant) -> None:
        self.currency = currency
        self._playing = prices.playing
        self._now = now
        self._test = bytes(words.family.money is Money.TEST for words in names.assets)
        self.prices = [
            None if test else prices.price(words.asset.id) for words, test in zip(names.assets, self._test, strict=True)
        ]
        self._outdated = [price is not None and prices.is_outdated(price) for price in self.prices]
        self._decimals = [words.asset.decimals for words in names.assets]
        self._places = max((_places(price) + places for price, places in self._priced()), default=0)
        self.factors = [
            0 if price is None else int(price.per_unit.scaleb(self._places - places))
            for price, places in zip(self.prices, self._decimals, strict=True)
        ]
        """What one base unit of each asset is worth, in units of 10^-`_places`; 0 without a price."""
        self._priceless = bytes(price is None and not test for price, test in zip(self.prices, self._test, strict=True))

    def _priced(self) -> list[tuple[Price, int]]:
        both = zip(self.prices, self._decimals, strict=True)
        return [(price, places) for price, places in both if price is not None]

    def renew(self, now: Instant) -> None:
        """Count ages up to this moment."""
        self._now = now

    @property
    def look(self) -> tuple[object, ...]:
        """Return what rows and totals depend on: equal looks show the same."""
        return self.currency, self.prices, self._outdated

    def of_row(self, asset: int, amount: int | None, expected: int | None) -> Worth:
        """Return what a balance of the asset is worth."""
        price = self.prices[asset]
        value = change = None
        if price is not None and amount is not None:
            value = self._decimal(amount * self.factors[asset])
            change = None if expected is None else self._decimal(expected * self.factors[asset])
        test = bool(self._test[asset])
        return Worth(self.currency, price, value, change, self._outdated[asset], test, self._playing)

    def units_of(
        self, rows: Sequence[int], asset: Sequence[int], amounts: Sequence[int | None], expected: Mapping[int, int]
    ) -> GroupUnits:
        """Return what these rows are worth together, to be kept up with `follow`."""
        # A heading may stand over every row: C loops, not Python's, and only over rows that hold something.
        numbers = list(map(asset.__getitem__, compress(rows, map(amounts.__getitem__, rows))))
        known = filter(None, map(amounts.__getitem__, rows))
        total = sum(map(mul, known, map(self.factors.__getitem__, numbers)))
        without = sum(map(self._priceless.__getitem__, numbers))
        if expected:
            pending = [row for row in rows if row in expected and amounts[row] is not None]
            total += sum(expected[row] * self.factors[asset[row]] for row in pending)
            without += sum(self._priceless[asset[row]] for row in pending if not amounts[row] and expected[row])
        any_price = any(map(self.factors.__getitem__, set(map(asset.__getitem__, rows))))
        return GroupUnits(total, without, any_price)

    def follow(self, group: GroupUnits, move: Move) -> None:
        """Take over into a group what one of its balances became."""
        group.units += move.amount * self.factors[move.asset]
        group.without_price += move.some * self._priceless[move.asset]

    def sum_of(self, group: GroupUnits) -> MoneySum:
        """Return what a group is worth, in money."""
        return MoneySum(self._decimal(group.units), self.currency, group.without_price, group.any_price)

    def whole(self, holdings: Holdings, real: Total) -> MoneyTotal:
        """Return what everything is worth; `real` is the line for all balances that can be worth anything."""
        assets = range(len(self.prices))
        total = sum(holdings.amount(number) * self.factors[number] for number in assets)
        ages = [
            price.age_s(self._now)
            for number, price in enumerate(self.prices)
            if price is not None and holdings.some(number)
        ]
        return MoneyTotal(
            value=self._decimal(total),
            currency=self.currency,
            parts=real.parts,
            without_price=sum(holdings.some(number) for number in assets if self._priceless[number]),
            unknown=real.unknown,
            pending=real.pending,
            priced=sum(holdings.some(number) for number in assets if self.prices[number] is not None),
            oldest_age_s=real.oldest_age_s,
            price_age_s=max(ages, default=None),
            outdated=any(outdated and holdings.some(number) > 0 for number, outdated in enumerate(self._outdated)),
        )

    def _decimal(self, units: int) -> Decimal:
        return scaled(units, self._places)


def _places(price: Price) -> int:
    exponent = price.per_unit.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0
