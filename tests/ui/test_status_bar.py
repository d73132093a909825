from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from pytestqt.qtbot import QtBot

from desktop_wallet.core.alerts import Alert, AlertKind
from desktop_wallet.core.errors import EndpointRateLimited, EndpointTimeout
from desktop_wallet.core.instants import Instant, RunId
from desktop_wallet.core.networks import Family, Network, NetworkId
from desktop_wallet.net.pool import EndpointStatus
from desktop_wallet.ui.status_bar import Health, Limited, StatusBar, health, health_texts
from desktop_wallet.ui.theme import Theme, Token

LIMITED = EndpointRateLimited(host="a.example", retry_after_s=8.0)
NOW = Instant(1_790_000_000.0, 10.0, RunId("run"))


def network(name: str, number: int) -> Network:
    return Network(NetworkId("eip155", str(number)), Family.EVM, name, 12, 60, "ETH", "Ether", 18, 60)


def server(*, ok: bool = False, failed: bool = False, limited_s: float = 0.0, healthy: bool = True) -> EndpointStatus:
    error = EndpointTimeout(host="a.example", after_s=10) if failed else None
    return EndpointStatus("a.example", healthy, error, NOW if ok else None, 5, 12.0, limited_s, 3, 0)


@dataclass
class FakeCatalogue:
    known: dict[str, tuple[EndpointStatus, ...]] = field(default_factory=dict)

    def networks(self) -> tuple[Network, ...]:
        return tuple(network(name, number) for number, name in enumerate(self.known, 1))

    def statuses(self, wanted: NetworkId) -> tuple[EndpointStatus, ...]:
        return next(self.known[n.name] for n in self.networks() if n.id == wanted)


@dataclass
class FakeMetrics:
    rate: float | None = None
    calls_saved: int = 0

    def hit_rate(self) -> float | None:
        return self.rate


@dataclass
class FakeAlerts:
    standing: tuple[Alert, ...] = ()

    def current(self) -> tuple[Alert, ...]:
        return self.standing


class FakeDiagnostics:
    def now(self) -> Instant:
        return NOW


@dataclass
class FakeSession:
    catalogue: FakeCatalogue
    metrics: FakeMetrics = field(default_factory=FakeMetrics)
    alerts: FakeAlerts = field(default_factory=FakeAlerts)
    diagnostics: FakeDiagnostics = field(default_factory=FakeDiagnostics)


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ((server(ok=True),), Health(up=1)),
        ((server(failed=True, healthy=False), server(ok=True)), Health(up=1)),
        ((server(ok=True, limited_s=8.0),), Health(limited=(Limited("Base", 8.0),))),
        ((replace(server(healthy=False), last_error=LIMITED),), Health(limited=(Limited("Base", 0.0),))),
        ((server(failed=True, healthy=False),), Health(down=("Base",))),
        ((server(failed=True, healthy=False, limited_s=8.0),), Health(down=("Base",))),
        ((server(),), Health(unasked=1)),
        ((), Health(unasked=1)),
    ],
    ids=[
        "up",
        "one of two",
        "limited",
        "limited a while ago",
        "down",
        "down, and more waits for it",
        "not asked",
        "no server known",
    ],
)
def test_a_network_does_as_its_servers_do(servers: tuple[EndpointStatus, ...], expected: Health) -> None:
    assert health(FakeSession(FakeCatalogue({"Base": servers}))) == expected  # type: ignore[arg-type]


def test_trouble_is_named_and_many_troubles_are_counted() -> None:
    found = Health(2, (Limited("Relay", 7.9),), ("Base", "Polygon", "Sepolia"), 1)
    assert health_texts(found) == (
        (Token.FRESH, "2 networks up"),
        (Token.MUTED, "1 network not asked yet"),
        (Token.STALE, "Relay limited, next try in 7 s"),
        (Token.UNAVAILABLE, "3 down"),
    )


def test_a_wait_that_is_over_is_not_counted_down() -> None:
    assert health_texts(Health(limited=(Limited("Base", 0.0),))) == ((Token.STALE, "Base limited"),)


def test_nothing_is_called_up_that_is_not() -> None:
    assert health_texts(Health(down=("Base",))) == ((Token.UNAVAILABLE, "Base down"),)
    assert health_texts(Health()) == ((Token.MUTED, "0 networks up"),)


def test_it_says_what_a_worried_person_asks(theme: Theme, qtbot: QtBot) -> None:
    bar = StatusBar(theme)
    bar.resize(1280, 28)
    qtbot.addWidget(bar)
    session = FakeSession(FakeCatalogue({"Base": (server(ok=True),)}), FakeMetrics(0.97, 1204))
    bar.show_session(session, 24.0)  # type: ignore[arg-type]
    assert bar.texts == ("1 network up", "Hit rate 97 %", "1,204 calls saved", "Next refresh in 24 s")
    bar.clear()
    assert not bar.texts


def test_before_the_first_read_there_is_no_rate(theme: Theme, qtbot: QtBot) -> None:
    bar = StatusBar(theme)
    qtbot.addWidget(bar)
    bar.show_session(FakeSession(FakeCatalogue({"Base": ()})), None)  # type: ignore[arg-type]
    assert bar.texts == ("1 network not asked yet",)


def said(bar: StatusBar) -> list[str]:
    return list(bar.texts)


def test_the_next_try_is_counted_down(theme: Theme, qtbot: QtBot) -> None:
    bar = StatusBar(theme)
    bar.resize(1280, 28)
    qtbot.addWidget(bar)
    for left_s, words in ((8.2, "next try in 8 s"), (7.1, "next try in 7 s"), (0.2, "next try in 1 s")):
        servers = (server(ok=True, limited_s=left_s), server(ok=True, limited_s=left_s + 60))
        bar.show_session(FakeSession(FakeCatalogue({"Ethereum": servers})), None)  # type: ignore[arg-type]
        assert said(bar) == [f"Ethereum limited, {words}"]


def test_alerts_are_counted_and_lead_to_what_they_are_about(theme: Theme, qtbot: QtBot) -> None:
    bar = StatusBar(theme)
    bar.resize(1280, 28)
    qtbot.addWidget(bar)
    standing = (Alert(AlertKind.LOW_HIT_RATE, 0.31, 0.7, NOW), Alert(AlertKind.PRELOAD_FAILED, 0.5, 0.1, NOW))
    session = FakeSession(FakeCatalogue({"Base": (server(ok=True),)}), alerts=FakeAlerts(standing))
    bar.show_session(session, None)  # type: ignore[arg-type]
    assert said(bar) == ["1 network up", "2 alerts"]
    assert "Few balances come from the cache: 31 % within the last hour" in bar.alerts.toolTip()
    assert "See that the cache is on" in bar.alerts.accessibleDescription()
    with qtbot.waitSignal(bar.alerts_wanted):
        bar.alerts.click()
    session.alerts.standing = ()
    bar.show_session(session, None)  # type: ignore[arg-type]
    assert said(bar) == ["1 network up"]
    session.alerts.standing = standing
    bar.show_session(session, None)  # type: ignore[arg-type]
    bar.clear()
    assert said(bar) == []
    assert not bar.alerts.toolTip()


def test_in_the_smallest_window_what_matters_least_goes_first(theme: Theme, qtbot: QtBot) -> None:
    bar = StatusBar(theme)
    qtbot.addWidget(bar)
    limited = (server(ok=True, limited_s=58.0),)
    down = (server(failed=True, healthy=False),)
    names = {"Arbitrum One": limited, "BNB Smart Chain": limited, "Gnosis Chain": down, "Polygon zkEVM": down}
    session = FakeSession(
        FakeCatalogue({"Base": (server(ok=True),), "Optimism": (), **names}),
        FakeMetrics(0.97, 1_204_000),
        FakeAlerts((Alert(AlertKind.MANY_INVALIDATIONS, 1_200, 1_000, NOW),)),
    )
    bar.resize(2_000, 28)
    bar.show_session(session, 24.0)  # type: ignore[arg-type]
    assert len(bar.texts) == 10
    for width in (1_280, 1_000, 880):
        bar.resize(width, 28)
        bar.show_session(session, 24.0)  # type: ignore[arg-type]
        assert bar._fits(), width
        assert "1 alert" in bar.texts
    assert said(bar) == ["1 network up", "1 network not asked yet", "2 limited, next try in 58 s", "2 down", "1 alert"]
    bar.show()
    bar.resize(2_000, 28)
    assert len(bar.texts) == 10
    bar.close()
