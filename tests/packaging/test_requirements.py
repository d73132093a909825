"""What is installed is pinned, hashed, explained, and asked for at no particular address."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path

import pytest
from bip32 import BIP32
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def _pins(lock: Path) -> dict[str, tuple[Requirement, frozenset[str]]]:
    """Return each pinned requirement of `lock` by its name, with its hashes."""
    lines = [line for line in lock.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    entries = re.split(r"\n(?=\S)", "\n".join(lines).strip())
    pins: dict[str, tuple[Requirement, frozenset[str]]] = {}
    for entry in entries:
        requirement = Requirement(entry.partition("\\\n")[0].rstrip(" \\"))
        pins[canonicalize_name(requirement.name)] = (
            requirement,
            frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})\b", entry)),
        )
    return pins


def _direct() -> list[Requirement]:
    table = tomllib.loads(PYPROJECT)
    return [Requirement(line) for line in [*table["project"]["dependencies"], *table["dependency-groups"]["dev"]]]


def test_there_are_locks_for_running_and_for_developing() -> None:
    assert {lock.stem for lock in LOCKS} >= {"run", "dev", "peers"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_requirement_is_one_exact_version_with_hashes(lock: Path) -> None:
    for name, (requirement, hashes) in _pins(lock).items():
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], name
        assert hashes, name


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_no_requirement_file_names_an_address_or_an_option_of_pip(lock: Path) -> None:
    lines = lock.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "://" in line or " @ " in line] == []
    assert [line for line in lines if line.startswith("-")] == []


def test_the_developers_set_contains_the_users_set_unchanged() -> None:
    users, developers = _pins(ROOT / "requirements/run.txt"), _pins(ROOT / "requirements/dev.txt")
    for name, (requirement, hashes) in users.items():
        assert developers[name][0].specifier == requirement.specifier, name
        assert developers[name][1] == hashes, name


def test_every_direct_dependency_is_locked_within_its_bounds() -> None:
    locked = _pins(ROOT / "requirements/dev.txt")
    for requirement in _direct():
        pin = locked[canonicalize_name(requirement.name)][0]
        assert requirement.specifier.contains(next(iter(pin.specifier)).version), requirement.name


def test_every_direct_dependency_has_a_lower_bound() -> None:
    for requirement in _direct():
        assert {specifier.operator for specifier in requirement.specifier} <= {">=", "=="}, requirement.name
        assert requirement.specifier, requirement.name


def test_every_direct_dependency_has_its_reason_above_it() -> None:
    lines = [line.strip() for line in PYPROJECT.splitlines()]
    quoted = re.compile(r'"(?P<requirement>[^"]+)",')
    explained = set()
    for above, line in itertools.pairwise(lines):
        entry = quoted.fullmatch(line)
        if entry and (above.startswith("#") or above.strip('",') in explained):
            explained.add(entry["requirement"])
    table = tomllib.loads(PYPROJECT)
    direct = {*table["project"]["dependencies"], *table["dependency-groups"]["dev"]}
    assert direct - explained == set()


def test_qt_and_its_binding_layer_are_one_exact_version() -> None:
    direct = {requirement.name: str(requirement.specifier) for requirement in _direct()}
    assert direct["PySide6-Essentials"] == direct["shiboken6"] == "==6.11.3"
    for lock in (ROOT / "requirements/run.txt", ROOT / "requirements/dev.txt"):
        pins = _pins(lock)
        assert str(pins["pyside6-essentials"][0].specifier) == str(pins["shiboken6"][0].specifier) == "==6.11.3"


def test_nothing_that_replaces_the_import_statement_is_locked() -> None:
    for lock in LOCKS:
        assert "lazy-importer" not in _pins(lock)


def test_bip32_derives_correctly_on_the_coincurve_that_we_lock_over_its_bound() -> None:
    """BIP-32, test vector 1, chain m/0'/1/2'/2/1000000000, and one public derivation against the private one."""
    path = "m/0'/1/2'/2/1000000000"
    master = BIP32.from_seed(bytes.fromhex("000102030405060708090a0b0c0d0e0f"))
    assert master.get_xpriv_from_path(path) == (
        "xprvA41z7zogVVwxVSgdKUHDy1SKmdb533PjDz7J6N6mV6uS3ze1ai8FHa8kmHScGpWmj4WggLyQjgPie1rFSruoUihUZREPSL39UNdE3BBDu76"
    )
    assert master.get_xpub_from_path(path) == (
        "xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy"
    )
    public = BIP32.from_xpub(master.get_xpub_from_path("m/0'"))
    assert public.get_pubkey_from_path("m/1/2") == master.get_pubkey_from_path("m/0'/1/2")
