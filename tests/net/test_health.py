from __future__ import annotations

from desktop_wallet.core.errors import EndpointRefused, EndpointTimeout
from desktop_wallet.net.health import Health
from tests.fakes.clock import FakeClock


def test_failures_fade_by_half_each_minute_and_with_each_answer() -> None:
    clock, health = FakeClock(), Health()
    health.failed(EndpointTimeout(host="a", after_s=10.0), clock.now())
    health.failed(EndpointTimeout(host="a", after_s=10.0), clock.now())
    assert health.recent_failures(clock.now()) == 2.0
    clock.advance(60)
    assert health.recent_failures(clock.now()) == 1.0
    health.answered(100.0, clock.now())
    assert health.recent_failures(clock.now()) == 0.5
    assert (health.failures, health.healthy, health.last_ok) == (2, True, clock.now())


def test_latency_is_a_running_average() -> None:
    clock, health = FakeClock(), Health()
    health.answered(100.0, clock.now())
    assert health.latency_ms == 100.0
    health.answered(200.0, clock.now())
    assert health.latency_ms == 130.0


def test_a_kept_error_has_its_data_but_not_the_frames_it_came_through() -> None:
    health = Health()
    try:
        raise EndpointRefused(host="a", status=500)
    except EndpointRefused as error:
        health.failed(error, FakeClock().now())
    assert isinstance(health.last_error, EndpointRefused)
    assert health.last_error.data == {"host": "a", "status": 500}
    assert health.last_error.__traceback__ is None
