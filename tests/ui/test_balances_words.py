"""What the Balances page says about what it did."""

from __future__ import annotations

import pytest

from desktop_wallet.core.balances import FailureReason, ReadFailure
from desktop_wallet.services.reports import Report
from desktop_wallet.ui.pages.balances_words import all_shown_text, failed_text, report_text, zeros_hidden_text
from tests.ui.fake_session import FakeSession, network, small_session


@pytest.fixture
def session() -> FakeSession:
    return small_session()


def _failures(session: FakeSession, *networks: int) -> tuple[ReadFailure, ...]:
    chosen = [session.catalogue.networks()[number].id for number in networks]
    now = session.clock.now()
    keys = [key for key in session.keys if key.network in chosen]
    return tuple(ReadFailure(key, FailureReason.TIMEOUT, now, "server.example", 10.0) for key in keys)


def _said(session: FakeSession, report: Report) -> str:
    return report_text(report, session.keys)


def test_a_refresh_names_balances_networks_time_and_failures(session: FakeSession) -> None:
    report = Report(asked=18, answered=12, changed=3, networks=3, failed=_failures(session, 2), took_s=0.84)
    assert _said(session, report) == "12 balances read from 2 networks in 0.8 s, 3 changed. 6 failed."


def test_a_preload_counts_only_the_networks_it_asked(session: FakeSession) -> None:
    report = Report(asked=6, answered=6, skipped=12, networks=1, took_s=72)
    assert _said(session, report) == (
        "6 balances read from 1 network in 1 min. 12 were read a moment ago and not asked again."
    )


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (Report(), "There is nothing to read."),
        (Report(skipped=18), "Nothing to read: 18 balances were read a moment ago."),
        (Report(cancelled=True), "Stopped. What was read so far is kept."),
        (Report(asked=18, answered=1, cancelled=True), "Stopped. 1 of 18 balances were read."),
    ],
)
def test_nothing_done_is_said_too(session: FakeSession, report: Report, said: str) -> None:
    assert _said(session, report) == said


def test_everything_failed_claims_no_read(session: FakeSession) -> None:
    report = Report(asked=18, networks=3, failed=_failures(session, 0, 1, 2), took_s=10)
    assert _said(session, report) == "18 failed."


def test_only_the_first_failed_networks_are_named(session: FakeSession) -> None:
    for number in (10, 42161):
        session.catalogue.add(network(number, f"Net {number}"))
    said = failed_text(
        _failures(session, 0, 1, 2, 3, 4),
        lambda known: session.catalogue.network(known).name,
        session.clock.now(),
    )
    assert said.endswith("Polygon did not answer for 10 s. And 2 other networks.")


def test_show_all_says_how_many_are_zero() -> None:
    assert all_shown_text(18, 0) == "All 18 balances are shown. None is zero."
    assert all_shown_text(18, 9) == "All 18 balances are shown, 9 of them zero."
    assert zeros_hidden_text(1) == "1 zero balance is out of sight."
