"""What holds on every chain: practice networks and real nodes must agree."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.assets import AssetId, native_asset
from desktop_wallet.core.balances import BalanceKey, FailureReason, ReadMethod
from desktop_wallet.core.errors import InvalidAddress, InvalidToken, NoEndpointLeft, WrongChain
from desktop_wallet.core.networks import Endpoint, NetworkId
from desktop_wallet.core.positions import Height, HeightKind
from tests.chains.stages import (
    ACCOUNTS,
    NOBODY,
    REGISTRY,
    SEQ,
    adapter_of,
    assets_of,
    gifts_of,
    keys_of,
    read,
)

if TYPE_CHECKING:
    from tests.chains.stages import Stage

DEAD = Endpoint("http://127.0.0.1:1/")


async def test_every_balance_is_exact_and_zero_is_a_number(stage: Stage) -> None:
    readings, failures = await read(adapter_of(stage), keys_of(stage))

    gifts = gifts_of(stage)
    assert not failures
    assert [readings[key].amount for key in keys_of(stage)] == [*gifts, *gifts, *(0 for _ in gifts)]
    decimals = [18, *(token.decimals for token in stage.world.tokens)]
    assert [readings[key].decimals for key in keys_of(stage, ACCOUNTS[:1])] == decimals
    assert 6 in decimals
    assert gifts[-1] == 0


async def test_a_reading_says_where_it_comes_from(stage: Stage) -> None:
    before = stage.clock.now()
    readings, _ = await read(adapter_of(stage), keys_of(stage))
    after = stage.clock.now()

    for reading in readings.values():
        assert (reading.seq, reading.registry) == (SEQ, REGISTRY)
        assert reading.endpoint == stage.network.endpoints[0].host
        assert reading.method is (ReadMethod.PINNED if stage.pinned else ReadMethod.MULTICALL)
        assert reading.batch == (1 if stage.pinned else len(readings))
        assert reading.chain_hash == stage.genesis
        assert before.boot_s <= reading.started.boot_s <= reading.ended.boot_s <= after.boot_s


async def test_all_readings_of_a_call_stand_at_one_block_that_exists(stage: Stage) -> None:
    readings, _ = await read(adapter_of(stage), keys_of(stage))

    (position,) = {reading.position for reading in readings.values()}
    block_hash, parent, time_s = stage.block(stage.height)
    expected = Height(HeightKind.BLOCK, stage.height, block_hash, parent, time_s)
    assert position == (expected if stage.hashes else replace(expected, hash=None, parent_hash=None))


async def test_three_accounts_times_six_assets_take_one_request(stage: Stage) -> None:
    adapter = adapter_of(stage)
    await read(adapter, keys_of(stage))
    # Without the contract: the try, the look whether it is there, the pinned batch. That is remembered.
    assert len(stage.client.posted) == (3 if stage.pinned else 1)
    methods = [call["method"] for call in json.loads(stage.client.posted[0])]
    assert methods == ["eth_chainId", "eth_getBlockByNumber", "eth_getBlockByNumber", "eth_call"]

    stage.client.posted.clear()
    await read(adapter, keys_of(stage))
    assert len(stage.client.posted) == (2 if stage.pinned else 1)


async def test_the_status_of_a_server_shows_the_height_it_answered_at(stage: Stage) -> None:
    adapter = adapter_of(stage)
    await read(adapter, keys_of(stage))

    (status,) = adapter.endpoint_statuses()
    assert status.height == stage.height


async def test_identity_is_asked_for_once(stage: Stage) -> None:
    adapter = adapter_of(stage)
    await read(adapter, keys_of(stage))
    await read(adapter, keys_of(stage))

    assert sum(b"eth_chainId" in body for body in stage.client.posted) == 1


async def test_a_change_on_the_chain_shows_at_a_higher_block(stage: Stage) -> None:
    adapter = adapter_of(stage)
    first, _ = await read(adapter, keys_of(stage))
    coin, token = assets_of(stage)[:2]
    stage.send(coin, ACCOUNTS[2], 12_345)
    stage.send(token, ACCOUNTS[2], 67)
    second, _ = await read(adapter, keys_of(stage))

    for asset, amount in ((coin, 12_345), (token, 67)):
        key = BalanceKey(stage.network.id, ACCOUNTS[2], asset)
        assert (first[key].amount, second[key].amount) == (0, amount)
        was, now = first[key].position, second[key].position
        assert isinstance(was, Height)
        assert isinstance(now, Height)
        assert now.number == was.number + 2


async def test_a_block_that_was_replaced_is_no_longer_on_the_chain(stage: Stage) -> None:
    adapter = adapter_of(stage)
    stage.pass_blocks(5)
    number = stage.height
    held = Height(HeightKind.BLOCK, number, stage.block(number)[0])
    deeper = Height(HeightKind.BLOCK, number - 4, stage.block(number - 4)[0])

    assert await adapter.is_on_chain(held) is True
    stage.reorg(2)
    assert await adapter.is_on_chain(held) is False
    assert await adapter.is_on_chain(deeper) is True


async def test_nobody_can_tell_about_a_block_that_is_not_there_yet_or_has_no_hash(stage: Stage) -> None:
    adapter = adapter_of(stage)

    assert await adapter.is_on_chain(Height(HeightKind.BLOCK, stage.height + 9, "0x" + "1" * 64)) is None
    assert await adapter.is_on_chain(Height(HeightKind.BLOCK, stage.height)) is None


@pytest.mark.parametrize("which", ["no contract", "reverts"])
async def test_a_token_that_gives_no_number_fails_alone_and_is_never_zero(stage: Stage, which: str) -> None:
    adapter = adapter_of(stage)
    broken = stage.reverting if which == "reverts" else AssetId(stage.network.id, "erc20", NOBODY)
    wrong = BalanceKey(stage.network.id, ACCOUNTS[0], broken)
    for _ in range(2):
        readings, failures = await read(adapter, [wrong, *keys_of(stage)])
        assert list(failures) == [wrong]
        assert failures[wrong].reason is FailureReason.EMPTY
        assert failures[wrong].host == stage.network.endpoints[0].host
        assert [readings[key].amount for key in keys_of(stage, ACCOUNTS[:1])] == list(gifts_of(stage))


async def test_a_server_of_another_chain_gives_no_number(stage: Stage) -> None:
    other = NetworkId("eip155", "4242")
    asset = replace(native_asset(stage.network).id, network=other)
    key = BalanceKey(other, ACCOUNTS[0], asset)
    _, failures = await read(adapter_of(stage, replace(stage.network, id=other)), [key])

    assert failures[key].reason is FailureReason.WRONG_CHAIN


async def test_a_server_with_another_genesis_than_the_known_one_gives_no_number(stage: Stage) -> None:
    known = replace(stage.network, chain_hash="0x" + "5" * 64)
    _, failures = await read(adapter_of(stage, known), keys_of(stage))

    assert {failure.reason for failure in failures.values()} == {FailureReason.WRONG_CHAIN}
    assert len(failures) == len(keys_of(stage))


async def test_the_next_server_answers_when_the_first_is_down(stage: Stage) -> None:
    network = replace(stage.network, endpoints=(DEAD, *stage.network.endpoints))
    adapter = adapter_of(stage, network)
    readings, failures = await read(adapter, keys_of(stage))

    assert not failures
    assert {reading.endpoint for reading in readings.values()} == {stage.network.endpoints[0].host}
    statuses = {status.host: status.healthy for status in adapter.endpoint_statuses()}
    assert statuses == {DEAD.host: False, stage.network.endpoints[0].host: True}


async def test_no_server_left_is_a_failure_for_each_balance_with_its_reason(stage: Stage) -> None:
    readings, failures = await read(adapter_of(stage, replace(stage.network, endpoints=(DEAD,))), keys_of(stage))

    assert not readings
    assert {(failure.reason, failure.host) for failure in failures.values()} == {(FailureReason.UNREACHABLE, DEAD.host)}


async def test_a_host_to_avoid_is_not_asked(stage: Stage) -> None:
    _, failures = await read(adapter_of(stage), keys_of(stage), avoid=frozenset({stage.network.endpoints[0].host}))

    assert len(failures) == len(keys_of(stage))
    assert stage.client.posted == []


async def test_used_addresses_are_those_with_coins_or_transactions(stage: Stage) -> None:
    assert set(await adapter_of(stage).used_addresses(ACCOUNTS)) == set(ACCOUNTS[:2])


async def test_used_addresses_raises_when_nobody_answers(stage: Stage) -> None:
    with pytest.raises(NoEndpointLeft):
        await adapter_of(stage, replace(stage.network, endpoints=(DEAD,))).used_addresses(ACCOUNTS)


async def test_a_token_describes_itself(stage: Stage) -> None:
    for token, played in zip(stage.tokens, stage.world.tokens, strict=True):
        found = await adapter_of(stage).describe_token(token.id.reference)
        assert (found.id, found.symbol, found.name, found.decimals) == (
            token.id,
            played.symbol,
            played.name,
            played.decimals,
        )


async def test_no_token_where_no_contract_is(stage: Stage) -> None:
    with pytest.raises(InvalidToken) as caught:
        await adapter_of(stage).describe_token(NOBODY)
    assert caught.value.problem == "no-code"


async def test_no_token_where_a_contract_has_no_decimals(stage: Stage) -> None:
    with pytest.raises(InvalidToken) as caught:
        await adapter_of(stage).describe_token(stage.reverting.reference)
    assert caught.value.problem == "no-decimals"


async def test_no_token_at_what_is_no_address(stage: Stage) -> None:
    with pytest.raises(InvalidAddress):
        await adapter_of(stage).describe_token("0x1234")


async def test_a_chain_is_identified(stage: Stage) -> None:
    adapter = adapter_of(stage)
    identity = await adapter.identify()

    assert (identity.reference, identity.chain_hash) == (stage.network.id.reference, stage.genesis)
    assert identity.height == stage.height


async def test_identifying_another_chain_says_which_it_is(stage: Stage) -> None:
    adapter = adapter_of(stage, replace(stage.network, id=NetworkId("eip155", "4242")))
    with pytest.raises(WrongChain) as caught:
        await adapter.identify()
    assert caught.value.actual == stage.network.id.reference
