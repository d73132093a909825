"""Reads, behind the open window, everything that is not within its TTL: most recently used first."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.services.reports import Progress, Report
from desktop_wallet.services.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.services.reading import Balances
    from desktop_wallet.services.session_parts import SessionParts


class Preload:
    """The preload of a session: one runs at a time."""

    def __init__(self, parts: SessionParts, balances: Balances) -> None:
        """Build on a session's parts; nothing runs yet."""
        self._parts = parts
        self._balances = balances
        self._tasks = Tasks()
        self._task: asyncio.Task[Report] | None = None
        self.progress: Progress | None = None

    async def run(
        self,
        keys: Sequence[BalanceKey] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Report:
        """Return what the preload did; keys None stands for every balance of the profile.

        It waits for one that runs already, and then skips what that one read. Cancelling the caller leaves the
        preload running: `cancel` ends it.
        """
        while self._task is not None:
            await asyncio.wait([self._task])
        task = self._task = self._tasks.start(self._run(keys, on_progress), "preload")
        task.add_done_callback(self._on_ended)  # also when it is cancelled before it begins
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                return Report(cancelled=True)
            raise

    def cancel(self) -> None:
        """End the preload that runs, if one does; what was read stays."""
        if self._task is not None:
            self._task.cancel()

    async def stop(self) -> None:
        """End the preload and wait until it has."""
        await self._tasks.stop()

    async def _run(self, keys: Sequence[BalanceKey] | None, on_progress: Callable[[Progress], None] | None) -> Report:
        try:
            wanted = self._balances.keys() if keys is None else tuple(keys)
            self._show(Progress(0, len(wanted)), on_progress)
            await self._balances.load_pages(wanted)
            due: list[BalanceKey] = []
            async for chunk in self._parts.slicer.slices(wanted):
                due += [key for key in chunk if self._balances.is_due(key)]
            self._parts.counters.hit(len(wanted) - len(due), disk=False)
            self._parts.counters.miss(len(due))
            report = await self._balances.fetch(due, on_progress=lambda progress: self._show(progress, on_progress))
            if due:
                self._parts.counters.preload(report)
            return replace(report, skipped=len(wanted) - len(due))
        finally:
            self._show(None, None)

    def _on_ended(self, _: asyncio.Task[Report]) -> None:
        self._task = None

    def _show(self, progress: Progress | None, on_progress: Callable[[Progress], None] | None) -> None:
        self.progress = progress
        self._parts.feed.publish(ChangeSet(activity=True))
        if on_progress and progress:
            on_progress(progress)
