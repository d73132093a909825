"""What a session knows of itself, as the tests of the Diagnostics page want it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from desktop_wallet.cache.pages import CacheMode
from desktop_wallet.core.errors import EndpointRateLimited, EndpointTimeout
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.net.pool import EndpointStatus
from desktop_wallet.services.diagnostics import Diagnosis, server_lines
from desktop_wallet.services.events import Events
from desktop_wallet.services.latencies import Latency
from desktop_wallet.services.metrics import MetricsSnapshot
from desktop_wallet.services.slicing import Slicer

if TYPE_CHECKING:
    from desktop_wallet.cache.pages import CacheTrouble
    from desktop_wallet.core.alerts import Alert
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.services.diagnostics import ServerLine
    from tests.ui.fake_session import FakeSession

FIGURES = MetricsSnapshot(
    hits_memory=90,
    hits_disk=7,
    misses=3,
    stale_answers=2,
    calls=12,
    calls_saved=1_204,
    preloads=4,
    preload_balances=48,
    preload_failures=1,
    invalidations=5,
    pages=9,
    bytes_on_disk=4_200_000,
    memory_entries=18,
    memory_bytes=16_200,
    latency={NetworkId("eip155", "1"): Latency(40, 260.0, 212.0, 1_240.0)},
)


@dataclass
class FakeMetrics:
    session: FakeSession
    reset_times: int = 0
    calls_saved: int = 0

    async def reset(self) -> None:
        self.reset_times += 1

    def hit_rate(self) -> float | None:
        return None


@dataclass
class FakeDiagnostics:
    """Tells what a test puts here."""

    session: FakeSession
    metrics: MetricsSnapshot = FIGURES
    alerts: tuple[Alert, ...] = ()
    trouble: CacheTrouble | None = None
    disk_in_use: bool = True
    mode: CacheMode = CacheMode.ON
    limited_s: dict[str, float] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    asked: int = 0
    slicer: Slicer = field(default_factory=Slicer)

    def now(self) -> Instant:
        return self.session.clock.now()

    def statuses(self, network: NetworkId) -> tuple[EndpointStatus, ...]:
        name = self.session.catalogue.network(network).name
        host = f"{name.lower()}.example"
        up = EndpointStatus(host, True, None, self.now(), 21_884_310, 212.0, 0.0, 12, 0, 0)
        if name in self.down:
            return (replace(up, healthy=False, last_error=EndpointTimeout(host=host, after_s=10), failures=3),)
        if name in self.limited_s:
            error = EndpointRateLimited(host=host, retry_after_s=self.limited_s[name])
            return (replace(up, healthy=False, last_error=error, rate_limited_for_s=self.limited_s[name]),)
        return (up,)

    def servers(self) -> tuple[ServerLine, ...]:
        networks = self.session.catalogue.networks()
        return tuple(line for each in networks for line in server_lines(each, self.statuses(each.id)))

    async def diagnose(self) -> Diagnosis:
        self.asked += 1
        return Diagnosis(
            at=self.now(),
            metrics=self.metrics,
            alerts=self.alerts,
            servers=self.servers(),
            mode=self.mode,
            limit_bytes=10_000_000,
            disk_in_use=self.disk_in_use,
            trouble=self.trouble,
            reading=len(self.session.balances.updating),
            preload=self.session.preload.progress,
        )


def diagnosed(session: FakeSession) -> FakeDiagnostics:
    """Give the session what the Diagnostics page asks for, and return it."""
    made = FakeDiagnostics(session)
    session.diagnostics = made  # type: ignore[attr-defined]
    session.metrics = FakeMetrics(session)  # type: ignore[attr-defined]
    session.events = Events(session.clock)  # type: ignore[attr-defined]
    return made
