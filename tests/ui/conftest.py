"""What the tests of the window share: the theme, a moved clock, and the real application under a folder of the test."""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytestqt.plugin
import qasync
import shiboken6
from PySide6.QtWidgets import QApplication
from typing_extensions import override

from desktop_wallet.compose import Application, Surrounds
from desktop_wallet.core.errors import KeyringFailure
from desktop_wallet.core.networks import Network
from desktop_wallet.sealing import KdfParameters
from desktop_wallet.services.folders import Folders
from desktop_wallet.services.known import known_networks
from desktop_wallet.ui.main_window import MainWindow
from desktop_wallet.ui.theme import Theme, ThemeMode
from desktop_wallet.vault.stores import MemorySecretStore
from tests.fakes.clock import FakeClock

CHEAP = KdfParameters(memory_bytes=64 << 20, passes=1)
_GLANCE_S = 0.01
_PATIENCE_S = 20.0
_HERE = Path(__file__).parent

_process_events: Callable[[], None] = pytestqt.plugin._process_events
_on_the_loop = [False]


def _process_events_of_plain_tests() -> None:
    """Run Qt's events between a test and its fixtures, but not for async tests.

    qasync 0.28 would run their tasks then, while no loop counts as running. Removable when pytest-qt (4.5) leaves the
    loop of async tests alone.
    """
    if not _on_the_loop[0]:
        _process_events()


def _run_until_complete(self: asyncio.AbstractEventLoop, future: Awaitable[object]) -> object:
    """Run until the future is done, and not one event longer.

    qasync 0.28 runs Qt's events once more afterwards, when no loop counts as running; in a program that is its end,
    between a test and its fixtures it is the middle.
    """
    task = asyncio.ensure_future(future, loop=self)

    def stop(_done: object) -> None:
        self.stop()

    task.add_done_callback(stop)
    try:
        self.run_forever()
    finally:
        task.remove_done_callback(stop)
    return task.result()


async def _no_latency(seconds: float) -> None:
    """Sleep, but not as long as a practice server pretends to think."""
    await asyncio.sleep(seconds if seconds > 1 else 0)


pytestqt.plugin._process_events = _process_events_of_plain_tests
qasync._QEventLoop.run_until_complete = _run_until_complete


@pytest.fixture(autouse=True)
def _leave_events_to_the_loop(request: pytest.FixtureRequest) -> None:
    _on_the_loop[0] = inspect.iscoroutinefunction(request.function)


@pytest.fixture(scope="session", autouse=True)
def _closing_a_window_ends_no_loop(qapp: QApplication) -> None:
    """Do as the program does: Qt would ask the loop to stop, and the next async test would be the one that ends."""
    qapp.setQuitOnLastWindowClosed(False)


@pytest.fixture(scope="session", autouse=True)
def _collect_on_the_window_thread() -> Iterator[None]:
    """Keep the collector off other threads: every async test leaves a loop with Qt timers as garbage.

    Qt warns when those are destroyed on a worker's thread. What is there now is frozen, so that collecting is quick.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _collect_here(_collect_on_the_window_thread: None) -> Iterator[None]:
    yield
    gc.collect()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ignore what the off-screen platform says it cannot do: size hints, raising, grabbing."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.qt_log_ignore(r"^This plugin does not support ", extend=True))


class LastingStore(MemorySecretStore):
    """A keyring of the test: its entries outlive a lock, and it can be told to fail."""

    lasting = True

    def __init__(self, entries: dict[str, str], problems: list[KeyringFailure]) -> None:
        super().__init__()
        self._entries = entries
        self._problems = problems

    @override
    def check(self) -> None:
        if self._problems:
            raise self._problems[0]


def nowhere() -> tuple[Network, ...]:
    """The shipped networks, with servers on ports of this machine where nobody listens."""
    return tuple(
        replace(
            network,
            endpoints=tuple(replace(e, url=f"http://127.0.0.1:{1 + i}") for i, e in enumerate(network.endpoints)),
        )
        for network in known_networks()
    )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    """The application's one theme, light at the start of each test."""
    found = qapp.findChild(Theme) or Theme(qapp, ThemeMode.LIGHT)
    found.set_mode(ThemeMode.LIGHT)
    yield found
    found.set_mode(ThemeMode.LIGHT)


@pytest.fixture
def keyring_problems() -> list[KeyringFailure]:
    """Put a failure here, and the keyring has it."""
    return []


@pytest.fixture
async def application(
    tmp_path: Path, clock: FakeClock, keyring_problems: list[KeyringFailure]
) -> AsyncIterator[Application]:
    entries: dict[str, str] = {}
    made = Application(
        Surrounds(
            folders=Folders.under(tmp_path),
            clock=clock,
            sleep=_no_latency,
            store=lambda: LastingStore(entries, keyring_problems),
            networks=nowhere,
            kdf=CHEAP,
        )
    )
    yield made
    await made.close()


@pytest.fixture
async def window(application: Application, theme: Theme) -> AsyncIterator[MainWindow]:
    """The real window, shown off screen; at the end nothing of it runs any more."""
    made = MainWindow(application, theme)
    made.resize(1280, 820)
    made.show()
    yield made
    await made.shut_down()
    made.hide()
    # Here and now: the collector might find it from a thread that is not Qt's.
    shiboken6.delete(made)


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Wait until something holds; the loop runs meanwhile, and a thing that never comes fails the test."""

    async def wait(holds: Callable[[], object]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not holds():  # noqa: ASYNC110 - widgets have no asyncio event
                await asyncio.sleep(_GLANCE_S)

    return wait
