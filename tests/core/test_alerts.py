"""A warning comes at its limit and goes only well on the good side of it."""

from __future__ import annotations

import pytest

from desktop_wallet.core.alerts import BOUNDS, AlertKind


@pytest.mark.parametrize(
    ("kind", "fine", "at_the_limit", "broken", "between", "over"),
    [
        (AlertKind.LOW_HIT_RATE, 0.71, 0.70, 0.699, 0.74, 0.75),
        (AlertKind.MANY_INVALIDATIONS, 999, 1_000, 1_001, 801, 800),
        (AlertKind.PRELOAD_FAILED, 0.09, 0.10, 0.101, 0.06, 0.05),
    ],
)
def test_a_warning_comes_past_its_limit_and_stays_until_the_other_bound(
    kind: AlertKind, fine: float, at_the_limit: float, broken: float, between: float, over: float
) -> None:
    bounds = BOUNDS[kind]
    assert not bounds.broken_by(fine, stands=False)
    assert not bounds.broken_by(at_the_limit, stands=False), "the limit itself is still within"
    assert bounds.broken_by(broken, stands=False)
    assert not bounds.broken_by(between, stands=False)
    assert bounds.broken_by(between, stands=True)
    assert not bounds.broken_by(over, stands=True)


def test_every_kind_has_its_bounds() -> None:
    assert set(BOUNDS) == set(AlertKind)
