"""The practice networks there are: their names, their tokens, and what a newcomer gets.

Chain ids: the four letters "prac" and "prrl" as a number (0x70726163, 0x7072726c). EIP-155 wants an id that no other
chain uses; the public list (ethereum-lists/chains) had none of the two when they were chosen, and a signature for one
of them is worth nothing anywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

from desktop_wallet.core.assets import Asset, AssetId, AssetOrigin
from desktop_wallet.core.networks import Endpoint, Family, HeightCall, Network, NetworkId

MULTICALL3 = "0xca11bde05977b3631167028862be2a173976ca11"
_COIN = 10**18
_MAX_HEAD_AGE_S = 60.0


@dataclass(frozen=True, slots=True)
class PracticeToken:
    """A play token. `gift` (base units) is what a newcomer gets, `drip` what the faucet adds now and then."""

    address: str
    symbol: str
    name: str
    decimals: int
    gift: int
    drip: int

    def asset(self, network: Network) -> Asset:
        """Return it as an asset of that network."""
        return Asset(
            AssetId(network.id, "erc20", self.address), self.symbol, self.name, self.decimals, AssetOrigin.LIST
        )


@dataclass(frozen=True, slots=True)
class PracticeWorld:
    """All that one practice network is made of; block time in whole seconds, amounts in base units."""

    network: Network
    block_time_s: int
    tokens: tuple[PracticeToken, ...]
    gift_wei: int
    drip_wei: int
    drip_every_blocks: int

    @property
    def chain_id(self) -> int:
        """Return the number that EIP-155 puts into signatures."""
        return int(self.network.id.reference)

    @property
    def assets(self) -> tuple[Asset, ...]:
        """Return its tokens as assets, without the coin."""
        return tuple(token.asset(self.network) for token in self.tokens)


def _network(reference: int, name: str, host: str, block_time_s: int, height_call: HeightCall) -> Network:
    return Network(
        id=NetworkId("eip155", str(reference)),
        family=Family.EVM,
        name=name,
        block_time_s=float(block_time_s),
        max_head_age_s=_MAX_HEAD_AGE_S,
        native_symbol="PLAY",
        native_name="Play coin",
        native_decimals=18,
        native_slip44=1,  # SLIP-44: coin type 1 is every test network's
        endpoints=(Endpoint(f"http://{host}/", operator="inside this program"),),
        height_call=height_call,
        multicall=MULTICALL3,
        testnet=True,
        practice=True,
    )


PRACTICE = PracticeWorld(
    network=_network(0x70726163, "Practice", "practice.invalid", 4, HeightCall.MULTICALL3),
    block_time_s=4,
    tokens=(
        PracticeToken(f"0x{0x91A40001:040x}", "PUSD", "Play dollar", 6, 1_250_500_000, 25_000_000),
        PracticeToken(f"0x{0x91A40002:040x}", "PTEA", "Play tea", 18, 42 * _COIN + 5 * _COIN // 10, _COIN // 4),
        PracticeToken(f"0x{0x91A40003:040x}", "PGLD", "Play gold", 8, 310_420_000, 1_000_000),
        PracticeToken(f"0x{0x91A40004:040x}", "PMUG", "Play mug", 0, 3, 1),
        PracticeToken(f"0x{0x91A40005:040x}", "PNIL", "Play nothing", 18, 0, 0),
    ),
    gift_wei=2_481_903_770_000_000_000,
    drip_wei=_COIN // 20,
    drip_every_blocks=5,
)
"""Twenty seconds between two drips: somebody who looks for a minute sees a number change."""

PRACTICE_ROLLUP = PracticeWorld(
    network=_network(0x7072726C, "Practice rollup", "rollup.practice.invalid", 2, HeightCall.ARBSYS),
    block_time_s=2,
    tokens=(
        PracticeToken(f"0x{0x91A40101:040x}", "PUSD", "Play dollar", 6, 310_000_000, 5_000_000),
        PracticeToken(f"0x{0x91A40102:040x}", "PTEA", "Play tea", 18, 7 * _COIN, _COIN // 10),
        PracticeToken(f"0x{0x91A40103:040x}", "PNIL", "Play nothing", 18, 0, 0),
    ),
    gift_wei=350_000_000_000_000_000,
    drip_wei=_COIN // 100,
    drip_every_blocks=15,
)
"""Of Arbitrum's shape: a block number inside a call is the parent network's, and ArbSys knows its own."""

WORLDS = (PRACTICE, PRACTICE_ROLLUP)
