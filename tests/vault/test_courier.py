from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from desktop_wallet.vault.courier import Courier, Unanswered


@pytest.fixture
def courier() -> Iterator[Courier]:
    courier = Courier("test")
    yield courier
    courier.close()


def test_an_answer_comes_back_from_one_daemon_thread(courier: Courier) -> None:
    first = courier.fetch(threading.current_thread, 5)
    assert first is courier.fetch(threading.current_thread, 5)
    assert first.daemon
    assert first is not threading.current_thread()


def test_none_is_an_answer(courier: Courier) -> None:
    assert courier.fetch(lambda: None, 5) is None


def test_an_error_is_raised_where_the_answer_is_awaited(courier: Courier) -> None:
    with pytest.raises(ZeroDivisionError):
        courier.fetch(lambda: 1 // 0, 5)
    assert courier.fetch(lambda: "still alive", 5) == "still alive"


def test_a_call_that_hangs_is_left_behind_and_later_ones_go_on_after_it(courier: Courier) -> None:
    answered = threading.Event()
    with pytest.raises(Unanswered):
        courier.fetch(answered.wait, 0.01)
    with pytest.raises(Unanswered):
        courier.fetch(lambda: "queued behind it", 0.01)
    answered.set()
    assert courier.fetch(lambda: "next", 5) == "next"


def test_a_call_nobody_waits_for_any_more_is_never_made(courier: Courier) -> None:
    answered = threading.Event()
    made: list[str] = []
    with pytest.raises(Unanswered):
        courier.fetch(answered.wait, 0.01)
    with pytest.raises(Unanswered):
        courier.fetch(lambda: made.append("late write"), 0.01)
    answered.set()
    courier.fetch(lambda: None, 5)
    assert made == []


def test_what_is_sent_is_made_without_a_waiter_and_its_error_is_dropped(courier: Courier) -> None:
    made = threading.Event()
    courier.send(lambda: 1 // 0)
    courier.send(made.set)
    assert made.wait(5)


def test_close_ends_a_wait_at_once(courier: Courier) -> None:
    begun, answered = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        answered.wait(60)

    def close_when_begun() -> None:
        begun.wait(5)
        courier.close()

    closer = threading.Thread(target=close_when_begun)
    closer.start()
    with pytest.raises(Unanswered):
        courier.fetch(hang, 60)
    closer.join(5)
    answered.set()
    with pytest.raises(Unanswered):
        courier.fetch(lambda: "after the end", 60)
