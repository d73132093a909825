"""Reads accounts that are not on screen, at the background's TTL.

A piece at a time, so that no burst stands before what a person asks for, and no server's limit is used up by it.
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING

from desktop_wallet.core.errors import VaultLocked
from desktop_wallet.core.freshness import CLOCK_TOLERANCE_S, Purpose
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_wallet.core.balances import BalanceKey, Reading
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.services.backing_off import BackOff
    from desktop_wallet.services.reading import Balances
    from desktop_wallet.services.session_parts import SessionParts

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 15.0
"""Between two looks at what is due, at the least; else when the next one is."""
PIECE = 1_000
"""Balances in one request where there are contract calls."""
SINGLE_PIECE = 100
"""Balances in two requests where each is asked for by itself."""
APART_S = 2.5
"""Between two pieces on one network: 24 requests a minute, or 48, of the 100 that a server allows."""


class Background:
    """The reads of a session that nobody looks at."""

    def __init__(
        self,
        parts: SessionParts,
        balances: Balances,
        may_read: Callable[[BalanceKey], bool],
        back_off_of: Callable[[NetworkId], BackOff],
    ) -> None:
        """Build on the parts of a session; nothing is asked before `begin`. `may_read` is asked of every balance."""
        self._parts = parts
        self._balances = balances
        self._may_read = may_read
        self._back_off_of = back_off_of
        self._in_vain: dict[BalanceKey, Instant] = {}
        """When balances were asked for last of which servers know nothing newer than what is held."""
        self._tasks = Tasks()

    def begin(self) -> None:
        """Begin to read what is due, from the first look on."""
        self._tasks.begin(self._keep(), "background")

    async def stop(self) -> None:
        """End it."""
        await self._tasks.stop()

    async def _keep(self) -> None:
        while True:
            await self._parts.sleep(LOOK_EVERY_S)
            due, next_s = await self._due()
            if due:
                await asyncio.gather(*(self._read(network, keys) for network, keys in due.items()))
            elif next_s > LOOK_EVERY_S:
                await self._parts.sleep(min(next_s, 4 * LOOK_EVERY_S) - LOOK_EVERY_S)

    async def _due(self) -> tuple[dict[NetworkId, list[BalanceKey]], float]:
        """Return what is due, by network, and in how many seconds the next one is."""
        due: dict[NetworkId, list[BalanceKey]] = {}
        next_s = math.inf
        async for keys in self._parts.slicer.slices(self._balances.keys()):
            now = self._parts.clock.now()
            for key in keys:
                left_s = self._left_s(key, now)
                if left_s > 0:
                    next_s = min(next_s, left_s)
                elif self._may_read(key):
                    due.setdefault(key.network, []).append(key)
        return due, next_s

    def _left_s(self, key: BalanceKey, now: Instant) -> float:
        """Return when a balance is due; infinite where nothing is held: what is unknown waits until it is asked for.

        It counts from the last try, so that what fails is left alone as long as what does not.
        """
        state = self._balances.state(key)
        tries = [state.reading.started] if state.reading is not None else []
        tries += [state.failure.at] if state.failure is not None else []
        tries += [self._in_vain[key]] if key in self._in_vain else []
        age_s = min((at.age_s(now) for at in tries), default=-math.inf)
        if age_s == -math.inf:
            return math.inf
        ttl_s = self._parts.policy().ttl_s(Purpose.BACKGROUND, self._parts.book.network(key.network))
        return 0.0 if age_s < -CLOCK_TOLERANCE_S else ttl_s - age_s

    async def _read(self, network: NetworkId, keys: Sequence[BalanceKey]) -> None:
        back_off = self._back_off_of(network)
        size = PIECE if self._parts.book.network(network).multicall else SINGLE_PIECE
        for start in range(0, len(keys), size):
            if start:
                await self._parts.sleep(APART_S)
            piece = [key for key in keys[start : start + size] if self._may_read(key)]
            if not piece or back_off.left_s > 0 or not self._parts.book.is_on(network):
                continue
            before = [self._balances.state(key).reading for key in piece]
            try:
                report = await self._balances.fetch(piece)
            except VaultLocked:
                return
            self._note_tries(piece, before)
            if report.answered == 0:
                back_off.failed()
                _log.info("%s: %d balances that nobody looks at could not be read", network, len(piece))
                return
            back_off.worked()

    def _note_tries(self, keys: Sequence[BalanceKey], before: Sequence[Reading | None]) -> None:
        now = self._parts.clock.now()
        for key, reading in zip(keys, before, strict=True):
            if reading is not None and self._balances.state(key).reading is reading:
                self._in_vain[key] = now
            else:
                self._in_vain.pop(key, None)
