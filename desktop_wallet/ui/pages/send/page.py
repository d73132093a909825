"""The Send page: three steps, and the one place that asks the service of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.amounts import Amount, plain_text
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.errors import WalletError
from desktop_wallet.core.fees import Speed
from desktop_wallet.core.transfers import Draft
from desktop_wallet.ui.pages.page import Page
from desktop_wallet.ui.pages.send.draft_step import DraftStep
from desktop_wallet.ui.pages.send.draft_words import most_text, problem_text
from desktop_wallet.ui.pages.send.names import SendNames, money
from desktop_wallet.ui.pages.send.places import Instead, SendPlaces, missing
from desktop_wallet.ui.pages.send.review_step import ReviewStep
from desktop_wallet.ui.pages.send.review_words import changes_text
from desktop_wallet.ui.pages.send.sent_step import SentStep
from desktop_wallet.ui.pages.send.signing import Signing
from desktop_wallet.ui.pages.send.standing_still import standing_still
from desktop_wallet.ui.pages.send.state import Doing, SendState, SendStep
from desktop_wallet.ui.widgets.notice import NoticeAction, NoticeKind

if TYPE_CHECKING:
    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.core.fees import GasFee
    from desktop_wallet.core.transfers import Transfer, TransferId
    from desktop_wallet.services.reviews import Review
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.pages.page import Shell

_REVIEW, _MOST, _READ = "review", "most", "read"
"""Keys of the page's tasks."""
_SAID = ("Nothing was sent.", "Nothing was signed.")


class SendPage(Page):
    """Draft, Review, Sent. What was typed outlives a visit to another page, but not a lock."""

    name: ClassVar[str] = "send"
    title: ClassVar[str] = "Send"
    icon: ClassVar[str] = "send"

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(shell, parent)
        self.state = SendState()
        self._names: SendNames | None = None
        self._ask_again = False
        self._fee_wanted: tuple[Speed, GasFee | None] | None = None
        self._signing = Signing(shell.report, self)
        self.draft = DraftStep(shell, self.state)
        self.review = ReviewStep(shell, self.state)
        self.sent = SentStep(shell)
        steps = {SendStep.DRAFT: self.draft, SendStep.REVIEW: self.review, SendStep.SENT: self.sent}
        self.places = SendPlaces(shell, steps, self.cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.places)
        self._connect()

    def _connect(self) -> None:
        self.draft.review_wanted.connect(self.ask)
        self.draft.cancel_wanted.connect(self.cancel)
        self.draft.most_wanted.connect(self._on_most_wanted)
        self.draft.edited.connect(self.cancel)
        self.draft.balance_chosen.connect(self._on_balance_chosen)
        self.review.back_wanted.connect(self._on_back_wanted)
        self.review.sign_wanted.connect(self._on_sign_wanted)
        self.review.fee_wanted.connect(self._on_fee_wanted)
        self.review.choice.wrong.connect(self._on_fee_wrong)
        self._signing.sent.connect(self._on_sent)
        self._signing.outdated.connect(self._on_outdated)
        self._signing.password_wrong.connect(self._on_password_wrong)
        self._signing.refused.connect(self._on_refused)
        self._signing.unclear.connect(self._on_unclear)
        self.sent.activity_wanted.connect(self._on_activity_wanted)
        self.sent.another_wanted.connect(self._on_another_wanted)

    # From the window

    @override
    def attach(self, session: Session) -> None:
        super().attach(session)
        self._names = SendNames(session)
        self.review.names = self._names
        self.draft.attach(session, self._names)
        self.listen(session.subscribe(self._on_change))
        self._show_choices()

    @override
    def detach(self) -> None:
        super().detach()
        self._signing.stop()
        self._names = None
        self._ask_again = False
        self.state.forget()
        self.draft.attach(None, None)
        self.review.forget()
        self.sent.forget()
        self._show_step()

    @override
    def shown(self) -> None:
        super().shown()
        self._show_choices()
        self._show_step()
        self._read()
        if self._ask_again:
            self._ask_again = False
            self.ask()

    @override
    def hidden(self) -> None:
        super().hidden()
        self.state.cancel_asking()
        if self.state.fee_is_awaited:
            self.state.no_fee()

    @override
    def tick(self) -> None:
        if self.state.step is SendStep.DRAFT:
            self.draft.renew(self.opened)
        elif self.state.step is SendStep.REVIEW:
            self.review.renew()
        else:
            self._show_transfer()

    @override
    def refresh(self) -> None:
        """Read the balance of the draft anew."""
        session, keys = self.session, self.draft.keys
        if session is not None and keys:
            self.tasks.start(session.balances.refresh(keys), key=f"refresh {keys[0]}")

    @override
    def on_screen(self) -> tuple[BalanceKey, ...]:
        return self.draft.keys

    # From other pages

    def begin(self, draft: Draft, speed: Speed = Speed.NORMAL) -> None:
        """Review this draft, with the fee of that speed: one that replaces another, or a payment to be made."""
        if self._is_signing():
            return
        self.shell.open_page(self.name)
        if self.session is None:
            return
        self.cancel()
        recipient = display_address(draft.recipient)
        self.state.begin(draft, speed, self.session.catalogue.asset(draft.asset), recipient)
        self._show_choices()
        self.ask()

    def begin_from(self, key: BalanceKey) -> None:
        """Begin a draft that sends from this balance; a recipient that was typed stays."""
        if self._is_signing():
            return
        self.shell.open_page(self.name)
        if self.session is None:
            return
        self.cancel()
        self.state.begin_from(key.address, self.session.catalogue.asset(key.asset))
        self._show_choices()
        if self.state.entry.sender != key.address:
            text = "The key of that account is not here, so nothing can be sent from it. Another one is chosen."
            self.shell.notify(text, kind=NoticeKind.WARNING, key="send")
        self._show_step()
        self._read()
        self.draft.focus_first()

    @override
    def take_up(self, what: object) -> None:
        """Begin what another page asks for: a BalanceKey to send from, or a Draft and its Speed."""
        match what:
            case BalanceKey():
                self.begin_from(what)
            case (Draft() as draft, Speed() as speed):
                self.begin(draft, speed)
            case _:
                raise TypeError(what)

    def show_review(self, review: Review) -> None:
        """Show this review: what the page does itself once the network has answered."""
        self.state.show(review)
        self._enter_review(review)

    # Asking

    def ask(self) -> None:
        """Ask the network what the draft would do and cost, and then show its review."""
        session, state = self.session, self.state
        draft = state.wanted
        if session is None or draft is None or state.doing is not Doing.NOTHING:
            return
        self.draft.set_error("")
        asked = state.begin_asking()
        self._show_step()
        self.tasks.start(self._ask(session, draft, asked), key=f"{_REVIEW} {asked}")

    async def _ask(self, session: Session, draft: Draft, asked: int) -> None:
        state = self.state
        before, why = state.outdated, state.why_outdated
        try:
            review = await session.sending.review(draft, state.speed, state.custom)
        except WalletError as error:
            self._not_reviewed(asked, error)
        else:
            if state.answered(asked, review):
                self._enter_review(review, changes_text(before, why, review) if before is not None else "")
        finally:
            if state.not_answered(asked):
                self._show_step()

    def _not_reviewed(self, asked: int, error: WalletError) -> None:
        text, given = self._problem(error), self.state.given
        if not self.state.not_answered(asked):
            return
        self._show_step()
        if given is None:
            self.draft.set_error(text)
        else:  # what stands in the fields is another draft
            self.shell.notify(text, kind=NoticeKind.FAILURE, key="send")

    def cancel(self) -> None:
        """Stop asking the network; the draft stays as it is."""
        if self.state.doing is Doing.ASKING:
            self.tasks.cancel(f"{_REVIEW} {self.state.asked}")
            self.state.cancel_asking()
            self._show_step()

    def _enter_review(self, review: Review, changed: str = "") -> None:
        session = self.session
        if review.draft.everything:  # the fee of this review decides how much that is
            text = plain_text(Amount(review.draft.amount, review.asset.decimals))
            left = review.fee.most_wei if review.asset == review.coin else 0
            self.draft.show_most(text, most_text(left, review.asset))
        if session is not None:
            self.review.asks_password = session.sending.asks_password
        self.review.enter(changed)
        self.review.show_review(review)
        self._show_step()
        self.places.to_top(SendStep.REVIEW)

    def _problem(self, error: WalletError) -> str:
        draft = self.state.given or (self.state.review.draft if self.state.review else None)
        asset = self.state.entry.asset
        if self.session is None:
            return ""
        return problem_text(error, draft.asset if draft else asset.id if asset else None, self.session.catalogue)

    # The most there is

    def _on_most_wanted(self) -> None:
        session, entry = self.session, self.state.entry
        if session is not None and entry.sender is not None and entry.asset is not None:
            self.draft.set_error("")
            self.tasks.start(self._most(session), key=_MOST)

    async def _most(self, session: Session) -> None:
        entry, state = self.state.entry, self.state
        sender, asset = entry.sender, entry.asset
        if sender is None or asset is None:
            return
        self.draft.max.setEnabled(False)
        try:
            most = await session.sending.most(sender, self.draft.to.recipient, asset.id, state.speed, state.custom)
        except WalletError as error:
            self.draft.set_error(self._problem(error))
        else:
            if (entry.sender, entry.asset) == (sender, asset) and self.state.entry is entry:
                self.cancel()
                text = plain_text(Amount(most.amount, asset.decimals))
                self.draft.show_most(text, most_text(most.left_at_most, asset))
        finally:
            self.draft.max.setEnabled(True)

    # The fee

    def _on_fee_wanted(self, speed: Speed, custom: GasFee | None) -> None:
        session, review = self.session, self.state.review
        if session is None or review is None or self.state.doing is not Doing.NOTHING:
            return
        self.state.fee_is_awaited = True
        self._fee_wanted = (speed, custom)
        self.review.settle()
        self.tasks.start(self._change_fee(session, review, self._fee_wanted))

    async def _change_fee(self, session: Session, review: Review, wanted: tuple[Speed, GasFee | None]) -> None:
        speed, custom = wanted
        try:
            fresh = await session.sending.review(review.draft, speed, custom, quote=review.quote)
        except WalletError as error:
            if self._is_still_wanted(review, wanted):
                self.state.no_fee()
                self.review.choice.set_error(self._problem(error))
                self.review.settle()
            return
        if self._is_still_wanted(review, wanted) and self.state.change_fee(fresh, custom):
            with standing_still(self.review.choice):
                self.review.show_review(fresh)
                for block in self.review.blocks:
                    block.show()  # Qt would show a new one with the next event, and then all below it would jump

    def _on_fee_wrong(self) -> None:
        self._fee_wanted = None  # a fee that was typed before must not come in below what is typed now
        self.state.no_fee()
        self.review.settle()

    def _is_still_wanted(self, review: Review, wanted: tuple[Speed, GasFee | None]) -> bool:
        now = self.state.review
        return wanted is self._fee_wanted and now is not None and now.quote is review.quote

    # Signing

    def _is_signing(self) -> bool:
        if self.state.doing is Doing.SIGNING:
            self.shell.open_page(self.name)
            self.shell.notify("Another payment is just being signed and sent.", kind=NoticeKind.WARNING, key="send")
            return True
        return False

    def _on_sign_wanted(self) -> None:
        session = self.session
        password = self.review.password.text() if self.review.asks_password else None
        if session is None or (self.review.asks_password and not password):
            return
        review = self.state.begin_signing()
        if review is None:
            return
        self.review.set_error("")
        self._signing.begin(session, review, password)

    def _on_sent(self, transfer: Transfer) -> None:
        self.state.sent(transfer)
        self.review.password.clear()
        words = None if self._names is None else self._names.asset(transfer.draft.asset)
        what = "It" if words is None else money(transfer.draft.amount, words.asset)
        self._tell_hidden(f"{what}: signed and handed over.", NoticeKind.DONE, transfer.id)
        if self.opened is not None:
            self._show_step()
            self.sent.enter()

    def _on_outdated(self, why: str) -> None:
        self.state.overtaken(why)
        self.review.password.clear()
        if self.opened is None:
            self._ask_again = True
            self._tell_hidden("Something changed before it was signed. Nothing was sent.", NoticeKind.WARNING)
        else:
            self.ask()

    def _on_password_wrong(self, text: str) -> None:
        self.state.not_signed()
        self.review.complain(text)

    def _on_refused(self, error: WalletError) -> None:
        self.state.not_signed()
        text = self._problem(error)
        self.review.set_error(text if text.endswith(_SAID) else f"{text} {_SAID[0]}")
        self._tell_hidden(self.review.hint.text(), NoticeKind.FAILURE)

    def _on_unclear(self) -> None:
        # The review must not be signed a second time.
        self.state.not_signed()
        self.state.back()
        self._show_step()
        self.draft.set_error(
            "A mistake of this program came in between. Look at the Activity page whether it was sent before you send "
            "it again."
        )

    def _tell_hidden(self, text: str, kind: NoticeKind, transfer: TransferId | None = None) -> None:
        if self.opened is None:
            action = NoticeAction("Show", lambda: self.shell.open_page(self.name)) if transfer is not None else None
            self.shell.notify(text, kind=kind, action=action, key="send")

    # Within

    def _read(self) -> None:
        session, keys = self.session, self.draft.keys
        if session is not None and keys and self.opened is not None and self.state.step is SendStep.DRAFT:
            self.tasks.start(session.balances.read(keys), key=f"{_READ} {keys[0]}")

    def _show_choices(self) -> None:
        if self.session is not None:
            self.draft.show_choices()
            self.draft.renew(self.opened)

    def _show_step(self) -> None:
        step = self.state.step
        self.places.show_step(step, self._instead() if step is SendStep.DRAFT else None)
        if step is SendStep.SENT:
            self._show_transfer()
        self._settle()

    def _instead(self) -> Instead | None:
        if self.session is None:
            return None
        if self.state.given is not None and self.state.doing is Doing.ASKING:
            return Instead.WAITING
        return missing(self.session, self.draft.payers)

    def _settle(self) -> None:
        self.draft.settle()
        self.review.settle()

    def _show_transfer(self) -> None:
        session, transfer = self.session, self.state.transfer
        if session is None or transfer is None or self._names is None:
            return
        now = session.transfers.get(transfer.id)
        siblings = session.transfers.siblings(now)
        network, ahead = session.catalogue.network(now.draft.network), session.settling.ahead_of(now)
        self.sent.show_transfer(now, siblings, network, self._names, ahead)

    def _on_change(self, change: ChangeSet) -> None:
        if (change.accounts or change.catalogue) and self.state.step is SendStep.DRAFT:
            self._show_choices()
            self._show_step()
        if self.state.step is SendStep.DRAFT and not change.balances.isdisjoint(self.draft.keys):
            self.draft.renew(self.opened)
        if self.state.transfer is not None and self.state.transfer.id in change.transfers:
            self._show_transfer()

    def _on_balance_chosen(self) -> None:
        self.draft.renew(self.opened)
        self._read()

    def _on_back_wanted(self) -> None:
        self.state.back()
        self.review.password.clear()
        self._show_step()
        self.draft.renew(self.opened)
        self.draft.amount.setFocus()

    def _on_activity_wanted(self) -> None:
        if self.state.transfer is not None:
            self.asked.emit("activity", self.state.transfer.id)

    def _on_another_wanted(self) -> None:
        self.state.another()
        self._show_choices()
        self._show_step()
        self._read()
        self.draft.focus_first()
