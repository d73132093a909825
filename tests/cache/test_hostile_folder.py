"""Whoever can write the cache's folder can spoil it, and no more: nothing runs, nothing is believed, nothing leaks."""

from __future__ import annotations

import contextlib
import os
import pickle  # noqa: TID251 - what an attacker plants
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from desktop_wallet.cache.pages import CacheTrouble, CacheTroubleKind, PageCache
from desktop_wallet.core.accounts import ProfileId
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.balances import BalanceKey, RegistryId
from desktop_wallet.core.invalidation import Invalidations, Scope
from desktop_wallet.core.networks import Family
from tests.fakes.clock import FakeClock
from tests.fakes.readings import KEY, NETWORK, REGISTRY, reading

if TYPE_CHECKING:
    from pathlib import Path

PLACE = (KEY.network, KEY.address)
OTHER = BalanceKey(NETWORK, Address(Family.EVM, "0x" + "22" * 20), KEY.asset)
OTHER_PLACE = (OTHER.network, OTHER.address)


class Bomb:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    @override
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.mark),)


class Victim:
    """A profile's cache in a folder that somebody else writes to."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "cache"
        self.mark = root / "ran"
        self.outside = root / "outside.txt"
        self.outside.write_bytes(b"not ours to touch")
        self.troubles: list[CacheTrouble] = []
        self.cache = self._made()

    def _made(self, page_key: bytes = b"\1" * 32, profile: str = "profile-1") -> PageCache:
        return PageCache(
            self.folder,
            profile=ProfileId(profile),
            page_key=page_key,
            names_key=b"\2" * 32,
            clock=FakeClock(),
            on_trouble=self.troubles.append,
        )

    async def restart(self, **chosen: Any) -> None:  # noqa: ANN401 - passed on
        await self.cache.close()
        self.cache = self._made(**chosen)
        await self.cache.open()

    def plant(self, *statements: str | tuple[str, tuple[object, ...]]) -> None:
        with contextlib.closing(sqlite3.connect(self.folder / "cache.db")) as connection, connection:
            for statement in statements:
                connection.execute(*((statement,) if isinstance(statement, str) else statement))

    def rows(self) -> dict[str, bytes]:
        with contextlib.closing(sqlite3.connect(self.folder / "cache.db")) as connection:
            return dict(connection.execute("SELECT key, value FROM Cache").fetchall())

    def untouched(self) -> bool:
        return self.outside.read_bytes() == b"not ours to touch" and not self.mark.exists()


@pytest.fixture
async def victim(tmp_path: Path) -> Any:  # noqa: ANN401 - an async generator
    made = Victim(tmp_path)
    await made.cache.open()
    await made.cache.put([reading(1, key=KEY), reading(2, key=OTHER)])
    yield made
    await made.cache.close()


def _pickles(victim: Victim) -> tuple[str, tuple[object, ...]]:
    return "UPDATE Cache SET mode = 4, value = ?", (pickle.dumps(Bomb(victim.mark)),)


def _files(victim: Victim) -> tuple[str, tuple[object, ...]]:
    return "UPDATE Cache SET mode = 2, value = NULL, filename = ?", (str(victim.outside),)


def _pickled_files(victim: Victim) -> tuple[str, tuple[object, ...]]:
    (victim.folder.parent / "bomb").write_bytes(pickle.dumps(Bomb(victim.mark)))
    return "UPDATE Cache SET mode = 4, value = NULL, filename = '../bomb'", ()


@pytest.mark.parametrize("restarted", [False, True], ids=["while open", "before opening"])
@pytest.mark.parametrize("planted", [_pickles, _files, _pickled_files])
async def test_planted_rows_are_refused_counted_and_replaced(victim: Victim, planted: Any, restarted: bool) -> None:  # noqa: ANN401 - one of the above
    victim.plant(planted(victim))
    if restarted:
        await victim.restart()
    assert await victim.cache.get_pages([PLACE, OTHER_PLACE]) == {}
    await victim.cache.put([reading(3, key=KEY)])
    assert await victim.cache.get_pages([PLACE]) == {PLACE: (reading(3, key=KEY),)}
    await victim.cache.forget([OTHER])
    await victim.cache.drop(Scope(network=NETWORK))
    await victim.cache.sweep(FakeClock().now())
    await victim.cache.set_limit(0)
    await victim.cache.clear()
    assert victim.cache.metrics.snapshot().rows_refused >= 2
    assert victim.untouched()
    assert victim.troubles == []


async def test_a_page_moved_to_another_address_is_dropped(victim: Victim) -> None:
    rows = victim.rows()
    (one, page_of_one), (other, page_of_other) = rows.items()
    victim.plant(
        ("UPDATE Cache SET value = ? WHERE key = ?", (page_of_other, one)),
        ("UPDATE Cache SET value = ? WHERE key = ?", (page_of_one, other)),
    )
    assert await victim.cache.get_pages([PLACE, OTHER_PLACE]) == {}
    assert victim.cache.metrics.snapshot().seal_failures == 2
    assert victim.rows() == {}


async def test_every_changed_bit_of_a_page_is_noticed(victim: Victim) -> None:
    (name, page), *_ = victim.rows().items()
    for place in range(0, len(page), 7):
        forged = bytearray(page)
        forged[place] ^= 1
        victim.plant(("UPDATE Cache SET value = ? WHERE key = ?", (bytes(forged), name)))
        assert len(await victim.cache.get_pages([PLACE, OTHER_PLACE])) == 1
        victim.plant(
            ("DELETE FROM Cache WHERE key = ?", (name,)),
            ("INSERT INTO Cache (key, raw, store_time, access_time, value) VALUES (?, 1, 1, 1, ?)", (name, page)),
        )
    assert len(await victim.cache.get_pages([PLACE, OTHER_PLACE])) == 2


async def test_a_forged_page_does_not_survive_a_write_or_a_sweep(victim: Victim) -> None:
    victim.plant("UPDATE Cache SET value = x'00'")
    await victim.cache.put([reading(5, key=KEY)])
    assert await victim.cache.get_pages([PLACE]) == {PLACE: (reading(5, key=KEY),)}
    await victim.cache.sweep(FakeClock().now())
    assert len(victim.rows()) == 1
    assert victim.cache.metrics.snapshot().seal_failures == 2


async def test_a_replayed_page_opens_but_does_not_count_after_an_invalidation(victim: Victim) -> None:
    invalidations = Invalidations(REGISTRY)
    replayed = victim.rows()
    invalidations.record(1, [Scope(address=KEY.address)])
    await victim.cache.put([reading(9, seq=1, key=KEY)])
    for name, page in replayed.items():
        victim.plant(("UPDATE Cache SET value = ? WHERE key = ?", (page, name)))
    ((found,),) = (await victim.cache.get_pages([PLACE])).values()
    assert found == reading(1, key=KEY)
    assert not invalidations.covers(found)


async def test_a_page_of_another_registry_or_of_a_later_seq_does_not_count(victim: Victim) -> None:
    await victim.cache.put([reading(1, seq=5, key=KEY), reading(1, seq=0, key=OTHER, registry=RegistryId("restored"))])
    invalidations = Invalidations(REGISTRY, counter=4)
    found = await victim.cache.get_pages([PLACE, OTHER_PLACE])
    assert [invalidations.covers(held) for page in found.values() for held in page] == [False, False]


async def test_another_profile_finds_nothing_in_the_folder(victim: Victim) -> None:
    await victim.restart(profile="profile-2")
    assert await victim.cache.get_pages([PLACE, OTHER_PLACE]) == {}
    assert victim.cache.metrics.snapshot().seal_failures == 0


async def test_another_key_opens_nothing_and_drops_what_it_found(victim: Victim) -> None:
    await victim.restart(page_key=b"\3" * 32)
    assert await victim.cache.get_pages([PLACE, OTHER_PLACE]) == {}
    assert victim.cache.metrics.snapshot().seal_failures == 2


async def test_planted_settings_do_not_reach_diskcache(victim: Victim) -> None:
    await victim.cache.close()
    victim.plant(
        ("INSERT INTO Settings VALUES ('_directory', ?)", (str(victim.folder.parent),)),
        ("INSERT INTO Settings VALUES ('disk__directory', ?)", (str(victim.folder.parent),)),
        "INSERT INTO Settings VALUES ('sqlite_temp_store_directory', '/')",
        "INSERT INTO Settings VALUES ('get', 1)",
        "UPDATE Settings SET value = 'none' WHERE key = 'eviction_policy'",
        "UPDATE Settings SET value = 'off; DROP TABLE Cache' WHERE key = 'sqlite_journal_mode'",
        "UPDATE Settings SET value = 77 WHERE key = 'count'",
    )
    await victim.restart()
    assert len(await victim.cache.get_pages([PLACE, OTHER_PLACE])) == 2
    assert (await victim.cache.stats()).pages == 2
    store = victim.cache._worker._store
    assert store._cache.directory == str(victim.folder)
    assert store._cache.eviction_policy == "least-recently-used"
    assert victim.cache.metrics.snapshot().rows_refused == 4
    assert victim.untouched()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE Other (x)",
        "CREATE TRIGGER planted AFTER UPDATE ON Cache BEGIN DELETE FROM Settings; END",
        "CREATE VIEW planted AS SELECT * FROM Cache",
        "DROP INDEX Cache_key_raw",
    ],
)
async def test_a_database_with_another_schema_is_set_aside(victim: Victim, statement: str) -> None:
    await victim.cache.close()
    victim.plant(statement)
    await victim.restart()
    assert victim.troubles == [CacheTrouble(CacheTroubleKind.DAMAGED, rebuilt=True, detail="schema")]
    await victim.cache.put([reading(1, key=KEY)])
    assert await victim.cache.has(KEY)
    assert (victim.folder / "cache.db.damaged").exists()


@pytest.mark.parametrize("name", ["cache.db", "cache.db-wal", "cache.db-journal"])
async def test_a_link_in_place_of_a_file_is_not_followed(victim: Victim, name: str) -> None:
    await victim.cache.close()
    (victim.folder / name).unlink(missing_ok=True)
    (victim.folder / name).symlink_to(victim.outside)
    await victim.restart()
    await victim.cache.put([reading(1, key=KEY)])
    assert await victim.cache.has(KEY)
    assert not (victim.folder / name).is_symlink()
    assert victim.cache.metrics.snapshot().rows_refused == 1
    assert victim.untouched()


async def test_a_link_in_place_of_the_folder_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "cache").symlink_to(tmp_path / "elsewhere")
    victim = Victim(tmp_path)
    await victim.cache.open()
    await victim.cache.put([reading(1, key=KEY)])
    await victim.cache.close()
    assert [trouble.kind for trouble in victim.troubles] == [CacheTroubleKind.FAILED]
    assert list((tmp_path / "elsewhere").iterdir()) == []


async def test_no_address_amount_or_server_stands_in_any_file_in_clear(victim: Victim) -> None:
    amount = 987_654_321_987_654_321
    await victim.cache.put([reading(1, amount=amount, key=KEY, endpoint="server.example")])
    secrets = [
        KEY.address.text,
        KEY.address.text[2:],
        str(KEY.network),
        str(amount),
        "server.example",
        REGISTRY,
        "profile-1",
    ]
    looked_at = []
    for closed in (False, True):
        if closed:
            await victim.cache.close()
        for path in victim.folder.iterdir():
            content = path.read_bytes()
            looked_at.append(path.name)
            for secret in secrets:
                assert secret.encode() not in content
            assert bytes.fromhex(KEY.address.text[2:]) not in content
    assert {"cache.db", "cache.db-wal"} <= set(looked_at)
