"""The encrypted database: accounts, tokens seen, transactions, seq."""
