"""B3: a preload from nothing until every balance is fresh, on anvil with 100 ms added to every reply."""

from __future__ import annotations

import asyncio
import json
import subprocess
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_wallet.core.freshness import BadgeKind
from tests.benchmarks.report import Finding, median, percentile
from tests.benchmarks.watched_wallet import (
    REQUESTS_PER_MIN,
    addresses,
    deploy_tokens,
    furnish,
    local_network,
    proxy_beside,
    watching_session,
)
from tests.benchmarks.window_loop import run_on_window_loop
from tests.fakes.anvil import MULTICALL3, running_anvil

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from desktop_wallet.services.session import Session
    from tests.fakes.anvil import Anvil
    from tests.fakes.delaying_proxy import DelayingProxy
    from tests.fakes.http_messages import Message

ID = "B3"
ABOUT = "a preload started until all balances are fresh, on anvil with 100 ms added to every reply"
DELAY_S = 0.1
CASES = ((50, 40), (10, 1))
RUNS = 9
WARM_UP = 1
SETTING = (
    f"cache quota 100 MB, {REQUESTS_PER_MIN} requests/min, {RUNS} preloads a case from an empty cache, connections "
    "stand; the wallet reads the coin too, and so do the peers; web3.py once"
)
FLOOR_RATIO = 1.3
_ROOT = Path(__file__).resolve().parents[2]
_NPM = _ROOT / "build" / "npm"
_PEERS = _ROOT / "build" / "peers" / "bin" / "python"
_PATIENCE_S = 1_200.0
_WEB3_S = 60
"""After that web3.py is ended: it would take minutes."""


@dataclass
class Case:
    """So many accounts and tokens, measured again and again (milliseconds)."""

    accounts: int
    tokens: int
    preloads: list[float] = field(default_factory=list)
    trips: list[float] = field(default_factory=list)
    """One bare round trip through the same proxy, beside each preload."""
    node: list[float] = field(default_factory=list)
    """What the node itself takes for the very requests of a preload, one after the other and without the delay."""
    requests: int = 0
    peers: dict[str, list[float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def floors(self) -> list[float]:
        """Return the floor beside each preload."""
        return [trip + node for trip, node in zip(self.trips, self.node, strict=True)]


def measure() -> Iterator[Finding]:
    """Yield the findings of B3."""
    for accounts, tokens in CASES:
        case = Case(accounts, tokens)
        with running_anvil() as node, tempfile.TemporaryDirectory() as root:
            addressed = deploy_tokens(node, tokens)
            furnish(node, addressed, accounts)
            run_on_window_loop(_measure(Path(root), node, addressed, case))
        yield from _findings(case)


def _findings(case: Case) -> Iterator[Finding]:
    name = f"{case.accounts} accounts x {case.tokens} tokens"
    took, floor = median(case.preloads), median(case.floors)
    peers = {peer: median(samples) for peer, samples in case.peers.items()}
    viem = min((took_ms for peer, took_ms in peers.items() if peer.startswith("viem")), default=None)
    yield Finding(
        ID,
        name,
        took,
        "ms",
        percentile(case.preloads, 99),
        len(case.preloads),
        {"floor": floor, **peers},
        f"<= {FLOOR_RATIO:g} x the floor",
        took <= FLOOR_RATIO * floor,
        missing=case.missing,
        note=(
            f"floor: a bare round trip {median(case.trips):.1f} ms + anvil's own {median(case.node):.1f} ms for the "
            f"{case.requests} request(s) of a preload"
        ),
    )
    yield Finding(
        ID,
        f"{name}: against viem at its best",
        took,
        "ms",
        percentile(case.preloads, 99),
        len(case.preloads),
        {} if viem is None else {"viem": viem},
        "faster than viem",
        None if viem is None else took < viem,
    )


async def _measure(root: Path, node: Anvil, tokens: Sequence[str], case: Case) -> None:
    with proxy_beside(node.url) as proxy:
        network = local_network(proxy.url, node.chain_id)
        async with watching_session(root, network, tokens, case.accounts) as session:
            proxy.delay_s = DELAY_S
            for run in range(WARM_UP + RUNS):
                seen = len(proxy.requests)
                took_ms = await _preload_ms(session)
                bodies = proxy.requests[seen:]
                if run >= WARM_UP:
                    case.preloads.append(took_ms)
                    case.trips.append(await _bare_ms(proxy))
                    case.node.append(await asyncio.to_thread(_node_ms, node, bodies))
                    case.requests = len(bodies)
            await _ask_peers(proxy, tokens, case)


async def _preload_ms(session: Session) -> float:
    await session.balances.clear_cache()
    keys = session.balances.keys()
    opened = session.balances._clock.now()
    began_s = time.perf_counter()
    report = await session.preload.run()
    took_ms = (time.perf_counter() - began_s) * 1000
    badges = session.balances.badges(keys, opened)
    if report.answered != len(keys) or any(badge.kind is not BadgeKind.FRESH for badge in badges):
        raise AssertionError(f"not all is fresh: {report}"[:500])
    await session.balances._reads.kept()
    return took_ms


async def _bare_ms(proxy: DelayingProxy) -> float:
    port = int(proxy.url.rstrip("/").rpartition(":")[2])
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}).encode()
    return await asyncio.to_thread(_posts_ms, port, [body], warm=True)


def _node_ms(node: Anvil, requests: Sequence[Message]) -> float:
    return _posts_ms(node.port, [request.body for request in requests], warm=True)


def _posts_ms(port: int, bodies: Sequence[bytes], *, warm: bool) -> float:
    """Return how long these requests take one after the other, on one connection that stands."""
    took_s = 0.0
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        for number, body in enumerate([*bodies[:warm], *bodies]):
            began_s = time.perf_counter()
            connection.request("POST", "/", body, {"content-type": "application/json"})
            connection.getresponse().read()
            if number >= warm:
                took_s += time.perf_counter() - began_s
    return took_s * 1000


async def _ask_peers(proxy: DelayingProxy, tokens: Sequence[str], case: Case) -> None:
    wanted = json.dumps({"accounts": addresses(case.accounts), "tokens": list(tokens)})
    script = str(Path(__file__).with_name("preload_with_viem.cjs"))
    viem = [str(_ROOT / ".venv" / "bin" / "node"), script, str(_NPM), proxy.url, MULTICALL3, str(RUNS)]
    found, problem = await _output(viem, wanted)
    if problem:
        case.missing["viem multicall"] = problem
    else:
        case.peers |= {f"viem multicall {how}": took_ms for how, took_ms in json.loads(found).items()}
    web3 = [str(_PEERS), str(Path(__file__).with_name("preload_with_web3.py")), proxy.url, str(_WEB3_S)]
    found, problem = await _output(web3, wanted)
    told = {} if problem else json.loads(found)
    if problem:
        case.missing["web3.py one by one"] = problem
    elif told["read"] < told["of"]:
        case.missing["web3.py one by one"] = (
            f"had read {told['read']} of {told['of']} when it was ended after {_WEB3_S} s"
        )
    else:
        case.peers["web3.py one by one"] = [told["ms"]]


async def _output(command: Sequence[str], told: str) -> tuple[str, str]:
    """Return what a program wrote, and why it could not run."""
    try:
        process = await asyncio.to_thread(
            subprocess.run, command, input=told, capture_output=True, text=True, check=False, timeout=_PATIENCE_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"{type(error).__name__}: make bench-peers installs it"
    if process.returncode:
        said = [line for line in process.stderr.splitlines() if "Error" in line] or ["it ended at once"]
        return "", said[0].strip()[:200]
    return process.stdout, ""
