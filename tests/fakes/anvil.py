"""A real EVM node: anvil from packaging/npm on a loopback port, with the contracts that tests read.

No fake, but it stands where fakes stand: it needs no money and forgets everything. `packaging/dev.py` puts the binary
and the contracts into build/npm.
"""

from __future__ import annotations

import contextlib
import json
import platform
import re
import socket
import subprocess
import time
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_ROOT = Path(__file__).resolve().parents[2]
_MODULES = _ROOT / "build" / "npm" / "node_modules"
_CPUS = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_PATIENCE_S = 20.0
_APART_S = 0.005

MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"
"""Where Multicall3 lies on nearly every network."""
ARB_SYS = "0x0000000000000000000000000000000000000064"
DEV_ACCOUNTS = (
    "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
    "0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
    "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc",
    "0x90f79bf6eb2c4f870365e785982e1f101e93b906",
    "0x15d34aaf54267db7d7c367839aaf71a00a2c6a65",
)
"""The first accounts of the phrase "test" x 11 + "junk"; anvil gives each 10,000 coins and signs for them."""
REVERTING = "0x60006000fd"
"""Bytecode of a contract that reverts whatever it is asked."""
EMPTY_REPLY = "0x00"
"""Bytecode of a contract that answers with nothing."""
GREEDY = "0x5b600056"
"""Bytecode of a contract that burns all the gas it is given."""


class RpcFault(Exception):
    """The node answered a call with an error."""


class Anvil:
    """One running node. Use it as a context manager: leaving ends the process.

    `requests` to it by the code under test are counted by a proxy, not here: what this class asks is set-up.
    """

    def __init__(
        self,
        *,
        chain_id: int = 31337,
        block_time_s: float | None = None,
        twin_of: Anvil | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        """Choose a free loopback port; `start` (or `with`) starts the process.

        Without `block_time_s` every transaction closes a block. A twin has the same genesis block, as another server
        of the same network has.
        """
        self._twin_of = twin_of
        self.chain_id = chain_id
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._options = options if block_time_s is None else (*options, "--block-time", str(block_time_s))
        self._process: subprocess.Popen[bytes] | None = None
        self._genesis_s = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the node as a new chain: every start has a genesis block of its own."""
        # The genesis hash depends on the second of the start alone; a quick restart must differ all the same.
        now_s = int(time.time())  # noqa: TID251 - the node lives in real time
        self._genesis_s = self._twin_of.genesis_s if self._twin_of else max(now_s, self._genesis_s + 1)
        self._process = subprocess.Popen(
            [
                str(anvil_binary()),
                *("--host", "127.0.0.1", "--port", str(self.port), "--chain-id", str(self.chain_id)),
                *("--timestamp", str(self._genesis_s), "--no-request-size-limit", "-q", *self._options),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait_until_ready()

    def stop(self) -> None:
        """End the node at once, as a crash would; its chain is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """End the node and start it as a new chain on the same port."""
        self.stop()
        self.start()

    def rpc(self, method: str, *params: object) -> Any:  # noqa: ANN401 - JSON
        """Return the result of one call; RpcFault when the node answers with an error."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
            connection.request("POST", "/", body, {"content-type": "application/json"})
            reply = json.loads(connection.getresponse().read())
        if "error" in reply:
            raise RpcFault(reply["error"])
        return reply["result"]

    @property
    def genesis_s(self) -> int:
        """Return the time of the first block (Unix seconds)."""
        return self._genesis_s

    @property
    def height(self) -> int:
        """Return the number of the newest block."""
        return int(self.rpc("eth_blockNumber"), 16)

    def block(self, number: int | str = "latest") -> dict[str, Any]:
        """Return a block's header as the node writes it."""
        found: dict[str, Any] = self.rpc(
            "eth_getBlockByNumber", hex(number) if isinstance(number, int) else number, False
        )
        return found

    def mine(self, blocks: int = 1, *, apart_s: int = 1) -> None:
        """Add empty blocks, so many seconds apart."""
        self.rpc("anvil_mine", hex(blocks), hex(apart_s))

    def reorg(self, depth: int) -> None:
        """Replace the newest blocks by others at the same heights."""
        self.rpc("anvil_reorg", depth, [])

    def set_balance(self, address: str, wei: int) -> None:
        """Set an account's coins, out of the blue, and close a block over it."""
        self.rpc("anvil_setBalance", address, hex(wei))
        self.mine()

    def set_code(self, address: str, code: str) -> None:
        """Put a contract at an address, out of the blue."""
        self.rpc("anvil_setCode", address, code)

    def send(self, to: str | None, data: str = "0x", *, wei: int = 0, sender: str = DEV_ACCOUNTS[0]) -> dict[str, Any]:
        """Send a transaction from one of the node's own accounts; return its receipt."""
        transaction = {"from": sender, "data": data, "value": hex(wei), **({"to": to} if to else {})}
        hash_ = self.rpc("eth_sendTransaction", transaction)
        for _ in self._patiently():
            receipt: dict[str, Any] | None = self.rpc("eth_getTransactionReceipt", hash_)
            if receipt is not None:
                if receipt["status"] != "0x1":
                    raise RpcFault(receipt)
                return receipt
        raise RpcFault("no receipt")

    def put_multicall3(self) -> None:
        """Put Multicall3 where it lies on real networks."""
        self.set_code(MULTICALL3, _multicall3_code(self))

    def put_arb_sys(self, block_number: int) -> None:
        """Put a stand-in for Arbitrum's precompile, which answers every call with that block number."""
        # PUSH32 number, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN
        self.set_code(ARB_SYS, f"0x7f{block_number:064x}60005260206000f3")

    def deploy_token(
        self, name: str, symbol: str, *, supply: int, decimals: int = 18, owner: str = DEV_ACCOUNTS[0]
    ) -> str:
        """Deploy an ERC-20, the whole supply (base units) in the owner's hands; return its address in lower case."""
        words = [f"{0x80:064x}", f"{0x80 + 64:064x}", f"{supply:064x}", owner[2:].rjust(64, "0")]
        arguments = "".join([*words, _short_text(name), _short_text(symbol)])
        address: str = self.send(None, _token_code() + arguments)["contractAddress"]
        if decimals != 18:
            code: str = self.rpc("eth_getCode", address, "latest")
            self.set_code(address, _with_decimals(code, decimals))
        return address.lower()

    def send_token(self, token: str, to: str, amount: int, *, sender: str = DEV_ACCOUNTS[0]) -> dict[str, Any]:
        """Transfer a token (base units); return the receipt."""
        return self.send(token, f"0xa9059cbb{to[2:].rjust(64, '0')}{amount:064x}", sender=sender)

    def _wait_until_ready(self) -> None:
        for _ in self._patiently():
            with contextlib.suppress(OSError):
                self.rpc("eth_chainId")
                return
        self.stop()
        raise RuntimeError("anvil did not get ready")

    def _patiently(self) -> Iterator[None]:
        """Yield again and again, a little apart, until the patience ends; RuntimeError if the process does."""
        assert self._process is not None
        deadline = time.monotonic() + _PATIENCE_S  # noqa: TID251 - the node lives in real time
        while time.monotonic() < deadline:  # noqa: TID251
            yield
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise RuntimeError(f"anvil ended with {self._process.wait(timeout=_APART_S)}")


@contextlib.contextmanager
def running_anvil(*, multicall: bool = True, chain_id: int = 31337) -> Iterator[Anvil]:
    """Yield a fresh node, with Multicall3 in its place unless told otherwise."""
    with Anvil(chain_id=chain_id) as node:
        if multicall:
            node.put_multicall3()
        yield node


@cache
def anvil_binary() -> Path:
    """Return the binary; a missing one is an error and no skip: these tests are the evidence."""
    system = platform.system().lower().replace("windows", "win32")
    package = f"anvil-{system}-{_CPUS.get(platform.machine().lower(), 'amd64')}"
    folder = _MODULES / "@foundry-rs" / package / "bin"
    for name in ("anvil", "anvil.exe"):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"no anvil in {folder.relative_to(_ROOT)}: run `python3 packaging/dev.py setup`")


@cache
def _multicall3_creation_code() -> str:
    source = (_MODULES / "viem" / "_esm" / "constants" / "contracts.js").read_text("utf-8")
    match = re.search(r"multicall3Bytecode = '(0x[0-9a-f]+)'", source)
    if match is None:
        raise ValueError("viem has no multicall3Bytecode")
    return match[1]


def _multicall3_code(node: Anvil) -> str:
    """Return the deployed code, by running the creation code on the node."""
    address = node.send(None, _multicall3_creation_code())["contractAddress"]
    code: str = node.rpc("eth_getCode", address, "latest")
    return code


@cache
def _token_code() -> str:
    file = _MODULES / "@openzeppelin" / "contracts" / "build" / "contracts" / "ERC20PresetFixedSupply.json"
    code: str = json.loads(file.read_text("utf-8"))["bytecode"]
    return code


def _with_decimals(code: str, decimals: int) -> str:
    """Return a token's code with another constant in `decimals()`, which OpenZeppelin compiles to PUSH1 18."""
    changed, count = re.subn("604051601281526020", f"60405160{decimals:02x}81526020", code)
    if count != 1:
        raise ValueError(f"found decimals() {count} times")
    return changed


def _short_text(text: str) -> str:
    data = text.encode()
    if len(data) > 32:
        raise ValueError("the fixture writes texts of one word only")
    return f"{len(data):064x}{data.hex().ljust(64, '0')}"


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
