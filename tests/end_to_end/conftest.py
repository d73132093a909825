"""A furnished chain, keyrings of the test's own, and the real window."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import shiboken6

from desktop_wallet.compose import Surrounds
from desktop_wallet.ui.main_window import MainWindow
from desktop_wallet.ui.theme import Theme
from desktop_wallet.ui.tour_hands import ShiftedClock
from tests.end_to_end.house import Chain, until, wallet
from tests.end_to_end.person import Person
from tests.fakes.anvil import Anvil
from tests.fixtures.keyring_daemon import PrivateKeyring, private_keyring
from tests.ui.conftest import _collect_here, _collect_on_the_window_thread, _leave_events_to_the_loop, theme

__all__ = ["_collect_here", "_collect_on_the_window_thread", "_leave_events_to_the_loop", "theme"]

_HERE = Path(__file__).parent
OpenWindow = Callable[[Surrounds], Awaitable[tuple[MainWindow, Person]]]
_SIZE = (1280, 860)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ignore what the off-screen platform says about every window with a smallest size: it is no fault of ours."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.qt_log_ignore(r"does not support propagateSizeHints", extend=True))


@pytest.fixture
def chain() -> Iterator[Chain]:
    """Yield a fresh real node with five tokens."""
    with Anvil() as node:
        chain = Chain(node)
        chain.furnish()
        yield chain


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateKeyring]:
    """Yield a real keyring that runs, and whose bus is this process's session bus."""
    with private_keyring() as keyring:
        keyring.start_daemon()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", keyring.address)
        monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
        yield keyring


@pytest.fixture
def clock() -> ShiftedClock:
    """Return the system's clock, which a test can move forward."""
    return ShiftedClock()


@pytest.fixture
async def open_window(theme: Theme) -> AsyncIterator[OpenWindow]:
    """Yield what opens the real window, as the program does; at the end nothing of it runs any more."""
    async with AsyncExitStack() as stack:

        async def opened(outside: Surrounds) -> tuple[MainWindow, Person]:
            application = await stack.enter_async_context(wallet(outside))
            window = MainWindow(application, theme)
            stack.callback(shiboken6.delete, window)  # here and now: the collector might do it on another thread
            stack.callback(window.hide)
            stack.push_async_callback(window.shut_down)
            window.resize(*_SIZE)
            window.begin()
            window.show()
            await until(lambda: not window.entry.tasks.busy())
            return window, Person(window)

        yield opened
