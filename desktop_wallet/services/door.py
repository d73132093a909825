"""The door of the running program: one window for a data folder, and what another program of this person may say to it.

Whoever holds the lock has the window and opens the door behind its first paint (`ui/doorkeeper.py`); a start that finds
the lock held knocks there and ends. The system gives the lock back however its holder ends, so that what a killed
program left behind keeps nobody out.

One line of ASCII, `word` or `word token`, at most LONGEST_LINE bytes, answered by ANSWER once it is done, or by a line
of its own for what is a question (`Word.is_question`), at most LONGEST_ANSWER bytes; whatever else is said is not
answered. On Windows the door is a named pipe, elsewhere a socket in a folder of this person's own; where the system
tells who is at the other end, both sides ask.
"""

# ruff: noqa: PLC0415 - only a start that comes second needs these

from __future__ import annotations

import enum
import logging
import os
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_wallet.core.errors import ProfileInUse, StorageFailure
from desktop_wallet.registry.lock import ProfileLock

if TYPE_CHECKING:
    from desktop_wallet.core.instants import Clock

LOCK_FILE = "window.lock"
DOOR_FILE = "door"
LONGEST_LINE = 300
LONGEST_ANSWER = 262_144
ANSWER = b"ok\n"
_LONGEST_PATH = 92
"""Bytes: sun_path holds 104 on macOS, 108 on Linux, and Qt first binds to a name that is 4 longer than ours."""
_LINE = re.compile(rb"(?P<word>[a-z]{1,16})(?: (?P<token>[!-~]{1,256}))?\n")
_ANSWER_WITHIN_S = 2.0
QUESTION_WITHIN_S = 10.0
_GLANCE_S = 0.05
PATIENCE_S = 15.0
"""As long as another start may need from its lock to its door, or an end from its door to its lock."""
_ASFW_ANY = 0xFFFFFFFF
"""AllowSetForegroundWindow, winuser.h: whoever is asked for it next."""

_log = logging.getLogger(__name__)


class Word(enum.Enum):
    """What can be said at the door."""

    RAISE = "raise"
    PRACTICE = "practice"
    """As RAISE; and open the practice profile if nothing is open."""
    STATS = "stats"
    """Answered by what the program counts about itself: one line of JSON."""
    NOTIFY = "notify"
    """Balances changed elsewhere; which ones says the token. See `services/notifying.py`."""

    @property
    def is_question(self) -> bool:
        """Return whether it has an answer of its own, and leaves the window where it is."""
        return self in (Word.STATS, Word.NOTIFY)


@dataclass(frozen=True, slots=True)
class Knock:
    """One thing said. `token` is what the desktop gave the start that was clicked, so that a window may come forward.

    See https://wayland.app/protocols/xdg-activation-v1 and the startup notification specification.
    """

    word: Word
    token: str = ""

    def line(self) -> bytes:
        """Return it as it is said; a token that does not fit is left out."""
        said = f"{self.word.value} {self.token}\n".encode("ascii", "replace")
        return said if _LINE.fullmatch(said) else f"{self.word.value}\n".encode("ascii")

    @classmethod
    def heard(cls, line: bytes) -> Knock | None:
        """Return what a line says; None if it is none of ours."""
        found = _LINE.fullmatch(line)
        if found is None:
            return None
        words = {word.value: word for word in Word}
        word = words.get(found["word"].decode("ascii"))
        return None if word is None else cls(word, (found["token"] or b"").decode("ascii"))


class Door:
    """The door of the program that keeps its files under `folder`, which must exist and be private."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._lock = ProfileLock(folder / LOCK_FILE)
        self.is_ours = False

    @cached_property
    def address(self) -> str:
        """Return the path of the socket or the name of the pipe; empty where there can be none."""
        return _address(self._folder)

    def hand_over(self, knock: Knock) -> bool:
        """Return True if a running program took this over. Else the window is ours to open.

        Blocks while another program starts or ends, for PATIENCE_S at most. Then a window opens beside one that does
        not answer, and what guards a profile is its own lock.
        """
        from threading import Event

        began, pause = self._clock.now(), Event()
        while began.age_s(self._clock.now()) <= PATIENCE_S:
            try:
                self._lock.acquire()
            except ProfileInUse:
                if self.knock(knock):
                    return True
            except StorageFailure as failure:
                _log.warning("no door: %s", failure)
                return False
            else:
                self.is_ours = True
                return False
            pause.wait(_GLANCE_S)
        _log.warning("a program with the same data folder runs and does not answer")
        return False

    def knock(self, knock: Knock) -> bool:
        """Say it at the door; return whether it was answered, after 2 s at the latest."""
        try:
            return bool(self.address) and self._say(knock, len(ANSWER), _ANSWER_WITHIN_S) == ANSWER
        except OSError:
            return False  # nobody is there, or not yet

    def ask(self, knock: Knock) -> bytes | None:
        """Return what the running program answers to a question; None if none runs or opens, or it does not answer.

        The answer is a line; one that is cut off, by time or by length, is none. Takes 10 s at the latest.
        """
        try:
            said = self._say(knock, LONGEST_ANSWER, QUESTION_WITHIN_S) if self.address else b""
        except OSError:
            return None
        return said if said.endswith(b"\n") else None

    def is_held(self) -> bool:
        """Return whether a program with the same data folder runs, whether or not it answers. StorageFailure."""
        try:
            self._lock.acquire()
        except ProfileInUse:
            return True
        self._lock.release()
        return False

    def _say(self, knock: Knock, most: int, within_s: float) -> bytes:
        return _say(self.address, knock.line(), most, within_s, self._clock)

    def leave(self) -> None:
        """Let another program have the window."""
        self._lock.release()
        self.is_ours = False


def _mark(folder: Path) -> str:
    """Return a short name that no other data folder has."""
    from hashlib import blake2b

    return blake2b(os.fsencode(folder.resolve()), digest_size=8).hexdigest()


if sys.platform == "win32":

    def _address(folder: Path) -> str:
        return f"desktop-wallet-{_mark(folder)}"

    def peer_is_us(_descriptor: int) -> bool:
        """Return True: the pipe's access list lets nobody else in."""
        return True

    def _say(address: str, line: bytes, most: int, within_s: float, _clock: Clock) -> bytes:
        import ctypes
        from contextlib import suppress
        from threading import Thread

        heard: list[bytes] = []

        def speak() -> None:
            with suppress(OSError), Path(rf"\\.\pipe\{address}").open("r+b", buffering=0) as pipe:
                pipe.write(line)
                while (left := most - sum(map(len, heard))) and (part := pipe.read(left)):
                    heard.append(part)

        ctypes.windll.user32.AllowSetForegroundWindow(_ASFW_ANY)
        thread = Thread(target=speak, daemon=True)  # a pipe knows no time limit
        thread.start()
        thread.join(within_s)
        return b"".join(heard)

else:

    def _address(folder: Path) -> str:
        place = folder.absolute() / DOOR_FILE
        if len(os.fsencode(place)) > _LONGEST_PATH:
            place = _private_place() / _mark(folder)
        return str(place) if len(os.fsencode(place)) <= _LONGEST_PATH and _is_private(place.parent) else ""

    def peer_is_us(descriptor: int) -> bool:
        """Return whether this user is at the other end of a socket; True where the system does not tell (unix(7))."""
        import socket
        import struct

        if not hasattr(socket, "SO_PEERCRED"):
            return True
        with socket.socket(fileno=os.dup(descriptor)) as talk:
            told = talk.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        _, user, _ = struct.unpack("3i", told)
        return bool(user == os.getuid())

    def _say(address: str, line: bytes, most: int, within_s: float, clock: Clock) -> bytes:
        import socket

        began, heard = clock.now(), b""
        with socket.socket(socket.AF_UNIX) as talk:
            talk.settimeout(within_s)
            talk.connect(address)
            if not peer_is_us(talk.fileno()):
                raise PermissionError("somebody else is behind the door")
            talk.sendall(line)
            while len(heard) < most and began.age_s(clock.now()) <= within_s:
                part = talk.recv(most - len(heard))
                if not part:
                    break
                heard += part
        return heard

    def _private_place() -> Path:
        """Return a folder of this person's own with a short path, made if it is missing."""
        from tempfile import gettempdir

        given = os.environ.get("XDG_RUNTIME_DIR", "")
        base = Path(given) / "desktop-wallet" if given else Path(gettempdir()) / f"desktop-wallet-{os.getuid()}"
        try:
            base.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            _log.warning("no place for a door: %s", error)
        return base

    def _is_private(folder: Path) -> bool:
        """Return whether the folder is this person's and nobody else may enter; a link to one is not."""
        import stat

        try:
            found = folder.lstat()
        except OSError:
            return False
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077
