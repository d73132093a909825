"""JSON-RPC 2.0 (jsonrpc.org/specification): requests written, replies read without trust."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from desktop_wallet.core.errors import EndpointRateLimited, EndpointRefused, MalformedReply
from desktop_wallet.net.json_text import parse_json
from desktop_wallet.net.limits import ReplyLimits

NO_ANSWER = 0
"""The code of an RpcError that we make for a call which a batch reply left out; no server uses it."""

_MESSAGE_LENGTH = 200
_QUANTITY = re.compile(r"0x(0|[1-9a-fA-F][0-9a-fA-F]*)")
_RATE_LIMIT = re.compile(r"rate.?limit|too many requests|requests? limit|capacity exceeded|throttl", re.IGNORECASE)
_TOO_MANY_REQUESTS = 429
_DEFAULT_LIMITS = ReplyLimits()


@dataclass(frozen=True, slots=True)
class Call:
    """One call; `params` are JSON values with ints only where JSON-RPC has numbers."""

    method: str
    params: tuple[object, ...] | list[object] = ()


@dataclass(frozen=True, slots=True)
class RpcResult:
    """What the server returned: a JSON value, None included (a receipt not there yet is null)."""

    value: object


@dataclass(frozen=True, slots=True)
class RpcError:
    """The server's error for one call. `message` is cleaned and shortened, and still the server's words, not ours."""

    code: int
    message: str
    data: object = None

    @property
    def is_rate_limit(self) -> bool:
        """Return whether it says "too many requests" in one of the ways in use."""
        if self.code == _TOO_MANY_REQUESTS:
            return True
        return self.code < 0 and bool(_RATE_LIMIT.search(self.message))


Result = RpcResult | RpcError


def encode(call: Call) -> bytes:
    """Return one call as a request object with id 1."""
    return _dump(_request(1, call))


def encode_batch(calls: Sequence[Call]) -> bytes:
    """Return the calls as one array with ids 1 to n."""
    return _dump([_request(number, call) for number, call in enumerate(calls, start=1)])


def decode(body: bytes, host: str, limits: ReplyLimits = _DEFAULT_LIMITS) -> Result:
    """Return the result of the one call that `encode` wrote.

    Raises MalformedReply, OversizedReply; EndpointRefused or EndpointRateLimited where the error has the id null.
    """
    reply = parse_json(body, host, limits)
    number, result = _item(reply, host)
    if number is None:
        raise _refused(result, host)
    if number != 1:
        raise MalformedReply(host=host, problem="id")
    return result


def decode_batch(calls: Sequence[Call], body: bytes, host: str, limits: ReplyLimits = _DEFAULT_LIMITS) -> list[Result]:
    """Return one result for each call, in the order of the calls.

    Replies may come in any order. A call without a reply has an RpcError with code NO_ANSWER. Raises EndpointRefused
    if one error stands for the whole batch; MalformedReply for an unknown or doubled id or anything that is not
    JSON-RPC 2.0; OversizedReply.
    """
    reply = parse_json(body, host, limits)
    if isinstance(reply, dict):
        _, result = _item(reply, host)
        raise _refused(result, host)
    if not isinstance(reply, list):
        raise MalformedReply(host=host, problem="not-an-array")
    items = [_item(item, host) for item in reply]
    if items and all(number is None for number, _ in items):
        raise _refused(items[0][1], host)
    results: dict[int, Result] = {}
    for number, result in items:
        if number is None or not 1 <= number <= len(calls) or number in results:
            raise MalformedReply(host=host, problem="id")
        results[number] = result
    missing = RpcError(NO_ANSWER, "")
    return [results.get(number, missing) for number in range(1, len(calls) + 1)]


def hex_quantity(value: object, host: str, max_bits: int = 256) -> int:
    """Return the integer of a hex quantity ("0x0", "0x1b4"; EIP-1474), at most `max_bits` wide; raises MalformedReply.

    "0x", leading zeros, signs, decimal digits and JSON numbers are refused.
    """
    # 4 bits a digit, so a text over this length is too wide whatever it says.
    if isinstance(value, str) and len(value) <= 2 + (max_bits + 3) // 4 and _QUANTITY.fullmatch(value):
        number = int(value, 16)
        if number.bit_length() <= max_bits:
            return number
    raise MalformedReply(host=host, problem="quantity")


def hex_data(value: object, host: str, max_bytes: int, *, min_bytes: int = 0) -> bytes:
    """Return the bytes of hex data ("0x", "0x00ff"; EIP-1474); raises MalformedReply, also outside the two lengths."""
    if isinstance(value, str) and value.startswith("0x") and value.isascii():
        digits = len(value) - 2
        if digits % 2 == 0 and min_bytes <= digits // 2 <= max_bytes:
            data = _from_hex(value[2:])
            if data is not None and len(data) * 2 == digits:  # fromhex skips white space
                return data
    raise MalformedReply(host=host, problem="data")


def clean_message(text: object) -> str:
    """Return a server's words on one line, without control or direction characters, at most 200 characters."""
    if not isinstance(text, str):
        return ""
    shortened = text[: 4 * _MESSAGE_LENGTH]
    # Categories C*: controls, formats (direction marks among them), surrogates, private use, unassigned; Z*: spaces.
    cleaned = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in shortened)
    return " ".join(cleaned.split())[:_MESSAGE_LENGTH]


def _from_hex(digits: str) -> bytes | None:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return None


def _request(number: int, call: Call) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": call.method, "params": list(call.params)}


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def _item(item: object, host: str) -> tuple[int | None, Result]:
    """Return the id and the result of one response object; only an error may have the id null."""
    if not isinstance(item, dict) or item.get("jsonrpc") != "2.0" or "id" not in item:
        raise MalformedReply(host=host, problem="response")
    number = item["id"]
    if number is not None and type(number) is not int:  # True is no id
        raise MalformedReply(host=host, problem="id")
    error = item.get("error")
    if error is not None:
        # `"result": null` beside an error is wrong and harmless; a value beside an error is neither.
        if item.get("result") is not None:
            raise MalformedReply(host=host, problem="response")
        return number, _error(error, host)
    if "result" not in item or number is None:
        raise MalformedReply(host=host, problem="response")
    return number, RpcResult(item["result"])


def _error(error: object, host: str) -> RpcError:
    if not isinstance(error, Mapping):
        raise MalformedReply(host=host, problem="error")
    code = error.get("code")
    if type(code) is not int:
        raise MalformedReply(host=host, problem="error")
    return RpcError(code, clean_message(error.get("message")), error.get("data"))


def _refused(result: Result, host: str) -> EndpointRateLimited | EndpointRefused | MalformedReply:
    """Return what it means that this one result came for a whole batch, or for nothing we asked."""
    if isinstance(result, RpcError) and result.is_rate_limit:
        return EndpointRateLimited(host=host, retry_after_s=None)
    if isinstance(result, RpcError):
        return EndpointRefused(host=host, code=result.code)
    return MalformedReply(host=host, problem="not-an-array")
