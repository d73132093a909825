"""The real window while a server does its worst: it goes on painting, says what is wrong, and recovers by itself."""

from __future__ import annotations

import asyncio
import gzip
import logging
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from typing_extensions import override

from desktop_wallet.chains.practice.chain import PracticeChain
from desktop_wallet.chains.practice.worlds import PRACTICE
from desktop_wallet.core.addresses import parse_address
from desktop_wallet.core.networks import Endpoint, Family
from desktop_wallet.net.client import HttpClient
from desktop_wallet.net.limits import ReplyLimits
from tests.end_to_end.house import PASSWORD, Chain, at_rest, local_network, surrounds, until, wallet
from tests.end_to_end.person import Shown
from tests.fakes.scripted_server import Act, cut, drop, holds, node_at, passes_on, pours, says, scripted_server

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QWidget

    from desktop_wallet.ui.tour_hands import ShiftedClock
    from tests.end_to_end.conftest import OpenWindow

pytestmark = pytest.mark.anvil

WATCHED = "0x" + "a1" * 20
_MIB = 1024 * 1024
_LONGEST_WAIT_S = 1.0
"""For a paint, on a machine that runs other tests as well; a quiet one is measured by the benchmarks."""
_TOTAL_S = 2.3
WORST: dict[str, tuple[Act, str]] = {
    "100 MB": (pours([b" " * _MIB] * 100), "sent an answer that cannot be right"),
    "a gzip bomb": (
        says(gzip.compress(b"[" * (100 * _MIB), 1), Content_Encoding="gzip"),
        "sent an answer that cannot be right",
    ),
    "as much as is allowed": (
        says(b"[" + (b"9" * 35 + b",") * 97_000 + b"1]"),
        "sent an answer that cannot be right",
    ),
    "silence": (holds(asyncio.Event(), drop), "did not answer for 2 s"),
    "half a body": (cut, "could not be reached"),
}


class Paints(QObject):
    """Has a widget painted again and again, and knows the longest time between two paints."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        self.longest_s = 0.0
        self._last_s: float | None = None
        widget.installEventFilter(self)
        self._timer = QTimer(self, interval=10, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(widget.update)
        self._timer.start()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint:
            now_s = asyncio.get_running_loop().time()
            if self._last_s is not None:
                self.longest_s = max(self.longest_s, now_s - self._last_s)
            self._last_s = now_s
            self.count += 1
        return super().eventFilter(watched, event)

    def end(self) -> None:
        self._timer.stop()


async def test_while_a_server_does_its_worst_the_window_paints_tells_and_recovers_by_itself(
    tmp_path: Path, chain: Chain, clock: ShiftedClock, open_window: OpenWindow, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    calm_chain = PracticeChain(replace(PRACTICE, drip_every_blocks=10**9), clock, latency_s=(0, 0))
    calm_chain.welcome(parse_address(Family.EVM, WATCHED))
    chain.node.set_balance(WATCHED, 42 * 10**18)
    good = passes_on(node_at(chain.node.url))
    async with scripted_server(usual=good) as struck, scripted_server(usual=passes_on(calm_chain.answer)) as calm:
        networks = (
            local_network(struck.url, name="Struck"),
            replace(PRACTICE.network, name="Calm", practice=False, endpoints=(Endpoint(calm.url),)),
        )
        outside = surrounds(tmp_path, *networks, clock=clock)
        async with wallet(outside) as application:
            session = await application.create_profile("Main", PASSWORD, without_keyring=True)
            await session.accounts.add_watch("Watched", WATCHED)
            await session.catalogue.choose_networks([network.id for network in networks])
            await at_rest(session)
        window, person = await open_window(outside)
        vars(window._application)["_client"] = HttpClient(clock, limits=ReplyLimits(total_s=_TOTAL_S))
        await person.enter("Password", PASSWORD, then=Qt.Key.Key_Return)
        await until(lambda: window._application.session is not None)
        here = window._application.session
        assert here is not None
        key = here.balances.keys(network=networks[0].id)[0]
        play = Shown(Decimal(PRACTICE.gift_wei).scaleb(-18), "Fresh")
        for number, (worst, (act, words)) in enumerate(WORST.items()):
            right = Shown(Decimal(42 + number), "Fresh")
            await person.sees_balances(partial(_is_shown, right, play))
            chain.node.set_balance(WATCHED, (43 + number) * 10**18)
            clock.advance(31)
            struck.usual = act
            paints = Paints(window)
            await person.press("Refresh")
            await until(lambda: here.balances.state(key).failure is not None)
            await person.sees_balances(partial(_is_shown, right._replace(badge="Stale"), play))
            paints.end()
            assert paints.count > 1, worst
            assert paints.longest_s < _LONGEST_WAIT_S, worst
            await person.open_details("Account 1", "ETH")
            await person.sees(words)
            # Nobody presses Refresh: the page that is opened again reads what is due.
            struck.usual = good
            clock.advance(31)
            await person.press("Receive")
            await person.press("Balances")
        await person.sees_balances(partial(_is_shown, Shown(Decimal(42 + len(WORST)), "Fresh"), play))
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def _is_shown(struck: Shown, calm: Shown, shown: dict[tuple[str, str], Shown]) -> bool:
    """Return whether the table shows these two balances."""
    return shown == {("Account 1", "ETH"): struck, ("Account 1", "PLAY"): calm}
