"""What is said at the door of the running program, over its real socket."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from typing_extensions import override

from desktop_wallet.services.door import ANSWER, Door, Knock, Word
from desktop_wallet.ui import doorkeeper
from desktop_wallet.ui.doorkeeper import Doorkeeper, bring_forward
from tests.fakes.clock import FakeClock

Until = Callable[[Callable[[], object]], Awaitable[None]]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there the door is a named pipe")


class House:
    """A keeper at a door, and what was heard there."""

    def __init__(self, folder: Path) -> None:
        self.door = Door(folder, FakeClock())
        self.address = self.door.address
        self.path = Path(self.address)
        self.keeper = Doorkeeper()
        self.heard: list[Knock] = []
        self.keeper.knocked.connect(self.heard.append)
        assert self.keeper.open(self.address)

    async def knock(self, knock: Knock) -> bool:
        return await asyncio.to_thread(self.door.knock, knock)


@pytest.fixture
async def house(qapp: QApplication) -> AsyncIterator[House]:
    with TemporaryDirectory(prefix="door-") as short:
        made = House(Path(short))
        yield made
        made.keeper.close()
        shiboken6.delete(made.keeper)


def say(address: str, said: bytes) -> bytes:
    """Say it, and return everything that comes back until the other side ends."""
    with socket.socket(socket.AF_UNIX) as talk:
        talk.settimeout(20)
        talk.connect(address)
        try:
            talk.sendall(said)
            return b"".join(iter(lambda: talk.recv(100), b""))
        except (BrokenPipeError, ConnectionResetError):
            return b""


async def test_a_knock_is_told_and_then_answered(house: House) -> None:
    assert await house.knock(Knock(Word.PRACTICE, "token"))
    assert house.heard == [Knock(Word.PRACTICE, "token")]


async def test_the_answer_comes_after_what_it_is_about(house: House) -> None:
    order: list[str] = []
    house.keeper.knocked.connect(lambda _: order.append("brought forward"))
    await asyncio.to_thread(lambda: order.append(say(house.address, b"raise\n").decode()))
    assert order == ["brought forward", ANSWER.decode()]


@pytest.mark.parametrize(
    "said",
    [
        b"\n",
        b"open sesame\n",
        b"RAISE\n",
        b"raise\nraise\n",
        b"raise\n" * 1_000,
        b"raise " + b"a" * 300 + b"\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        bytes(range(256)),
        b"\0" * 1_000_000,
    ],
    ids=lambda said: repr(said[:12]),
)
async def test_anything_else_is_shown_out_without_an_answer(house: House, said: bytes) -> None:
    assert await asyncio.to_thread(say, house.address, said) == b""
    assert house.heard == []
    assert await house.knock(Knock(Word.RAISE)), "the next one is heard"


async def test_a_line_may_come_in_pieces(house: House) -> None:
    def slowly() -> bytes:
        with socket.socket(socket.AF_UNIX) as talk:
            talk.connect(house.address)
            for part in (b"ra", b"ise", b"\n"):
                talk.sendall(part)
            return talk.recv(10)

    assert await asyncio.to_thread(slowly) == ANSWER


async def test_who_says_nothing_is_shown_out_and_keeps_nobody_waiting(house: House) -> None:
    silent = [socket.socket(socket.AF_UNIX) for _ in range(40)]
    try:
        for each in silent:
            each.settimeout(20)
            await asyncio.to_thread(each.connect, house.address)
        assert [await asyncio.to_thread(each.recv, 10) for each in silent] == [b""] * 40
    finally:
        for each in silent:
            each.close()
    assert await house.knock(Knock(Word.RAISE))


async def test_however_many_knock_the_window_comes_forward_a_few_times(house: House) -> None:
    def flood() -> None:
        for _ in range(500):
            with socket.socket(socket.AF_UNIX) as talk:
                talk.connect(house.address)
                talk.sendall(b"raise\n")

    await asyncio.to_thread(flood)
    assert await house.knock(Knock(Word.RAISE))
    assert 1 <= len(house.heard) < 100


async def test_practice_is_not_lost_among_others(house: House, until: Until) -> None:
    words = (Word.RAISE, Word.PRACTICE, Word.RAISE)
    answers = await asyncio.gather(*(house.knock(Knock(word)) for word in words))
    assert answers == [True, True, True]
    assert any(knock.word is Word.PRACTICE for knock in house.heard)


async def test_a_door_that_is_shut_answers_nobody(house: House) -> None:
    pending = asyncio.to_thread(say, house.address, b"raise\n")
    house.keeper.close()
    with pytest.raises((FileNotFoundError, ConnectionRefusedError)):
        await pending
    assert not await house.knock(Knock(Word.RAISE))
    assert house.heard == []
    assert not house.path.exists()


async def test_who_was_heard_but_not_served_when_the_door_shuts_is_not_answered(house: House, until: Until) -> None:
    async def shut() -> None:
        await until(lambda: house.keeper._heard)
        house.keeper.close()

    answer, _ = await asyncio.gather(asyncio.to_thread(say, house.address, b"raise\n"), shut())
    assert answer == b""
    assert house.heard == []


async def test_what_a_killed_program_left_at_the_door_is_replaced(house: House) -> None:
    house.keeper.close()
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(house.address)
    assert house.keeper.open(house.address)
    assert await house.knock(Knock(Word.RAISE))


def test_without_an_address_no_door_opens(qapp: QApplication) -> None:
    keeper = Doorkeeper()
    assert not keeper.open("")
    shiboken6.delete(keeper)


async def test_the_door_is_for_this_person_alone(house: House) -> None:
    found = house.path.stat()
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) & 0o077 == 0
    assert found.st_uid == os.getuid()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root may become another user")
async def test_another_user_cannot_open_the_door_even_of_an_open_folder(house: House) -> None:
    house.path.parent.chmod(0o755)
    trying = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"

    def try_it(user: int) -> str:
        done = subprocess.run(
            ["/usr/bin/python3", "-c", trying, house.address], user=user, capture_output=True, text=True, check=False
        )
        return done.stderr

    assert await asyncio.to_thread(try_it, 0) == ""
    assert "PermissionError" in await asyncio.to_thread(try_it, 65_534)


# Questions


def answering(house: House, answer: bytes) -> list[Knock]:
    """Answer every question at the door like that; return the list of what is asked."""
    asked: list[Knock] = []

    def on_asked(knock: Knock, reply: Callable[[bytes], None]) -> None:
        asked.append(knock)
        reply(answer)

    house.keeper.asked.connect(on_asked)
    return asked


async def test_a_question_is_answered_and_leaves_the_window_where_it_is(house: House) -> None:
    asked = answering(house, b"[" + b"1" * 100_000 + b"]\n")
    answer = await asyncio.to_thread(house.door.ask, Knock(Word.NOTIFY, "network=eip155:1"))
    assert answer == b"[" + b"1" * 100_000 + b"]\n"
    assert asked == [Knock(Word.NOTIFY, "network=eip155:1")]
    assert house.heard == []


async def test_a_question_may_take_longer_than_a_line(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "_PATIENCE_MS", 50)
    loop = asyncio.get_running_loop()
    house.keeper.asked.connect(lambda _, reply: loop.call_later(0.3, reply, b"late\n"))
    assert await asyncio.to_thread(house.door.ask, Knock(Word.STATS)) == b"late\n"


async def test_a_question_that_nobody_answers_ends_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "QUESTION_WITHIN_S", 0.05)
    assert await asyncio.to_thread(say, house.address, b"stats\n") == b""


async def test_each_question_has_its_own_answer_while_others_knock(house: House) -> None:
    replies: dict[str, Callable[[bytes], None]] = {}

    def answer_in_the_other_order(knock: Knock, reply: Callable[[bytes], None]) -> None:
        replies[knock.token] = reply
        if len(replies) == 2:
            for token in reversed(list(replies)):
                replies[token](f"{token}\n".encode())

    house.keeper.asked.connect(answer_in_the_other_order)
    first, raised, second = await asyncio.gather(
        asyncio.to_thread(house.door.ask, Knock(Word.NOTIFY, "one")),
        house.knock(Knock(Word.RAISE)),
        asyncio.to_thread(house.door.ask, Knock(Word.NOTIFY, "two")),
    )
    assert (first, raised, second) == (b"one\n", True, b"two\n")


async def test_who_asked_and_left_is_not_missed(house: House, until: Until) -> None:
    replies: list[Callable[[bytes], None]] = []
    house.keeper.asked.connect(lambda _, reply: replies.append(reply))

    def ask_and_leave() -> None:
        with socket.socket(socket.AF_UNIX) as talk:
            talk.connect(house.address)
            talk.sendall(b"stats\n")

    await asyncio.to_thread(ask_and_leave)
    await until(lambda: replies)
    await until(lambda: not house.keeper._guests)
    replies[0](b"nobody hears this\n")
    assert await house.knock(Knock(Word.RAISE))


async def test_one_question_a_line_and_one_line_a_guest(house: House) -> None:
    asked = answering(house, b"ok\n")
    for said in (b"stats\nstats\n", b"notify " + b"a" * 300 + b"\n", b"stats\0\n", b"notify a b\n"):
        assert await asyncio.to_thread(say, house.address, said) == b""
    assert asked == []


async def test_somebody_else_is_shown_out_unheard(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "peer_is_us", lambda _: False)
    assert await asyncio.to_thread(say, house.address, b"raise\n") == b""
    assert house.heard == []
    monkeypatch.undo()
    assert await house.knock(Knock(Word.RAISE))


class Noted(QWidget):
    """A window that notes with which leave of the desktop it was to come forward."""

    token = "never asked"

    @override
    def activateWindow(self) -> None:
        self.token = os.environ.get("XDG_ACTIVATION_TOKEN", "")
        super().activateWindow()


async def test_a_window_that_was_put_away_comes_back_as_it_was(qapp: QApplication, until: Until) -> None:
    window, other = Noted(), QWidget()
    window.showMaximized()
    window.setWindowState(window.windowState() | Qt.WindowState.WindowMinimized)
    other.show()
    other.activateWindow()
    await until(other.isActiveWindow)
    bring_forward(window)
    await until(window.isActiveWindow)
    assert window.isVisible()
    assert not window.isMinimized()
    assert window.windowState() & Qt.WindowState.WindowMaximized
    for each in (window, other):
        each.hide()
        shiboken6.delete(each)


async def test_the_token_holds_for_this_once(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_ACTIVATION_TOKEN", raising=False)
    window = Noted()
    bring_forward(window, "leave-17")
    assert window.token == "leave-17"
    assert "XDG_ACTIVATION_TOKEN" not in os.environ
    window.hide()
    shiboken6.delete(window)


async def test_a_dialog_over_the_window_stays_over_it(qapp: QApplication, until: Until) -> None:
    window, other = QWidget(), QWidget()
    window.show()
    dialog = QDialog(window)
    dialog.open()
    other.show()
    other.activateWindow()
    bring_forward(window)
    await until(dialog.isActiveWindow)
    dialog.close()
    for each in (window, other):
        each.hide()
        shiboken6.delete(each)
