"""Against a private bus: a real dbus-daemon with a login manager of ours on it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtDBus import QDBusConnection, QDBusMessage

from desktop_wallet.compose import Application
from desktop_wallet.ui.logind import MANAGER, MANAGER_PATH, SERVICE, SESSION, Logind
from desktop_wallet.ui.main_window import MainWindow
from tests.fakes.clock import FakeClock

Until = Callable[[Callable[[], object]], Awaitable[None]]
OURS = "/org/freedesktop/login1/session/_37"
ANOTHER = "/org/freedesktop/login1/session/_38"

pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="there is no dbus-daemon")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    config = tmp_path / "bus.conf"
    config.write_text(
        "<busconfig><type>session</type>"
        f"<listen>unix:path={tmp_path}/bus</listen><auth>EXTERNAL</auth>"
        '<policy context="default"><allow send_destination="*" eavesdrop="true"/>'
        '<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>'
    )
    daemon = subprocess.Popen(
        ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"], stdout=subprocess.PIPE, text=True
    )
    assert daemon.stdout is not None
    yield daemon.stdout.readline().strip()
    daemon.terminate()
    daemon.wait()
    daemon.stdout.close()


class LoginManager:
    """Says on the bus what a login manager says."""

    def __init__(self, bus: QDBusConnection) -> None:
        self._bus = bus
        assert bus.registerService(SERVICE)

    def prepare_for_sleep(self, begins: bool) -> None:
        message = QDBusMessage.createSignal(MANAGER_PATH, MANAGER, "PrepareForSleep")
        message.setArguments([begins])
        assert self._bus.send(message)

    def lock(self, session: str) -> None:
        assert self._bus.send(QDBusMessage.createSignal(session, SESSION, "Lock"))


@pytest.fixture
def manager(address: str) -> Iterator[LoginManager]:
    yield LoginManager(QDBusConnection.connectToBus(address, "login-manager"))
    QDBusConnection.disconnectFromBus("login-manager")


@pytest.fixture
def bus(address: str) -> Iterator[QDBusConnection]:
    yield QDBusConnection.connectToBus(address, "wallet")
    QDBusConnection.disconnectFromBus("wallet")


async def test_it_hears_sleep_waking_and_the_lock(bus: QDBusConnection, manager: LoginManager, until: Until) -> None:
    logind = Logind(bus)
    heard: list[str] = []
    logind.suspending.connect(lambda: heard.append("suspending"))
    logind.woke.connect(lambda: heard.append("woke"))
    logind.session_locked.connect(lambda: heard.append("locked"))
    assert logind.listen()
    manager.prepare_for_sleep(True)
    manager.prepare_for_sleep(False)
    manager.lock(OURS)
    await until(lambda: len(heard) == 3)
    assert heard == ["suspending", "woke", "locked"]


async def test_the_lock_of_another_session_does_not_count(
    bus: QDBusConnection, manager: LoginManager, until: Until
) -> None:
    logind = Logind(bus)
    logind._session_path = OURS
    heard: list[str] = []
    logind.session_locked.connect(lambda: heard.append("locked"))
    logind.woke.connect(lambda: heard.append("woke"))
    logind.listen()
    manager.lock(ANOTHER)
    manager.prepare_for_sleep(False)
    await until(lambda: heard)
    assert heard == ["woke"]
    manager.lock(OURS)
    await until(lambda: heard == ["woke", "locked"])


def test_without_a_bus_nothing_is_heard_and_nothing_fails() -> None:
    assert not Logind(QDBusConnection("no-such-bus")).listen()


@pytest.mark.parametrize("event", ["suspend", "session lock"])
async def test_the_window_locks(
    window: MainWindow,
    application: Application,
    bus: QDBusConnection,
    manager: LoginManager,
    until: Until,
    event: str,
) -> None:
    window.auto_lock.listen_to(bus)
    await application.open_practice()
    window.entry.opened.emit()
    assert window.wallet_scene is not None
    if event == "suspend":
        manager.prepare_for_sleep(True)
    else:
        manager.lock(OURS)
    await until(lambda: application.session is None)
    assert window.wallet_scene is None


async def test_a_person_may_keep_the_wallet_open_through_sleep_and_every_number_is_read_anew(
    window: MainWindow,
    application: Application,
    clock: FakeClock,
    bus: QDBusConnection,
    manager: LoginManager,
    until: Until,
) -> None:
    window.auto_lock.listen_to(bus)
    session = await application.open_practice()
    await session.settings.change(lock_on_suspend=False)
    window.entry.opened.emit()
    heard: list[str] = []
    after = Logind(bus)
    after.suspending.connect(lambda: heard.append("suspending"))
    after.listen()
    manager.prepare_for_sleep(True)
    await until(lambda: heard)
    assert window.wallet_scene is not None
    await until(lambda: not session.balances.updating and session.preload.progress is None)
    before = session.balances.state(session.balances.keys()[0]).reading
    clock.advance(1)
    manager.prepare_for_sleep(False)
    # Every number is Stale after waking, and so it is read anew although its time was not over.
    await until(lambda: session.balances.state(session.balances.keys()[0]).reading is not before)
    window.lock()
    await until(lambda: application.session is None)
