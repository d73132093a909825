"""All that one practice network consists of, tied together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.chains.practice.blocks import Blocks
from desktop_wallet.chains.practice.contents import Contents
from desktop_wallet.chains.practice.contracts import Contracts
from desktop_wallet.chains.practice.execution import Execution
from desktop_wallet.chains.practice.ledger import Ledger
from desktop_wallet.chains.practice.pool import Pool
from desktop_wallet.chains.practice.prices import Prices
from desktop_wallet.chains.practice.tags import Tags

if TYPE_CHECKING:
    from desktop_wallet.chains.practice.worlds import PracticeWorld
    from desktop_wallet.core.instants import Clock


@dataclass(frozen=True, slots=True)
class Dice:
    """Numbers that are the same in every run with the same seed."""

    seed: str

    def digest(self, label: str) -> str:
        """Return 0x and 64 digits."""
        return "0x" + hashlib.blake2b(f"{self.seed}/{label}".encode(), digest_size=32).hexdigest()

    def draw(self, label: str, below: int) -> int:
        """Return a number from 0 to below − 1."""
        return int(self.digest(label), 16) % below


class State:
    """The parts of one network; what they do, each says itself."""

    def __init__(self, world: PracticeWorld, clock: Clock, dice: Dice) -> None:
        self.world = world
        self.dice = dice
        self.blocks = Blocks(clock, world.block_time_s, dice.seed)
        self.tags = Tags(self.blocks)
        self.ledger = Ledger()
        self.contracts = Contracts(world, self.ledger, self.blocks)
        self.execution = Execution(self.contracts, self.ledger)
        self.pool = Pool(self.ledger)
        self.prices = Prices(dice.draw)
        self.contents = Contents(world, self.blocks, self.ledger, dice.draw)

    def catch_up(self) -> None:
        """Fill the blocks that have come since somebody last looked."""
        self.contents.fill(self.pool, self.execution, self.prices)

    def reorganise(self, depth: int, *, lose: bool) -> None:
        """Replace the newest blocks; see `PracticeChain.reorganise`."""
        self.catch_up()
        for transaction in self.contents.empty_from(self.blocks.reorganise(depth)):
            if not lose:
                self.pool.put_back(transaction)
        self.contents.fill(Pool(self.ledger), self.execution, self.prices)
