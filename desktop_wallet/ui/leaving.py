"""Waiting for a payment that is being signed or handed to servers, before the wallet locks or the window closes.

Nothing is lost without it: what is stored is looked up after the next unlock, and what is not stored never left. But a
person who pays and closes the window at once should not find the payment in doubt the next day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.entry import Entry

LONGEST_S = 10.0
"""A server may take 25 s; one that is as slow as that is asked for the payment after the next unlock."""
QUIET_S = 0.5
_GLANCE_S = 0.02


class Leaving:
    """The window's last seconds, or a session's: `finish` comes before the keys are forgotten."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._closings = 0
        self.ends = False
        """Whether the window is on its way out: nothing is begun any more."""

    def may_hide(self, session: Session | None) -> bool:
        """Count that a person closes the window; return whether it may go at once: a second time it always may."""
        self._closings += 1
        return self._closings > 1 or session is None or not session.sending.busy

    async def finish(self, session: Session | None) -> None:
        """Return when no payment is under way, after 10 s at most, and at once if the window is closed again.

        What takes longer than half a second is told, in the place of whatever is shown.
        """
        import asyncio  # noqa: PLC0415 - the first paint does without

        if session is None:
            return
        loop = asyncio.get_running_loop()
        began_s, told = loop.time(), False
        while session.sending.busy and self._closings <= 1:
            waited_s = loop.time() - began_s
            if waited_s >= LONGEST_S:
                return
            if waited_s >= QUIET_S and not told:
                told = True
                self._entry.show_finishing(closing=self.ends)
            await asyncio.sleep(_GLANCE_S)
