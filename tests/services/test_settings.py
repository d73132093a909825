from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desktop_wallet.cache.pages import CacheMode
from desktop_wallet.core.errors import StorageFull
from desktop_wallet.core.freshness import Purpose
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.registry.registry import Registry
from desktop_wallet.services.settings import Settings, SettingsKeeper, decode, encode
from tests.fakes.clock import FakeClock


def test_settings_come_back_as_they_were_kept() -> None:
    kept = Settings(
        auto_lock_s=None,
        lock_on_suspend=False,
        ask_password_to_send=True,
        preload=False,
        cache_mode=CacheMode.MEMORY_ONLY,
        cache_limit_bytes=5_000_000,
        ttl_s={(Purpose.DISPLAY, None): 10.0, (Purpose.SPEND, NetworkId("eip155", "1")): 2.5},
    )
    assert decode(encode(kept)) == kept


@pytest.mark.parametrize(
    "text",
    [
        '{"cache_mode": "shared", "preload": false}',
        '{"auto_lock_s": "soon", "preload": false}',
        '{"auto_lock_s": -1, "preload": false}',
        '{"cache_limit_bytes": null, "preload": false}',
        '{"lock_on_suspend": "yes", "preload": false}',
        '{"ask_password_to_send": 1, "preload": false}',
        '{"ttl_s": 5, "preload": false}',
        '{"of_a_later_version": [1], "preload": false}',
    ],
)
def test_what_is_not_understood_keeps_its_default_and_the_rest_counts(text: str) -> None:
    assert decode(text) == replace(Settings(), preload=False)


async def test_what_cannot_be_kept_is_not_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_: object) -> None:
        raise StorageFull(name="registry.db")

    registry = await Registry.open(tmp_path / "registry.db", b"r" * 32, FakeClock())
    try:
        keeper = await SettingsKeeper.open(registry)
        await keeper.change(lock_on_suspend=False)
        with monkeypatch.context() as patched:
            patched.setattr(registry, "save_settings", full)
            with pytest.raises(StorageFull):
                await keeper.change(preload=False)
        assert keeper.now == Settings(lock_on_suspend=False)
        assert (await SettingsKeeper.open(registry)).now == keeper.now
    finally:
        await registry.close()
