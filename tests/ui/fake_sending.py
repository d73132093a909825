"""Sending for the window's tests: real core values behind the service's names, and no network, vault or registry."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from typing_extensions import override

from desktop_wallet.core.accounts import WalletKind
from desktop_wallet.core.addresses import parse_address
from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.cautions import PaidBefore
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.fees import FeeChoices, GasFee, Speed, fee_doubts
from desktop_wallet.core.networks import Family
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.core.quotes import Code, CodeKind, Movement, Outcome, Quote, SimulationMethod
from desktop_wallet.core.signing import MarketPrice, TransactionId
from desktop_wallet.core.transfers import Ahead, Draft, Fee, Step, Transfer, TransferId, TransferState, advance, touched
from desktop_wallet.services.reviews import Facts, Most, Review, cautions
from tests.ui.fake_session import BLOCK_HASH, FakeBalances, FakeCatalogue, FakeSession, small_session

if TYPE_CHECKING:
    from desktop_wallet.core.accounts import Account
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import Asset, AssetId
    from desktop_wallet.core.balances import Reading
    from desktop_wallet.core.cautions import Caution
    from tests.fakes.clock import FakeClock

GWEI = 10**9
ETH = 10**18
STRANGER = parse_address(Family.EVM, "0x8617E340B3D01FA5F11F306F4090FD50E238070D")
ALIKE = parse_address(Family.EVM, "0x8617E3400000000000FF306F409011110000070D")
PASSWORD = "correct horse battery"


def gas_fee(speed: Speed, max_gwei: int, tip_gwei: int, gas: int = 21_000) -> GasFee:
    return GasFee(speed, MarketPrice(max_gwei * GWEI, tip_gwei * GWEI), gas, gas, 18 * GWEI)


FEES = FeeChoices(gas_fee(Speed.SLOW, 37, 1), gas_fee(Speed.NORMAL, 38, 2), gas_fee(Speed.FAST, 40, 4))


class Balances(FakeBalances):
    def spendable(self, key: BalanceKey) -> int | None:
        reading = self.state(key).reading
        return None if reading is None else reading.amount - self.reserved.get(key, 0)

    def __init__(self, session: FakeSession) -> None:
        super().__init__(session)
        self.reserved: dict[BalanceKey, int] = {}


class Catalogue(FakeCatalogue):
    @override
    def asset(self, asset: AssetId, /) -> Asset:
        for known in self._assets.get(asset.network, ()):
            if known.id == asset:
                return known
        raise KeyError(asset)


class FakeTransfers:
    def __init__(self, session: FakeSession) -> None:
        self._session = session
        self.held: dict[TransferId, Transfer] = {}
        self.payments: dict[Address, PaidBefore] = {}

    def all(self) -> tuple[Transfer, ...]:
        return tuple(reversed(self.held.values()))

    def get(self, transfer: TransferId) -> Transfer:
        return self.held[transfer]

    def siblings(self, transfer: Transfer) -> tuple[Transfer, ...]:
        return ()

    def paid(self, address: Address) -> PaidBefore:
        return self.payments.get(address, PaidBefore())

    def paid_addresses(self) -> tuple[Address, ...]:
        return tuple(self.payments)

    def put(self, transfer: Transfer) -> Transfer:
        self.held[transfer.id] = transfer
        coin = transfer.fee.asset
        self._session.tell(ChangeSet(frozenset(touched(transfer.draft, coin)), transfers=frozenset({transfer.id})))
        return transfer

    def step(self, transfer: TransferId, state: TransferState) -> Transfer:
        before = self.held[transfer]
        place = Height(HeightKind.BLOCK, 21_884_320, BLOCK_HASH)
        mined = state in (TransferState.CONFIRMED, TransferState.FAILED, TransferState.REPLACED)
        at_s = self._session.clock.now().wall_s
        step = Step(state, at_s, place.number if mined else None, "ethereum.example")
        return self.put(advance(before, step, block=place if mined else None, fee_paid=before.fee.expected))


@dataclass(slots=True)
class SendScript:
    """What the next quotes say, and what the next calls raise; `gate` holds the answers back."""

    outcome: Outcome | None = None
    recipient: Code = field(default_factory=lambda: Code(CodeKind.NONE))
    sender: Code = field(default_factory=lambda: Code(CodeKind.NONE))
    fees: FeeChoices = FEES
    more: tuple[Caution, ...] = ()
    """Cautions that the quote does not lead to by itself."""
    gate: asyncio.Event | None = None
    refuse_review: BaseException | None = None
    refuse_send: BaseException | None = None
    refuse_fee: BaseException | None = None
    outcome_state: TransferState = TransferState.BROADCAST


class FakeSending:
    def __init__(self, session: SendingSession) -> None:
        self._session = session
        self.script = SendScript()
        self.asks_password = False
        self.reviewed: list[tuple[Draft, Speed, GasFee | None, bool]] = []
        self.sent: list[tuple[Review, str | None]] = []
        self._done: dict[str, Transfer] = {}

    def can_send(self, account: Account) -> bool:
        return self._session.accounts.wallet(account.wallet).kind is not WalletKind.WATCH

    def quote_of(self, draft: Draft) -> Quote:
        moved = (
            Movement(draft.sender, draft.asset, -draft.amount),
            Movement(draft.recipient, draft.asset, draft.amount),
        )
        outcome = self.script.outcome or Outcome(SimulationMethod.SIMULATE, True, 21_000, moved)
        head = Height(HeightKind.BLOCK, 21_884_312, BLOCK_HASH)
        now = self._session.clock.now()
        script = self.script
        return Quote(draft, script.fees, 7, 7, script.sender, script.recipient, outcome, head, "ethereum.example", now)

    async def review(
        self, draft: Draft, speed: Speed = Speed.NORMAL, custom: GasFee | None = None, quote: Quote | None = None
    ) -> Review:
        self.reviewed.append((draft, speed, custom, quote is not None))
        script = self.script
        if quote is None and script.gate is not None:
            await script.gate.wait()
        if quote is None and script.refuse_review is not None:
            raise script.refuse_review
        if quote is not None and script.refuse_fee is not None:
            raise script.refuse_fee
        return self.compose(draft, speed, custom, quote)

    def compose(
        self, draft: Draft, speed: Speed = Speed.NORMAL, custom: GasFee | None = None, quote: Quote | None = None
    ) -> Review:
        """Return the review of a draft, as the service would make it."""
        session = self._session
        quote = quote or self.quote_of(draft)
        fee = custom if speed is Speed.CUSTOM and custom is not None else quote.fees.of(speed)
        network = session.catalogue.network(draft.network)
        asset, coin = session.catalogue.asset(draft.asset), native_asset(network)
        reading, coin_reading = self._reading(draft, asset), self._reading(draft, coin)
        native = asset.id == coin.id
        coin_left = coin_reading.amount - fee.expected_wei - (draft.amount if native else 0)
        book = session.transfers
        known = session.catalogue.assets(network.id)
        facts = Facts(
            book.paid(draft.recipient),
            book.paid_addresses(),
            session.accounts.account_of,
            lambda address: next((a.id for a in known if a.id.reference == address.text), None),
            (),
            0,
        )
        found = [*self.script.more, *cautions(draft, quote, fee, facts)]
        return Review(
            id=f"review-{len(self.reviewed)}",
            draft=draft,
            network=network,
            asset=asset,
            coin=coin,
            quote=quote,
            fee=fee,
            doubts=fee_doubts(fee, quote.fees),
            nonce=7,
            reading=reading,
            coin_reading=coin_reading,
            spendable=reading.amount,
            coin_spendable=coin_reading.amount,
            left=coin_left if native else reading.amount - draft.amount,
            coin_left=coin_left,
            paid=facts.paid,
            own=session.accounts.account_of(draft.recipient),
            cautions=tuple(sorted(found, key=lambda caution: -caution.weight)),
            at=session.clock.now(),
            replaced=book.held.get(draft.replaces) if draft.replaces is not None else None,
        )

    def _reading(self, draft: Draft, asset: Asset) -> Reading:
        key = BalanceKey(draft.network, draft.sender, asset.id)
        reading = self._session.balances.state(key).reading
        assert reading is not None
        return reading

    async def most(
        self,
        sender: Address,
        recipient: Address | None,
        asset: AssetId,
        speed: Speed = Speed.NORMAL,
        custom: GasFee | None = None,
    ) -> Most:
        draft = Draft(asset.network, sender, recipient or sender, asset, 0)
        if self.script.refuse_review is not None:
            raise self.script.refuse_review
        fee = custom or self.script.fees.of(speed)
        spendable = self._reading(draft, self._session.catalogue.asset(asset)).amount
        held = fee.most_wei if asset.is_native else 0
        return Most(spendable - held, held, fee, self.quote_of(draft))

    async def send(self, review: Review, password: str | None = None) -> Transfer:
        self.sent.append((review, password))
        if self.script.gate is not None:
            await asyncio.shield(self.script.gate.wait())
        if self.script.refuse_send is not None:
            raise self.script.refuse_send
        if review.id not in self._done:
            self._done[review.id] = self._session.transfers.put(self.transfer_of(review))
        return self._done[review.id]

    def transfer_of(self, review: Review, state: TransferState | None = None) -> Transfer:
        now_s = self._session.clock.now().wall_s
        signed = Transfer(
            TransferId(f"t-{review.id}"),
            review.draft,
            TransactionId("0x" + "ab" * 32),
            b"signed",
            review.nonce,
            0,
            Fee(review.coin.id, review.fee.expected_wei, review.fee.most_wei),
            TransferState.SIGNED,
            (Step(TransferState.SIGNED, now_s),),
        )
        return advance(signed, Step(state or self.script.outcome_state, now_s, host="ethereum.example"))


class FakeSettling:
    def ahead_of(self, _: Transfer) -> Ahead:
        return Ahead()


class SendingSession(FakeSession):
    def __init__(self, clock: FakeClock | None = None, *, practice: bool = False) -> None:
        super().__init__(clock, practice=practice)
        self.catalogue = self.known = Catalogue()
        self.balances = self.held = Balances(self)
        self.transfers = FakeTransfers(self)
        self.sending = FakeSending(self)
        self.settling = FakeSettling()

    def draft(self, amount: int = ETH // 4, recipient: Address = STRANGER, asset: int = 0) -> Draft:
        key = self.key(0, 0, asset)
        return Draft(key.network, key.address, recipient, key.asset, amount)


def sending_session(clock: FakeClock | None = None) -> SendingSession:
    """Return the small session with what sending needs: two ether and 1,250 USDC on its first account, just read."""
    plain = small_session(clock)
    made = SendingSession(plain.clock)
    made.accounts = plain.accounts
    made.known._networks = plain.catalogue._networks
    made.known._assets = plain.catalogue._assets
    amounts = {made.key(0, 0, 0): 2_481_903_770_000_000_000, made.key(0, 0, 1): 1_250_000_000}
    made.script.amounts.update(amounts)
    for key in made.keys:
        made.balances.put(key, amounts.get(key, 0), age_s=2)
    return made
