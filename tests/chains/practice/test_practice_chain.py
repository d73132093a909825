"""The practice network by itself: its clock, its money, its faults, and the calls that a send will need."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from desktop_wallet.chains.practice.blocks import AGE_AT_BIRTH_BLOCKS
from desktop_wallet.chains.practice.chain import PracticeChain, PracticeFault
from desktop_wallet.chains.practice.worlds import PRACTICE, PRACTICE_ROLLUP, WORLDS
from desktop_wallet.core.balances import FailureReason, ReadMethod
from desktop_wallet.core.errors import EndpointRateLimited, EndpointTimeout, EndpointUnreachable
from tests.chains.stages import ACCOUNTS, PracticeStage, adapter_of, gifts_of, keys_of, read
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from desktop_wallet.chains.practice.worlds import PracticeWorld

ONE, TWO, STRANGER = ACCOUNTS


def chain_of(clock: FakeClock, *, world: PracticeWorld = PRACTICE, seed: int = 1) -> PracticeChain:
    return PracticeChain(world, clock, seed=seed, latency_s=(0, 0))


async def ask(chain: PracticeChain, method: str, *params: object) -> Any:  # noqa: ANN401 - JSON
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    reply = json.loads(await chain.answer(body))
    return reply["error"] if "error" in reply else reply["result"]


async def coins(chain: PracticeChain, account: object, block: object = "latest") -> int:
    return int(await ask(chain, "eth_getBalance", str(account), block), 16)


def test_the_worlds_are_told_apart() -> None:
    assert len({world.chain_id for world in WORLDS}) == len(WORLDS)
    assert len({world.network.endpoints[0].host for world in WORLDS}) == len(WORLDS)
    for world in WORLDS:
        assert world.network.practice
        assert world.network.endpoints[0].host.endswith(".invalid")
        assert 6 in {token.decimals for token in world.tokens}
        assert 0 in {token.gift for token in world.tokens}


@pytest.mark.parametrize("world", [PRACTICE, PRACTICE_ROLLUP], ids=["practice", "rollup"])
async def test_blocks_come_with_the_clock(world: PracticeWorld) -> None:
    clock = FakeClock()
    chain = chain_of(clock, world=world)
    assert chain.height == AGE_AT_BIRTH_BLOCKS
    clock.advance(world.block_time_s * 10)
    assert chain.height == AGE_AT_BIRTH_BLOCKS + 10
    head = await ask(chain, "eth_getBlockByNumber", "latest", False)
    before = await ask(chain, "eth_getBlockByHash", head["parentHash"], False)
    assert int(before["number"], 16) == chain.height - 1
    assert int(head["timestamp"], 16) - int(before["timestamp"], 16) == world.block_time_s
    assert 0 <= clock.now().wall_s - int(head["timestamp"], 16) < world.block_time_s + 1


def test_a_clock_set_back_takes_no_block_away() -> None:
    clock = FakeClock()
    chain = chain_of(clock)
    clock.wall_s -= 86_400
    assert chain.height == AGE_AT_BIRTH_BLOCKS


async def test_the_same_seed_and_start_make_the_same_chain_and_others_another() -> None:
    later = FakeClock()
    later.advance(60)
    chains = [chain_of(FakeClock()), chain_of(FakeClock()), chain_of(FakeClock(), seed=2), chain_of(later)]
    genesis = [(await ask(chain, "eth_getBlockByNumber", "0x0", False))["hash"] for chain in chains]
    assert genesis[0] == genesis[1]
    assert len(set(genesis)) == 3


async def test_a_newcomer_gets_the_gift_once() -> None:
    chain = chain_of(FakeClock())
    chain.welcome(ONE)
    chain.welcome(ONE)
    assert await coins(chain, ONE) == PRACTICE.gift_wei
    assert await coins(chain, STRANGER) == 0


async def test_the_faucet_drips_so_that_a_number_changes_within_half_a_minute() -> None:
    clock = FakeClock()
    stage = PracticeStage(clock=clock)
    stage.chain = PracticeChain(PRACTICE, clock, latency_s=(0, 0))
    stage.answerer = stage.chain.answer
    stage.chain.welcome(ONE)
    adapter = adapter_of(stage)
    seen = []
    for _ in range(12):
        readings, _ = await read(adapter, keys_of(stage, [ONE]))
        seen.append(tuple(reading.amount for reading in readings.values()))
        clock.advance(30)
    await stage.client.aclose()

    assert seen[0] == gifts_of(stage)
    assert all(now != before for before, now in itertools.pairwise(seen))
    assert all(a <= b for before, now in itertools.pairwise(seen) for a, b in zip(before, now, strict=True))
    assert seen[-1][-1] == 0  # "Play nothing" stays nothing


async def test_drips_do_not_depend_on_when_somebody_looks() -> None:
    eager_clock, lazy_clock = FakeClock(), FakeClock()
    eager, lazy = chain_of(eager_clock), chain_of(lazy_clock)
    for chain in (eager, lazy):
        chain.welcome(ONE)
        chain.welcome(TWO)
    for _ in range(100):
        eager_clock.advance(7)
        await coins(eager, ONE)
    lazy_clock.advance(700)
    assert [await coins(eager, who) for who in (ONE, TWO)] == [await coins(lazy, who) for who in (ONE, TWO)]


async def test_a_transfer_is_in_the_next_block_and_has_a_receipt() -> None:
    clock = FakeClock()
    chain = chain_of(clock)
    chain.welcome(ONE)
    transaction = chain.transfer(ONE, STRANGER, 1_000)
    assert await ask(chain, "eth_getTransactionReceipt", transaction) is None
    assert await coins(chain, STRANGER) == 0
    clock.advance(PRACTICE.block_time_s)
    receipt = await ask(chain, "eth_getTransactionReceipt", transaction)
    block = await ask(chain, "eth_getBlockByNumber", receipt["blockNumber"], False)
    fee_wei = int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)

    assert await coins(chain, STRANGER) == 1_000
    assert await coins(chain, ONE) == PRACTICE.gift_wei - 1_000 - fee_wei
    assert receipt["blockHash"] == block["hash"]
    assert block["transactions"] == [transaction]
    assert await ask(chain, "eth_getTransactionCount", str(ONE), "latest") == "0x1"


async def test_a_token_transfer_writes_the_log_of_erc_20() -> None:
    clock = FakeClock()
    chain = chain_of(clock)
    chain.welcome(ONE)
    token = PRACTICE.tokens[0]
    transaction = chain.transfer(ONE, TWO, 25, token.address)
    clock.advance(PRACTICE.block_time_s)
    (log,) = (await ask(chain, "eth_getTransactionReceipt", transaction))["logs"]

    assert log["address"] == token.address
    assert [topic[-40:] for topic in log["topics"][1:]] == [str(ONE)[2:], str(TWO)[2:]]
    assert int(log["data"], 16) == 25


def test_more_than_there_is_cannot_be_sent() -> None:
    chain = chain_of(FakeClock())
    chain.welcome(ONE)
    token = PRACTICE.tokens[0]
    for amount, address in ((PRACTICE.gift_wei, None), (token.gift + 1, token.address), (-1, None)):
        with pytest.raises(ValueError, match="play money"):
            chain.transfer(ONE, TWO, amount, address)


async def test_a_transfer_that_fails_takes_nothing() -> None:
    clock = FakeClock()
    chain = chain_of(clock)
    chain.welcome(ONE)
    with pytest.raises(ValueError, match="play money"):
        chain.transfer(ONE, TWO, 10**30, PRACTICE.tokens[0].address)
    clock.advance(60)
    assert await coins(chain, ONE) >= PRACTICE.gift_wei
    assert await ask(chain, "eth_getTransactionCount", str(ONE), "latest") == "0x0"


async def test_a_pinned_read_sees_its_block_and_no_other() -> None:
    clock = FakeClock()
    chain = chain_of(clock)
    chain.welcome(ONE)
    old = await ask(chain, "eth_getBlockByNumber", "latest", False)
    pin = {"blockHash": old["hash"], "requireCanonical": True}
    chain.transfer(ONE, STRANGER, 1_000)
    clock.advance(PRACTICE.block_time_s)

    assert (await coins(chain, STRANGER), await coins(chain, STRANGER, pin)) == (1_000, 0)
    assert (await ask(chain, "eth_getBalance", str(ONE), {"blockHash": "0x" + "7" * 64}))["code"] == -32001
    chain.reorganise(5)
    assert "canonical" in (await ask(chain, "eth_getBalance", str(ONE), pin))["message"]
    assert await ask(chain, "eth_getBalance", str(ONE), {"blockHash": old["hash"]}) == hex(PRACTICE.gift_wei)


async def test_old_state_is_forgotten_as_full_nodes_do() -> None:
    clock = FakeClock()
    chain = chain_of(clock)
    chain.welcome(ONE)
    number = hex(chain.height)
    clock.advance(PRACTICE.block_time_s * 129)
    assert "missing trie node" in (await ask(chain, "eth_getBalance", str(ONE), number))["message"]


async def test_fees_are_told_for_blocks_that_exist() -> None:
    chain = chain_of(FakeClock())
    history = await ask(chain, "eth_feeHistory", "0x4", "latest", [25, 75])
    assert int(history["oldestBlock"], 16) == chain.height - 3
    assert (len(history["baseFeePerGas"]), len(history["reward"]), len(history["reward"][0])) == (5, 4, 2)
    price, tip = await ask(chain, "eth_gasPrice"), await ask(chain, "eth_maxPriorityFeePerGas")
    assert int(price, 16) == int(history["baseFeePerGas"][-1], 16) + int(tip, 16)
    assert (await ask(chain, "eth_feeHistory", "0x4", hex(chain.height + 1), []))["code"] == -32000


@pytest.mark.parametrize(
    "body",
    [
        b"1",
        b"{",
        b"[]",
        b'"x"',
        b"[1]",
        b'{"id":1}',
        b'{"id":1,"method":"eth_getBalance","params":[]}',
        b'{"method":7,"id":1}',
    ],
)
async def test_nonsense_is_answered_with_an_error(body: bytes) -> None:
    reply = json.loads(await chain_of(FakeClock()).answer(body))
    (answer,) = reply if isinstance(reply, list) else [reply]
    assert answer["error"]["code"] in (-32600, -32601, -32602)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (PracticeFault.UNREACHABLE, EndpointUnreachable),
        (PracticeFault.TIMEOUT, EndpointTimeout),
        (PracticeFault.RATE_LIMITED, EndpointRateLimited),
    ],
)
async def test_the_next_answers_can_be_made_to_fail(fault: PracticeFault, error: type[Exception]) -> None:
    chain = chain_of(FakeClock())
    chain.fail_next(fault, times=2)
    for _ in range(2):
        with pytest.raises(error):
            await ask(chain, "eth_chainId")
    assert await ask(chain, "eth_chainId") == hex(PRACTICE.chain_id)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (PracticeFault.UNREACHABLE, FailureReason.UNREACHABLE),
        (PracticeFault.TIMEOUT, FailureReason.TIMEOUT),
        (PracticeFault.RATE_LIMITED, FailureReason.RATE_LIMITED),
        (PracticeFault.REFUSED, FailureReason.REFUSED),
        (PracticeFault.EMPTY, FailureReason.EMPTY),
        (PracticeFault.NONSENSE, FailureReason.UNTRUSTED),
    ],
)
async def test_every_fault_is_a_failure_with_its_reason_and_no_number(
    practice_stage: PracticeStage, fault: PracticeFault, reason: FailureReason
) -> None:
    adapter = adapter_of(practice_stage)
    await read(adapter, keys_of(practice_stage))
    practice_stage.chain.fail_next(fault)
    readings, failures = await read(adapter, keys_of(practice_stage))

    assert not readings
    assert {failure.reason for failure in failures.values()} == {reason}
    assert {failure.host for failure in failures.values()} == {"practice.invalid"}

    practice_stage.clock.advance(60)
    readings, failures = await read(adapter, keys_of(practice_stage))
    assert not failures
    assert {reading.method for reading in readings.values()} == {ReadMethod.MULTICALL}


async def test_an_outage_lasts_until_it_is_over(practice_stage: PracticeStage) -> None:
    adapter = adapter_of(practice_stage)
    practice_stage.chain.outage = True
    for _ in range(2):
        readings, failures = await read(adapter, keys_of(practice_stage))
        assert not readings
        assert {failure.reason for failure in failures.values()} == {FailureReason.UNREACHABLE}
    practice_stage.chain.outage = False
    readings, failures = await read(adapter, keys_of(practice_stage))
    assert not failures


async def test_a_chain_that_stands_still_grows_old_and_goes_on() -> None:
    clock = FakeClock()
    chain = chain_of(clock)
    chain.stand_still()
    clock.advance(600)
    assert chain.height == AGE_AT_BIRTH_BLOCKS
    chain.go_on()
    assert chain.height == AGE_AT_BIRTH_BLOCKS + 150


async def test_latency_is_seeded_and_delay_is_added() -> None:
    waits: list[list[float]] = []
    for delay_s in (0.0, 0.0, 3.0):
        waited: list[float] = []

        async def sleep(seconds: float, waited: list[float] = waited) -> None:
            waited.append(seconds)

        chain = PracticeChain(PRACTICE, FakeClock(), sleep=sleep, latency_s=(0.05, 0.2))
        chain.delay_s = delay_s
        for _ in range(5):
            await ask(chain, "eth_chainId")
        waits.append(waited)

    assert waits[0] == waits[1]
    assert waits[2] == pytest.approx([wait + 3.0 for wait in waits[0]])
    assert all(0.05 <= wait <= 0.2 for wait in waits[0])
    assert len(set(waits[0])) > 1


async def test_inside_a_rollups_call_the_block_number_is_its_parents() -> None:
    chain = chain_of(FakeClock(), world=PRACTICE_ROLLUP)
    own = await ask(chain, "eth_call", {"to": "0x" + "64".rjust(40, "0"), "data": "0xa3b1b31d"}, "latest")
    inside = await ask(chain, "eth_call", {"to": PRACTICE_ROLLUP.network.multicall, "data": "0x42cbb15c"}, "latest")
    assert int(own, 16) == chain.height
    assert int(inside, 16) > chain.height + 1_000_000
