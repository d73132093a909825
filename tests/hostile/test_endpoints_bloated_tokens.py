"""A token that answers with so much that no reply with it can be read: it costs its own balances, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_wallet.chains.adapter import ReadRequest
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.balances import BalanceKey, FailureReason
from desktop_wallet.core.networks import Family
from tests.chains.stages import ACCOUNTS, REGISTRY, SEQ, AnvilStage, adapter_of, assets_of, gifts_of, keys_of, read
from tests.fakes.anvil import Anvil

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anvil

BLOATED = "0x" + "b10a" * 10
SIZES = {"too long for us": 60_000, "too long for the node": 200_000}
"""Bytes; a node stops a call that takes some megabytes of memory."""
MANY = tuple(Address(Family.EVM, f"0x{number:040x}") for number in range(1, 41))


def returns(size: int) -> str:
    """Return the code of a contract that answers with so many zero bytes: PUSH3 size, PUSH1 0, RETURN."""
    return f"0x62{size:06x}6000f3"


@pytest.fixture
async def stage() -> AsyncIterator[AnvilStage]:
    with Anvil() as node:
        stage = AnvilStage(node)
        yield stage
        await stage.client.aclose()


@pytest.mark.parametrize("size", list(SIZES))
async def test_a_token_whose_answers_are_too_long_costs_no_other_balance(stage: AnvilStage, size: str) -> None:
    stage.node.set_code(BLOATED, returns(SIZES[size]))
    accounts = (*ACCOUNTS[:2], *MANY)
    bloated = AssetId(stage.network.id, "erc20", BLOATED)
    good = keys_of(stage, accounts)
    keys = (*good, *(BalanceKey(stage.network.id, account, bloated) for account in accounts))
    gifts = dict(zip(assets_of(stage), gifts_of(stage), strict=True))
    truth = {key: gifts[key.asset] if key.address in ACCOUNTS else 0 for key in good}
    adapter = adapter_of(stage)
    posted = []
    for _ in range(3):
        stage.client.posted.clear()
        readings, failures = await read(adapter, keys)
        posted.append(len(stage.client.posted))
        assert {key: reading.amount for key, reading in readings.items()} == truth
        assert {key.asset for key in failures} == {bloated}
        reason = FailureReason.REFUSED if size == "too long for the node" else FailureReason.UNTRUSTED
        assert {failure.reason for failure in failures.values()} == {reason}
    assert posted[0] < 16
    assert posted[1:] == [1, 1], "it is left out for a while"
    assert adapter.endpoint_statuses()[0].healthy
    # A person who asks gets it tried, apart from the others; and when the contract has come to reason it is read.
    stage.node.set_code(BLOATED, returns(32))
    asked = ReadRequest(keys, SEQ, REGISTRY, user_asked=True)
    batches = [batch async for batch in adapter.read_balances(asked)]
    assert sum(len(batch.readings) for batch in batches) == len(keys)


async def test_a_server_whose_every_answer_is_too_long_is_not_asked_for_each_token(stage: AnvilStage) -> None:
    accounts = (*ACCOUNTS[:2], *MANY)
    stage.node.set_code(stage.network.multicall or "", returns(5_000_000))
    readings, failures = await read(adapter_of(stage), keys_of(stage, accounts))
    assert readings == {}
    assert len(failures) == len(keys_of(stage, accounts))
    assert len(stage.client.posted) <= 6
