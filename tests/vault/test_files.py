from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from desktop_wallet.core.errors import StorageFailure, StorageFull, StorageReadOnly
from desktop_wallet.vault.files import make_private_folder, storage_failure, write_private


def no_steps(_step: str) -> None:
    """Pass over a step."""


def test_a_file_is_written_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "file"
    previous = os.umask(0)
    try:
        write_private(path, b"first", no_steps)
        write_private(path, b"second", no_steps)
    finally:
        os.umask(previous)
    assert path.read_bytes() == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_link_in_the_temporary_files_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"untouched")
    (tmp_path / "file.new").symlink_to(tmp_path / "victim")
    with pytest.raises(StorageFailure):
        write_private(tmp_path / "file", b"secret", no_steps)
    assert (tmp_path / "victim").read_bytes() == b"untouched"


@pytest.mark.parametrize(
    ("number", "failure"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EROFS, StorageReadOnly),
        (errno.EACCES, StorageReadOnly),
        (errno.EIO, StorageFailure),
    ],
)
@pytest.mark.parametrize("step", ["write temporary file", "read temporary file back", "rename"])
def test_a_disk_that_fails_at_any_step_keeps_the_old_file(
    tmp_path: Path, number: int, failure: type[StorageFailure], step: str
) -> None:
    path = tmp_path / "file"
    write_private(path, b"old", no_steps)

    def fail(now: str) -> None:
        if now == step:
            raise OSError(number, "no")

    with pytest.raises(failure) as caught:
        write_private(path, b"new", fail)
    assert type(caught.value) is failure
    assert caught.value.name == "file"
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_cannot_be_synced_is_told_and_the_new_file_stands(tmp_path: Path) -> None:
    def fail(now: str) -> None:
        if now == "sync folder":
            raise OSError(errno.EIO, "no")

    with pytest.raises(StorageFailure):
        write_private(tmp_path / "file", b"new", fail)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("file", b"new")]


def test_what_does_not_verify_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_private(path, b"old", no_steps)

    def refuse(written: bytes) -> None:
        assert written == b"new"
        raise StorageFailure(name="file", problem="read-back")

    with pytest.raises(StorageFailure):
        write_private(path, b"new", no_steps, verify=refuse)
    assert path.read_bytes() == b"old"


def test_a_folder_is_made_private_even_if_it_was_there(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir(mode=0o755)
    for name in ("old", "new/below"):
        make_private_folder(tmp_path / name)
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailure):
        make_private_folder(tmp_path / "file" / "below")


def test_an_error_without_a_number_still_has_a_failure() -> None:
    assert storage_failure(OSError(), "file").data == {"name": "file", "problem": "unknown"}
