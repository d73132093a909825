"""Writes what a run of the proofs showed, as a page that a person can read."""

from __future__ import annotations

import os
import platform
import subprocess
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from tests.conftest import ProofSize

_LIBRARIES = ("PySide6-Essentials", "qasync", "httpx", "diskcache", "sqlcipher3", "PyNaCl", "hypothesis", "pytest")
_OUTCOMES = ("passed", "failed", "skipped")


@dataclass(slots=True)
class _File:
    """What the tests of one file did."""

    outcomes: Counter[str] = field(default_factory=Counter)
    took_s: float = 0.0
    figures: list[tuple[str, str]] = field(default_factory=list)


class ProofReport:
    """A pytest plugin that counts each file's tests and collects their recorded figures."""

    def __init__(self, path: Path, size: ProofSize, *, is_full: bool) -> None:
        self._path = path
        self._size = size
        self._is_full = is_full
        self._began = datetime.now(UTC)
        self._files: defaultdict[str, _File] = defaultdict(_File)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one phase of one test; a failed set-up or tear-down is a failed test."""
        name, _, test = report.nodeid.partition("::")
        file = self._files[name]
        file.took_s += report.duration
        if report.when == "call" or report.outcome != "passed":
            file.outcomes[report.outcome] += 1
        if report.when == "teardown":
            file.figures += [(test, str(value)) for key, value in report.user_properties if key == "figure"]

    def pytest_sessionfinish(self) -> None:
        """Write the page."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text("\n".join(self._lines()) + "\n", encoding="utf-8")

    def _lines(self) -> list[str]:
        took_s = (datetime.now(UTC) - self._began).total_seconds()
        total: Counter[str] = Counter()
        for file in self._files.values():
            total += file.outcomes
        versions = ", ".join(f"{library} {metadata.version(library)}" for library in _LIBRARIES)
        sizes = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in asdict(self._size).items())
        lines = [
            "# Proofs",
            "",
            f"- When: {self._began:%Y-%m-%d %H:%M} UTC, {took_s:,.0f} s",
            f"- What: {_commit()}",
            f"- Machine: {_machine()}",
            f"- Versions: Python {platform.python_version()}, {versions}",
            f"- Sizes ({'full' if self._is_full else 'as in make test'}): {sizes}; seeded, the same draws in every run",
            f"- Tests: {', '.join(f'{total[outcome]} {outcome}' for outcome in _OUTCOMES)}",
            "",
            "| file | passed | failed | skipped | seconds |",
            "|---|---:|---:|---:|---:|",
        ]
        lines += [
            f"| {name} | {' | '.join(str(file.outcomes[outcome]) for outcome in _OUTCOMES)} | {file.took_s:.1f} |"
            for name, file in sorted(self._files.items())
        ]
        figures = [(name, *figure) for name, file in sorted(self._files.items()) for figure in file.figures]
        if figures:
            lines += ["", "## Figures", "", "| test | figure |", "|---|---|"]
            lines += [f"| {name}::{test} | {_cell(figure)} |" for name, test, figure in figures]
        return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _commit() -> str:
    root = Path(__file__).parent.parent
    git = ["git", "-c", f"safe.directory={root}", "-C", str(root)]
    commit = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    if commit.returncode != 0:
        return "no git commit"
    changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=False).stdout
    return f"commit {commit.stdout.strip()}{', with changes' if changed.strip() else ''}"


def _machine() -> str:
    model = platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = f"{line.partition(':')[2].strip()} ({model})"
                break
        memory = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"
    except (OSError, ValueError, AttributeError):
        memory = "memory unknown"
    return f"{platform.platform()}, {os.cpu_count()} cores, {model}, {memory}"
