"""The page of proofs counts every test once and keeps what tests recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from tests.proof_report import ProofReport

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import ProofSize

Phase = Literal["setup", "call", "teardown"]
Outcome = Literal["passed", "failed", "skipped"]


def _phase(test: str, when: Phase, outcome: Outcome = "passed", figure: str | None = None) -> pytest.TestReport:
    properties: list[tuple[str, object]] = [("figure", figure), ("other", 1)] if figure else []
    return pytest.TestReport(
        test, ("", None, ""), {}, outcome, None, when, user_properties=properties, duration=0.5, start=0.0, stop=0.5
    )


def test_a_run_becomes_a_page(tmp_path: Path, proof_size: ProofSize) -> None:
    page = tmp_path / "build" / "proofs.md"
    report = ProofReport(page, proof_size, is_full=False)
    for when in ("setup", "call", "teardown"):
        report.pytest_runtest_logreport(_phase("tests/a.py::test_one", when, figure="3 | 4 kills"))
    report.pytest_runtest_logreport(_phase("tests/a.py::test_two", "setup"))
    report.pytest_runtest_logreport(_phase("tests/a.py::test_two", "call", "failed"))
    report.pytest_runtest_logreport(_phase("tests/b.py::test_three", "setup", "skipped"))
    report.pytest_runtest_logreport(_phase("tests/b.py::test_four", "setup", "failed"))
    report.pytest_sessionfinish()
    lines = page.read_text(encoding="utf-8").splitlines()
    assert "| tests/a.py | 1 | 1 | 0 | 2.5 |" in lines
    assert "| tests/b.py | 0 | 1 | 1 | 1.0 |" in lines
    assert "| tests/a.py::test_one | 3 \\| 4 kills |" in lines
    assert "- Tests: 1 passed, 2 failed, 1 skipped" in lines
    assert any(line.startswith("- Sizes (as in make test): histories") for line in lines)
    assert any(line.startswith("- Machine: ") for line in lines)
