"""The servers in use as lines of a table: how each does, and when it is asked again."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from desktop_wallet.services.diagnostics import ServerLine, ServerState
from desktop_wallet.ui.measures import left_text
from desktop_wallet.ui.models.diagnostics_cells import Cell, CellsModel, Head
from desktop_wallet.ui.models.diagnostics_words import (
    STATE_WORDS,
    lag_text,
    last_error_text,
    server_sentence,
)
from desktop_wallet.ui.theme import TextStyle, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject

    from desktop_wallet.core.instants import Clock

_DOTS = {
    ServerState.UNASKED: Token.LINE,
    ServerState.UP: Token.FRESH,
    ServerState.BEHIND: Token.STALE,
    ServerState.STANDS_STILL: Token.STALE,
    ServerState.PAUSED: Token.STALE,
    ServerState.LIMITED: Token.STALE,
    ServerState.DOWN: Token.UNAVAILABLE,
}


class ServerColumn(enum.IntEnum):
    """The columns, from left to right."""

    SERVER = 0
    NETWORK = 1
    STATE = 2
    BLOCK = 3
    LATENCY = 4
    REQUESTS = 5
    FAILURES = 6
    ERROR = 7


class ServersModel(CellsModel):
    """Shows what `show` was given last."""

    heads: ClassVar[tuple[Head, ...]] = (
        Head("Server"),
        Head("Network"),
        Head("State"),
        Head("Block", number=True, means="The newest block it told of, and how far it is behind the others."),
        Head("Latency", number=True, means="How long it takes to answer, on the average of the last answers."),
        Head("Requests", number=True, means="Since the wallet was unlocked."),
        Head("Failures", number=True, means="Since the wallet was unlocked."),
        Head("Last error"),
    )

    def __init__(self, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._shown: tuple[ServerLine, ...] = ()

    def show(self, lines: Sequence[ServerLine], first: int = 0, last: int = -1) -> None:
        """Show these servers; those from line `first` to `last` are in sight now."""
        before = [(line.network.id, line.host) for line in self._shown]
        if before == [(line.network.id, line.host) for line in lines]:
            self._shown = tuple(lines)
            self.look_again(first, last)
            return
        self.beginResetModel()
        self._shown = tuple(lines)
        self.forget_cells()
        self.endResetModel()
        self.relaid.emit()

    def server(self, line: int) -> ServerLine | None:
        """Return the server at a line, None if there is none."""
        return self._shown[line] if 0 <= line < len(self._shown) else None

    @property
    @override
    def lines(self) -> int:
        return len(self._shown)

    @override
    def key_at(self, line: int) -> object:
        server = self.server(line)
        return None if server is None else (server.network.id, server.host)

    @override
    def line_of(self, key: object) -> int | None:
        return next((at for at in range(self.lines) if self.key_at(at) == key), None)

    @override
    def make_cell(self, line: int, column: int) -> Cell:
        server = self._shown[line]
        status = server.status
        match ServerColumn(column):
            case ServerColumn.SERVER:
                return Cell(server.host, style=TextStyle.MEDIUM)
            case ServerColumn.NETWORK:
                return Cell(server.network.name, token=Token.MUTED)
            case ServerColumn.STATE:
                note = "pushes blocks" if server.pushes else ""
                if server.next_try_s is not None:
                    note = left_text(max(server.next_try_s, 1))
                return Cell(STATE_WORDS[server.state], note, dot=_DOTS[server.state])
            case ServerColumn.BLOCK:
                height = None if status is None else status.height
                return Cell("" if height is None else f"{height:,}", lag_text(server))
            case ServerColumn.LATENCY:
                latency_ms = None if status is None else status.latency_ms
                return Cell("" if latency_ms is None else f"{round(latency_ms):,} ms")
            case ServerColumn.REQUESTS:
                return Cell(f"{status.requests:,}" if status else "0")
            case ServerColumn.FAILURES:
                return Cell(f"{status.failures:,}" if status else "0")
            case ServerColumn.ERROR:
                return Cell(last_error_text(server), token=Token.MUTED)

    @override
    def explain(self, line: int, column: int) -> str:
        server = self.server(line)
        return "" if server is None else server_sentence(server, self._clock.now())

    @override
    def copied_text(self, line: int) -> str:
        server = self.server(line)
        if server is None:
            return ""
        return f"{server.network.name}\t{server_sentence(server, self._clock.now())}"
