from __future__ import annotations

from tests.benchmarks.hour_of_use import GLANCE_S, HOUR, TICK_S


def test_the_script_fills_an_hour_and_pays_three_times() -> None:
    assert sum(visit.dwell_s for visit in HOUR) == 3_600
    assert [visit.page for visit in HOUR if visit.pays] == ["send"] * 3
    assert all(visit.dwell_s % every_s == 0 for visit in HOUR for every_s in (TICK_S, GLANCE_S))
