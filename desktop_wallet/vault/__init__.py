"""The only owner of secrets and of the system's keyring."""
