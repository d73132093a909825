"""Replies that were right before something happened to their bytes or their shape: the true amount or none.

What may happen is anything but one well-formed number put in another's place: that is a lie, and no parser knows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.balances import FailureReason
from tests.chains.stages import PracticeStage, adapter_of, gifts_of, keys_of, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.core.balances import BalanceKey

POSSIBLE = {
    FailureReason.UNTRUSTED,
    FailureReason.WRONG_CHAIN,
    FailureReason.EMPTY,
    FailureReason.REFUSED,
    FailureReason.RATE_LIMITED,
}
_SPLINTERS = (
    *(b"0", b"00", b"0" * 64, b"f" * 64, b"0x", b'"', b"[", b"]", b"{", b"}", b",", b":", b"\\", b"-", b".5", b"e9"),
    *(b"null", b"true", b"NaN", b"Infinity", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\\u202e", b"\\ud800", b"9" * 5_000),
)
_VALUES: tuple[object, ...] = (
    *(None, True, False, 0, -1, 1.5, 1e300, 10**70, 10**100, "", "0x", "0X1", "0x01", "-0x1", " 0x1", "0x1g", "ten"),
    *([], {}, [[]], {"": {}}, ["0x1"], {"result": "0x1"}, {"code": 3}, {"code": -32005, "message": "limit"}),
    *("0x" + "0" * 10_000, "0x" + "f" * 64, "\u202e0x1", "\x00", "x" * 100_000),
)


def damaged(told: bytes, draw: Callable[..., Any]) -> bytes:
    """Return the reply after something happened to its bytes."""
    match draw(st.sampled_from(("cut", "insert", "delete", "repeat")), label="bytes"):
        case "cut":
            end: int = draw(st.integers(0, len(told) - 1))
            return told[:end]
        case "insert":
            place: int = draw(st.integers(0, len(told)))
            splinter: bytes = draw(st.sampled_from(_SPLINTERS))
            return told[:place] + splinter + told[place:]
        case "delete":
            begin: int = draw(st.integers(0, len(told) - 1))
            length: int = draw(st.integers(1, 200))
            return told[:begin] + told[begin + length :]
        case _:
            times: int = draw(st.integers(2, 3))
            return told * times


def deformed(told: bytes, draw: Callable[..., Any]) -> bytes:
    """Return the reply after something happened to one value of its tree."""
    tree = [json.loads(told)]
    places = list(_places(tree))
    holder, name = places[draw(st.integers(0, len(places) - 1), label="place")]
    value = holder[name]
    match draw(st.sampled_from(("replace", "remove", "wrap", "deep", "double", "turn", "rename")), label="shape"):
        case "replace":
            holder[name] = draw(st.sampled_from(_VALUES))
        case "remove" if holder is not tree:
            del holder[name]
        case "wrap":
            holder[name] = draw(st.sampled_from(([value], {"value": value}, [value, value])))
        case "deep":
            for _ in range(draw(st.sampled_from((63, 64, 65, 900)))):
                value = [value]
            holder[name] = value
        case "double" if isinstance(value, list):
            holder[name] = value + value
        case "turn" if isinstance(value, list):
            holder[name] = value[::-1]
        case "rename" if isinstance(holder, dict):
            holder[str(name).upper()] = holder.pop(name)
        case _:
            holder[name] = str(value)
    return json.dumps(tree[0]).encode()


def _places(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Yield where each value of a tree stands: its holder, and the key or index there."""
    names: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for name in list(names):
        yield value, name
        yield from _places(value[name])


async def read_after(
    happens: Callable[[bytes], bytes],
) -> tuple[PracticeStage, dict[BalanceKey, int], set[FailureReason]]:
    """Read everything where that happens to the first reply; return the stage, the amounts, and why others failed."""
    stage = PracticeStage()
    first = [True]

    async def answer(body: bytes) -> bytes:
        told = await stage.chain.answer(body)
        if not first:
            return told
        first.clear()
        return happens(told)

    stage.answerer = answer
    try:
        readings, failures = await read(adapter_of(stage), keys_of(stage))  # each key has exactly one of the two
    finally:
        await stage.client.aclose()
    amounts = {key: reading.amount for key, reading in readings.items()}
    return stage, amounts, {failure.reason for failure in failures.values()}


def check(stage: PracticeStage, amounts: dict[BalanceKey, int], reasons: set[FailureReason]) -> None:
    gifts = gifts_of(stage)
    truth = dict(zip(keys_of(stage), [*gifts, *gifts, *(0 for _ in gifts)], strict=True))
    assert amounts == {key: truth[key] for key in amounts}
    assert reasons <= POSSIBLE


@given(st.data())
async def test_damaged_bytes_give_the_true_amount_or_none(data: st.DataObject) -> None:
    check(*await read_after(lambda told: damaged(told, data.draw)))


@given(st.data())
async def test_a_deformed_tree_gives_the_true_amount_or_none(data: st.DataObject) -> None:
    check(*await read_after(lambda told: deformed(told, data.draw)))


@given(st.data())
async def test_a_reply_to_another_question_gives_the_true_amount_or_none(data: st.DataObject) -> None:
    body = data.draw(st.recursive(st.sampled_from(_VALUES), lambda some: st.lists(some, max_size=4), max_leaves=6))
    check(*await read_after(lambda _: json.dumps(body).encode()))


async def test_an_undamaged_reply_gives_every_amount() -> None:
    stage, amounts, reasons = await read_after(lambda told: told)
    check(stage, amounts, reasons)
    assert (len(amounts), reasons) == (len(keys_of(stage)), set())
