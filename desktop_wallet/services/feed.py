"""Tells whoever listens what changed, at most once a turn of the loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from desktop_wallet.core.changes import ChangeSet

if TYPE_CHECKING:
    from collections.abc import Callable


class ChangeFeed:
    """Collects change-sets and hands their union to every listener on the loop's next turn."""

    def __init__(self) -> None:
        """Begin with no listener and nothing to tell."""
        self._listeners: list[Callable[[ChangeSet], None]] = []
        self._waiting = ChangeSet()
        self._scheduled = False

    def subscribe(self, listener: Callable[[ChangeSet], None]) -> Callable[[], None]:
        """Add a listener; return what takes it off again (calling that twice is harmless)."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def publish(self, changes: ChangeSet) -> None:
        """Tell of changes. Call it on the loop's thread."""
        self._waiting |= changes
        if self._waiting and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._deliver)

    def _deliver(self) -> None:
        self._scheduled = False
        changes, self._waiting = self._waiting, ChangeSet()
        for listener in tuple(self._listeners):
            try:
                listener(changes)
            except Exception as error:  # noqa: BLE001 - see below
                # One broken view must not keep the others from the news; the bug itself goes to the crash report.
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "a listener failed on a change", "exception": error}
                )
