"""The body of a reply, gathered piece by piece within a limit."""

from __future__ import annotations

import zlib

from desktop_wallet.core.errors import MalformedReply, OversizedReply

_GZIP = 16 + zlib.MAX_WBITS


class ReplyBody:
    """Collects a reply's pieces, decompressing them in bounded steps.

    The limit holds for the bytes received and for the bytes they become, so that a small reply that unpacks to much
    stops at the limit and never exists as a whole.
    """

    def __init__(self, host: str, encoding: str, max_bytes: int) -> None:
        """Begin; raises MalformedReply for an encoding that was not asked for."""
        self._host = host
        self._max_bytes = max_bytes
        self._received = 0
        self._body = bytearray()
        name = encoding.strip().lower()
        if name not in ("", "identity", "gzip"):
            raise MalformedReply(host=host, problem="content-encoding")
        self._inflate = zlib.decompressobj(_GZIP) if name == "gzip" else None

    def expect(self, length: str | None) -> None:
        """Raise OversizedReply if the announced length already passes the limit."""
        if length is not None and length.isascii() and length.isdigit() and int(length[:18]) > self._max_bytes:
            raise self._oversized()

    def add(self, piece: bytes) -> None:
        """Take the next piece; raises OversizedReply, MalformedReply."""
        self._received += len(piece)
        if self._received > self._max_bytes:
            raise self._oversized()
        if self._inflate is not None:
            piece = self._inflated(self._inflate, piece)
        if len(self._body) + len(piece) > self._max_bytes:
            raise self._oversized()
        self._body += piece

    def whole(self) -> bytes:
        """Return everything; raises MalformedReply if the compressed stream has not ended."""
        if self._inflate is not None and not self._inflate.eof:
            raise MalformedReply(host=self._host, problem="gzip")
        return bytes(self._body)

    def _inflated(self, inflate: zlib._Decompress, piece: bytes) -> bytes:
        room = self._max_bytes - len(self._body) + 1  # one more than fits, to see that it does not; never 0 (no limit)
        try:
            inflated = inflate.decompress(piece, room)
            if not inflate.unused_data:  # what follows the end of the stream
                return inflated
        except zlib.error:
            pass
        raise MalformedReply(host=self._host, problem="gzip")

    def _oversized(self) -> OversizedReply:
        return OversizedReply(host=self._host, limit="bytes", maximum=self._max_bytes)
