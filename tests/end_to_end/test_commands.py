"""`desktop-wallet stats` and `notify` as processes of their own, against a wallet whose window is open."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt

from desktop_wallet.app import _open_door
from desktop_wallet.clock import SystemClock
from desktop_wallet.services.door import Door
from desktop_wallet.services.folders import Folders, make_private
from tests.end_to_end.house import PASSWORD, Chain, amounts, local_network, surrounds, until, watching

if TYPE_CHECKING:
    from tests.end_to_end.conftest import OpenWindow

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there the door is a named pipe")

WATCHED = "0x" + "a1" * 20
NETWORK = "eip155:31337"


class Command:
    """A command of the program, given in a terminal; `said` is what it printed."""

    def __init__(self, home: Path, *arguments: str, password: str = "") -> None:
        reading, writing = os.pipe()
        os.write(writing, f"{password}\n".encode())
        os.close(writing)
        command = [sys.executable, "-m", "desktop_wallet", *arguments, "--data", str(home)]
        if password:
            command += ["--password-fd", str(reading)]
        done = subprocess.run(
            command,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            pass_fds=[reading],
            timeout=60,
            check=False,
        )
        os.close(reading)
        self.code, self.said, self.complained = done.returncode, done.stdout, done.stderr


async def told(home: Path, *arguments: str, password: str = "") -> Command:
    """Run a command while the window goes on."""
    return await asyncio.to_thread(Command, home, *arguments, password=password)


async def stats(home: Path, password: str = "") -> dict[str, Any]:
    command = await told(home, "stats", "--json", password=password)
    assert (command.code, command.complained) == (0, "")
    figures: dict[str, Any] = json.loads(command.said)
    return figures


@pytest.mark.anvil
async def test_a_change_elsewhere_that_the_wallet_is_told_of_is_seen_at_once(
    chain: Chain, open_window: OpenWindow
) -> None:
    with TemporaryDirectory(prefix="home-") as short:
        home, network = Path(short), local_network(chain.node.url)
        async with watching(home, network, WATCHED):
            pass
        folders = Folders.under(home)
        make_private(folders.data)
        door = Door(folders.data, SystemClock())
        assert not door.is_held()
        window, person = await open_window(surrounds(home, network))
        shut = _open_door(window._application, window, door)
        try:
            await the_locked_wallet_tells_nothing(home)
            await person.enter("Password", PASSWORD, then=Qt.Key.Key_Return)
            await until(lambda: window._application.session is not None)
            session = window._application.session
            assert session is not None
            chain.node.set_balance(WATCHED, 10**18)
            await session.balances.refresh(session.balances.keys())
            assert list(amounts(session).values()) == [10**18]

            chain.node.set_balance(WATCHED, 25 * 10**17)
            for elsewhere in (("--network", "eip155:1"), ("--address", "0x" + "b2" * 20)):
                assert (await told(home, "notify", *elsewhere)).code == 1
            assert list(amounts(session).values()) == [10**18], "nothing was read for what is none of ours"
            before = await stats(home)
            assert (await told(home, "notify", "--network", NETWORK, "--address", WATCHED)).code == 0
            await person.sees_balances(lambda shown: [each.amount for each in shown.values()] == [Decimal("2.5")])
            after = await stats(home)
            assert after["invalidations"] == before["invalidations"] + 1
            assert after["calls"] > before["calls"]
            assert after["networks"][NETWORK]["reads"] >= 2
            assert WATCHED[2:] not in json.dumps(after)

            await person.press("Lock")
            await until(lambda: window._application.session is None)
            await the_locked_wallet_tells_nothing(home)
        finally:
            shut()
        assert (await told(home, "notify", "--network", NETWORK)).code == 5
        kept = await stats(home, PASSWORD)
        assert (kept["running"], kept["invalidations"]) == (False, after["invalidations"])


async def the_locked_wallet_tells_nothing(home: Path) -> None:
    assert set(await stats(home)) == {"version", "running", "locked", "uptime_s", "as_of_s"}
    refused = await told(home, "notify", "--network", NETWORK)
    assert (refused.code, refused.complained) == (3, "desktop-wallet: the wallet is locked\n")


def test_a_program_of_its_own_answers_and_afterwards_its_counters_are_read() -> None:
    with TemporaryDirectory(prefix="home-") as short:
        home = Path(short)
        program = [sys.executable, "-m", "tests.end_to_end.watched_start", "--data", str(home), "--practice"]
        with subprocess.Popen(
            program, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            assert any(line == "title Practice – Wallet\n" for line in process.stdout)
            running = wait_for(
                lambda: Command(home, "stats", "--json"), lambda command: '"preloads": 1' in command.said
            )
            prometheus = Command(home, "stats", "--prometheus")
            process.terminate()
            assert process.wait(60) == 0
        assert json.loads(running.said)["locked"] is False
        assert "desktop_wallet_up 1\n" in prometheus.said
        afterwards = Command(home, "stats", "--json")
        assert json.loads(afterwards.said)["running"] is False
        assert json.loads(afterwards.said)["misses"] > 0
        log = (home / "log" / "wallet.log").read_text(encoding="utf-8")
        assert "event=preloaded" in log
        assert "event=locked" in log


def wait_for(make: Callable[[], Command], fits: Callable[[Command], bool]) -> Command:
    """Give the command again until its answer fits."""
    command = make()
    for _ in range(100):
        if fits(command):
            return command
        command = make()
    raise AssertionError(command.said + command.complained)
