from __future__ import annotations

import asyncio

import pytest

from desktop_wallet.ui.tasks import TaskOwner


@pytest.fixture
def errors() -> list[BaseException]:
    return []


@pytest.fixture
def owner(errors: list[BaseException]) -> TaskOwner:
    return TaskOwner(errors.append)


async def test_stop_returns_after_every_task_has_cleaned_up(owner: TaskOwner, errors: list[BaseException]) -> None:
    cleaned: list[str] = []

    async def work(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(name)

    owner.start(work("a"))
    owner.start(work("b"))
    await asyncio.sleep(0)
    await owner.stop()
    assert sorted(cleaned) == ["a", "b"]
    assert not owner.busy()
    assert errors == []


async def test_a_second_cancellation_does_not_break_into_the_cleaning_up(owner: TaskOwner) -> None:
    cleaned: list[bool] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            cleaned.append(True)

    owner.start(work())
    await asyncio.sleep(0)
    owner.cancel()
    await asyncio.sleep(0)
    owner.cancel()
    await owner.stop()
    assert cleaned == [True]


async def test_an_error_goes_to_the_owner_and_not_to_the_loop(owner: TaskOwner, errors: list[BaseException]) -> None:
    async def fail() -> None:
        raise ValueError("ours")

    owner.start(fail())
    for _ in range(3):
        await asyncio.sleep(0)
    assert [type(error) for error in errors] == [ValueError]


async def test_a_second_task_with_the_same_key_is_not_started(owner: TaskOwner) -> None:
    ran: list[int] = []
    gate = asyncio.Event()

    async def work(number: int) -> None:
        ran.append(number)
        await gate.wait()

    assert owner.start(work(1), key="refresh")
    await asyncio.sleep(0)
    assert not owner.start(work(2), key="refresh")
    assert owner.start(work(3), key="other")
    await asyncio.sleep(0)
    assert ran == [1, 3]
    await owner.stop()
    assert owner.start(work(4), key="refresh")
    await owner.stop()


async def test_cancel_by_key_leaves_the_others(owner: TaskOwner) -> None:
    owner.start(asyncio.Event().wait(), key="a")
    owner.start(asyncio.Event().wait(), key="b")
    owner.cancel("a")
    for _ in range(3):
        await asyncio.sleep(0)
    assert not owner.busy("a")
    assert owner.busy("b")
    await owner.stop()


async def test_a_task_may_stop_its_own_owner(owner: TaskOwner, errors: list[BaseException]) -> None:
    done = asyncio.Event()

    async def stop() -> None:
        await owner.stop()
        done.set()

    owner.start(stop())
    await asyncio.wait_for(done.wait(), 1)
    assert errors == []
