"""The Secret Service back end of `keyring`, with its failures told apart. Linux only; imported late."""

from __future__ import annotations

import contextlib

import secretstorage
from keyring.backends.SecretService import Keyring
from typing_extensions import override

from desktop_wallet.core.errors import KeyringDenied, KeyringLocked

NAME = "keyring.backends.SecretService.Keyring"


class SecretService(Keyring):
    """As its parent, but a dismissed prompt is KeyringDenied, and a failure leaves no connection open.

    keyring 25.7 leaks the socket of every call that fails and says "locked" in both cases; removable when it does not.
    """

    @override
    def get_preferred_collection(self) -> secretstorage.Collection:
        """Return the default collection, unlocked; its connection is the caller's to close."""
        with contextlib.ExitStack() as on_failure:
            bus = secretstorage.dbus_init()
            on_failure.callback(bus.close)
            collection = secretstorage.get_default_collection(bus)
            if collection.is_locked():
                if collection.unlock():
                    raise KeyringDenied(backend=NAME)
                if collection.is_locked():
                    raise KeyringLocked(backend=NAME)
            on_failure.pop_all()
            return collection
