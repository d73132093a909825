"""Other servers are asked for the same balances at the very same block."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.chains.adapter import BlockSeen, ReadRequest
from desktop_wallet.core.balances import BalanceKey, ReadMethod, RegistryId
from desktop_wallet.core.positions import Height
from tests.chains.evm.edited_node import ETHER, ME, YOU, SendingStage, error, result, stage_of
from tests.fakes.anvil import Anvil

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from desktop_wallet.chains.adapter import Witness

pytestmark = pytest.mark.anvil
HELD = "a.test"


@pytest.fixture
async def stage() -> AsyncIterator[SendingStage]:
    """Yield three servers before one node."""
    with Anvil() as node:
        node.mine(3)
        stage = stage_of(node, node, node)
        yield stage
        await stage.client.aclose()


def request(stage: SendingStage, *, avoid: frozenset[str] = frozenset((HELD,))) -> ReadRequest:
    keys = tuple(BalanceKey(stage.network.id, who, stage.coin) for who in (ME, YOU))
    return ReadRequest(keys, 7, RegistryId("registry"), user_asked=True, avoid=avoid)


async def held(stage: SendingStage) -> Height:
    """Return where the first server's answer was read."""
    others = frozenset(server.host for server in stage.servers[1:])
    async for batch in stage.adapter.read_balances(request(stage, avoid=others)):
        for reading in batch.readings:
            assert isinstance(reading.position, Height)
            assert reading.endpoint == HELD
            return reading.position
    raise AssertionError("nothing was read")


def seen(witnesses: tuple[Witness, ...]) -> list[tuple[str, BlockSeen]]:
    return [(witness.host, witness.block) for witness in witnesses]


async def test_the_next_server_reads_at_the_same_block_though_the_chain_went_on(stage: SendingStage) -> None:
    at = await held(stage)
    stage.node.send(YOU.text, wei=5)
    (witness,) = await stage.adapter.witnesses(request(stage), at)

    assert seen((witness,)) == [("b.test", BlockSeen.READ)]
    assert witness.batch is not None
    assert [reading.amount for reading in witness.batch.readings] == [10_000 * ETHER, 10_000 * ETHER]
    assert {(reading.position, reading.method) for reading in witness.batch.readings} == {(at, ReadMethod.PINNED)}


async def test_a_server_that_reads_another_amount_is_heard_too(stage: SendingStage) -> None:
    at = await held(stage)
    stage.servers[1].edits["eth_getBalance"] = result("0x7")
    (witness,) = await stage.adapter.witnesses(request(stage), at)
    assert witness.batch is not None
    assert [reading.amount for reading in witness.batch.readings] == [7, 7]


async def test_a_block_without_a_hash_is_known_by_its_parent_and_its_time(stage: SendingStage) -> None:
    at = await held(stage)
    without = replace(at, hash=None)
    (witness,) = await stage.adapter.witnesses(request(stage), without)
    assert witness.batch is not None
    assert {reading.position for reading in witness.batch.readings} == {at}
    another = replace(without, parent_hash="0x" + "ab" * 32)
    assert {block for _, block in seen(await stage.adapter.witnesses(request(stage), another))} == {BlockSeen.ANOTHER}
    timeless = replace(without, time_s=None, parent_hash=None)
    assert {block for _, block in seen(await stage.adapter.witnesses(request(stage), timeless))} == {BlockSeen.ANOTHER}


async def test_a_server_that_cannot_tell_is_followed_by_one_that_can(stage: SendingStage) -> None:
    at = await held(stage)
    stage.servers[1].edits["eth_getBalance"] = error(-32000, "missing trie node")
    witnesses = await stage.adapter.witnesses(request(stage), at)
    assert seen(witnesses) == [("b.test", BlockSeen.FORGOTTEN), ("c.test", BlockSeen.READ)]


async def test_nonsense_is_no_answer(stage: SendingStage) -> None:
    at = await held(stage)
    stage.servers[1].edits["eth_getBlockByNumber"] = result("yes")
    stage.servers[2].edits["eth_getBalance"] = result({})
    witnesses = await stage.adapter.witnesses(request(stage), at)
    assert {block for _, block in seen(witnesses)} == {BlockSeen.NO_ANSWER}
    assert len(witnesses) == 2


async def test_a_server_that_is_behind_has_not_got_there_and_one_on_another_branch_has_another_block() -> None:
    with Anvil() as ahead, Anvil(twin_of=ahead) as behind, Anvil(twin_of=ahead) as astray:
        stage = stage_of(ahead, behind, astray)
        ahead.send(YOU.text, wei=5)
        astray.mine(4)
        witnesses = await stage.adapter.witnesses(request(stage), await held(stage))
        await stage.client.aclose()
    assert dict(seen(witnesses)) == {"b.test": BlockSeen.NOT_YET, "c.test": BlockSeen.ANOTHER}


async def test_without_another_server_nobody_is_asked(stage: SendingStage) -> None:
    at = await held(stage)
    everybody = frozenset(server.host for server in stage.servers)
    assert await stage.adapter.witnesses(request(stage, avoid=everybody), at) == ()
