"""Just enough of HTTP/1.1 for the loopback servers that tests start: one message in, one message out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

_LONGEST_HEAD = 64 * 1024
_LONGEST_BODY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response; header names are in lower case."""

    first_line: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def encoded(self) -> bytes:
        lines = [self.first_line, *(f"{name}: {value}" for name, value in self.headers.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1") + self.body


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """Return the next message with a Content-Length (or none), None when the other side has closed."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    if len(head) > _LONGEST_HEAD:
        return None
    first_line, *lines = head.decode("latin-1").split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    if length > _LONGEST_BODY:
        return None
    try:
        body = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return Message(first_line, headers, body)


class Connections:
    """The handlers of a test server's connections, so that leaving the test ends every one of them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()
        self.opened = 0

    def enter(self) -> None:
        """Take note of the running handler."""
        task = asyncio.current_task()
        assert task is not None
        self.opened += 1
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cut(self) -> None:
        """Cancel every handler: the connections close."""
        for task in self._tasks:
            task.cancel()

    async def end(self) -> None:
        """Cancel every handler and wait for it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def close_quietly(*writers: asyncio.StreamWriter) -> None:
    """Close connections, whatever state they are in: the last thing that a handler does.

    All are closed before any is waited for, and the end of the test may cancel the wait.
    """
    for writer in writers:
        writer.close()
    for writer in writers:
        with contextlib.suppress(OSError, asyncio.CancelledError):  # OSError: TLS has faults of its own
            await writer.wait_closed()
