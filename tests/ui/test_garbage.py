from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject

from desktop_wallet.ui.garbage import GarbageSearch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication


@pytest.fixture
def search(qapp: QApplication) -> Iterator[GarbageSearch]:
    was_on = gc.isenabled()
    made = GarbageSearch(qapp)
    made.settle()
    yield made
    made.setParent(None)
    made.deleteLater()
    gc.unfreeze()
    if was_on:
        gc.enable()


def test_a_qt_object_in_a_cycle_is_never_deleted_by_a_worker(search: GarbageSearch) -> None:
    deleted_on: list[str] = []

    class Watched(QObject):
        def __del__(self) -> None:
            deleted_on.append(threading.current_thread().name)

    watched = Watched()
    watched.me = watched  # type: ignore[attr-defined]
    del watched
    kept: list[dict[int, int]] = []
    # Many times what would make Python search by itself.
    worker = threading.Thread(target=lambda: kept.extend({number: number} for number in range(50_000)), name="worker")
    worker.start()
    worker.join()
    assert deleted_on == []
    search.search()
    assert deleted_on == [threading.main_thread().name]


def test_what_is_there_when_it_settles_is_left_out_of_later_searches(search: GarbageSearch) -> None:
    assert gc.get_freeze_count() > 0
    assert not gc.isenabled()
