"""One process a profile: an advisory lock on a file. The system releases it when the process ends, however it ends."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

from desktop_wallet.core.errors import ProfileInUse, StorageFailure, StorageFull, StorageReadOnly

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


_BY_ERRNO = {
    errno.EACCES: StorageReadOnly,
    errno.EPERM: StorageReadOnly,
    errno.EROFS: StorageReadOnly,
    errno.ENOSPC: StorageFull,
    errno.EDQUOT: StorageFull,
}


class ProfileLock:
    """Holds a profile for this process from `acquire` to `release`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock; ProfileInUse if another holder has it. Makes the folder (0700) and the file (0600).

        The file is never removed: that would let two processes in. Raises StorageFull, StorageReadOnly.
        """
        if self._descriptor is not None:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        except OSError as error:
            failure = _BY_ERRNO.get(error.errno or 0, StorageFailure)
            raise failure(name=self._path.name, problem=error.strerror) from error
        try:
            if sys.platform == "win32":
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise ProfileInUse(name=self._path.name) from None
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the profile back."""
        if self._descriptor is None:
            return
        if sys.platform == "win32":
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            msvcrt.locking(self._descriptor, msvcrt.LK_UNLCK, 1)
        os.close(self._descriptor)
        self._descriptor = None
