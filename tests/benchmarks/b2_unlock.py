"""B2: a password that was accepted until the balances that the disk keeps are painted, in the real window."""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import diskcache
from PySide6.QtCore import QEvent, QObject, Qt
from typing_extensions import override

from desktop_wallet.cache.disk import BytesDisk
from desktop_wallet.compose import Application
from desktop_wallet.core.balances import BalanceKey, Reading, ReadMethod
from desktop_wallet.core.freshness import Purpose
from desktop_wallet.core.positions import Height, HeightKind
from desktop_wallet.ui.main_window import MainWindow
from desktop_wallet.ui.pages.balances import BalancesPage
from desktop_wallet.ui.theme import Theme, ThemeMode
from desktop_wallet.vault.vault import Vault
from tests.benchmarks.report import Finding, median, percentile
from tests.benchmarks.watched_wallet import PASSWORD, local_network, surrounds, watching
from tests.benchmarks.window_loop import run_on_window_loop, window_app
from tests.end_to_end.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from desktop_wallet.services.session import Session

ID = "B2"
ABOUT = "a password accepted (key derivation excluded) until kept balances are painted, in the window"
SIZES = (10, 100, 1_000)
TOKENS = 20
RUNS = 9
WARM_UP = 1
SETTING = (
    f"{TOKENS} tokens and the coin an account, cache quota 100 MB, TTL 10 days, no server is asked, {RUNS} unlocks"
)
VISIBLE_GOAL_MS = 100.0
ALL_GOAL_MS = 250.0
_LARGEST = SIZES[-1]
_PATIENCE_S = 60.0
_TTL_S = 864_000.0
_ENTRY_SETTLES_S = 0.3


@dataclass
class Samples:
    """Milliseconds, one sample a run. `whole`: every row is known to the table, and those in sight are painted."""

    visible: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    """Of that, until the services were open and the window was told."""
    raw: list[float] = field(default_factory=list)


def measure() -> Iterator[Finding]:
    """Yield the findings of B2."""
    window_app()
    for accounts in SIZES:
        samples = Samples()
        with tempfile.TemporaryDirectory() as root:
            run_on_window_loop(_measure(Path(root), accounts, samples))
        yield from _findings(accounts, samples)


def _findings(accounts: int, samples: Samples) -> Iterator[Finding]:
    judged = accounts == _LARGEST
    for name, taken, goal_ms in (
        ("rows in sight", samples.visible, VISIBLE_GOAL_MS),
        ("all", samples.whole, ALL_GOAL_MS),
    ):
        took = median(taken)
        yield Finding(
            ID,
            f"{accounts} accounts x {TOKENS} tokens: {name}",
            took,
            "ms",
            percentile(taken, 99),
            len(taken),
            {"reading the same pages raw": median(samples.raw)},
            f"<= {goal_ms:g} ms" if judged else "",
            took <= goal_ms if judged else None,
            note=f"of that until the services are open: {median(samples.opened):.1f} ms",
        )


class _Painted(QObject):
    """Takes the times at which the rows in sight, and all rows, showed what is kept."""

    def __init__(self, page: BalancesPage) -> None:
        super().__init__()
        self._page = page
        self._viewport = page.table.viewport()
        self.visible_s = self.whole_s = 0.0
        self.done = asyncio.Event()
        self._viewport.installEventFilter(self)
        page.model.values_changed.connect(self._look)
        page.model.relaid.connect(self._look)

    def end(self) -> None:
        self._viewport.removeEventFilter(self)
        self._page.model.values_changed.disconnect(self._look)
        self._page.model.relaid.disconnect(self._look)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint:
            asyncio.get_running_loop().call_soon(self._look_painted)  # what is painted with it comes first
        return False

    def _look_painted(self) -> None:
        snapshot = self._page.model.rows.snapshot
        keys = self._page.table.visible_keys()
        if snapshot is not None and keys and not self.visible_s:
            rows = [snapshot.row_of(key) for key in keys]
            if all(row is not None and snapshot.amounts[row] is not None for row in rows):
                self.visible_s = time.perf_counter()
        self._look()

    def _look(self) -> None:
        snapshot = self._page.model.rows.snapshot
        if snapshot is not None and snapshot.amounts and not self.whole_s and None not in snapshot.amounts:
            self.whole_s = time.perf_counter()
        if self.whole_s and self.visible_s:
            self.done.set()


async def _measure(root: Path, accounts: int, samples: Samples) -> None:
    network = local_network("http://127.0.0.1:9/", 31_337)  # nobody is there, and nobody is asked
    tokens = [f"0x{0x70000 + number:040x}" for number in range(TOKENS)]
    application = Application(surrounds(root, network, tokens))
    window = MainWindow(application, Theme(window_app(), ThemeMode.LIGHT))
    window.resize(1280, 860)
    window.begin()
    window.show()
    person = Person(window)
    try:
        session = await watching(application, network, accounts)
        await session.pages.put(_readings(session))
        session.balances.look_again()
        await session.balances.load_pages(session.balances.keys())
        await session.settings.change(preload=True, ttl_s={(Purpose.DISPLAY, None): _TTL_S})
        window.entry.opened.emit()
        await person.sees("table: Balances")
        folder = session.cache_folder
        asked = (await session.metrics.snapshot()).calls
        for run in range(WARM_UP + RUNS):
            window.lock()
            await person.sees("editable text: Password")
            await asyncio.sleep(_ENTRY_SETTLES_S)
            raw_ms = await asyncio.to_thread(_raw_ms, folder)
            taken = await _unlock(window, person)
            if run >= WARM_UP:
                samples.raw.append(raw_ms)
                samples.visible.append(taken.visible[0])
                samples.whole.append(taken.whole[0])
                samples.opened.append(taken.opened[0])
        found = application.session
        if found is None or (await found.metrics.snapshot()).calls != asked:
            raise AssertionError("a server was asked")
    finally:
        await window.shut_down()


async def _unlock(window: MainWindow, person: Person) -> Samples:
    [page] = window.findChildren(BalancesPage)
    painted = _Painted(page)
    with _accepted() as accepted_s:
        window.entry.opened.connect(lambda: opened_s.append(time.perf_counter()))
        opened_s: list[float] = []
        await person.enter("Password", PASSWORD, then=Qt.Key.Key_Return)
        async with asyncio.timeout(_PATIENCE_S):
            await painted.done.wait()
    painted.end()
    [began_s] = accepted_s
    return Samples(
        [(painted.visible_s - began_s) * 1000],
        [(max(painted.whole_s, painted.visible_s) - began_s) * 1000],
        [((opened_s or [began_s])[0] - began_s) * 1000],
    )


@contextmanager
def _accepted() -> Iterator[list[float]]:
    """Yield a list that takes the time at which the vault accepted a password."""
    times: list[float] = []
    unlock = Vault.unlock

    async def noted(vault: Vault, password: str) -> Any:  # noqa: ANN401 - passed on
        outcome = await unlock(vault, password)
        times.append(time.perf_counter())
        return outcome

    Vault.unlock = noted  # type: ignore[assignment, method-assign] # only to look at a clock
    try:
        yield times
    finally:
        Vault.unlock = unlock  # type: ignore[method-assign] # as it was


def _readings(session: Session) -> list[Reading]:
    now = session.balances._clock.now()
    invalidations = session._registry.invalidations
    height = Height(HeightKind.BLOCK, 20_000_000, "0x" + "ab" * 32, "0x" + "cd" * 32, int(now.wall_s))

    def read(key: BalanceKey, amount: int) -> Reading:
        host, hash_ = "127.0.0.1", "0x" + "ef" * 32
        made = Reading(
            key, amount, 18, height, host, ReadMethod.MULTICALL, 500, now, now, 0, invalidations.registry, hash_
        )
        return replace(made, seq=invalidations.counter)

    return [read(key, 10**18 + number) for number, key in enumerate(session.balances.keys())]


def _raw_ms(folder: Path) -> float:
    """Return how long diskcache takes for the same pages, in the same pieces, without opening one."""
    cache = diskcache.Cache(str(folder), disk=BytesDisk)
    names: Sequence[str] = list(cache)
    began_s = time.perf_counter()
    for start in range(0, len(names), 64):
        with cache.transact():
            for name in names[start : start + 64]:
                if cache.get(name) is None:
                    raise AssertionError("a page is missing")
    took_ms = (time.perf_counter() - began_s) * 1000
    cache.close()
    return took_ms
