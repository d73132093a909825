"""The quiet notice that something came in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.core.amounts import Amount, shown_text
from desktop_wallet.ui.measures import count_text
from desktop_wallet.ui.widgets.notice import NoticeAction, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.core.receipts import Received
    from desktop_wallet.ui.models.activity_names import NamesOfActivity
    from desktop_wallet.ui.pages.page import Shell

TOGETHER_S = 30.0
"""What comes within so many seconds is said in one notice."""
_PLACES = 6
_NAMED = 2


class Receiving:
    """Says what came in; payments that follow each other closely are said together."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._came: list[Received] = []
        self._last_s = 0.0

    def tell(self, names: NamesOfActivity, came: Sequence[Received], *, in_sight: bool) -> None:
        """Say that these came in, together with those of a moment ago; where they are in sight it passes by itself."""
        # What the practice network's faucet drips every few blocks is nobody's payment.
        came = [row for row in came if row.trace is not None or not names.network(row.network).practice]
        if not came:
            return
        now_s = self._shell.clock.now().boot_s
        if now_s - self._last_s > TOGETHER_S:
            self._came.clear()
        self._last_s = now_s
        self._came.extend(came)
        text = received_text(self._came, names)
        show = NoticeAction("Show", lambda: self._shell.open_page("activity"))
        self._shell.notify(text, kind=NoticeKind.INFO, action=None if in_sight else show, key="received")

    def forget(self) -> None:
        """Drop what was said."""
        self._came.clear()


def received_text(came: Sequence[Received], names: NamesOfActivity) -> str:
    """Return "Received 1.5 USDC on Everyday", or how many payments of what."""
    first = came[0]
    places = {(row.address, row.asset) for row in came}
    if len(places) == 1:
        asset = names.asset(first.asset)
        amount = shown_text(Amount(sum(row.amount for row in came), asset.asset.decimals), max_places=_PLACES)
        account = names.short_account(first.address)
        times = f", in {count_text(len(came), 'payment')}" if len(came) > 1 else ""
        return f"Received {amount} {asset.symbol}{f' on {account}' if account else ''}{times}"
    symbols = list(dict.fromkeys(names.asset(row.asset).symbol for row in came))
    what = " and ".join(symbols) if len(symbols) <= _NAMED else count_text(len(symbols), "asset")
    return f"Received {count_text(len(came), 'payment')} of {what}"
