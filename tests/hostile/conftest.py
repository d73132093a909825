"""The same chain and keyring as end to end; these tests need no window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import chain, keyring
from tests.fixtures.keyring_daemon import PrivateKeyring, private_keyring

__all__ = ["chain", "keyring", "other_keyring"]


@pytest.fixture
def other_keyring() -> Iterator[PrivateKeyring]:
    """Yield a second person's keyring; nothing uses it until the session bus's address is changed to its own."""
    with private_keyring() as other:
        other.start_daemon()
        yield other
