"""The read that settles: pinned to a block that has the transaction in it, from a server that has that block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from desktop_wallet.chains.adapter import Mined, ReadRequest
from desktop_wallet.core.balances import BalanceKey, FailureReason, ReadMethod, RegistryId
from desktop_wallet.core.errors import EndpointUnreachable
from desktop_wallet.core.positions import Height, HeightKind
from tests.chains.evm.edited_node import ME, YOU, SendingStage, result, stage_of
from tests.fakes.anvil import EMPTY_REPLY, Anvil

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anvil
SUPPLY = 10**24


@pytest.fixture
async def stage() -> AsyncIterator[SendingStage]:
    """Yield one server before one node, three blocks high."""
    with Anvil() as node:
        stage = stage_of(node)
        node.mine(3)
        yield stage
        await stage.client.aclose()


def height(node: Anvil) -> Height:
    block = node.block()
    return Height(HeightKind.BLOCK, int(block["number"], 16), block["hash"])


def mined(block: Height, *, nonce: int = -1, told_by: str = "") -> list[Mined]:
    """Return that something of mine is mined in the block; no nonce is needed for nonce -1."""
    return [Mined(block, ME, nonce, told_by)]


def request(stage: SendingStage, *assets: str, avoid: frozenset[str] = frozenset()) -> ReadRequest:
    keys = [BalanceKey(stage.network.id, who, stage.coin) for who in (ME, YOU)]
    keys += [BalanceKey(stage.network.id, who, stage.token(asset)) for asset in assets for who in (ME, YOU)]
    return ReadRequest(tuple(keys), 7, RegistryId("registry"), user_asked=True, avoid=avoid)


async def test_the_amounts_after_a_transaction_are_read_at_its_block_or_above(stage: SendingStage) -> None:
    token = stage.node.deploy_token("Token", "TOK", supply=SUPPLY)
    stage.node.send_token(token, YOU.text, 5)
    block = height(stage.node)
    stage.node.mine()
    asked = request(stage, token)
    batch = await stage.adapter.read_settled(asked, mined(block), at_least=block.number + 1)

    assert batch is not None
    assert batch.failures == ()
    assert [reading.key for reading in batch.readings] == list(asked.keys)
    amounts = [int(stage.node.rpc("eth_getBalance", who.text, "latest"), 16) for who in (ME, YOU)]
    assert [reading.amount for reading in batch.readings] == [*amounts, SUPPLY - 5, 5]
    head = stage.node.block()
    assert {reading.position for reading in batch.readings} == {
        Height(HeightKind.BLOCK, block.number + 1, head["hash"], head["parentHash"], int(head["timestamp"], 16))
    }
    assert {(reading.method, reading.seq, reading.endpoint) for reading in batch.readings} == {
        (ReadMethod.PINNED, 7, "a.test")
    }


async def test_a_server_that_lags_is_passed_over() -> None:
    with Anvil() as behind, Anvil(twin_of=behind) as ahead:
        stage = stage_of(behind, ahead)
        ahead.send(YOU.text, wei=5)
        block = height(ahead)
        batch = await stage.adapter.read_settled(request(stage), mined(block), at_least=0)
        without = await stage.adapter.read_settled(
            request(stage, avoid=frozenset({"b.test"})), mined(block), at_least=0
        )
        await stage.client.aclose()

        assert batch is not None
        assert {reading.endpoint for reading in batch.readings} == {"b.test"}
        assert [reading.amount for reading in batch.readings][1] == 10_000 * 10**18 + 5
        assert without is None


async def test_a_server_of_the_same_height_on_another_branch_is_passed_over() -> None:
    with Anvil() as other, Anvil(twin_of=other) as ours:
        stage = stage_of(other, ours)
        other.mine(5)
        ours.send(YOU.text, wei=5)
        batch = await stage.adapter.read_settled(request(stage), mined(height(ours)), at_least=0)
        await stage.client.aclose()

        assert batch is not None
        assert {reading.endpoint for reading in batch.readings} == {"b.test"}


async def test_nobody_has_got_there_yet(stage: SendingStage) -> None:
    block = height(stage.node)
    assert await stage.adapter.read_settled(request(stage), mined(block), at_least=block.number + 1) is None
    assert await stage.adapter.read_settled(request(stage), [], at_least=block.number) is not None


async def test_nothing_is_settled_after_a_reorganisation(stage: SendingStage) -> None:
    stage.node.send(YOU.text, wei=5)
    block = height(stage.node)
    stage.node.mine()
    stage.node.reorg(2)
    stage.node.mine(2)
    assert await stage.adapter.read_settled(request(stage), mined(block), at_least=0) is None


async def test_a_chain_that_changes_before_the_balances_are_read_settles_nothing(stage: SendingStage) -> None:
    stage.node.send(YOU.text, wei=5)
    block = height(stage.node)

    async def reorganise() -> None:
        if len(stage.server.calls) == 1:
            stage.node.reorg(1)

    stage.server.after = reorganise
    assert await stage.adapter.read_settled(request(stage), mined(block), at_least=0) is None
    assert len(stage.server.calls) == 2


async def test_every_balance_is_asked_for_at_the_blocks_hash_which_must_stand(stage: SendingStage) -> None:
    asked = []

    def note(call: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
        asked.append(call["params"][-1])
        return reply

    token = stage.node.deploy_token("Token", "TOK", supply=SUPPLY)
    stage.server.edits["eth_getBalance"] = stage.server.edits["eth_call"] = note
    block = height(stage.node)
    await stage.adapter.read_settled(request(stage, token), mined(block), at_least=0)

    assert asked == [{"blockHash": block.hash, "requireCanonical": True}] * 4


async def test_a_key_that_gives_no_number_is_a_failure_beside_the_readings(stage: SendingStage) -> None:
    odd = "0x" + "0dd0" * 10
    stage.node.set_code(odd, EMPTY_REPLY)
    batch = await stage.adapter.read_settled(request(stage, odd), mined(height(stage.node)), at_least=0)

    assert batch is not None
    assert len(batch.readings) == 2
    assert {failure.reason for failure in batch.failures} == {FailureReason.EMPTY}


async def test_a_server_that_fails_or_talks_nonsense_is_passed_over() -> None:
    with Anvil() as node:
        stage = stage_of(node, node, node)

        async def fail() -> None:
            raise EndpointUnreachable(host="a.test", problem="connect")

        stage.servers[0].before = fail
        stage.servers[1].edits["eth_getBalance"] = result("nonsense")
        batch = await stage.adapter.read_settled(request(stage), mined(height(node)), at_least=0)
        await stage.client.aclose()

    assert batch is not None
    assert {reading.endpoint for reading in batch.readings} == {"c.test"}


async def test_many_keys_share_one_block(stage: SendingStage) -> None:
    keys = tuple(
        BalanceKey(stage.network.id, ME, stage.token(f"0x{number:040x}")) for number in range(2**20, 2**20 + 250)
    )
    batch = await stage.adapter.read_settled(
        ReadRequest(keys, 7, RegistryId("registry")), mined(height(stage.node)), at_least=0
    )

    assert batch is not None
    assert {failure.key for failure in batch.failures} == set(keys)


async def test_a_block_that_stands_proves_no_transaction_the_nonce_does(stage: SendingStage) -> None:
    stage.node.send(YOU.text, wei=5)
    block = height(stage.node)
    used = int(stage.node.rpc("eth_getTransactionCount", ME.text, "latest"), 16)

    assert await stage.adapter.read_settled(request(stage), mined(block, nonce=used), at_least=0) is None
    assert await stage.adapter.read_settled(request(stage), mined(block, nonce=used - 1), at_least=0) is not None


async def test_the_nonce_is_asked_for_at_the_hash_of_the_very_head_that_is_read(stage: SendingStage) -> None:
    asked = []

    def note(call: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
        asked.append(call["params"])
        return reply

    stage.server.edits["eth_getTransactionCount"] = note
    block = height(stage.node)
    stage.node.mine()
    assert await stage.adapter.read_settled(request(stage), mined(block), at_least=block.number + 1) is not None
    assert asked == [[ME.text, {"blockHash": height(stage.node).hash, "requireCanonical": True}]]


async def test_whoever_told_of_a_transaction_settles_it_only_where_no_other_server_gainsays_it() -> None:
    with Anvil() as node:
        stage = stage_of(node, node)
        liar, other = stage.servers
        liar.edits["eth_getTransactionCount"] = result("0xff")
        made_up = mined(height(node), nonce=7, told_by="a.test")
        assert await stage.adapter.read_settled(request(stage), made_up, at_least=0) is None
        assert liar.calls == []

        other.edits["eth_getBlockByNumber"] = result(None)
        batch = await stage.adapter.read_settled(request(stage), made_up, at_least=0)
        await stage.client.aclose()

    assert batch is not None
    assert {reading.endpoint for reading in batch.readings} == {"a.test"}
