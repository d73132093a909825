"""Nothing is asked of a network that was switched off meanwhile, and servers that lag are not asked all the time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from desktop_wallet.chains.adapter import LogAnswer
from desktop_wallet.core.addresses import Address
from desktop_wallet.services.discovery import FIRST_SPAN
from tests.fakes.discovery_stage import NET, Logs, stage
from tests.fakes.engine import network
from tests.services.test_refresher import house as kept_fresh
from tests.services.test_standing import house as standing_house


async def test_blocks_of_a_network_switched_off_during_the_pause_are_not_looked_up(tmp_path: Path) -> None:
    async with standing_house(tmp_path) as home:
        await home.read(home.made.keys, height=100)
        await home.read(home.made.keys[:1], height=101)
        await home.pass_s(60.0)
        home.standing.hint(home.made.key.network)
        await home.pass_s(0.1)
        assert home.looked_up
        home.looked_up.clear()
        home.standing.hint(home.made.key.network)
        await home.pass_s(0.1)  # it waits for its turn
        home.made.parts.book.switched_off.add(home.made.key.network)  # type: ignore[attr-defined]
        await home.pass_s(60.0)
        assert home.looked_up == []


async def test_a_network_switched_off_in_the_middle_of_a_look_is_asked_no_more(tmp_path: Path) -> None:
    async with stage(tmp_path, Logs()) as s:
        await s.read(100)
        await s.read(100 + 20 * FIRST_SPAN)
        ask = s.server.transfers_to

        async def asked(addresses: Sequence[Address], first: int, last: int) -> LogAnswer:
            s.parts.book.switched_off.add(NET.id)  # type: ignore[attr-defined]
            return await ask(addresses, first, last)

        s.server.transfers_to = asked  # type: ignore[method-assign]
        await s.look()
        assert len(s.server.asked) == 1


@pytest.mark.parametrize(("on_screen", "passed_s"), [(True, 300.0), (False, 3_000.0)])
async def test_servers_that_lag_behind_what_is_held_are_not_asked_all_the_time(
    tmp_path: Path, on_screen: bool, passed_s: float
) -> None:
    async with kept_fresh(tmp_path, networks=(network(block_time_s=1.0),)) as home:
        for chain in home.made.adapter.chains.values():
            chain.height -= 50
        if not on_screen:
            home.refresher.watch(())
        await home.pass_s(passed_s)
        shown = home.made.keys[0] if on_screen else home.made.keys[1]
        asked = [each for each in home.made.adapter.requests if not each.avoid and shown in each.keys]
        assert 8 <= len(asked) <= 30  # each time once more after three block times
        for chain in home.made.adapter.chains.values():
            chain.height += 60
        await home.pass_s(passed_s / 9)
        assert home.made.balances.state(shown).behind is None
