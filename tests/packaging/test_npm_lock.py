"""The parts that come from npm are pinned, hashed, and asked for at no particular address."""

from __future__ import annotations

import json
import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "packaging" / "npm"
WANTED = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
LOCK_TEXT = (FOLDER / "package-lock.json").read_text(encoding="utf-8")
LOCK = json.loads(LOCK_TEXT)


def test_the_lock_records_no_address_to_fetch_from() -> None:
    assert '"resolved"' not in LOCK_TEXT
    assert "omit-lockfile-registry-resolved=true" in (FOLDER / ".npmrc").read_text(encoding="utf-8")


def test_every_package_is_one_exact_version_with_a_hash() -> None:
    packages = {name: package for name, package in LOCK["packages"].items() if name}
    assert packages
    for name, package in packages.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+(-[\w.]+)?", package["version"]), name
        assert package["integrity"].startswith("sha512-"), name


def test_the_lock_belongs_to_what_is_wanted() -> None:
    for kind in ("dependencies", "optionalDependencies"):
        assert LOCK["packages"][""][kind] == WANTED[kind]
        for name, version in WANTED[kind].items():
            assert LOCK["packages"][f"node_modules/{name}"]["version"] == version


def test_no_script_of_a_package_runs_when_it_is_installed() -> None:
    assert "ignore-scripts=true" in (FOLDER / ".npmrc").read_text(encoding="utf-8").splitlines()
