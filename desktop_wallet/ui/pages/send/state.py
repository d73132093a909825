"""A send as the page goes through it, without Qt: what was typed, what was reviewed, and what may be done next.

    Draft ── Review pressed ──> being asked ──> Review ── Sign and send ──> being signed ──> Sent
      └──────── error, cancelled ─────┘            └── Back ──> Draft           └── outdated ──> being asked anew

One review is signed once: `begin_signing` gives it out a single time until the outcome is known.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desktop_wallet.core.addresses import parse_address
from desktop_wallet.core.amounts import Amount, parse_amount, plain_text
from desktop_wallet.core.cautions import Weight
from desktop_wallet.core.errors import InvalidAddress, InvalidAmount
from desktop_wallet.core.fees import Speed
from desktop_wallet.core.transfers import Draft

if TYPE_CHECKING:
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import Asset
    from desktop_wallet.core.cautions import Caution
    from desktop_wallet.core.fees import GasFee
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.transfers import Transfer
    from desktop_wallet.services.reviews import Review


class SendStep(enum.Enum):
    """Where the person is; the value is the word for it."""

    DRAFT = "Draft"
    REVIEW = "Review"
    SENT = "Sent"


class Doing(enum.Enum):
    """What is under way."""

    NOTHING = "nothing"
    ASKING = "asking"
    """The network is asked what the draft would do and cost."""
    SIGNING = "signing"


@dataclass(slots=True)
class Entry:
    """What was chosen and typed, as it stands in the fields."""

    sender: Address | None = None
    network: NetworkId | None = None
    asset: Asset | None = None
    recipient: str = ""
    amount: str = ""
    everything: bool = False
    """Whether the amount is the most that can be sent, as Max put it in."""

    @property
    def base_units(self) -> int:
        """Return the amount that was typed, in base units; 0 if it is none."""
        try:
            return 0 if self.asset is None else parse_amount(self.amount, self.asset.decimals).base_units
        except InvalidAmount:
            return 0


@dataclass(frozen=True, slots=True)
class Checked:
    """What an entry comes to: a draft, or what is wrong with which field."""

    draft: Draft | None = None
    recipient: InvalidAddress | None = None
    amount: InvalidAmount | None = None


def check(entry: Entry) -> Checked:
    """Return the draft of an entry, or its faults. An amount of nothing is one: problem "zero"."""
    if entry.sender is None or entry.network is None or entry.asset is None:
        return Checked()
    recipient = wrong_recipient = wrong_amount = None
    base_units = 0
    try:
        recipient = parse_address(entry.sender.family, entry.recipient)
    except InvalidAddress as error:
        wrong_recipient = error
    try:
        base_units = parse_amount(entry.amount, entry.asset.decimals).base_units
        if not base_units:
            wrong_amount = InvalidAmount(text=entry.amount[:80], problem="zero")
    except InvalidAmount as error:
        wrong_amount = error
    if recipient is None or wrong_amount is not None:
        return Checked(None, wrong_recipient, wrong_amount)
    draft = Draft(entry.network, entry.sender, recipient, entry.asset.id, base_units, everything=entry.everything)
    return Checked(draft)


@dataclass(slots=True)
class SendState:
    """One send. `given` is a draft that came from elsewhere and is not to be edited: a faster one, or a cancel."""

    entry: Entry = field(default_factory=Entry)
    speed: Speed = Speed.NORMAL
    custom: GasFee | None = None
    step: SendStep = SendStep.DRAFT
    doing: Doing = Doing.NOTHING
    given: Draft | None = None
    review: Review | None = None
    fee_is_wrong: bool = False
    """The fee that a person wants cannot be had: what is reviewed is not what is wanted."""
    fee_is_awaited: bool = False
    """The review with the fee that a person wants is being made."""
    outdated: Review | None = None
    """What was reviewed before something changed, as long as the fresh review has not replaced it."""
    why_outdated: str = ""
    transfer: Transfer | None = None
    _ticked: set[Caution] = field(default_factory=set)
    asked: int = 0
    """How often the network was asked; the last time's answer is the one that counts."""

    # Asking the network

    def begin_asking(self) -> int:
        """Note that the network is asked; return the number that its answer has to bring along."""
        self.doing = Doing.ASKING
        self.asked += 1
        return self.asked

    def answered(self, asked: int, review: Review) -> bool:
        """Go to the review; return whether this answer is still waited for."""
        if not self._is_awaited(asked):
            return False
        self.show(review)
        return True

    def show(self, review: Review) -> None:
        """Go to this review: nothing of it is ticked yet."""
        self.doing = Doing.NOTHING
        self.step = SendStep.REVIEW
        self._drop_review()
        self.review = review

    def not_answered(self, asked: int) -> bool:
        """Go back to the draft, with nothing lost; return whether this answer was still waited for."""
        if not self._is_awaited(asked):
            return False
        self.back()
        return True

    def cancel_asking(self) -> None:
        """Wait for no answer any more, and go back to the draft."""
        if self.doing is Doing.ASKING:
            self.back()

    def _is_awaited(self, asked: int) -> bool:
        return self.doing is Doing.ASKING and asked == self.asked

    # The review

    def change_fee(self, review: Review, custom: GasFee | None) -> bool:
        """Take the same review with another fee; return whether it may be changed now.

        What was ticked stays ticked, as far as it is still said.
        """
        if self.step is not SendStep.REVIEW or self.doing is not Doing.NOTHING:
            return False
        self.review, self.speed, self.custom = review, review.fee.speed, custom
        self.fee_is_wrong = self.fee_is_awaited = False
        self._ticked &= set(review.cautions)
        return True

    def no_fee(self) -> None:
        """The fee that is wanted cannot be had: what is reviewed is not to be signed."""
        self.fee_is_wrong, self.fee_is_awaited = True, False

    def tick(self, caution: Caution, *, ticked: bool) -> None:
        """Note that the person has taken note of a danger, or no longer has."""
        if ticked:
            self._ticked.add(caution)
        else:
            self._ticked.discard(caution)

    def is_ticked(self, caution: Caution) -> bool:
        """Return whether the person has taken note of it."""
        return caution in self._ticked

    @property
    def unticked(self) -> tuple[Caution, ...]:
        """Return the dangers that are not ticked yet."""
        review = self.review
        if review is None:
            return ()
        dangers = (caution for caution in review.cautions if caution.weight is Weight.DANGER)
        return tuple(caution for caution in dangers if caution not in self._ticked)

    @property
    def may_sign(self) -> bool:
        """Return whether Sign and send may be pressed."""
        review = self.review
        return (
            self.step is SendStep.REVIEW
            and self.doing is Doing.NOTHING
            and review is not None
            and review.may_sign
            and not (self.fee_is_wrong or self.fee_is_awaited)
            and not self.unticked
        )

    def begin_signing(self) -> Review | None:
        """Return the review to sign, once; None if it may not be signed, or is being signed already."""
        if not self.may_sign:
            return None
        self.doing = Doing.SIGNING
        return self.review

    def not_signed(self) -> None:
        """Nothing was signed: the review stands, and may be signed."""
        if self.doing is Doing.SIGNING:
            self.doing = Doing.NOTHING

    def overtaken(self, why: str) -> None:
        """What was reviewed is no longer so: nothing was signed, and a fresh review is needed."""
        self.outdated, self.why_outdated = self.review, why
        self.not_signed()

    def sent(self, transfer: Transfer) -> None:
        """It is on its way, or at least signed and stored."""
        self.transfer = transfer
        self.doing = Doing.NOTHING
        self.step = SendStep.SENT
        self._drop_review()

    # Ways in and back

    def begin(self, draft: Draft, speed: Speed, asset: Asset, recipient: str) -> None:
        """Begin with a draft that came from elsewhere: a payment fills the fields, what replaces another does not."""
        entry = self.entry
        sent = self.step is SendStep.SENT
        self.another()
        self.speed = speed
        if draft.replaces is not None:
            self.given = draft
            self.entry = self.entry if sent else entry
            return
        amount = plain_text(Amount(draft.amount, asset.decimals))
        self.entry = Entry(draft.sender, draft.network, asset, recipient, amount)

    def begin_from(self, sender: Address, asset: Asset) -> None:
        """Begin a draft that sends this from that account; a recipient that was typed stays."""
        before = self.entry
        if self.step is not SendStep.DRAFT:
            self.another()
        same = before.asset is not None and before.asset.id == asset.id
        self.entry = Entry(sender, asset.id.network, asset, self.entry.recipient, self.entry.amount if same else "")

    @property
    def wanted(self) -> Draft | None:
        """Return the draft to be asked about; None while the fields hold none."""
        return self.given or check(self.entry).draft

    def back(self) -> None:
        """Go back to the draft. What was typed stays, and so does the fee that was chosen."""
        if self.doing is Doing.SIGNING:
            return
        self.doing = Doing.NOTHING
        self.step = SendStep.DRAFT
        if self.given is not None:
            self.given, self.speed, self.custom = None, Speed.NORMAL, None
        self._drop_review()

    def another(self) -> None:
        """Begin the next one: from the same account, to nobody yet."""
        sender, network, asset = self.entry.sender, self.entry.network, self.entry.asset
        self.entry = Entry(sender, network, asset)
        self.speed, self.custom = Speed.NORMAL, None
        self.transfer = None
        self.given = None
        self.step = SendStep.DRAFT
        self.doing = Doing.NOTHING
        self._drop_review()

    def forget(self) -> None:
        """Drop everything: the wallet locks."""
        self.another()
        self.entry = Entry()

    def _drop_review(self) -> None:
        self.review = self.outdated = None
        self.why_outdated = ""
        self.fee_is_wrong = self.fee_is_awaited = False
        self._ticked.clear()
