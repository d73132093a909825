"""The program's log: one line an event in a file of this person's own, and short lines on a terminal (requirement M3).

    at=2026-01-31T10:20:30.456Z level=info from=services.reading event=read hits=18 misses=2 took_ms=212

That is logfmt. Code logs with `logging`; what belongs to an event goes beside it: `_log.info("read",
extra={"fields": {"hits": 18}})`. Whatever else a record carries is not written: no variable, no source line, and of an
error only what kind it is and where it was raised. The rest goes through `core/redaction.py`. A thread of its own
writes, so that no disk keeps the window waiting; whatever goes wrong with the log stops nothing.
"""

from __future__ import annotations

import enum
import logging
import os
import queue
import re
import threading
import traceback
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

LOG_FILE = "wallet.log"
VARIABLE = "DESKTOP_WALLET_LOG"
"""The variable of the environment that chooses the level."""
LARGEST_BYTES = 1_000_000
FILES = 3
"""The one that is written to, and the ones before it (`wallet.log.1` is the newest of those)."""
_LONGEST_VALUE = 2_000
_WAITING: Final = 10_000
"""Lines that wait for the disk at most; then new ones are lost, and counted."""
_PATIENCE_S: Final = 3.0
_OURS = "desktop_wallet"
_HARMLESS = re.compile(r"[\w.]{0,15}")
"""Too short for a secret that could be told by its look."""
_PLAIN = re.compile(r"[\w.:/@…+~-]+")
_COLOURS = {logging.DEBUG: "2", logging.INFO: "36", logging.WARNING: "33", logging.ERROR: "31"}
"""SGR codes (ECMA-48): faint, cyan, yellow, red."""


class LogLevel(enum.Enum):
    """How much is logged."""

    OFF = "off"
    WARNING = "warning"
    INFO = "info"
    DEBUG = "debug"
    """Also every read that the cache answered."""

    @property
    def number(self) -> int:
        """Return the level as `logging` counts it."""
        return logging.CRITICAL + 1 if self is LogLevel.OFF else int(getattr(logging, self.name))


def chosen_level(option: str | None) -> LogLevel | None:
    """Return the level that the command line or else the environment names; None if neither names one."""
    name = option or os.environ.get(VARIABLE, "")
    return next((level for level in LogLevel if level.value == name.strip().lower()), None)


def set_up(folder: Path | None, level: LogLevel | None = None, terminal: TextIO | None = None) -> Callable[[], None]:
    """Log into the folder (made 0700 if it is missing) and to the terminal; return what writes the rest and ends that.

    Without a level the file gets INFO and the terminal warnings. OFF writes no file, and errors to the terminal.
    """
    in_file = level or LogLevel.INFO
    file = None if folder is None or in_file is LogLevel.OFF else RotatedFile(folder / LOG_FILE)
    screen = None if terminal is None else Screen(terminal, logging.ERROR if level is LogLevel.OFF else _shown(level))
    outlet = Outlet(file, in_file.number, screen)
    ours, root = logging.getLogger(_OURS), logging.getLogger()
    before = ours.level
    ours.setLevel(min(in_file.number, logging.WARNING))
    root.addHandler(outlet)

    def end() -> None:
        root.removeHandler(outlet)
        ours.setLevel(before)
        outlet.close()

    return end


def _shown(level: LogLevel | None) -> int:
    return logging.WARNING if level is None else level.number


@dataclass(frozen=True, slots=True)
class Entry:
    """One event, as text already: nothing of the program is kept alive by it."""

    at_s: float
    level: int
    source: str
    event: str
    fields: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, record: logging.LogRecord) -> Entry:
        """Return what a record says."""
        fields = {name: str(value) for name, value in getattr(record, "fields", {}).items()}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            fields |= {"error": _kind(error), "raised": where(error)}
        source = record.name.removeprefix(f"{_OURS}.")
        return cls(record.created, record.levelno, source, record.getMessage(), fields)

    def redacted(self) -> Entry:
        """Return it without secrets."""
        from desktop_wallet.core.redaction import SECRET_NAME  # noqa: PLC0415 - the thread that writes needs it first

        fields = {
            re.sub(r"\W", "_", _clean(name)): "[withheld]" if SECRET_NAME.search(name) else _clean(value)
            for name, value in self.fields.items()
        }
        return Entry(self.at_s, self.level, _clean(self.source), _clean(self.event), fields)

    def line(self) -> str:
        """Return it as one line of logfmt, without the end of the line."""
        at = datetime.fromtimestamp(self.at_s, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
        parts = {"at": f"{at}Z", "level": logging.getLevelName(self.level).lower(), "from": self.source}
        parts |= {"event": self.event, **self.fields}
        return " ".join(f"{name}={_quoted(value)}" for name, value in parts.items())

    def short(self) -> str:
        """Return what a terminal shows."""
        level = logging.getLevelName(self.level).lower()
        time = datetime.fromtimestamp(self.at_s).astimezone().strftime("%H:%M:%S")
        fields = "".join(f" {name}={_quoted(value)}" for name, value in self.fields.items())
        return f"{time} {level} {_escaped(self.event)}{fields}"


class Outlet(logging.Handler):
    """Takes records on any thread, and writes them on its own."""

    def __init__(self, file: RotatedFile | None, level: int, screen: Screen | None) -> None:
        super().__init__()
        self._file, self._file_level, self._screen = file, level, screen
        self._entries: queue.Queue[Entry | None] = queue.Queue(_WAITING)
        self._lost = 0
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        self._thread.start()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            entry = Entry.of(record)
        except Exception as error:  # noqa: BLE001 - a value that cannot be printed must not stop who logs it
            entry = Entry(record.created, record.levelno, record.name, "unprintable", {"error": _kind(error)})
        try:
            self._entries.put_nowait(entry)
        except queue.Full:
            self._lost += 1

    @override
    def close(self) -> None:
        """Write what waits, and end; a disk that hangs is not waited for any longer than a moment."""
        with suppress(queue.Full):
            self._entries.put(None, timeout=_PATIENCE_S)
        self._thread.join(_PATIENCE_S)
        if self._file is not None and not self._thread.is_alive():
            self._file.close()
        super().close()

    def _write_all(self) -> None:
        at_s = 0.0
        while (entry := self._entries.get()) is not None:
            at_s = entry.at_s
            try:
                self._write(entry.redacted())
            except Exception as error:  # noqa: BLE001 - a log that ends would take every later line with it
                self._write(Entry(at_s, logging.ERROR, "logs", "a line was not written", {"error": _kind(error)}))
            if self._entries.empty():
                self._tell_lost(at_s)
        self._tell_lost(at_s)

    def _tell_lost(self, at_s: float) -> None:
        if self._lost:
            lost, self._lost = self._lost, 0
            self._write(Entry(at_s, logging.WARNING, "logs", "lines lost", {"lines": str(lost)}))

    def _write(self, entry: Entry) -> None:
        if self._screen is not None and entry.level >= self._screen.level:
            self._screen.show(entry)
        if self._file is None or entry.level < self._file_level:
            return
        try:
            self._file.write(entry.line() + "\n")
        except OSError as error:
            if self._screen is not None and not self._file.failed:
                told = Entry(entry.at_s, logging.WARNING, "logs", "the log cannot be written", {"error": _kind(error)})
                self._screen.show(told)
            self._file.failed = True


class Screen:
    """A terminal, or wherever standard error goes. Coloured where it is a terminal and NO_COLOR is not set."""

    def __init__(self, stream: TextIO, level: int) -> None:
        self.level = level
        self._stream = stream
        # https://no-color.org
        self._coloured = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def show(self, entry: Entry) -> None:
        """Write a short line; a terminal that is gone is not missed."""
        line = entry.short()
        if self._coloured:
            line = f"\x1b[{_COLOURS.get(entry.level, '31')}m{line}\x1b[0m"
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            self.level = logging.CRITICAL + 1


class RotatedFile:
    """A text file of bounded size, 0600 in a folder 0700, and the last ones before it."""

    def __init__(self, path: Path, largest_bytes: int = LARGEST_BYTES, files: int = FILES) -> None:
        self._path, self._largest, self._files = path, largest_bytes, files
        self._handle: int | None = None
        self._size = 0
        self.failed = False
        """Somebody was told that it cannot be written."""

    def write(self, text: str) -> None:
        """Append; OSError."""
        data = text.encode("utf-8", "replace")
        if self._handle is not None and self._size and self._size + len(data) > self._largest:
            self.close()
            self._turn()
        if self._handle is None:
            self._open()
        if self._handle is not None:
            self._size += os.write(self._handle, data)
            self.failed = False

    def close(self) -> None:
        """Close the file; writing opens it again."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def _open(self) -> None:
        folder = self._path.parent
        for missing in reversed([place for place in folder.parents if not place.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        self._handle = os.open(self._path, flags, 0o600)
        self._size = os.fstat(self._handle).st_size
        if self._size >= self._largest:
            self.close()
            self._turn()
            self._handle, self._size = os.open(self._path, flags, 0o600), 0

    def _turn(self) -> None:
        names = [self._path, *(self._path.with_name(f"{self._path.name}.{n}") for n in range(1, self._files))]
        for older, newer in zip(reversed(names), reversed(names[:-1]), strict=False):
            if newer.exists():
                newer.replace(older)


def where(error: BaseException) -> str:
    """Return where an error was raised, innermost last, and what caused it: files, lines and functions, and no more.

    An error's own text may hold a password or a word of a phrase, and so may variables and source lines.
    """
    places: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if current is not error:
            places.append(f"caused by {_kind(current)}")
        places += [
            f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(current.__traceback__, limit=40)
        ]
        current = current.__cause__ or current.__context__
    return ", ".join(places)


def _kind(error: BaseException) -> str:
    return type(error).__qualname__


@cache
def _phrase_words() -> frozenset[str]:
    """Return the words of BIP-39 phrases, in English; its library is not imported for that."""
    found = find_spec("mnemonic")
    if found is None or found.origin is None:
        return frozenset()
    listed = Path(found.origin).with_name("wordlist") / "english.txt"
    return frozenset(listed.read_text(encoding="utf-8").split())


@cache
def _home() -> str:
    return str(Path.home())


def _clean(text: str) -> str:
    if _HARMLESS.fullmatch(text):
        return text
    from desktop_wallet.core.redaction import redact  # noqa: PLC0415 - as above

    short = text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
    return redact(short, _phrase_words()).replace(_home(), "~")


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else f'"{_escaped(value)}"'


def _escaped(text: str) -> str:
    """Return the text on one line: no server's words can end a line, begin another, or steer a terminal."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return "".join(c if unicodedata.category(c)[0] not in "CZ" or c == " " else f"\\u{ord(c):04x}" for c in quoted)
