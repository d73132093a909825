"""Reviewing a draft: the network is asked once, the balances are looked at, and everything to know is put together."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_wallet.core.accounts import WalletKind
from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.errors import NotAllowed, NotChecked, NotEnough
from desktop_wallet.core.fees import Speed, fee_doubts, most_sendable, outbid
from desktop_wallet.core.freshness import Purpose, head_age_s
from desktop_wallet.core.transfers import Draft, Transfer, TransferId, TransferKind, TransferState
from desktop_wallet.services.reviews import Facts, Most, Review, cautions

if TYPE_CHECKING:
    from desktop_wallet.core.accounts import Account
    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.assets import Asset, AssetId
    from desktop_wallet.core.balances import Reading
    from desktop_wallet.core.fees import GasFee
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.quotes import Quote
    from desktop_wallet.services.accounts import Accounts
    from desktop_wallet.services.catalogue import Catalogue
    from desktop_wallet.services.reading import Balances
    from desktop_wallet.services.session_parts import SessionParts
    from desktop_wallet.services.settling import Settling

_MORE_QUOTES = 2
"""For everything that can be sent: one for the amount that the first fee leaves, one more if its gas was another."""
_IN_DOUBT = (TransferState.SIGNED, TransferState.UNKNOWN)


class Reviewing:
    """Quotes and reviews of an unlocked profile. Nothing here signs."""

    def __init__(
        self,
        parts: SessionParts,
        balances: Balances,
        accounts: Accounts,
        catalogue: Catalogue,
        settling: Settling,
    ) -> None:
        """Build on the parts of a session."""
        self._parts = parts
        self._balances = balances
        self._accounts = accounts
        self._catalogue = catalogue
        self._settling = settling
        self._book = parts.transfers

    def can_send(self, account: Account) -> bool:
        """Return whether the wallet of that account has a key to sign with."""
        return self._accounts.wallet(account.wallet).kind is not WalletKind.WATCH

    async def quote(self, draft: Draft) -> Quote:
        """Return what the network says of a draft; raises NotAllowed, NetworkFailure, UntrustedReply."""
        self._check_on(draft.network)
        return await self._parts.adapters.of(draft.network).quote(draft)

    async def review(
        self, draft: Draft, speed: Speed = Speed.NORMAL, custom: GasFee | None = None, quote: Quote | None = None
    ) -> Review:
        """Return the draft as it would be signed; balances are read only if they are older than 5 s.

        With a `quote` of the same draft no server is asked: only the fee is another one. (With everything sent, the
        amount is another one too, so it is.) Raises NotEnough, NotAllowed, NotChecked, NetworkFailure, UntrustedReply.
        """
        self._signer(draft.sender)
        self._check_known(draft.asset)
        replaced = self._replaced(draft)
        keys = self._keys(draft)
        if draft.everything:
            return await self._review_everything(draft, speed, custom)
        if quote is not None and quote.draft == draft:
            readings = {key: reading for key in keys if (reading := self._balances.state(key).reading) is not None}
        else:
            readings = {}
        if quote is None or quote.draft != draft or len(readings) < len(keys):
            quote, readings = await self._ask(draft, keys)
        fee = self._fee(quote, speed, custom, replaced)
        return self._compose(draft, quote, fee, readings, replaced)

    async def _review_everything(self, draft: Draft, speed: Speed, custom: GasFee | None) -> Review:
        """Return the review of all that can be spent: an amount that the fee of this very review leaves room for.

        The network may have got dearer since a person saw the most that can be sent. The price of the first answer
        stays, so that the second one, for the amount that follows from it, ends the matter.
        """
        keys = self._keys(draft)
        quote, readings = await self._ask(draft, keys)
        fee = self._fee(quote, speed, custom, None)
        amount = self._everything(draft.asset, readings[keys[0]], fee)
        for _ in range(_MORE_QUOTES):
            if amount == draft.amount:
                break
            draft = replace(draft, amount=amount)
            quote, readings = await self._ask(draft, keys)
            fee = replace(self._fee(quote, speed, custom, None), price=fee.price)
            amount = self._everything(draft.asset, readings[keys[0]], fee)
        return self._compose(replace(draft, amount=amount), quote, fee, readings, None)

    def _everything(self, asset: AssetId, reading: Reading, fee: GasFee) -> int:
        """Return all that can be sent of an asset at that fee; NotEnough if that is nothing."""
        spendable = self._book.spendable(reading.key, reading)
        amount = most_sendable(spendable, fee) if asset.is_native else spendable
        if not amount:
            needed = fee.most_wei if asset.is_native else 1
            raise NotEnough(asset=asset, needed=needed, available=spendable, fee=asset.is_native)
        return amount

    async def most(
        self,
        sender: Address,
        recipient: Address | None,
        asset: AssetId,
        speed: Speed = Speed.NORMAL,
        custom: GasFee | None = None,
    ) -> Most:
        """Return the most that can be sent now; the fee is held back in full. Raises NotEnough and what `review` does.

        Without a recipient yet the fee is that of a payment to the sender itself.
        """
        draft = Draft(asset.network, sender, recipient or sender, asset, 0)
        self._signer(sender)
        self._check_known(asset)
        keys = self._keys(draft)
        quote, readings = await self._ask(draft, keys)
        fee = self._fee(quote, speed, custom, None)
        amount = self._everything(asset, readings[keys[0]], fee)
        return Most(amount, fee.most_wei if asset.is_native else 0, fee, quote)

    async def draft_faster(self, transfer: TransferId) -> tuple[Draft, Speed]:
        """Return the draft that pays the same with the same nonce and a higher fee; NotAllowed if it is too late."""
        first = self._replaceable(transfer)
        return replace(first.draft, replaces=transfer), Speed.FAST

    async def draft_cancel(self, transfer: TransferId) -> tuple[Draft, Speed]:
        """Return the draft that uses up the nonce of a transfer for nothing; NotAllowed if it is too late."""
        first = self._replaceable(transfer)
        sender, network = first.draft.sender, first.draft.network
        return Draft(network, sender, sender, self._coin(network).id, 0, TransferKind.CANCEL, transfer), Speed.FAST

    async def _ask(self, draft: Draft, keys: tuple[BalanceKey, ...]) -> tuple[Quote, dict[BalanceKey, Reading]]:
        """Return the quote and the balances, asked for at the same time; raises what either raises, after both."""
        quote, readings = await asyncio.gather(self.quote(draft), self._checked(keys), return_exceptions=True)
        if isinstance(quote, BaseException):
            raise quote
        if isinstance(readings, BaseException):
            raise readings
        return quote, readings

    async def _checked(self, keys: tuple[BalanceKey, ...]) -> dict[BalanceKey, Reading]:
        """Return readings to spend by, within the limit of payments (5 s) or read during this call; raises NotChecked.

        A number that is only shown for want of a better one is none to spend by.
        """
        clock, invalidations = self._parts.clock, self._parts.registry.invalidations
        began = clock.now()
        answers = await self._balances.read(keys, Purpose.SPEND)
        readings = {}
        for key, answer in answers.items():
            state, reading = answer.state, answer.state.reading
            reason = answer.failure.reason if answer.failure else None
            if reading is None or reason or state.left_chain or state.behind or not invalidations.covers(reading):
                raise NotChecked(network=key.network, asset=key.asset, reason=reason)
            network = self._parts.book.network(key.network)
            old = reading.started.age_s(clock.now()) > self._parts.policy().ttl_s(Purpose.SPEND, network)
            # Of a network that a person added nobody knows whether it makes blocks while nothing happens.
            stands_still = not network.added_by_hand and head_age_s(reading, clock.now()) > network.max_head_age_s
            if stands_still or (old and began.is_after(reading.started)):
                raise NotChecked(network=key.network, asset=key.asset, reason=reason)
            readings[key] = reading
        return readings

    # Putting it together

    def _compose(
        self,
        draft: Draft,
        quote: Quote,
        fee: GasFee,
        readings: dict[BalanceKey, Reading],
        replaced: Transfer | None,
    ) -> Review:
        network = self._catalogue.network(draft.network)
        coin = self._coin(draft.network)
        keys = self._keys(draft)
        spendable, coin_spendable = self._afford(draft, fee, readings, replaced)
        own = self._accounts.account_of(draft.recipient)
        nonce = self._nonce(quote, replaced)
        leaves = 0 if draft.recipient == draft.sender else draft.amount
        coin_left = coin_spendable - fee.expected_wei - (leaves if draft.asset == coin.id else 0)
        return Review(
            id=uuid.uuid4().hex,
            draft=draft,
            network=network,
            asset=self._catalogue.asset(draft.asset),
            coin=coin,
            quote=quote,
            fee=fee,
            doubts=fee_doubts(fee, quote.fees),
            nonce=nonce,
            reading=readings[keys[0]],
            coin_reading=readings[keys[-1]],
            spendable=spendable,
            coin_spendable=coin_spendable,
            left=coin_left if draft.asset == coin.id else spendable - leaves,
            coin_left=coin_left,
            paid=self._book.paid(draft.recipient),
            own=own,
            cautions=cautions(draft, quote, fee, self._facts(draft, quote, nonce)),
            at=self._parts.clock.now(),
            replaced=replaced,
        )

    def _facts(self, draft: Draft, quote: Quote, nonce: int) -> Facts:
        own = self._book.of_account(draft.network, draft.sender)
        earlier = [t for t in own if quote.used_nonces <= t.nonce < nonce and not t.state.is_mined]
        ours = {t.nonce for t in own if quote.used_nonces <= t.nonce < quote.waiting_nonces}
        return Facts(
            paid=self._book.paid(draft.recipient),
            paid_addresses=self._book.paid_addresses(),
            own=self._accounts.account_of,
            token=lambda address: self._token_at(draft.network, address),
            earlier=earlier,
            outside_waiting=0 if draft.replaces else quote.waiting_nonces - quote.used_nonces - len(ours),
        )

    def _afford(
        self, draft: Draft, fee: GasFee, readings: dict[BalanceKey, Reading], replaced: Transfer | None
    ) -> tuple[int, int]:
        """Return what may be spent of asset and coin; NotEnough if that does not cover amount and highest fee."""
        without = replaced.slot if replaced else None
        keys = self._keys(draft)
        spendable = {key: self._book.spendable(key, readings[key], without=without) for key in keys}
        asset, coin = spendable[keys[0]], spendable[keys[-1]]
        if draft.asset.is_native:
            needed = draft.amount + fee.most_wei
            if asset < needed:
                raise NotEnough(asset=draft.asset, needed=needed, available=asset, fee=draft.amount <= asset)
            return asset, coin
        if asset < draft.amount:
            raise NotEnough(asset=draft.asset, needed=draft.amount, available=asset, fee=False)
        if coin < fee.most_wei:
            raise NotEnough(asset=keys[-1].asset, needed=fee.most_wei, available=coin, fee=True)
        return asset, coin

    def _fee(self, quote: Quote, speed: Speed, custom: GasFee | None, replaced: Transfer | None) -> GasFee:
        fee = quote.fees.of(speed)
        if speed is Speed.CUSTOM and custom is not None:
            # Price and limit are the person's; what the network takes beside them is as the quote has it now.
            fee = replace(fee, speed=speed, price=custom.price, gas_limit=custom.gas_limit)
        if replaced is None:
            return fee
        adapter = self._parts.adapters.of(quote.draft.network)
        attempts = (replaced, *self._book.siblings(replaced))
        for attempt in attempts:
            fee = replace(fee, price=outbid(fee.price, adapter.decode(attempt.raw).price))
        return fee

    def _nonce(self, quote: Quote, replaced: Transfer | None) -> int:
        draft = quote.draft
        if replaced is not None:
            if quote.used_nonces > replaced.nonce:
                raise NotAllowed(why="already-mined")
            return replaced.nonce
        return self._book.free_nonce(draft.network, draft.sender, max(quote.used_nonces, quote.waiting_nonces))

    def _replaced(self, draft: Draft) -> Transfer | None:
        return self._replaceable(draft.replaces) if draft.replaces is not None else None

    def _replaceable(self, transfer: TransferId) -> Transfer:
        """Return a transfer whose nonce may be used again; NotAllowed with an outcome, or while it is in doubt."""
        known = self._book.get(transfer)
        self._check_on(known.draft.network)
        attempts = (known, *self._book.siblings(known))
        if any(each.state.is_mined or each.state is TransferState.REPLACED for each in attempts):
            raise NotAllowed(why="already-mined")
        if any(each.state in _IN_DOUBT and not self._settling.looked_up(each.id) for each in attempts):
            raise NotAllowed(why="in-doubt")
        return known

    def _signer(self, sender: Address) -> Account:
        account = self._accounts.account_of(sender)
        if account is None or not self.can_send(account):
            raise NotAllowed(why="watch-only")
        return account

    def _check_on(self, network: NetworkId) -> None:
        """Raise NotAllowed if the network was switched off or removed: nothing is asked of its servers (P8)."""
        if not self._parts.book.is_on(network):
            raise NotAllowed(why="network-off")

    def _check_known(self, asset: AssetId) -> None:
        """Raise NotAllowed if the asset or its network was removed."""
        self._check_on(asset.network)
        try:
            self._catalogue.asset(asset)
        except KeyError:
            raise NotAllowed(why="removed-asset") from None

    def _coin(self, network: NetworkId) -> Asset:
        return native_asset(self._catalogue.network(network))

    def _keys(self, draft: Draft) -> tuple[BalanceKey, ...]:
        """Return the sender's balances of asset and coin, the asset first; one if they are the same."""
        keys = (
            BalanceKey(draft.network, draft.sender, draft.asset),
            BalanceKey(draft.network, draft.sender, self._coin(draft.network).id),
        )
        return tuple(dict.fromkeys(keys))

    def _token_at(self, network: NetworkId, address: Address) -> AssetId | None:
        return next((asset.id for asset in self._catalogue.assets(network) if asset.id.reference == address.text), None)
