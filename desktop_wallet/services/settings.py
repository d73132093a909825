"""A profile's settings, kept in its registry."""

from __future__ import annotations

import json
import logging
import os
import re
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from desktop_wallet.cache.pages import CacheMode
from desktop_wallet.core.errors import StorageFailure
from desktop_wallet.core.freshness import Policy, Purpose
from desktop_wallet.core.networks import NetworkId

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from desktop_wallet.registry.registry import Registry

_log = logging.getLogger(__name__)

_KEY = "settings"
TTL_VARIABLE = "DESKTOP_WALLET_TTL_S"
"""Environment variable with overrides for one run, such as "display=10,spend=2,display@eip155:1=60"."""
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person chose. `auto_lock_s` None never locks by itself; TTL overrides in seconds."""

    auto_lock_s: float | None = 600.0
    lock_on_suspend: bool = True
    ask_password_to_send: bool = False
    """Whether the spend key is held for one signature only, which then takes the password."""
    preload: bool = True
    keep_fresh: bool = True
    """Whether what is on screen is read again when its TTL ends, and when a network pushes a new head."""
    discover: bool = True
    """Whether tokens and incoming transfers are looked for in transfer logs."""
    prices_in: str = ""
    """The currency in which prices are shown, as ISO 4217 in lower case; empty: no server is asked for prices."""
    cache_mode: CacheMode = CacheMode.ON
    cache_limit_bytes: int = 10 * MEGABYTE
    ttl_s: Mapping[tuple[Purpose, NetworkId | None], float] = field(default_factory=dict)


class SettingsKeeper:
    """The settings in force, and the only way to change them."""

    def __init__(
        self, registry: Registry, kept: Settings, environment: Mapping[tuple[Purpose, NetworkId | None], float]
    ) -> None:
        """Hold the settings as they were kept; the environment's overrides are for this run and win."""
        self._registry = registry
        self._environment = environment
        self._take(kept)

    @classmethod
    async def open(cls, registry: Registry) -> SettingsKeeper:
        """Return the keeper with what the registry has."""
        text = (await registry.load_settings()).get(_KEY)
        return cls(registry, decode(text) if text else Settings(), overrides_from(os.environ.get(TTL_VARIABLE, "")))

    async def change(self, **values: Any) -> Settings:  # noqa: ANN401 - `replace` checks names, `Settings` the types
        """Change the named settings, keep them, and return all; what cannot be kept is not changed either."""
        before = self.now
        self._take(replace(before, **values))
        try:
            await self._registry.save_settings({_KEY: encode(self.now)})
        except StorageFailure:
            self._take(replace(self.now, **{name: getattr(before, name) for name in values}))
            raise
        return self.now

    def policy(self) -> Policy:
        """Return the TTLs in force; made once, because every cached read asks."""
        return self._policy

    def _take(self, settings: Settings) -> None:
        self.now = settings
        self._policy = Policy({**settings.ttl_s, **self._environment})


def encode(settings: Settings) -> str:
    """Return the settings as JSON."""
    body: dict[str, object] = {item.name: getattr(settings, item.name) for item in fields(settings)}
    body["cache_mode"] = settings.cache_mode.value
    body["ttl_s"] = {_override_name(*key): seconds for key, seconds in settings.ttl_s.items()}
    return json.dumps(body)


def decode(text: str) -> Settings:
    """Return the settings that a JSON text holds; names it does not know or cannot read keep their defaults."""
    body = json.loads(text)
    values: dict[str, Any] = {}
    for name, read in _READERS.items():
        try:
            values[name] = read(body[name])
        except KeyError:
            pass
        except (TypeError, ValueError, AttributeError):
            _log.warning("a setting is not understood and keeps its default: %s", name)
    return Settings(**values)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _currency(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch("([a-z]{3})?", value):
        raise TypeError
    return value


_READERS: Mapping[str, Callable[[Any], object]] = {
    "auto_lock_s": lambda value: None if value is None else _positive(value),
    "lock_on_suspend": _truth,
    "ask_password_to_send": _truth,
    "preload": _truth,
    "keep_fresh": _truth,
    "discover": _truth,
    "prices_in": _currency,
    "cache_mode": CacheMode,
    "cache_limit_bytes": int,
    "ttl_s": lambda kept: overrides_from(",".join(f"{name}={seconds}" for name, seconds in kept.items())),
}


def overrides_from(text: str) -> dict[tuple[Purpose, NetworkId | None], float]:
    """Return the TTL overrides that a text such as "display=10,spend@eip155:1=2" names; what is wrong is logged."""
    overrides: dict[tuple[Purpose, NetworkId | None], float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, seconds = part.partition("=")
        purpose, _, network = name.partition("@")
        try:
            overrides[Purpose(purpose), NetworkId.parse(network) if network else None] = _positive(seconds)
        except ValueError:
            _log.warning("a TTL override is not understood and is left out: %s", part[:40])
    return overrides


def _positive(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError(text)
    return seconds


def _override_name(purpose: Purpose, network: NetworkId | None) -> str:
    return f"{purpose.value}@{network}" if network else purpose.value
