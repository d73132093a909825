"""One window for a data folder: two real processes of the program, started as its command starts them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

_ROOT = Path(__file__).parents[2]
_PATIENCE_S = 60
_QUICK_S = 10

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there the door is a named pipe")


class Start:
    """One start of the program, and what its window tells."""

    def __init__(self, home: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "tests.end_to_end.watched_start", "--data", str(home), *arguments]
        self.process = subprocess.Popen(
            command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        self.told: list[str] = []

    def tells(self, what: str) -> None:
        """Wait until the window tells that; what was told before is over."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told.append(line.rstrip("\n"))
            if self.told[-1] == what:
                return
        raise AssertionError(f"never {what!r}: {self.told}, {self.errors()}")

    def errors(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def ends(self, within_s: float = _PATIENCE_S) -> int:
        """Return the exit code once it has ended."""
        code = self.process.wait(within_s)
        assert self.process.stdout is not None
        self.told += self.process.stdout.read().splitlines()
        assert "Traceback" not in (errors := self.errors()), errors
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


class Desk:
    """Somebody who starts the program again and again with the same data folder."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self.home = home
        self._stack = stack

    @property
    def door(self) -> Path:
        return self.home / "data" / "door"

    def start(self, *arguments: str) -> Start:
        started = Start(self.home, *arguments)
        self._stack.callback(started.close)
        return started


@pytest.fixture
def desk() -> Iterator[Desk]:
    with TemporaryDirectory(prefix="desk-") as short, ExitStack() as stack:
        yield Desk(Path(short) / "home", stack)


def test_a_second_start_brings_the_window_of_the_first_to_the_front_and_ends(desk: Desk) -> None:
    first = desk.start()
    first.tells("covered")
    second = desk.start()
    assert second.ends(_QUICK_S) == 0
    assert second.told == [], "it had no window"
    first.tells("in front")
    first.process.terminate()
    assert first.ends() == 0
    assert not desk.door.exists()


def test_a_second_start_for_practice_opens_it_in_the_first_if_nothing_is_open(desk: Desk) -> None:
    first = desk.start()
    first.tells("covered")
    assert desk.start("--practice").ends(_QUICK_S) == 0
    first.tells("title Practice – Wallet")
    assert desk.start("--practice").ends(_QUICK_S) == 0
    assert desk.start().ends(_QUICK_S) == 0
    first.process.terminate()
    assert first.ends() == 0
    assert first.told.count("title Practice – Wallet") == 1, "it was open already"


def test_after_a_kill_the_next_start_has_the_window(desk: Desk) -> None:
    first = desk.start()
    first.tells("shown")
    assert desk.start().ends(_QUICK_S) == 0
    first.process.kill()
    first.close()
    assert desk.door.is_socket(), "what it left"
    second = desk.start()
    second.tells("shown")
    assert desk.start().ends(_QUICK_S) == 0
    second.process.terminate()
    assert second.ends() == 0


def test_of_starts_at_the_same_moment_one_window_is_left(desk: Desk) -> None:
    starts = [desk.start() for _ in range(4)]
    open_ones = list(starts)
    while len(open_ones) > 1:
        ended = next(start for start in cycle(open_ones) if _ends_soon(start))
        assert ended.ends() == 0
        assert ended.told == [], "it never had a window"
        open_ones.remove(ended)
    [left] = open_ones
    left.tells("covered")
    assert desk.start().ends(_QUICK_S) == 0
    left.tells("in front")
    left.process.terminate()
    assert left.ends() == 0


def _ends_soon(start: Start) -> bool:
    try:
        start.process.wait(0.05)
    except subprocess.TimeoutExpired:
        return False
    return True


def test_rubbish_at_the_door_harms_nobody(desk: Desk) -> None:
    first = desk.start()
    first.tells("covered")
    assert desk.start().ends(_QUICK_S) == 0, "the door is open"
    with ExitStack() as stack:
        for said in (b"", b"\0" * 65_536, b"raise\n" * 10_000, b"notify\n", os.urandom(4_096)) * 20:
            talk = stack.enter_context(socket.socket(socket.AF_UNIX))
            talk.settimeout(_QUICK_S)
            try:
                talk.connect(str(desk.door))
                talk.sendall(said)
            except (BrokenPipeError, ConnectionResetError, BlockingIOError):
                continue  # shown out, or too many at once
        assert desk.start().ends(_QUICK_S) == 0
    first.process.terminate()
    assert first.ends() == 0


def test_another_data_folder_has_a_window_of_its_own(desk: Desk, tmp_path: Path) -> None:
    first = desk.start()
    first.tells("shown")
    with ExitStack() as stack:
        elsewhere = Desk(tmp_path / "other", stack)
        other = elsewhere.start()
        other.tells("shown")
        for desk_of, start in ((elsewhere, other), (desk, first)):
            assert desk_of.start().ends(_QUICK_S) == 0
            start.process.terminate()
            assert start.ends() == 0
