"""The only owner of secrets and of the keyring.

What others use: `vault.Vault`; `document.read_header`, `exists`, `DeviceMode`; `phrases.check_phrase`, `complete`;
`keyring_store.KeyringStore`, `stores.MemorySecretStore`; `opening.UnlockOutcome`, `PASSWORD_MINIMUM`;
`harden.harden_process`. Nothing is imported here: the unlock page needs the header alone, and a start is short.
"""
