"""B1: from the start of the process until the Unlock page is painted and takes a key, warm and cold."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_wallet.compose import Application, Surrounds
from desktop_wallet.services.folders import Folders
from tests.benchmarks.report import Finding, median, percentile
from tests.benchmarks.x_windows import NoScreen, WindowWatch

if TYPE_CHECKING:
    from collections.abc import Iterator

ID = "B1"
ABOUT = "process start until the Unlock page is painted and takes typing"
WARM_RUNS = 15
COLD_RUNS = 5
TYPING_S = 2.0
BARE_GOAL = 1.5
ELECTRUM_GOAL = 0.5
SETTING = (
    f"side by side with a window of one field (the same probe) and Electrum's first window; "
    f"{WARM_RUNS} warm and {COLD_RUNS} cold runs"
)
_GOAL = f"<= {BARE_GOAL:g} x bare; < {ELECTRUM_GOAL:g} x Electrum"
_PATIENCE_S = 60.0
_DROP = Path("/proc/sys/vm/drop_caches")
_ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Starts:
    """Milliseconds, one a run."""

    painted: list[float] = field(default_factory=list)
    typed: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    gap: list[float] = field(default_factory=list)


def measure() -> Iterator[Finding]:
    """Yield the findings of B1."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        asyncio.run(_make_profile(folder / "wallet"))
        electrum = Electrum(folder / "electrum")
        starts = _Starter(folder)
        starts.bare(0.0)  # leaves compiled bytecode behind, for all that follows
        starts.wallet(0.0)
        yield from _warm(starts, electrum)
        yield from _cold(starts, electrum)


def _warm(starts: _Starter, electrum: Electrum) -> Iterator[Finding]:
    bare, wallet, peer = Starts(), Starts(), list[float]()
    for _ in range(WARM_RUNS):
        _take(bare, starts.bare(0.0))
        _take(wallet, starts.wallet(TYPING_S))
        if len(peer) < COLD_RUNS:
            _take_peer(peer, electrum)
    yield _finding("warm start", wallet, bare, peer, electrum)
    yield Finding(
        ID,
        "a key typed while the rest is imported and built",
        median(wallet.gap),
        "ms",
        percentile(wallet.gap, 99),
        WARM_RUNS,
        note=f"the longest wait in the {TYPING_S:g} s after the first key, one key every 5 ms",
    )


def _cold(starts: _Starter, electrum: Electrum) -> Iterator[Finding]:
    bare, wallet, peer = Starts(), Starts(), list[float]()
    for _ in range(COLD_RUNS):
        if not _drop_page_cache():
            yield Finding(ID, "cold start", None, "ms", note="only root on Linux can empty the page cache", goal=_GOAL)
            return
        _take(bare, starts.bare(0.0))
        _drop_page_cache()
        _take(wallet, starts.wallet(0.0))
        _drop_page_cache()
        _take_peer(peer, electrum)
    yield _finding("cold start (page cache emptied)", wallet, bare, peer, electrum)


def _finding(case: str, wallet: Starts, bare: Starts, peer: list[float], electrum: Electrum) -> Finding:
    value, reference = median(wallet.typed), median(bare.typed)
    against = {"bare PySide6 window": reference}
    missing = {}
    reached: bool | None = value <= BARE_GOAL * reference
    if peer:
        against["Electrum"] = median(peer)
        reached = reached and value < ELECTRUM_GOAL * against["Electrum"]
    else:
        missing["Electrum"] = electrum.missing
        reached = None if reached else False
    return Finding(
        ID,
        case,
        value,
        "ms",
        percentile(wallet.typed, 99),
        len(wallet.typed),
        against,
        _GOAL,
        reached,
        missing,
        note=(
            f"painted after {median(wallet.painted):.0f} ms; processor time {median(wallet.cpu):.0f} ms, "
            f"bare {median(bare.cpu):.0f} ms; Electrum's window counts from when it is on the screen, empty or not"
        ),
    )


def _take(starts: Starts, found: dict[str, float]) -> None:
    starts.painted.append(found["painted"])
    starts.typed.append(found["typed"])
    starts.cpu.append(found["cpu_ms"])
    starts.gap.append(found["longest_gap_ms"])


def _take_peer(peer: list[float], electrum: Electrum) -> None:
    took_ms = electrum.start()
    if took_ms is not None:
        peer.append(took_ms)


class _Starter:
    """Starts probed processes; times come back in milliseconds from the start of the process."""

    def __init__(self, folder: Path) -> None:
        self._profile = folder / "wallet"
        self._environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
        if self._environment.pop("PYTHONDONTWRITEBYTECODE", ""):
            self._environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")

    def bare(self, typing_s: float) -> dict[str, float]:
        """Return when a window with one field was painted and took a key."""
        return self._start(str(typing_s), "bare")

    def wallet(self, typing_s: float) -> dict[str, float]:
        """Return when the wallet's Unlock page was painted and took a key."""
        return self._start(str(typing_s), "wallet", str(self._profile))

    def _start(self, *arguments: str) -> dict[str, float]:
        command = [sys.executable, "-m", "tests.benchmarks.start_probe", *arguments]
        began_s = time.monotonic()
        done = subprocess.run(
            command, cwd=_ROOT, env=self._environment, capture_output=True, timeout=_PATIENCE_S, check=False
        )
        try:
            found: dict[str, float] = json.loads(done.stdout)
        except ValueError:
            raise AssertionError(f"the probe ended with {done.returncode}: {done.stderr.decode()[-2000:]}") from None
        for name in ("painted", "typed"):
            found[name] = (found[name] - began_s) * 1000
        return found


class Electrum:
    """The system's Electrum with a wallet of its own; `missing` says why it cannot run."""

    def __init__(self, folder: Path) -> None:
        self._program = shutil.which("electrum") or ""
        self._folder = folder
        self._wallet = folder / "wallet"
        self.missing = "" if self._program else "not installed: make bench-peers"
        if self._program:
            self.missing = self._make_wallet()

    def start(self) -> float | None:
        """Return the milliseconds until its first window was on the screen; None, and `missing`, if none came."""
        if self.missing:
            return None
        try:
            watch = WindowWatch()
        except NoScreen:
            self.missing = "no X screen to see its window on"
            return None
        with watch:
            began_s = time.monotonic()
            process = subprocess.Popen(
                [*self._command(), "-w", str(self._wallet)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            shown_s = watch.wait(_PATIENCE_S)
            process.kill()
            process.wait()
            # Its lock would make the next start talk to a program that is gone.
            (self._folder / "regtest" / "daemon").unlink(missing_ok=True)
        if shown_s is None:
            self.missing = "no window appeared"
            return None
        return (shown_s - began_s) * 1000

    def _command(self) -> list[str]:
        return [self._program, "--regtest", "--offline", "-D", str(self._folder)]

    def _make_wallet(self) -> str:
        self._folder.mkdir()
        done = subprocess.run(
            [*self._command(), "create", "-w", str(self._wallet)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        return "" if self._wallet.exists() else f"it made no wallet: {done.stderr.decode()[-200:].strip()}"


async def _make_profile(folder: Path) -> None:
    application = Application(Surrounds(folders=Folders.under(folder)))
    await application.create_profile("Main", "correct horse battery", without_keyring=True)
    await application.close()


def _drop_page_cache() -> bool:
    os.sync()
    try:
        _DROP.write_text("3")
    except OSError:
        return False
    return True
