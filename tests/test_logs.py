"""The log: what its lines look like, what never stands in them, and that nothing that happens to it stops anybody."""

from __future__ import annotations

import io
import logging
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from desktop_wallet.logs import LARGEST_BYTES, LOG_FILE, VARIABLE, LogLevel, RotatedFile, chosen_level, set_up, where
from desktop_wallet.vault.phrases import phrase_of

KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
ADDRESS = "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23"
PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
URL = "https://user:hunter2@node.example:8545/v3/0123456789abcdef?key=hunter2"
SECRETS = (KEY, ADDRESS[2:], PHRASE, "hunter2", "winner thank year", "0123456789abcdef", "/v3/")

log = logging.getLogger("desktop_wallet.services.tested")


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    @override
    def isatty(self) -> bool:
        return True


def begin(
    folder: Path | None, level: LogLevel | None = None, terminal: io.StringIO | None = None
) -> Callable[[], None]:
    """Set the log up in place of pytest's own, which raises what a log must not; return what ends that."""
    root = logging.getLogger()
    others, root.handlers = root.handlers, []
    end = set_up(folder, level, terminal)

    def end_all() -> None:
        end()
        if not root.handlers:
            root.handlers = others

    return end_all


class Logged:
    """A log in a folder, and what stands in it once it was ended."""

    def __init__(self, folder: Path, level: LogLevel | None = None, terminal: io.StringIO | None = None) -> None:
        self.path = folder / LOG_FILE
        self._end = begin(folder, level, terminal)

    def end(self) -> None:
        self._end()

    def text(self) -> str:
        self._end()
        return self.path.read_text(encoding="utf-8") if self.path.exists() else ""


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Logged]:
    made = Logged(tmp_path / "log")
    yield made
    made.end()


def test_a_line_is_an_event_with_what_belongs_to_it(logged: Logged) -> None:
    log.info("read", extra={"fields": {"hits": 18, "misses": 2, "networks": "eip155:1", "took_ms": 212}})
    log.warning("the counters were not saved: %s", "StorageFull")
    first, second = logged.text().splitlines()
    at = r"at=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(
        rf"{at} level=info from=services\.tested event=read hits=18 misses=2 networks=eip155:1 took_ms=212", first
    )
    assert second.endswith('level=warning from=services.tested event="the counters were not saved: StorageFull"')


def test_a_line_break_is_written_as_one_writes_it(logged: Logged) -> None:
    log.error('two\nlines, a "quote" and a \\')
    assert logged.text().endswith('event="two\\nlines, a \\"quote\\" and a \\\\"\n')


def plain(text: str) -> None:
    log.error(text)


def as_argument(text: str) -> None:
    log.error("seen: %s and %r", text, text)


def in_a_value(text: str) -> None:
    log.error("seen %s", {"what": [text, {"deep": (text,)}]})


def as_bytes(text: str) -> None:
    log.error("seen %s", text.encode())


def as_a_field(text: str) -> None:
    log.error("seen", extra={"fields": {"what": text, "list": [text]}})


def as_a_fields_name(text: str) -> None:
    log.error("seen", extra={"fields": {text: 1}})


def as_an_attribute(text: str) -> None:
    log.error("seen", extra={"password": text, "text": text})


def in_an_error(text: str) -> None:
    secret = text  # a local variable, and the error's own text
    try:
        raise ValueError(secret)
    except ValueError:
        log.exception("it failed")


def in_what_caused_an_error(text: str) -> None:
    try:
        try:
            raise KeyError(text)
        except KeyError as error:
            raise RuntimeError(text) from error
    except RuntimeError:
        log.exception("it failed", stack_info=True)


def in_the_name_of_the_logger(text: str) -> None:
    logging.getLogger(f"elsewhere.{text}").error("seen")


def in_a_value_that_cannot_be_printed(text: str) -> None:
    class Broken:
        @override
        def __str__(self) -> str:
            raise ValueError(text)

    log.error("seen %s", Broken())


def with_arguments_that_do_not_fit(text: str) -> None:
    log.error("seen %d", text)


WAYS: list[Callable[[str], None]] = [
    plain, as_argument, in_a_value, as_bytes, as_a_field, as_a_fields_name, as_an_attribute, in_an_error,
    in_what_caused_an_error, in_the_name_of_the_logger, in_a_value_that_cannot_be_printed,
    with_arguments_that_do_not_fit,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "secret", [KEY, f"0x{KEY}", ADDRESS, PHRASE, URL, "password=hunter2 hunter2"], ids=lambda s: s[:9]
)
def test_a_secret_stands_nowhere_however_it_came(
    tmp_path: Path, way: Callable[[str], None], secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    logged = Logged(tmp_path / "log", LogLevel.DEBUG, terminal)
    try:
        way(secret)
    finally:
        text = logged.text()
    assert "level=error" in text, "the line itself is there"
    assert not capsys.readouterr().err, "nothing goes past it"
    for place in (text, terminal.getvalue()):
        assert not [part for part in SECRETS if part in place.lower()]


@pytest.mark.parametrize("way", [in_an_error, in_what_caused_an_error])
def test_a_plain_password_in_an_error_is_not_told(tmp_path: Path, way: Callable[[str], None]) -> None:
    """No rule knows a word for a password: an error's own text is not written at all."""
    logged = Logged(tmp_path / "log")
    way("correct horse")
    text = logged.text()
    assert "horse" not in text
    assert "error=ValueError" in text or "error=RuntimeError" in text
    assert f"test_logs.py:{way.__code__.co_firstlineno + 3}" in text or "caused by KeyError" in text


@given(
    key=st.binary(min_size=32, max_size=32).map(bytes.hex),
    phrase=st.binary(min_size=16, max_size=16).map(phrase_of),
    address=st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
    password=st.from_regex(r"[A-Za-z0-9]{12,30}", fullmatch=True),
    way=st.sampled_from(WAYS),
    before=st.text(max_size=20),
)
def test_planted_secrets_are_never_found(
    key: str,
    phrase: str,
    address: str,
    password: str,
    way: Callable[[str], None],
    before: str,
) -> None:
    terminal = io.StringIO()
    end = begin(None, LogLevel.DEBUG, terminal)
    try:
        for secret in (key, phrase, address, f"https://u:{password}@h.example/{password}", f"password: {password}"):
            way(f"{before} {secret}")
    finally:
        end()
    text = terminal.getvalue()
    assert text.count("error ") >= 5
    for secret in (key, address, password, *(phrase[n : n + 25] for n in range(0, len(phrase) - 25, 5))):
        assert secret not in text


def test_addresses_in_lines_are_shortened(logged: Logged) -> None:
    log.info("seen %s", ADDRESS)
    assert "0x2c75…5c23" in logged.text()


@given(st.text(max_size=300))
def test_whatever_a_server_says_stays_on_one_line_and_steers_no_terminal(said: str) -> None:
    terminal = io.StringIO()
    end = begin(None, LogLevel.DEBUG, terminal)
    try:
        log.error("it said: %s", said, extra={"fields": {"said": said, said: 1}})
    finally:
        end()
    text = terminal.getvalue()
    assert text.endswith("\n")
    assert len(text.splitlines()) == 1, "not even by a line separator of Unicode"
    assert not [c for c in text[:-1] if ord(c) < 32 or 127 <= ord(c) < 160]


def test_a_long_value_is_cut(logged: Logged) -> None:
    log.error("x " * 100_000)
    assert len(logged.text()) < 5_000


def test_who_may_read_it(logged: Logged) -> None:
    old = os.umask(0)
    try:
        log.error("seen")
        logged.end()
    finally:
        os.umask(old)
    assert stat.S_IMODE(logged.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(logged.path.parent.stat().st_mode) == 0o700


def test_it_stays_within_its_size_and_keeps_the_newest(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / LOG_FILE, largest_bytes=1_000, files=3)
    for number in range(200):
        file.write(f"line {number:04} {'x' * 40}\n")
    file.close()
    found = sorted(tmp_path.iterdir())
    assert [each.name for each in found] == [LOG_FILE, f"{LOG_FILE}.1", f"{LOG_FILE}.2"]
    assert all(each.stat().st_size <= 1_000 for each in found)
    assert all(stat.S_IMODE(each.stat().st_mode) == 0o600 for each in found)
    lines = [line for each in reversed(found) for line in each.read_text().splitlines()]
    numbers = [int(line.split()[1]) for line in lines]
    assert numbers == list(range(numbers[0], 200)), "in order, without a gap, to the last"
    assert LARGEST_BYTES == 1_000_000


def test_a_later_run_goes_on_where_the_earlier_one_ended(tmp_path: Path) -> None:
    logged = Logged(tmp_path)
    for number in range(3):
        logged.end()
        logged = Logged(tmp_path)
        log.error("run %d", number)
        logged.end()
    text = logged.text()
    assert [line.rpartition("run ")[2] for line in text.splitlines()] == ['0"', '1"', '2"']


@pytest.mark.parametrize(
    ("level", "written", "shown"),
    [
        (None, ["info", "warning", "error"], ["warning", "error"]),
        (LogLevel.DEBUG, ["debug", "info", "warning", "error"], ["debug", "info", "warning", "error"]),
        (LogLevel.WARNING, ["warning", "error"], ["warning", "error"]),
        (LogLevel.OFF, [], ["error"]),
    ],
)
def test_the_level_says_what_is_written_and_what_is_shown(
    tmp_path: Path, level: LogLevel | None, written: list[str], shown: list[str]
) -> None:
    terminal = io.StringIO()
    logged = Logged(tmp_path / "log", level, terminal)
    log.debug("seen")
    log.info("seen")
    log.warning("seen")
    log.error("seen")
    assert re.findall(r"level=(\w+)", logged.text()) == written
    assert re.findall(r"^\d\d:\d\d:\d\d (\w+) seen$", terminal.getvalue(), re.MULTILINE) == shown
    assert (tmp_path / "log").exists() is (level is not LogLevel.OFF)


def test_other_libraries_are_heard_when_they_warn(logged: Logged) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST %s", URL)
    logging.getLogger("httpx").warning("something is wrong with %s", URL)
    [line] = logged.text().splitlines()
    assert 'event="something is wrong with node.example:8545"' in line


def test_the_command_line_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert chosen_level(None) is None
    monkeypatch.setenv(VARIABLE, "Debug")
    assert chosen_level(None) is LogLevel.DEBUG
    assert chosen_level("off") is LogLevel.OFF
    monkeypatch.setenv(VARIABLE, "loud")
    assert chosen_level(None) is None


@pytest.mark.parametrize(
    ("terminal", "variables", "coloured"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_a_terminal_gets_colours_unless_it_wants_none(
    terminal: io.StringIO, variables: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    end = begin(None, None, terminal)
    log.warning("seen")
    end()
    assert ("\x1b[33m" in terminal.getvalue()) is coloured
    assert terminal.getvalue().endswith("\x1b[0m\n") is coloured


@pytest.mark.skipif(sys.platform == "win32", reason="no such places there")
@pytest.mark.parametrize("place", ["/proc/nowhere", "/dev/null/log"])
def test_where_no_log_can_be_written_the_terminal_says_so_once_and_all_goes_on(place: str) -> None:
    terminal = io.StringIO()
    end = begin(Path(place), None, terminal)
    for _ in range(5):
        log.warning("seen")
    end()
    assert terminal.getvalue().count("the log cannot be written") == 1
    assert terminal.getvalue().count("seen") == 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
def test_a_full_disk_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    (tmp_path / "log").mkdir(mode=0o700)
    real = os.open
    full = monkeypatch.setattr
    full(os, "open", lambda path, flags, mode=0o777: real("/dev/full" if LOG_FILE in str(path) else path, flags, mode))
    end = begin(tmp_path / "log", None, terminal)
    log.warning("first")
    log.warning("second")
    end()
    assert terminal.getvalue().count("the log cannot be written") == 1
    assert "second" in terminal.getvalue()


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="no such flag there")
def test_a_link_in_the_place_of_the_log_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "log" / LOG_FILE).symlink_to(tmp_path / "elsewhere")
    logged = Logged(tmp_path / "log")
    log.error("seen")
    logged.end()
    assert (tmp_path / "elsewhere").read_text() == "precious"


def test_a_terminal_that_is_gone_is_not_missed(tmp_path: Path) -> None:
    terminal = io.StringIO()
    logged = Logged(tmp_path / "log", None, terminal)
    terminal.close()
    log.error("first")
    log.error("second")
    assert logged.text().count("level=error") == 2


def test_whoever_logs_does_not_wait_for_the_disk_and_lost_lines_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from threading import Event

    import desktop_wallet.logs as module

    go_on, slow = Event(), RotatedFile.write
    monkeypatch.setattr(module, "_WAITING", 10)
    monkeypatch.setattr(RotatedFile, "write", lambda self, text: (go_on.wait(20), slow(self, text)))
    logged = Logged(tmp_path / "log")
    for number in range(50):
        log.error("line %d", number)
    go_on.set()
    text = logged.text()
    lost = int(re.findall(r"lines=(\d+)", text)[0])
    assert text.count('event="line ') == 50 - lost
    assert lost >= 38


def test_after_its_end_logging_is_as_it_was(tmp_path: Path) -> None:
    ours, root = logging.getLogger("desktop_wallet"), logging.getLogger()
    before = (ours.level, list(root.handlers))
    Logged(tmp_path).end()
    assert (ours.level, list(root.handlers)) == before


def test_where_an_error_was_raised_names_no_home_and_no_variable() -> None:
    with pytest.raises(ValueError, match="hunter2") as caught:
        int("hunter2")
    told = where(caught.value)
    assert re.fullmatch(
        r"[^/]+/tests/test_logs\.py:\d+ test_where_an_error_was_raised_names_no_home_and_no_variable", told
    )
