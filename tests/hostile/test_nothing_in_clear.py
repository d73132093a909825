"""Whoever reads the disk learns no address, phrase, label or amount from any file of ours."""

from __future__ import annotations

import base64
import contextlib
import os
import sqlite3
import zlib
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.addresses import display_address
from tests.end_to_end.house import (
    ENTROPY,
    PASSWORD,
    PHRASE,
    Chain,
    amounts,
    at_rest,
    local_network,
    surrounds,
    wallet,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.keyring_daemon import PrivateKeyring

pytestmark = [pytest.mark.anvil, pytest.mark.keyring_daemon]

LABELS = ("Grandmother's house fund", "Groceries and rent", "Zürich vault")
_LONGEST_PREFIX = 64
"""Bytes that may stand before something packed, such as a nonce and a tag."""
_LEAST_BYTES = 5
"""Shorter numbers stand in every binary file by chance."""


def addresses_in(text: str) -> dict[str, bytes]:
    """Return the forms in which an address could stand in a file; texts are searched in any case."""
    digits = text.removeprefix("0x")
    raw = bytes.fromhex(digits)
    return {
        f"address {text}": digits.encode(),
        f"address {text} as UTF-16": digits.encode("utf-16-le"),
        f"address {text} as bytes": raw,
        f"address {text} as base64": base64.b64encode(raw).rstrip(b"="),
    }


def amounts_in(amount: int) -> dict[str, bytes]:
    """Return the forms in which an amount could stand in a file."""
    length = (amount.bit_length() + 7) // 8
    forms = {f"amount {amount}": str(amount).encode(), f"amount {amount} as hexadecimal": f"{amount:x}".encode()}
    if length >= _LEAST_BYTES:
        forms |= {f"amount {amount} {order}": amount.to_bytes(length, order) for order in ("big", "little")}
    return forms


def texts_in(text: str) -> dict[str, bytes]:
    """Return the forms in which a text could stand in a file."""
    return {f"text {text}": text.encode(), f"text {text} as UTF-16": text.encode("utf-16-le")}


def found_under(root: Path, needles: dict[str, bytes]) -> set[str]:
    """Return the names of the needles that stand in any file, name or folder under `root`; letters in any case."""
    found: set[str] = set()
    for path in root.rglob("*"):
        content = (path.read_bytes() if path.is_file() else b"") + str(path.relative_to(root)).encode()
        for part in (content, *unpacked(path)):
            lowered = part.lower()
            found |= {name for name, needle in needles.items() if needle in part or needle.lower() in lowered}
    return found


def unpacked(path: Path) -> Iterator[bytes]:
    """Yield every value in a database that opens without a key, and what it is when it is inflated."""
    if path.suffix != ".db":
        return
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        try:
            tables = [name.decode() for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE rootpage")]
        except sqlite3.DatabaseError:
            return  # encrypted as a whole
        for table in tables:
            with contextlib.suppress(sqlite3.DatabaseError):  # an index
                for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - a name of the database's own
                    for value in row:
                        raw = value if isinstance(value, bytes) else str(value).encode()
                        yield raw
                        for start in range(_LONGEST_PREFIX):
                            with contextlib.suppress(zlib.error):
                                yield zlib.decompressobj().decompress(raw[start:])


def open_to_others(root: Path) -> list[Path]:
    """Return every file and folder under `root` that others than its owner may so much as look at."""
    return [path for path in root.rglob("*") if path.stat().st_mode & 0o077]


@pytest.fixture
def private_process() -> Iterator[None]:
    """Make new files private, as the program does first of all (`vault.harden`)."""
    before = os.umask(0o077)
    yield
    os.umask(before)


async def test_no_file_of_ours_holds_an_address_a_phrase_a_label_or_an_amount(
    tmp_path: Path, chain: Chain, keyring: PrivateKeyring, private_process: None
) -> None:
    root = tmp_path / "home"
    network = local_network(chain.node.url)
    async with wallet(surrounds(root, network)) as application:
        session = await application.create_profile("Main", PASSWORD)
        made = await session.accounts.add_phrase(LABELS[0], PHRASE, created=False)
        await session.accounts.add_account(made.id, LABELS[1])
        await session.accounts.add_watch(LABELS[2], "0x" + "c0ffee" * 6 + "c0de")
        chain.give([account.address for account in session.accounts.accounts()])
        await session.catalogue.choose_networks([network.id])
        for token in chain.tokens:
            await session.catalogue.add_token(await session.catalogue.find_token(network.id, token))
        await at_rest(session)
        await session.balances.refresh(session.balances.keys())
        needles = {"entropy": ENTROPY, "entropy as hexadecimal": ENTROPY.hex().encode(), "password": PASSWORD.encode()}
        needles |= {"entropy as base64": base64.b64encode(ENTROPY).rstrip(b"=")}
        for text in (*LABELS, PHRASE, " ".join(PHRASE.split()[:3])):
            needles |= texts_in(text)
        for account in session.accounts.accounts():
            needles |= addresses_in(account.address.text) | addresses_in(display_address(account.address))
        for token in chain.tokens:
            needles |= addresses_in(token)
        held = {amount for amount in amounts(session).values() if amount}
        assert len(held) == 15
        for amount in held:
            needles |= amounts_in(amount)

        assert found_under(root, needles) == set(), "while it is open"
        assert open_to_others(root) == []
        await application.lock()
        assert found_under(root, needles) == set(), "after the lock"
    assert found_under(root, needles) == set(), "after the end"
    assert {file.name for file in root.rglob("*") if file.is_file()} >= {"vault.json", "registry.db", "cache.db"}

    planted = tmp_path / "packed"
    planted.mkdir()
    with contextlib.closing(sqlite3.connect(planted / "control.db")) as connection, connection:
        connection.execute("CREATE TABLE kept (value)")
        connection.executemany(
            "INSERT INTO kept VALUES (?)", [(b"before it" + zlib.compress(each),) for each in needles.values()]
        )
    assert found_under(planted, needles) == needles.keys(), "the search looks into what is packed"
    planted = tmp_path / "control"
    for number, needle in enumerate(needles.values()):
        (planted / f"{number}").mkdir(parents=True)
        (planted / f"{number}" / "file").write_bytes(b"around " + needle.swapcase() + b" around")
    binary = {name for name in needles if name.endswith(("bytes", "base64", "big", "little")) or name == "entropy"}
    assert found_under(planted, needles) >= needles.keys() - binary, "the search finds what is there, in any case"
    for number, needle in enumerate(needles.values()):
        (planted / f"{number}" / "file").write_bytes(b"around " + needle + b" around")
    assert found_under(planted, needles) == needles.keys(), "the search finds what is there"
