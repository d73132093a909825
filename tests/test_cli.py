"""`desktop-wallet stats` and `notify` where no window runs: what they read, what they refuse, how they end."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typing_extensions import override

from desktop_wallet import cli
from desktop_wallet.compose import Application, Surrounds
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.services.folders import Folders
from desktop_wallet.vault.viewing import view_subkey
from tests.fakes.clock import FakeClock

PASSWORD = "correct horse battery"
CHEAP = KdfParameters(memory_bytes=64 << 20, passes=1)
MAINNET = "eip155:1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a wallet with one profile, whose program has ended."""
    place = tmp_path_factory.mktemp("made") / "home"

    async def live() -> None:
        surrounds = Surrounds(folders=Folders.under(place), clock=FakeClock(), kdf=CHEAP, networks=tuple, tokens=dict)
        application = Application(surrounds)
        session = await application.create_profile("Main", PASSWORD, without_keyring=True)
        session.metrics.hit(97, disk=False)
        session.metrics.miss(3)
        await application.close()

    asyncio.run(live())
    return place


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    return Path(shutil.copytree(made, tmp_path / "home"))


@contextmanager
def told_by(text: bytes) -> Iterator[str]:
    """Yield the number of a file descriptor from which that can be read."""
    reading, writing = os.pipe()
    os.write(writing, text)
    os.close(writing)
    try:
        yield str(reading)
    finally:
        os.close(reading)


def run(*arguments: str, password: bytes | None = None) -> int:
    if password is None:
        return cli.run(arguments)
    with told_by(password) as descriptor:
        return cli.run([*arguments, "--password-fd", descriptor])


def test_the_counters_of_a_profile_are_read_with_its_password(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("stats", "--json", "--data", str(home), password=PASSWORD.encode() + b"\n") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["running"], told["hits"]["memory"], told["misses"], told["hit_rate"]) == (False, 97, 3, 0.97)
    assert not {"disk", "memory", "alerts", "uptime_s", "locked"} & set(told), "nobody runs who could tell"


def test_a_person_reads_that_it_does_not_run(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("stats", "--profile", "Main", "--data", str(home), password=PASSWORD.encode()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.search(r"not running; counters as of \d{4}-\d\d-\d\d \d\d:\d\d$", lines[0])
    assert "hit rate         97.0% (memory 97, disk 0)" in lines


def test_prometheus_reads_that_it_is_not_up(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("stats", "--prometheus", "--data", str(home), password=PASSWORD.encode()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "desktop_wallet_up 0" in lines
    assert "desktop_wallet_cache_misses_total 3" in lines
    assert not [line for line in lines if line.startswith("desktop_wallet_alert")]


@pytest.mark.parametrize("password", [b"wrong horse battery\n", b"", b"\n"])
def test_a_wrong_password_opens_nothing(home: Path, password: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("stats", "--data", str(home), password=password) == 6
    assert capsys.readouterr() == ("", "desktop-wallet: the password is wrong\n")


def test_a_password_that_is_no_text_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("stats", "--data", str(home), password=b"\xff\xfe\n") == 2
    assert "could not be read" in capsys.readouterr().err
    assert run("stats", "--data", str(home), "--password-fd", "999") == 2


def test_without_a_terminal_or_a_descriptor_no_password_is_asked(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD))
    assert run("stats", "--data", str(home)) == 2
    assert "--password-fd" in capsys.readouterr().err


def test_on_a_terminal_the_password_is_asked_without_an_echo(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        @override
        def isatty(self) -> bool:
            return True

    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return PASSWORD

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", ask)
    assert run("stats", "--data", str(home)) == 0
    assert asked == ["No wallet runs here. Password of the profile 'Main': "]
    assert PASSWORD not in capsys.readouterr().out


def test_where_there_is_no_wallet_none_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (("stats",), ("notify", "--network", MAINNET)):
        assert run(*command, "--data", str(tmp_path / "home")) == 5
    assert "no wallet" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


def test_a_profile_that_is_not_there_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("stats", "--profile", "Other", "--data", str(home)) == 5
    assert "no profile of that name" in capsys.readouterr().err


def test_a_damaged_registry_is_said_and_left_as_it_is(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [registry] = home.glob("data/profiles/*/registry.db")
    registry.write_bytes(b"x" * 8_192)
    assert run("stats", "--data", str(home), password=PASSWORD.encode()) == 6
    assert "RegistryDamaged" in capsys.readouterr().err
    assert registry.read_bytes() == b"x" * 8_192


def test_nobody_is_there_to_be_notified(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("notify", "--network", MAINNET, "--data", str(home)) == 5
    assert capsys.readouterr().err == "desktop-wallet: no wallet runs here\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--network", "mainnet"],
        ["--network", ""],
        ["--network", "eip155:1;address=0x"],
        ["--address", "0x12"],
        ["--address", "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed"],
        ["--asset", "eip155:1"],
        ["--network", "eip155:10", "--asset", "eip155:1/slip44:60"],
    ],
)
def test_what_a_notification_does_not_name_rightly_is_refused_before_anybody_is_asked(
    home: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("notify", *arguments, "--data", str(home)) == 2
    assert "notify takes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"ok\n", 0),
        (b"locked\n", 3),
        (b"too many\n", 4),
        (b"unknown\n", 1),
        (b"not understood\n", 1),
        (b"failed\n", 1),
        (b"odd\n", 1),
    ],
)
def test_each_answer_has_its_exit_code(
    home: Path, answer: bytes, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("desktop_wallet.cli.Door.ask", lambda *_: answer)
    assert run("notify", "--network", MAINNET, "--data", str(home)) == code
    assert bool(capsys.readouterr().err) is (code != 0)


@pytest.mark.parametrize("answer", [b"[]\n", b"{}\n", b'{"running": false}\n', b"nonsense\n"])
def test_figures_that_are_none_are_refused(
    home: Path, answer: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("desktop_wallet.cli.Door.ask", lambda *_: answer)
    assert run("stats", "--data", str(home)) == 1
    assert "none" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["stats", "notify"])
def test_the_help_names_every_exit_code(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(command, "--help")
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert [int(code) for code in re.findall(r"^  (\d)  ", text, re.MULTILINE)] == [code.value for code in cli.Exit]


def test_the_key_of_a_look_is_the_one_that_an_unlock_gives(home: Path) -> None:
    from desktop_wallet.core.errors import WrongPassword

    [folder] = home.glob("data/profiles/*")
    assert len(view_subkey(folder, PASSWORD, "registry")) == 32
    assert view_subkey(folder, PASSWORD, "registry") != view_subkey(folder, PASSWORD, "pages")
    with pytest.raises(WrongPassword):
        view_subkey(folder, "wrong", "registry")


def test_a_command_loads_no_window_and_no_network() -> None:
    program = (
        "import sys; from desktop_wallet.__main__ import main\n"
        "code = main(['notify', '--network', 'eip155:1', '--data', '/nowhere'])\n"
        "print(code, sorted({'PySide6', 'httpx', 'diskcache', 'sqlcipher3', 'keyring'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1) == ["5", "[]\n"]
