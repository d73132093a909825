"""Between a lock and the next unlock somebody rewrites the profile's cache: it is refused, and nothing else happens."""

from __future__ import annotations

import contextlib
import os
import pickle  # noqa: TID251 - what an attacker plants
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from desktop_wallet.core.freshness import BadgeKind
from tests.end_to_end.house import PASSWORD, Chain, amounts, kinds, local_network, watching

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anvil

WATCHED = tuple("0x" + digits * 20 for digits in ("a1", "b2", "c3"))
MODE_PICKLE, MODE_BINARY = 4, 2
"""How diskcache marks values that are pickles, and values that lie in files of their own."""


class Bomb:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    @override
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.mark),)


class Attacker:
    """Writes into a profile's cache folder, and watches what must not happen."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.mark = root / "it ran"
        self.outside = root / "outside.txt"
        self.outside.write_bytes(b"not ours to touch")
        self.folder = folder
        self.bomb = pickle.dumps(Bomb(self.mark))

    def write(self, statement: str, *values: object) -> int:
        with contextlib.closing(sqlite3.connect(self.folder / "cache.db", timeout=5)) as connection, connection:
            return connection.execute(statement, values).rowcount

    def keys(self) -> list[str]:
        with contextlib.closing(sqlite3.connect(self.folder / "cache.db")) as connection:
            return [key for (key,) in connection.execute("SELECT key FROM Cache ORDER BY rowid")]

    def assert_in_vain(self) -> None:
        assert self.outside.read_bytes() == b"not ours to touch"
        assert not self.mark.exists(), "a planted pickle ran"


def test_the_planted_pickle_would_run_if_it_were_read_as_one(tmp_path: Path) -> None:
    """The control: a bomb that cannot go off would prove nothing."""
    attacker = Attacker(tmp_path, tmp_path)
    with pytest.raises(AssertionError, match="a planted pickle ran"):
        _after_unpickling(attacker)


def _after_unpickling(attacker: Attacker) -> None:
    pickle.loads(attacker.bomb)  # noqa: S301 - our own bomb, to see that it goes off
    attacker.assert_in_vain()


async def test_a_pickle_and_a_foreign_file_name_are_refused_and_counted_through_a_session(
    tmp_path: Path, chain: Chain
) -> None:
    async with watching(tmp_path / "home", local_network(chain.node.url), *WATCHED) as (application, first):
        session = first
        profile = session.profile.id
        chain.give([account.address for account in session.accounts.accounts()])
        await session.balances.refresh(session.balances.keys())
        before = amounts(session)
        assert None not in before.values()
        await application.lock()

        attacker = Attacker(tmp_path, application.folders.profile_cache(profile))
        pickled, filed, kept = attacker.keys()
        as_pickle = "UPDATE Cache SET mode = ?, value = ? WHERE key = ?"
        as_file = "UPDATE Cache SET mode = ?, filename = ?, value = NULL WHERE key = ?"
        new_row = (
            "INSERT INTO Cache (key, raw, store_time, access_time, size, mode, filename, value) "
            "SELECT ?, ?, 0, 0, 0, ?, ?, ? WHERE true"
        )
        assert attacker.write(as_pickle, MODE_PICKLE, attacker.bomb, pickled) == 1
        assert attacker.write(as_file, MODE_BINARY, f"../../../../{attacker.outside.name}", filed) == 1
        attacker.write(new_row, attacker.bomb, 0, 1, None, b"a key that is a pickle")
        attacker.write(new_row, "a" * 64, 1, MODE_BINARY, str(attacker.outside), None)
        chain.node.stop()

        session = await application.unlock(profile, PASSWORD)
        await session.balances.load_pages(session.balances.keys())
        after = amounts(session)
        assert sum(amount is None for amount in after.values()) == 2, "the two spoilt pages are gone"
        assert all(after[place] in (None, amount) for place, amount in before.items())
        assert (await session.metrics.snapshot()).rows_refused == 4
        attacker.assert_in_vain()

        # Once more while the wallet has it open.
        assert attacker.write(as_pickle, MODE_PICKLE, attacker.bomb, kept) == 1
        session.balances.forget_memory()
        await session.balances.load_pages(session.balances.keys())
        assert set(amounts(session).values()) == {None}
        assert (await session.metrics.snapshot()).rows_refused > 4
        assert kinds(session) == {BadgeKind.UNAVAILABLE}
        attacker.assert_in_vain()

        # All is read anew and kept as ever; what was planted is swept away with the rest, and only with that.
        chain.node.start()
        chain.furnish()
        chain.give([account.address for account in session.accounts.accounts()])
        assert (await session.balances.refresh(session.balances.keys())).failed == ()
        assert amounts(session) == before
        attacker.write(new_row, "b" * 64, 1, MODE_BINARY, str(attacker.outside), None)
        await session.balances.clear_cache()
        await session.balances.refresh(session.balances.keys())
        refused = (await session.metrics.snapshot()).rows_refused
        await application.lock()
        attacker.assert_in_vain()

        session = await application.unlock(profile, PASSWORD)
        await session.balances.load_pages(session.balances.keys())
        assert amounts(session) == before
        assert (await session.metrics.snapshot()).rows_refused >= refused, "the count outlives a restart"
        attacker.assert_in_vain()
