"""What only a real node can show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.chains.adapter import ReadRequest
from desktop_wallet.chains.evm import multicall
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import BalanceKey, FailureReason, ReadMethod
from desktop_wallet.core.networks import Endpoint, HeightCall
from desktop_wallet.core.positions import Height
from tests.chains.stages import (
    ACCOUNTS,
    REGISTRY,
    SEQ,
    AnvilStage,
    adapter_of,
    gifts_of,
    keys_of,
    network_of,
    read,
)
from tests.fakes.anvil import EMPTY_REPLY, GREEDY, Anvil

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_wallet.core.balances import Reading

pytestmark = pytest.mark.anvil
ODD = "0x" + "0dd0" * 10


def height_of(readings: Iterable[Reading]) -> Height:
    (position,) = {reading.position for reading in readings}
    assert isinstance(position, Height)
    return position


async def test_coins_set_out_of_the_blue_show(anvil_stage: AnvilStage) -> None:
    adapter = adapter_of(anvil_stage)
    key = keys_of(anvil_stage)[0]
    await read(adapter, [key])
    anvil_stage.node.set_balance(ACCOUNTS[0].text, 2**255 + 1)
    readings, _ = await read(adapter, [key])

    assert readings[key].amount == 2**255 + 1


async def test_a_node_that_starts_again_is_another_chain(anvil_stage: AnvilStage) -> None:
    adapter = adapter_of(anvil_stage)
    key = keys_of(anvil_stage)[0]
    first, _ = await read(adapter, [key])
    anvil_stage.node.stop()
    _, failures = await read(adapter, [key])
    anvil_stage.node.start()
    second, _ = await read(adapter, [key])

    assert failures[key].reason is FailureReason.UNREACHABLE
    assert second[key].chain_hash == anvil_stage.genesis
    assert second[key].chain_hash != first[key].chain_hash
    assert second[key].amount == 0


async def test_a_restart_between_two_reads_is_noticed_without_a_failure(anvil_stage: AnvilStage) -> None:
    adapter = adapter_of(anvil_stage)
    first, _ = await read(adapter, keys_of(anvil_stage))
    old_genesis = anvil_stage.genesis
    anvil_stage.node.restart()
    anvil_stage.node.mine(100)
    # The contract was on the old chain and is not on the new one.
    second, failures = await read(adapter, keys_of(anvil_stage, ACCOUNTS[2:])[:1])

    (reading,) = second.values()
    assert not failures
    assert {r.chain_hash for r in first.values()} == {old_genesis}
    assert reading.chain_hash == anvil_stage.genesis != old_genesis
    assert reading.method is ReadMethod.PINNED


async def test_a_contract_that_appears_on_the_new_chain_is_used_again(anvil_stage: AnvilStage) -> None:
    stage = anvil_stage
    adapter = adapter_of(stage)
    key = keys_of(stage)[0]
    stage.node.restart()
    readings, _ = await read(adapter, [key])
    assert readings[key].method is ReadMethod.PINNED
    stage.node.restart()
    stage.node.put_multicall3()
    readings, _ = await read(adapter, [key])
    assert readings[key].method is ReadMethod.MULTICALL


async def test_a_head_that_falls_makes_the_server_show_its_chain_again(anvil_stage: AnvilStage) -> None:
    adapter = adapter_of(anvil_stage)
    keys = keys_of(anvil_stage)
    snapshot = anvil_stage.node.rpc("evm_snapshot")
    anvil_stage.node.mine(3)
    first, _ = await read(adapter, keys)
    anvil_stage.node.rpc("evm_revert", snapshot)
    anvil_stage.client.posted.clear()
    second, _ = await read(adapter, keys)

    assert height_of(second.values()).number == height_of(first.values()).number - 3
    assert [b"eth_chainId" in body for body in anvil_stage.client.posted] == [False, True]
    assert {reading.chain_hash for reading in second.values()} == {anvil_stage.genesis}


async def test_a_held_block_is_gone_after_a_reorganisation_that_left_height_and_amount_alone(
    anvil_stage: AnvilStage,
) -> None:
    adapter = adapter_of(anvil_stage)
    anvil_stage.node.mine(3)
    first, _ = await read(adapter, keys_of(anvil_stage))
    held = height_of(first.values())
    anvil_stage.node.reorg(1)
    second, _ = await read(adapter, keys_of(anvil_stage))
    new = height_of(second.values())

    assert (new.number, [r.amount for r in second.values()]) == (held.number, [r.amount for r in first.values()])
    assert new.hash != held.hash
    assert await adapter.is_on_chain(held) is False
    assert await adapter.is_on_chain(new) is True


async def test_arbitrum_tells_its_own_height_and_proves_no_hash(anvil_stage: AnvilStage) -> None:
    stage = anvil_stage
    stage.node.put_arb_sys(stage.height + 1)
    stage.node.mine()
    adapter = adapter_of(stage, replace(stage.network, height_call=HeightCall.ARBSYS))
    readings, failures = await read(adapter, keys_of(stage))

    assert not failures
    position = height_of(readings.values())
    assert (position.number, position.time_s) == (stage.height, stage.block(stage.height)[2])
    assert (position.hash, position.parent_hash) == (None, None)


async def test_a_height_that_counts_another_networks_blocks_is_not_believed(anvil_stage: AnvilStage) -> None:
    """Who adds an Arbitrum chain by hand does not know that it needs ArbSys: its `block.number` is its parent's."""
    stage = anvil_stage
    stage.node.put_arb_sys(25_000_000)
    adapter = adapter_of(stage, replace(stage.network, height_call=HeightCall.ARBSYS))
    readings, failures = await read(adapter, keys_of(stage))

    assert not failures
    assert height_of(readings.values()).number == stage.height
    assert {reading.method for reading in readings.values()} == {ReadMethod.PINNED}


async def test_a_token_that_answers_with_nothing_is_no_zero(anvil_stage: AnvilStage) -> None:
    anvil_stage.node.set_code(ODD, EMPTY_REPLY)
    key = BalanceKey(anvil_stage.network.id, ACCOUNTS[0], AssetId(anvil_stage.network.id, "erc20", ODD))
    for network in (anvil_stage.network, replace(anvil_stage.network, multicall=None)):
        _, failures = await read(adapter_of(anvil_stage, network), [key])
        assert failures[key].reason is FailureReason.EMPTY


async def test_a_token_that_burns_all_gas_starves_only_itself(anvil_stage: AnvilStage) -> None:
    stage = anvil_stage
    stage.node.set_code(ODD, GREEDY)
    adapter = adapter_of(stage)
    greedy = [BalanceKey(stage.network.id, who, AssetId(stage.network.id, "erc20", ODD)) for who in ACCOUNTS]
    for requests in (2, 1):
        stage.client.posted.clear()
        readings, failures = await read(adapter, [*greedy, *keys_of(stage)])
        assert set(failures) == set(greedy)
        assert [readings[key].amount for key in keys_of(stage, ACCOUNTS[:1])] == list(gifts_of(stage))
        # It is remembered, and has a call of its own in the same request from then on.
        assert len(stage.client.posted) == requests


async def test_a_node_with_little_gas_gets_smaller_calls() -> None:
    with Anvil(options=("--gas-limit", "3000000")) as node:
        stage = AnvilStage(node)
        adapter = adapter_of(stage)
        accounts = [*ACCOUNTS[:2], *(replace(ACCOUNTS[2], text=f"0x{n:040x}") for n in range(1, 200))]
        readings, failures = await read(adapter, keys_of(stage, accounts))
        stage.client.posted.clear()
        again, failures_again = await read(adapter, keys_of(stage, accounts))
        requests_again = len(stage.client.posted)
        await stage.client.aclose()

    assert not failures
    assert not failures_again
    assert len(readings) == len(again) == 201 * 6
    assert [readings[key].amount for key in keys_of(stage, ACCOUNTS[:1])] == list(gifts_of(stage))
    assert max(reading.batch for reading in again.values()) < multicall.CHUNK
    assert requests_again == 1


async def test_a_large_read_comes_in_calls_that_each_tell_their_block(anvil_stage: AnvilStage) -> None:
    stage = anvil_stage
    accounts = [replace(ACCOUNTS[0], text=f"0x{n:040x}") for n in range(1, 400)]
    keys = keys_of(stage, accounts)
    readings, failures = await read(adapter_of(stage), keys)

    assert not failures
    assert len(readings) == 399 * 6
    assert {reading.batch for reading in readings.values()} == {500, len(keys) % 500}
    assert len(stage.client.posted) == 2
    assert height_of(readings.values()).number == stage.height


async def test_the_second_server_goes_on_when_the_first_dies_in_the_middle(anvil_stage: AnvilStage) -> None:
    first = anvil_stage
    with Anvil(twin_of=first.node) as second:
        first.furnish(second)  # the same transactions in the same order: the tokens have the same addresses
        adapter = adapter_of(first, network_of(first.node, second))
        accounts = [*ACCOUNTS, *(replace(ACCOUNTS[2], text=f"0x{n:040x}") for n in range(1, 1400))]
        keys = keys_of(first, accounts)
        hosts = []
        amounts = {}
        async for batch in adapter.read_balances(ReadRequest(keys, SEQ, REGISTRY)):
            assert not batch.failures
            amounts.update({reading.key: reading.amount for reading in batch.readings})
            hosts += [reading.endpoint for reading in batch.readings[:1]]
            if len(hosts) == 1:
                first.node.stop()

    network = network_of(first.node, second)
    assert [hosts[0], hosts[-1]] == [endpoint.host for endpoint in network.endpoints]
    assert set(amounts) == set(keys)


async def test_the_second_server_goes_on_when_the_first_dies_between_the_head_and_the_pinned_read(
    anvil_stage: AnvilStage,
) -> None:
    stage = anvil_stage
    with Anvil(twin_of=stage.node) as second:
        stage.furnish(second)
        network = network_of(stage.node, second, multicall=None)
        stage.client.before_post = lambda count: stage.node.stop() if count == 1 else None
        readings, failures = await read(adapter_of(stage, network), keys_of(stage))

    assert not failures
    assert {reading.endpoint for reading in readings.values()} == {network.endpoints[1].host}
    assert [readings[key].amount for key in keys_of(stage, ACCOUNTS[:1])] == list(gifts_of(stage))


async def test_the_block_time_is_measured(anvil_stage: AnvilStage) -> None:
    anvil_stage.node.mine(101, apart_s=7)
    assert (await adapter_of(anvil_stage).identify()).block_time_s == 7


async def test_an_address_that_has_sent_is_used_though_it_is_empty(anvil_stage: AnvilStage) -> None:
    anvil_stage.node.rpc("anvil_setNonce", ACCOUNTS[2].text, "0x1")
    assert set(await adapter_of(anvil_stage).used_addresses(ACCOUNTS)) == set(ACCOUNTS)


async def test_pinned_reads_take_a_newer_block_when_theirs_leaves_the_chain(anvil_stage: AnvilStage) -> None:
    stage = anvil_stage
    stage.node.mine(3)
    adapter = adapter_of(stage, replace(stage.network, multicall=None))
    await read(adapter, keys_of(stage)[:1])
    posted = len(stage.client.posted)
    stage.client.before_post = lambda count: stage.node.reorg(1) if count == posted + 1 else None
    readings, failures = await read(adapter, keys_of(stage))

    assert not failures
    position = height_of(readings.values())
    assert position.hash == stage.block(position.number)[0]
    assert [readings[key].amount for key in keys_of(stage, ACCOUNTS[:1])] == list(gifts_of(stage))


async def test_addresses_in_a_url_are_not_in_the_reading(anvil_stage: AnvilStage) -> None:
    (endpoint,) = anvil_stage.network.endpoints
    secret = Endpoint(endpoint.url.replace("://", "://user:key@") + "?key=secret")
    readings, _ = await read(
        adapter_of(anvil_stage, replace(anvil_stage.network, endpoints=(secret,))), keys_of(anvil_stage)
    )

    assert {reading.endpoint for reading in readings.values()} == {endpoint.host}


async def test_a_contract_is_told_from_an_account_and_from_one_that_delegates(anvil_stage: AnvilStage) -> None:
    anvil_stage.node.set_code(ACCOUNTS[1].text, "0x6001")
    anvil_stage.node.set_code(ACCOUNTS[2].text, "0xef0100" + "11" * 20)
    assert set(await adapter_of(anvil_stage).contracts(ACCOUNTS)) == {ACCOUNTS[1]}
