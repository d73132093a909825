"""What a person reviews before signing: every fact with its source, and every caution that follows from the facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.cautions import Caution, CautionKind, PaidBefore, Weight, differences, look_alike
from desktop_wallet.core.fees import REFUSED, FeeDoubt, GasFee, fee_doubts
from desktop_wallet.core.quotes import CodeKind, SimulationMethod
from desktop_wallet.core.transfers import TransferKind, TransferState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from desktop_wallet.core.accounts import Account
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import Asset, AssetId
    from desktop_wallet.core.balances import Reading
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import Network
    from desktop_wallet.core.quotes import Quote
    from desktop_wallet.core.transfers import Draft, Transfer

_BURN = frozenset({"0x" + "0" * 40, "0x" + "0" * 36 + "dead", "0x" + "f" * 40})
"""Addresses whose keys nobody has; coins are sent there to be lost."""


@dataclass(frozen=True, slots=True)
class Most:
    """The most that can be sent: `left_at_most` (base units) may stay behind, because the fee is not known exactly."""

    amount: int
    left_at_most: int
    fee: GasFee
    quote: Quote


@dataclass(frozen=True, slots=True)
class Review:
    """A draft as it would be signed. `left` and `coin_left` are what stays of asset and coin at the likely fee.

    `spendable` counts every signed transfer of ours; amounts in base units. `at` is when the balances were looked at.
    """

    id: str
    draft: Draft
    network: Network
    asset: Asset
    coin: Asset
    quote: Quote
    fee: GasFee
    doubts: tuple[FeeDoubt, ...]
    nonce: int
    reading: Reading
    coin_reading: Reading
    spendable: int
    coin_spendable: int
    left: int
    coin_left: int
    paid: PaidBefore
    own: Account | None
    cautions: tuple[Caution, ...]
    at: Instant
    replaced: Transfer | None = None

    @property
    def needs_tick(self) -> bool:
        """Return whether something weighs so much that the person has to tick it before signing."""
        return any(caution.weight is Weight.DANGER for caution in self.cautions)

    @property
    def may_sign(self) -> bool:
        """Return whether nothing forbids signing."""
        return not any(caution.weight is Weight.REFUSED for caution in self.cautions)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the wallet itself knows that bears on a draft."""

    paid: PaidBefore
    paid_addresses: Sequence[Address]
    own: Callable[[Address], Account | None]
    token: Callable[[Address], AssetId | None]
    """The token whose contract stands at an address, if it is one the wallet knows."""
    earlier: Sequence[Transfer]
    """Transfers of the same account that come before this nonce and have no outcome yet."""
    outside_waiting: int


def cautions(draft: Draft, quote: Quote, fee: GasFee, facts: Facts) -> tuple[Caution, ...]:
    """Return everything to know before signing, the heaviest first."""
    found = [*_about_outcome(draft, quote), *_about_fee(draft, quote, fee), *_about_order(facts)]
    if draft.kind is TransferKind.PAYMENT:
        found += _about_recipient(draft, quote, facts)
    return tuple(sorted(found, key=lambda caution: -caution.weight))


def _about_recipient(draft: Draft, quote: Quote, facts: Facts) -> Iterator[Caution]:
    recipient = draft.recipient
    alike = look_alike(recipient, facts.paid_addresses)
    if alike is not None:
        yield Caution(CautionKind.LOOK_ALIKE, other=alike, marks=differences(recipient, alike))
    if recipient == draft.sender:
        yield Caution(CautionKind.SAME_ACCOUNT)
    elif facts.own(recipient) is not None:
        yield Caution(CautionKind.OWN_ACCOUNT)
    elif not facts.paid.times:
        yield Caution(CautionKind.FIRST_PAYMENT)
    if recipient.text in _BURN:
        yield Caution(CautionKind.BURN_ADDRESS)
    token = facts.token(recipient)
    code = quote.recipient_code
    if token is not None:
        yield Caution(CautionKind.TOKEN_CONTRACT, asset=token)
    elif code.kind is CodeKind.CONTRACT:
        yield Caution(CautionKind.CONTRACT)
    elif code.kind is CodeKind.DELEGATED:
        yield Caution(CautionKind.DELEGATED, other=code.delegate)


def _about_outcome(draft: Draft, quote: Quote) -> Iterator[Caution]:
    outcome = quote.outcome
    if quote.sender_code.kind is CodeKind.DELEGATED:
        yield Caution(CautionKind.SENDER_DELEGATED, other=quote.sender_code.delegate)
    if not outcome.succeeds:
        yield Caution(CautionKind.FAILS, text=outcome.reason)
        return
    if outcome.method is SimulationMethod.CALL:
        yield Caution(CautionKind.NOT_SIMULATED)
        return
    arrives = sum(m.change for m in outcome.movements if (m.address, m.asset) == (draft.recipient, draft.asset))
    if draft.recipient != draft.sender and arrives != draft.amount:
        yield Caution(CautionKind.RECEIVES_LESS, amount=arrives, asset=draft.asset)
    ours = [m for m in outcome.movements if m.address == draft.sender and m.change < 0]
    if any(m.asset != draft.asset or -m.change > draft.amount for m in ours):
        yield Caution(CautionKind.OTHER_CHANGES)


def _about_fee(draft: Draft, quote: Quote, fee: GasFee) -> Iterator[Caution]:
    for doubt in fee_doubts(fee, quote.fees):
        yield Caution(CautionKind.FEE, doubt=doubt, refused=doubt in REFUSED)
    if draft.kind is TransferKind.PAYMENT and draft.asset.is_native and 0 < draft.amount < fee.expected_wei:
        yield Caution(CautionKind.FEE_OVER_AMOUNT)


def _about_order(facts: Facts) -> Iterator[Caution]:
    earlier = {transfer.nonce for transfer in facts.earlier}
    on_its_way = (TransferState.SIGNED, TransferState.BROADCAST)
    moving = {t.nonce for t in facts.earlier if t.state in on_its_way and not t.closed}
    if earlier - moving:
        yield Caution(CautionKind.EARLIER_STUCK, amount=len(earlier - moving))
    elif earlier:
        yield Caution(CautionKind.EARLIER_OPEN, amount=len(earlier))
    if facts.outside_waiting > 0:
        yield Caution(CautionKind.OUTSIDE_WAITING, amount=facts.outside_waiting)
