"""The operating system's keyring: only back ends that encrypt, and no call that can hang the wallet."""

from __future__ import annotations

import contextlib
import importlib
import logging
import secrets
import sys
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from desktop_wallet.core.errors import (
    KeyringDenied,
    KeyringFailure,
    KeyringLocked,
    KeyringMissing,
    KeyringUnsafe,
)
from desktop_wallet.vault.courier import Courier, Unanswered

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

SERVICE: Final = "desktop-wallet"
VALUE_LIMIT: Final = 1280
"""Characters: Windows keeps 2,560 bytes of UTF-16 an entry (CRED_MAX_CREDENTIAL_BLOB_SIZE)."""
PATIENCE_S: Final = 20.0

_SECRET_SERVICE: Final = "keyring.backends.SecretService.Keyring"  # noqa: S105 - a class, no password
_LINUX: Final = (
    _SECRET_SERVICE,
    "keyring.backends.libsecret.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
)
_WINDOWS: Final = ("keyring.backends.Windows.WinVaultKeyring",)
_MACOS: Final = ("keyring.backends.macOS.Keyring",)
_ALLOWED: Final = frozenset((*_LINUX, *_WINDOWS, *_MACOS))
_CHAIN: Final = "keyring.backends.chainer.ChainerBackend"
_NULL: Final = "keyring.backends.null.Keyring"
_FAIL: Final = "keyring.backends.fail.Keyring"


class KeyringStore:
    """Keeps entries under the service name `desktop-wallet`.

    Each call runs on a daemon thread of this store and is waited for at most `patience_s`: a prompt that nobody
    answers is left standing, and when the person answers it later the next call goes through. `choose` finds the
    back end; it is asked again until it finds one.
    """

    lasting = True

    def __init__(self, *, patience_s: float = PATIENCE_S, choose: Callable[[], KeyringBackend] | None = None) -> None:
        self._patience_s = patience_s
        self._choose = choose or choose_backend
        self._courier = Courier("keyring")
        self._backend: KeyringBackend | None = None

    @property
    def backend(self) -> str:
        """Return the back end's dotted class name; empty before the first call."""
        return "" if self._backend is None else _class_name(self._backend)

    def prepare(self) -> None:
        """Begin to load the back end; no prompt comes of it."""
        self._courier.send(self._ready)

    def check(self) -> None:
        """Raise a KeyringFailure unless a random value comes back as it was written, and goes when deleted."""
        entry, value = f"self-test-{uuid.uuid4().hex}", secrets.token_urlsafe(24)
        self.set(entry, value)
        if self.get(entry) != value:
            with contextlib.suppress(KeyringFailure):  # the worse news is below
                self.delete(entry)
            raise KeyringUnsafe(backend=self.backend, problem="self-test")
        self.delete(entry)

    def get(self, entry: str, *, patience_s: float | None = None) -> str | None:
        """Return an entry's value, None if there is none."""
        return self._call(lambda backend: backend.get_password(SERVICE, entry), patience_s)

    def set(self, entry: str, value: str) -> None:
        """Write an entry of at most 1,280 characters."""
        if len(value) > VALUE_LIMIT:
            raise ValueError("longer than every system's keyring takes")
        self._call(lambda backend: backend.set_password(SERVICE, entry, value))

    def delete(self, entry: str) -> None:
        """Delete an entry; KeyringDenied if it is there afterwards."""
        self._call(lambda backend: _delete(backend, entry))

    def close(self) -> None:
        """End every wait at once; a standing prompt is left to the system."""
        self._courier.close()

    def _call(self, work: Callable[[KeyringBackend], _T], patience_s: float | None = None) -> _T:
        try:
            return self._courier.fetch(
                lambda: work(self._ready()), self._patience_s if patience_s is None else patience_s
            )
        except Unanswered:
            raise KeyringLocked(backend=self.backend, waiting=True) from None
        except KeyringFailure:
            raise
        except Exception as error:
            failure = _failure(error, self.backend)
            if failure is None:
                raise
            _log.info("keyring: %s", type(error).__name__)
            raise failure from None

    def _ready(self) -> KeyringBackend:
        if self._backend is None:  # a daemon may be started at any time
            self._backend = self._choose()
        return self._backend


def choose_backend() -> KeyringBackend:
    """Return the back end to use: the configured one, else the system's best; KeyringMissing or KeyringUnsafe.

    Configured means by PYTHON_KEYRING_BACKEND or keyringrc.cfg. Of a chain its first allowed member is taken.
    """
    from keyring import backend as registered  # noqa: PLC0415 - 46 ms that no start needs
    from keyring import core  # noqa: PLC0415 - as above

    try:
        configured = core.load_env() or core.load_config()
    except (ImportError, AttributeError, RuntimeError, ValueError):
        raise KeyringMissing(backend="", problem="configured") from None
    if configured is not None and _class_name(configured) != _CHAIN:
        return _accept(configured)
    for name in _of_this_system():
        found = _instance(name)
        if found is not None:
            return _accept(found)
    others = [each for each in registered.get_all_keyring() if _class_name(each) not in {_CHAIN, _NULL, _FAIL}]
    for other in others:
        return _accept(other)
    raise KeyringMissing(backend="")


def _accept(backend: KeyringBackend) -> KeyringBackend:
    name = _class_name(backend)
    if name == _SECRET_SERVICE:
        from desktop_wallet.vault.secret_service import SecretService  # noqa: PLC0415 - needs libraries of Linux

        service: KeyringBackend = SecretService()  # type: ignore[no-untyped-call]
        return service
    if name in _ALLOWED:
        return backend
    if name == _FAIL:
        raise KeyringMissing(backend=name)
    if name == _NULL:
        raise KeyringUnsafe(backend=name, problem="null")
    problem = "plain-text" if name.startswith("keyrings.alt.") or "plain" in name.lower() else "unknown"
    raise KeyringUnsafe(backend=name, problem=problem)


def _of_this_system() -> tuple[str, ...]:
    return {"win32": _WINDOWS, "darwin": _MACOS}.get(sys.platform, _LINUX)


def _instance(name: str) -> KeyringBackend | None:
    module, _, class_name = name.rpartition(".")
    backend: type[KeyringBackend] = getattr(importlib.import_module(module), class_name)
    return backend() if backend.viable else None


def _class_name(backend: KeyringBackend) -> str:
    names = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(backend).__mro__]
    return _SECRET_SERVICE if _SECRET_SERVICE in names else names[0]


def _delete(backend: KeyringBackend, entry: str) -> None:
    from keyring.errors import PasswordDeleteError  # noqa: PLC0415 - loaded by then

    try:
        backend.delete_password(SERVICE, entry)
    except PasswordDeleteError:
        if backend.get_password(SERVICE, entry) is not None:
            raise KeyringDenied(backend=_class_name(backend)) from None


def _failure(error: BaseException, backend: str) -> KeyringFailure | None:
    """Return what an error of the keyring's libraries means; None for what is none of theirs."""
    from keyring import errors  # noqa: PLC0415 - loaded by then

    link: BaseException | None = error
    while link is not None:
        kind = _linux_failure(link)
        if kind is not None:
            return kind(backend=backend)
        link = link.__cause__
    if isinstance(error, errors.KeyringLocked):
        # Raised after the prompt was dismissed or could not be shown; a prompt left standing is Unanswered instead.
        return KeyringDenied(backend=backend)
    if isinstance(error, errors.NoKeyringError):
        return KeyringMissing(backend=backend)
    if isinstance(error, errors.PasswordSetError | errors.PasswordDeleteError):
        return KeyringDenied(backend=backend)
    if isinstance(error, errors.InitError | ConnectionError | EOFError):
        return KeyringMissing(backend=backend)
    if isinstance(error, errors.KeyringError):
        return KeyringFailure(backend=backend)
    return None


def _linux_failure(error: BaseException) -> type[KeyringFailure] | None:
    if sys.platform in {"win32", "darwin"}:
        return None
    import jeepney  # type: ignore[import-untyped]  # noqa: PLC0415 - there only on Linux, loaded by then
    from secretstorage import exceptions  # noqa: PLC0415 - as above

    if isinstance(error, exceptions.PromptDismissedException):
        return KeyringDenied
    if isinstance(error, exceptions.LockedException):
        return KeyringLocked
    if isinstance(error, exceptions.SecretServiceNotAvailableException):
        return KeyringMissing
    if isinstance(error, jeepney.DBusErrorResponse):
        return KeyringLocked if "IsLocked" in str(error.name) else KeyringFailure
    return None
