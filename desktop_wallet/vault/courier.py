"""Calls that may never return, made on a thread that can be left behind."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

_T = TypeVar("_T")


class Unanswered(Exception):
    """The call did not return in time; it goes on, and its answer is dropped."""


class _Errand:
    """One call and its answer. Guarded by the courier's lock; `ended` wakes the one who waits."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call: Callable[[], Any] | None = call
        self.ended = threading.Event()
        self.answer: Any = None
        self.error: BaseException | None = None
        self.has_answer = False


class Courier:
    """Makes calls one after the other on one daemon thread.

    A call that hangs (a prompt that nobody answers) makes later ones wait, each for its own patience. A call whose
    waiter has gone before it began is never made. The thread dies with the program, without being waited for.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock: Final = threading.Lock()
        self._errands: queue.SimpleQueue[_Errand | None] = queue.SimpleQueue()
        self._waiting: set[_Errand] = set()
        self._thread: threading.Thread | None = None
        self._closed = False

    def send(self, call: Callable[[], object]) -> None:
        """Have a call made without waiting for it; what it raises is dropped."""
        self._enqueue(_Errand(call))

    def fetch(self, call: Callable[[], _T], patience_s: float) -> _T:
        """Return what the call returns or raise what it raises; Unanswered after `patience_s` or on `close`."""
        errand = _Errand(call)
        with self._lock:
            self._waiting.add(errand)
        try:
            self._enqueue(errand)
            errand.ended.wait(patience_s)
        finally:
            with self._lock:
                self._waiting.discard(errand)
                errand.call = None
        if errand.error is not None:
            raise errand.error
        if not errand.has_answer:
            raise Unanswered
        return cast("_T", errand.answer)

    def close(self) -> None:
        """End every wait at once, and the thread when its present call returns; later calls are Unanswered."""
        with self._lock:
            self._closed = True
            for errand in self._waiting:
                errand.call = None
                errand.ended.set()
            thread = self._thread
        if thread is not None:
            self._errands.put(None)

    def _enqueue(self, errand: _Errand) -> None:
        with self._lock:
            if self._closed:
                errand.ended.set()
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
        self._errands.put(errand)

    def _work(self) -> None:
        while (errand := self._errands.get()) is not None:
            with self._lock:
                call, errand.call = errand.call, None
            if call is None:
                continue
            try:
                answer = call()
                with self._lock:
                    errand.answer, errand.has_answer = answer, True
                del answer
            except Exception as error:  # noqa: BLE001 - carried to the one who waits
                errand.error = error
            errand.ended.set()
            del call, errand
