"""No file of the project sends anyone to a particular registry: that is the machine's own setting."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Written in two parts, so that this file does not name them either.
REGISTRIES = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "npmjs" + ".org",
    "npmjs" + ".com/package",
    "yarnpkg" + ".com",
    "npmmirror" + ".com",
    "extra-index" + "-url",
    "find-links" + " ",
]


def _files() -> list[Path]:
    """Return what is in git, or would be with the next commit."""
    listed = subprocess.run(
        [
            "git",
            "-c",
            f"safe.directory={ROOT}",
            "-C",
            str(ROOT),
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        capture_output=True,
        check=True,
    ).stdout
    return [path for name in listed.split(b"\0") if name and (path := ROOT / name.decode()).is_file()]


def test_no_file_names_a_registry() -> None:
    files = _files()
    assert ROOT / "pyproject.toml" in files
    for file in files:
        content = file.read_bytes()
        for registry in REGISTRIES:
            assert registry.encode() not in content, f"{file.relative_to(ROOT)} names {registry}"


def test_no_lock_file_of_a_kind_that_records_addresses_is_kept() -> None:
    kinds = {"uv.lock", "poetry.lock", "Pipfile.lock", "yarn.lock", "pnpm-lock.yaml"}
    assert [file for file in _files() if file.name in kinds or file.name.startswith("pylock.")] == []
