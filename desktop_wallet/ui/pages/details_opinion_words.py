"""What another server said of a balance, in words and as JSON. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.core.amounts import Amount, shown_text
from desktop_wallet.core.opinions import Opinion, OpinionKind, OpinionProblem
from desktop_wallet.core.positions import Height

if TYPE_CHECKING:
    from desktop_wallet.core.balances import Reading

_AGAIN = "Ask again in a moment."
_ANEW = "Refresh this balance, and ask again at once."
_PROBLEMS = {
    OpinionProblem.NO_READING: ("No server gave a number to compare with.", "Refresh this balance first."),
    OpinionProblem.UNORDERED: (
        "{network} counts no blocks, so two servers cannot be asked for the very same moment.",
        "Compare the amount with what another program shows.",
    ),
    OpinionProblem.ONE_SERVER: (
        "Only one server of {network} is in use, so there is nobody else to ask.",
        "Add another one in Settings > Networks.",
    ),
    OpinionProblem.NO_ANSWER: ("No other server of {network} gave an answer that can be used.", _AGAIN),
    OpinionProblem.NOT_THERE_YET: ("The other servers have not got to {block} yet.", _AGAIN),
    OpinionProblem.OTHER_BLOCK: (
        "The other servers have another block in the place of {block}. The chain may just have changed its end.",
        _ANEW,
    ),
    OpinionProblem.FORGOTTEN: (
        "The other servers know {block}, but no longer what was in the accounts at that time.",
        _ANEW,
    ),
    OpinionProblem.NO_NUMBER: ("The contract gave the other server no number at {block}.", _ANEW),
}


@dataclass(frozen=True, slots=True)
class OpinionText:
    """An opinion in words: what came of it, what was found, and what to do or to think of it."""

    title: str
    sentence: str
    advice: str

    @property
    def spoken(self) -> str:
        """Return all of it in one paragraph."""
        return f"{self.title}. {self.sentence} {self.advice}"


def opinion_text(opinion: Opinion, symbol: str, network_name: str) -> OpinionText:
    """Return what came of asking another server. Hosts and numbers are all that servers have a say in."""
    first, second = opinion.first, opinion.second
    if first is None or second is None or opinion.kind is OpinionKind.CANNOT_TELL:
        sentence, advice = _PROBLEMS[opinion.why or OpinionProblem.NO_ANSWER]
        return OpinionText("Nobody can tell", sentence.format(network=network_name, block=_block(first)), advice)
    block = _block(second)
    if opinion.kind is OpinionKind.EQUAL:
        return OpinionText(
            "Another server agrees",
            f"{second.endpoint} reads the same amount at the very same block, {block.removeprefix('block ')}.",
            "Two servers of one operator agree without proving anything.",
        )
    amounts = (
        f"{first.endpoint} reads {_money(first, symbol)}, {second.endpoint} reads {_money(second, symbol)}, "
        f"both at {block}."
    )
    return OpinionText(
        "The servers disagree",
        f"{amounts} One of the two is wrong.",
        "Do not rely on this number until another server or your own node has confirmed one of the two.",
    )


def opinion_json(opinion: Opinion) -> dict[str, object]:
    """Return an opinion for JSON; amounts as text, because JSON's numbers lose digits."""
    body: dict[str, object] = {"kind": opinion.kind.value}
    if opinion.why is not None:
        body["why"] = opinion.why.value
    second = opinion.second
    if second is not None:
        body |= {"endpoint": second.endpoint, "amount_base_units": str(second.amount)}
        if isinstance(second.position, Height):
            body |= {"block": second.position.number, "block_hash": second.position.hash}
    return body


def _block(reading: Reading | None) -> str:
    if reading is None or not isinstance(reading.position, Height):
        return "that block"
    return f"block {reading.position.number:,}"


def _money(reading: Reading, symbol: str) -> str:
    return f"{shown_text(Amount(reading.amount, reading.decimals))} {symbol}".strip()
