from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from pytestqt.qtbot import QtBot

from desktop_wallet.core.errors import EndpointTimeout
from desktop_wallet.core.instants import Instant, RunId
from desktop_wallet.core.networks import Family, Network, NetworkId
from desktop_wallet.net.pool import EndpointStatus
from desktop_wallet.ui.status_bar import Health, StatusBar, health, health_texts
from desktop_wallet.ui.theme import Theme, Token

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
class FakeSession:
    catalogue: FakeCatalogue
    metrics: FakeMetrics = field(default_factory=FakeMetrics)


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ((server(ok=True),), Health(up=1)),
        ((server(failed=True, healthy=False), server(ok=True)), Health(up=1)),
        ((server(ok=True, limited_s=8.0),), Health(limited=("Base",))),
        ((server(failed=True, healthy=False),), Health(down=("Base",))),
        ((server(failed=True, healthy=False, limited_s=8.0),), Health(down=("Base",))),
        ((server(),), Health(unasked=1)),
        ((), Health(unasked=1)),
    ],
    ids=["up", "one of two", "limited", "down", "down, and more waits for it", "not asked", "no server known"],
)
def test_a_network_does_as_its_servers_do(servers: tuple[EndpointStatus, ...], expected: Health) -> None:
    assert health(FakeSession(FakeCatalogue({"Base": servers}))) == expected  # type: ignore[arg-type]


def test_trouble_is_named_and_many_troubles_are_counted() -> None:
    found = Health(2, ("Relay",), ("Base", "Polygon", "Sepolia"), 1)
    assert health_texts(found) == (
        (Token.FRESH, "2 networks up"),
        (Token.MUTED, "1 network not asked yet"),
        (Token.STALE, "Relay limited"),
        (Token.UNAVAILABLE, "3 down"),
    )


def test_nothing_is_called_up_that_is_not() -> None:
    assert health_texts(Health(down=("Base",))) == ((Token.UNAVAILABLE, "Base down"),)
    assert health_texts(Health()) == ((Token.MUTED, "0 networks up"),)


def test_it_says_what_a_worried_person_asks(theme: Theme, qtbot: QtBot) -> None:
    bar = StatusBar(theme)
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
