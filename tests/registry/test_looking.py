"""A look into a registry reads what is kept and changes nothing, whatever state its last program left it in."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from desktop_wallet.core.errors import ProfileInUse, RegistryDamaged
from desktop_wallet.registry.looking import look
from desktop_wallet.registry.registry import Registry
from tests.fakes.clock import FakeClock

KEY = b"k" * 32


async def filled(folder: Path) -> Registry:
    registry = await Registry.open(folder / "registry.db", KEY, FakeClock())
    await registry.save_counters({"misses": 5})
    await registry.save_settings({"latency": "{}"})
    return registry


def digests(folder: Path) -> dict[str, str]:
    return {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in folder.iterdir()}


async def test_what_is_kept_is_read_and_not_a_byte_changes(tmp_path: Path) -> None:
    await (await filled(tmp_path)).close()
    os.utime(tmp_path / "registry.db", (1_000.0, 1_000.0))
    before = digests(tmp_path)
    found = look(tmp_path / "registry.db", KEY)
    assert (found.counters, found.settings, found.as_of_s) == ({"misses": 5}, {"latency": "{}"}, 1_000.0)
    assert digests(tmp_path) == before


async def test_what_a_killed_program_left_in_its_log_is_read_too_and_left_there(tmp_path: Path) -> None:
    alive = await filled(tmp_path / "alive")
    shutil.copytree(tmp_path / "alive", tmp_path / "killed")
    await alive.close()
    assert (tmp_path / "killed" / "registry.db-wal").stat().st_size
    before = digests(tmp_path / "killed")
    assert look(tmp_path / "killed" / "registry.db", KEY).counters == {"misses": 5}
    assert digests(tmp_path / "killed") == before
    again = await Registry.open(tmp_path / "killed" / "registry.db", KEY, FakeClock())
    assert await again.load_counters() == {"misses": 5}
    await again.close()


async def test_while_a_program_has_it_open_nobody_looks(tmp_path: Path) -> None:
    registry = await filled(tmp_path)
    with pytest.raises(ProfileInUse):
        look(tmp_path / "registry.db", KEY)
    await registry.close()
    assert look(tmp_path / "registry.db", KEY).counters


async def test_a_wrong_key_opens_nothing_and_gives_the_profile_back(tmp_path: Path) -> None:
    await (await filled(tmp_path)).close()
    for key in (b"x" * 32, KEY):
        if key != KEY:
            with pytest.raises(RegistryDamaged):
                look(tmp_path / "registry.db", key)
        else:
            assert look(tmp_path / "registry.db", key).counters == {"misses": 5}


def test_a_registry_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(RegistryDamaged):
        look(tmp_path / "registry.db", KEY)
    assert not (tmp_path / "registry.db").exists()
