"""The tour's pictures of how the wallet itself does: the Diagnostics page, alerts, and second opinions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QScrollArea
from typing_extensions import override

from desktop_wallet.chains.practice.chain import PracticeFault
from desktop_wallet.core.opinions import Opinion, compare
from desktop_wallet.services.opinions import Opinions
from desktop_wallet.ui.pages.details_opinion import OpinionBlock
from desktop_wallet.ui.pages.diagnostics import EVENTS, KEPT, OVERVIEW, SERVERS, DiagnosticsPage
from desktop_wallet.ui.theme import SMALLEST_WINDOW

if TYPE_CHECKING:
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.services.reading import Balances
    from desktop_wallet.ui.tour_hands import Hands

_PAST_TTL_S = 45.0
_PAST_LIMIT_S = 15.0
"""Longer than a practice server limits us."""
_ELSEWHERE = "another.practice.invalid"


class DiagnosticsScenes:
    """Shows the page in good times and in bad ones."""

    def __init__(self, hands: Hands) -> None:
        self.hands = hands

    async def walk(self) -> None:
        """Take every picture of these scenes; afterwards all is well again."""
        hands = self.hands
        await self._in_good_times()
        main, rollup = hands.application.practice
        main.outage = True
        rollup.fail_next(PracticeFault.RATE_LIMITED)
        hands.pass_time(_PAST_TTL_S)
        await self._in_bad_times()
        main.outage = False
        hands.pass_time(_PAST_LIMIT_S)
        await hands.press("Preload")
        await hands.at_rest()
        await self._opinions()

    async def _in_good_times(self) -> None:
        hands = self.hands
        hands.window.open_page("balances")
        await hands.press("Refresh")
        await hands.at_rest()
        await self._show(OVERVIEW)
        await hands.pictures("diagnostics")
        await self._show(SERVERS)
        await hands.picture("diagnostics-servers")
        await self._show(KEPT)
        await hands.pictures("diagnostics-kept-balances")

    async def _in_bad_times(self) -> None:
        hands = self.hands
        hands.window.open_page("balances")
        await hands.press("Preload")
        await hands.until(hands.session.alerts.current)
        await hands.picture("an-alert")
        await self._show(OVERVIEW)
        await hands.pictures("diagnostics-alert")
        await self._show(SERVERS)
        table = self._page.servers.table
        table.setCurrentIndex(table.model().index(0, 0))
        await hands.picture("diagnostics-a-server-fails")
        await self._show(EVENTS)
        await hands.pictures("diagnostics-events")
        size = hands.window.size()
        hands.window.resize(QSize(*SMALLEST_WINDOW))
        for part in (OVERVIEW, SERVERS, KEPT, EVENTS):
            await self._show(part)
            await hands.picture(f"smallest-diagnostics-{part}")
        hands.window.resize(size)
        await self._show(OVERVIEW)

    async def _opinions(self) -> None:
        """A practice network has one server, which the first picture says; the others come from a second one."""
        hands = self.hands
        hands.window.open_page("balances")
        await hands.press("Refresh")
        await hands.at_rest()
        hands.select_row(1)
        await self._ask("nobody-else-to-ask")
        session = hands.session
        real = session.opinions
        session.opinions = _SecondServer(session.balances, 0)
        await self._ask("second-opinion-equal")
        session.opinions = _SecondServer(session.balances, -(10**17))
        await self._ask("second-opinion-different")
        await hands.picture("second-opinion-different", dark=True)
        session.opinions = real
        hands.window.tick()

    async def _ask(self, name: str) -> None:
        hands = self.hands
        await hands.press("Ask another server")
        await hands.until(lambda: hands.button("Ask another server"))
        block = next(found for found in hands.window.findChildren(OpinionBlock) if found.isVisible())
        await hands.settle()
        area = block.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if area is not None:
            area.ensureWidgetVisible(block)
        await hands.picture(name)

    @property
    def _page(self) -> DiagnosticsPage:
        page = self.hands.window.findChild(DiagnosticsPage)
        if page is None:
            raise LookupError(DiagnosticsPage.name)
        return page

    async def _show(self, part: str) -> None:
        self.hands.window.open_page(DiagnosticsPage.name)
        self._page.open_part(part)
        await self.hands.settle()
        self.hands.window.tick()
        await self.hands.settle()


class _SecondServer(Opinions):
    """Another server that reads so many base units more than the first."""

    def __init__(self, balances: Balances, more: int) -> None:
        self._held = balances.state
        self._more = more
        self._last: Opinion | None = None

    @override
    def of(self, key: BalanceKey) -> Opinion | None:
        last = self._last
        return last if last is not None and last.first is self._held(key).reading else None

    @override
    async def ask(self, key: BalanceKey) -> Opinion:
        first = self._held(key).reading
        if first is None:
            raise LookupError("nothing was read")
        second = replace(first, amount=first.amount + self._more, endpoint=_ELSEWHERE)
        self._last = compare(first, second)
        return self._last

    @override
    def forget(self) -> None:
        self._last = None
