"""The last line of defence of the logs: what must not stand in one is taken out of every text that goes there.

Whoever logs passes no secret in the first place, and no whole address. This is for what nobody thought of. It knows
secrets by their look: keys and seeds by their digits, phrases by their words, URLs, and whatever a text itself calls
a password. A password that stands in a text without being called one looks like any other word: against that helps
only what `logs.py` does, which never prints an error's own text, nor a variable.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from desktop_wallet.core.addresses import shorten

if TYPE_CHECKING:
    from collections.abc import Collection

_NAMES_OF_SECRETS = (
    r"pass(?:word|phrase|wd|code)|pwd|secret|mnemonic|seed|phrase|entropy|private[ _-]?key|api[ _-]?key|access[ _-]?key"
    r"|spend[ _-]?key|view[ _-]?key|token|authorization|cookie|credential|pin"
)
_NAMED = re.compile(rf"(?is)((?<![a-z])(?:{_NAMES_OF_SECRETS})s?\w*[\"']?\s*(?:[:=]|\bis\b)\s*)\S.*")
_BEARER = re.compile(r"(?is)\b(bearer|basic)\s+\S.*")
SECRET_NAME = re.compile(rf"(?i)(?:{_NAMES_OF_SECRETS})")
"""Matches the name of a value that is not for any log."""
_URL = re.compile(
    r"(?i)[a-z][a-z0-9+.-]{0,30}(?::|%3a)(?:\\?/|%2f){2}"  # the scheme; slashes as JSON and forms may write them
    r"(?:[^\s/\\\"'<>]*@)?"  # user and password
    r"(?P<host>\[[0-9a-f:.]+\]|[^\s/\\\"'<>?#@:%]*)(?P<port>:\d{1,5})?"
    r"[^\s\"'<>]*"  # path, query and fragment
)
_LOGIN = re.compile(r"[^\s/@:\"']{1,100}:[^\s@\"']+@(?=[\w.-]+)")
_BYTES = re.compile(r"(?:\b|(?<=\\[nrt]))b(?P<quote>['\"])(?:\\.|(?!(?P=quote))[^\\])*(?P=quote)", re.DOTALL)
_ESCAPED = re.compile(r"(?:\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}){4,}")
_HEX = re.compile(r"(?P<prefix>0[xX])?(?P<digits>[0-9a-fA-F]{16,})")
_ROW = re.compile(r"(?i)(?<![0-9a-z])(?:(?:0x)?[0-9a-f]{1,8}[\s:,;_-]{1,3}){11,}(?:0x)?[0-9a-f]{1,8}(?![0-9a-z])")
_ROW_OF_GROUPS = re.compile(r"(?i)(?<![0-9a-z])(?:[0-9a-f]{4,8}[\s:,;_-]{1,3}){5,}[0-9a-f]{4,8}(?![0-9a-z])")
"""Bytes one by one, in decimal or hexadecimal digits, and in groups."""
_TOKEN = re.compile(r"[A-Za-z0-9+/=_-]{20,}")
_NAME = re.compile(r"[a-z_]+|[A-Z][a-z]+(?:[A-Z][a-z]+)*")
"""What Python's own names look like: of one case with underscores, or several capitalised words."""
_LONG_ANYWAY = 32
_WORD = re.compile(r"[A-Za-z]+")
_ADDRESS_DIGITS = 40
_MOST_BETWEEN = 8
"""Characters between two words of a phrase: quotes, commas, numbers, the end of a line."""
_FEWEST_WORDS = 4
"""So many words of the list in a row are taken for a part of a phrase."""


def redact(text: str, phrase_words: Collection[str]) -> str:
    """Return the text without secrets, with addresses shortened and URLs cut down to their hosts.

    `phrase_words`: the words that phrases are made of, in lower case.
    """
    text = _NAMED.sub(r"\1[withheld]", text)
    text = _BEARER.sub(r"\1 [withheld]", text)
    text = _URL.sub(lambda found: (found["host"] or "[url]") + (found["port"] or ""), text)
    text = _LOGIN.sub("", text)
    text = _BYTES.sub("[bytes]", text)
    text = _ESCAPED.sub("[bytes]", text)
    text = _HEX.sub(_digits, text)
    text = _ROW.sub("[bytes]", text)
    text = _ROW_OF_GROUPS.sub("[bytes]", text)
    text = _TOKEN.sub(_token, text)
    return _without_phrases(text, phrase_words)


def _digits(found: re.Match[str]) -> str:
    digits = found["digits"]
    if found["prefix"] and len(digits) == _ADDRESS_DIGITS:
        return shorten(found[0])
    return f"[{len(digits)} hex digits]"


def _token(found: re.Match[str]) -> str:
    token = found[0]
    if _NAME.fullmatch(token.strip("_-=+/").replace("/", "_").replace("-", "_")):
        return token
    mixed = any(c.isdigit() for c in token) and any(c.isalpha() for c in token)
    return f"[{len(token)} characters]" if mixed or len(token) >= _LONG_ANYWAY else token


def _without_phrases(text: str, words: Collection[str]) -> str:
    # A line break that was written as \n must not become a part of the word behind it.
    flat = re.sub(r"\\[nrt]", "  ", text)
    runs: list[tuple[int, int]] = []
    first = end = count = 0
    for found in _WORD.finditer(flat):
        if found[0].lower() not in words:
            continue
        between = flat[end : found.start()]
        if count and len(between) <= _MOST_BETWEEN and not _WORD.search(between):
            count, end = count + 1, found.end()
        else:
            first, end, count = found.start(), found.end(), 1
        if count >= _FEWEST_WORDS:
            if runs and runs[-1][0] == first:
                runs.pop()
            runs.append((first, end))
    for first, end in reversed(runs):
        text = f"{text[:first]}[words]{text[end:]}"
    return text
