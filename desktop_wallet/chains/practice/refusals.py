"""What a practice server answers with an error: the codes of JSON-RPC 2.0 and EIP-1474, the words of go-ethereum."""

from __future__ import annotations

INVALID_REQUEST = -32600
NO_METHOD = -32601
INVALID_PARAMS = -32602
SERVER_ERROR = -32000
NOT_FOUND = -32001
REVERTED = 3
NOT_ENOUGH = -38014
"""`eth_simulateV1` of a call that its sender cannot pay (execution-apis)."""


class Refused(Exception):
    """A call that is answered with a JSON-RPC error; `data` as 0x and digits, where there is any."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def reply(self, call_id: object) -> dict[str, object]:
        """Return the whole reply to the call of that id."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return {"jsonrpc": "2.0", "id": call_id, "error": error}


def refuse(message: str) -> Refused:
    """Return the refusal that go-ethereum gives without a code of its own."""
    return Refused(SERVER_ERROR, message)
