"""Keeps balances fresh by itself (requirement P5): what is on screen when its time is up or a new block is told of.

    on screen              read again when the display's TTL ends, together with what is due soon after
    a pushed head          at most one batch a block (two seconds at least); it proves nothing and renews no age
    not on screen          at the background's TTL: services/background.py
    window hidden          what was on screen at the background's pace, no sockets
    switched off, locked   nothing at all

What fails is tried again at growing intervals; whatever a person asks for goes before all of it.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.balances import FailureReason
from desktop_wallet.core.errors import VaultLocked
from desktop_wallet.core.freshness import CLOCK_TOLERANCE_S, Purpose
from desktop_wallet.core.positions import Height
from desktop_wallet.services.background import Background
from desktop_wallet.services.backing_off import BackOff
from desktop_wallet.services.heads import HeadWatch
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from desktop_wallet.core.balances import BalanceKey, ReadFailure, Reading
    from desktop_wallet.core.changes import ChangeSet
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.services.reading import Balances
    from desktop_wallet.services.session_parts import SessionParts
    from desktop_wallet.services.standing import Standing

_log = logging.getLogger(__name__)

SHORTEST_S = 2.0
"""Between two batches on one network, or a block time if that is longer."""
_LEAD_S = 2.0
"""How much before the end of its time a balance is asked for, so that it need not turn Stale; a tenth at most."""
_TOGETHER = 0.5
"""What is due within this part of the TTL goes along with what is due now. With half of it, two groups that a change
of pages parted meet again at the next batch, however far apart they are; with less they could stay apart for ever."""
_LONGEST_PAUSE_S = 60.0
_HEAD_TRIES = 3
"""Batches for one head while the servers asked have not got so far."""
_LINGER_S = 60.0
"""How long a socket is held after the last balance of its network left the screen: it may come back by scrolling."""


@dataclass(slots=True, eq=False)
class _Round:
    """The reads of one network: `began` when the last batch left, `head` what was pushed since, `seen` on screen."""

    back_off: BackOff
    began: Instant | None = None
    reading: bool = False
    head: Height | None = None
    tries: int = 0
    seen: Instant | None = None


class Refresher:
    """Reads again what is on screen, of an unlocked profile."""

    def __init__(
        self, parts: SessionParts, balances: Balances, standing: Standing, keep_fresh: Callable[[], bool]
    ) -> None:
        """Build on the parts of a session; nothing is asked before `begin`, and nothing while `keep_fresh` is not."""
        self._parts = parts
        self._balances = balances
        self._standing = standing
        self._keep_fresh = keep_fresh
        self._watched: dict[NetworkId, list[BalanceKey]] = {}
        self._keys: frozenset[BalanceKey] = frozenset()
        self._tried: dict[BalanceKey, Instant] = {}
        self._in_vain: dict[BalanceKey, Instant] = {}
        """When balances were asked for last of which servers know nothing newer than what is held."""
        self._rounds: dict[NetworkId, _Round] = {}
        self._hidden = False
        self._changed = asyncio.Event()
        self._heads = HeadWatch(parts, self._on_head)
        self._background = Background(parts, balances, self._may_read_unseen, self._back_off_of)
        self._tasks = Tasks()
        self._unsubscribe = parts.feed.subscribe(self._on_change)

    # From the window

    def watch(self, keys: Collection[BalanceKey]) -> None:
        """Keep these balances fresh, and no others that were on screen before."""
        new = frozenset(keys)
        if new == self._keys:
            return
        self._keys = new
        self._tried = {key: at for key, at in self._tried.items() if key in new}
        self._in_vain = {key: at for key, at in self._in_vain.items() if key in new}
        self._watched = defaultdict(list)
        for key in keys:
            self._watched[key.network].append(key)
        self._standing.watch(new, by_itself=self._keep_fresh())
        self._changed.set()

    def set_hidden(self, hidden: bool) -> None:  # noqa: FBT001 - a word of its own
        """Take note that nobody can see the window, or that somebody can again."""
        if hidden != self._hidden:
            self._hidden = hidden
            self._changed.set()

    def apply_settings(self) -> None:
        """Do from now on as the settings say."""
        self._changed.set()

    def next_s(self) -> float | None:
        """Return in how many seconds something on screen is read again; None if nothing is by itself."""
        if self._hidden or not self._keep_fresh():
            return None
        due_s = min((self._due_in_s(network) for network in self._watched), default=math.inf)
        if due_s == math.inf:
            return 0.0 if any(self._round(network).reading for network in self._watched) else None
        return due_s

    def pushed_by(self) -> Mapping[NetworkId, str]:
        """Return the networks whose new blocks are pushed just now, and the host that does it."""
        return self._heads.live

    # Life

    def begin(self) -> None:
        """Begin to keep fresh what is on screen, and what is not."""
        self._tasks.begin(self._keep(), "keep fresh")
        self._background.begin()

    async def stop(self) -> None:
        """Ask for nothing any more, and close every socket."""
        self._unsubscribe()
        await self._tasks.stop()
        await self._background.stop()
        await self._heads.stop()

    async def _keep(self) -> None:
        while True:
            self._changed.clear()
            pause_s = _LONGEST_PAUSE_S
            if self._keep_fresh():
                for network in tuple(self._watched):
                    due_s = self._due_in_s(network)
                    if due_s <= 0:
                        self._begin_batch(network)
                    else:
                        pause_s = min(pause_s, due_s)
            self._heads.want(self._wanted_heads())
            await self._pause(pause_s)

    async def _pause(self, seconds: float) -> None:
        """Return after that time, or when something changed."""
        sleeping = self._tasks.start(self._sleep(seconds), "pause")
        waking = self._tasks.start(self._wait_for_change(), "wake")
        try:
            await asyncio.wait({sleeping, waking}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            waking.cancel()

    async def _sleep(self, seconds: float) -> None:
        await self._parts.sleep(seconds)

    async def _wait_for_change(self) -> None:
        await self._changed.wait()

    # When

    def _round(self, network: NetworkId) -> _Round:
        if network not in self._rounds:
            self._rounds[network] = _Round(BackOff(self._parts.clock))
        return self._rounds[network]

    def _back_off_of(self, network: NetworkId) -> BackOff:
        return self._round(network).back_off

    def _ttl_s(self, network: NetworkId) -> float:
        purpose = Purpose.BACKGROUND if self._hidden else Purpose.DISPLAY
        return self._parts.policy().ttl_s(purpose, self._parts.book.network(network))

    def _due_in_s(self, network: NetworkId) -> float:
        """Return in how many seconds the next batch of a network is to leave; infinite while one is under way."""
        current = self._round(network)
        if current.reading or not self._parts.book.is_on(network):
            return math.inf
        now, ttl_s = self._parts.clock.now(), self._ttl_s(network)
        due_s = min((self._key_due_in_s(key, now, ttl_s) for key in self._known(network)), default=math.inf)
        if due_s == math.inf:
            return due_s
        if current.head is not None:
            due_s = 0.0
        if current.began is not None and not current.back_off.failures:
            apart_s = min(max(self._parts.book.network(network).block_time_s, SHORTEST_S), ttl_s)
            due_s = max(due_s, apart_s - current.began.age_s(now))
        return max(due_s, current.back_off.left_s, 0.0)

    def _key_due_in_s(self, key: BalanceKey, now: Instant, ttl_s: float) -> float:
        state = self._balances.state(key)
        reading = state.reading
        if reading is not None and state.failure is None and not state.left_chain:
            # How old the block is has no say: the next one is asked for in time.
            age_s = reading.started.age_s(now)
            if age_s >= -CLOCK_TOLERANCE_S and self._parts.registry.invalidations.covers(reading):
                due_s = ttl_s - min(_LEAD_S, ttl_s / 10) - age_s
                in_vain = self._in_vain.get(key)
                return due_s if in_vain is None else max(due_s, ttl_s - in_vain.age_s(now))
        tried = self._tried.get(key)
        if tried is None or (reading is not None and reading.started.is_after(tried)):
            return 0.0
        if self._round(key.network).back_off.failures:
            return 0.0  # the whole network fails: its pause counts
        return ttl_s - tried.age_s(now)

    def _known(self, network: NetworkId) -> list[BalanceKey]:
        """Return what is on screen and was read, or tried: what is unknown stays so until somebody asks for it."""
        known = []
        for key in self._watched.get(network, ()):
            state = self._balances.state(key)
            if state.reading is not None or state.failure is not None:
                known.append(key)
        return known

    # Batches

    def _begin_batch(self, network: NetworkId) -> None:
        self._round(network).reading = True
        self._tasks.begin(self._read(network), f"refresh {network}")

    async def _read(self, network: NetworkId) -> None:
        current = self._round(network)
        now, ttl_s = self._parts.clock.now(), self._ttl_s(network)
        head, current.head, current.began = current.head, None, now
        soon_s = ttl_s * _TOGETHER
        keys = [
            key for key in self._known(network) if head is not None or self._key_due_in_s(key, now, ttl_s) <= soon_s
        ]
        before = {key: self._balances.state(key).reading for key in keys}
        try:
            # What began before the head may not have seen its block.
            report = await self._balances.fetch(keys, within_s=None if head is None else 0.0)
            ended = self._parts.clock.now()
            self._note_tries(before, ended)
            if keys and report.answered == 0:
                current.back_off.failed(at_least_s=_asked_to_wait_s(report.failed))
            elif keys:
                current.back_off.worked()
            if head is not None:
                self._ask_again_below(head, keys, current)
        except VaultLocked:
            _log.debug("%s: a refresh was called off", network)
        finally:
            current.reading = False
            self._changed.set()

    def _note_tries(self, before: Mapping[BalanceKey, Reading | None], ended: Instant) -> None:
        for key, reading in before.items():
            if key in self._keys:
                self._tried[key] = ended
                if self._balances.state(key).reading is reading:
                    self._in_vain[key] = ended
                else:
                    self._in_vain.pop(key, None)

    def _ask_again_below(self, head: Height, keys: Iterable[BalanceKey], current: _Round) -> None:
        """Take the head up again while the servers asked have not got so far, a few times."""
        current.tries += 1
        behind = any(
            isinstance(at := reading.position, Height) and at.number < head.number
            for key in keys
            if (reading := self._balances.state(key).reading) is not None
        )
        if behind and current.tries < _HEAD_TRIES and current.head is None:
            current.head = head

    # What comes in

    def _on_head(self, network: NetworkId, head: Height, follows: bool) -> None:  # noqa: FBT001 - a HeadWatch's call
        if not follows:
            self._standing.hint(network)
        current = self._round(network)
        current.head, current.tries = head, 0
        self._changed.set()

    def _on_change(self, changes: ChangeSet) -> None:
        if changes.catalogue or not self._keys.isdisjoint(changes.balances):
            self._changed.set()

    def _may_read_unseen(self, key: BalanceKey) -> bool:
        return self._keep_fresh() and key not in self._keys

    def _wanted_heads(self) -> tuple[NetworkId, ...]:
        if self._hidden or not self._keep_fresh():
            return ()
        now = self._parts.clock.now()
        for network, keys in self._watched.items():
            if keys:
                self._round(network).seen = now
        return tuple(
            network
            for network, current in self._rounds.items()
            if current.seen is not None and current.seen.age_s(now) <= _LINGER_S and self._parts.book.is_on(network)
        )


def _asked_to_wait_s(failed: Iterable[ReadFailure]) -> float:
    """Return for how long servers that limit us want to be left alone, 0 if none does."""
    limited = (each.after_s or 0.0 for each in failed if each.reason is FailureReason.RATE_LIMITED)
    return max(limited, default=0.0)
