"""What the vault's tests say again and again."""

from __future__ import annotations

from desktop_wallet.core.accounts import PathScheme, WalletId

PASSWORD = "correct horse"
PHRASE = "test test test test test test test test test test test junk"
FIRST = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
"""The phrase's first address: account 0 of every development chain (Hardhat, Foundry)."""
ONE, TWO, THREE = (WalletId(digit * 32) for digit in "123")
PATHS = [PathScheme.BIP44.path(0)]
