"""Nobody asks for anything: what is on screen turns Stale while a server fails, and Fresh when it has recovered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.freshness import BadgeKind
from tests.fakes.anvil import Anvil
from tests.fakes.http2_server import certificate
from tests.fakes.scripted_server import Act, cut, drop, passes_on, says
from tests.hostile.endpoint_stage import endpoint_stage, furnished

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_wallet.core.balances import BalanceKey
    from tests.hostile.endpoint_stage import EndpointStage

pytestmark = pytest.mark.anvil

FAULTS: dict[str, Act] = {
    "drop": drop,
    "cut in mid-body": cut,
    "429": says(b"", status="429 Too Many", Retry_After="8"),
    "HTML": says(b"<html>sorry</html>"),
}


@pytest.mark.parametrize("name", list(FAULTS))
async def test_what_is_on_screen_recovers_without_anybody(tmp_path: Path, name: str) -> None:
    pem = certificate(tmp_path)
    with Anvil() as node:
        async with endpoint_stage(tmp_path, node, furnished(node), (pem, pem), number=1) as stage:
            struck, calm = stage.keys(stage.struck, stage.known), stage.keys(stage.calm)
            await stage.session.settings.change(keep_fresh=True)
            stage.server.usual = FAULTS[name]
            stage.session.refresher.watch((*struck, *calm))
            await goes_on_until(stage, calm, BadgeKind.FRESH)
            assert stage.amounts(calm) == stage.true(calm)
            await goes_on_until(stage, struck, BadgeKind.STALE)
            assert stage.amounts(struck) == {key: stage.before[key] for key in struck}

            stage.server.usual = passes_on(stage.struck.answer)
            await goes_on_until(stage, struck, BadgeKind.FRESH)
            assert stage.amounts(struck) == stage.true(struck)
        assert stage.bugs == []


async def goes_on_until(stage: EndpointStage, keys: tuple[BalanceKey, ...], kind: BadgeKind) -> None:
    """Let seconds pass, a few minutes at most, until all of these rows are so."""
    for _ in range(150):
        await stage.pass_time(2.0)
        await stage.until(lambda: not stage.session.balances.updating)
        if {badge.kind for badge in stage.badges(keys)} == {kind}:
            return
    raise AssertionError({badge.kind for badge in stage.badges(keys)})
