"""Measures the wallet side by side with its references.

usage: make bench [ARGS="--only B1,B4 --json FILE"]

Goals are for a quiet machine of two cores; ratios hold on any. A peer that cannot run is named as missing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.report import machine

if TYPE_CHECKING:
    from collections.abc import Sequence

BUILT = {
    "B1": "b1_start",
    "B2": "b2_unlock",
    "B3": "b3_preload",
    "B4": "b4_cache_hit",
    "B5": "b5_preload_and_paint",
    "B8": "b8_review",
    "B9": "b9_hour_of_use",
    "B10": "b10_growth",
}
NOT_YET = ("B6", "B7")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks that were asked for; return 0, 1 if one failed, 2 if one does not exist."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", metavar="IDS", help=f"some of {', '.join(BUILT)}, separated by commas")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write one JSON object a line to FILE")
    options = parser.parse_args(arguments)
    wanted = list(BUILT) if options.only is None else [name.strip().upper() for name in options.only.split(",")]
    problems = [problem for name in wanted if (problem := _problem(name))]
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 2
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text("", encoding="utf-8")
    if len(wanted) == 1:
        _run(wanted[0], options.json)
        return 0
    failed = 0
    for name in wanted:
        # In a process of its own: what one leaves in memory would be the next one's load.
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder) / "part.json"
            command = [sys.executable, "-m", "tests.benchmarks.run", "--only", name, "--json", str(part)]
            failed += subprocess.run(command, check=False).returncode != 0
            if options.json is not None and part.exists():
                with options.json.open("a", encoding="utf-8") as file:
                    file.write(part.read_text("utf-8"))
    return int(failed > 0)


def _run(name: str, file: Path | None) -> None:
    module = import_module(f"tests.benchmarks.{BUILT[name]}")
    print(f"{machine()}\n\n{name}: {module.ABOUT}\n  {module.SETTING}", flush=True)
    for finding in module.measure():
        print(finding.as_text(), flush=True)
        if file is not None:
            with file.open("a", encoding="utf-8") as out:
                out.write(f"{finding.as_json()}\n")
    print(flush=True)


def _problem(name: str) -> str:
    """Return why a benchmark cannot run; nothing if it can."""
    if name in BUILT:
        return ""
    if name in NOT_YET:
        return f"{name} is planned and not built yet. Built: {', '.join(BUILT)}."
    return f"There is no benchmark {name}. Built: {', '.join(BUILT)}."


if __name__ == "__main__":
    sys.exit(main())
