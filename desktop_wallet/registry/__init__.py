"""The encrypted database of a profile: accounts, networks, tokens, settings, and the order of invalidations."""
