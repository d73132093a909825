"""The page that says where each requirement lives names only what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "tests" / "README.md"
IDS = [
    f"{group}{number}"
    for group, last in (("F", 9), ("C", 10), ("I", 8), ("P", 8), ("R", 4), ("G", 3), ("M", 4))
    for number in range(1, last + 1)
]
_ROW = re.compile(r"^\| (?P<id>[A-Z]\d+) \| (?P<what>[^|]+) \| (?P<where>[^|]+) \| (?P<tests>[^|]+) \|$", re.MULTILINE)
_NAMED = re.compile(r"`([^`]+)`")


def rows() -> dict[str, re.Match[str]]:
    return {row["id"]: row for row in _ROW.finditer(PAGE.read_text("utf-8"))}


def test_every_requirement_has_its_row() -> None:
    assert list(rows()) == IDS


@pytest.mark.parametrize("name", IDS)
def test_what_a_row_names_is_there(name: str) -> None:
    row = rows()[name]
    files = _NAMED.findall(row["where"])
    tests = _NAMED.findall(row["tests"])
    assert files
    assert tests
    missing = [file for file in files if not (ROOT / "desktop_wallet" / file).exists()]
    for test in tests:
        file, _, function = test.partition("::")
        path = ROOT / "tests" / file
        if not path.is_file() or f"def {function}(" not in path.read_text("utf-8"):
            missing.append(test)
    assert missing == []
