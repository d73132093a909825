from __future__ import annotations

import json

import pytest

from tests.benchmarks.report import Finding, median, percentile
from tests.benchmarks.run import main

FOUND = Finding("B4", "memory, 10000 balances", 3.14159, "us", 6.0, 7, {"dict": 0.4, "slow": 9.0}, "<= 5 us", True)


def test_a_finding_is_one_json_object_on_one_line() -> None:
    line = FOUND.as_json()
    assert "\n" not in line
    assert json.loads(line) == {
        "id": "B4",
        "case": "memory, 10000 balances",
        "value": 3.142,
        "unit": "us",
        "p99": 6.0,
        "runs": 7,
        "against": {"dict": 0.4, "slow": 9.0},
        "ratio": 7.854,
        "goal": "<= 5 us",
        "reached": True,
    }


def test_a_missing_peer_is_named_and_nothing_is_made_up_for_it() -> None:
    found = Finding("B1", "warm", 200.0, "ms", goal="< 0.5 x Electrum", missing={"Electrum": "not installed"})
    told = json.loads(found.as_json())
    assert told["missing"] == {"Electrum": "not installed"}
    assert told["against"] == {}
    assert told["ratio"] is None
    assert told["reached"] is None
    assert "missing: Electrum (not installed)" in found.as_text()


def test_what_was_not_measured_has_no_figure() -> None:
    found = Finding("B1", "cold", None, "ms", against={"bare": 100.0})
    assert json.loads(found.as_json())["value"] is None
    assert "not measured" in found.as_text()


@pytest.mark.parametrize(("reached", "word"), [(True, "reached"), (False, "NOT REACHED"), (None, "not judged")])
def test_the_goal_stands_with_its_verdict(reached: bool | None, word: str) -> None:
    assert f"goal <= 5 us: {word}" in Finding("B4", "x", 1.0, "us", goal="<= 5 us", reached=reached).as_text()


def test_percentiles_are_samples_of_the_nearest_rank() -> None:
    samples = [float(number) for number in range(100, 0, -1)]
    assert median(samples) == 50.0
    assert percentile(samples, 99) == 99.0
    assert percentile([7.0], 99) == 7.0
    with pytest.raises(ValueError, match="no samples"):
        median([])


@pytest.mark.parametrize(("name", "words"), [("B7", "not built yet"), ("B77", "There is no benchmark B77")])
def test_a_benchmark_that_is_not_there_is_said_to_be_missing(
    name: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--only", name]) == 2
    assert words in capsys.readouterr().err
