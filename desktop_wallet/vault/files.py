"""Private files, written whole or not at all, that can tell damage from a wrong password.

A file is one canonical JSON object whose `sha256` is the unkeyed SHA-256 of all the rest. Every single byte counts: a
file that differs from its own re-encoding is damaged. Later versions of a format must keep this rule, so that "too
new" and "damaged" stay two things.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from desktop_wallet.core.errors import StorageFailure, StorageFull, StorageReadOnly

Steps = Callable[[str], None]
"""Told before each step of a change; tests end the process there."""

FILE_LIMIT_BYTES: Final = 8 << 20
_DIGEST: Final = "sha256"


class FileDamaged(Exception):
    """The bytes are not what `encode_file` once returned. Callers say which error that is."""


def canonical(body: Mapping[str, object]) -> bytes:
    """Return the one JSON text of an object: sorted keys, no spaces, ASCII."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def encode_file(body: Mapping[str, object]) -> bytes:
    """Return the file's bytes: the body with its own digest."""
    return canonical({**body, _DIGEST: hashlib.sha256(canonical(body)).hexdigest()})


def decode_file(data: bytes) -> dict[str, Any]:
    """Return the body; FileDamaged unless every byte is as `encode_file` wrote it."""
    try:
        body = json.loads(data)
        if not isinstance(body, dict):
            raise FileDamaged
        digest = body.pop(_DIGEST, None)
        if not isinstance(digest, str) or encode_file(body) != data:
            raise FileDamaged
    except (ValueError, RecursionError):
        raise FileDamaged from None
    return body


def to_text(data: bytes | bytearray) -> str:
    """Return bytes as base64 text."""
    return base64.b64encode(data).decode("ascii")


def to_bytes(text: object) -> bytes:
    """Return the bytes of a base64 text; ValueError if it is none."""
    if not isinstance(text, str):
        raise ValueError("not a text")  # noqa: TRY004 - planted data: the caller catches one kind of error
    return base64.b64decode(text, validate=True)


def storage_failure(error: OSError, name: str) -> StorageFailure:
    """Return the failure that an error of the system means for the file of that name."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StorageFull(name=name)
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return StorageReadOnly(name=name)
    return StorageFailure(name=name, problem=errno.errorcode.get(error.errno or 0, "unknown"))


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter (mode 0700); StorageFailure if that cannot be done."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise storage_failure(error, folder.name) from None


def read_private(path: Path) -> bytes:
    """Return a file's bytes, at most 8 MiB of them; FileNotFoundError or StorageFailure."""
    try:
        with path.open("rb") as file:
            return file.read(FILE_LIMIT_BYTES)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise storage_failure(error, path.name) from None


def write_private(path: Path, data: bytes, steps: Steps, *, verify: Callable[[bytes], None] | None = None) -> None:
    """Replace a file by new bytes, in one instant: afterwards it holds all of the old or all of the new (mode 0600).

    `verify` is given what the disk returns for the temporary file and may raise before anything is replaced. Raises
    StorageFailure; if only the folder could not be synced, the new file stands, but a power cut may bring the old one
    back.
    """
    temporary = _temporary(path)
    try:
        steps("write temporary file")
        _write_synced(temporary, data)
        steps("read temporary file back")
        written = temporary.read_bytes()
        if written != data:
            raise StorageFailure(name=path.name, problem="read-back")
        if verify is not None:
            verify(written)
        steps("rename")
        temporary.replace(path)
        steps("sync folder")
        _sync_folder(path.parent)
        steps("written")
    except OSError as error:
        raise storage_failure(error, path.name) from None
    finally:
        with contextlib.suppress(OSError):  # nothing to remove after the rename; else the next write replaces it
            temporary.unlink()


def discard_unfinished(path: Path) -> None:
    """Remove what a write that was cut short left beside a file; StorageFailure."""
    try:
        _temporary(path).unlink(missing_ok=True)
    except OSError as error:
        raise storage_failure(error, path.name) from None


def _temporary(path: Path) -> Path:
    return path.with_name(path.name + ".new")


def _write_synced(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows syncs folders by itself and opens none
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
