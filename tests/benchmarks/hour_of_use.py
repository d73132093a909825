"""An hour in front of the wallet, always the same: which pages a person opens, for how long, and when they pay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TICK_S: Final = 1.0
"""The window shows the numbers of the open page anew once a second (ui/main_window.py, MainWindow.tick), from what is
held. Each time counts as a look. With the cache off a look is a read: a wallet that keeps nothing has nothing to show
them from. That is what the cache is measured against, and no mode of this program: with the disk's cache switched off
its window still paints from memory, and reads when the time limit ends."""
GLANCE_S: Final = 5.0
"""A person who glances at an open page every so often, and a wallet that asks for nothing between: the milder case."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One page for so many seconds. `pays`: a payment is made a third of the way through."""

    page: str
    dwell_s: float
    pays: bool = False


_ROUND: Final = (
    Visit("balances", 90),
    Visit("receive", 20),
    Visit("balances", 40),
    Visit("activity", 30),
    Visit("balances", 60),
    Visit("accounts", 25),
    Visit("balances", 75),
    Visit("send", 45),
    Visit("balances", 60),
    Visit("activity", 35),
    Visit("balances", 40),
    Visit("settings", 20),
    Visit("balances", 60),
)
"""Ten minutes."""
_PAYING_ROUND: Final = tuple(Visit(v.page, v.dwell_s, pays=v.page == "send") for v in _ROUND)

HOUR: Final = (_PAYING_ROUND + _ROUND) * 3
"""Sixty minutes with three payments."""
