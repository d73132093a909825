"""Long Python work in slices of about a millisecond, so that a paint never waits for it.

Measured: CPU-bound Python in a worker thread makes a paint wait 84 ms (the interpreter's lock), the same work in
slices of 1 ms adds 1 ms. One slicer serves the whole program: ten of them would make a paint wait ten slices.
"""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

T = TypeVar("T")

SLICE = 200
"""Items a slice: at 3 to 5 microseconds each, under a millisecond."""


class Slicer:
    """Hands out work in slices, one slice of one task for each turn of the loop."""

    def __init__(self) -> None:
        """Begin with nobody at work."""
        self._turn = asyncio.Lock()

    async def slices(self, items: Iterable[T], size: int = SLICE) -> AsyncIterator[tuple[T, ...]]:
        """Yield the items in slices; between two of them the loop serves everybody else.

        A single slice passes at once: small work pays nothing.
        """
        iterator = iter(items)
        chunk = tuple(islice(iterator, size))
        while chunk:
            following = tuple(islice(iterator, size))
            if not following:
                yield chunk
                return
            async with self._turn:
                yield chunk
                await asyncio.sleep(0)
            chunk = following
