"""The tasks of a service: each has this owner, which hears of their bugs and ends them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from desktop_wallet.core.errors import VaultLocked

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class Tasks:
    """Starts work that runs behind its caller's back, and ends it when the service stops."""

    def __init__(self) -> None:
        """Own nothing yet."""
        self._running: set[asyncio.Task[object]] = set()

    def start(self, work: Coroutine[object, object, T], name: str) -> asyncio.Task[T]:
        """Begin the work now and return its task, for somebody who awaits it."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def begin(self, work: Coroutine[object, object, None], name: str) -> None:
        """Begin work that nobody waits for; an error in it goes to the loop's handler, and so to the crash report."""
        self.start(work, name).add_done_callback(_report)

    async def finish(self) -> None:
        """Wait until everything under way has ended by itself."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def stop(self) -> None:
        """Cancel everything and wait until it has ended."""
        for task in tuple(self._running):
            task.cancel()
        await self.finish()


def _report(task: asyncio.Task[None]) -> None:
    """Tell the loop of an error; that the lock fell under work which began too late to be cancelled is none."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, VaultLocked):
        task.get_loop().call_exception_handler({"message": f"{task.get_name()} failed", "exception": error})
