"""Tokens that are in no list and sent something to us: asked once what they are, judged, and never shown as balances.

A person takes one, or hides it. Until then its payments stand in Activity, or out of sight where it is suspected.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from desktop_wallet.core.assets import AssetOrigin
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.errors import InvalidAddress, InvalidToken, NetworkFailure, UntrustedReply
from desktop_wallet.core.receipts import FoundState, FoundToken
from desktop_wallet.core.spam import Suspicion, SuspicionKind, payment_suspicion, token_suspicions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from desktop_wallet.core.assets import Asset, AssetId
    from desktop_wallet.core.networks import Network, NetworkId
    from desktop_wallet.core.receipts import Received
    from desktop_wallet.services.catalogue import Catalogue
    from desktop_wallet.services.session_parts import SessionParts

_log = logging.getLogger(__name__)

DESCRIBED_A_ROUND: Final = 5
"""Contracts that are asked what they are, of one network in one round."""
NOTED_A_ROUND: Final = 100
MOST_FOUND: Final = 5_000
"""Tokens: more than a person is ever sent, and less than a server could make up."""
_HIDDEN: Final = Suspicion(SuspicionKind.UNWANTED)
_UNREADABLE: Final = Suspicion(SuspicionKind.UNREADABLE)


class FoundTokens:
    """What was found, and what is thought of it and of every payment."""

    def __init__(self, parts: SessionParts, catalogue: Catalogue, listed: Mapping[NetworkId, Sequence[Asset]]) -> None:
        """`listed` are the tokens that ship, whether or not a person hid some of them."""
        self._parts = parts
        self._catalogue = catalogue
        self._listed = {network: {asset.id: asset for asset in assets} for network, assets in listed.items()}
        self._found: dict[AssetId, FoundToken] = {}
        self._reasons: dict[AssetId, tuple[Suspicion, ...]] = {}
        self._known: dict[NetworkId, dict[AssetId, Asset]] = {}
        self._judged_for = -1

    async def load(self) -> None:
        """Take what the registry has into memory."""
        self._found = {token.asset: token for token in await self._parts.registry.load_found_tokens()}

    def networks(self) -> tuple[Network, ...]:
        """Return the networks that are on."""
        return self._catalogue.networks() if self._catalogue.chosen else ()

    def of(self, network: NetworkId) -> tuple[FoundToken, ...]:
        """Return what was found on a network and nobody took, newest first; hidden ones too."""
        known = self._assets(network)
        found = [token for token in self._found.values() if token.asset.network == network]
        return tuple(
            sorted((token for token in found if token.asset not in known), key=lambda t: t.first_seen_s, reverse=True)
        )

    def words(self, asset: AssetId) -> Asset | None:
        """Return what a token calls itself that is no balance of ours: found, or listed and hidden. None if unknown."""
        token = self._found.get(asset)
        if token is not None and token.words is not None:
            return token.words
        return self._listed.get(asset.network, {}).get(asset)

    # What is thought of it

    def reasons(self, asset: AssetId) -> tuple[Suspicion, ...]:
        """Return why a token is suspected, the weightiest first; none for one of ours."""
        known = self._assets(asset.network)
        if asset in known:
            return ()
        reasons = self._reasons.get(asset)
        if reasons is None:
            reasons = self._reasons[asset] = self._judge(asset, known.values())
        return reasons

    def imitated(self, asset: Asset) -> Asset | None:
        """Return the known asset that one of ours, added by hand, can be taken for; None if it imitates none."""
        if asset.origin is not AssetOrigin.BY_HAND:
            return None
        others = [known for known in self._assets(asset.id.network).values() if known.origin is not AssetOrigin.BY_HAND]
        return next((reason.other for reason in token_suspicions(asset, others) if reason.other is not None), None)

    def suspicion(self, received: Received) -> Suspicion | None:
        """Return why a payment is kept out of sight; None if it is not."""
        trace = received.trace
        if trace is None:
            return None  # a balance that is read rose: somebody paid
        words = self._assets(received.network).get(received.asset) or self.words(received.asset)
        decimals = words.decimals if words is not None else 0
        payment = payment_suspicion(received.amount, decimals, trace.sender, self._parts.transfers.paid_addresses)
        if payment is not None:
            return payment
        reasons = self.reasons(received.asset)
        return reasons[0] if reasons else None

    def is_worth_telling(self, received: Received) -> bool:
        """Return whether a person should hear of a payment: it is of an asset of theirs, and not suspected."""
        return received.asset in self._assets(received.network) and self.suspicion(received) is None

    # What comes of it

    async def note(self, assets: Iterable[AssetId]) -> None:
        """Keep tokens that are not known yet, to be asked what they are; raises StorageFailure."""
        now_s = self._parts.clock.now().wall_s
        new = [
            FoundToken(asset, None, described=False, first_seen_s=now_s)
            for asset in dict.fromkeys(assets)
            if asset not in self._found
            and asset not in self._assets(asset.network)
            and asset not in self._listed.get(asset.network, {})
        ]
        await self._keep(new[: min(NOTED_A_ROUND, max(MOST_FOUND - len(self._found), 0))])

    def is_noted(self, asset: AssetId) -> bool:
        """Return whether a token is known, listed or found; others are the flood that nobody can look through."""
        return (
            asset in self._found or asset in self._assets(asset.network) or asset in self._listed.get(asset.network, {})
        )

    async def describe(self, network: NetworkId) -> None:
        """Ask a few contracts what they are, the newest first; raises StorageFailure."""
        waiting = [token for token in self.of(network) if not token.described and token.state is FoundState.FOUND]
        for token in waiting[:DESCRIBED_A_ROUND]:
            try:
                adapter = self._parts.adapters.of(network)
                words = await adapter.describe_token(token.asset.reference, user_asked=False)
            except (InvalidToken, InvalidAddress):
                told = replace(token, described=True)
            except (NetworkFailure, UntrustedReply) as error:
                _log.info("%s: a token was not described: %s", network, type(error).__name__)
                return
            else:
                told = replace(token, words=replace(words, origin=AssetOrigin.DISCOVERED), described=True)
            await self._keep([told])

    async def take(self, asset: AssetId) -> None:
        """Take a found token among ours, as if its address had been typed; raises StorageFailure."""
        token = self._found.get(asset)
        if token is None or token.words is None:
            return
        await self._catalogue.add_token(token.words)
        await self._parts.registry.drop_found_token(asset)
        del self._found[asset]
        self._tell()

    async def hide(self, asset: AssetId, *, hidden: bool = True) -> None:
        """Take a found token and its payments out of sight, or back; raises StorageFailure."""
        token = self._found.get(asset)
        if token is not None:
            await self._keep([replace(token, state=FoundState.HIDDEN if hidden else FoundState.FOUND)])

    async def _keep(self, tokens: Sequence[FoundToken]) -> None:
        if tokens:
            await self._parts.registry.put_found_tokens(tokens)
            self._found.update({token.asset: token for token in tokens})
            self._tell()

    def _tell(self) -> None:
        self._reasons.clear()
        self._parts.feed.publish(ChangeSet(received=True))

    def _assets(self, network: NetworkId) -> Mapping[AssetId, Asset]:
        if self._judged_for != self._catalogue.version:
            self._judged_for = self._catalogue.version
            self._reasons.clear()
            self._known.clear()
        known = self._known.get(network)
        if known is None:
            try:
                known = {asset.id: asset for asset in self._catalogue.assets(network)}
            except KeyError:  # a network that was removed
                known = {}
            self._known[network] = known
        return known

    def _judge(self, asset: AssetId, known: Iterable[Asset]) -> tuple[Suspicion, ...]:
        token = self._found.get(asset)
        if asset in self._listed.get(asset.network, {}) or (token is not None and token.state is FoundState.HIDDEN):
            return (_HIDDEN,)
        if token is None or token.words is None:
            return (_UNREADABLE,)
        others = {**self._listed.get(asset.network, {}), **{each.id: each for each in known}}
        return token_suspicions(token.words, others.values())
