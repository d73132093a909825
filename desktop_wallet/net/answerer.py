"""The seam for servers that live inside this process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

Answerer = Callable[[bytes], Awaitable[bytes]]
"""Takes the body of a request and returns the body of its answer; may raise a NetworkFailure of its own."""
