"""Why a payment or a token is out of sight, in words. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.core.spam import FEWEST_DECIMALS, MOST_DECIMALS, SuspicionKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.core.spam import Suspicion

_SENTENCES = {
    SuspicionKind.ZERO_VALUE: (
        "Nothing was paid. Such lines are made so that somebody's address stands in your list, to be copied by "
        "mistake: never copy an address from here."
    ),
    SuspicionKind.POISON: (
        "Hardly anything was paid, from an address that looks like one you paid before. It is made to be copied by "
        "mistake: never copy an address from here."
    ),
    SuspicionKind.SAME_SYMBOL: "It calls itself {other}, and is another contract than the {other} of the list.",
    SuspicionKind.LOOK_ALIKE: "Its name looks like that of {other}, and it is another contract.",
    SuspicionKind.MIXED_LETTERS: "Its name mixes letters of several alphabets, as imitations do.",
    SuspicionKind.WEB_ADDRESS: "Its name is an advertisement for a web page. Never open what a token tells you to.",
    SuspicionKind.UNREADABLE: "It does not tell what it is called, or how many decimals it has.",
    SuspicionKind.ODD_DECIMALS: (
        f"It has fewer than {FEWEST_DECIMALS} or more than {MOST_DECIMALS} decimals, which tokens used as money do not."
    ),
    SuspicionKind.UNWANTED: "You hid this token.",
}


def reason_text(suspicion: Suspicion) -> str:
    """Return why something is out of sight, in a sentence."""
    return _SENTENCES[suspicion.kind].format(other=suspicion.other.symbol if suspicion.other else "a known one")


def reasons_text(suspicions: Sequence[Suspicion]) -> str:
    """Return every reason, one after the other."""
    return " ".join(map(reason_text, suspicions))
