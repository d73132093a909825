"""The caches of the other profiles: all of them together keep to one limit (requirement C4)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.cache.store import PageStore
from desktop_wallet.cache.troubles import StoreFailure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Neighbour:
    store: PageStore
    taken_bytes: int
    used_at_s: float


def make_room(folder: Path, own_bytes: int, all_bytes: int) -> int:
    """Remove other profiles' caches until all of them and `own_bytes` for this folder fit; return how many went.

    They lie beside `folder`, and the one used longest ago goes first. None is opened: their keys are not at hand, and
    to shrink a large one would take seconds in which no page of ours is read. What cannot be removed is logged.
    """
    others = sorted(_neighbours(folder), key=lambda other: other.used_at_s)
    over = own_bytes + sum(other.taken_bytes for other in others) - all_bytes
    removed = 0
    for other in others:
        if over <= 0:
            break
        try:
            other.store.remove()
        except StoreFailure as failure:
            _log.warning("another profile's cache could not be removed: %s (%s)", failure.kind.value, failure.detail)
            continue
        over -= other.taken_bytes
        removed += 1
    return removed


def _neighbours(folder: Path) -> Iterator[_Neighbour]:
    try:
        places = [place for place in folder.parent.iterdir() if place.name != folder.name]
    except OSError:
        return
    for place in places:
        if place.is_symlink() or not place.is_dir():
            continue
        store = PageStore(place, 0)
        try:
            used_at_s = store.used_at_s()
            if used_at_s is not None:
                yield _Neighbour(store, store.bytes_on_disk(), used_at_s)
        except StoreFailure as failure:
            _log.warning("another profile's cache could not be measured: %s", failure.kind.value)
