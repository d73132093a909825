"""Workers of the disk that work on the loop's own thread: at once, or when a test lets them.

Two real threads answer in an order that no test can draw twice. These answer in the order that a history says, so that
a slow disk is one more thing that a state machine can try, and costs no time.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


class Desk:
    """All that the disks' workers have been given and have not done, while they are slow."""

    def __init__(self) -> None:
        self.slow = False
        self._waiting: deque[Callable[[], None]] = deque()

    def put(self, job: Callable[[], None]) -> None:
        if self.slow:
            self._waiting.append(job)
        else:
            job()

    def work(self, jobs: int) -> None:
        """Do what has waited longest."""
        for _ in range(min(jobs, len(self._waiting))):
            self._waiting.popleft()()

    def catch_up(self) -> None:
        """Do everything, and be quick from now on."""
        self.slow = False
        self.work(len(self._waiting))

    def worker(self, max_workers: int = 1, thread_name_prefix: str = "") -> Executor:
        """Return what stands in for a pool of one thread."""
        return _Worker(self)

    def __len__(self) -> int:
        return len(self._waiting)


class _Worker(Executor):
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @override
    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()

        def job() -> None:
            if not done.set_running_or_notify_cancel():
                return  # nobody wants it any more, and it has not begun
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - as a pool does
                done.set_exception(error)
            else:
                done.set_result(result)

        self._desk.put(job)
        return done

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Do nothing: there is no thread."""
