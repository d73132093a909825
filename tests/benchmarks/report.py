"""What a benchmark found, as a person and as a program read it."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Finding:
    """One case of one benchmark: `value` is the median unless `figure` says otherwise; None where not measured.

    `against` are the medians of the references of the same run, in the same unit, and `ratio` is to the first of
    them. `missing` names the peers that could not run, with the reason. `reached` is None without a goal, or where
    what the goal speaks of is missing.
    """

    id: str
    case: str
    value: float | None
    unit: str
    p99: float | None = None
    runs: int = 0
    against: Mapping[str, float] = field(default_factory=dict)
    goal: str = ""
    reached: bool | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    figure: str = "p50"
    """What the value is, where it is not the median."""

    @property
    def ratio(self) -> float | None:
        """Return the value as a multiple of the first reference."""
        reference = next(iter(self.against.values()), None)
        if self.value is None or not reference:
            return None
        return self.value / reference

    def as_json(self) -> str:
        """Return one JSON object on one line; what is not there is null or left out."""
        found: dict[str, object] = {
            "id": self.id,
            "case": self.case,
            "value": _rounded(self.value),
            "unit": self.unit,
            "p99": _rounded(self.p99),
            "runs": self.runs,
            "against": {name: _rounded(value) for name, value in self.against.items()},
            "ratio": _rounded(self.ratio),
            "goal": self.goal,
            "reached": self.reached,
        }
        if self.missing:
            found["missing"] = dict(self.missing)
        if self.figure != "p50":
            found["figure"] = self.figure
        if self.note:
            found["note"] = self.note
        return json.dumps(found)

    def as_text(self) -> str:
        """Return the lines for a person."""
        head = f"  {self.case}"
        if self.value is None:
            figures = "not measured"
        else:
            figures = f"{self.figure} {_short(self.value)} {self.unit}"
            if self.p99 is not None:
                figures += f", p99 {_short(self.p99)} {self.unit}"
            figures += f", {self.runs} runs"
        lines = [f"{head:<56} {figures}"]
        if self.against:
            shown = ", ".join(f"{name} {_short(value)} {self.unit}" for name, value in self.against.items())
            ratio = "" if self.ratio is None else f"; ratio to {next(iter(self.against))}: {self.ratio:.2f}"
            lines.append(f"      against {shown}{ratio}")
        if self.goal:
            verdict = {True: "reached", False: "NOT REACHED", None: "not judged"}[self.reached]
            lines.append(f"      goal {self.goal}: {verdict}")
        lines += [f"      missing: {name} ({reason})" for name, reason in self.missing.items()]
        if self.note:
            lines.append(f"      {self.note}")
        return "\n".join(lines)


def median(samples: Sequence[float]) -> float:
    """Return the sample in the middle; ValueError without any."""
    return percentile(samples, 50)


def percentile(samples: Sequence[float], percent: float) -> float:
    """Return the smallest sample that this many percent do not exceed (nearest rank); ValueError without any."""
    if not samples:
        raise ValueError("no samples")
    ordered = sorted(samples)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank) - 1, 0)]


def machine() -> str:
    """Return one line about where this ran, and how busy that was."""
    load = f", load {os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{platform.system()} {platform.release()}, {_processor()} x {os.cpu_count()}, "
        f"Python {platform.python_version()}{load}"
    )


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        return platform.machine()
    return platform.machine()


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
