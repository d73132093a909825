"""A review in words: every line of it, from the review alone and the names it is shown with. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.addresses import display_address, grouped, parse_address
from desktop_wallet.core.amounts import Amount, plain_text, shown_text
from desktop_wallet.core.errors import InvalidAddress
from desktop_wallet.core.freshness import Badge, BadgeKind
from desktop_wallet.core.positions import Height
from desktop_wallet.core.quotes import CodeKind, SimulationMethod
from desktop_wallet.core.signing import MarketPrice
from desktop_wallet.core.transfers import TransferKind
from desktop_wallet.ui.pages.send.cautions_words import caution_text
from desktop_wallet.ui.pages.send.fee_words import fee_note, speed_text
from desktop_wallet.ui.pages.send.names import Names, breakable, money, symbol, whole
from desktop_wallet.ui.words import age_text, badge_text, clock_text, time_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop_wallet.core.assets import Asset
    from desktop_wallet.core.cautions import PaidBefore
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import Family, Network
    from desktop_wallet.core.quotes import Movement
    from desktop_wallet.services.reviews import Review

_PLACES = 9
"""Decimals shown of what is only likely; what is sent is always shown exactly."""
_GWEI_DECIMALS = 9
_LONG_AMOUNT = 36


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a review: its label, what it says, quieter words beside it, and a note below."""

    label: str
    value: str
    quiet: str = ""
    note: str = ""

    @property
    def text(self) -> str:
        """Return it as one line of plain text."""
        beside = f" {self.quiet}" if self.quiet else ""
        below = f" ({self.note})" if self.note else ""
        return whole(f"{self.label}: {self.value}{beside}{below}")


# The head


def title_text(review: Review) -> str:
    """Return what is done, and on which network: "You send, on Ethereum"."""
    draft, network = review.draft, review.network
    money = money_text(network)
    if draft.kind is TransferKind.CANCEL:
        what = f"You cancel a transfer of{money}" if money else "You cancel a transfer"
    else:
        what = f"You send{money}{' again with a higher fee' if draft.replaces is not None else ''}"
    return f"{what}, on {network.name}"


def money_text(network: Network) -> str:
    """Return what kind of money it is, if it is worth nothing: " play money", or nothing for real money."""
    if network.practice:
        return " play money"
    return " test coins" if network.testnet else ""


def amount_text(review: Review) -> str:
    """Return the exact amount; a cancel sends nothing."""
    draft = review.draft
    if draft.kind is TransferKind.CANCEL:
        return "Only the fee"
    return money(draft.amount, review.asset)


def review_badge(review: Review, now: Instant, ttl_s: float) -> Badge:
    """Return the badge of the balance under review: Fresh while it is within its time."""
    age_s = max(review.reading.started.age_s(now), 0.0)
    kind = BadgeKind.FRESH if age_s <= ttl_s else BadgeKind.STALE
    return Badge(kind, age_s, max(ttl_s - age_s, 0.0))


def review_badge_text(badge: Badge) -> str:
    """Return "Balance fresh · 2 s"."""
    text = badge_text(badge)
    return f"Balance {text[0].lower()}{text[1:]}"


def place_text(review: Review) -> str:
    """Return where the balance comes from: "from ethereum.example at block 21,884,310"."""
    position = review.reading.position
    at = f" at block {position.number:,}" if isinstance(position, Height) else ""
    return f"from {review.reading.endpoint}{at}"


def replaced_text(review: Review, now: Instant) -> str:
    """Return what becomes of the transfer that this one replaces; empty if it replaces none."""
    replaced, draft = review.replaced, review.draft
    if replaced is None:
        return ""
    asset = review.asset if replaced.draft.asset == review.asset.id else review.coin
    known = replaced.draft.asset in (review.asset.id, review.coin.id)
    what = f"the transfer of {money(replaced.draft.amount, asset)}" if known else "the transfer"
    when = time_text(replaced.at_s, now.wall_s)
    if draft.kind is TransferKind.CANCEL:
        return (
            f"This uses up place {replaced.nonce:,} in the order of this account for nothing, so that {what}, signed "
            f"{_at(when)}, can no longer be mined. If that one is mined first, this one never is, and costs nothing."
        )
    return (
        f"This takes the place of {what}, signed {_at(when)} (nonce {replaced.nonce:,}). It pays the same recipient "
        "with a higher fee. Only one of the two can ever be mined."
    )


def changes_text(before: Review, why: str, after: Review) -> str:
    """Return what changed since the review before this one, to be said on top of the fresh one."""
    parts = [_WHY.get(why, "Something changed meanwhile.")]
    if before.fee.expected_wei != after.fee.expected_wei:
        was = money(before.fee.expected_wei, before.coin, max_places=_PLACES)
        parts.append(f"The fee was {was}, and is {money(after.fee.expected_wei, after.coin, max_places=_PLACES)} now.")
    if before.reading.amount != after.reading.amount:
        was = money(before.reading.amount, before.asset, max_places=_PLACES)
        now = money(after.reading.amount, after.asset, max_places=_PLACES)
        parts.append(f"The balance was {was}, and is {now} now.")
    parts.append("Nothing was signed. Look at it again.")
    return " ".join(parts)


_WHY = {
    "fee": "The network asks for another fee than a moment ago.",
    "balance": "The balance changed meanwhile.",
    "nonce": "Another transfer of this account came first meanwhile.",
    "recipient": "What stands at one of the two addresses changed meanwhile.",
    "outcome": "What this payment would do changed meanwhile.",
}


# The recipient


def paid_text(paid: PaidBefore, now: Instant) -> str:
    """Return how often an address was paid, and when last."""
    if not paid.times:
        return "You have not paid this address before."
    when = "" if paid.last_s is None else _at(time_text(paid.last_s, now.wall_s))
    if paid.times == 1:
        return f"You paid this address once, {when}." if when else "You paid this address once."
    return f"You paid this address {paid.times:,} times" + (f", last {when}." if when else ".")


def who_text(review: Review, names: Names) -> str:
    """Return what stands at the recipient's address."""
    code = review.quote.recipient_code
    if review.own is not None:
        name = breakable(names.account(review.draft.recipient))
        return f"It is your account {name}." if name else "It is an account of yours."
    match code.kind:
        case CodeKind.CONTRACT:
            return "A contract stands there."
        case CodeKind.DELEGATED:
            to = "" if code.delegate is None else f" {grouped(display_address(code.delegate))}"
            return f"It is delegated to the contract{to}."
        case CodeKind.NONE:
            return "It is not a contract."


# The lines


def main_lines(review: Review, names: Names) -> tuple[Line, ...]:
    """Return what stands below the recipient: sender, token, fee, what remains, the simulation."""
    return tuple(_main_lines(review, names))


def _main_lines(review: Review, names: Names) -> Iterator[Line]:
    sender = breakable(names.account(review.draft.sender))
    exact = amount_text(review)
    if len(exact) > _LONG_AMOUNT:  # more digits than the head has room for
        yield Line("Amount", breakable(exact))
    yield Line("From", sender or grouped(display_address(review.draft.sender)))
    words = names.asset(review.asset.id)
    if words is not None and not words.listed:
        yield Line(
            "Token",
            grouped(contract_text(review.asset, review.network.family)),
            note=_unlisted_text(words.symbol, breakable(words.name), review),
        )
    yield fee_line(review)
    data_fee = data_fee_line(review)
    if data_fee is not None:
        yield data_fee
    yield from _afterwards(review)
    yield simulated_line(review, names)


def _unlisted_text(token: str, name: str, review: Review) -> str:
    said = f"“{token}” and “{name}” are what this contract calls itself. No list vouches for it."
    coin = symbol(review.coin)
    if token.casefold() == coin.casefold():
        return f"This is not {coin}, the coin of {review.network.name}, but a token. {said}"
    return said


def fee_line(review: Review) -> Line:
    """Return the line of the fee: what is likely, how soon, and what it can be at most."""
    fee = review.fee
    return Line(
        "Fee",
        money(fee.expected_wei, review.coin, max_places=_PLACES),
        speed_text(review),
        fee_note(review),
    )


def data_fee_line(review: Review) -> Line | None:
    """Return the line of the data fee, where the network takes one."""
    fee = review.fee
    if not fee.data_fee_most_wei and not fee.data_fee_wei:
        return None
    return Line(
        "Data fee",
        money(fee.data_fee_wei, review.coin, max_places=_PLACES),
        "of the fee",
        f"What {review.network.name} pays to keep the data elsewhere. It is not fixed by signing; "
        f"{money(fee.data_fee_most_wei, review.coin, max_places=_PLACES)} is held back for it.",
    )


def _afterwards(review: Review) -> Iterator[Line]:
    coin_left = money(review.coin_left, review.coin, max_places=_PLACES)
    coin_from = shown_text(Amount(review.coin_spendable, review.coin.decimals), max_places=_PLACES)
    if review.asset.id == review.coin.id:
        yield Line("Afterwards", coin_left, f"left, from {coin_from}")
        return
    left = money(review.left, review.asset, max_places=_PLACES)
    spendable = shown_text(Amount(review.spendable, review.asset.decimals), max_places=_PLACES)
    yield Line("Afterwards", left, f"left, from {spendable}", f"and {coin_left} left for fees, from {coin_from}")


def simulated_line(review: Review, names: Names) -> Line:
    """Return how it would end: what changes for whom, found out by whom and how."""
    outcome, quote = review.quote.outcome, review.quote
    how = f"{outcome.method.value} at block {quote.head.number:,}, by {quote.host}"
    if not outcome.succeeds:
        return Line("Simulated", "It would fail.", note=how)
    if outcome.method is SimulationMethod.CALL:
        return Line("Simulated", "It goes through. Whether anything else changes is not known.", note=how)
    parts = [part for movement in outcome.movements if (part := _movement_text(movement, review, names))]
    if not parts:
        return Line("Simulated", "Nothing changes but the fee.", note=how)
    return Line("Simulated", f"{', '.join(parts)}, nothing else changes", note=how)


def _movement_text(movement: Movement, review: Review, names: Names) -> str:
    if not movement.change:
        return ""
    address, draft = movement.address, review.draft
    own = breakable(names.account(address))
    if address == draft.sender:
        whom = "you"
    elif address == draft.recipient:
        whom = "the recipient"
    else:
        whom = f"your account {own}" if own else grouped(display_address(address))
    return f"{_change_text(movement, review, names)} for {whom}"


def _change_text(movement: Movement, review: Review, names: Names) -> str:
    known = {review.asset.id: review.asset, review.coin.id: review.coin}
    words = names.asset(movement.asset)
    asset = known.get(movement.asset) or (words.asset if words is not None else None)
    if asset is not None:
        return money(movement.change, asset, signed=True)
    sign = "+" if movement.change > 0 else "−"
    return f"{sign}{abs(movement.change):,} units of the unknown token {grouped(movement.asset.reference)}"


def more_lines(review: Review, now: Instant) -> tuple[Line, ...]:
    """Return what few people ask for: nonce, gas and prices, and who was asked when."""
    fee, quote = review.fee, review.quote
    lines = [
        Line("Nonce", f"{review.nonce:,}", note="the place of this transfer in the order of its account"),
        Line("Gas", f"{fee.gas_limit:,}", "units at most", f"{fee.gas_expected:,} are likely"),
    ]
    if isinstance(fee.price, MarketPrice):
        tip = gwei_text(fee.price.max_priority_fee_wei)
        base = gwei_text(fee.base_fee_wei)
        lines.append(Line("Price", f"{gwei_text(fee.price.max_fee_wei)} gwei", "a unit at most", f"tip {tip}"))
        lines.append(Line("Base fee", f"{base} gwei", "a unit in the next block"))
    else:
        lines.append(Line("Price", f"{gwei_text(fee.price.gas_price_wei)} gwei", "a unit"))
    if not review.asset.id.is_native:
        contract = grouped(contract_text(review.asset, review.network.family))
        lines.append(Line("Contract", contract, note=f"of {symbol(review.asset)}"))
    asked = clock_text(quote.started.wall_s)
    lines.append(Line("Asked", quote.host, f"at {asked}", f"at block {quote.head.number:,}"))
    read_s = review.reading.started
    age = age_text(max(read_s.age_s(now), 0.0))
    lines.append(Line("Balance", f"{place_text(review)}", note=f"read at {clock_text(read_s.wall_s)}, {age} ago"))
    return tuple(lines)


def details_text(review: Review, names: Names, now: Instant) -> str:
    """Return the whole review as plain text, for the clipboard."""
    recipient = display_address(review.draft.recipient)
    exact = plain_text(Amount(review.draft.amount, review.asset.decimals))
    head = [
        f"{title_text(review)}: {exact} {symbol(review.asset)}",
        f"Network: {review.network.name} ({review.network.id})",
        f"To: {recipient} ({who_text(review, names)} {paid_text(review.paid, now)})",
        f"Sender: {display_address(review.draft.sender)}",
    ]
    cautions = [f"! {caution_text(caution, review, names).spoken}" for caution in review.cautions]
    lines = [line.text for line in (*main_lines(review, names), *more_lines(review, now))]
    replaced = [replaced_text(review, now)] if review.replaced is not None else []
    return whole("\n".join(head + replaced + cautions + lines))


def contract_text(asset: Asset, family: Family) -> str:
    """Return the address of a token's contract as people should see it."""
    try:
        return display_address(parse_address(family, asset.id.reference))
    except InvalidAddress:
        return asset.id.reference


def gwei_text(wei: int) -> str:
    """Return a price in gwei."""
    return shown_text(Amount(wei, _GWEI_DECIMALS))


def _at(when: str) -> str:
    """Return a moment with the word before it: "at 14:02", "yesterday, 18:24", "on 12 Mar 2026, 18:24"."""
    if when.startswith("yesterday"):
        return when
    return f"on {when}" if " " in when else f"at {when}"
