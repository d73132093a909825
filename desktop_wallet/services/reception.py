"""Answers what is asked at the door of the running program."""

# ruff: noqa: PLC0415 - a start opens the door, and only a question needs these

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING

from desktop_wallet.services.door import LONGEST_ANSWER, Knock, Word

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.core.instants import Clock
    from desktop_wallet.services.notifying import Notifying
    from desktop_wallet.services.session import Session


class Reception:
    """Knows the open profile, if one is open, and what may be told of it."""

    def __init__(self, session: Callable[[], Session | None], clock: Clock) -> None:
        """Serve whichever session `session` returns at that moment; the program's time runs from now on."""
        self._session = session
        self._clock = clock
        self._began = clock.now()

    @cached_property
    def _notifying(self) -> Notifying:
        from desktop_wallet.services.notifying import Notifying

        return Notifying(self._clock)

    async def answer(self, knock: Knock) -> bytes:
        """Return the answer to a question: one line."""
        if knock.word is Word.NOTIFY:
            outcome = await self._notifying.notify(self._session(), knock.token)
            return f"{outcome.value}\n".encode("ascii")
        return await self._stats()

    async def _stats(self) -> bytes:
        import asyncio

        from desktop_wallet.services.figures import Figures, version

        session, now = self._session(), self._clock.now()
        told: Figures = {
            "version": await asyncio.to_thread(version),
            "running": True,
            "locked": session is None,
            "uptime_s": round(self._began.age_s(now)),
            "as_of_s": round(now.wall_s),
        }
        if session is not None:
            from desktop_wallet.services.figures import figures

            told |= figures(await session.metrics.snapshot(), session.alerts.current())
        answer = _line(told)
        if len(answer) > LONGEST_ANSWER:
            answer = _line({**told, "assets": {}})
        return answer


def _line(told: object) -> bytes:
    return json.dumps(told, separators=(",", ":")).encode("ascii") + b"\n"
