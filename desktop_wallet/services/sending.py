"""Sending: quote, review, sign, store, broadcast. The only broadcaster, so that nothing is ever paid twice.

    draft ─> quote ─> review ─> look again ─> sign ─> read back what was signed ─┐
                                                                                 v
             broadcast <─ ONE database transaction: bytes, our id, invalidation ─┘

Nothing leaves the machine before that transaction stands. A nonce once signed is used again only to replace what was
signed with it. One review is signed once, however often it is asked for.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_wallet.core.errors import NotAllowed, ReviewOutdated, VaultLocked
from desktop_wallet.core.fees import FeeDoubt, fee_doubts
from desktop_wallet.core.freshness import TTL_S, Purpose
from desktop_wallet.core.signing import SignedTransaction, SignTransaction
from desktop_wallet.core.transfers import Fee, Step, Transfer, TransferId, TransferKind, TransferState, advance
from desktop_wallet.services.reviewing import Reviewing
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.quotes import Quote
    from desktop_wallet.services.accounts import Accounts
    from desktop_wallet.services.catalogue import Catalogue
    from desktop_wallet.services.reading import Balances
    from desktop_wallet.services.reviews import Review
    from desktop_wallet.services.session_parts import SessionParts
    from desktop_wallet.services.settings import SettingsKeeper
    from desktop_wallet.services.settling import Settling
    from desktop_wallet.vault.vault import Vault


class SignedOtherwise(RuntimeError):
    """The signed bytes do not say what was reviewed: a bug of ours. Nothing was stored or sent."""


class Sending(Reviewing):
    """Everything a person sends from an unlocked profile."""

    def __init__(
        self,
        parts: SessionParts,
        balances: Balances,
        accounts: Accounts,
        catalogue: Catalogue,
        settling: Settling,
        vault: Vault,
        settings: SettingsKeeper,
    ) -> None:
        """Build on the parts of a session."""
        super().__init__(parts, balances, accounts, catalogue, settling)
        self._vault = vault
        self._settings = settings
        self._locks: dict[tuple[NetworkId, Address], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._sent: dict[str, asyncio.Task[Transfer]] = {}
        self._stored: dict[str, TransferId] = {}
        """What became of each review that was signed: whatever fails after that, it is signed only once."""
        self._tasks = Tasks()
        self._stopped = False

    @property
    def asks_password(self) -> bool:
        """Return whether the person wants to be asked for the password at each send."""
        return self._settings.now.ask_password_to_send

    @property
    def busy(self) -> bool:
        """Return whether something is being signed or handed to servers."""
        return any(not task.done() for task in self._sent.values()) or self._settling.delivering

    # Signing and sending

    async def send(self, review: Review, password: str | None = None) -> Transfer:
        """Sign what was reviewed and hand it to the servers; return it as soon as one has it, or none would.

        The same review gives the same transfer, however often it is asked for. Whoever is cancelled while waiting
        stops nothing. Raises, and then nothing left the machine: NotEnough, ReviewOutdated, NotChecked, NotAllowed,
        PasswordNeeded, WrongPassword, KeyringFailure, VaultLocked, NetworkFailure, UntrustedReply, StorageFailure.
        """
        if self._stopped:
            raise VaultLocked
        if review.id in self._stored:
            return self._book.get(self._stored[review.id])
        task = self._sent.get(review.id)
        if task is None or _failed(task):
            task = self._sent[review.id] = self._tasks.start(self._send(review, password), "send")
            # One that failed is asked for no more, and what it raised may hold the password.
            task.add_done_callback(lambda done: self._sent.pop(review.id) if _failed(done) else None)
        return await asyncio.shield(task)

    async def send_again(self, transfer: TransferId) -> Transfer:
        """Hand the same bytes to the servers once more: the id is the same, so it can be mined only once."""
        known = self._book.get(transfer)
        self._check_on(known.draft.network)
        if known.state not in (TransferState.UNKNOWN, TransferState.DROPPED, TransferState.BROADCAST):
            raise NotAllowed(why="already-mined")
        return await self._settling.deliver(known.id)

    async def close_by_hand(self, transfer: TransferId) -> Transfer:
        """Watch a transfer no longer and show it as pending no more; its amount and nonce stay reserved."""

        def close(before: Transfer) -> Transfer | None:
            return None if before.state.is_mined else replace(before, closed=True)

        return await self._book.change(transfer, close, cause="closed by hand")

    async def note(self, transfer: TransferId, text: str) -> Transfer:
        """Keep a note of the person beside a transfer."""
        return await self._book.change(transfer, lambda before: replace(before, note=text.strip()[:500]))

    async def stop(self) -> None:
        """End what is under way: what was stored is looked up after the next unlock, what was not never was."""
        self._stopped = True
        await self._tasks.stop()

    async def _send(self, review: Review, password: str | None) -> Transfer:
        draft = review.draft
        account = self._signer(draft.sender)
        self._check_on(draft.network)
        if not review.may_sign:
            raise NotAllowed(why="refused-fee")
        adapter = self._parts.adapters.of(draft.network)
        async with self._locks[draft.network, draft.sender]:
            nonce = await self._look_again(review)
            transaction = adapter.build(draft, review.fee, nonce)
            checked = self._parts.clock.now()
            signed = await self._vault.sign(
                SignTransaction(account.wallet, account.path, draft.sender, transaction), password
            )
            # The keyring asked for its password, say, or the machine slept.
            slow = checked.age_s(self._parts.clock.now()) > TTL_S[Purpose.SPEND]
            if slow and await self._look_again(review) != nonce:
                raise ReviewOutdated(why="nonce")
            self._compare(review, nonce, signed)
            transfer = self._new_transfer(review, nonce, signed)
            await self._book.add(transfer, cause="sent")
            self._stored[review.id] = transfer.id
        return await self._settling.deliver(transfer.id)

    async def _look_again(self, review: Review) -> int:
        """Return the nonce to sign with, after the last check: what cannot be checked is not signed."""
        draft, quote = review.draft, review.quote
        replaced = self._replaced(draft)
        keys = self._keys(draft)
        if quote.started.age_s(self._parts.clock.now()) > TTL_S[Purpose.SPEND]:
            quote, readings = await self._ask(draft, keys)
            self._compare_quotes(review, quote)
        else:
            readings = await self._checked(keys)
        nonce = self._nonce(quote, replaced)
        if replaced is not None and nonce != review.nonce:
            raise ReviewOutdated(why="nonce")
        self._afford(draft, review.fee, readings, replaced)
        return nonce

    def _compare_quotes(self, review: Review, now: Quote) -> None:
        before, fee = review.quote, review.fee
        if now.recipient_code != before.recipient_code or now.sender_code != before.sender_code:
            raise ReviewOutdated(why="recipient")
        if before.outcome.succeeds and not now.outcome.succeeds:
            raise ReviewOutdated(why="outcome")
        if now.outcome.movements != before.outcome.movements and now.outcome.method is before.outcome.method:
            raise ReviewOutdated(why="outcome")
        normal = now.fees.normal
        doubts = fee_doubts(replace(fee, base_fee_wei=normal.base_fee_wei), now.fees)
        worse = {FeeDoubt.BELOW_BASE, FeeDoubt.LOW_GAS} & set(doubts) - set(review.doubts)
        if worse or normal.data_fee_wei > fee.data_fee_most_wei:
            raise ReviewOutdated(why="fee")

    def _compare(self, review: Review, nonce: int, signed: SignedTransaction) -> None:
        """Raise SignedOtherwise unless the bytes, read back on their own, say what was reviewed."""
        draft, fee = review.draft, review.fee
        read = self._parts.adapters.of(draft.network).decode(signed.raw)
        plain = replace(draft, replaces=None, kind=TransferKind.PAYMENT, everything=False)
        if (read.draft, read.nonce, read.id) != (plain, nonce, signed.id):
            raise SignedOtherwise
        if (read.gas_limit, read.price) != (fee.gas_limit, fee.price):
            raise SignedOtherwise

    def _new_transfer(self, review: Review, nonce: int, signed: SignedTransaction) -> Transfer:
        draft, quote = review.draft, review.quote
        same_nonce = [t for t in self._book.of_account(draft.network, draft.sender) if t.nonce == nonce]
        reviewed = Transfer(
            id=TransferId(uuid.uuid4().hex),
            draft=replace(draft, everything=False),
            transaction=signed.id,
            raw=signed.raw,
            nonce=nonce,
            attempt=len(same_nonce),
            fee=Fee(review.coin.id, review.fee.expected_wei, review.fee.most_wei),
            state=TransferState.REVIEWED,
            steps=(
                Step(TransferState.QUOTED, quote.started.wall_s, quote.head.number, quote.host),
                Step(TransferState.REVIEWED, review.at.wall_s),
            ),
        )
        return advance(reviewed, Step(TransferState.SIGNED, self._parts.clock.now().wall_s))


def _failed(task: asyncio.Task[Transfer]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
