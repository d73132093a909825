from __future__ import annotations

import json

import pytest

from tests.benchmarks.b8_review import call_name, round_trips
from tests.fakes.anvil import MULTICALL3
from tests.fakes.delaying_proxy import Passed
from tests.fakes.http_messages import Message


def passed(*spans_s: tuple[float, float]) -> list[Passed]:
    return [
        Passed(Message("POST / HTTP/1.1", body=json.dumps([]).encode()), came, replied) for came, replied in spans_s
    ]


@pytest.mark.parametrize(
    ("spans_s", "trips"),
    [
        ((), 0),
        (((0.0, 0.1),), 1),
        (((0.0, 0.1), (0.05, 0.15), (0.09, 0.2)), 1),
        (((0.0, 0.1), (0.1, 0.2)), 2),
        (((0.0, 0.3), (0.0, 0.1), (0.11, 0.2), (0.21, 0.29)), 3),
    ],
)
def test_requests_that_came_after_the_reply_to_another_are_round_trips_more(
    spans_s: tuple[tuple[float, float], ...], trips: int
) -> None:
    assert round_trips(passed(*spans_s)) == trips
    assert round_trips(passed(*reversed(spans_s))) == trips


def test_a_call_that_reads_balances_is_told_from_one_that_tries_a_payment() -> None:
    assert call_name({"method": "eth_call", "params": [{"to": MULTICALL3, "data": "0x82ad56cb"}, "latest"]}) == (
        "eth_call aggregate3"
    )
    assert call_name({"method": "eth_call", "params": [{"to": "0x01", "data": "0x70a08231"}]}) == "eth_call balanceOf"
    assert call_name({"method": "eth_call", "params": [{"to": "0x01", "data": "0xa9059cbb"}]}) == "eth_call"
    assert call_name({"method": "eth_chainId"}) == "eth_chainId"
