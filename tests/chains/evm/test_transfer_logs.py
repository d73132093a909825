"""Token transfers from logs: real ones of a real node, and what becomes of servers and contracts that lie."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from desktop_wallet.chains.adapter import LogRefusal, ReadsTransferLogs
from desktop_wallet.chains.evm.transfer_logs import ADDRESSES_AT_ONCE, MOST_LOGS
from desktop_wallet.core.addresses import Address, parse_address
from desktop_wallet.core.errors import ContradictoryReply, MalformedReply, NoEndpointLeft
from desktop_wallet.core.networks import Family
from tests.chains.stages import ACCOUNTS, AnvilStage, PracticeStage, adapter_of
from tests.fakes.anvil import DEV_ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chains.stages import Stage

ME, OTHER = ACCOUNTS[:2]
STRANGER = Address(Family.EVM, "0x" + "9" * 40)
_TOPIC = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"


class ToldStage(PracticeStage):
    """A practice chain whose server tells of logs what a test wants."""

    def tell(self, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Let `answer` make the reply to `eth_getLogs`, as `result` or `error`, of what is asked."""

        async def reply(body: bytes) -> bytes:
            asked = json.loads(body)
            told = json.loads(await self.chain.answer(body))
            for call, each in zip(asked, told, strict=True) if isinstance(asked, list) else ():
                if call["method"] == "eth_getLogs":
                    each.pop("result", None)
                    each.pop("error", None)
                    each.update(answer(call["params"][0]))
            return json.dumps(told).encode()

        self.answerer = reply


def entry(**changed: object) -> dict[str, object]:
    """Return a log as a server writes it, of block 110, with changes."""
    return {
        "address": "0x" + "c" * 40,
        "topics": [_TOPIC, "0x" + STRANGER.text[2:].rjust(64, "0"), "0x" + ME.text[2:].rjust(64, "0")],
        "data": f"0x{700:064x}",
        "blockNumber": hex(110),
        "blockHash": "0x" + "b" * 64,
        "transactionHash": "0x" + "a" * 64,
        "logIndex": "0x3",
        "removed": False,
        **changed,
    }


def logs_of(*entries: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda _: {"result": list(entries)}


@pytest.mark.anvil
async def test_real_tokens_tell_who_paid_how_much_and_where(anvil_stage: AnvilStage) -> None:
    stage = anvil_stage
    token = stage.tokens[0].id
    adapter = adapter_of(stage)
    assert isinstance(adapter, ReadsTransferLogs)
    begun = stage.height
    first = stage.node.send_token(token.reference, OTHER.text, 250)
    second = stage.node.send_token(token.reference, STRANGER.text, 40)
    third = stage.node.send_token(token.reference, ME.text, 9)
    answer = await adapter.transfers_to([ME, OTHER], begun + 1, stage.height)

    assert [(log.recipient, log.amount, log.asset) for log in answer.logs] == [(OTHER, 250, token), (ME, 9, token)]
    assert [log.transaction for log in answer.logs] == [first["transactionHash"], third["transactionHash"]]
    assert {log.sender for log in answer.logs} == {parse_address(Family.EVM, DEV_ACCOUNTS[0])}
    assert [log.block_hash for log in answer.logs] == [first["blockHash"], third["blockHash"]]
    assert answer.through == stage.height == int(third["blockNumber"], 16)
    assert answer.chain_hash == stage.genesis
    later = await adapter.transfers_to([ME, OTHER], int(second["blockNumber"], 16), stage.height + 50)
    assert [log.amount for log in later.logs] == [9]
    assert later.through == stage.height  # beyond its head a server knows nothing


@pytest.mark.anvil
async def test_after_a_reorganisation_the_logs_are_of_the_new_blocks(anvil_stage: AnvilStage) -> None:
    stage = anvil_stage
    adapter = adapter_of(stage)
    begun = stage.height
    stage.node.send_token(stage.tokens[0].id.reference, ME.text, 9)
    before = (await adapter.transfers_to([ME], begun + 1, stage.height)).logs
    stage.node.reorg(1)
    after = (await adapter.transfers_to([ME], begun + 1, stage.height)).logs

    assert len(before) == 1
    assert before[0].block_hash not in [log.block_hash for log in after]


async def test_the_practice_network_tells_as_much(practice_stage: PracticeStage) -> None:
    stage: Stage = practice_stage
    token = stage.tokens[0].id
    begun = stage.height
    practice_stage.chain.transfer(OTHER, ME, 12, token.reference)
    practice_stage.chain.airdrop(ME, 5, symbol="PEPPER", name="Pepper")
    stage.pass_blocks(2)
    answer = await adapter_of(stage).transfers_to([ME], begun + 1, stage.height)
    assert sorted((log.amount, log.asset == token, log.sender == OTHER) for log in answer.logs) == [
        (5, False, False),
        (12, True, True),
    ]
    far = await adapter_of(stage).transfers_to([ME], 1, stage.height + 5_000)
    assert far.refusal is LogRefusal.TOO_MUCH


@pytest.mark.parametrize(
    "lie",
    [
        entry(blockNumber=hex(90)),
        entry(blockNumber=hex(121)),
        entry(topics=[_TOPIC, "0x" + "0" * 64, "0x" + STRANGER.text[2:].rjust(64, "0")]),
        entry(topics=["0x" + "1" * 64, *entry()["topics"][1:]]),  # type: ignore[index]
        entry(topics=entry()["topics"][:2]),  # type: ignore[index]
        entry(topics=None),
        entry(topics=[_TOPIC, None, 3]),
        entry(address="0x1234"),
        entry(data="0xzz"),
        entry(data=None),
        entry(blockHash="0x" + "b" * 63),
        entry(transactionHash=None),
        entry(logIndex="three"),
        entry(logIndex=hex(2**40)),
        None,
        [],
        7,
    ],
    ids=lambda lie: str(lie)[:40],
)
async def test_a_log_that_cannot_be_is_the_servers_fault_and_no_payment(lie: object) -> None:
    stage = ToldStage()
    stage.tell(logs_of(entry(logIndex="0x0"), lie))
    with pytest.raises(NoEndpointLeft) as failure:
        await adapter_of(stage).transfers_to([ME], 100, 120)
    await stage.client.aclose()
    assert isinstance(failure.value.last, MalformedReply | ContradictoryReply)


@pytest.mark.parametrize("result", [{"result": None}, {"result": {}}, {"result": "0x"}, {"result": 3}])
async def test_what_is_no_list_is_no_answer(result: dict[str, Any]) -> None:
    stage = ToldStage()
    stage.tell(lambda _: result)
    with pytest.raises(NoEndpointLeft):
        await adapter_of(stage).transfers_to([ME], 100, 120)
    await stage.client.aclose()


async def test_one_log_told_twice_is_no_second_payment() -> None:
    stage = ToldStage()
    stage.tell(logs_of(entry(), entry()))
    with pytest.raises(NoEndpointLeft):
        await adapter_of(stage).transfers_to([ME], 100, 120)
    await stage.client.aclose()


async def test_what_a_contract_logs_in_its_own_way_is_left_out_and_no_server_is_blamed() -> None:
    stage = ToldStage()
    topics = entry()["topics"]
    assert isinstance(topics, list)
    stage.tell(
        logs_of(
            entry(logIndex="0x0", topics=[*topics, "0x" + "7" * 64], data="0x"),  # EIP-721
            entry(logIndex="0x1", data="0x"),
            entry(logIndex="0x2", data="0x" + "1" * 128),
            entry(logIndex="0x4", removed=True),
            entry(logIndex="0x5", topics=[topics[0], "0x" + "f" * 64, topics[2]]),
            entry(logIndex="0x6"),
        )
    )
    answer = await adapter_of(stage).transfers_to([ME], 100, 119)
    assert [(log.index, log.amount, log.sender) for log in answer.logs] == [(6, 700, STRANGER)]
    (status,) = adapter_of(stage).endpoint_statuses()
    assert status.last_error is None
    await stage.client.aclose()


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        ({"code": -32005, "message": "query returned more than 10000 results"}, LogRefusal.TOO_MUCH),
        ({"code": -32602, "message": "block range is too wide"}, LogRefusal.TOO_MUCH),
        ({"code": -32000, "message": "exceed maximum block range: 1000"}, LogRefusal.TOO_MUCH),
        ({"code": -32601, "message": "the method eth_getLogs does not exist/is not available"}, LogRefusal.NO_LOGS),
        ({"code": -32000, "message": "Method eth_getLogs not supported"}, LogRefusal.NO_LOGS),
    ],
)
async def test_refusals_are_told_apart(error: dict[str, Any], refusal: LogRefusal) -> None:
    stage = ToldStage()
    stage.tell(lambda _: {"error": error})
    answer = await adapter_of(stage).transfers_to([ME], 100, 120)
    await stage.client.aclose()
    assert (answer.refusal, answer.logs) == (refusal, ())


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        ("unauthorized: get a key", LogRefusal.NO_LOGS),
        ("archive requests need a paid plan", LogRefusal.NO_LOGS),
        ("query returned more than 10000 results", LogRefusal.TOO_MUCH),
    ],
)
async def test_who_refuses_a_single_block_has_no_logs_unless_the_block_is_full(
    message: str, refusal: LogRefusal
) -> None:
    stage = ToldStage()
    stage.tell(lambda _: {"error": {"code": -32000, "message": message}})
    answer = await adapter_of(stage).transfers_to([ME], 110, 110)
    await stage.client.aclose()
    assert answer.refusal is refusal


async def test_too_many_logs_are_asked_for_in_parts() -> None:
    stage = ToldStage()
    stage.tell(logs_of(*(entry(logIndex=hex(n)) for n in range(MOST_LOGS + 1))))
    answer = await adapter_of(stage).transfers_to([ME], 100, 120)
    assert answer.refusal is LogRefusal.TOO_MUCH
    await stage.client.aclose()


async def test_many_addresses_go_into_few_filters() -> None:
    stage = ToldStage()
    asked: list[dict[str, Any]] = []

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        asked.append(question)
        return {"result": []}

    stage.tell(answer)
    many = [Address(Family.EVM, f"0x{number:040x}") for number in range(1, 2 * ADDRESSES_AT_ONCE + 2)]
    await adapter_of(stage).transfers_to(many, 100, 120)
    await stage.client.aclose()
    assert [len(question["topics"][2]) for question in asked] == [ADDRESSES_AT_ONCE, ADDRESSES_AT_ONCE, 1]
    assert {(question["fromBlock"], question["toBlock"]) for question in asked} == {("0x64", "0x78")}
