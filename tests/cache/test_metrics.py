"""Counters add up over restarts; gauges do not."""

from __future__ import annotations

import pytest

from desktop_wallet.cache.metrics import CacheCounts, CacheMetrics


def test_counts_survive_a_restart_and_gauges_are_measured_anew() -> None:
    first = CacheMetrics()
    first.count("hits_memory", 3)
    first.count("misses")
    first.measure("pages", 7)
    second = CacheMetrics()
    second.count("hits_memory")
    second.restore(first.to_save())
    assert second.snapshot() == CacheCounts(hits_memory=4, misses=1)
    assert "pages" not in first.to_save()


def test_what_was_saved_by_another_version_does_no_harm() -> None:
    metrics = CacheMetrics()
    metrics.restore({"unknown": 5, "misses": -3, "pages": 9, "sets": 2})
    assert metrics.snapshot() == CacheCounts(sets=2)


def test_the_hit_rate_counts_both_tiers_and_is_unknown_before_the_first_look() -> None:
    metrics = CacheMetrics()
    assert metrics.snapshot().hit_rate is None
    metrics.count("misses")
    assert metrics.snapshot().hit_rate == 0
    metrics.count("hits_memory")
    metrics.count("hits_disk", 2)
    metrics.count("stale", 2)
    assert metrics.snapshot().hit_rate == 0.75


def test_a_name_that_is_none_is_a_mistake_of_the_caller() -> None:
    metrics = CacheMetrics()
    with pytest.raises(KeyError):
        metrics.count("hit")
    with pytest.raises(KeyError):
        metrics.measure("misses", 1)


def test_resetting_begins_again() -> None:
    metrics = CacheMetrics()
    metrics.count("sets", 4)
    metrics.reset()
    assert metrics.snapshot() == CacheCounts()
