"""Many blocks looked up at once, on a real node."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_wallet.core.positions import Height, HeightKind
from tests.chains.stages import AnvilStage, adapter_of

pytestmark = pytest.mark.anvil


def block_of(stage: AnvilStage, number: int) -> Height:
    return Height(HeightKind.BLOCK, number, stage.node.block(number)["hash"])


async def test_each_block_stands_is_gone_or_cannot_be_told(anvil_stage: AnvilStage) -> None:
    adapter = adapter_of(anvil_stage)
    anvil_stage.node.mine(5)
    newest = anvil_stage.node.height
    kept, gone = block_of(anvil_stage, newest - 3), block_of(anvil_stage, newest)
    spoken_loudly = replace(kept, hash=(kept.hash or "").upper().replace("0X", "0x"))
    above = replace(gone, number=newest + 100)
    unnamed = replace(kept, hash=None)
    anvil_stage.node.reorg(1)

    told = await adapter.standing([kept, gone, above, unnamed, spoken_loudly])

    assert told == {kept: True, gone: False, above: None, unnamed: None, spoken_loudly: True}


async def test_without_a_server_nobody_can_tell(anvil_stage: AnvilStage) -> None:
    adapter = adapter_of(anvil_stage)
    kept = block_of(anvil_stage, 0)
    anvil_stage.node.stop()

    assert await adapter.standing([kept]) == {kept: None}
    assert await adapter.standing([replace(kept, hash=None)]) == {replace(kept, hash=None): None}
    assert await adapter.standing([]) == {}
