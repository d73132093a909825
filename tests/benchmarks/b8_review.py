"""B8: from a press of Review on the Send page until the review is on screen, with 100 ms added to every reply."""

from __future__ import annotations

import asyncio
import json
import math
import tempfile
import time
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton
from typing_extensions import override

from desktop_wallet.compose import Application, Surrounds
from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.networks import Endpoint, Family, Network, NetworkId
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.services.folders import Folders
from desktop_wallet.ui.main_window import MainWindow
from desktop_wallet.ui.pages.send.page import SendPage
from desktop_wallet.ui.pages.send.state import SendStep
from desktop_wallet.ui.theme import Theme, ThemeMode
from desktop_wallet.ui.tour_hands import ShiftedClock
from tests.benchmarks.report import Finding, median, percentile
from tests.benchmarks.window_loop import run_on_window_loop, window_app
from tests.end_to_end.person import Person
from tests.fakes.anvil import DEV_ACCOUNTS, MULTICALL3, Anvil, running_anvil
from tests.fakes.delaying_proxy import DelayingProxy, Passed, delaying_proxy
from tests.fakes.http_messages import Message, read_message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from desktop_wallet.services.session import Session

ID = "B8"
ABOUT = "a press of Review until the review is painted, in the window, with 100 ms added to every reply of anvil"
DELAY_S = 0.1
RUNS = 30
COLD_RUNS = 10
OLD_S = 6.0
MOST_TRIPS = 2
REQUESTS_PER_MIN = 1_000_000
SETTING = (
    f"{RUNS} reviews a case, {COLD_RUNS} after an unlock; {REQUESTS_PER_MIN} requests/min; round trips counted at the "
    "proxy: the longest chain of requests of which each came after the reply to the one before"
)
_PASSWORD = "correct horse battery"
_PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
_BALANCES = frozenset({"eth_getBalance", "eth_call aggregate3", "eth_call balanceOf"})
_PATIENCE_S = 20.0
_GLANCE_S = 0.005
_SELECTORS = {"0x70a08231": "balanceOf"}


@dataclass
class Case:
    """One kind of review, measured again and again."""

    name: str
    asset: str = "ETH"
    is_old: bool = True
    """Whether the balances are older than 5 s when Review is pressed."""
    is_first: bool = False
    """Whether the wallet was unlocked just before, and every connection to the server is gone."""
    shown_ms: list[float] = field(default_factory=list)
    bare_ms: list[float] = field(default_factory=list)
    """One bare round trip through the same proxy, beside each review."""
    trips: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    balances: list[int] = field(default_factory=list)
    """Calls that read a balance."""

    @property
    def runs(self) -> int:
        """Return how often it is measured."""
        return COLD_RUNS if self.is_first else RUNS


def measure() -> Iterator[Finding]:
    """Yield the findings of B8."""
    window_app()
    cases = [
        Case("coin, balance older than 5 s"),
        Case("coin, balance at most 5 s old", is_old=False),
        Case("ERC-20, balances older than 5 s", asset="BENCH"),
        Case("ERC-20, balances at most 5 s old", asset="BENCH", is_old=False),
        Case("coin, first after an unlock, no connection", is_first=True),
        Case("ERC-20, first after an unlock, no connection", asset="BENCH", is_first=True),
    ]
    with running_anvil() as node, tempfile.TemporaryDirectory() as root:
        run_on_window_loop(_measure(Path(root), node, cases))
    for case in cases:
        yield from _findings(case)


def _findings(case: Case) -> Iterator[Finding]:
    calls = ", ".join(f"{count / case.runs:.3g} {name}" for name, count in case.asked.most_common())
    yield Finding(
        ID,
        case.name,
        median(case.shown_ms),
        "ms",
        percentile(case.shown_ms, 99),
        case.runs,
        {"one round trip": median(case.bare_ms)},
        note=f"calls a review: {calls}",
    )
    most = max(case.trips)
    yield Finding(
        ID,
        f"{case.name}: round trips",
        most,
        "round trips",
        runs=case.runs,
        goal=f"<= {MOST_TRIPS} round trips",
        reached=most <= MOST_TRIPS,
        figure="most",
        note=(
            f"median {median(case.trips):g}; HTTP requests median {median(case.requests):g}, most "
            f"{max(case.requests)}; "
            f"new connections most {max(case.connections)} (their handshakes are not delayed)"
        ),
    )
    if not case.is_old:
        yield Finding(
            ID,
            f"{case.name}: balances asked for",
            max(case.balances),
            "calls",
            runs=case.runs,
            goal="0 for the balance",
            reached=max(case.balances) == 0,
            figure="most",
        )


async def _measure(root: Path, node: Anvil, cases: Sequence[Case]) -> None:
    token = node.deploy_token("Bench Token", "BENCH", supply=10**24)
    async with delaying_proxy(node.url) as proxy, _window(root, proxy, node, token) as bench:
        proxy.delay_s = DELAY_S
        for case in cases:
            for _ in range(case.runs):
                case.bare_ms.append(await _bare_ms(proxy))
                if case.is_first:
                    await bench.unlock_anew()
                await bench.review(case)


@dataclass
class _Bench:
    """A person before the window, with a watch."""

    application: Application
    window: MainWindow
    clock: ShiftedClock
    proxy: DelayingProxy

    def __post_init__(self) -> None:
        self.person = Person(self.window)

    @property
    def session(self) -> Session:
        session = self.application.session
        if session is None:
            raise AssertionError("the wallet is locked")
        return session

    @property
    def page(self) -> SendPage:
        return self.window.findChildren(SendPage)[0]

    async def unlock_anew(self) -> None:
        """Lock and unlock; no server is asked for anything."""
        await self.session.balances.refresh(self.session.balances.keys())
        self.window.lock()
        await self.person.enter("Password", _PASSWORD, then=Qt.Key.Key_Return)
        await self.person.sees("table: Balances")

    async def review(self, case: Case) -> None:
        """Fill in a payment, press Review, and note what it took until it was painted."""
        await self.person.press("Send")
        if self.page.state.step is SendStep.REVIEW:
            await self.person.press("Back")
        await self.person.choose("Asset", case.asset)
        await self.person.enter("To", display_address(self.session.accounts.accounts()[1].address))
        await self.person.enter("Amount", "0.25")
        if not case.is_first:
            await self.session.balances.refresh(self.session.balances.keys())
        await self._quiet()
        if case.is_first:
            await self.proxy.connections.end()
            await asyncio.sleep(0.05)
        if case.is_old:
            self.clock.advance(OLD_S)
        seen, connections = len(self.proxy.passed), self.proxy.connections.opened
        button = next(
            b
            for b in self.window.findChildren(QAbstractButton)
            if b.isVisible() and b.text().replace("&", "") == "Review"
        )
        painted = _Painted(self.page)
        began_s = time.perf_counter()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        async with asyncio.timeout(_PATIENCE_S):
            shown_s = await painted.at_s
        if self.page.state.review is None:
            raise AssertionError("there is no review")
        passed = self.proxy.passed[seen:]
        case.shown_ms.append((shown_s - began_s) * 1000)
        case.trips.append(round_trips(passed))
        case.requests.append(len(passed))
        case.connections.append(self.proxy.connections.opened - connections)
        calls = Counter(call_name(call) for exchange in passed for call in _calls(exchange.request))
        case.asked.update(calls)
        case.balances.append(sum(calls[name] for name in _BALANCES))
        if case.is_old and not case.balances[-1]:
            raise AssertionError("a balance that is too old was not read")
        await self._quiet()
        await self.person.press("Back")

    async def _quiet(self) -> None:
        """Wait until nothing is on its way to the server or back."""
        async with asyncio.timeout(_PATIENCE_S):
            while len(self.proxy.passed) != len(self.proxy.requests) or self.session.balances.updating:  # noqa: ASYNC110
                await asyncio.sleep(_GLANCE_S)


class _Painted(QObject):
    """Tells when the review has been painted for the first time."""

    def __init__(self, page: SendPage) -> None:
        super().__init__()
        self._page = page
        self._loop = asyncio.get_running_loop()
        self.at_s: asyncio.Future[float] = self._loop.create_future()
        page.review.installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint and self._page.state.step is SendStep.REVIEW:
            self._page.review.removeEventFilter(self)
            self._loop.call_soon(self._note)  # what is painted with it comes first
        return False

    def _note(self) -> None:
        if not self.at_s.done():
            self.at_s.set_result(time.perf_counter())


def round_trips(passed: Sequence[Passed]) -> int:
    """Return the length of the longest chain of exchanges that could only follow one another.

    An exchange that happens to begin after another one's reply counts as if it had waited for it: never too few.
    """
    trips, free_s = 0, -math.inf
    for exchange in sorted(passed, key=lambda each: each.replied_s):
        if exchange.came_s >= free_s:
            trips += 1
            free_s = exchange.replied_s
    return trips


def _calls(request: Message) -> list[dict[str, Any]]:
    asked = json.loads(request.body)
    return asked if isinstance(asked, list) else [asked]


def call_name(call: dict[str, Any]) -> str:
    """Return a call's method, and what it calls where that reads balances."""
    method: str = call["method"]
    target = call["params"][0] if call.get("params") else None
    if method == "eth_call" and isinstance(target, dict):
        data = target.get("data") or target.get("input") or ""
        if str(target.get("to", "")).lower() == MULTICALL3.lower():
            return f"{method} aggregate3"
        if what := _SELECTORS.get(data[:10]):
            return f"{method} {what}"
    return method


async def _bare_ms(proxy: DelayingProxy) -> float:
    """Return how long one call takes through the proxy, on a connection that stands, without any of the wallet."""
    port = int(proxy.url.rstrip("/").rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}).encode()
    message = Message("POST / HTTP/1.1", {"content-type": "application/json", "content-length": str(len(body))}, body)
    took_ms = 0.0
    for _ in range(2):  # the first one opens the way behind the proxy
        began_s = time.perf_counter()
        writer.write(message.encoded())
        if await read_message(reader) is None:
            raise AssertionError("no reply")
        took_ms = (time.perf_counter() - began_s) * 1000
    writer.close()
    await writer.wait_closed()
    return took_ms


@asynccontextmanager
async def _window(root: Path, proxy: DelayingProxy, node: Anvil, token: str) -> AsyncIterator[_Bench]:
    """Yield the real window on a profile with two accounts, of which the first has coins and the token."""
    network = Network(
        id=NetworkId("eip155", str(node.chain_id)),
        family=Family.EVM,
        name="Local",
        block_time_s=1.0,
        max_head_age_s=864_000.0,
        native_symbol="ETH",
        native_name="Ether",
        native_decimals=18,
        native_slip44=60,
        endpoints=(Endpoint(proxy.url, "a benchmark"),),
        multicall=MULTICALL3,
    )
    clock = ShiftedClock()
    outside = Surrounds(
        folders=Folders.under(root),
        clock=clock,
        networks=lambda: (network,),
        tokens=dict,
        kdf=KdfParameters(memory_bytes=64 << 20, passes=1),
        requests_per_min=REQUESTS_PER_MIN,
    )
    application = Application(outside)
    window = MainWindow(application, Theme(window_app(), ThemeMode.LIGHT))
    window.resize(1280, 860)
    window.begin()
    window.show()
    try:
        session = await application.create_profile("Main", _PASSWORD, without_keyring=True)
        await session.settings.change(preload=False, auto_lock_s=None)
        wallet = await session.accounts.add_phrase("Savings", _PHRASE, created=False)
        await session.accounts.add_account(wallet.id)
        await session.accounts.mark_backed_up(wallet.id)
        first = session.accounts.accounts()[0].address.text
        node.set_balance(first, 10**19)
        node.send_token(token, first, 10**21, sender=DEV_ACCOUNTS[0])
        await session.catalogue.choose_networks([network.id])
        await session.catalogue.add_token(await session.catalogue.find_token(network.id, token))
        window.entry.opened.emit()
        bench = _Bench(application, window, clock, proxy)
        await bench.person.sees("table: Balances")
        yield bench
    finally:
        await window.shut_down()
