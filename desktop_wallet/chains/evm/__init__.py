"""Ethereum and the chains that speak as it does."""
