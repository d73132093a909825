"""What the wallet knows of itself, as values: how each server does, and everything at one moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_wallet.core.errors import EndpointRateLimited, EndpointTimeout
from desktop_wallet.core.instants import Instant, RunId
from desktop_wallet.core.networks import Endpoint, Family, Network, NetworkId
from desktop_wallet.net.pool import EndpointStatus
from desktop_wallet.services.diagnostics import ServerState, server_lines, server_state

_NOW = Instant(1_790_000_000.0, 10.0, RunId("run"))
_UP = EndpointStatus("a.example", True, None, _NOW, 100, 12.0, 0.0, 3, 0)
_TIMEOUT = EndpointTimeout(host="a.example", after_s=10)
_LIMITED = EndpointRateLimited(host="a.example", retry_after_s=8.0)
_NETWORK = Network(
    NetworkId("eip155", "8453"),
    Family.EVM,
    "Base",
    2,
    60,
    "ETH",
    "Ether",
    18,
    60,
    tuple(Endpoint(f"https://{host}.example/key") for host in "abc"),
)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, ServerState.UNASKED),
        (replace(_UP, last_ok=None), ServerState.UNASKED),
        (_UP, ServerState.UP),
        (replace(_UP, behind=True), ServerState.BEHIND),
        (replace(_UP, behind=True, stands_still=True), ServerState.STANDS_STILL),
        (replace(_UP, rate_limited_for_s=8.0), ServerState.LIMITED),
        (replace(_UP, healthy=False, last_error=_LIMITED, rate_limited_for_s=8.0), ServerState.LIMITED),
        (replace(_UP, healthy=False, last_error=_LIMITED), ServerState.LIMITED),
        (replace(_UP, rate_limited_for_s=100.0, paused_for_s=99.999), ServerState.PAUSED),
        (replace(_UP, rate_limited_for_s=300.0, paused_for_s=100.0), ServerState.LIMITED),
        (replace(_UP, healthy=False, last_error=_TIMEOUT), ServerState.DOWN),
        (replace(_UP, healthy=False, last_error=_TIMEOUT, rate_limited_for_s=8.0), ServerState.DOWN),
    ],
)
def test_a_server_does_as_its_status_says(status: EndpointStatus | None, expected: ServerState) -> None:
    assert server_state(status) is expected


def test_servers_come_in_the_order_in_which_they_are_asked_and_those_never_asked_last() -> None:
    statuses = (replace(_UP, host="b.example"), replace(_UP, rate_limited_for_s=8.0))
    lines = server_lines(_NETWORK, statuses)
    assert [(line.host, line.state, line.next_try_s) for line in lines] == [
        ("b.example", ServerState.UP, None),
        ("a.example", ServerState.LIMITED, 8.0),
        ("c.example", ServerState.UNASKED, None),
    ]


def test_a_server_that_is_up_waits_for_nothing() -> None:
    (line, *_) = server_lines(_NETWORK, (_UP,))
    assert line.next_try_s is None
