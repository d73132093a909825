"""Secrets in any surroundings are taken out of a text; what is no secret stays readable."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.redaction import redact
from desktop_wallet.vault.phrases import phrase_of, word_list

WORDS = frozenset(word_list())
KEY = bytes(range(1, 33))
PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"

keys = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
phrases = st.sampled_from((16, 20, 24, 28, 32)).flatmap(lambda n: st.binary(min_size=n, max_size=n)).map(phrase_of)
surroundings = st.sampled_from(
    ["{}", "a b {} c", "({})", "'{}'", '"{}"', "x={}", "x: {}, y", "{}\n", "[{}]", "<{}>", "a\t{}", "{};{}", "…{}…",
     "not found: {}", "/{}/", "\\n{}\\n", "{{'x': '{}'}}", "what:{}:what"]
)  # fmt: skip


def clean(text: str) -> str:
    return redact(text, WORDS)


KEY_SPELLINGS: list[Callable[[bytes], str]] = [
    lambda key: key.hex(),
    lambda key: "0x" + key.hex(),
    lambda key: "0X" + key.hex().upper(),
    lambda key: key.hex(" "),
    lambda key: key.hex(":"),
    lambda key: key.hex("-", 4),
    lambda key: key.hex("_", 2),
    lambda key: key.hex(" ", 4),
    lambda key: str(int.from_bytes(key, "big") | 1 << 255),
    lambda key: str(list(key)),
    repr,
    lambda key: repr(bytearray(key)),
    lambda key: ", ".join(map(hex, key)),
    lambda key: base64.b64encode(key).decode(),
    lambda key: base64.urlsafe_b64encode(key).decode(),
    lambda key: base64.b32encode(key).decode(),
    lambda key: "".join(f"\\x{byte:02x}" for byte in key),
]


def pieces(secret: str, size: int = 12) -> set[str]:
    """Return every part of a spelling that is long enough to tell something."""
    return {secret[n : n + size] for n in range(len(secret) - size + 1)}


@pytest.mark.parametrize("spell", KEY_SPELLINGS)
@given(key=keys, around=surroundings)
def test_a_key_is_taken_out_however_it_is_spelt(spell: Callable[[bytes], str], key: bytes, around: str) -> None:
    spelt = spell(key)
    told = clean(around.format(spelt, spelt))
    assert not [piece for piece in pieces(spelt) if piece in told]


PHRASE_SPELLINGS: list[Callable[[str], str]] = [
    lambda phrase: phrase,
    lambda phrase: phrase.upper(),
    lambda phrase: phrase.title(),
    lambda phrase: phrase.replace(" ", "\n"),
    lambda phrase: phrase.replace(" ", "\\n"),
    lambda phrase: phrase.replace(" ", "  "),
    lambda phrase: phrase.replace(" ", ", "),
    lambda phrase: phrase.replace(" ", "-"),
    lambda phrase: repr(phrase.split()),
    lambda phrase: "\n".join(f"{n}. {word}" for n, word in enumerate(phrase.split(), 1)),
    lambda phrase: ", ".join(f"{n}: '{word}'" for n, word in enumerate(phrase.split())),
]


@pytest.mark.parametrize("spell", PHRASE_SPELLINGS)
@given(phrase=phrases, around=surroundings)
def test_a_phrase_is_taken_out_however_it_is_spelt(spell: Callable[[str], str], phrase: str, around: str) -> None:
    told = clean(around.format(spell(phrase), spell(phrase))).lower()
    written = re.findall(r"[a-z]+", told)
    assert not [
        three for three in zip(*(phrase.split()[n:] for n in range(3)), strict=False) if _in_row(three, written)
    ]


def _in_row(words: tuple[str, ...], text: list[str]) -> bool:
    return any(tuple(text[n : n + len(words)]) == words for n in range(len(text)))


@given(address=addresses, around=surroundings)
def test_an_address_is_shortened(address: str, around: str) -> None:
    told = clean(around.format(address, address))
    assert address not in told
    assert f"{address[:6]}…{address[-4:]}" in told


@given(
    user=st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True),
    password=st.from_regex(r"[A-Za-z0-9!$%&*+,.;=_~-]{6,40}", fullmatch=True),
    path=st.from_regex(
        r"(/[A-Za-z0-9._-]{3,50}){1,3}(\?[a-z]{1,5}=[A-Za-z0-9]{3,40})?(#[a-z0-9]{3,10})?", fullmatch=True
    ),
    scheme=st.sampled_from(["https", "http", "wss", "WSS", "socks5"]),
    port=st.sampled_from(["", ":8545"]),
    around=surroundings,
)
def test_of_a_url_the_host_is_left(user: str, password: str, path: str, scheme: str, port: str, around: str) -> None:
    for url in (f"{scheme}://{user}:{password}@node.example{port}{path}", f"{scheme}://node.example{port}{path}"):
        told = clean(around.format(url, url))
        assert password not in told
        assert "node.example" in told
        assert path not in told
        assert not [part for part in re.split(r"[/?#=]", path) if len(part) > 5 and part in told]


@pytest.mark.parametrize(
    "text",
    [
        r"https:\/\/user:hunter2@node.example\/v3\/hunter2",
        "https%3A%2F%2Fuser%3Ahunter2%40node.example%2Fv3%2Fhunter2",
        "user:hunter2@node.example",
        "https://hunter2@node.example",
        "https://[::1]:8545/hunter2",
        "password=hunter2",
        "Password: 'hunter2'",
        "the password is hunter2",
        "{'password': 'hunter2'}",
        "passphrase = hunter2 and more hunter2",
        "new_password='hunter2', x=1",
        "PASSWORDS=[hunter2]",
        "api_key=hunter2",
        "api-key: hunter2",
        "Authorization: Basic hunter2",
        "Bearer hunter2",
        "mnemonic=hunter2",
        "seed:hunter2",
        "private key: hunter2",
        "secret\n=\nhunter2",
        "access_token=hunter2",
    ],
)
def test_what_a_text_calls_a_secret_is_withheld(text: str) -> None:
    assert "hunter2" not in clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "the counters were not saved: StorageFull",
        "a page of the cache does not open and is dropped",
        "the cache is in trouble and reads go to the network: full",
        "the keyring's entries could not be tidied: KeyringLocked",
        "a program with the same data folder runs and does not answer",
        "which addresses are contracts is not known yet: EndpointTimeout",
        "eip155:42161: 12 balances answered from below what is held",
        "broadcast at rpc.example.org:8545: accepted",
        "eip155:1/slip44:60",
        "desktop_wallet/services/network_reads.py:104 _a_long_name_of_a_function_in_a_traceback",
        "what follows an invalidation failed",
        "CancelledError in TheVeryLongNameOfSomeClassOfOurs",
        "12 of 30 balances, 1234567 bytes, 99.5 %",
        "wrong password for this profile",
        "",
    ],
)
def test_our_own_lines_stay_as_they_are(text: str) -> None:
    assert clean(text) == text


@given(st.text(max_size=400))
def test_any_text_is_taken_and_what_is_clean_stays_so(text: str) -> None:
    once = clean(text)
    assert clean(once) == once or len(clean(once)) <= len(once)


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "0x",
        "a:",
        "ab ",
        "1 ",
        "http://",
        "x@",
        "b'",
        "pin ",
        "a-",
        "\\x41",
        "/",
        "a+",
        "\\n",
        "\\",
        "1, ",
        "a.b=c",
    ],
)
def test_no_text_keeps_the_log_busy(text: str) -> None:
    import time

    began = time.process_time()
    for begins in ("", "b'", "https://", "0x", "user:"):
        clean(begins + (text * 2_000)[:2_000])
    assert time.process_time() - began < 1, "no pattern goes back and forth over a text"
