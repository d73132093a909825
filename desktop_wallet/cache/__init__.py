"""The only user of diskcache: sealed pages of balances."""
