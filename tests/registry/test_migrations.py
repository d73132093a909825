"""Every step of the schema is whole or not there, and a newer database is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from desktop_wallet.core.errors import RegistryTooNew
from desktop_wallet.registry.migrations import MIGRATIONS, Migration, SchemaVersion
from desktop_wallet.registry.registry import Registry
from tests.fakes.clock import FakeClock
from tests.fakes.receipts import logged, received
from tests.fakes.transfers import signed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DATA_KEY = bytes(range(32))
NEXT = (
    *MIGRATIONS,
    Migration(SchemaVersion(1, 3), ("CREATE TABLE notes (text TEXT NOT NULL)", "INSERT INTO notes VALUES ('first')")),
    Migration(SchemaVersion(2, 0), ("ALTER TABLE notes ADD COLUMN more TEXT", "UPDATE notes SET text = 'second'")),
)


async def _open(folder: Path, migrations: Sequence[Migration] = MIGRATIONS) -> Registry:
    return await Registry.open(folder / "registry.db", DATA_KEY, FakeClock(), migrations=migrations)


async def _version(registry: Registry) -> SchemaVersion:
    def work(connection: Any) -> int:  # noqa: ANN401 - a library without types
        (number,) = connection.execute("PRAGMA user_version").fetchone()
        return int(number)

    return SchemaVersion.of_number(await registry._database.read(work))


async def _notes(registry: Registry) -> list[tuple[object, ...]]:
    def work(connection: Any) -> list[tuple[object, ...]]:  # noqa: ANN401 - a library without types
        return list(connection.execute("SELECT * FROM notes"))

    return await registry._database.read(work)


async def test_a_new_registry_has_the_newest_version(tmp_path: Path) -> None:
    registry = await _open(tmp_path)
    assert await _version(registry) == MIGRATIONS[-1].to
    await registry.close()


async def test_a_database_of_version_1_is_brought_up_with_its_content(tmp_path: Path) -> None:
    registry = await _open(tmp_path, MIGRATIONS[:1])
    known = registry.id
    await registry.save_settings({"kept": "1"})
    await registry.invalidate([], "before")
    await registry.close()
    registry = await _open(tmp_path, NEXT)
    assert await _version(registry) == SchemaVersion(2, 0)
    assert await _notes(registry) == [("second", None)]
    assert (registry.id, registry.invalidations.counter) == (known, 1)
    assert await registry.load_settings() == {"kept": "1"}
    await registry.close()


async def test_a_database_from_before_transfers_can_keep_them(tmp_path: Path) -> None:
    registry = await _open(tmp_path, MIGRATIONS[:1])
    assert await _version(registry) == SchemaVersion(1, 0)
    await registry.invalidate([], "before")
    await registry.close()
    registry = await _open(tmp_path)
    assert await _version(registry) == MIGRATIONS[-1].to
    assert (await registry.load_transfers(), await registry.load_received(9), await registry.load_known_from()) == (
        (),
        (),
        {},
    )
    assert await registry.add_transfer(signed(), [], "signed") == 2
    await registry.close()
    registry = await _open(tmp_path)
    assert await registry.load_transfers() == (signed(),)
    await registry.close()


async def test_a_program_that_knows_no_transfers_leaves_them_as_they_are(tmp_path: Path) -> None:
    registry = await _open(tmp_path)
    await registry.add_transfer(signed(), [], "signed")
    await registry.close()
    registry = await _open(tmp_path, MIGRATIONS[:1])
    await registry.invalidate([], "of an older program")
    assert await _version(registry) == MIGRATIONS[-1].to
    await registry.close()
    registry = await _open(tmp_path)
    assert await registry.load_transfers() == (signed(),)
    assert registry.invalidations.counter == 2
    await registry.close()


async def test_a_database_of_version_1_1_with_rows_keeps_them_and_can_keep_what_logs_tell(tmp_path: Path) -> None:
    registry = await _open(tmp_path, MIGRATIONS[:2])
    transfer, came = signed(), received()
    await registry.add_transfer(transfer, [], "signed")
    await registry.add_received([came])
    await registry.note_known_from(came.network, came.address, 70)
    await registry.close()
    registry = await _open(tmp_path)
    assert await _version(registry) == SchemaVersion(1, 2)
    assert await registry.load_transfers() == (transfer,)
    assert await registry.load_received(9) == (came,)
    assert await registry.load_known_from() == {(came.network, came.address): 70}
    assert (await registry.load_logged(9), await registry.load_log_scans(), await registry.load_found_tokens()) == (
        (),
        (),
        (),
    )
    told = logged(came)
    assert await registry.add_logged([told], []) == (told,)
    await registry.close()
    registry = await _open(tmp_path)
    assert await registry.load_logged(9) == (told,)
    await registry.close()


async def test_a_program_of_version_1_1_leaves_what_logs_told_as_it_is(tmp_path: Path) -> None:
    registry = await _open(tmp_path)
    told = logged(received())
    await registry.add_logged([told], [])
    await registry.close()
    registry = await _open(tmp_path, MIGRATIONS[:2])
    await registry.add_received([received()])
    await registry.close()
    registry = await _open(tmp_path)
    assert await registry.load_logged(9) == (told,)
    assert await registry.load_received(9) == (received(),)
    await registry.close()


async def test_a_step_that_fails_leaves_the_version_before_whole(tmp_path: Path) -> None:
    registry = await _open(tmp_path)
    await registry.save_settings({"kept": "1"})
    await registry.close()
    broken = (*NEXT[:-1], Migration(SchemaVersion(2, 0), ("UPDATE notes SET text = 'half'", "NO SUCH STATEMENT")))
    with pytest.raises(Exception, match="syntax error"):
        await _open(tmp_path, broken)
    registry = await _open(tmp_path, NEXT[:-1])
    assert await _version(registry) == SchemaVersion(1, 3)
    assert await _notes(registry) == [("first",)]
    assert await registry.load_settings() == {"kept": "1"}
    await registry.close()


async def test_a_newer_major_version_is_refused_and_the_file_left_as_it_is(tmp_path: Path) -> None:
    await (await _open(tmp_path, NEXT)).close()
    before = (tmp_path / "registry.db").read_bytes()
    with pytest.raises(RegistryTooNew) as refusal:
        await _open(tmp_path)
    assert (refusal.value.found, refusal.value.known) == ("2.0", "1.2")
    assert (tmp_path / "registry.db").read_bytes() == before
    assert not (tmp_path / "registry.db-wal").exists()
    await (await _open(tmp_path, NEXT)).close()


async def test_a_newer_minor_version_is_used_and_not_written_back(tmp_path: Path) -> None:
    await (await _open(tmp_path, NEXT[:-1])).close()
    registry = await _open(tmp_path)
    await registry.invalidate([], "still works")
    assert await _version(registry) == SchemaVersion(1, 3)
    await registry.close()


def test_migrations_stand_in_the_order_of_their_versions() -> None:
    versions = [migration.to for migration in MIGRATIONS]
    assert versions == sorted(set(versions))
    assert versions[0] == SchemaVersion(1, 0)
    assert [SchemaVersion.of_number(version.number) for version in versions] == versions
