"""What is held of every balance, as views see it: states, badges, what may be spent, totals. Nobody is asked here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.core.balances import BalanceState
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.core.freshness import Circumstances, Purpose, badge, serves
from desktop_wallet.core.totals import total
from desktop_wallet.services.network_reads import NetworkReads
from desktop_wallet.services.reports import Waiting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.core.balances import BalanceKey, Reading
    from desktop_wallet.core.freshness import Badge
    from desktop_wallet.core.instants import Clock, Instant
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.core.totals import Total
    from desktop_wallet.services.session_parts import SessionParts


class HeldBalances:
    """The one store that every view and every total reads from, so that they cannot disagree."""

    def __init__(self, parts: SessionParts) -> None:
        """Build on the parts of a session; nothing is held yet."""
        self._parts = parts
        self._clock: Clock = parts.clock
        self._memory = parts.memory
        self._transfers = parts.transfers
        self._invalidations = parts.registry.invalidations
        self._reads = NetworkReads(parts)
        self._woke: Instant | None = None

    def keys(self, *, account: Address | None = None, network: NetworkId | None = None) -> tuple[BalanceKey, ...]:
        """Return the balances of the profile: accounts × chosen networks × known assets, or a part of them."""
        return self._parts.book.keys(account=account, network=network)

    def state(self, key: BalanceKey) -> BalanceState:
        """Return what is held of a balance; never read is a state too."""
        return self._memory.get(key) or BalanceState(key)

    def badge(self, key: BalanceKey, page_opened: Instant | None) -> Badge:
        """Return the badge of a balance for a page that was opened then (None: no page)."""
        return self.badges((key,), page_opened)[0]

    def badges(self, keys: Iterable[BalanceKey], page_opened: Instant | None) -> list[Badge]:
        """Return the badges of balances, all at one moment, for a page that was opened then (None: no page)."""
        now = self._clock.now()
        self._memory.touch(now)  # what is on screen is in use
        policy = self._parts.policy()
        is_updating = self._reads.flights.is_updating
        limits: dict[NetworkId, tuple[float, float]] = {}
        shown = []
        for key in keys:
            limit = limits.get(key.network)
            if limit is None:
                network = self._parts.book.network(key.network)
                limit = limits[key.network] = (policy.ttl_s(Purpose.DISPLAY, network), network.max_head_age_s)
            state = self.state(key)
            valid = state.reading is None or self._counts(state.reading)
            change = self._transfers.expected_change(key, state.reading)
            shown.append(
                badge(state, Circumstances(now, *limit, valid, page_opened, self._woke, change, is_updating(key)))
            )
        return shown

    def spendable(self, key: BalanceKey) -> int | None:
        """Return what may be spent of a balance as it is held: less what signed transfers may take. None if unknown."""
        reading = self.state(key).reading
        return None if reading is None else self._transfers.spendable(key, reading)

    def total(self, keys: Iterable[BalanceKey], page_opened: Instant | None, *, one_asset: bool) -> Total:
        """Return the honest total of these balances; from the same store as the rows."""
        parts = tuple(keys)
        return total(zip(map(self.state, parts), self.badges(parts, page_opened), strict=True), one_asset=one_asset)

    def ttl_s(self, key: BalanceKey) -> float:
        """Return for how many seconds a reading of this balance is shown as Fresh or Cached."""
        return self._parts.policy().ttl_s(Purpose.DISPLAY, self._parts.book.network(key.network))

    @property
    def updating(self) -> frozenset[BalanceKey]:
        """Return the balances that are being read."""
        return self._reads.flights.updating

    def is_due(self, key: BalanceKey, purpose: Purpose = Purpose.DISPLAY) -> bool:
        """Return whether what is held no longer serves the purpose."""
        state = self._memory.get(key)
        if state is None or state.reading is None:
            return True
        network = self._parts.book.network(key.network)
        return not serves(
            state,
            self._clock.now(),
            self._ttl(key.network, purpose),
            network.max_head_age_s,
            valid=self._counts(state.reading),
            woke=self._woke,
        )

    def waiting(self) -> tuple[Waiting, ...]:
        """Return the servers that limit us just now."""
        return tuple(
            Waiting(network, status.host, status.rate_limited_for_s)
            for network, adapter in self._parts.adapters.open().items()
            for status in adapter.endpoint_statuses()
            if status.rate_limited_for_s > 0
        )

    def note_waking(self) -> None:
        """Make every balance Stale: the machine slept, and nobody knows what happened meanwhile."""
        self._woke = self._clock.now()
        self._tell(self.keys())

    def _counts(self, reading: Reading) -> bool:
        """Return whether it began after every invalidation and shows every transaction of ours that has happened."""
        return self._invalidations.covers(reading) and self._transfers.shows_receipts(reading.key, reading)

    def _ttl(self, network: NetworkId, purpose: Purpose) -> float:
        return self._parts.policy().ttl_s(purpose, self._parts.book.network(network))

    def _tell(self, keys: Iterable[BalanceKey]) -> None:
        self._parts.feed.publish(ChangeSet(balances=frozenset(keys)))
