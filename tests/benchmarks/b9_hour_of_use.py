"""B9: an hour of use on a fake clock, with the cache on and off: what it asks of servers, and who has to wait."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from desktop_wallet.cache.pages import CacheMode
from desktop_wallet.compose import Application, Surrounds
from desktop_wallet.core.freshness import TTL_S, Purpose
from desktop_wallet.core.transfers import Draft
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.services.flights import COALESCE_S
from desktop_wallet.services.folders import Folders
from tests.benchmarks.hour_of_use import GLANCE_S, HOUR, TICK_S, Visit
from tests.benchmarks.report import Finding
from tests.benchmarks.window_loop import run_on_window_loop
from tests.fakes.anvil import MULTICALL3
from tests.fakes.clock import FakeClock
from tests.fakes.sleepers import Sleepers, settle
from tests.vault.disk_store import DiskStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from desktop_wallet.chains.practice.chain import PracticeChain
    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.services.session import Session

T = TypeVar("T")

ID = "B9"
ABOUT = "an hour of use on a fake clock, the same each time: pages, dwell times, three payments"
REQUESTS_PER_MIN = 1_000_000
SETTING = (
    f"the practice networks with their delays, cache quota 10 MB, {REQUESTS_PER_MIN} requests/min; the script is "
    f"tests/benchmarks/hour_of_use.py; an open page that shows balances is looked at every {TICK_S:g} s, as the window "
    f"shows its numbers anew, or every {GLANCE_S:g} s, and without a cache every look is a read"
)
WITHOUT_WAITING = 95.0
FEWER_CALLS = 90.0
_STEP_S = 1.0
_DISPLAY_S = TTL_S[Purpose.DISPLAY]
_PAID_WEI = 10**12


@dataclass
class Hour:
    """What an hour took. Looks are counted a balance; `requests` are those over the network."""

    requests: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    """Of these, how many read balances, and how many looked after blocks and payments."""
    least: int = 0
    """Requests that the time limit of the display takes for what the script has on screen."""
    reads: int = 0
    fresh: int = 0
    stale: int = 0
    waited: int = 0
    payments: int = 0


def measure() -> Iterator[Finding]:
    """Yield the findings of B9."""
    for every_s in (TICK_S, GLANCE_S):
        off = run_on_window_loop(_hour(CacheMode.OFF, every_s, keep_fresh=False))
        for name, keep_fresh in (("on", True), ("on, nothing read again by itself", False)):
            on = run_on_window_loop(_hour(CacheMode.ON, every_s, keep_fresh=keep_fresh))
            yield from _findings(f"a look every {every_s:g} s, cache {name}", on, off)


def _findings(name: str, on: Hour, off: Hour) -> Iterator[Finding]:
    at_once = 100 * (on.fresh + on.stale) / on.reads
    yield Finding(
        ID,
        f"{name}: balances shown without waiting",
        at_once,
        "%",
        runs=1,
        against={"cache off": 100 * (off.fresh + off.stale) / off.reads},
        goal=f">= {WITHOUT_WAITING:g} %",
        reached=at_once >= WITHOUT_WAITING,
        figure="share",
        note=(
            f"of {on.reads} looks at a balance {on.fresh} found it fresh, {on.stale} stale (and read again behind), "
            f"{on.waited} unknown; {on.payments} payments"
        ),
    )
    fewer = 100 * (1 - on.requests / off.requests)
    yield Finding(
        ID,
        f"{name}: fewer requests than with the cache off",
        fewer,
        "%",
        runs=1,
        goal=f">= {FEWER_CALLS:g} %",
        reached=fewer >= FEWER_CALLS,
        figure="share",
        note=(
            f"{on.requests} requests ({_kinds(on)}), {off.requests} with the cache off ({_kinds(off)}); what is on "
            f"screen may be {_DISPLAY_S:g} s old, so that {on.least} requests are the least for an hour"
        ),
    )


def _kinds(hour: Hour) -> str:
    return f"{hour.kinds['balances']} read balances, {hour.kinds['others']} blocks and payments"


async def _hour(mode: CacheMode, every_s: float, *, keep_fresh: bool) -> Hour:
    clock = FakeClock()
    sleepers = Sleepers(clock)

    async def sleep(seconds: float) -> None:
        await (sleepers.sleep(seconds) if seconds > COALESCE_S else asyncio.sleep(0))

    with tempfile.TemporaryDirectory() as root:
        outside = Surrounds(
            folders=Folders.under(Path(root)),
            clock=clock,
            sleep=sleep,
            store=lambda: DiskStore(Path(root) / "keyring.json"),
            networks=tuple,
            tokens=dict,
            kdf=KdfParameters(64 << 20, 1),
            requests_per_min=REQUESTS_PER_MIN,
        )
        application = Application(outside)
        kinds: Counter[str] = Counter()
        for chain in application.practice:
            _count_requests(chain, kinds)
        try:
            session = await application.open_practice()
            await session.settings.change(cache_mode=mode, keep_fresh=keep_fresh, discover=False)
            await session.apply_cache_settings()
            session.refresher.apply_settings()
            person = _Person(session, clock, sleepers, every_s)
            await person.wait(5)
            kinds.clear()
            for visit in HOUR:
                await person.visit(visit)
            shown_s = sum(visit.dwell_s for visit in HOUR if person.shown_on(visit.page))
            person.hour.least = round(shown_s / _DISPLAY_S) * len(session.catalogue.networks())
            person.hour.kinds += kinds
            person.hour.requests = kinds.total()
        finally:
            await application.close()
    return person.hour


def _count_requests(chain: PracticeChain, kinds: Counter[str]) -> None:
    """Count what the chain is asked, by what for."""
    answer = chain.answer

    async def counted(body: bytes) -> bytes:
        kinds["balances" if b"eth_call" in body and MULTICALL3[2:].lower().encode() in body.lower() else "others"] += 1
        return await answer(body)

    chain.answer = counted  # type: ignore[method-assign] # only to count


class _Person:
    """Does what the script says."""

    def __init__(self, session: Session, clock: FakeClock, sleepers: Sleepers, every_s: float) -> None:
        self._every_s = every_s
        self._session = session
        self._clock = clock
        self._sleepers = sleepers
        self.hour = Hour()

    async def wait(self, seconds: float) -> None:
        """Let time pass in small steps, and let the disk's workers keep up with it."""
        end_s = self._clock.boot_s + seconds
        while self._clock.boot_s < end_s - 1e-6:
            await self._sleepers.advance(min(_STEP_S, end_s - self._clock.boot_s))
            await self._session.pages.stats()
            await self._session._registry.load_settings()
            await settle()

    async def visit(self, visit: Visit) -> None:
        """Open a page, look at it as long as it is open, and pay if the script says so."""
        keys = self.shown_on(visit.page)
        self._session.refresher.watch(keys)
        left_s, paid = visit.dwell_s, not visit.pays
        while left_s > 0:
            looking = asyncio.ensure_future(self._look(keys))
            if not paid and left_s <= visit.dwell_s * 2 / 3:
                paid = True
                await self._pay()
            step_s = min(self._every_s, left_s)
            await self.wait(step_s)
            left_s -= step_s
            await self._until(looking)

    def shown_on(self, page: str) -> tuple[BalanceKey, ...]:
        """Return the balances that a page shows."""
        balances, first = self._session.balances, self._session.accounts.accounts()[0]
        if page == "balances":
            return balances.keys()
        return balances.keys(account=first.address) if page in ("receive", "send") else ()

    async def _look(self, keys: Sequence[BalanceKey]) -> None:
        balances = self._session.balances
        off = self._session.pages.mode is CacheMode.OFF
        for key in keys:
            self.hour.reads += 1
            if off or balances.state(key).reading is None:
                self.hour.waited += 1
            elif balances.is_due(key):
                self.hour.stale += 1
            else:
                self.hour.fresh += 1
        if keys:
            await balances.read(keys)

    async def _pay(self) -> None:
        accounts = self._session.accounts.accounts()
        key = self._session.balances.keys(account=accounts[0].address)[0]
        draft = Draft(key.network, accounts[0].address, accounts[1].address, key.asset, _PAID_WEI)
        reviewing = asyncio.ensure_future(self._session.sending.review(draft))
        sending = asyncio.ensure_future(self._session.sending.send(await self._until(reviewing)))
        await self._until(sending)
        self.hour.payments += 1

    async def _until(self, task: asyncio.Future[T]) -> T:
        for _ in range(200):
            if task.done():
                break
            await self.wait(0.25)
        return await task
