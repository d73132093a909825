"""A payment tried, signed, sent, mined and read through raw JSON-RPC: practice networks behave as a real node does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chains.payers import GWEI, PLAIN_GAS, Payer, Refusal, hash_of, transfer_data
from tests.chains.stages import ACCOUNTS, assets_of

if TYPE_CHECKING:
    from tests.chains.stages import Stage

STRANGER = ACCOUNTS[2]
COIN_LOGS = "0x" + "e" * 40
TOO_DEAR = 10**30


@pytest.fixture
async def payer(stage: Stage) -> Payer:
    payer = Payer(stage)
    stage.welcome(payer.address)
    return payer


@pytest.mark.parametrize("kind", ["market", "legacy"])
async def test_coins_arrive_and_the_fee_is_the_receipts(stage: Stage, payer: Payer, kind: str) -> None:
    coin = assets_of(stage)[0]
    before = await payer.balance(payer.address, coin)
    raw = payer.coins(STRANGER, 12_345, **({"gasPrice": 3 * GWEI} if kind == "legacy" else {}))
    sent = await payer.send(raw)
    stage.pass_blocks(1)
    receipt = await payer.ask("eth_getTransactionReceipt", sent)
    block = await payer.ask("eth_getBlockByNumber", receipt["blockNumber"], False)
    price_wei = int(receipt["effectiveGasPrice"], 16)

    assert sent == hash_of(raw) == receipt["transactionHash"]
    assert (receipt["status"], receipt["logs"], int(receipt["gasUsed"], 16)) == ("0x1", [], PLAIN_GAS)
    assert (receipt["from"], receipt["to"]) == (str(payer.address), str(STRANGER))
    assert price_wei == (3 * GWEI if kind == "legacy" else int(block["baseFeePerGas"], 16) + GWEI)
    assert (block["hash"], block["transactions"]) == (receipt["blockHash"], [sent])
    assert await payer.balance(STRANGER, coin) == 12_345
    assert await payer.balance(payer.address, coin) == before - 12_345 - PLAIN_GAS * price_wei
    assert await payer.ask("eth_getTransactionCount", str(payer.address), "latest") == "0x1"


async def test_a_token_arrives_and_the_log_says_so(stage: Stage, payer: Payer) -> None:
    coin, token = assets_of(stage)[:2]
    before = [await payer.balance(payer.address, asset) for asset in (coin, token)]
    sent = await payer.send(payer.tokens(token, STRANGER, 67))
    stage.pass_blocks(1)
    receipt = await payer.ask("eth_getTransactionReceipt", sent)
    (log,) = receipt["logs"]
    fee_wei = int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)

    assert (log["address"], int(log["data"], 16), log["blockHash"]) == (token.reference, 67, receipt["blockHash"])
    assert [topic[-40:] for topic in log["topics"][1:]] == [str(payer.address)[2:], str(STRANGER)[2:]]
    assert await payer.balance(STRANGER, token) == 67
    assert [await payer.balance(payer.address, asset) for asset in (coin, token)] == [
        before[0] - fee_wei,
        before[1] - 67,
    ]


async def test_more_of_a_token_than_there_is_fails_and_costs_its_fee(stage: Stage, payer: Payer) -> None:
    coin, token = assets_of(stage)[:2]
    coins, tokens = [await payer.balance(payer.address, asset) for asset in (coin, token)]
    sent = await payer.send(payer.tokens(token, STRANGER, tokens + 1))
    stage.pass_blocks(1)
    receipt = await payer.ask("eth_getTransactionReceipt", sent)
    fee_wei = int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)

    assert (receipt["status"], receipt["logs"]) == ("0x0", [])
    assert await payer.balance(STRANGER, token) == 0
    assert [await payer.balance(payer.address, asset) for asset in (coin, token)] == [coins - fee_wei, tokens]
    assert await payer.ask("eth_getTransactionCount", str(payer.address), "latest") == "0x1"


async def test_too_little_gas_fails_and_costs_all_of_it(stage: Stage, payer: Payer) -> None:
    token = assets_of(stage)[1]
    sent = await payer.send(payer.tokens(token, STRANGER, 5, gas=23_000))
    stage.pass_blocks(1)
    receipt = await payer.ask("eth_getTransactionReceipt", sent)

    assert (receipt["status"], int(receipt["gasUsed"], 16)) == ("0x0", 23_000)
    assert await payer.balance(STRANGER, token) == 0


async def test_what_waits_is_shown_and_counted_until_it_is_mined(stage: Stage, payer: Payer) -> None:
    coin = assets_of(stage)[0]
    stage.hold_back()
    sent = [await payer.send(payer.coins(STRANGER, 100 + nonce, nonce)) for nonce in (0, 1)]
    waiting = await payer.ask("eth_getTransactionByHash", sent[1])
    counts = [await payer.ask("eth_getTransactionCount", str(payer.address), tag) for tag in ("latest", "pending")]

    assert (waiting["blockHash"], waiting["blockNumber"]) == (None, None)
    assert (waiting["from"], waiting["to"]) == (str(payer.address), str(STRANGER))
    assert [int(waiting[name], 16) for name in ("nonce", "value", "gas")] == [1, 101, PLAIN_GAS]
    assert [int(waiting[name], 16) for name in ("maxFeePerGas", "maxPriorityFeePerGas")] == [8 * GWEI, GWEI]
    assert counts == ["0x0", "0x2"]
    assert await payer.ask("eth_getTransactionReceipt", sent[0]) is None
    assert await payer.balance(STRANGER, coin) == 0

    stage.take_again()
    mined = await payer.ask("eth_getTransactionByHash", sent[1])
    receipt = await payer.ask("eth_getTransactionReceipt", sent[1])
    assert (mined["blockHash"], mined["transactionIndex"]) == (receipt["blockHash"], "0x1")
    assert int(receipt["cumulativeGasUsed"], 16) == 2 * PLAIN_GAS
    assert await payer.balance(STRANGER, coin) == 201


async def test_after_a_missing_nonce_everything_waits_for_it(stage: Stage, payer: Payer) -> None:
    early = await payer.send(payer.coins(STRANGER, 2, nonce=1))
    stage.pass_blocks(2)
    assert (await payer.ask("eth_getTransactionByHash", early))["blockHash"] is None
    assert await payer.ask("eth_getTransactionCount", str(payer.address), "pending") == "0x0"

    await payer.send(payer.coins(STRANGER, 1, nonce=0))
    stage.pass_blocks(2)
    assert (await payer.ask("eth_getTransactionReceipt", early))["status"] == "0x1"
    assert await payer.ask("eth_getTransactionCount", str(payer.address), "latest") == "0x2"


async def test_a_dearer_one_takes_the_place_of_one_that_waits(stage: Stage, payer: Payer) -> None:
    stage.hold_back()
    first = await payer.send(payer.coins(STRANGER, 100))
    with pytest.raises(Refusal, match="underpriced"):
        await payer.send(payer.coins(STRANGER, 7))
    dearer = {"maxFeePerGas": 10 * GWEI, "maxPriorityFeePerGas": 2 * GWEI}
    second = await payer.send(payer.coins(STRANGER, 7, **dearer))
    assert await payer.ask("eth_getTransactionByHash", first) is None

    stage.take_again()
    assert await payer.ask("eth_getTransactionReceipt", first) is None
    assert (await payer.ask("eth_getTransactionReceipt", second))["status"] == "0x1"
    assert await payer.balance(STRANGER, assets_of(stage)[0]) == 7


async def test_a_dropped_one_is_unknown_and_may_come_again(stage: Stage, payer: Payer) -> None:
    stage.hold_back()
    raw = payer.coins(STRANGER, 100)
    sent = await payer.send(raw)
    stage.drop(sent)
    assert await payer.ask("eth_getTransactionByHash", sent) is None
    assert await payer.ask("eth_getTransactionCount", str(payer.address), "pending") == "0x0"

    assert await payer.send(raw) == sent
    stage.take_again()
    assert (await payer.ask("eth_getTransactionReceipt", sent))["status"] == "0x1"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"wei": TOO_DEAR}, "nsufficient funds"),
        ({"gas": PLAIN_GAS - 1}, "intrinsic gas too low"),
        ({"chainId": 4242}, "invalid chain id"),
        ({"maxPriorityFeePerGas": 9 * GWEI}, "max priority fee per gas higher than max fee per gas"),
        ({"maxFeePerGas": 1, "maxPriorityFeePerGas": 1}, "underpriced|less than block base fee"),
    ],
)
async def test_what_cannot_be_mined_is_refused(stage: Stage, payer: Payer, fields: dict[str, int], words: str) -> None:
    wei = fields.get("wei", 1)
    with pytest.raises(Refusal, match=words):
        await payer.send(payer.coins(STRANGER, wei, **{key: value for key, value in fields.items() if key != "wei"}))
    assert await payer.ask("eth_getTransactionCount", str(payer.address), "pending") == "0x0"


async def test_the_same_again_is_refused_as_known_and_a_used_nonce_as_too_low(stage: Stage, payer: Payer) -> None:
    stage.hold_back()
    raw = payer.coins(STRANGER, 100)
    await payer.send(raw)
    with pytest.raises(Refusal, match=r"already (known|imported)"):
        await payer.send(raw)
    stage.take_again()
    for late in (raw, payer.coins(STRANGER, 5)):
        with pytest.raises(Refusal, match="nonce too low"):
            await payer.send(late)


@pytest.mark.parametrize("asset", ["coin", "token"])
async def test_a_simulation_names_every_movement_and_changes_nothing(stage: Stage, payer: Payer, asset: str) -> None:
    coin, token = assets_of(stage)[:2]
    call = {"from": str(payer.address), "to": str(STRANGER), "value": hex(55)}
    if asset == "token":
        call = {"from": str(payer.address), "to": token.reference, "data": transfer_data(STRANGER, 55)}
    asked = {"blockStateCalls": [{"calls": [call]}], "traceTransfers": True}
    (block,) = await payer.ask("eth_simulateV1", asked, "latest")
    (result,) = block["calls"]
    (log,) = result["logs"]

    assert result["status"] == "0x1"
    assert log["address"] == (COIN_LOGS if asset == "coin" else token.reference)
    assert [topic[-40:] for topic in log["topics"][1:]] == [str(payer.address)[2:], str(STRANGER)[2:]]
    assert int(log["data"], 16) == 55
    assert result["gasUsed"] == await payer.ask("eth_estimateGas", call, "latest")
    assert await payer.ask("eth_call", call, "latest") == result["returnData"]
    assert [await payer.balance(STRANGER, each) for each in (coin, token)] == [0, 0]


async def test_what_a_contract_refuses_is_said_with_its_reason_by_every_way_to_try(stage: Stage, payer: Payer) -> None:
    token = assets_of(stage)[1]
    call = {"from": str(STRANGER), "to": token.reference, "data": transfer_data(payer.address, 1)}
    for method in ("eth_call", "eth_estimateGas"):
        with pytest.raises(Refusal, match="reverted: ERC20: transfer amount exceeds balance") as caught:
            await payer.ask(method, call, "latest")
        assert caught.value.code == 3
        assert caught.value.data.startswith("0x08c379a0")
    (block,) = await payer.ask("eth_simulateV1", {"blockStateCalls": [{"calls": [call]}]}, "latest")
    (result,) = block["calls"]

    assert (result["status"], result["logs"]) == ("0x0", [])
    assert result["returnData"].startswith("0x08c379a0")
    assert bytes.fromhex(result["returnData"][2:]).find(b"exceeds balance") > 0
    assert result["error"]["message"].startswith("execution ")


async def test_a_simulated_payment_beyond_the_balance_is_an_error(stage: Stage, payer: Payer) -> None:
    call = {"from": str(payer.address), "to": str(STRANGER), "value": hex(TOO_DEAR)}
    for method, asked in (("eth_simulateV1", {"blockStateCalls": [{"calls": [call]}]}), ("eth_call", call)):
        with pytest.raises(Refusal, match="nsufficient funds"):
            await payer.ask(method, asked, "latest")


async def test_fees_rise_with_the_percentile(stage: Stage, payer: Payer) -> None:
    await payer.send(payer.coins(STRANGER, 1))
    stage.pass_blocks(4)
    history = await payer.ask("eth_feeHistory", "0x4", "latest", [10, 50, 90])
    assert (len(history["baseFeePerGas"]), len(history["reward"])) == (5, 4)
    for rewards in history["reward"]:
        assert [int(reward, 16) for reward in rewards] == sorted(int(reward, 16) for reward in rewards)


async def test_a_payment_in_a_block_that_was_replaced_has_no_receipt_of_that_block(stage: Stage, payer: Payer) -> None:
    stage.pass_blocks(3)
    sent = await payer.send(payer.coins(STRANGER, 100))
    stage.pass_blocks(1)
    first = await payer.ask("eth_getTransactionReceipt", sent)
    stage.reorg(2)
    second = await payer.ask("eth_getTransactionReceipt", sent)

    assert second is None or second["blockHash"] != first["blockHash"]
    block = await payer.ask("eth_getBlockByNumber", first["blockNumber"], False)
    assert block["hash"] != first["blockHash"]
    arrived = await payer.balance(STRANGER, assets_of(stage)[0])
    assert arrived == (0 if second is None else 100)


async def test_safe_and_finalized_blocks_are_not_above_the_head(stage: Stage, payer: Payer) -> None:
    stage.pass_blocks(20)
    heights = [
        int((await payer.ask("eth_getBlockByNumber", tag, False))["number"], 16)
        for tag in ("finalized", "safe", "latest")
    ]
    assert heights == sorted(heights)
    assert heights[0] < heights[2]
