"""The stages as fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_wallet.chains.practice.worlds import PRACTICE, PRACTICE_ROLLUP
from tests.chains.stages import AnvilStage, PracticeStage, Stage
from tests.fakes.anvil import Anvil

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STAGES = (
    pytest.param("practice", id="practice"),
    pytest.param("practice rollup", id="practice-rollup"),
    pytest.param("anvil", id="anvil", marks=pytest.mark.anvil),
    pytest.param("anvil without multicall", id="anvil-pinned", marks=pytest.mark.anvil),
)


@pytest.fixture(params=STAGES)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """Yield each chain in turn."""
    if request.param.startswith("practice"):
        practice = PracticeStage(PRACTICE_ROLLUP if request.param.endswith("rollup") else PRACTICE)
        yield practice
        await practice.client.aclose()
        return
    with Anvil() as node:
        stage = AnvilStage(node, pinned=request.param.endswith("without multicall"))
        yield stage
        await stage.client.aclose()


@pytest.fixture
async def anvil_stage() -> AsyncIterator[AnvilStage]:
    """Yield a real node with Multicall3."""
    with Anvil() as node:
        stage = AnvilStage(node)
        yield stage
        await stage.client.aclose()


@pytest.fixture
async def practice_stage() -> AsyncIterator[PracticeStage]:
    """Yield the practice network."""
    stage = PracticeStage()
    yield stage
    await stage.client.aclose()
