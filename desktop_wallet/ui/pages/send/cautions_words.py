"""What is said of each caution: a title, whole sentences, and what a person ticks before signing. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.assets import clean_label
from desktop_wallet.core.cautions import CautionKind, Weight
from desktop_wallet.core.fees import FeeDoubt
from desktop_wallet.ui.pages.send.names import Names, breakable, money, symbol, whole
from desktop_wallet.ui.words import count_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.cautions import Caution
    from desktop_wallet.services.reviews import Review

_QUOTED_LIMIT = 300
_DIGITS = 40
"""Digits of an address on networks whose addresses carry marks today."""


@dataclass(frozen=True, slots=True)
class CautionText:
    """A caution in words. `quoted` is what a contract itself says, never our words; `tick` is confirmed by hand."""

    title: str
    sentence: str
    tick: str = ""
    quoted: str = ""
    other: Address | None = None

    @property
    def spoken(self) -> str:
        """Return it as one text."""
        quoted = f" The contract says: “{whole(self.quoted)}”" if self.quoted else ""
        return f"{self.title}. {self.sentence}{quoted}"


def shown_cautions(review: Review) -> tuple[Caution, ...]:
    """Return the cautions to show: that a look-alike was never paid is part of what is said of it."""
    alike = any(caution.kind is CautionKind.LOOK_ALIKE for caution in review.cautions)
    return tuple(c for c in review.cautions if not (alike and c.kind is CautionKind.FIRST_PAYMENT))


def caution_text(caution: Caution, review: Review, names: Names) -> CautionText:
    """Return the words for a caution of this review."""
    return _WORDS[caution.kind](caution, review, names)


def refusal_text(review: Review) -> str:
    """Return why this review is not signed at all; empty if it may be."""
    refused = next((caution for caution in review.cautions if caution.weight is Weight.REFUSED), None)
    if refused is None:
        return ""
    if refused.doubt is not None:
        title = doubt_title(refused.doubt)
        return f"This cannot be signed: {title[0].lower()}{title[1:]}."
    return "This cannot be signed as it stands."


def doubt_title(doubt: FeeDoubt) -> str:
    """Return what is odd about a fee, in a few words."""
    return _FEES[doubt][0]


def _own_account(_: Caution, review: Review, names: Names) -> CautionText:
    name = breakable(names.account(review.draft.recipient))
    whose = f"This is your account {name}. " if name else ""
    return CautionText("The recipient is you", f"{whose}The amount stays yours; only the fee is spent.")


def _same_account(_: Caution, __: Review, ___: Names) -> CautionText:
    return CautionText(
        "Sender and recipient are the same account", "Nothing would move. The fee would be spent all the same."
    )


def _first_payment(_: Caution, __: Review, ___: Names) -> CautionText:
    return CautionText(
        "First payment to this address",
        "Compare it with the address that you were given, best from another place than the one you copied it from.",
    )


def _look_alike(caution: Caution, _: Review, names: Names) -> CautionText:
    paid = names.paid(caution.other) if caution.other is not None else None
    often = f", which you paid {_times(paid.times)}" if paid is not None and paid.times else ", which you paid before"
    return CautionText(
        "This looks like an address you paid, but it is another",
        f"It is easily taken for the one below{often}. You never paid this one: {len(caution.marks)} of {_DIGITS} "
        "digits differ, and are marked in both. Thieves make such addresses, and plant them where people copy from.",
        tick="I have compared every digit, and this is the address I mean",
        other=caution.other,
    )


def _contract(_: Caution, __: Review, ___: Names) -> CautionText:
    return CautionText(
        "The recipient is a contract",
        "Its program decides what happens to what arrives, and not every contract can give it back. "
        "Go on only if whoever runs it told you to pay this address.",
    )


def _token_contract(caution: Caution, _: Review, names: Names) -> CautionText:
    words = names.asset(caution.asset) if caution.asset is not None else None
    token = f"the token {words.symbol}" if words is not None else "a token"
    return CautionText(
        "The recipient is the contract of a token",
        f"This is the contract of {token} itself, not somebody who holds it. What is sent there is lost.",
        tick="I know that what I send there is lost",
    )


def _burn_address(_: Caution, __: Review, ___: Names) -> CautionText:
    return CautionText(
        "Nobody has the key of this address",
        "What is sent there can never be moved again, by anybody.",
        tick="I want to destroy this amount",
    )


def _delegated(caution: Caution, _: Review, __: Names) -> CautionText:
    where = "the contract below" if caution.other is not None else "a contract"
    return CautionText(
        "A contract acts for the recipient",
        f"This account lets {where} act for it (EIP-7702). That contract may send on at once what arrives.",
        other=caution.other,
    )


def _sender_delegated(caution: Caution, _: Review, __: Names) -> CautionText:
    where = "the contract below" if caution.other is not None else "a contract"
    return CautionText(
        "A contract acts for your account",
        f"Your account lets {where} act for it (EIP-7702). That contract can move what is in the account.",
        other=caution.other,
    )


def _fails(caution: Caution, _: Review, __: Names) -> CautionText:
    reason = "" if caution.text else " The contract gave no reason."
    return CautionText(
        "This would fail",
        "It was tried on the newest block, and it does not go through. Sent all the same, it would cost its fee and "
        f"move nothing.{reason}",
        tick="Send it although it would most likely fail",
        quoted=breakable(clean_label(caution.text, limit=_QUOTED_LIMIT)),
    )


def _receives_less(caution: Caution, review: Review, __: Names) -> CautionText:
    sent = money(review.draft.amount, review.asset)
    arrives = "another amount" if caution.amount is None else money(caution.amount, review.asset)
    return CautionText(
        "The recipient would get another amount",
        f"You send {sent}, and {arrives} would arrive. The contract of {symbol(review.asset)} does that, not the fee.",
    )


def _other_changes(_: Caution, review: Review, __: Names) -> CautionText:
    return CautionText(
        "Other balances of yours would change too",
        f"Beside {money(review.draft.amount, review.asset)} and the fee something else would leave this account. "
        "It stands below, under Simulated.",
    )


def _not_simulated(_: Caution, review: Review, __: Names) -> CautionText:
    return CautionText(
        "Tried out only in part",
        f"{review.quote.host} cannot tell beforehand which balances change. It says that this goes through, and no "
        "more than that.",
    )


def _fee(caution: Caution, review: Review, _: Names) -> CautionText:
    title, sentence = _FEES[caution.doubt or FeeDoubt.HIGH]
    return CautionText(title, sentence.format(gas=f"{review.quote.fees.normal.gas_expected:,}"))


def _fee_over_amount(_: Caution, review: Review, __: Names) -> CautionText:
    fee = money(review.fee.expected_wei, review.coin, max_places=9)
    sent = money(review.draft.amount, review.asset)
    return CautionText("The fee is more than what you send", f"You would pay {fee} to send {sent}.")


def _earlier_open(caution: Caution, _: Review, __: Names) -> CautionText:
    count = caution.amount or 1
    waits = "waits" if count == 1 else "wait"
    return CautionText(
        f"{count_text(count, 'earlier transfer')} of this account {waits}",
        "The network takes them in their order, and this one after them.",
    )


def _earlier_stuck(_: Caution, __: Review, ___: Names) -> CautionText:
    return CautionText(
        "An earlier transfer of this account is stuck",
        "Nobody knows whether it will be mined. This one waits behind it, until you send that one again or cancel it "
        "on the Activity page.",
    )


def _outside_waiting(caution: Caution, _: Review, __: Names) -> CautionText:
    count = caution.amount or 1
    waits = "waits" if count == 1 else "wait"
    return CautionText(
        f"{count_text(count, 'transaction')} of another program {waits}",
        "Another program has sent from this account. That comes first, and what it takes is not counted here.",
    )


_FEES: dict[FeeDoubt, tuple[str, str]] = {
    FeeDoubt.BELOW_BASE: (
        "The fee is below what the next block takes",
        "This waits until the network gets cheaper, perhaps for long. Until then the amount stays reserved.",
    ),
    FeeDoubt.LOW_TIP: (
        "The tip is below what slow senders pay",
        "Blocks prefer others. This may wait for long, and until then the amount stays reserved.",
    ),
    FeeDoubt.HIGH: (
        "The fee is unusually high",
        "It is over four times what fast senders pay now.",
    ),
    FeeDoubt.TIP_OVER_MAX: (
        "The tip is higher than the maximum fee",
        "No network takes that. Lower the tip, or raise the maximum fee.",
    ),
    FeeDoubt.LOW_GAS: (
        "The gas limit is too low",
        "Tried out, this took {gas} units of gas. With less it would fail, and cost its fee.",
    ),
}
_WORDS: dict[CautionKind, Callable[[Caution, Review, Names], CautionText]] = {
    CautionKind.OWN_ACCOUNT: _own_account,
    CautionKind.SAME_ACCOUNT: _same_account,
    CautionKind.FIRST_PAYMENT: _first_payment,
    CautionKind.LOOK_ALIKE: _look_alike,
    CautionKind.CONTRACT: _contract,
    CautionKind.TOKEN_CONTRACT: _token_contract,
    CautionKind.BURN_ADDRESS: _burn_address,
    CautionKind.DELEGATED: _delegated,
    CautionKind.SENDER_DELEGATED: _sender_delegated,
    CautionKind.FAILS: _fails,
    CautionKind.RECEIVES_LESS: _receives_less,
    CautionKind.OTHER_CHANGES: _other_changes,
    CautionKind.NOT_SIMULATED: _not_simulated,
    CautionKind.FEE: _fee,
    CautionKind.FEE_OVER_AMOUNT: _fee_over_amount,
    CautionKind.EARLIER_OPEN: _earlier_open,
    CautionKind.EARLIER_STUCK: _earlier_stuck,
    CautionKind.OUTSIDE_WAITING: _outside_waiting,
}


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
