from __future__ import annotations

import os
import socket
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.services import door as door_module
from desktop_wallet.services.door import (
    ANSWER,
    LOCK_FILE,
    LONGEST_ANSWER,
    LONGEST_LINE,
    PATIENCE_S,
    Door,
    Knock,
    Word,
    peer_is_us,
)
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there the door is a named pipe")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder with a name short enough for a socket in it."""
    with TemporaryDirectory(prefix="door-") as name:
        yield Path(name)


def a_door(folder: Path, clock: FakeClock | None = None) -> Door:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Door(folder, clock or FakeClock())


class Answering:
    """Somebody behind the door who says one thing to the first who knocks; None says nothing and holds the line."""

    def __init__(self, address: str, answer: bytes | None) -> None:
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(address)
        self._listening.listen()
        self._answer = answer
        self.heard = b""
        self._thread = threading.Thread(target=self._answer_once)
        self._thread.start()

    def _answer_once(self) -> None:
        talk, _ = self._listening.accept()
        with talk:
            self.heard = talk.recv(LONGEST_LINE)
            if self._answer is not None:
                with suppress(BrokenPipeError):  # the other side went without a word
                    talk.sendall(self._answer)
            else:
                talk.recv(1)  # until the other side has had enough

    def end(self) -> None:
        self._thread.join()
        self._listening.close()


@given(st.sampled_from(Word), st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=256))
def test_what_is_said_is_what_is_heard(word: Word, token: str) -> None:
    line = Knock(word, token).line()
    assert len(line) <= LONGEST_LINE
    assert Knock.heard(line) == Knock(word, token)


@given(st.sampled_from(Word), st.text())
def test_a_token_that_does_not_fit_never_spoils_the_word(word: Word, token: str) -> None:
    line = Knock(word, token).line()
    heard = Knock.heard(line)
    assert heard is not None
    assert heard.word is word
    assert line.count(b"\n") == 1


@given(st.binary(max_size=400))
def test_only_our_own_lines_are_understood(line: bytes) -> None:
    heard = Knock.heard(line)
    assert heard is None or heard.line() == line


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"raise",
        b"RAISE\n",
        b"raise \n",
        b" raise\n",
        b"raise\n\n",
        b"raise a b\n",
        b"open\n",
        b"raise \xff\n",
    ],
)
def test_a_line_that_is_nearly_right_is_none_of_ours(line: bytes) -> None:
    assert Knock.heard(line) is None


def test_the_first_one_has_the_window_and_gives_it_back(folder: Path) -> None:
    clock = FakeClock()
    first = a_door(folder, clock)
    assert first.hand_over(Knock(Word.RAISE)) is False
    assert first.is_ours
    first.leave()
    second = a_door(folder, clock)
    assert second.hand_over(Knock(Word.RAISE)) is False
    assert second.is_ours
    second.leave()


def test_a_second_one_says_what_it_was_started_for_and_is_done(folder: Path) -> None:
    first, second = a_door(folder), a_door(folder)
    assert not first.hand_over(Knock(Word.RAISE))
    keeper = Answering(first.address, ANSWER)
    assert second.hand_over(Knock(Word.PRACTICE, "token-1")) is True
    keeper.end()
    assert keeper.heard == b"practice token-1\n"
    assert not second.is_ours
    first.leave()


@pytest.mark.parametrize("answer", [b"no\n", b"", None])
def test_where_nobody_answers_as_we_do_the_window_opens_without_a_door(
    folder: Path, answer: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "_ANSWER_WITHIN_S", 0.05)
    clock = FakeClock()
    first, second = a_door(folder), a_door(folder, clock)
    assert not first.hand_over(Knock(Word.RAISE))
    keeper = Answering(first.address, answer)
    knock = second.knock

    def knock_for_long(said: Knock) -> bool:
        clock.advance(PATIENCE_S + 1)
        return knock(said)

    monkeypatch.setattr(second, "knock", knock_for_long)
    assert second.hand_over(Knock(Word.RAISE)) is False
    assert not second.is_ours
    keeper.end()
    first.leave()


def test_a_start_while_another_one_ends_waits_for_it_and_has_the_window(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending, starting = a_door(folder), a_door(folder)
    assert not ending.hand_over(Knock(Word.RAISE))
    knocked: list[Knock] = []

    def knock(said: Knock) -> bool:
        knocked.append(said)
        if len(knocked) == 3:
            ending.leave()
        return False

    monkeypatch.setattr(starting, "knock", knock)
    assert starting.hand_over(Knock(Word.RAISE)) is False
    assert starting.is_ours
    assert len(knocked) == 3
    starting.leave()


def test_what_a_killed_program_left_keeps_nobody_out(folder: Path) -> None:
    door = a_door(folder)
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(door.address)
    (folder / LOCK_FILE).touch()
    assert door.knock(Knock(Word.RAISE)) is False
    assert door.hand_over(Knock(Word.RAISE)) is False
    assert door.is_ours
    door.leave()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_where_no_lock_can_be_kept_the_window_opens_all_the_same(folder: Path) -> None:
    door = a_door(folder / "home")
    (folder / "home").chmod(0o500)
    assert door.hand_over(Knock(Word.RAISE)) is False
    assert not door.is_ours


def test_the_door_stands_in_the_data_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert a_door(folder).address == str(folder / "door")


@pytest.mark.parametrize("variable", ["XDG_RUNTIME_DIR", "TMPDIR"])
def test_a_folder_whose_name_is_too_long_for_a_socket_has_its_door_in_a_private_place(
    folder: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv(variable, str(folder))
    long, other = folder / ("long" * 30), folder / ("other" * 24)
    address = a_door(long).address
    assert address == a_door(long).address, "every start finds the same"
    assert address != a_door(other).address
    place = os.path.dirname(address)  # noqa: PTH120 - the address is text
    assert os.path.dirname(place) == str(folder)  # noqa: PTH120 - as above
    assert stat.S_IMODE(os.stat(place).st_mode) == 0o700  # noqa: PTH116 - as above
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)


def test_a_folderthat_others_may_enter_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    (folder / "desktop-wallet").mkdir()
    (folder / "desktop-wallet").chmod(0o755)
    assert a_door(folder / ("long" * 30)).address == ""


def test_a_link_to_a_private_folderis_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    (folder / "elsewhere").mkdir(mode=0o700)
    (folder / "desktop-wallet").symlink_to(folder / "elsewhere")
    assert a_door(folder / ("long" * 30)).address == ""


def test_without_an_address_nobody_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder / "not there"))
    assert a_door(folder / ("long" * 30)).knock(Knock(Word.RAISE)) is False


# Questions


def test_a_question_is_answered_by_a_line_of_its_own(folder: Path) -> None:
    door = a_door(folder)
    said = b'{"hits": ' + b"1" * 200_000 + b"}\n"
    keeper = Answering(door.address, said)
    assert door.ask(Knock(Word.STATS)) == said
    keeper.end()
    assert keeper.heard == b"stats\n"


@pytest.mark.parametrize("answer", [b"", b"{", b'{"hits": 1}', b"x" * (LONGEST_ANSWER + 1)])
def test_an_answer_that_is_cut_off_or_too_long_is_none(folder: Path, answer: bytes) -> None:
    door = a_door(folder)
    keeper = Answering(door.address, answer)
    assert door.ask(Knock(Word.STATS)) is None
    keeper.end()


def test_who_does_not_answer_a_question_is_not_waited_for_for_ever(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "QUESTION_WITHIN_S", 0.05)
    door = a_door(folder)
    keeper = Answering(door.address, None)
    assert door.ask(Knock(Word.STATS)) is None
    keeper.end()


def test_where_nobody_is_there_a_question_has_no_answer(folder: Path) -> None:
    door = a_door(folder)
    assert door.ask(Knock(Word.STATS)) is None
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(door.address)
    assert door.ask(Knock(Word.NOTIFY, "network=eip155:1")) is None


def test_whether_a_program_runs_is_told_without_taking_its_place(folder: Path) -> None:
    first, second = a_door(folder), a_door(folder)
    assert not second.is_held()
    assert not first.hand_over(Knock(Word.RAISE))
    assert second.is_held()
    assert first.is_ours
    first.leave()
    assert not second.is_held()


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="the system does not tell who is there")
def test_who_is_at_the_other_end_is_asked_of_the_system(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = socket.socketpair(socket.AF_UNIX)
    with near, far:
        assert peer_is_us(near.fileno())
        near.sendall(b"x")
        assert far.recv(1) == b"x", "the socket itself stays open"
        monkeypatch.setattr(os, "getuid", lambda: 4_711)
        assert not peer_is_us(near.fileno())
    monkeypatch.undo()
    door = a_door(folder)
    address = door.address
    keeper = Answering(address, ANSWER)
    monkeypatch.setattr(door_module, "peer_is_us", lambda _: False)
    assert not door.knock(Knock(Word.RAISE)), "somebody else behind the door is told nothing"
    assert door.ask(Knock(Word.STATS)) is None
    monkeypatch.undo()
    keeper.end()
    assert keeper.heard == b""
