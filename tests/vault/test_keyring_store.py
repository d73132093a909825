from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from keyring import errors
from keyring.errors import PasswordDeleteError
from secretstorage.exceptions import (
    LockedException,
    PromptDismissedException,
    SecretServiceNotAvailableException,
)

from desktop_wallet.core.errors import (
    KeyringDenied,
    KeyringFailure,
    KeyringLocked,
    KeyringMissing,
    KeyringUnsafe,
)
from desktop_wallet.vault.keyring_store import VALUE_LIMIT, KeyringStore
from tests.fixtures.keyring_daemon import PrivateKeyring

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

pytestmark = pytest.mark.keyring_daemon

EVERY_CALL: list[Callable[[KeyringStore], object]] = [
    lambda store: store.get("name"),
    lambda store: store.set("name", "value"),
    lambda store: store.delete("name"),
    lambda store: store.check(),
]


@pytest.fixture
def store() -> Iterator[KeyringStore]:
    store = KeyringStore(patience_s=20)
    yield store
    store.close()


@pytest.fixture
def keyring(keyring_home: PrivateKeyring) -> PrivateKeyring:
    keyring_home.start_daemon()
    return keyring_home


def test_entries_are_kept_by_the_real_daemon(keyring: PrivateKeyring, store: KeyringStore) -> None:
    store.prepare()
    store.check()
    assert keyring.entries() == {}, "the self-test leaves nothing behind"
    store.set("name", "value")
    assert store.get("name") == "value"
    assert keyring.entries() == {"name": "value"}
    assert store.get("other") is None
    store.delete("name")
    store.delete("name")
    assert keyring.entries() == {}
    assert store.backend == "keyring.backends.SecretService.Keyring"


def test_entries_outlive_the_daemon(keyring: PrivateKeyring, store: KeyringStore) -> None:
    store.set("name", "value")
    keyring.stop_daemon()
    keyring.start_daemon()
    assert store.get("name") == "value"


def test_a_value_that_windows_could_not_hold_is_our_bug(store: KeyringStore) -> None:
    with pytest.raises(ValueError, match="every system"):
        store.set("name", "x" * (VALUE_LIMIT + 1))


@pytest.mark.parametrize("call", EVERY_CALL)
def test_without_a_daemon_the_keyring_is_missing(
    keyring_home: PrivateKeyring, store: KeyringStore, call: Callable[[KeyringStore], object]
) -> None:
    with pytest.raises(KeyringMissing):
        call(store)


@pytest.mark.parametrize("call", EVERY_CALL)
def test_without_a_session_bus_the_keyring_is_missing(
    monkeypatch: pytest.MonkeyPatch, store: KeyringStore, call: Callable[[KeyringStore], object]
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    with pytest.raises(KeyringMissing):
        call(store)


def test_a_daemon_started_later_is_found(keyring_home: PrivateKeyring, store: KeyringStore) -> None:
    with pytest.raises(KeyringMissing):
        store.get("name")
    keyring_home.start_daemon()
    assert store.get("name") is None


def test_a_daemon_that_went_away_is_missing(keyring: PrivateKeyring, store: KeyringStore) -> None:
    store.set("name", "value")
    keyring.stop_daemon()
    with pytest.raises(KeyringMissing):
        store.get("name")


@pytest.mark.parametrize("call", EVERY_CALL)
def test_a_dismissed_prompt_is_a_refusal(
    keyring: PrivateKeyring, store: KeyringStore, call: Callable[[KeyringStore], object]
) -> None:
    keyring.lock()
    with keyring.prompter() as person:
        person.dismiss()
        with pytest.raises(KeyringDenied):
            call(store)
        person.wait_until_asked()


def test_a_prompt_that_cannot_be_shown_is_a_refusal(keyring: PrivateKeyring, store: KeyringStore) -> None:
    keyring.lock()
    with pytest.raises(KeyringDenied):
        store.get("name")


def test_a_new_keyring_that_nobody_sets_up_is_a_refusal(keyring_home: PrivateKeyring, store: KeyringStore) -> None:
    keyring_home.start_daemon(unlocked=False)
    with pytest.raises(KeyringDenied):
        store.set("name", "value")


def test_an_answered_prompt_opens_the_keyring(keyring: PrivateKeyring, store: KeyringStore) -> None:
    store.set("name", "value")
    keyring.lock()
    with keyring.prompter() as person:
        person.type_password()
        assert store.get("name") == "value"
        person.wait_until_asked()


def test_an_unanswered_prompt_is_left_standing_and_its_answer_counts_later(
    keyring: PrivateKeyring, store: KeyringStore
) -> None:
    store.set("name", "value")
    keyring.lock()
    with keyring.prompter() as person:
        with pytest.raises(KeyringLocked) as caught:
            store.get("name", patience_s=0.3)
        assert caught.value.waiting
        person.wait_until_asked()
        person.type_password()
        assert store.get("name") == "value"


def test_close_ends_the_wait_for_a_prompt(keyring: PrivateKeyring, store: KeyringStore) -> None:
    keyring.lock()
    with keyring.prompter() as person:

        def close_when_asked() -> None:
            person.wait_until_asked()
            store.close()

        closer = threading.Thread(target=close_when_asked)
        closer.start()
        with pytest.raises(KeyringLocked):
            store.get("name", patience_s=100)
        closer.join(10)
        person.dismiss()


def test_a_program_ends_though_a_prompt_stands_open(keyring: PrivateKeyring) -> None:
    program = (
        # Long enough for the daemon to ask: it asks nobody for a program that has gone.
        "from desktop_wallet.vault.keyring_store import KeyringStore\n"
        "try:\n    KeyringStore().get('name', patience_s=3.0)\n"
        "except Exception as error:\n    print(type(error).__name__)\n"
    )
    keyring.lock()
    with keyring.prompter() as person:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=keyring.environment,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        person.wait_until_asked()
    assert done.stdout == "KeyringLocked\n"


class ForgetfulBackend:
    """Takes every value and gives back `kept`."""

    def __init__(self, kept: str | None) -> None:
        self.kept = kept

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept

    def set_password(self, service: str, username: str, password: str) -> None:
        """Drop it."""

    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError


@pytest.mark.parametrize("kept", [None, "something else"])
def test_a_keyring_that_fails_the_self_test_is_unsafe(kept: str | None) -> None:
    forgetful = cast("KeyringBackend", ForgetfulBackend(kept))
    store = KeyringStore(choose=lambda: forgetful)
    with pytest.raises(KeyringUnsafe):
        store.check()
    store.close()


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (errors.KeyringLocked(), KeyringDenied),
        (errors.NoKeyringError(), KeyringMissing),
        (errors.InitError(), KeyringMissing),
        (errors.PasswordSetError(), KeyringDenied),
        (errors.KeyringError(), KeyringFailure),
        (ConnectionResetError(), KeyringMissing),
        (LockedException(), KeyringLocked),
        (PromptDismissedException(), KeyringDenied),
        (SecretServiceNotAvailableException(), KeyringMissing),
    ],
)
def test_each_error_of_the_libraries_has_its_failure(error: Exception, failure: type[KeyringFailure]) -> None:
    def choose() -> KeyringBackend:
        raise error

    store = KeyringStore(choose=choose)
    with pytest.raises(failure) as caught:
        store.get("name")
    assert type(caught.value) is failure
    store.close()


def test_what_is_no_failure_of_a_keyring_stays_our_bug() -> None:
    def choose() -> KeyringBackend:
        raise ZeroDivisionError

    store = KeyringStore(choose=choose)
    with pytest.raises(ZeroDivisionError):
        store.get("name")
    store.close()


PLAIN_TEXT = """
import keyring.backend
class PlaintextKeyring(keyring.backend.KeyringBackend):
    priority = 0.5
    kept = {}
    def get_password(self, service, username): return self.kept.get(username)
    def set_password(self, service, username, password): self.kept[username] = password
    def delete_password(self, service, username): del self.kept[username]
"""
PROGRAM = """
import sys
if "registered" in sys.argv: import keyrings.alt.file
from desktop_wallet.vault.keyring_store import KeyringStore
store = KeyringStore()
try:
    store.check()
    print("kept by", store.backend)
except Exception as error:
    print(type(error).__name__, error.data.get("problem"))
"""


@pytest.mark.parametrize(
    ("configured", "registered", "said"),
    [
        ("keyring.backends.null.Keyring", "", "KeyringUnsafe null"),
        ("keyring.backends.fail.Keyring", "", "KeyringMissing None"),
        ("keyrings.alt.file.PlaintextKeyring", "", "KeyringUnsafe plain-text"),
        ("keyrings.unheard_of.Keyring", "", "KeyringUnsafe unknown"),
        ("no.such.Backend", "", "KeyringMissing configured"),
        ("", "registered", "KeyringUnsafe plain-text"),
        ("keyring.backends.chainer.ChainerBackend", "registered", "KeyringUnsafe plain-text"),
        ("", "", "KeyringMissing None"),
    ],
)
def test_a_keyring_that_does_not_encrypt_is_refused(
    tmp_path: Path, keyring_home: PrivateKeyring, configured: str, registered: str, said: str
) -> None:
    """Each in a process of its own: back ends register for good."""
    assert _ask_in_a_process(tmp_path, keyring_home, configured, registered) == said


@pytest.mark.parametrize("configured", ["", "keyring.backends.chainer.ChainerBackend"])
def test_beside_a_plain_text_keyring_the_one_that_encrypts_is_taken(
    tmp_path: Path, keyring: PrivateKeyring, configured: str
) -> None:
    said = _ask_in_a_process(tmp_path, keyring, configured, "registered")
    assert said == "kept by keyring.backends.SecretService.Keyring"


def _ask_in_a_process(tmp_path: Path, home: PrivateKeyring, configured: str, registered: str) -> str:
    (tmp_path / "keyrings" / "alt").mkdir(parents=True)
    (tmp_path / "keyrings" / "alt" / "file.py").write_text(PLAIN_TEXT)
    (tmp_path / "keyrings" / "unheard_of.py").write_text(PLAIN_TEXT.replace("PlaintextKeyring", "Keyring"))
    environment = {**home.environment, "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(__file__).parents[2]}"}
    if configured:
        environment["PYTHON_KEYRING_BACKEND"] = configured
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, registered],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()
