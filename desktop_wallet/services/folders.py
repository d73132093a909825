"""Where the program keeps its files, and how it writes them: folders 0700, files 0600, replaced as a whole."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_wallet.core.accounts import ProfileId

_APPLICATION = "desktop-wallet"


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one installation. `data` holds vaults and registries, `cache` what may be lost."""

    data: Path
    cache: Path
    config: Path
    log: Path

    @classmethod
    def of_this_person(cls) -> Folders:
        """Return the folders that the system has for us."""
        import platformdirs  # noqa: PLC0415 - not where the folders are given

        found = platformdirs.PlatformDirs(_APPLICATION, appauthor=False)
        return cls(
            Path(found.user_data_dir), Path(found.user_cache_dir), Path(found.user_config_dir), Path(found.user_log_dir)
        )

    @classmethod
    def under(cls, root: Path) -> Folders:
        """Return folders that all lie under one root: for the tour, tests and portable use."""
        return cls(root / "data", root / "cache", root / "config", root / "log")

    def profiles(self) -> Path:
        """Return the folder that holds a folder for each profile."""
        return self.data / "profiles"

    def profile(self, profile: ProfileId) -> Path:
        """Return a profile's folder."""
        return self.profiles() / profile

    def profile_cache(self, profile: ProfileId) -> Path:
        """Return the folder of a profile's cached pages."""
        return self.cache / "balances" / profile


def make_private(folder: Path) -> None:
    """Make the folder, and whatever is missing above it, for this person alone (0700)."""
    # Not `parents=True`: the mode would hold for the last folder only.
    for missing in reversed([place for place in folder.parents if not place.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Replace a file of ours as a whole (0600), in a folder that is ours alone."""
    make_private(path.parent)
    replace_private(path, text)


def replace_private(path: Path, text: str) -> None:
    """Replace a file as a whole (0600): a crash leaves the old one or the new one. Its folder stays as it is."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
