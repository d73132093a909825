"""What servers say of transactions that were sent: on a real node whose chain is changed, and from servers that lie."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.chains.adapter import Wanted
from desktop_wallet.core.addresses import parse_address
from desktop_wallet.core.errors import EndpointUnreachable
from desktop_wallet.core.networks import Family
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.core.sightings import Presence, Seen, Sighting
from desktop_wallet.core.signing import SignedTransaction, TransactionId
from tests.chains.evm.edited_node import (
    ME,
    YOU,
    Edit,
    SendingStage,
    changed,
    error,
    receipt_of,
    result,
    signed,
    stage_of,
)
from tests.fakes.anvil import REVERTING, Anvil

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anvil
CONTRACT = parse_address(Family.EVM, "0x" + "c0de" * 10)


@pytest.fixture
async def stage() -> AsyncIterator[SendingStage]:
    """Yield one server before one node."""
    with Anvil() as node:
        stage = stage_of(node)
        yield stage
        await stage.client.aclose()


def wanted(transaction: SignedTransaction, nonce: int = 0, block: Height | None = None) -> Wanted:
    return Wanted(transaction.id, ME, nonce, block)


def put_in(stage: SendingStage, transaction: SignedTransaction) -> None:
    """Hand it to the node; it is mined at once unless the node was told to wait."""
    stage.node.rpc("eth_sendRawTransaction", f"0x{transaction.raw.hex()}")


def mined(stage: SendingStage, *, tip_gwei: int = 1, wei: int = 1) -> SignedTransaction:
    transaction = signed(stage.node, tip_gwei=tip_gwei, wei=wei)
    put_in(stage, transaction)
    receipt_of(stage.node, transaction.id)
    return transaction


def waiting(stage: SendingStage) -> SignedTransaction:
    stage.node.rpc("evm_setAutomine", False)
    transaction = signed(stage.node)
    put_in(stage, transaction)
    return transaction


def height(stage: SendingStage, number: int | str = "latest") -> Height:
    block = stage.node.block(number)
    return Height(
        HeightKind.BLOCK, int(block["number"], 16), block["hash"], block["parentHash"], int(block["timestamp"], 16)
    )


async def look(stage: SendingStage, *wishes: Wanted) -> Sighting:
    (sighting,) = await stage.adapter.look_up(wishes)
    return sighting


async def test_a_mined_transaction_is_seen_in_its_block_with_what_it_paid(stage: SendingStage) -> None:
    before = int(stage.node.rpc("eth_getBalance", ME.text, "latest"), 16)
    transaction = mined(stage, wei=5)
    block = height(stage)
    paid = before - 5 - int(stage.node.rpc("eth_getBalance", ME.text, "latest"), 16)
    stage.node.mine(2)
    sighting = await look(stage, wanted(transaction))

    assert sighting.transactions == {transaction.id: Seen(Presence.MINED, block, succeeded=True, fee_paid=paid)}
    assert sighting.used_nonces == {ME: 1}
    assert sighting.head == height(stage)
    assert sighting.host == "a.test"


async def test_a_transaction_whose_block_is_known_takes_one_question(stage: SendingStage) -> None:
    transaction = mined(stage)
    block = height(stage)
    sighting = await look(stage, wanted(transaction, block=block))

    assert sighting.standing == {block.hash: True}
    assert sighting.transactions[transaction.id].block == block
    assert len(stage.server.calls) == 1


async def test_a_transaction_that_gave_up_has_failed(stage: SendingStage) -> None:
    stage.node.set_code(CONTRACT.text, REVERTING)
    transaction = signed(stage.node, to=CONTRACT, gas=30_000)
    put_in(stage, transaction)
    receipt_of(stage.node, transaction.id)
    seen = (await look(stage, wanted(transaction))).transactions[transaction.id]

    assert (seen.presence, seen.succeeded) == (Presence.MINED, False)
    assert seen.fee_paid


async def test_a_transaction_in_the_pool_waits(stage: SendingStage) -> None:
    transaction = waiting(stage)
    sighting = await look(stage, wanted(transaction))

    assert sighting.transactions == {transaction.id: Seen(Presence.WAITING)}
    assert sighting.used_nonces == {ME: 0}
    assert len(stage.server.calls) == 1


async def test_a_dropped_transaction_is_absent(stage: SendingStage) -> None:
    transaction = waiting(stage)
    stage.node.rpc("anvil_dropTransaction", transaction.id)
    assert (await look(stage, wanted(transaction))).transactions == {transaction.id: Seen(Presence.ABSENT)}


async def test_a_transaction_replaced_by_another_program_is_absent_and_its_nonce_used(stage: SendingStage) -> None:
    transaction = signed(stage.node)
    other = mined(stage, tip_gwei=5, wei=7)
    sighting = await look(stage, wanted(transaction), wanted(other))

    assert sighting.transactions[transaction.id] == Seen(Presence.ABSENT)
    assert sighting.transactions[other.id].presence is Presence.MINED
    assert sighting.used_nonces == {ME: 1}


async def test_a_transaction_mined_between_two_questions_does_not_look_replaced(stage: SendingStage) -> None:
    transaction = waiting(stage)
    rounds = stage.server.calls
    # The node behind the server mines between its answers to one batch, receipts first.
    stage.server.edits["eth_getTransactionCount"] = lambda _, reply: {"result": "0x1"} if len(rounds) == 1 else reply
    stage.server.edits["eth_getTransactionByHash"] = lambda _, reply: {"result": None} if len(rounds) == 1 else reply

    async def mine() -> None:
        if len(rounds) == 1:
            stage.node.mine()

    stage.server.after = mine
    sighting = await look(stage, wanted(transaction))

    assert len(rounds) == 2
    assert sighting.transactions[transaction.id].presence is Presence.WAITING
    assert sighting.used_nonces == {ME: 0}
    assert (await look(stage, wanted(transaction))).transactions[transaction.id].presence is Presence.MINED


async def test_a_server_that_cannot_count_at_a_block_says_nothing_of_nonces(stage: SendingStage) -> None:
    transaction = signed(stage.node)
    mined(stage, tip_gwei=5, wei=7)
    stage.server.edits["eth_getTransactionCount"] = lambda call, reply: (
        reply if call["params"][1] == "latest" else {"error": {"code": -32602, "message": "invalid argument 1"}}
    )
    sighting = await look(stage, wanted(transaction))

    assert sighting.used_nonces == {}
    assert sighting.transactions == {transaction.id: Seen(Presence.ABSENT)}


async def test_a_reorganisation_takes_a_transaction_away_and_it_may_be_mined_again(stage: SendingStage) -> None:
    stage.node.mine(3)
    transaction = mined(stage)
    block = height(stage)
    stage.node.reorg(1)
    sighting = await look(stage, wanted(transaction, block=block))

    assert sighting.standing == {block.hash: False}
    assert sighting.transactions[transaction.id].presence is not Presence.MINED
    assert sighting.used_nonces == {ME: 0}

    stage.node.rpc("anvil_dropTransaction", transaction.id)
    put_in(stage, transaction)
    stage.node.mine()
    again = (await look(stage, wanted(transaction, block=block))).transactions[transaction.id]
    assert again.presence is Presence.MINED
    assert again.block != block


async def test_a_receipt_from_a_block_that_does_not_stand_is_not_mined(stage: SendingStage) -> None:
    transaction = mined(stage)
    gone = "0x" + "12" * 32
    stage.server.edits["eth_getTransactionReceipt"] = changed(blockHash=gone)
    assert (await look(stage, wanted(transaction))).transactions == {transaction.id: Seen(Presence.ABSENT)}
    stage.server.edits["eth_getTransactionByHash"] = changed(blockHash=None)
    assert (await look(stage, wanted(transaction))).transactions == {transaction.id: Seen(Presence.WAITING)}


@pytest.mark.parametrize("edit", [result(None), error(-32000, "header not found")], ids=["null", "error"])
async def test_a_block_that_a_server_has_not_reached_neither_stands_nor_falls(stage: SendingStage, edit: Edit) -> None:
    block = Height(HeightKind.BLOCK, 100, "0x" + "12" * 32)
    stage.server.edits["eth_getBlockByNumber"] = lambda call, reply: (
        edit(call, reply) if call["params"][0] == hex(100) else reply
    )
    assert (await look(stage, wanted(signed(stage.node), block=block))).standing == {}


async def test_the_newest_final_block_is_told() -> None:
    with Anvil(options=("--slots-in-an-epoch", "1")) as node:
        stage = stage_of(node)
        transaction = mined(stage)
        node.mine(10)
        sighting = await look(stage, wanted(transaction))
        await stage.client.aclose()

        assert sighting.finalized == int(node.block("finalized")["number"], 16)
        assert 0 < sighting.finalized < sighting.head.number


@pytest.mark.parametrize(
    "edit", [error(-39001, "unknown block"), result(None), changed(number=hex(10**6))], ids=["error", "none", "ahead"]
)
async def test_a_final_block_that_is_not_there_or_above_the_head_is_none(stage: SendingStage, edit: Edit) -> None:
    stage.server.edits["eth_getBlockByNumber"] = lambda call, reply: (
        edit(call, reply) if call["params"][0] == "finalized" else reply
    )
    assert (await look(stage, wanted(mined(stage)))).finalized is None


@pytest.mark.parametrize(
    ("fields", "more"),
    [
        ({"l1Fee": hex(100)}, 100),
        ({"operatorFeeScalar": hex(2_000_000), "operatorFeeConstant": hex(7)}, 2 * 21_000 + 7),
        (
            {"operatorFeeScalar": "0x3", "operatorFeeConstant": "0x7", "daFootprintGasScalar": "0x190"},
            300 * 21_000 + 7,
        ),
        ({"l1Fee": None}, 0),
    ],
    ids=["data", "operator", "operator since Jovian", "null"],
)
async def test_what_a_rollup_took_beside_the_gas_is_part_of_the_fee(
    stage: SendingStage, fields: dict[str, object], more: int
) -> None:
    transaction = mined(stage)
    plain = (await look(stage, wanted(transaction))).transactions[transaction.id].fee_paid
    stage.server.edits["eth_getTransactionReceipt"] = changed(**fields)
    with_more = (await look(stage, wanted(transaction))).transactions[transaction.id].fee_paid

    assert plain is not None
    assert with_more == plain + more


async def test_a_receipt_without_a_price_takes_the_transactions_own(stage: SendingStage) -> None:
    transaction = mined(stage)
    plain = (await look(stage, wanted(transaction))).transactions[transaction.id].fee_paid
    stage.server.edits["eth_getTransactionReceipt"] = changed(effectiveGasPrice=None)
    assert (await look(stage, wanted(transaction))).transactions[transaction.id].fee_paid == plain


NONSENSE: dict[str, dict[str, Edit]] = {
    "another receipt": {"eth_getTransactionReceipt": changed(transactionHash="0x" + "12" * 32)},
    "another transaction": {"eth_getTransactionByHash": changed(hash="0x" + "12" * 32)},
    "a status of 2": {"eth_getTransactionReceipt": changed(status="0x2")},
    "no status": {"eth_getTransactionReceipt": changed(status=None)},
    "gas that is none": {"eth_getTransactionReceipt": changed(gasUsed="21000")},
    "gas beyond all": {"eth_getTransactionReceipt": changed(gasUsed=hex(2**64))},
    "a fee that is none": {"eth_getTransactionReceipt": changed(l1Fee="-0x1")},
    "a receipt that is none": {"eth_getTransactionReceipt": result("0x")},
    "a transaction that is none": {"eth_getTransactionByHash": result([])},
    "an error": {"eth_getTransactionReceipt": error(-32000, "boo")},
    "a count that is none": {"eth_getTransactionCount": result("1")},
    "a final block that is none": {
        "eth_getBlockByNumber": lambda call, reply: {"result": 7} if call["params"][0] == "finalized" else reply
    },
    "a head from the day after tomorrow": {"eth_getBlockByNumber": changed(timestamp=hex(2**40))},
    "another chain": {"eth_chainId": result("0x1")},
}


@pytest.mark.parametrize("edits", NONSENSE.values(), ids=NONSENSE)
async def test_a_server_that_talks_nonsense_is_missing_and_the_next_one_asked(edits: dict[str, Edit]) -> None:
    with Anvil() as node:
        stage = stage_of(node, node)
        transaction = mined(stage)
        stage.server.edits.update(edits)
        alone = await stage.adapter.look_up([wanted(transaction)])
        everywhere = await stage.adapter.look_up([wanted(transaction)], everywhere=True)
        await stage.client.aclose()

    assert [sighting.host for sighting in alone] == ["b.test"]
    assert [sighting.host for sighting in everywhere] == ["b.test"]


async def test_a_server_that_fails_at_the_second_question_is_missing() -> None:
    with Anvil() as node:
        stage = stage_of(node, node)
        transaction = mined(stage)

        async def fail_later() -> None:
            if len(stage.server.calls) > 1:
                raise EndpointUnreachable(host="a.test", problem="closed")

        stage.server.before = fail_later
        (sighting,) = await stage.adapter.look_up([wanted(transaction)])
        await stage.client.aclose()

    assert (len(stage.server.calls), sighting.host) == (2, "b.test")


async def test_every_server_is_asked_and_those_that_do_not_answer_are_missing() -> None:
    with Anvil() as node, Anvil(twin_of=node) as behind:
        stage = stage_of(node, behind, node)
        transaction = mined(stage)

        async def fail() -> None:
            raise EndpointUnreachable(host="c.test", problem="connect")

        stage.servers[2].before = fail
        sightings = await stage.adapter.look_up([wanted(transaction)], everywhere=True)
        await stage.client.aclose()

    presences = {each.host: each.transactions[transaction.id].presence for each in sightings}
    assert presences == {"a.test": Presence.MINED, "b.test": Presence.ABSENT}


async def test_nobody_answers_and_nothing_is_raised() -> None:
    node = Anvil()
    with node:
        stage = stage_of(node)
        transaction = signed(node)

        async def fail() -> None:
            raise EndpointUnreachable(host="a.test", problem="connect")

        stage.server.before = fail
        for everywhere in (False, True):
            assert await stage.adapter.look_up([wanted(transaction)], everywhere=everywhere) == ()
        await stage.client.aclose()


async def test_a_long_list_is_one_sighting_at_one_head(stage: SendingStage) -> None:
    transaction = mined(stage)
    unknown = [Wanted(TransactionId(f"0x{number:064x}"), YOU, number) for number in range(80)]
    sighting = await look(stage, wanted(transaction), *unknown)

    assert len(sighting.transactions) == 81
    assert sighting.transactions[transaction.id].presence is Presence.MINED
    assert sighting.used_nonces == {ME: 1, YOU: 0}


async def test_nothing_wanted_asks_nobody(stage: SendingStage) -> None:
    assert await stage.adapter.look_up([]) == ()
    assert stage.server.calls == []


async def test_a_hash_in_upper_case_is_the_same_hash(stage: SendingStage) -> None:
    transaction = mined(stage)
    block = height(stage)
    assert block.hash is not None
    loud = replace(block, hash="0x" + block.hash[2:].upper())
    assert (await look(stage, wanted(transaction, block=loud))).standing == {loud.hash: True}
