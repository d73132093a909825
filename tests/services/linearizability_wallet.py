"""The real engine of a wallet on a loop that a history drives step by step; nothing in it happens by chance."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from functools import cache, partialmethod
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.cache.memory import MemoryTier
from tests.fakes.branching_chain import BranchingChain, Kind
from tests.fakes.clock import FakeClock
from tests.fakes.engine import network
from tests.fakes.sending_engine import sending_engine
from tests.fakes.work_in_turn import Desk

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from contextlib import AbstractAsyncContextManager
    from typing import Any

    from tests.fakes.sending_engine import SendingEngine

BLOCK_TIME_S = 12.0
_MOST_TURNS = 5_000
_QUICK_DISK = next((folder for folder in ("/dev/shm",) if Path(folder).is_dir()), None)
"""Where a flush costs nothing; real files all the same."""
_POOLS = ("desktop_wallet.registry.database.ThreadPoolExecutor", "desktop_wallet.cache.pages.ThreadPoolExecutor")


class Wallet:
    """An engine over a branching chain: opened on a folder, restarted on it, and closed."""

    def __init__(self, kind: Kind) -> None:
        self.loop = asyncio.new_event_loop()
        self.bugs: list[str] = []
        """What the loop was told of that nobody caught."""
        self.loop.set_exception_handler(lambda _, context: self.bugs.append(f"{context}"))
        self.desk = Desk()
        self._patch = pytest.MonkeyPatch()
        for pool in _POOLS:
            self._patch.setattr(pool, self.desk.worker)
        self._patch.setattr(logging.root.manager, "disable", logging.CRITICAL)  # what went wrong, the story tells
        self._folder = Path(tempfile.mkdtemp(prefix="wallet-history-", dir=_QUICK_DISK))
        self._patch.setattr(MemoryTier, "evict_if_idle", partialmethod(MemoryTier.evict_if_idle, idle_s=0.0))
        self._registries = 0
        shutil.copytree(_template(0), self._folder, dirs_exist_ok=True)
        self.clock = FakeClock()
        self.chain = BranchingChain(network(servers=3, block_time_s=BLOCK_TIME_S), self.clock, kind)
        self._opened: AbstractAsyncContextManager[SendingEngine]
        self.engine: SendingEngine
        self._open()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Begin something that a person does; it goes on as the history lets it."""
        task = self.loop.create_task(work, name=name)
        self.settle()
        return task

    def settle(self) -> None:
        """Let everything happen that can happen without time, without the network and without the disk's worker."""
        self.loop.run_until_complete(_quiet(self.loop))

    def wait(self, seconds: float) -> None:
        """Let time pass; blocks are found in their time, and servers follow."""
        while seconds > 0:
            part_s = min(seconds, BLOCK_TIME_S)
            self.loop.run_until_complete(self.engine.sleepers.advance(part_s))
            if part_s == BLOCK_TIME_S:
                self.chain.mine()
            self.settle()
            seconds -= part_s

    def restart(self, *, with_another_registry: bool = False) -> None:
        """Close the engine in good order and open it again on the same folder, in another run of the program.

        With another registry the cache is still the old one's: somebody restored a backup.
        """
        self._close()
        if with_another_registry:
            self._registries += 1
            for file in self._folder.glob("registry.db*"):
                file.unlink()
            shutil.copy(_template(self._registries % 2) / "registry.db", self._folder)
        self.chain.note_restart()
        self._open()

    def end(self) -> None:
        """Close everything and leave nothing on the disk."""
        try:
            self._close()
        finally:
            self._patch.undo()
            self.loop.close()
            shutil.rmtree(self._folder)

    def _open(self) -> None:
        self._opened = sending_engine(self._folder, chain=self.chain, clock=self.clock)
        self.engine = self.loop.run_until_complete(self._opened.__aenter__())
        self.settle()

    def _close(self) -> None:
        self.desk.catch_up()
        self.loop.run_until_complete(self._opened.__aexit__(None, None, None))
        self.settle()
        self.chain.travelling.clear()


async def _quiet(loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(_MOST_TURNS):
        await asyncio.sleep(0)
        if not loop._ready:  # type: ignore[attr-defined]
            return
    raise AssertionError("the engine never comes to rest")


@cache
def _template(number: int) -> Path:
    """Return a folder with an empty registry and cache, made once: migrations are not what is tried here."""
    folder = Path(tempfile.mkdtemp(prefix=f"wallet-template-{number}-"))

    async def make() -> None:
        async with sending_engine(folder):
            pass

    asyncio.run(make())
    return folder
