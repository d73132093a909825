"""Reads balances with web3.py, one call after the other; writes how many it read and how many milliseconds that took.

usage: python preload_with_web3.py URL SECONDS, in an environment with web3; on stdin {"accounts": [...], "tokens":
[...]}. It ends after that many seconds, however many are left.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial

from web3 import Web3  # type: ignore[import-not-found] # lies in build/peers alone

BALANCE_OF = [
    {
        "name": "balanceOf",
        "type": "function",
        "stateMutability": "view",
        "inputs": [{"name": "account", "type": "address"}],
        "outputs": [{"name": "", "type": "uint256"}],
    }
]


def main() -> None:
    """Read everything once."""
    wanted = json.load(sys.stdin)
    web3 = Web3(Web3.HTTPProvider(sys.argv[1], request_kwargs={"timeout": 60}))
    web3.eth.get_block_number()  # the connection stands
    accounts = [Web3.to_checksum_address(account) for account in wanted["accounts"]]
    tokens = [web3.eth.contract(Web3.to_checksum_address(token), abi=BALANCE_OF) for token in wanted["tokens"]]
    asks = [partial(web3.eth.get_balance, account) for account in accounts]
    asks += [token.functions.balanceOf(account).call for account in accounts for token in tokens]
    began_s = time.perf_counter()
    read = 0
    for ask in asks:
        if time.perf_counter() - began_s > float(sys.argv[2]):
            break
        ask()
        read += 1
    print(json.dumps({"read": read, "of": len(asks), "ms": (time.perf_counter() - began_s) * 1000}))


if __name__ == "__main__":
    main()
