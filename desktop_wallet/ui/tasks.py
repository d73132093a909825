"""Tasks with owners: whatever the window starts is cancelled when its owner hides, locks or closes.

An `asyncSlot` outlives its widget, and a bare task's error is seen by nobody until it is collected. Here every
coroutine belongs to a `TaskOwner`; its errors go where the owner says, and `stop` returns only after all have ended.
"""

# ruff: noqa: PLC0415 - the first paint needs owners but no tasks, and asyncio takes a fifth of a start

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine


class TaskOwner:
    """Owns the tasks of one page or window. To be used on the loop's thread only."""

    def __init__(self, on_error: Callable[[BaseException], None]) -> None:
        self._on_error = on_error
        self._tasks: dict[asyncio.Task[Any], str] = {}

    def start(self, coroutine: Coroutine[Any, Any, object], *, key: str = "") -> bool:
        """Run the coroutine; return False, and drop it unstarted, if one with the same key still runs."""
        if key and self.busy(key):
            coroutine.close()
            return False
        import asyncio

        try:
            asyncio.get_running_loop()
        except RuntimeError:  # the window is painted before the loop runs; Qt's first timers come after
            QTimer.singleShot(0, lambda: self.start(coroutine, key=key))
            return True
        task: asyncio.Task[object] = asyncio.create_task(coroutine, name=key or type(self).__name__)
        self._tasks[task] = key
        task.add_done_callback(self._on_task_done)
        return True

    def busy(self, key: str = "") -> bool:
        """Return whether a task with that key runs; without a key, whether any does."""
        return any(not task.done() and key in ("", known) for task, known in self._tasks.items())

    def cancel(self, key: str = "") -> None:
        """Ask the tasks with that key to end; without a key, all of them. They end in the loop's next turns."""
        for task, known in list(self._tasks.items()):
            if key in ("", known):
                _cancel_once(task)

    async def stop(self) -> None:
        """Cancel every task and return when all have ended. A task that stops its own owner is left out."""
        import asyncio

        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            _cancel_once(task)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _on_task_done(self, task: asyncio.Task[object]) -> None:
        self._tasks.pop(task, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self._on_error(error)


def _cancel_once(task: asyncio.Task[Any]) -> None:
    # A second cancellation would break into the cleaning-up that the first one began.
    if not task.cancelling():
        task.cancel()
