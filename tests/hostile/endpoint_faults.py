"""Everything a server may do wrong, and what must come of it where there is no other server to ask."""

from __future__ import annotations

import gzip
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desktop_wallet.core.balances import FailureReason
from tests.fakes.http2_server import Http2Server
from tests.fakes.scripted_server import Act, cut, drips, drop, holds, passes_on, pours, says

if TYPE_CHECKING:
    from tests.hostile.endpoint_stage import EndpointStage

Items = list[dict[str, Any]]
MARKUP = "<b>Your wallet is locked. Call 555-0100.</b>"
"""What a hostile server would like to see on the screen as our words."""
_MIB = 1024 * 1024
_REFUSED = "{host} refused the request."
_NONSENSE = "{host} sent an answer that cannot be right. It was not used."
_UNREACHABLE = "{name} could not be reached."


async def _at_once(_: EndpointStage) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a server.

    `strike` begins it; `meanwhile` runs when the other network has answered and this one has not. `reason` is that of
    the failed read, None where the answer is as good as any. `words` begin what the row says of it, and `logged` is
    the reason in the log's line. `tries` are the requests it takes to tell that the server is to blame.
    """

    strike: Callable[[EndpointStage], None]
    reason: FailureReason | None
    words: str = ""
    logged: str = ""
    meanwhile: Callable[[EndpointStage], Awaitable[None]] = _at_once
    lift: Callable[[EndpointStage], None] | None = None
    http2: bool = False
    tries: int = 1


def _acts(act: Act) -> Callable[[EndpointStage], None]:
    def strike(stage: EndpointStage) -> None:
        stage.server.usual = act

    return strike


def _edits(change: Callable[[Items], object]) -> Callable[[EndpointStage], None]:
    """Let the server change the reply of what stands behind it: `change` gets the items of the batch."""

    def reply(_asked: bytes, told: bytes) -> bytes:
        items = json.loads(told)
        changed = change(items if isinstance(items, list) else [items])
        return _dumped(changed if isinstance(items, list) or isinstance(changed, bytes) else changed[0])  # type: ignore[index]

    def strike(stage: EndpointStage) -> None:
        stage.server.usual = passes_on(stage.struck.answer, reply=reply)

    return strike


def _to(method: str, lie: Callable[[Any], object]) -> Callable[[EndpointStage], None]:
    """Let the server put another result into its answers to one method."""

    def reply(asked: bytes, told: bytes) -> bytes:
        calls, items = json.loads(asked), json.loads(told)
        if not isinstance(items, list):
            calls, items = [calls], [items]
        methods = {call["id"]: call["method"] for call in calls}
        changed = [{**item, "result": lie(item["result"])} if methods[item["id"]] == method else item for item in items]
        return _dumped(changed if told.lstrip().startswith(b"[") else changed[0])

    def strike(stage: EndpointStage) -> None:
        stage.server.usual = passes_on(stage.struck.answer, reply=reply)

    return strike


def _results(lie: Callable[[Any], object]) -> Callable[[EndpointStage], None]:
    """Let the server put another result into every item."""
    return _edits(lambda items: [{**item, "result": lie(item.get("result"))} for item in items])


def _dumped(value: object) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


# Time


def _waits(stage: EndpointStage, then: Act) -> None:
    stage.server.usual = holds(stage.gate, then, stage.reached)


async def _opens_the_gate(stage: EndpointStage) -> None:
    await stage.reached.wait()
    stage.gate.set()


async def _time_is_up(stage: EndpointStage) -> None:
    await stage.reached.wait()
    stage.client.time_is_up(stage.server.url)


# Chains


def _another_chain(stage: EndpointStage) -> None:
    """Show another chain id; nobody knows until a connection is new, so the old ones end."""
    _to("eth_chainId", lambda _: "0x539")(stage)
    stage.server.connections.cut()


# HTTP/2


def _shows_another_certificate(stage: EndpointStage) -> None:
    server = _http2(stage)
    server.show(stage.other_pem)
    server.connections.cut()


def _shows_the_certificate(stage: EndpointStage) -> None:
    server = _http2(stage)
    server.show(stage.pem)


def _says_goaway(stage: EndpointStage) -> None:
    _http2(stage).answers_per_connection = 0


def _says_goaway_after_each(stage: EndpointStage) -> None:
    _http2(stage).answers_per_connection = 1


def _serves_again(stage: EndpointStage) -> None:
    _http2(stage).answers_per_connection = 1000


def _http2(stage: EndpointStage) -> Http2Server:
    server = stage.servers[0]
    assert isinstance(server, Http2Server)
    return server


def _reorder(items: Items) -> Sequence[object]:
    return items[::-1]


_UNTRUSTED, _TIMEOUT = FailureReason.UNTRUSTED, FailureReason.TIMEOUT

FAULTS: dict[str, Fault] = {
    "delay": Fault(
        lambda stage: _waits(stage, passes_on(stage.struck.answer)), None, meanwhile=_opens_the_gate
    ),
    "silence": Fault(
        lambda stage: _waits(stage, drop),
        _TIMEOUT, "{name} did not answer for 10 s.", r"EndpointTimeout after_s=10.0", _time_is_up,
    ),
    "slow drip": Fault(
        lambda stage: _acts(drips(50, stage.reached))(stage),
        _TIMEOUT, "{name} did not answer for 10 s.", r"EndpointTimeout after_s=10.0", _time_is_up,
    ),
    "drop": Fault(_acts(drop), FailureReason.UNREACHABLE, _UNREACHABLE, "EndpointUnreachable problem=closed"),
    "cut in mid-body": Fault(_acts(cut), FailureReason.UNREACHABLE, _UNREACHABLE, "EndpointUnreachable problem=closed"),
    "429 with Retry-After": Fault(
        _acts(says(MARKUP.encode(), status="429 Too Many", Retry_After="8")),
        FailureReason.RATE_LIMITED,
        "{host} asks for fewer requests. Next try in 8 s.",
        "EndpointRateLimited retry_after_s=8.0",
    ),
    "429 without Retry-After": Fault(
        _acts(says(MARKUP.encode(), status="429 Too Many")),
        FailureReason.RATE_LIMITED,
        "{host} asks for fewer requests. Next try in 1 s.",
        "EndpointRateLimited",
    ),
    "limit told in JSON": Fault(
        _acts(says({"jsonrpc": "2.0", "id": None, "error": {"code": -32005, "message": f"rate limit {MARKUP}"}})),
        FailureReason.RATE_LIMITED,
        "{host} asks for fewer requests. Next try in 1 s.",
        "EndpointRateLimited",
    ),
    "500": Fault(
        _acts(says(MARKUP.encode(), status="500 Internal Server Error")),
        FailureReason.REFUSED, _REFUSED, "EndpointRefused status=500",
    ),
    "error in JSON": Fault(
        _acts(says({"jsonrpc": "2.0", "id": None, "error": {"code": -32603, "message": MARKUP}}, status="503 Sorry")),
        FailureReason.REFUSED, _REFUSED, "EndpointRefused status=503",
    ),
    "redirect": Fault(
        _acts(says(b"", status="307 Temporary Redirect", Location="http://127.0.0.1:9/elsewhere")),
        FailureReason.REFUSED, _REFUSED, "EndpointRefused status=307",
    ),
    "HTML": Fault(
        _acts(says(f"<html><body>{MARKUP}</body></html>".encode(), Content_Type="text/html")),
        _UNTRUSTED, _NONSENSE, "MalformedReply problem=json",
    ),
    "empty body": Fault(_acts(says(b"")), _UNTRUSTED, _NONSENSE, "MalformedReply problem=json"),
    "100 MB": Fault(
        _acts(pours([b" " * _MIB] * 100)), _UNTRUSTED, _NONSENSE, "OversizedReply limit=bytes maximum=4194304", tries=2
    ),
    "100 MB announced": Fault(
        _acts(says(b"[", Content_Length=str(100 * _MIB))),
        _UNTRUSTED, _NONSENSE, "OversizedReply limit=bytes maximum=4194304", tries=2,
    ),
    "gzip bomb": Fault(
        _acts(says(gzip.compress(b"[" * (100 * _MIB), 1), Content_Encoding="gzip")),
        _UNTRUSTED, _NONSENSE, "OversizedReply limit=bytes maximum=4194304", tries=2,
    ),
    "deep nesting": Fault(
        _acts(says(b"[" * 100_000 + b"]" * 100_000)), _UNTRUSTED, _NONSENSE, "OversizedReply limit=depth maximum=64"
    ),
    "deep nesting in a result": Fault(
        _results(lambda _: json.loads("[" * 500 + "]" * 500)), _UNTRUSTED, _NONSENSE, "OversizedReply limit=depth"
    ),
    "wrong id": Fault(
        _edits(lambda items: [{**item, "id": item["id"] + 1_000} for item in items]),
        _UNTRUSTED, _NONSENSE, "MalformedReply problem=id",
    ),
    "id as text": Fault(
        _edits(lambda items: [{**item, "id": str(item["id"])} for item in items]),
        _UNTRUSTED, _NONSENSE, "MalformedReply problem=id",
    ),
    "missing id": Fault(
        _edits(lambda items: [{name: value for name, value in item.items() if name != "id"} for item in items]),
        _UNTRUSTED, _NONSENSE, "MalformedReply problem=response",
    ),
    "missing item": Fault(_edits(lambda items: items[:-1]), _UNTRUSTED, _NONSENSE, "MalformedReply problem=missing"),
    "doubled items": Fault(
        _edits(lambda items: [*items, *items]), _UNTRUSTED, _NONSENSE, "MalformedReply problem=id"
    ),
    "one item doubled in another's place": Fault(
        _edits(lambda items: [items[0], *items[:-1]]), _UNTRUSTED, _NONSENSE, "MalformedReply problem=id"
    ),
    "reordered items": Fault(_edits(_reorder), None),
    "results exchanged": Fault(
        _edits(lambda items: [{**item, "result": items[-1 - place]["result"]} for place, item in enumerate(items)]),
        _UNTRUSTED, _NONSENSE, "MalformedReply problem=",
    ),
    "null": Fault(_results(lambda _: None), _UNTRUSTED, _NONSENSE, "MalformedReply problem="),
    "lists": Fault(_results(lambda value: [value]), _UNTRUSTED, _NONSENSE, "MalformedReply problem="),
    "numbers": Fault(_results(lambda _: 0), _UNTRUSTED, _NONSENSE, "MalformedReply problem="),
    "true": Fault(_results(lambda _: True), _UNTRUSTED, _NONSENSE, "MalformedReply problem="),
    "floats": Fault(_results(lambda _: 1.5e18), _UNTRUSTED, _NONSENSE, "MalformedReply problem="),
    "NaN": Fault(_results(lambda _: float("nan")), _UNTRUSTED, _NONSENSE, "MalformedReply problem=json"),
    "huge integers": Fault(
        _edits(lambda items: _dumped(items).replace(b'"result":', b'"result": ' + b"9" * 100_000 + b', "was":')),
        _UNTRUSTED, _NONSENSE, "MalformedReply problem=json",
    ),
    "huge quantities": Fault(
        _results(lambda _: "0x" + "f" * 100_000), _UNTRUSTED, _NONSENSE, "MalformedReply problem="
    ),
    "text": Fault(_results(lambda _: MARKUP), _UNTRUSTED, _NONSENSE, "MalformedReply problem="),
    "empty 0x": Fault(
        _to("eth_call", lambda _: "0x"),
        FailureReason.EMPTY, "{name} answered without a number. That is not a zero.", "MalformedReply problem=empty",
    ),
    "empty 0x for everything": Fault(_results(lambda _: "0x"), _UNTRUSTED, _NONSENSE, "MalformedReply problem="),
    "another chain": Fault(
        _another_chain, FailureReason.WRONG_CHAIN,
        "{host} answers for another network than {name}. Its answer was not used.",
        "WrongChain expected=",
    ),
    "TLS failure": Fault(
        _shows_another_certificate, FailureReason.UNREACHABLE, _UNREACHABLE, "EndpointUnreachable problem=tls",
        lift=_shows_the_certificate, http2=True,
    ),
    "GOAWAY to every request": Fault(
        _says_goaway, FailureReason.UNREACHABLE, _UNREACHABLE, "EndpointUnreachable problem=closed",
        lift=_serves_again, http2=True,
    ),
    "GOAWAY now and then": Fault(_says_goaway_after_each, None, lift=_serves_again, http2=True),
}  # fmt: skip
"""What a server may do to one exchange. How a chain may lie stands in test_endpoints_heights.py."""
