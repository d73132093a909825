"""Diagnostics, alerts and second opinions in the real window, over the real services and the practice network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.chains.practice.chain import PracticeFault
from desktop_wallet.services.diagnostics import ServerState
from desktop_wallet.ui.pages.diagnostics import EVENTS, KEPT, OVERVIEW, SERVERS, DiagnosticsPage

if TYPE_CHECKING:
    from desktop_wallet.compose import Application
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.main_window import MainWindow
    from tests.fakes.clock import FakeClock

Until = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture
async def session(window: MainWindow, application: Application, until: Until) -> Session:
    """The practice profile, with every balance read, and the Diagnostics page open."""
    window.begin(practice=True)
    await until(lambda: window.wallet_scene is not None and application.session is not None)
    session = application.session
    assert session is not None
    await until(lambda: session.preload.progress is None and not session.balances.updating)
    keys = session.balances.keys()
    await until(lambda: all(session.balances.state(key).reading for key in keys))
    window.open_page("diagnostics")
    return session


def _page(window: MainWindow) -> DiagnosticsPage:
    page = window.scene.pages["diagnostics"]
    assert isinstance(page, DiagnosticsPage)
    return page


async def test_every_part_shows_what_the_engine_did(
    session: Session, window: MainWindow, application: Application, clock: FakeClock, until: Until
) -> None:
    page = _page(window)
    await until(lambda: page.found is not None)
    assert page.headline.text() == "Everything works"
    page.open_part(KEPT)
    keys = session.balances.keys()
    await until(lambda: page.kept.model.lines == len(keys) > 0)
    page.open_part(EVENTS)
    assert any("balances, 0 failed" in page.events.model.words_at(line) for line in range(page.events.model.lines))
    main, rollup = application.practice
    main.outage = True
    rollup.fail_next(PracticeFault.RATE_LIMITED, 3)
    clock.advance(45)
    page.open_part(OVERVIEW)
    page.overview.preload.click()
    await until(session.alerts.current)
    window.tick()
    assert "1 alert" in window.scene.status.texts
    page.open_part(SERVERS)
    await until(lambda: [page.servers.model.server(0), page.servers.model.server(1)].count(None) == 0)
    await until(lambda: not page.tasks.busy("look"))
    window.tick()
    await until(lambda: not page.tasks.busy("look"))
    states = {line.host: line.state for line in session.diagnostics.servers()}
    assert states[main.host] is ServerState.DOWN
    report = "\n".join(window.scene.status.texts)
    assert "Practice down" in report
    page.open_part(EVENTS)
    words = [page.events.model.words_at(line) for line in range(page.events.model.lines)]
    assert any(f"of Practice not read: {main.host}" in said for said in words)
    window.open_page("balances")
    window.scene.status.alerts.click()
    assert window.scene.current is page


async def test_a_lock_empties_the_page_and_ends_the_listening(
    session: Session, window: MainWindow, application: Application, until: Until
) -> None:
    page = _page(window)
    for part in (OVERVIEW, SERVERS, KEPT, EVENTS):
        page.open_part(part)
        await until(lambda: not page.tasks.busy())
    window.lock()
    await until(lambda: application.session is None and not session.events.all())
    assert page.found is None
    assert (page.servers.model.lines, page.kept.model.lines, page.events.model.lines) == (0, 0, 0)
    assert not window.scene.status.texts
