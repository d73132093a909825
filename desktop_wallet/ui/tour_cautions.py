"""The tour's pictures of a review with each caution, as real as the practice networks can make it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from typing_extensions import override

from desktop_wallet.core.addresses import Address, parse_address
from desktop_wallet.core.cautions import Caution, CautionKind
from desktop_wallet.core.fees import GasFee, Speed
from desktop_wallet.core.networks import Family
from desktop_wallet.core.quotes import Movement
from desktop_wallet.core.signing import MarketPrice
from desktop_wallet.core.transfers import TransferState
from desktop_wallet.ui.pages.activity import ActivityPage
from desktop_wallet.ui.theme import SMALLEST_WINDOW
from desktop_wallet.ui.tour_sending import FRIEND, MINED, Seen, SendingScenes

if TYPE_CHECKING:
    from desktop_wallet.core.balances import Reading
    from desktop_wallet.core.transfers import Draft
    from desktop_wallet.services.reviews import Review
    from desktop_wallet.ui.tour_hands import Hands

_LOOK_ALIKE = parse_address(Family.EVM, FRIEND.text[:8] + "0123456789abcdef0123456789" + FRIEND.text[-8:])
_BURN = parse_address(Family.EVM, "0x" + "0" * 36 + "dead")
_STRANGER = parse_address(Family.EVM, "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB")
"""Another example address of ERC-55, whom nobody here ever paid."""
_TENTH = 10**17

_A_LOOK = 40
"""Glances after which the wallet has asked the network of what it has just sent."""
_SMALL = ("review", "review-look-alike", "review-contract-and-fails")


class CautionScenes(SendingScenes):
    """Shows what a review warns of. What one picture makes strange is put right before the next."""

    def __init__(self, hands: Hands, seen: list[Seen]) -> None:
        """`seen`: reviews of earlier scenes of which a dark picture is still to be taken."""
        super().__init__(hands)
        self.seen = seen

    @override
    async def walk(self) -> None:
        """Take every picture of these scenes; a friend was paid before, and one payment on the rollup is stuck."""
        await self._stuck()
        await self._recipients()
        await self._outcomes()
        await self._fees()
        await self._order()
        await self._what_no_practice_network_does()
        await self._outdated()
        await self._password()
        await self._in_the_dark()
        await self._in_a_small_window()

    async def _recipients(self) -> None:
        accounts = [account.address for account in self.hands.session.accounts.accounts()]
        world = self.main.world
        await self._show("own-account", self.draft(self.main, accounts[1], _TENTH))
        await self._show("same-account", self.draft(self.main, accounts[0], _TENTH))
        await self._show("first-payment", self.draft(self.main, _STRANGER, _TENTH))
        await self._show("paid-before", self.draft(self.main, FRIEND, _TENTH))
        await self._show("look-alike", self.draft(self.main, _LOOK_ALIKE, _TENTH))
        token = parse_address(Family.EVM, world.tokens[0].address)
        await self._show("token-contract", self.draft(self.main, token, _TENTH))
        await self._show("burn-address", self.draft(self.main, _BURN, _TENTH))
        self.main.delegate(_STRANGER, self._contract)
        await self._show("delegated", self.draft(self.main, _STRANGER, _TENTH))
        self.main.delegate(_STRANGER, None)
        self.main.delegate(accounts[0], self._contract)
        await self._show("sender-delegated", self.draft(self.main, FRIEND, _TENTH))
        self.main.delegate(accounts[0], None)

    async def _outcomes(self) -> None:
        await self._show("contract-and-fails", self.draft(self.main, self._contract, _TENTH))
        self.main.simulates(False)
        await self._show("not-simulated", self.draft(self.main, FRIEND, 25 * _TENTH, self.main.world.assets[1]))
        self.main.simulates(True)
        await self._show("fee-over-amount", self.draft(self.main, FRIEND, 1_000))

    async def _fees(self) -> None:
        draft = self.draft(self.main, FRIEND, _TENTH)
        sending = self.hands.session.sending
        quoted = await sending.review(draft)
        normal = quoted.quote.fees.normal
        base_wei = normal.base_fee_wei
        for name, max_fee_wei, tip_wei, gas in (
            ("fee-below-base", base_wei // 2, base_wei // 4, normal.gas_limit),
            ("fee-low-tip", 2 * base_wei, base_wei // 100, normal.gas_limit),
            ("fee-high", 40 * base_wei, 30 * base_wei, normal.gas_limit),
            ("fee-tip-over-maximum", 2 * base_wei, 3 * base_wei, normal.gas_limit),
            ("fee-low-gas", 2 * base_wei, base_wei, normal.gas_limit - 1_000),
        ):
            fee = GasFee(Speed.CUSTOM, MarketPrice(max_fee_wei, tip_wei), gas, normal.gas_expected, base_wei)
            await self._show_review(f"review-{name}", await sending.review(draft, Speed.CUSTOM, fee, quoted.quote))

    async def _stuck(self) -> None:
        await self._show("earlier-stuck", self.draft(self.rollup, FRIEND, 10**15))
        transfers = self.hands.session.transfers.all()
        for stuck in [transfer for transfer in transfers if transfer.state is TransferState.DROPPED]:
            await self.hands.session.sending.send_again(stuck.id)
            await self.take_again(self.rollup)
            await self.become(stuck, *MINED)

    async def _order(self) -> None:
        self.main.hold_back()
        await self.pay(self.draft(self.main, FRIEND, 10**16))
        await self._show("earlier-open", self.draft(self.main, FRIEND, _TENTH))
        await self.take_again(self.main)
        await self.hands.settle()
        self.main.hold_back()
        draft = self.draft(self.main, FRIEND, _TENTH)
        self.main.transfer(draft.sender, FRIEND, 10**15)
        await self._show("outside-waiting", draft)
        await self.take_again(self.main)

    async def _what_no_practice_network_does(self) -> None:
        """Show reviews of a token that keeps a part for itself, and of one that takes something else along."""
        token, other = self.main.world.assets[:2]
        draft = self.draft(self.main, FRIEND, 10 * _TENTH, other)
        review = await self.hands.session.sending.review(draft)
        outcome = review.quote.outcome
        less = Caution(CautionKind.RECEIVES_LESS, amount=draft.amount * 9 // 10, asset=draft.asset)
        kept = tuple(
            replace(movement, change=movement.change * 9 // 10) if movement.address == FRIEND else movement
            for movement in outcome.movements
        )
        await self._show_review("review-receives-less", _with(review, less, kept))
        more = Caution(CautionKind.OTHER_CHANGES)
        along = (*outcome.movements, Movement(draft.sender, token.id, -5 * 10**6))
        await self._show_review("review-other-changes", _with(review, more, along))

    async def _outdated(self) -> None:
        """Fees rise between the review and the signature."""
        hands = self.hands
        self.send_page.begin(self.draft(self.main, FRIEND, _TENTH))
        await self.reviewed()
        before = self.send_page.state.review
        self.main.raise_fees(20)
        hands.pass_time(30)
        await hands.picture("review-stale")
        await hands.press("Sign and send")
        await hands.until(lambda: self.send_page.state.review not in (None, before))
        await self.reviewed()
        await hands.picture("review-outdated")
        self.main.raise_fees(1)

    async def _password(self) -> None:
        settings = self.hands.session.settings
        await settings.change(ask_password_to_send=True)
        self.send_page.begin(self.draft(self.main, FRIEND, _TENTH))
        await self.reviewed()
        await self.hands.pictures("review-asks-the-password")
        await settings.change(ask_password_to_send=False)

    async def _in_the_dark(self) -> None:
        for seen in self.seen:
            self._show_again(seen)
            await self.hands.picture(seen.name, dark=True)

    async def _in_a_small_window(self) -> None:
        hands = self.hands
        size = hands.window.size()
        hands.window.resize(QSize(*SMALLEST_WINDOW))
        for seen in self.seen:
            if seen.name in _SMALL:
                self._show_again(seen)
                await hands.picture(f"smallest-{seen.name}")
        self.main.hold_back()
        sent = await self.pay(self.draft(self.main, FRIEND, _TENTH))
        hands.session.settling.look_now()
        await hands.settle(_A_LOOK)
        await hands.picture("smallest-sent")
        hands.window.open_page("activity")
        await hands.picture("smallest-activity")
        self.page(ActivityPage).open_details(sent.id)
        await hands.picture("smallest-activity-details")
        self.page(ActivityPage).close_details()
        await self.take_again(self.main)
        await self.become(sent, *MINED)
        hands.window.resize(size)

    # Hands

    @property
    def _contract(self) -> Address:
        return parse_address(Family.EVM, str(self.main.world.network.multicall))

    async def _show(self, name: str, draft: Draft) -> None:
        page = self.send_page
        page.begin(draft)
        await self.hands.until(lambda: page.state.review is not None and page.state.review.draft == draft)
        await self.reviewed(f"review-{name}")

    def _show_again(self, seen: Seen) -> None:
        """Show a review as old as it was when it was seen first: only the light has changed."""
        review = seen.review
        since_s = self.hands.clock.now().boot_s - seen.at.boot_s
        again = replace(review, reading=_later(review.reading, since_s))
        self.send_page.show_review(again)

    async def _show_review(self, name: str, review: Review) -> None:
        self.send_page.show_review(review)
        await self.reviewed(name)


def _later(reading: Reading, by_s: float) -> Reading:
    started = reading.started
    return replace(reading, started=started._replace(wall_s=started.wall_s + by_s, boot_s=started.boot_s + by_s))


def _with(review: Review, caution: Caution, movements: tuple[Movement, ...]) -> Review:
    quote = replace(review.quote, outcome=replace(review.quote.outcome, movements=movements))
    found = sorted((caution, *review.cautions), key=lambda each: -each.weight)
    return replace(review, quote=quote, cautions=tuple(found))
