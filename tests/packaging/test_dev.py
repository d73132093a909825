"""The set-up knows what is missing, says what to do, and does nothing twice."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "packaging" / "dev.py"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="system packages are Debian's")


@pytest.fixture
def dev() -> ModuleType:
    """Return the set-up script as a module."""
    spec = importlib.util.spec_from_file_location("wallet_dev", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of a small Debian: `installed` lists its packages, `asked` keeps what apt-get was told."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (tmp_path / "installed").write_text("libgl1 installed\nlibglib2.0-0t64 installed\nxauth deinstall\n")
    (programs / "dpkg-query").write_text(f"#!/bin/sh\nwhile read -r line; do echo $line; done <{tmp_path}/installed\n")
    (programs / "apt-get").write_text(f"#!/bin/sh\necho $DEBIAN_FRONTEND $* >>{tmp_path}/asked\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    return tmp_path


def test_missing_packages_are_those_that_are_not_installed_under_either_name(dev: ModuleType, debian: Path) -> None:
    assert dev.missing_packages(("libgl1", "libglib2.0-0", "libegl1", "xauth")) == ["libegl1", "xauth"]


def test_a_plain_user_is_told_the_one_line_to_run(
    dev: ModuleType, debian: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(dev.SetupError) as raised:
        dev.install_system_packages(("libgl1", "libegl1", "xvfb"))
    line = "sudo apt-get update && sudo apt-get install -y --no-install-recommends libegl1 xvfb"
    assert [text.strip() for text in str(raised.value).splitlines() if "apt-get" in text] == [line]
    assert not (debian / "asked").exists()


def test_root_installs_what_is_missing_and_is_asked_nothing(
    dev: ModuleType, debian: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    dev.install_system_packages(("libgl1", "libegl1"))
    update, install = (debian / "asked").read_text().splitlines()
    assert re.fullmatch(r"noninteractive .*-qq .*update", update)
    assert re.fullmatch(r"noninteractive .*-qq .*install -y --no-install-recommends libegl1", install)
    assert "libegl1" in capsys.readouterr().out


def test_nothing_is_asked_of_apt_when_nothing_is_missing(dev: ModuleType, debian: Path) -> None:
    dev.install_system_packages(("libgl1", "libglib2.0-0"))
    assert not (debian / "asked").exists()


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 14, 0)])
def test_another_python_is_refused_with_a_sentence(
    dev: ModuleType, debian: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int]
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(dev.SetupError, match=r"needs Python 3\.11, 3\.12 or 3\.13"):
        dev.require_python()


def test_a_failed_command_shows_its_last_words_and_what_to_do(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "BUILD", tmp_path / "build")
    monkeypatch.setattr(dev, "LOG", tmp_path / "build" / "setup.log")
    dev.execute([sys.executable, "-c", "print('earlier')"], "unused", folder=tmp_path)
    with pytest.raises(dev.SetupError) as raised:
        dev.execute([sys.executable, "-c", "raise SystemExit('no route')"], "Is it reachable?", folder=tmp_path)
    assert str(raised.value).splitlines() == ["no route", "", "Is it reachable? (All of it: build/setup.log)"]


def test_the_stamp_changes_with_the_pins_and_with_the_python(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "REQUIREMENTS", tmp_path)
    (tmp_path / "run.txt").write_text("a==1")
    (tmp_path / "pyvenv.cfg").write_text("version = 3.11.2")
    stamps = [dev.python_stamp(tmp_path, "run")]
    (tmp_path / "run.txt").write_text("a==2")
    stamps.append(dev.python_stamp(tmp_path, "run"))
    (tmp_path / "pyvenv.cfg").write_text("version = 3.12.1")
    stamps.append(dev.python_stamp(tmp_path, "run"))
    assert len(set(stamps)) == len(stamps)


def test_a_second_start_installs_nothing(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "BUILD", tmp_path / "build")
    monkeypatch.setattr(dev, "NPM", tmp_path / "npm")
    for file in (dev.program(tmp_path, "python"), tmp_path / "pyvenv.cfg", tmp_path / "npm" / "stamp"):
        file.parent.mkdir(exist_ok=True)
        file.touch()
    (tmp_path / "dev.stamp").write_text(dev.python_stamp(tmp_path, "dev"))
    parts = [dev.NPM_PARTS / name for name in ("package.json", "package-lock.json", ".npmrc")]
    (tmp_path / "npm" / "stamp").write_text(dev.digest(*parts))
    dev.install_python_packages(tmp_path, "dev")
    dev.install_python_packages(tmp_path, "run", covers=("dev",))
    dev.install_npm_parts()
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "build").exists()


def test_checks_see_neither_the_persons_folders_nor_their_session(
    dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for secret in ("DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY", "API_TOKEN", "DESKTOP_WALLET_TTL"):
        monkeypatch.setenv(secret, "theirs")
    environment = dev.private_environment(tmp_path)
    assert "theirs" not in environment.values()
    for folder in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        assert Path(environment[folder]).is_relative_to(tmp_path)
        assert Path(environment[folder]).is_dir()
    assert Path(environment["XDG_RUNTIME_DIR"]).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
def test_a_window_opens_only_where_there_is_a_screen(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert not dev.has_display()
    monkeypatch.setenv(variable, ":0")
    assert dev.has_display()


def test_every_target_of_the_makefile_is_a_command() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    usage = subprocess.run([sys.executable, str(SCRIPT), "--help"], capture_output=True, text=True, check=True).stdout
    commands = set(re.findall(r"^  ([a-z-]+)  ", usage, re.MULTILINE))
    assert {"run", "test", "prove", "bench", "bench-peers", "format", "clean"} <= commands
    assert set(phony[1].split()) <= commands


def test_an_unknown_command_is_refused_with_the_list() -> None:
    refused = subprocess.run([sys.executable, str(SCRIPT), "tset"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "usage:" in refused.stdout


def test_continuous_integration_runs_what_a_person_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text()
