"""What the vault's tests say again and again."""

from __future__ import annotations

from desktop_wallet.core.accounts import PathScheme, WalletId
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.networks import Family
from desktop_wallet.core.signing import EvmTransaction, MarketPrice, SignTransaction

PASSWORD = "correct horse"
PHRASE = "test test test test test test test test test test test junk"
FIRST = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
"""The phrase's first address: account 0 of every development chain (Hardhat, Foundry)."""
ONE, TWO, THREE = (WalletId(digit * 32) for digit in "123")
PATHS = [PathScheme.BIP44.path(0)]
TRANSFER = SignTransaction(
    ONE,
    PATHS[0],
    Address(Family.EVM, FIRST),
    EvmTransaction(
        chain_id=31337,
        nonce=7,
        to=Address(Family.EVM, "0x" + "12" * 20),
        value_wei=10**15,
        data=b"",
        gas_limit=21_000,
        price=MarketPrice(2_000_000_000, 1_000_000_000),
    ),
)
