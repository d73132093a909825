"""The Diagnostics page: health, figures, servers, kept balances, events, the report, and that a lock clears it all."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from desktop_wallet.cache.pages import CacheMode, CacheTrouble, CacheTroubleKind
from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.alerts import Alert, AlertKind
from desktop_wallet.core.networks import Endpoint
from desktop_wallet.ui.models.diagnostics_kept import KeptColumn, KeptView
from desktop_wallet.ui.models.diagnostics_servers import ServerColumn
from desktop_wallet.ui.pages.diagnostics import EVENTS, KEPT, OVERVIEW, PARTS, SERVERS, DiagnosticsPage
from tests.ui.fake_diagnostics import FakeDiagnostics, diagnosed
from tests.ui.fake_session import FakeSession, network, small_session
from tests.ui.fake_shell import FakeShell, the_theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication

    from desktop_wallet.core.balances import BalanceKey
    from desktop_wallet.core.freshness import Badge
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.ui.models.diagnostics_cells import CellsModel

_log = logging.getLogger("desktop_wallet.services.metrics")


@pytest.fixture
def session() -> FakeSession:
    made = small_session()
    for place, key in enumerate(made.keys):
        made.balances.put(key, 10**18 + place, age_s=place, arrived=place % 3 > 0)
    return made


@pytest.fixture
def told(session: FakeSession) -> FakeDiagnostics:
    return diagnosed(session)


@pytest.fixture
def shell(qapp: QApplication, session: FakeSession) -> FakeShell:
    return FakeShell(the_theme(), session.clock)


@pytest.fixture
def page(shell: FakeShell, session: FakeSession, told: FakeDiagnostics) -> Iterator[DiagnosticsPage]:
    made = DiagnosticsPage(shell)
    made.resize(1_000, 700)
    session.events.open()  # type: ignore[attr-defined]
    made.attach(session)  # type: ignore[arg-type]  # a fake with the names that the page uses
    made.show()
    yield made
    if made.session is not None:
        made.hidden()
        made.detach()
    session.events.close_and_forget()  # type: ignore[attr-defined]
    made.close()
    made.deleteLater()


async def _rest() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


async def _open(page: DiagnosticsPage, part: str = OVERVIEW) -> None:
    page.shown()
    page.open_part(part)
    await _rest()


def _cells(model: CellsModel, line: int) -> list[str]:
    return [model.cell(line, column).spoken for column in range(model.columnCount())]


def _figures(page: DiagnosticsPage) -> list[str]:
    return [said for group in page.overview._groups for said in group.spoken]


# Health and figures


async def test_it_says_at_once_how_the_wallet_does(page: DiagnosticsPage) -> None:
    await _open(page)
    assert page.headline.text() == "Everything works"
    assert page.sentence.text() == "3 of 3 servers up · last answer 0 s ago"
    assert "Hit rate: 97 %, of 100 balances" in _figures(page)
    assert "Calls saved: 1,204, 99 %" in _figures(page)
    assert "On the disk: 4.2 MB, of 10.0 MB" in _figures(page)
    assert "Ethereum: 212 ms, 95 % within 1.2 s" in _figures(page)
    assert page.overview.bar.value() == 420
    assert page.overview.bar.accessibleName() == "4.2 MB of 10.0 MB on the disk"


async def test_what_is_wrong_comes_before_the_figures(page: DiagnosticsPage, told: FakeDiagnostics) -> None:
    told.down.add("Base")
    told.alerts = (Alert(AlertKind.PRELOAD_FAILED, 0.34, 0.1, told.now()),)
    await _open(page)
    assert page.headline.text() == "No server of Base answers"
    assert page.headline.property("token") == "stale"
    (card,) = page.overview._warnings
    assert card.accessibleName().startswith("Warning: Many balances could not be read. 34 % of the last preload")
    assert "above 10 %" in card.accessibleName()
    assert "press Preload" in card.accessibleName()
    told.down.add("Ethereum")
    page.tick()
    await _rest()
    assert page.headline.text() == "2 networks do not answer"
    told.down.clear()
    page.tick()
    await _rest()
    assert page.headline.text() == "Many balances could not be read"
    told.alerts = ()
    page.tick()
    await _rest()
    assert page.headline.text() == "Everything works"
    assert card.isHidden()


@pytest.mark.parametrize("kind", AlertKind)
async def test_each_alert_says_what_was_measured_against_what_and_what_to_do(
    page: DiagnosticsPage, told: FakeDiagnostics, kind: AlertKind
) -> None:
    told.alerts = (Alert(kind, 0.5, 0.7, told.now()),)
    await _open(page)
    (card,) = page.overview._warnings
    assert not card.isHidden()
    assert "this warning comes" in card._measured.text()
    assert len(card._cure.text()) > 20


@pytest.mark.parametrize("kind", CacheTroubleKind)
async def test_a_cache_that_fails_is_said_to(
    page: DiagnosticsPage, told: FakeDiagnostics, kind: CacheTroubleKind
) -> None:
    told.trouble, told.disk_in_use = CacheTrouble(kind, rebuilt=False), False
    await _open(page)
    assert page.headline.text() == "The cache is not on the disk"
    assert page.overview.used.text().endswith(", not in use now")
    told.trouble, told.disk_in_use = CacheTrouble(kind, rebuilt=True), True
    page.tick()
    await _rest()
    assert page.headline.text() == "The cache was made anew"


async def test_where_nothing_lies_on_the_disk_no_size_is_shown(page: DiagnosticsPage, told: FakeDiagnostics) -> None:
    told.mode = CacheMode.MEMORY_ONLY
    await _open(page)
    assert page.overview.bar.isHidden()
    assert page.overview.mode.text().startswith("In memory only")


async def test_figures_go_on_while_somebody_looks_and_no_longer(page: DiagnosticsPage, told: FakeDiagnostics) -> None:
    await _open(page)
    asked = told.asked
    page.tick()
    page.tick()
    await _rest()
    assert told.asked == asked + 1, "one look at a time"
    page.hidden()
    page.tick()
    await _rest()
    assert told.asked == asked + 1


# Servers


async def test_servers_are_listed_with_a_countdown(page: DiagnosticsPage, told: FakeDiagnostics) -> None:
    told.limited_s["Base"] = 8.4
    told.down.add("Polygon")
    await _open(page, SERVERS)
    model = page.servers.model
    assert [_cells(model, line)[:4] for line in range(3)] == [
        ["ethereum.example", "Ethereum", "Up", "21,884,310"],
        ["base.example", "Base", "Limited, 8 s", "21,884,310"],
        ["polygon.example", "Polygon", "Down", "21,884,310"],
    ]
    assert model.cell(2, ServerColumn.ERROR).text == "No answer in time"
    changed: list[int] = []
    model.dataChanged.connect(lambda first, _last: changed.append(first.row()))
    page.grab()
    told.limited_s["Base"] = 7.2
    page.tick()
    await _rest()
    assert model.cell(1, ServerColumn.STATE).spoken == "Limited, 7 s"
    assert changed == [1], "only the line that says something else is painted anew"


async def test_the_current_server_is_told_of_in_full(page: DiagnosticsPage, told: FakeDiagnostics) -> None:
    told.limited_s["Ethereum"] = 8.4
    await _open(page, SERVERS)
    page.servers.table.setCurrentIndex(page.servers.model.index(0, 0))
    assert page.servers.whole.text().startswith(
        "ethereum.example: It asks for fewer requests. Next try in 8 s. What went wrong: "
    )


async def test_a_server_never_asked_is_listed_too(page: DiagnosticsPage, session: FakeSession) -> None:
    spare = (Endpoint("https://base.example/key"), Endpoint("https://spare.example/secret-key"))
    session.catalogue.add(network(8453, "Base", endpoints=spare))
    await _open(page, SERVERS)
    lines = [_cells(page.servers.model, line) for line in range(page.servers.model.lines)]
    assert ["spare.example", "Base", "Not asked yet", "", "", "0", "0", ""] in lines


async def test_without_networks_it_says_where_to_choose_them(
    page: DiagnosticsPage, session: FakeSession, shell: FakeShell
) -> None:
    session.catalogue.chosen = False
    await _open(page, SERVERS)
    assert page.servers._places.currentWidget() is page.servers.empty


# Kept balances


async def test_kept_balances_tell_age_time_left_and_where_from(page: DiagnosticsPage, session: FakeSession) -> None:
    await _open(page, KEPT)
    model = page.kept.model
    assert model.lines == model.total == 18
    assert _cells(model, 0) == [
        "Account 1, 0x5290…9EE7",
        "Ethereum",
        "ETH, Ether",
        "Cached · 0 s",
        "0 s",
        "30 s",
        "Disk",
    ]
    assert _cells(model, 4)[3:] == ["Cached · 4 s", "4 s", "26 s", "Memory"]
    session.clock.advance(28)
    page.tick()
    await _rest()
    assert _cells(model, 4)[3:] == ["Stale · 32 s", "32 s", "over", "Memory"]
    assert page.kept.count.text() == "18 balances"


@pytest.mark.parametrize(
    ("by", "descending", "column", "first", "last"),
    [
        (KeptColumn.LEFT, False, KeptColumn.LEFT, "13 s", "30 s"),
        (KeptColumn.AGE, True, KeptColumn.AGE, "17 s", "0 s"),
        (KeptColumn.ASSET, False, KeptColumn.ASSET, "ETH, Ether", "USDT, Tether"),
        (KeptColumn.NETWORK, True, KeptColumn.NETWORK, "Polygon", "Ethereum"),
        (KeptColumn.ACCOUNT, True, KeptColumn.ACCOUNT, "Account 1, 0x0000…0002", "Account 1, 0x5290…9EE7"),
        (KeptColumn.SOURCE, True, KeptColumn.SOURCE, "Disk", "Memory"),
        (KeptColumn.BADGE, False, KeptColumn.BADGE, "Cached · 0 s", "Cached · 17 s"),
    ],
)
async def test_kept_balances_are_sorted(
    page: DiagnosticsPage, by: KeptColumn, descending: bool, column: KeptColumn, first: str, last: str
) -> None:
    await _open(page, KEPT)
    page._on_view_wanted(KeptView("", by, descending))
    await _rest()
    model = page.kept.model
    assert model.cell(0, column).spoken == first
    assert model.cell(17, column).spoken == last


async def test_kept_balances_are_searched(page: DiagnosticsPage) -> None:
    await _open(page, KEPT)
    page.kept.search.setText("usdt")
    page.kept.search.searched.emit("usdt")
    await _rest()
    assert page.kept.model.lines == 3
    assert page.kept.count.text() == "3 of 18"
    page.kept.search.setText("nothing like it")
    page.kept.search.searched.emit("nothing like it")
    await _rest()
    assert page.kept._places.currentWidget() is page.kept.empty
    page.kept.search.clear()
    page.kept.search.searched.emit("")
    await _rest()
    assert page.kept.model.lines == 18


async def test_only_what_was_read_is_kept(page: DiagnosticsPage, session: FakeSession) -> None:
    await _open(page, KEPT)
    await session.balances.forget(session.keys[0])
    page.tick()
    await _rest()
    assert page.kept.model.lines == 17
    await session.balances.clear_cache()
    page.tick()
    await _rest()
    assert page.kept.model.lines == 0
    assert page.kept._places.currentWidget() is page.kept.empty


async def test_of_what_is_out_of_sight_no_cell_is_made(
    page: DiagnosticsPage, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.accounts.add("Many", *(f"Account {number}" for number in range(500)))
    for key in session.keys:
        session.balances.put(key, 1)
    looked: list[object] = []
    badge = session.balances.badge

    def look(key: BalanceKey, opened: Instant | None) -> Badge:
        looked.append(key)
        return badge(key, opened)

    monkeypatch.setattr(session.balances, "badge", look)
    page.shown()
    page.open_part(KEPT)
    for _ in range(60):
        await asyncio.sleep(0)
    page.grab()
    assert page.kept.model.lines == 503 * 6
    assert 0 < len(set(looked)) < 60


async def test_the_current_balance_stays_current_when_the_list_is_made_anew(
    page: DiagnosticsPage, session: FakeSession
) -> None:
    await _open(page, KEPT)
    table = page.kept.table
    table.setCurrentIndex(page.kept.model.index(5, 0))
    key = page.kept.model.key_at(5)
    await session.balances.forget(session.keys[0])
    page.tick()
    await _rest()
    assert table.line == 4
    assert page.kept.model.key_at(4) == key
    assert "on Base" in page.kept.whole.text() or "on Polygon" in page.kept.whole.text()


# Events


async def test_events_are_told_in_words(page: DiagnosticsPage) -> None:
    _log.info("read", extra={"fields": {"hits": 18, "misses": 2, "networks": "eip155:1,eip155:8453", "took_ms": 212}})
    _log.info("invalidated", extra={"fields": {"cause": "confirmed", "networks": "eip155:8453", "took_ms": 3}})
    fields = {"network": "eip155:1", "host": "a.example", "reason": "EndpointRefused status=500", "took_ms": 1_240}
    logging.getLogger("desktop_wallet.net.pool").warning("server failed", extra={"fields": fields})
    logging.getLogger("desktop_wallet.services.standing").warning("eip155:1: 2 blocks left the chain")
    _log.info("refreshed", extra={"fields": {"balances": 30, "changed": 2, "failed": 0, "took_ms": 80}})
    _log.info("something new", extra={"fields": {"size_bytes": 12, "took_ms": 5}})
    await _open(page, EVENTS)
    model = page.events.model
    assert [_cells(model, line)[1:] for line in range(model.lines)] == [
        ["Other", "something new: size bytes 12, took 5 ms"],
        ["Read", "30 balances refreshed, 2 changed, 0 failed, in 80 ms"],
        ["Invalidation", "Ethereum: 2 blocks left the chain"],
        ["Server", "a.example of Ethereum failed: Request refused, status 500, after 1.2 s"],
        ["Invalidation", "Out of date since confirmed: Base, in 3 ms"],
        ["Read", "18 from the cache, 2 asked of Ethereum, Base, in 212 ms"],
    ]


async def test_events_are_searched_and_copied(page: DiagnosticsPage, shell: FakeShell) -> None:
    _log.info("preloaded", extra={"fields": {"balances": 30, "failed": 2}})
    _log.warning("cache gone")
    await _open(page, EVENTS)
    page.events.search.searched.emit("30 bal")
    assert page.events.model.lines == 1
    page.events.copy.click()
    assert shell.copied[-1][0].endswith("\tPreload\t30 balances, 2 failed")
    page.events.table.setCurrentIndex(page.events.model.index(0, 0))
    (copy,) = page.events.table.menu_actions()
    assert copy.shortcut().toString() == "Ctrl+C"
    copy.trigger()
    assert [what for _, what in shell.copied] == ["Events", "Line"]
    page.events.search.searched.emit("nothing like it")
    assert page.events._places.currentWidget() is page.events.empty


# The report


async def test_the_report_names_hosts_and_nobody(
    page: DiagnosticsPage, session: FakeSession, told: FakeDiagnostics, shell: FakeShell
) -> None:
    secret = "https://user:hunter2@rpc.example/v3/0123456789abcdef"
    session.catalogue.add(network(1, "Ethereum", endpoints=(Endpoint(secret),)))
    address = display_address(session.accounts.accounts()[0].address)
    _log.warning("not read", extra={"fields": {"said": f"{address} at {secret}"}})
    told.down.add("Base")
    told.alerts = (Alert(AlertKind.LOW_HIT_RATE, 0.31, 0.7, told.now()),)
    await _open(page)
    page.copy_text.click()
    page.copy_json.click()
    text, body = (copied for copied, _ in shell.copied)
    for report in (text, body):
        assert "rpc.example" in report
        for hidden in (address, address.lower(), "hunter2", "0123456789abcdef", "/v3", "user:", "Savings", "Everyday"):
            assert hidden not in report
        assert "Account 1" not in report
    assert "No server of Base answers" in text
    assert "Warning: Few balances come from the cache." in text
    assert "Hit rate: 97 %" in text
    assert "base.example did not answer for 10 s." in text
    found = json.loads(body)
    assert found["stats"]["hits"] == {"memory": 90, "disk": 7}
    assert found["stats"]["alerts"][0]["kind"] == "low-hit-rate"
    assert "assets" not in found["stats"]
    assert {server["host"]: server["state"] for server in found["servers"]}["base.example"] == "down"
    assert found["events"][0]["event"] == "not read"
    assert found["cache"] == {"mode": "on", "limit_bytes": 10_000_000, "disk_in_use": True, "trouble": None}


# Deeds


async def test_preload_reads_everything_and_says_so(
    page: DiagnosticsPage, session: FakeSession, shell: FakeShell
) -> None:
    await _open(page)
    page.overview.preload.click()
    await _rest()
    assert len(session.preload.runs) == 1
    assert shell.said.startswith("Preload: 18 balances read")


@pytest.mark.parametrize("agreed", [True, False])
async def test_clearing_and_resetting_ask_first(
    page: DiagnosticsPage, session: FakeSession, monkeypatch: pytest.MonkeyPatch, agreed: bool
) -> None:
    asked: list[str] = []

    async def confirm(_parent: object, _theme: object, title: str, _text: str, **_more: object) -> bool:
        asked.append(title)
        return agreed

    monkeypatch.setattr("desktop_wallet.ui.pages.diagnostics.confirm", confirm)
    await _open(page)
    page.overview.clear.click()
    await _rest()
    page.overview.reset.click()
    await _rest()
    assert asked == ["Clear the cache?", "Reset the figures?"]
    assert session.balances.cleared == agreed
    assert session.metrics.reset_times == agreed  # type: ignore[attr-defined]


# The lock


async def test_nothing_is_left_after_the_lock(page: DiagnosticsPage, session: FakeSession) -> None:
    _log.warning("cache gone")
    for part, _ in PARTS:
        await _open(page, part)
        page.grab()
    page.kept.table.setCurrentIndex(page.kept.model.index(0, 0))
    page.events.search.setText("gone")
    page.hidden()
    page.detach()
    await _rest()
    assert page.found is None
    assert page.headline.text() == "Diagnostics"
    assert page.sentence.text() == ""
    assert not any(_figures(page))
    assert (page.servers.model.lines, page.kept.model.lines, page.events.model.lines) == (0, 0, 0)
    assert page.kept.model.keys == ()
    assert {part.whole.text() for part in (page.servers, page.kept, page.events)} == {""}
    assert (page.kept.search.text(), page.events.search.text(), page.kept.count.text()) == ("", "", "")
    assert page.part.value == OVERVIEW
    assert session.listeners == []


async def test_a_lock_while_it_looks_leaves_nothing_either(page: DiagnosticsPage) -> None:
    page.shown()
    page.open_part(KEPT)
    page.hidden()
    page.detach()
    await _rest()
    assert page.found is None
    assert page.kept.model.lines == 0


# Size and names


@pytest.mark.parametrize("width", [624, 700, 1_024, 1_800])
async def test_columns_fill_the_width_whatever_it_is(page: DiagnosticsPage, width: int) -> None:
    page.resize(width, 500)
    _log.info("preloaded")
    for part in (SERVERS, KEPT, EVENTS):
        await _open(page, part)
        table = {SERVERS: page.servers, KEPT: page.kept, EVENTS: page.events}[part].table
        shown = [each for each in range(table.model().columnCount()) if not table.isColumnHidden(each)]
        assert sum(table.columnWidth(each) for each in shown) == table.viewport().width()
        assert len(shown) >= 3


async def test_the_first_cell_tells_a_screen_reader_the_whole_line(page: DiagnosticsPage) -> None:
    await _open(page, KEPT)
    said = page.kept.model.data(page.kept.model.index(0, 0), Qt.ItemDataRole.AccessibleTextRole)
    assert said == (
        "Account 1, 0x5290…9EE7, Network: Ethereum, Asset: ETH, Ether, Freshness: Cached · 0 s, Age: 0 s, "
        "Time left: 30 s, From: Disk"
    )
