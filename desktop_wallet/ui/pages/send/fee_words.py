"""Fees in words, and a custom fee from what was typed. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from desktop_wallet.core.amounts import Amount, parse_amount, plain_text
from desktop_wallet.core.errors import InvalidAmount
from desktop_wallet.core.fees import FeeDoubt, GasFee, Speed, fee_doubts
from desktop_wallet.core.signing import LegacyPrice, MarketPrice
from desktop_wallet.ui.pages.send.names import money
from desktop_wallet.ui.words import age_text

if TYPE_CHECKING:
    from desktop_wallet.core.fees import FeeChoices
    from desktop_wallet.core.networks import Network
    from desktop_wallet.services.reviews import Review

GWEI_DECIMALS = 9
PLACES = 9
_BLOCKS = {Speed.SLOW: 6, Speed.NORMAL: 2, Speed.FAST: 1}
"""Blocks after which a transfer of each speed is roughly mined."""
_MOST_GAS = 1_000_000_000
WORDS = {Speed.SLOW: "slow", Speed.NORMAL: "normal", Speed.FAST: "fast", Speed.CUSTOM: "custom"}


def wait_text(speed: Speed, network: Network) -> str:
    """Return roughly how long it takes: "about 24 s"."""
    return f"about {age_text(max(_BLOCKS[speed] * network.block_time_s, 1))}"


def speed_text(review: Review) -> str:
    """Return the speed and the rough wait: "normal, about 24 s"."""
    fee = review.fee
    if fee.speed is not Speed.CUSTOM:
        word = WORDS[fee.speed]
        return word if _waits(review.doubts) else f"{word}, {wait_text(fee.speed, review.network)}"
    if _waits(review.doubts):
        return "custom, nobody knows how soon"
    return f"custom, {wait_text(like_speed(fee, review.quote.fees), review.network)}"


def like_speed(fee: GasFee, choices: FeeChoices) -> Speed:
    """Return the speed that a custom fee comes to."""
    for speed in (Speed.FAST, Speed.NORMAL):
        if fee.unit_wei >= choices.of(speed).unit_wei:
            return speed
    return Speed.SLOW


def _waits(doubts: tuple[FeeDoubt, ...]) -> bool:
    return FeeDoubt.BELOW_BASE in doubts or FeeDoubt.LOW_TIP in doubts


def fee_note(review: Review) -> str:
    """Return what the fee can be at most."""
    return f"at most {money(review.fee.most_wei, review.coin, max_places=PLACES)}"


def choices_text(review: Review) -> str:
    """Return what slow, normal and fast come to, a line each; of a replacement only what the review has.

    A replacement pays more than the network's own choices do.
    """
    fees = review.quote.fees
    if review.draft.replaces is not None:
        return "A replacement has to pay at least 15 % more than the first one, so these are raised."
    lines = (_choice_text(fee, review) for fee in (fees.slow, fees.normal, fees.fast))
    return "\n".join(lines)


def _choice_text(fee: GasFee, review: Review) -> str:
    likely = money(fee.expected_wei, review.coin, max_places=PLACES)
    return f"{WORDS[fee.speed].capitalize()}: {likely}, {wait_text(fee.speed, review.network)}"


@dataclass(frozen=True, slots=True)
class TypedFee:
    """A custom fee as it stands in its fields, in gwei and units of gas. `tip` is empty on legacy networks."""

    price: str
    tip: str
    gas_limit: str


@dataclass(frozen=True, slots=True)
class CheckedFee:
    """The fee of what was typed, or what is wrong with which field; and what is odd about it."""

    fee: GasFee | None = None
    price: str = ""
    tip: str = ""
    gas_limit: str = ""
    doubts: tuple[FeeDoubt, ...] = ()


def typed_fee(fee: GasFee) -> TypedFee:
    """Return what the fields of a custom fee show to begin with."""
    gas_limit = str(fee.gas_limit)
    if isinstance(fee.price, LegacyPrice):
        return TypedFee(gwei_field(fee.price.gas_price_wei), "", gas_limit)
    return TypedFee(gwei_field(fee.price.max_fee_wei), gwei_field(fee.price.max_priority_fee_wei), gas_limit)


def check_fee(typed: TypedFee, choices: FeeChoices) -> CheckedFee:
    """Return the custom fee that was typed, built on the network's normal one."""
    normal = choices.normal
    legacy = isinstance(normal.price, LegacyPrice)
    price, price_wrong = _gwei(typed.price)
    tip, tip_wrong = (0, "") if legacy else _gwei(typed.tip)
    gas, gas_wrong = _gas(typed.gas_limit)
    if price_wrong or tip_wrong or gas_wrong:
        return CheckedFee(None, price_wrong, tip_wrong, gas_wrong)
    made = LegacyPrice(price) if legacy else MarketPrice(price, tip)
    fee = replace(normal, speed=Speed.CUSTOM, price=made, gas_limit=gas)
    return CheckedFee(fee, doubts=fee_doubts(fee, choices))


def gwei_field(wei: int) -> str:
    """Return a price as a field shows it: without groups."""
    return plain_text(Amount(wei, GWEI_DECIMALS))


def _gwei(text: str) -> tuple[int, str]:
    try:
        return parse_amount(text, GWEI_DECIMALS).base_units, ""
    except InvalidAmount as error:
        if error.data.get("problem") == "empty":
            return 0, "Type a price in gwei."
        if error.data.get("problem") == "too-fine":
            return 0, "A price in gwei has nine decimals at most."
        return 0, "That is not a price in gwei."


def _gas(text: str) -> tuple[int, str]:
    digits = "".join(text.split()).replace(",", "")
    if not digits:
        return 0, "Type a number of units."
    if not (digits.isascii() and digits.isdigit()) or len(digits) > len(str(_MOST_GAS)):
        return 0, "That is not a number of units."
    return int(digits), ""
