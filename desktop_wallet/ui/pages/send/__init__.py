"""The Send page: what is to be sent, what would happen, and what became of it."""
