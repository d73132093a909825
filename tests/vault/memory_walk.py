"""Finds every text and every bytes that the process can still reach and that contains something looked for.

What is looked for is held masked, so that the search does not find itself.
"""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_MASK = bytes(byte ^ 0xA5 for byte in range(256))


@dataclass(frozen=True, slots=True)
class Needle:
    """Something looked for: its name, and its bytes masked."""

    name: str
    masked: bytes

    @classmethod
    def of(cls, name: str, value: str | bytes | bytearray) -> Needle:
        """Return what finds a value, without keeping it."""
        return cls(name, (value.encode() if isinstance(value, str) else bytes(value)).translate(_MASK))


def find(needles: Iterable[Needle]) -> set[tuple[str, str]]:
    """Return which needles are reachable, each with the kind of object that holds it ("str", "bytes", "bytearray")."""
    wanted = list(needles)
    gc.collect()
    found: set[tuple[str, str]] = set()
    for candidate in reachable():
        if isinstance(candidate, str | bytes | bytearray):
            masked = _plain(candidate).translate(_MASK)
            found.update((needle.name, type(candidate).__name__) for needle in wanted if needle.masked in masked)
            del masked
    return found


def reachable() -> Iterator[object]:
    """Yield every object that can be reached from what the collector tracks and from the frames that run.

    The collector tracks containers only: texts and bytes, and dicts and tuples of nothing else, are found as
    referents of referents. A running frame is asked for its variables.
    """
    seen: set[int] = set()
    own = {id(seen)}
    todo: list[object] = [*gc.get_objects(), *_variables()]
    own.add(id(todo))
    while todo:
        each = todo.pop()
        if id(each) in seen or id(each) in own:
            continue
        seen.add(id(each))
        yield each
        todo.extend(gc.get_referents(each))
        if isinstance(each, dict):
            todo.extend(dict.keys(each))  # CPython does not report keys that are texts


def _variables() -> list[object]:
    values: list[object] = []
    for running in sys._current_frames().values():
        frame: types.FrameType | None = running
        while frame is not None:
            values.extend(frame.f_locals.values())
            frame = frame.f_back
    return values


def _plain(candidate: str | bytes | bytearray) -> bytes:
    return candidate.encode("utf-8", "surrogatepass") if isinstance(candidate, str) else bytes(candidate)
