"""What the practice network does with signed payments beyond what every chain does, and the hands that work it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
import rlp

from desktop_wallet.chains.practice.chain import PracticeFault
from desktop_wallet.chains.practice.prices import FLOOR_WEI
from desktop_wallet.chains.practice.worlds import PRACTICE
from desktop_wallet.core.errors import EndpointTimeout
from tests.chains.payers import GWEI, PLAIN_GAS, Payer, Refusal
from tests.chains.stages import ACCOUNTS, GIVER, PracticeStage, assets_of

if TYPE_CHECKING:
    from collections.abc import Callable

STRANGER = ACCOUNTS[2]
COIN, TOKEN = assets_of(PracticeStage())[:2]
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
async def payer(practice_stage: PracticeStage) -> Payer:
    payer = Payer(practice_stage)
    practice_stage.welcome(payer.address)
    return payer


async def status(payer: Payer, transaction: str) -> str | None:
    receipt = await payer.ask("eth_getTransactionReceipt", transaction)
    return None if receipt is None else str(receipt["status"])


async def test_the_next_block_takes_the_dearest_first_and_each_senders_in_order(
    practice_stage: PracticeStage, payer: Payer
) -> None:
    other = Payer(practice_stage, key="0x" + "47" * 32)
    practice_stage.welcome(other.address)
    cheap = await payer.send(payer.coins(STRANGER, 1, 0, maxPriorityFeePerGas=GWEI // 5))
    after_it = await payer.send(payer.coins(STRANGER, 1, 1, maxPriorityFeePerGas=4 * GWEI))
    dear = await other.send(other.coins(STRANGER, 1, 0, maxPriorityFeePerGas=GWEI))
    practice_stage.pass_blocks(1)
    block = await payer.ask("eth_getBlockByNumber", "latest", True)

    assert [each["hash"] for each in block["transactions"]] == [dear, cheap, after_it]
    assert [each["transactionIndex"] for each in block["transactions"]] == ["0x0", "0x1", "0x2"]
    assert 3 * PLAIN_GAS < int(block["gasUsed"], 16) < int(block["gasLimit"], 16)


async def test_fees_differ_by_speed_and_move_a_little_from_block_to_block(payer: Payer) -> None:
    history = await payer.ask("eth_feeHistory", "0x14", "latest", [10, 50, 90])
    again = await payer.ask("eth_feeHistory", "0x14", "latest", [10, 50, 90])
    base_fees = [int(fee, 16) for fee in history["baseFeePerGas"]]

    assert history == again
    assert len(set(base_fees)) > 3
    assert all(0 < ratio < 1 for ratio in history["gasUsedRatio"]), "tips of empty blocks are nobody's"
    assert all(abs(now - before) * 8 <= before for before, now in itertools.pairwise(base_fees))
    for rewards in history["reward"]:
        slow, normal, fast = (int(reward, 16) for reward in rewards)
        assert 0 < slow < normal < fast


async def test_what_pays_less_than_the_base_fee_waits_until_fees_fall(
    practice_stage: PracticeStage, payer: Payer
) -> None:
    chain = practice_stage.chain
    before = int(await payer.ask("eth_gasPrice"), 16)
    chain.raise_fees(20)
    assert int(await payer.ask("eth_gasPrice"), 16) > 10 * before
    sent = await payer.send(payer.coins(STRANGER, 100, maxFeePerGas=2 * GWEI))
    practice_stage.pass_blocks(10)
    assert await status(payer, sent) is None
    assert await payer.ask("eth_getTransactionByHash", sent) is not None

    chain.raise_fees(1)
    practice_stage.pass_blocks(1)
    assert await status(payer, sent) == "0x1"


async def test_a_replacement_needs_a_tenth_more_in_both_prices(practice_stage: PracticeStage, payer: Payer) -> None:
    practice_stage.hold_back()
    await payer.send(payer.coins(STRANGER, 100))
    for max_fee, tip in ((8.79, 1.1), (8.8, 1.09), (16, 1)):
        prices = {"maxFeePerGas": int(max_fee * GWEI), "maxPriorityFeePerGas": int(tip * GWEI)}
        with pytest.raises(Refusal, match="replacement transaction underpriced"):
            await payer.send(payer.coins(payer.address, 0, **prices))
    enough = {"maxFeePerGas": 88 * GWEI // 10, "maxPriorityFeePerGas": 11 * GWEI // 10}
    await payer.send(payer.coins(payer.address, 0, **enough))


async def test_several_that_wait_may_not_promise_more_than_there_is(payer: Payer) -> None:
    most = PRACTICE.gift_wei - 2 * PLAIN_GAS * 8 * GWEI
    await payer.send(payer.coins(STRANGER, most, 0))
    with pytest.raises(Refusal, match="insufficient funds"):
        await payer.send(payer.coins(STRANGER, 1, 1))
    await payer.send(payer.coins(STRANGER, 0, 1))


async def test_one_that_can_no_longer_pay_is_forgotten(practice_stage: PracticeStage, payer: Payer) -> None:
    chain = practice_stage.chain
    practice_stage.pass_blocks(1)
    chain.transfer(GIVER, payer.address, 10**18)
    practice_stage.pass_blocks(1)
    chain.hold_back()
    sent = await payer.send(payer.coins(STRANGER, PRACTICE.gift_wei))
    chain.reorganise(1, lose=True)
    practice_stage.take_again()
    assert await payer.ask("eth_getTransactionByHash", sent) is None
    assert await payer.balance(payer.address, COIN) == PRACTICE.gift_wei


async def test_held_back_blocks_go_on(practice_stage: PracticeStage, payer: Payer) -> None:
    practice_stage.hold_back()
    sent = await payer.send(payer.coins(STRANGER, 100))
    height = practice_stage.height
    practice_stage.pass_blocks(5)
    assert practice_stage.height == height + 5
    assert await status(payer, sent) is None
    practice_stage.take_again()
    receipt = await payer.ask("eth_getTransactionReceipt", sent)
    assert int(receipt["blockNumber"], 16) == height + 6


async def test_coins_that_are_sent_to_a_token_are_lost_and_other_calls_to_it_revert(
    practice_stage: PracticeStage, payer: Payer
) -> None:
    lost = await payer.send(payer.coins(TOKEN.reference, 100, 0))
    approve = await payer.send(
        payer.coins(TOKEN.reference, 0, 1, gas=90_000, data="0x095ea7b3" + "0" * 24 + "ab" * 20 + "0" * 64)
    )
    both = await payer.send(payer.tokens(TOKEN, STRANGER, 5, 2, value=1))
    practice_stage.pass_blocks(1)

    assert [await status(payer, each) for each in (lost, approve, both)] == ["0x1", "0x0", "0x0"]
    assert await payer.balance(TOKEN.reference, COIN) == 100
    assert await payer.balance(STRANGER, TOKEN) == 0


async def test_after_a_reorg_payments_are_undone_and_come_again_in_a_new_block(
    practice_stage: PracticeStage, payer: Payer
) -> None:
    practice_stage.pass_blocks(2)
    amounts = [await payer.balance(payer.address, asset) for asset in (COIN, TOKEN)]
    sent = [await payer.send(payer.coins(STRANGER, 100, 0)), await payer.send(payer.tokens(TOKEN, STRANGER, 7, 1))]
    hand = practice_stage.chain.transfer(GIVER, STRANGER, 1_000)
    practice_stage.pass_blocks(1)
    height = practice_stage.height
    assert await payer.balance(STRANGER, COIN) == 1_100
    practice_stage.reorg(2)

    assert practice_stage.height == height
    assert [await payer.balance(payer.address, asset) for asset in (COIN, TOKEN)] == amounts
    assert [await payer.balance(STRANGER, asset) for asset in (COIN, TOKEN)] == [0, 0]
    assert await payer.ask("eth_getTransactionCount", str(payer.address), "latest") == "0x0"
    assert await payer.ask("eth_getTransactionCount", str(payer.address), "pending") == "0x2"
    assert [await status(payer, each) for each in (*sent, hand)] == [None, None, None]

    practice_stage.pass_blocks(1)
    receipts = [await payer.ask("eth_getTransactionReceipt", each) for each in (*sent, hand)]
    assert {int(receipt["blockNumber"], 16) for receipt in receipts} == {height + 1}
    assert [await payer.balance(STRANGER, asset) for asset in (COIN, TOKEN)] == [1_100, 7]


async def test_a_reorg_can_lose_payments_and_their_nonces_are_free_again(
    practice_stage: PracticeStage, payer: Payer
) -> None:
    practice_stage.pass_blocks(2)
    raw = payer.coins(STRANGER, 100)
    sent = await payer.send(raw)
    practice_stage.pass_blocks(1)
    assert await status(payer, sent) == "0x1"
    practice_stage.chain.reorganise(2, lose=True)
    practice_stage.pass_blocks(3)

    assert await payer.ask("eth_getTransactionByHash", sent) is None
    assert await payer.balance(STRANGER, COIN) == 0
    assert await payer.balance(payer.address, COIN) == PRACTICE.gift_wei
    assert await payer.send(raw) == sent
    practice_stage.pass_blocks(1)
    assert await status(payer, sent) == "0x1"


async def test_gifts_outlive_a_reorg_in_their_own_blocks(practice_stage: PracticeStage, payer: Payer) -> None:
    newcomer = Payer(practice_stage, key="0x" + "48" * 32)
    practice_stage.pass_blocks(1)
    given_at = hex(practice_stage.height)
    practice_stage.welcome(newcomer.address)
    practice_stage.pass_blocks(2)
    practice_stage.reorg(100)

    gifts = [await newcomer.balance(newcomer.address, asset) for asset in (COIN, TOKEN)]
    assert gifts == [PRACTICE.gift_wei, PRACTICE.tokens[0].gift]
    before, at = [
        int(await payer.ask("eth_getBalance", str(newcomer.address), block), 16)
        for block in (hex(int(given_at, 16) - 1), given_at)
    ]
    assert (before, at) == (0, PRACTICE.gift_wei)
    assert await payer.balance(payer.address, COIN) == PRACTICE.gift_wei


async def test_a_server_that_cannot_simulate_says_so_and_nothing_else_changes(
    practice_stage: PracticeStage, payer: Payer
) -> None:
    practice_stage.chain.simulates(False)
    call = {"from": str(payer.address), "to": str(STRANGER), "value": "0x1"}
    with pytest.raises(Refusal, match="does not exist") as caught:
        await payer.ask("eth_simulateV1", {"blockStateCalls": [{"calls": [call]}]}, "latest")
    assert caught.value.code == -32601
    assert await payer.ask("eth_call", call, "latest") == "0x"
    assert await payer.ask("eth_estimateGas", call) == hex(PLAIN_GAS)


async def test_an_account_can_be_one_that_a_contract_acts_for_and_gets_what_is_sent(
    practice_stage: PracticeStage, payer: Payer
) -> None:
    practice_stage.chain.delegate(STRANGER, ACCOUNTS[0])
    assert await payer.ask("eth_getCode", str(STRANGER), "latest") == "0xef0100" + str(ACCOUNTS[0])[2:]
    sent = await payer.send(payer.coins(STRANGER, 100))
    practice_stage.pass_blocks(1)
    assert await status(payer, sent) == "0x1"
    assert await payer.balance(STRANGER, COIN) == 100
    practice_stage.chain.delegate(STRANGER, None)
    assert await payer.ask("eth_getCode", str(STRANGER), "latest") == "0x"


async def test_a_broadcast_may_be_taken_and_not_answered(practice_stage: PracticeStage, payer: Payer) -> None:
    practice_stage.chain.fail_next(PracticeFault.UNANSWERED)
    raw = payer.coins(STRANGER, 100)
    with pytest.raises(EndpointTimeout):
        await payer.send(raw)
    practice_stage.clock.advance(60)
    with pytest.raises(Refusal, match="nonce too low"):
        await payer.send(raw)
    assert await payer.balance(STRANGER, COIN) == 100


async def test_under_the_floor_nothing_is_taken_in(payer: Payer) -> None:
    with pytest.raises(Refusal, match="transaction underpriced"):
        await payer.send(payer.coins(STRANGER, 1, maxFeePerGas=FLOOR_WEI - 1, maxPriorityFeePerGas=1))


async def test_of_each_signature_only_one_form_is_taken(payer: Payer) -> None:
    fields = rlp.decode(bytes.fromhex(payer.coins(STRANGER, 1)[4:]))
    s = int.from_bytes(fields[11], "big")
    assert s <= HALF_ORDER
    other = [*fields[:9], b"" if fields[9] else b"\x01", fields[10], (ORDER - s).to_bytes(32, "big")]
    with pytest.raises(Refusal, match="invalid transaction v, r, s values"):
        await payer.send("0x02" + rlp.encode(other).hex())


def _cut(raw: bytes) -> bytes:
    return raw[:-1]


def _longer(raw: bytes) -> bytes:
    return raw + b"\0"


def _typed(fields: list[object]) -> bytes:
    encoded: bytes = rlp.encode(fields)
    return b"\x02" + encoded


def _padded_nonce(raw: bytes) -> bytes:
    fields = rlp.decode(raw[1:])
    return _typed([fields[0], b"\x00", *fields[2:]])


def _listed_nonce(raw: bytes) -> bytes:
    fields = rlp.decode(raw[1:])
    return _typed([fields[0], [], *fields[2:]])


def _making_a_contract(raw: bytes) -> bytes:
    fields = rlp.decode(raw[1:])
    return _typed([*fields[:5], b"", *fields[6:]])


def _with_access_list(raw: bytes) -> bytes:
    fields = rlp.decode(raw[1:])
    return _typed([*fields[:8], [[b"\1" * 20, []]], *fields[9:]])


def _other_type(raw: bytes) -> bytes:
    return b"\x03" + raw[1:]


def _nothing(raw: bytes) -> bytes:
    return b""


@pytest.mark.parametrize(
    "change",
    [_cut, _longer, _padded_nonce, _listed_nonce, _making_a_contract, _with_access_list, _other_type, _nothing],
)
async def test_bytes_that_are_no_payment_are_refused(payer: Payer, change: Callable[[bytes], bytes]) -> None:
    raw = bytes.fromhex(payer.coins(STRANGER, 1)[2:])
    with pytest.raises(Refusal):
        await payer.send("0x" + change(raw).hex())


async def test_an_old_signature_that_any_chain_would_take_is_refused(payer: Payer) -> None:
    fields = rlp.decode(bytes.fromhex(payer.coins(STRANGER, 1, gasPrice=GWEI)[2:]))
    with pytest.raises(Refusal, match="EIP-155"):
        await payer.send("0x" + rlp.encode([*fields[:6], b"\x1b", *fields[7:]]).hex())
