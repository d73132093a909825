"""The whole of it on a real node: an ERC-20 pays us, its log tells it, and a reorganisation takes it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from desktop_wallet.core.assets import AssetOrigin
from desktop_wallet.core.spam import SuspicionKind
from tests.chains.stages import AnvilStage, adapter_of
from tests.fakes.anvil import Anvil
from tests.fakes.discovery_stage import ME, NET, Logs, stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anvil


@pytest.fixture
async def node() -> AsyncIterator[AnvilStage]:
    with Anvil(chain_id=int(NET.id.reference)) as running:
        made = AnvilStage(running)
        yield made
        await made.client.aclose()


async def test_a_real_token_is_found_told_and_taken_back_by_a_reorganisation(tmp_path: Path, node: AnvilStage) -> None:
    token = node.node.deploy_token("USD Coin", "USDC", supply=10**12, decimals=6)
    server: Any = adapter_of(node)
    async with stage(tmp_path, cast("Logs", server)) as s:
        await s.read(node.height, chain=node.genesis)
        begun = node.height
        paid = node.node.send_token(token, ME.text, 250)
        node.pass_blocks(2)
        await s.read(node.height, chain=node.genesis)
        await s.look()
        (row,) = s.incoming.all()
        assert row.trace is not None
        assert (row.amount, row.trace.transaction, row.to_height) == (250, paid["transactionHash"], begun + 1)
        (found,) = s.tokens.of(row.network)
        assert found.words is not None
        assert (found.words.symbol, found.words.decimals, found.words.origin) == ("USDC", 6, AssetOrigin.DISCOVERED)
        # The USDC of the list is another contract.
        assert next(reason.kind for reason in s.tokens.reasons(found.asset)) is SuspicionKind.SAME_SYMBOL
        node.reorg(node.height - begun)
        node.pass_blocks(2)
        await s.read(node.height, chain=node.genesis)
        await s.look()
        again = node.node.rpc("eth_getTransactionReceipt", paid["transactionHash"])
        hashes = [row.trace and row.trace.block_hash for row in s.incoming.all()]
        assert hashes == ([again["blockHash"]] if again else [])
