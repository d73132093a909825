from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QAbstractButton

from desktop_wallet.compose import Application
from desktop_wallet.core.errors import EndpointTimeout, InvalidEndpoint
from desktop_wallet.core.networks import Endpoint, Network, NetworkId
from desktop_wallet.net.pool import EndpointStatus
from desktop_wallet.ui.dialogs import Dialog
from desktop_wallet.ui.pages.settings import SettingsPage
from desktop_wallet.ui.pages.settings_networks import WHAT_SERVERS_LEARN, AddNetworkDialog, NetworksSection
from desktop_wallet.ui.pages.settings_servers import NetworkCard, servers_sentence, status_sentence, status_word
from desktop_wallet.ui.theme import Theme
from tests.fakes.clock import FakeClock
from tests.ui.fake_accounts import PASSWORD, Stage, Until
from tests.ui.fake_shell import FakeShell

NOT_ASKED = EndpointStatus("node.example", True, None, None, None, None, 0.0, 0, 0)


@pytest.fixture
async def stage(application: Application, theme: Theme, clock: FakeClock, until: Until) -> Stage:
    return Stage(FakeShell(theme, clock), await application.create_profile("Main", PASSWORD), until)


@pytest.fixture
async def page(stage: Stage) -> AsyncIterator[SettingsPage]:
    made = stage.put_up(SettingsPage(stage.shell))
    yield made
    await stage.take_down(made)
    assert stage.shell.errors == []


def first(page: SettingsPage) -> tuple[NetworkId, NetworkCard]:
    return next(iter(page.section_of(NetworksSection).cards.items()))


def test_a_server_says_how_it_does(clock: FakeClock) -> None:
    now = clock.now()
    clock.advance(-12)
    good = replace(NOT_ASKED, last_ok=clock.now(), height=21_884_310, latency_ms=211.6, requests=7)
    clock.advance(12)
    slow = EndpointTimeout(host="node.example", after_s=10.0)
    assert status_word(None) == status_word(NOT_ASKED) == "Not asked yet"
    assert status_sentence(NOT_ASKED, now) == ""
    assert status_word(good) == "Up"
    assert status_sentence(good, now) == "block 21,884,310 · 212 ms · last answer 12 s ago"
    bad = replace(NOT_ASKED, healthy=False, last_error=slow, requests=3, failures=3)
    assert status_word(bad) == "Down"
    assert status_sentence(bad, now) == "node.example did not answer for 10 s · 3 failures in 3 requests"
    limited = replace(good, rate_limited_for_s=7.6)
    assert status_word(limited) == "Rate-limited"
    assert status_sentence(limited, now).startswith("next try in 7 s · block")


def test_a_network_says_how_many_of_its_servers_answer() -> None:
    up, down = replace(NOT_ASKED, requests=1), replace(NOT_ASKED, requests=1, healthy=False)
    assert servers_sentence([], 3) == "3 servers"
    assert servers_sentence([NOT_ASKED], 1) == "1 server"
    assert servers_sentence([up, down, NOT_ASKED], 3) == "3 servers, 1 of 2 asked up"


async def test_what_servers_learn_is_said_first_and_nobody_is_asked_before_a_choice(
    stage: Stage, page: SettingsPage
) -> None:
    assert "learns the addresses it is asked about" in WHAT_SERVERS_LEARN
    assert not any(card.switch.isChecked() for card in page.section_of(NetworksSection).cards.values())
    assert not stage.session.catalogue.chosen
    assert list(page.section_of(NetworksSection).cards) == [
        n.id for n in stage.session.catalogue.networks(enabled_only=False)
    ]


async def test_networks_are_switched_on_and_off(stage: Stage, page: SettingsPage) -> None:
    network, card = first(page)
    card.switch.click()
    await stage.until(lambda: stage.session.catalogue.is_enabled(network))
    await stage.until(lambda: stage.shell.said == "Ethereum is on.")
    card.switch.click()
    await stage.until(lambda: not stage.session.catalogue.is_enabled(network))
    await stage.until(lambda: stage.shell.said == "Ethereum is off: it is no longer asked.")


async def test_servers_unfold_and_are_removed_but_for_the_last(stage: Stage, page: SettingsPage) -> None:
    network, card = first(page)
    assert not card.unfolded
    card.fold.click()
    before = stage.session.catalogue.servers(network)
    assert [row.server for row in card.rows] == list(before)
    assert card.rows[0].accessibleName() == f"{before[0].host}, Not asked yet"
    while len(card.rows) > 1:
        left = len(card.rows)
        card.rows[0].remove.click()
        await stage.until(lambda left=left: len(card.rows) < left)  # type: ignore[misc]
    assert not card.rows[0].remove.isEnabled()
    assert card.rows[0].remove.toolTip().startswith("A network needs one server.")
    undo = stage.shell.notices[-1][2]
    assert undo is not None
    undo.run()
    await stage.until(lambda: len(card.rows) == 2)
    card.shipped.click()
    await stage.until(lambda: len(card.rows) == len(before))
    assert card.shipped.isHidden()


async def test_a_server_is_added_only_if_it_speaks_for_the_chain(
    stage: Stage, page: SettingsPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _network, card = first(page)
    card.fold.click()
    before = len(card.rows)
    card.add.click()
    assert card.form.error.startswith("Type the address of a server")
    card.url.setText("ftp://node.example")
    card.add.click()
    await stage.until(lambda: card.form.error.startswith("The address of a server begins with https://"))
    other = InvalidEndpoint(host="node.example", problem="chain-id", expected="1", actual="8453")

    async def refuse(_network: NetworkId, _url: str) -> Endpoint:
        raise other

    with monkeypatch.context() as patch:
        patch.setattr(stage.session.catalogue, "add_server", refuse)
        card.url.setText("https://node.example")
        card.add.click()
        await stage.until(lambda: card.form.error.startswith("node.example answers for network 8453, not 1."))
    assert card.add.isEnabled()
    assert card.add.accessibleName() == "Check and add"
    server = Endpoint("https://user:key@node.example/v3/secret", added_by_hand=True)

    async def agree(of: NetworkId, _url: str) -> Endpoint:
        await stage.session.catalogue.choose_servers(of, (server, *stage.session.catalogue.servers(of)))
        return server

    monkeypatch.setattr(stage.session.catalogue, "add_server", agree)
    card.url.setText(server.url)
    card.add.click()
    await stage.until(lambda: len(card.rows) == before + 1)
    await stage.until(lambda: card.url.text() == "")
    assert stage.shell.said == "node.example speaks for Ethereum and is asked first from now on."
    assert "secret" not in " ".join(w.accessibleName() for w in card.findChildren(QAbstractButton))


async def test_a_server_that_nobody_answers_for_is_said_so(stage: Stage, page: SettingsPage) -> None:
    _, card = first(page)
    card.fold.click()
    card.url.setText("http://127.0.0.1:9/")
    card.add.click()
    await stage.until(lambda: card.form.error)
    assert card.form.error.startswith("127.0.0.1:9 could not be reached.")


async def test_a_network_is_added_by_the_address_of_a_server(
    stage: Stage, page: SettingsPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = stage.session.catalogue.networks(enabled_only=False)[1]
    asked: list[tuple[str, str, str, int, str]] = []

    async def add(name: str, url: str, symbol: str, *, decimals: int = 18, explorer: str = "") -> Network:
        asked.append((name, url, symbol, decimals, explorer))
        return replace(base, name=name)

    monkeypatch.setattr(stage.session.catalogue, "add_network", add)
    page.section_of(NetworksSection).add.click()
    dialog = await stage.dialog(page, AddNetworkDialog)
    dialog.url.setText("https://node.example")
    dialog.act()
    await stage.until(lambda: dialog.problem == "A network needs a name, and its coin a symbol.")
    dialog.label.setText("My chain")
    dialog.symbol.setText("MINE")
    dialog.decimals.setText("99")
    dialog.act()
    await stage.until(lambda: dialog.problem.startswith("A coin has between 0 and 36 decimals."))
    dialog.decimals.setText("8")
    dialog.explorer.setText("javascript:alert(1)")
    dialog.act()
    await stage.until(lambda: dialog.problem == "The address of an explorer begins with https://.")
    assert asked == []
    dialog.explorer.clear()
    dialog.act()
    await stage.gone(page)
    assert asked == [("My chain", "https://node.example", "MINE", 8, "")]
    await stage.until(lambda: stage.shell.said.startswith("My chain was added and is on (chain id "))


async def test_a_network_whose_server_does_not_answer_is_not_added(stage: Stage, page: SettingsPage) -> None:
    before = len(page.section_of(NetworksSection).cards)
    page.section_of(NetworksSection).add.click()
    dialog = await stage.dialog(page, AddNetworkDialog)
    for field, text in ((dialog.url, "http://127.0.0.1:9/"), (dialog.label, "Mine"), (dialog.symbol, "M")):
        field.setText(text)
    dialog.act()
    await stage.until(lambda: dialog.problem)
    assert dialog.problem.startswith("127.0.0.1:9 could not be reached.")
    dialog.reject()
    await stage.gone(page)
    assert len(page.section_of(NetworksSection).cards) == before


async def test_removing_a_network_asks_first(stage: Stage, page: SettingsPage, monkeypatch: pytest.MonkeyPatch) -> None:
    network, card = first(page)
    removed: list[NetworkId] = []

    async def remove(gone: NetworkId) -> None:
        removed.append(gone)

    monkeypatch.setattr(stage.session.catalogue, "remove_network", remove)
    card.fold.click()
    assert card.removal.isHidden()
    card.remove_wanted.emit()
    dialog = await stage.dialog(page, Dialog)
    assert "No coin moves." in dialog.accessibleDescription()
    next(b for b in dialog.findChildren(QAbstractButton) if b.accessibleName() == "Remove network").click()
    await stage.until(lambda: removed == [network])


async def test_practice_networks_stay_on_and_say_that_it_is_play_money(
    application: Application, theme: Theme, clock: FakeClock, until: Until
) -> None:
    stage = Stage(FakeShell(theme, clock), await application.open_practice(), until)
    page = stage.put_up(SettingsPage(stage.shell))
    _, card = first(page)
    assert card.switch.isChecked()
    assert not card.switch.isEnabled()
    card.fold.click()
    assert card.form.isHidden()
    await until(lambda: card.rows[0].accessibleName().startswith("practice.invalid, Up, block "))
    assert card.accessibleName().endswith("1 server, 1 of 1 asked up")
    await stage.take_down(page)
