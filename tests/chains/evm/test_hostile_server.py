"""A server that says nonsense in one place: no balance is ever wrong, missing, or answered twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.balances import FailureReason
from tests.chains.stages import PracticeStage, adapter_of, gifts_of, keys_of, read

if TYPE_CHECKING:
    from collections.abc import Callable

LIES: dict[str, Callable[[Any], Any]] = {
    "null": lambda _: None,
    "number": lambda _: 7,
    "list": lambda value: [value],
    "object": lambda value: {"value": value},
    "empty text": lambda _: "",
    "empty data": lambda _: "0x",
    "half": lambda value: value[: len(value) // 2] if isinstance(value, str) else {},
    "one byte less": lambda value: value[:-2] if isinstance(value, str) else {},
    "one word more": lambda value: value + "0" * 64 if isinstance(value, str) else {},
    "all ones": lambda value: "0x" + "f" * (len(value) - 2) if isinstance(value, str) else {},
    "all zeros": lambda value: "0x" + "0" * (len(value) - 2) if isinstance(value, str) else {},
    "no digits": lambda value: "0x" + "g" * (len(value) - 2) if isinstance(value, str) else {},
}
CALLS = ("eth_chainId", "genesis", "latest", "eth_call")


class LyingStage(PracticeStage):
    """A practice chain whose server changes one result of each batch."""

    def lie(self, place: int, lie: Callable[[Any], Any]) -> None:
        async def answer(body: bytes) -> bytes:
            reply = json.loads(await self.chain.answer(body))
            if isinstance(reply, list) and place < len(reply):
                reply[place]["result"] = lie(reply[place].get("result"))
            return json.dumps(reply).encode()

        self.answerer = answer


@pytest.mark.parametrize("place", range(len(CALLS)), ids=CALLS)
@pytest.mark.parametrize("lie", list(LIES))
async def test_a_lie_anywhere_is_a_failure_and_no_number(place: int, lie: str) -> None:
    stage = LyingStage()
    stage.lie(place, LIES[lie])
    readings, failures = await read(adapter_of(stage), keys_of(stage))
    await stage.client.aclose()

    if (CALLS[place], lie) == ("genesis", "null"):
        # A server that has thrown its first blocks away (EIP-4444) says just that.
        assert not failures
        assert {reading.chain_hash for reading in readings.values()} == {None}
        return
    assert not readings
    allowed = {FailureReason.UNTRUSTED}
    if CALLS[place] == "eth_chainId":
        allowed = {FailureReason.UNTRUSTED, FailureReason.WRONG_CHAIN}
    elif (CALLS[place], lie) == ("eth_call", "empty data"):
        allowed = {FailureReason.EMPTY}
    assert {failure.reason for failure in failures.values()} <= allowed
    assert len(failures) == len(keys_of(stage))


@given(st.data())
async def test_one_wrong_byte_in_a_contracts_reply_changes_at_most_one_amount(data: st.DataObject) -> None:
    stage = LyingStage()
    where = data.draw(st.floats(0, 0.999), label="where")
    digit = data.draw(st.sampled_from("0123456789abcdef"), label="digit")

    def change(value: object) -> object:
        assert isinstance(value, str)
        place = 2 + int((len(value) - 2) * where)
        return value[:place] + digit + value[place + 1 :]

    stage.lie(3, change)
    readings, _ = await read(adapter_of(stage), keys_of(stage))
    await stage.client.aclose()

    gifts = gifts_of(stage)
    truth = dict(zip(keys_of(stage), [*gifts, *gifts, *(0 for _ in gifts)], strict=True))
    assert sum(reading.amount != truth[key] for key, reading in readings.items()) <= 1


@pytest.mark.parametrize("place", [2, 3], ids=["header", "contract"])
async def test_a_block_from_the_day_after_tomorrow_is_not_believed(place: int) -> None:
    stage = LyingStage()
    time_s = stage.block(stage.height)[2]
    later = time_s + 2 * 86_400

    def postpone(value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, str):
            return value.replace(f"{time_s:064x}", f"{later:064x}")
        return {**value, "timestamp": hex(later)}

    stage.lie(place, postpone)
    readings, failures = await read(adapter_of(stage), keys_of(stage))
    await stage.client.aclose()

    assert not readings
    assert {failure.reason for failure in failures.values()} == {FailureReason.UNTRUSTED}


async def test_another_chain_that_takes_over_unseen_is_noticed_by_its_lower_head() -> None:
    stage, other = PracticeStage(), PracticeStage(seed=2)
    stage.pass_blocks(50)
    adapter = adapter_of(stage)
    first, _ = await read(adapter, keys_of(stage))
    stage.answerer = other.chain.answer
    second, _ = await read(adapter, keys_of(stage))
    for each in (stage, other):
        await each.client.aclose()

    assert {reading.chain_hash for reading in first.values()} == {stage.genesis}
    assert {reading.chain_hash for reading in second.values()} == {other.genesis}
