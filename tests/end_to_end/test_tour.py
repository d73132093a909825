"""The practice tour, and what a second start on the same profile is told."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from desktop_wallet.services.folders import Folders
from tests.end_to_end.house import PASSWORD, surrounds, wallet

_ROOT = Path(__file__).parents[2]
_OFF_SCREEN = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which the tour left its pictures and its transcript."""
    folder = tmp_path_factory.mktemp("tour")
    done = subprocess.run(
        [sys.executable, "-m", "desktop_wallet", "--tour", str(folder)],
        cwd=_ROOT,
        env=_OFF_SCREEN,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return folder


def scenes(tour: Path) -> dict[str, str]:
    """Return what could be read in each picture, by its name without the number."""
    text = (tour / "transcript.txt").read_text("utf-8")
    parts = re.split(r"^## \d+-(\S+)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_the_tour_leaves_pictures_of_every_scene_in_light_and_dark(tour: Path) -> None:
    pictures = sorted(tour.glob("*.png"))
    assert len(pictures) >= 12
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert [int(picture.name.split("-")[0]) for picture in pictures] == list(range(1, len(pictures) + 1))
    assert sum(picture.stem.endswith("-dark") for picture in pictures) >= 4
    assert len({picture.read_bytes() for picture in pictures}) == len(pictures), "no picture is another's copy"


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        ("welcome", r"Create a new wallet"),
        ("preloading", r"\d+ of \d+"),
        ("balances-fresh", r"Fresh"),
        ("balances-cached-after-coming-back", r"Cached"),
        ("balances-stale-after-45-seconds", r"Stale"),
        ("refreshed", r"Fresh"),
        ("a-server-fails", r"Stale"),
        ("a-server-fails", r"(?i)did not answer|could not be reached|refused"),
        ("unavailable", r"Unavailable"),
        ("locked", r"Unlock"),
        ("wrong-password", r"That is not the password"),
        ("unlocked-again", r"Play money|play money|Practice"),
    ],
)
def test_the_transcript_shows_what_stood_on_the_screen(tour: Path, scene: str, words: str) -> None:
    assert re.search(words, scenes(tour)[scene])


def rows(scene: str) -> dict[tuple[str, str, str], tuple[str, str]]:
    """Return the amount and the badge that were read out for each balance, by asset, account and network."""
    found = re.findall(
        r"^cell: (\w+ [^,\n]+), (.+), (\w+ · [^,\n]+|Unavailable), ([^,\n]+, [^,\n]+), on ([^(\n]+)",
        scene,
        re.MULTILINE,
    )
    return {(asset, account, network.strip()): (amount, badge) for asset, amount, badge, account, network in found}


def test_a_failing_server_or_passing_time_never_changes_an_amount(tour: Path) -> None:
    seen = {name: rows(scene) for name, scene in scenes(tour).items()}
    for earlier, later, badge in (
        ("balances-fresh", "balances-cached-after-coming-back", "Cached"),
        ("balances-cached-after-coming-back", "balances-stale-after-45-seconds", "Stale"),
        ("refreshed", "a-server-fails", "Stale"),
    ):
        kept = [place for place in seen[earlier].keys() & seen[later].keys() if seen[later][place][1].startswith(badge)]
        assert len(kept) >= 5, "that many lines show it"
        assert {place: seen[later][place][0] for place in kept} == {place: seen[earlier][place][0] for place in kept}


def test_after_the_unlock_the_same_balances_are_read_out_again(tour: Path) -> None:
    seen = scenes(tour)
    again, before = rows(seen["unlocked-again"]), rows(seen["balances-fresh"])
    assert len(again.keys() & before.keys()) >= 8
    assert not any(badge == "Unavailable" for _, badge in again.values())


_UNLOCKING = """
import asyncio, sys
from pathlib import Path
from desktop_wallet.core.errors import ProfileInUse
from desktop_wallet.ui.error_text import error_text
from tests.end_to_end.house import PASSWORD, surrounds, wallet

async def main():
    async with wallet(surrounds(Path(sys.argv[1]))) as application:
        [profile] = await application.profiles.list()
        try:
            await application.unlock(profile.id, PASSWORD)
        except ProfileInUse as error:
            print(error_text(error).text)
        else:
            print("opened")

asyncio.run(main())
"""


def _second_process(root: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _UNLOCKING, str(root)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


async def test_a_second_process_on_the_same_profile_is_told_that_it_is_in_use(tmp_path: Path) -> None:
    async with wallet(surrounds(tmp_path)) as application:
        session = await application.create_profile("Main", PASSWORD, without_keyring=True)
        await session.accounts.add_watch("Watched", "0x" + "a1" * 20)
        assert _second_process(tmp_path) == (
            "This profile is open in another window of this program. Close that one, or use it."
        )
        assert len(session.accounts.accounts()) == 1, "the first one works on"
        await session.accounts.add_watch("Another", "0x" + "b2" * 20)
    assert _second_process(tmp_path) == "opened"
    assert Folders.under(tmp_path).profiles().is_dir()
