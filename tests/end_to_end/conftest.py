"""A furnished chain, and keyrings of the test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.house import Chain
from tests.fakes.anvil import Anvil
from tests.fixtures.keyring_daemon import PrivateKeyring, private_keyring


@pytest.fixture
def chain() -> Iterator[Chain]:
    """Yield a fresh real node with five tokens."""
    with Anvil() as node:
        chain = Chain(node)
        chain.furnish()
        yield chain


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateKeyring]:
    """Yield a real keyring that runs, and whose bus is this process's session bus."""
    with private_keyring() as keyring:
        keyring.start_daemon()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", keyring.address)
        monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
        yield keyring
