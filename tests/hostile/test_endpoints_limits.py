"""A server that wants fewer requests: it gets them, the person is told for how long, and asks for what they please."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.balances import FailureReason
from desktop_wallet.core.freshness import BadgeKind
from tests.fakes.anvil import Anvil
from tests.fakes.http2_server import certificate
from tests.fakes.scripted_server import passes_on, says
from tests.hostile.endpoint_stage import EndpointStage, endpoint_stage, furnished

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anvil


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[EndpointStage]:
    pem = certificate(tmp_path)
    with Anvil() as node:
        async with endpoint_stage(tmp_path, node, furnished(node), (pem, pem), number=1) as stage:
            yield stage
        assert stage.bugs == []


async def test_nobody_asks_before_the_server_said_so_and_the_time_left_counts_down(stage: EndpointStage) -> None:
    keys = stage.keys(stage.struck)
    stage.server.usual = says(b"", status="429 Too Many", Retry_After="90")
    await stage.refresh(keys)
    stage.server.usual = passes_on(stage.struck.answer)
    asked = len(stage.server.requests)
    for left_s in (90.0, 60.0, 30.0):
        (waiting,) = stage.session.balances.waiting()
        assert (waiting.network, waiting.host) == (stage.struck.network.id, stage.host)
        assert waiting.retry_s == pytest.approx(left_s)
        assert f"Next try in {'1m 30s' if left_s == 90 else '1m 0s' if left_s == 60 else '30 s'}" in stage.words(
            keys[0], stage.struck
        )
        if left_s > 60:
            await stage.refresh(keys)  # even this asks nobody
            assert len(stage.server.requests) == asked
        stage.clock.advance(30.0)
    assert stage.session.balances.waiting() == ()
    await stage.read(keys)
    assert {badge.kind for badge in stage.badges(keys)} == {BadgeKind.FRESH}


async def test_more_than_five_refusals_in_a_minute_pause_what_nobody_asked_for_at_that_server_only(
    stage: EndpointStage,
) -> None:
    struck, calm = stage.keys(stage.struck), stage.keys(stage.calm)
    stage.server.usual = says(b"", status="429 Too Many", Retry_After="0")
    for _ in range(6):
        await stage.refresh(struck)
    stage.server.usual = passes_on(stage.struck.answer)
    asked = len(stage.server.requests)
    statuses = stage.session.balances._parts.adapters.of(stage.struck.network.id).endpoint_statuses()
    assert statuses[0].paused_for_s == pytest.approx(120.0)

    await stage.read((*struck, *calm))
    assert len(stage.server.requests) == asked
    failures = [stage.session.balances.state(key).failure for key in struck]
    assert {failure.reason for failure in failures if failure} == {FailureReason.RATE_LIMITED}
    assert {badge.kind for badge in stage.badges(calm)} == {BadgeKind.FRESH}

    await stage.refresh(struck)
    assert {badge.kind for badge in stage.badges(struck)} == {BadgeKind.FRESH}, "what the person asks for goes through"

    await stage.pass_time(121.0)
    stage.opened = stage.clock.now()
    await stage.read(struck)
    assert {badge.kind for badge in stage.badges(struck)} == {BadgeKind.FRESH}
