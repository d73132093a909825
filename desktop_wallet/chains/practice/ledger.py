"""Who held how much play money after which block."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field


@dataclass(slots=True)
class _History:
    """The values one balance has had, each from a block on; both lists grow together."""

    blocks: list[int] = field(default_factory=list)
    values: list[int] = field(default_factory=list)

    def at(self, block: int) -> int:
        index = bisect_right(self.blocks, block)
        return self.values[index - 1] if index else 0

    def newest(self) -> int:
        return self.values[-1] if self.values else 0

    def put(self, block: int, value: int) -> None:
        if self.blocks and self.blocks[-1] == block:
            self.values[-1] = value
        else:
            self.blocks.append(block)
            self.values.append(value)

    def forget_from(self, block: int) -> None:
        keep = bisect_left(self.blocks, block)
        del self.blocks[keep:], self.values[keep:]


class Ledger:
    """Balances (base units) and nonces with their whole past. The token None is the coin; addresses in lower case.

    Changes come in the order of their blocks; a block's changes show from that block on.
    """

    def __init__(self) -> None:
        self._balances: dict[tuple[str | None, str], _History] = {}
        self._nonces: dict[str, _History] = {}

    def balance(self, token: str | None, account: str, block: int) -> int:
        """Return what the account held after that block."""
        history = self._balances.get((token, account))
        return history.at(block) if history else 0

    def nonce(self, account: str, block: int) -> int:
        """Return how many transactions the account had sent up to that block."""
        history = self._nonces.get(account)
        return history.at(block) if history else 0

    def give(self, block: int, token: str | None, account: str, amount: int) -> None:
        """Add money."""
        history = self._balances.setdefault((token, account), _History())
        history.put(block, history.newest() + amount)

    def take(self, block: int, token: str | None, account: str, amount: int) -> None:
        """Take money away; ValueError if there is not that much."""
        history = self._balances.setdefault((token, account), _History())
        if history.newest() < amount:
            raise ValueError("not that much play money")
        history.put(block, history.newest() - amount)

    def count_transaction(self, block: int, account: str) -> None:
        """Use up the account's next nonce."""
        history = self._nonces.setdefault(account, _History())
        history.put(block, history.newest() + 1)

    def newest_nonce(self, account: str) -> int:
        """Return the nonce that the account's next transaction uses up."""
        history = self._nonces.get(account)
        return history.newest() if history else 0

    def newest(self, token: str | None, account: str) -> int:
        """Return what the account holds after every change that is known."""
        history = self._balances.get((token, account))
        return history.newest() if history else 0

    def forget_from(self, block: int) -> None:
        """Undo every change of that block and of later ones."""
        for history in (*self._balances.values(), *self._nonces.values()):
            history.forget_from(block)
