"""The practice tour, and what a second start on the same profile is told."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from desktop_wallet.core.cautions import CautionKind
from desktop_wallet.services.folders import Folders
from tests.end_to_end.house import PASSWORD, surrounds, wallet

_ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(500)  # the first test waits for the whole tour, longer where others work beside it
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
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return folder


_CAUTIONS = {
    CautionKind.OWN_ACCOUNT: ("own-account", "The recipient is you"),
    CautionKind.SAME_ACCOUNT: ("same-account", "Sender and recipient are the same account"),
    CautionKind.FIRST_PAYMENT: ("first-payment", "First payment to this address"),
    CautionKind.LOOK_ALIKE: ("look-alike", "This looks like an address you paid, but it is another"),
    CautionKind.CONTRACT: ("contract-and-fails", "The recipient is a contract"),
    CautionKind.TOKEN_CONTRACT: ("token-contract", "The recipient is the contract of a token"),
    CautionKind.BURN_ADDRESS: ("burn-address", "Nobody has the key of this address"),
    CautionKind.DELEGATED: ("delegated", "A contract acts for the recipient"),
    CautionKind.SENDER_DELEGATED: ("sender-delegated", "A contract acts for your account"),
    CautionKind.FAILS: ("contract-and-fails", "This would fail"),
    CautionKind.RECEIVES_LESS: ("receives-less", "The recipient would get another amount"),
    CautionKind.OTHER_CHANGES: ("other-changes", "Other balances of yours would change too"),
    CautionKind.NOT_SIMULATED: ("not-simulated", "Tried out only in part"),
    CautionKind.FEE: ("fee-high", "The fee is unusually high"),
    CautionKind.FEE_OVER_AMOUNT: ("fee-over-amount", "The fee is more than what you send"),
    CautionKind.EARLIER_OPEN: ("earlier-open", "1 earlier transfer of this account waits"),
    CautionKind.EARLIER_STUCK: ("earlier-stuck", "An earlier transfer of this account is stuck"),
    CautionKind.OUTSIDE_WAITING: ("outside-waiting", "1 transaction of another program waits"),
}
FEES = [
    ("fee-below-base", "The fee is below what the next block takes"),
    ("fee-low-tip", "The tip is below what slow senders pay"),
    ("fee-tip-over-maximum", "This cannot be signed: the tip is higher than the maximum fee"),
    ("fee-low-gas", "This cannot be signed: the gas limit is too low"),
]


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
        ("send-with-mistakes", r"That is not a number"),
        ("send-more-than-there-is", r"can be spent"),
        ("review", r"First payment to this address"),
        ("review", r"nothing else changes"),
        ("review-more", r"Nonce"),
        ("sent-waiting", r"Sending"),
        ("balances-pending", r"Pending"),
        ("activity-broadcast", r"Speed up"),
        ("review-speed-up", r"takes the place of"),
        ("sent-confirmed", r"Confirmed"),
        ("review-cancel", r"can no longer be mined"),
        ("sent-failed", r"Failed"),
        ("sent-unknown", r"No server has acknowledged"),
        ("sent-dropped", r"Every server .* denies"),
        ("activity-finalized", r"Final"),
        ("activity-replaced", r"Replaced"),
        ("review-stale", r"Balance stale"),
        ("review-outdated", r"Nothing was signed"),
        ("review-asks-the-password", r"Password"),
        ("settings-prices-off", r"play prices, made up in this program"),
        ("balances-with-values", r"All balances are worth \$\d"),
        ("balances-with-values", r"play prices \d+ s old, \d of \d+ without a price"),
        ("what-a-balance-is-worth", r"for 1 PLAY"),
        ("settings-prices-on", r"The prices are 12 min old"),
        ("diagnostics", r"Everything works"),
        ("diagnostics-servers", r"cell: practice\.invalid, Network: Practice, State: Up"),
        ("diagnostics-kept-balances", r"Time left: \d+ s, From: Memory"),
        ("an-alert", r"button: 1 alert"),
        ("an-alert", r"Practice rollup limited"),  # the wait may be over on a slow machine
        ("diagnostics-alert", r"Many balances could not be read"),
        ("diagnostics-a-server-fails", r"State: Down.* Last error: Server not reached"),
        ("diagnostics-events", r"18 balances of Practice not read: practice\.invalid"),
        ("nobody-else-to-ask", r"Only one server of Practice is in use"),
        ("second-opinion-equal", r"Another server agrees"),
        ("second-opinion-different", r"The servers disagree"),
        ("second-opinion-different", r"Do not rely on this number"),
        ("locked", r"Unlock"),
        ("wrong-password", r"That is not the password"),
        ("unlocked-again", r"Play money|play money|Practice"),
    ],
)
def test_the_transcript_shows_what_stood_on_the_screen(tour: Path, scene: str, words: str) -> None:
    assert re.search(words, scenes(tour)[scene])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("kind", CautionKind, ids=lambda kind: kind.word)
def test_there_is_a_picture_of_a_review_with_each_caution(tour: Path, kind: CautionKind, dark: bool) -> None:
    """What one caution says begins with its title; each stands in the picture of that name."""
    scene, title = _CAUTIONS[kind]
    assert title in scenes(tour)[f"review-{scene}-dark" if dark else f"review-{scene}"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("scene", "title"), FEES)
def test_there_is_a_picture_of_each_odd_fee(tour: Path, scene: str, title: str, dark: bool) -> None:
    assert title in scenes(tour)[f"review-{scene}-dark" if dark else f"review-{scene}"]


def test_a_payment_is_first_pending_and_then_in_the_amount(tour: Path) -> None:
    seen = scenes(tour)
    found = re.search(
        r"cell: PLAY Play coin, ([\d. ]+) PLAY, −([\d. ]+) PLAY expected, Pending", seen["balances-pending"]
    )
    assert found is not None
    before, likely = (Decimal(digits.replace(" ", "")) for digits in found.groups())
    assert Decimal("0.25") < likely < Decimal("0.2501")
    settled, badge = rows(seen["balances-after-sending"])["PLAY Play coin", "Savings, Account 1", "Practice"]
    assert not badge.startswith("Pending")
    gifts_meanwhile = Decimal("0.1")
    assert likely - gifts_meanwhile <= before - Decimal(re.sub(r"[^\d.]", "", settled)) < Decimal("0.2501")


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
