"""The contracts of a practice network: Multicall3, its play tokens and, on the rollup, ArbSys.

Written apart from the adapter's encoder, so that one misunderstanding cannot hide on both sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.core.networks import HeightCall

if TYPE_CHECKING:
    from desktop_wallet.chains.practice.blocks import Blocks
    from desktop_wallet.chains.practice.ledger import Ledger
    from desktop_wallet.chains.practice.worlds import PracticeToken, PracticeWorld

_ARB_SYS = "0x0000000000000000000000000000000000000064"
_PARENT_BLOCKS_AHEAD = 20_000_000
_BLOCKS_PER_PARENT_BLOCK = 6
_DELEGATION = "0xef0100"
"""What the code of an account begins with that lets a contract act for it (EIP-7702)."""
_CODE = "0xfe"
"""The code shown for a contract: one byte, INVALID, since it runs in Python."""


class Reverted(Exception):
    """The contract gave up, with a reason or without."""

    @property
    def data(self) -> bytes:
        """Return what the caller gets to see: `Error(string)` as Solidity writes it, nothing without a reason."""
        reason = str(self)
        return bytes.fromhex("08c379a0") + _text(reason) if reason else b""


class Contracts:
    """Runs calls that change nothing against the state after one block.

    `delegates`: the contract of each account that lets one act for it; it only shows, and what is sent there arrives.
    """

    def __init__(self, world: PracticeWorld, ledger: Ledger, blocks: Blocks) -> None:
        self.delegates: dict[str, str] = {}
        self._world = world
        self._ledger = ledger
        self._blocks = blocks
        self._tokens = {token.address: token for token in world.tokens}
        self._rollup = world.network.height_call is HeightCall.ARBSYS

    def code(self, address: str) -> str:
        """Return the code at an address, 0x where there is none."""
        if address in self.delegates:
            return _DELEGATION + self.delegates[address][2:]
        return _CODE if self.is_contract(address) else "0x"

    def is_contract(self, address: str) -> bool:
        """Return whether something other than a person's account is at the address."""
        return address == self._world.network.multicall or address in self._tokens or self._is_arb_sys(address)

    def deploy(self, token: PracticeToken) -> None:
        """Put a stranger's token at its address."""
        self._tokens[token.address] = token

    def is_token(self, address: str) -> bool:
        """Return whether a play token is at the address."""
        return address in self._tokens

    def run(self, target: str, data: bytes, block: int) -> bytes:
        """Return what the contract answers, nothing where there is none; Reverted if it gives up."""
        selector, arguments = data[:4].hex(), data[4:]
        if target == self._world.network.multicall:
            return self._multicall(selector, arguments, block)
        if target in self._tokens:
            return self._token(self._tokens[target], selector, arguments, block)
        if self._is_arb_sys(target) and selector == "a3b1b31d":  # arbBlockNumber()
            return _word(block)
        return b""

    def parent_network_block(self, block: int) -> int:
        """Return the parent network's block number, which is what `block.number` means inside a rollup's calls."""
        return _PARENT_BLOCKS_AHEAD + block // _BLOCKS_PER_PARENT_BLOCK

    def _is_arb_sys(self, address: str) -> bool:
        return self._rollup and address == _ARB_SYS

    def _multicall(self, selector: str, arguments: bytes, block: int) -> bytes:
        header = self._blocks.header(block)
        if header is None:
            raise Reverted
        match selector:
            case "82ad56cb":  # aggregate3((address,bool,bytes)[])
                return self._aggregate3(arguments, block)
            case "42cbb15c":  # getBlockNumber()
                return _word(self.parent_network_block(block) if self._rollup else block)
            case "0f28c97d":  # getCurrentBlockTimestamp()
                return _word(header.time_s)
            case "27e86d6e":  # getLastBlockHash()
                return bytes.fromhex(header.parent_hash[2:])
            case "4d2301cc":  # getEthBalance(address)
                return _word(self._ledger.balance(None, _address(arguments), block))
            case _:
                raise Reverted

    def _token(self, token: PracticeToken, selector: str, arguments: bytes, block: int) -> bytes:
        match selector:
            case "70a08231":  # balanceOf(address)
                return _word(self._ledger.balance(token.address, _address(arguments), block))
            case "95d89b41":  # symbol()
                return _text(token.symbol)
            case "06fdde03":  # name()
                return _text(token.name)
            case "313ce567":  # decimals()
                return _word(token.decimals)
            case _:
                raise Reverted

    def _aggregate3(self, arguments: bytes, block: int) -> bytes:
        start = _number(arguments, 0)
        count = _number(arguments, start)
        start += 32
        heads, bodies, place = [], [], count * 32
        for index in range(count):
            element = start + _number(arguments, start + index * 32)
            target = "0x" + arguments[element + 12 : element + 32].hex()
            may_fail = _number(arguments, element + 32) == 1
            content = element + _number(arguments, element + 64)
            data = arguments[content + 32 : content + 32 + _number(arguments, content)]
            try:
                succeeded, answer = True, self.run(target, data, block)
            except Reverted:
                if not may_fail:
                    raise
                succeeded, answer = False, b""
            body = _word(int(succeeded)) + _word(64) + _bytes(answer)
            heads.append(_word(place))
            bodies.append(body)
            place += len(body)
        return b"".join([_word(32), _word(count), *heads, *bodies])


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _bytes(data: bytes) -> bytes:
    return _word(len(data)) + data + b"\0" * (-len(data) % 32)


def _text(text: str) -> bytes:
    return _word(32) + _bytes(text.encode())


def _number(data: bytes, start: int) -> int:
    word = data[start : start + 32]
    if len(word) < 32:
        raise Reverted
    return int.from_bytes(word, "big")


def _address(arguments: bytes) -> str:
    if len(arguments) < 32:
        raise Reverted
    return "0x" + arguments[12:32].hex()
