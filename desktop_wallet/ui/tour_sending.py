"""The tour's scenes about sending: a payment from the draft to finality, and every way in which one can end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from desktop_wallet.core.addresses import parse_address
from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.networks import Family
from desktop_wallet.core.transfers import Draft, TransferState
from desktop_wallet.ui.pages.activity import ActivityPage
from desktop_wallet.ui.pages.send.page import SendPage
from desktop_wallet.ui.pages.send.state import SendStep

if TYPE_CHECKING:
    from desktop_wallet.chains.practice.chain import PracticeChain
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import Asset
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.transfers import Transfer, TransferId
    from desktop_wallet.services.reviews import Review
    from desktop_wallet.ui.pages.page import Page
    from desktop_wallet.ui.tour_hands import Hands

FRIEND = parse_address(Family.EVM, "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359")
"""Somebody to pay: an example address of ERC-55."""
_RESENT_FOR_S = 700.0
"""Longer than the wallet hands a payment over again by itself."""
_FINAL_S = 60.0
MINED = (TransferState.CONFIRMED, TransferState.FINALIZED)

_PageT = TypeVar("_PageT", bound="Page")


@dataclass(frozen=True, slots=True)
class Seen:
    """A review that a picture was taken of, and when."""

    name: str
    review: Review
    at: Instant


class SendingScenes:
    """Sends play money on the practice networks, and lets go wrong what can."""

    def __init__(self, hands: Hands) -> None:
        self.hands = hands
        self.seen: list[Seen] = []
        """Reviews of which there is a light picture, for the dark ones."""
        self.main, self.rollup = hands.application.practice

    async def walk(self) -> None:
        """Take every picture of these scenes."""
        await self._draft()
        await self._first_payment()
        await self._faster()
        await self._cancelled()
        await self._failed()
        await self._unknown()
        await self._dropped()
        await self._activity()

    # Scenes

    async def _draft(self) -> None:
        hands = self.hands
        hands.window.open_page("send")
        await hands.at_rest()
        await hands.picture("send")
        await hands.fill("To", FRIEND.text[:-1])
        await hands.fill("Amount", "1.2.3")
        await hands.press("Review")
        await hands.picture("send-with-mistakes")
        await hands.fill("To", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359")
        await hands.fill("Amount", "1000000")
        await hands.press("Review")
        await hands.until(lambda: hands.button("Review"))
        await hands.settle(20)
        await hands.picture("send-more-than-there-is")
        await hands.fill("Amount", "0.25")
        await hands.picture("send-draft")

    async def _first_payment(self) -> None:
        hands = self.hands
        await hands.press("Review")
        await self.reviewed("review")
        await hands.press("Change fee")
        await hands.picture("review-change-fee")
        await hands.press("Change fee")
        await hands.press("More")
        await hands.picture("review-more")
        self.main.hold_back()
        await self.sign()
        await hands.picture("sent-waiting")
        hands.window.open_page("balances")
        await hands.press("Close the details")  # of the row whose server failed
        await hands.at_rest()
        await hands.picture("balances-pending")
        hands.select_row(1)
        await hands.picture("where-a-pending-number-comes-from")
        await self._open_newest()
        await hands.pictures("activity-broadcast")
        hands.window.open_page("balances")
        await hands.at_rest()
        await hands.picture("where-a-pending-number-comes-from", dark=True)
        hands.window.open_page("send")
        await hands.picture("sent-waiting", dark=True)
        await self._open_newest()

    async def _faster(self) -> None:
        hands = self.hands
        await hands.press("Speed up")
        await self.reviewed("review-speed-up")
        faster = await self.sign()
        await self.take_again(self.main)
        await self.become(faster, *MINED)
        await hands.until(lambda: not any(transfer.is_waiting for transfer in hands.session.transfers.all()))
        await hands.picture("sent-confirmed")
        hands.window.open_page("balances")
        await hands.at_rest()
        await hands.picture("balances-after-sending")

    async def _cancelled(self) -> None:
        hands = self.hands
        self.main.hold_back()
        await self.pay(self.draft(self.main, FRIEND, 10**17))
        await self._open_newest()
        await hands.press("Cancel it")
        await self.reviewed("review-cancel")
        cancel = await self.sign()
        await hands.picture("sent-cancel")
        await self.take_again(self.main)
        await self.become(cancel, *MINED)

    async def _failed(self) -> None:
        """Another program spends the tokens first."""
        hands = self.hands
        token = self.main.world.assets[0]
        draft = self.draft(self.main, FRIEND, 5 * 10**6, token)
        self.main.hold_back()
        reading = hands.session.balances.state(BalanceKey(draft.network, draft.sender, token.id)).reading
        self.main.transfer(draft.sender, FRIEND, reading.amount if reading else 0, token.id.reference)
        self.send_page.begin(draft)
        await self.reviewed()
        failed = await self.sign()
        await self.take_again(self.main)
        await self.become(failed, TransferState.FAILED)
        await hands.picture("sent-failed")

    async def _unknown(self) -> None:
        hands = self.hands
        self.send_page.begin(self.draft(self.main, FRIEND, 10**16))
        await self.reviewed()
        self.main.outage = True
        unknown = await self.sign()
        await self.become(unknown, TransferState.UNKNOWN)
        await hands.picture("sent-unknown")
        await self._open_newest()
        await hands.picture("activity-unknown")
        self.main.outage = False
        await hands.press("Send again")
        hands.pass_time(self.main.world.block_time_s)
        await self.become(unknown, *MINED)

    async def _dropped(self) -> None:
        hands = self.hands
        self.rollup.hold_back()
        dropped = await self.pay(self.draft(self.rollup, FRIEND, 10**15))
        self.rollup.drop(dropped.transaction)
        hands.stay(_RESENT_FOR_S)
        await self.become(dropped, TransferState.DROPPED)
        await hands.picture("sent-dropped")
        await self._open_newest()
        await hands.picture("activity-dropped")

    async def _activity(self) -> None:
        hands = self.hands
        hands.stay(_FINAL_S)
        hands.session.settling.look_now()
        await hands.until(lambda: any(t.state is TransferState.FINALIZED for t in hands.session.transfers.all()))
        page = self.page(ActivityPage)
        page.close_details()
        await hands.pictures("activity")
        told: set[TransferState] = {TransferState.DROPPED}
        for transfer in hands.session.transfers.all():
            if transfer.state not in told:
                told.add(transfer.state)
                page.open_details(transfer.id)
                await hands.picture(f"activity-{transfer.state.value}")
        page.close_details()

    # Hands

    def page(self, kind: type[_PageT]) -> _PageT:
        """Return the window's page of that kind."""
        page = self.hands.window.findChild(kind)
        if page is None:
            raise LookupError(kind.name)
        return page

    @property
    def send_page(self) -> SendPage:
        """Return the Send page."""
        return self.page(SendPage)

    def draft(self, chain: PracticeChain, recipient: Address, amount: int, asset: Asset | None = None) -> Draft:
        """Return a draft of the first account; `amount` in base units, of the coin unless an asset is named."""
        network = chain.world.network
        sender = self.hands.session.accounts.accounts()[0].address
        return Draft(network.id, sender, recipient, (asset or native_asset(network)).id, amount)

    async def reviewed(self, name: str = "") -> None:
        """Return once a review is on screen, with a picture of it if it has a name."""
        state = self.send_page.state
        await self.hands.until(lambda: state.step is SendStep.REVIEW)
        await self.hands.settle()
        if name and state.review is not None:
            self.seen.append(Seen(name, state.review, self.hands.clock.now()))
            await self.hands.picture(name)

    async def sign(self) -> Transfer:
        """Tick what has to be ticked, press Sign and send, and return what was sent."""
        page, hands = self.send_page, self.hands
        for block in page.review.blocks:
            if block.tick is not None:
                block.tick.setChecked(True)
        await hands.press("Sign and send")
        await hands.until(lambda: page.state.step is SendStep.SENT)
        transfer = page.state.transfer
        if transfer is None:
            msg = "nothing was sent"
            raise LookupError(msg)
        return transfer

    async def pay(self, draft: Draft) -> Transfer:
        """Send a draft from beginning to end."""
        self.send_page.begin(draft)
        await self.reviewed()
        return await self.sign()

    async def take_again(self, chain: PracticeChain) -> None:
        """Let the next block take what waits, and come."""
        chain.take_again()
        self.hands.pass_time(chain.world.block_time_s)

    async def become(self, transfer: Transfer, *states: TransferState) -> None:
        """Return once the wallet has found out that a transfer is in one of these states."""
        session = self.hands.session
        session.settling.look_now()
        await self.hands.until(lambda: session.transfers.get(transfer.id).state in states)
        self.hands.window.tick()

    async def _open_newest(self) -> None:
        self.hands.window.open_page("activity")
        newest: TransferId = self.hands.session.transfers.all()[0].id
        self.page(ActivityPage).open_details(newest)
        await self.hands.settle()
