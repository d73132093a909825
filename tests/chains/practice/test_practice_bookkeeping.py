"""Whatever happens on a practice network, its balances are what its gifts and receipts add up to."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.chains.practice.chain import PracticeChain
from desktop_wallet.chains.practice.worlds import PRACTICE
from tests.chains.payers import GWEI, Payer, Refusal
from tests.chains.stages import PracticeStage

if TYPE_CHECKING:
    from desktop_wallet.chains.practice.contents import Receipt

KEYS = ("0x" + "51" * 32, "0x" + "52" * 32, "0x" + "53" * 32)
STEPS = 120


def added_up(stage: PracticeStage, payers: list[Payer], receipts: list[Receipt]) -> Counter[tuple[str | None, str]]:
    """Return what everybody should hold by the receipts alone."""
    held: Counter[tuple[str | None, str]] = Counter()
    for payer in payers:
        held[None, str(payer.address)] += stage.world.gift_wei
        held.update({(token.address, str(payer.address)): token.gift for token in stage.world.tokens})
    for receipt in receipts:
        transaction = receipt.transaction
        held[None, transaction.sender] -= receipt.gas * receipt.price_wei
        if not receipt.succeeded:
            continue
        if transaction.data:
            token, amount = transaction.to, int.from_bytes(transaction.data[36:68], "big")
            recipient = "0x" + transaction.data[16:36].hex()
        else:
            token, amount, recipient = None, transaction.value_wei, transaction.to
        held[token, transaction.sender] -= amount
        held[token, recipient] += amount
    return held


@pytest.mark.parametrize("seed", range(6))
async def test_balances_and_nonces_follow_from_the_receipts(seed: int) -> None:
    dice = random.Random(seed)
    stage = PracticeStage(seed=seed)
    stage.chain = chain = PracticeChain(replace(PRACTICE, drip_every_blocks=10**9), stage.clock, latency_s=(0, 0))
    stage.answerer = chain.answer
    payers = [Payer(stage, key) for key in KEYS]
    for payer in payers:
        chain.welcome(payer.address)
    for _ in range(STEPS):
        payer, other = dice.sample(payers, 2)
        nonce = int(await payer.ask("eth_getTransactionCount", str(payer.address), "pending"), 16) + dice.choice(
            (0, 0, 1)
        )
        prices = {"maxFeePerGas": dice.randint(1, 9) * GWEI, "maxPriorityFeePerGas": GWEI // dice.randint(1, 9)}
        match dice.randrange(10):
            case 0 | 1 | 2:
                raw = payer.coins(other.address, dice.randint(0, stage.world.gift_wei), max(nonce - 1, 0), **prices)
            case 3 | 4 | 5:
                token = dice.choice(stage.tokens).id
                raw = payer.tokens(token, other.address, dice.randint(0, 10**9), nonce, **prices)
            case 6:
                dice.choice((chain.hold_back, chain.take_again, chain.take_again))()
                continue
            case 7:
                chain.reorganise(dice.randint(1, 4), lose=dice.random() < 0.5)
                continue
            case 8:
                chain.raise_fees(dice.randint(1, 4))
                continue
            case _:
                stage.pass_blocks(dice.randint(1, 3))
                continue
        with contextlib.suppress(Refusal):
            await payer.send(raw)
    chain.raise_fees(1)
    chain.take_again()
    stage.pass_blocks(3)
    await payers[0].ask("eth_chainId")

    receipts = list(chain._state.contents.receipts.values())
    expected = added_up(stage, payers, receipts)
    for payer in payers:
        for asset in (None, *(token.address for token in stage.world.tokens)):
            assert chain._state.ledger.newest(asset, str(payer.address)) == expected[asset, str(payer.address)]
        mine = [receipt.transaction.nonce for receipt in receipts if receipt.transaction.sender == str(payer.address)]
        assert sorted(mine) == list(range(len(mine)))
        assert chain._state.ledger.newest_nonce(str(payer.address)) == len(mine)
    assert len(receipts) > 3
    await stage.client.aclose()
