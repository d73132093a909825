from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.errors import StorageFailure
from desktop_wallet.services.exporting import write_export

if TYPE_CHECKING:
    from pathlib import Path


async def test_only_its_owner_can_read_it_and_the_folder_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o755)
    await write_export(folder / "activity.csv", "a,b\r\n")
    assert (folder / "activity.csv").read_bytes() == b"a,b\r\n"
    assert (folder / "activity.csv").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o755
    assert [file.name for file in folder.iterdir()] == ["activity.csv"]


async def test_a_file_that_others_could_read_is_replaced_by_one_that_they_cannot(tmp_path: Path) -> None:
    target = tmp_path / "activity.csv"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o644)
    await write_export(target, "new")
    assert target.read_text(encoding="utf-8") == "new"
    assert target.stat().st_mode & 0o777 == 0o600


async def test_a_place_that_cannot_be_written_is_a_failure_with_the_files_name(tmp_path: Path) -> None:
    with pytest.raises(StorageFailure) as failure:
        await write_export(tmp_path / "missing" / "activity.csv", "x")
    assert failure.value.data["name"] == "activity.csv"
