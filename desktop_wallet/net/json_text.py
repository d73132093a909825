"""JSON from a server: checked for size of structure before it is parsed, and parsed without floats."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import NoReturn

from desktop_wallet.core.errors import MalformedReply, OversizedReply
from desktop_wallet.net.limits import ReplyLimits

# Possessive, and the closing mark optional: every try to match succeeds, so that no text makes it start over and over.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_ALIKE = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_MARKS_AN_ITEM = 4
_MAX_DIGITS = 80  # 2**256 has 78


@dataclass(frozen=True, slots=True)
class JsonDecimal:
    """A JSON number with a fraction or an exponent, as it was written: never an int, never a float."""

    text: str


def parse_json(body: bytes, host: str, limits: ReplyLimits) -> object:
    """Return the value of a JSON text (RFC 8259, UTF-8).

    Numbers are int, or JsonDecimal where they have a fraction or an exponent. Raises OversizedReply (depth, items)
    and MalformedReply (everything else, NaN and integers of more than 80 digits included).
    """
    check_structure(body, host, limits)
    try:
        return _parse(body)
    except (ValueError, RecursionError):
        pass
    # Outside the handler: the parser's own error quotes the reply, and must not hang on ours as its context.
    raise MalformedReply(host=host, problem="json")


def check_structure(body: bytes, host: str, limits: ReplyLimits) -> None:
    """Raise OversizedReply if the text nests deeper or holds more values than allowed, MalformedReply if unbalanced.

    All loops over the text run in C, and over its brackets at most `max_depth` times: each pass takes away the
    innermost pairs, so what is left after n passes lies deeper than n. The kinds of brackets are not told apart; a
    text that mixes them up nests no deeper, and the parser refuses it.
    """
    if body.count(b'"') > _MARKS_AN_ITEM * (limits.max_items + 1):  # a name and a text each; pieces cost memory, too
        raise OversizedReply(host=host, limit="items", maximum=limits.max_items)
    # Without escapes, every second piece between quotation marks is a string.
    bare = _STRING.sub(b"", body) if b"\\" in body else b"".join(body.split(b'"')[::2])
    if bare.count(b",") + bare.count(b"[") + bare.count(b"{") > limits.max_items:
        raise OversizedReply(host=host, limit="items", maximum=limits.max_items)
    brackets = bare.translate(_ALIKE, _NOT_BRACKETS)
    for _ in range(limits.max_depth):
        shorter = brackets.replace(b"[]", b"")
        if len(shorter) == len(brackets):
            break
        brackets = shorter
    if not brackets:
        return
    if b"[]" in brackets:
        raise OversizedReply(host=host, limit="depth", maximum=limits.max_depth)
    raise MalformedReply(host=host, problem="json")


def _parse(body: bytes) -> object:
    # Decoded here: json.loads would guess UTF-16 from the bytes, which the scan above does not read.
    return json.loads(
        body.decode("utf-8"), parse_float=JsonDecimal, parse_int=_short_int, parse_constant=_refuse_constant
    )


def _short_int(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        msg = "too many digits"
        raise ValueError(msg)
    return int(text)


def _refuse_constant(text: str) -> NoReturn:
    msg = f"{text} is no JSON"
    raise ValueError(msg)
