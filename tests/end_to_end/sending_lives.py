"""Payments on a real node, each made by a wallet that is killed in the middle, again and again. Not a test itself.

usage: python -m tests.end_to_end.sending_lives FOLDER KILLS SEED FAULT...

Each payment is one press of "Sign and send" in a life of its own: a forked child without a window, which kills itself
(SIGKILL) at a chosen event. Events are what a crash can fall between: every statement of the registry, every request
before it is passed on, and every reply before it is handed over. The next life opens what is left, and may be killed
too; the last one is not. Then the node is asked what was paid, and one JSON object a payment is printed.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import traceback
from dataclasses import dataclass, replace
from functools import cached_property
from http.client import HTTPConnection
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlcipher3 import dbapi2
from typing_extensions import override

from desktop_wallet.compose import Application, warm_up
from desktop_wallet.core.addresses import Address
from desktop_wallet.core.assets import native_asset
from desktop_wallet.core.balances import BalanceKey
from desktop_wallet.core.errors import EndpointTimeout
from desktop_wallet.core.networks import Family
from desktop_wallet.core.transfers import Draft, TransferState
from desktop_wallet.net.client import HttpClient
from tests.end_to_end.house import PASSWORD, PHRASE, local_network, surrounds, until
from tests.fakes.anvil import Anvil

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from desktop_wallet.core.transfers import Transfer
    from desktop_wallet.services.session import Session

HOSTS = ("one.invalid", "two.invalid")
RECIPIENT = Address(Family.EVM, "0x" + "5e" * 20)
RICH_WEI = 10**21
FAULTS = ("none", "deaf", "refuses", "dropped", "reorged", "reorged-away", "replaced", "waits")
"""What happens to the payment at the node: nothing; nobody answers for it; an error although it was passed on; the node
forgets it; its block is replaced and it is mined again; the same, and it is lost; another program uses up its nonce; it
waits until it is mined by hand."""
_BY_HAND = ("dropped", "replaced", "waits")
"""Where the node mines only when it is told to, after the first life."""
_SPARE_TRIES = 20


async def _hurried(seconds: float) -> None:
    """Wait less than a life would, but for what comes once a minute."""
    await asyncio.sleep(seconds if seconds >= 30 else min(seconds, 0.02))


class Failpoint:
    """Counts events from `arm` on, and kills the process before the chosen one."""

    def __init__(self, at: int | None, pipe: int) -> None:
        self._left = at
        self._pipe = pipe
        self._armed = False
        self._one_at_a_time = Lock()  # events are of the loop's thread and of the workers'
        self.passed = 0

    def arm(self) -> None:
        self._armed = True

    def event(self, name: str) -> None:
        """Pass an event, or die before it."""
        if not self._armed:
            return
        with self._one_at_a_time:
            if self._left is not None and self.passed == self._left:
                os.write(self._pipe, json.dumps({"killed": name}).encode() + b"\n")
                os.kill(os.getpid(), signal.SIGKILL)
            self.passed += 1


@dataclass
class Servers:
    """Two servers before one node, with the fault of the day in what they make of a broadcast."""

    node: Anvil
    fault: str
    fail: Failpoint

    def answerers(self) -> dict[str, Callable[[bytes], Awaitable[bytes]]]:
        return {host: self._answerer(host) for host in HOSTS}

    def _answerer(self, host: str) -> Callable[[bytes], Awaitable[bytes]]:
        async def answer(body: bytes) -> bytes:
            asked = json.loads(body)
            methods = [call["method"] for call in (asked if isinstance(asked, list) else [asked])]
            name = methods[-1]
            self.fail.event(f"before {name}")
            reply = await asyncio.to_thread(self._post, body)
            self.fail.event(f"after {name}")
            if "eth_sendRawTransaction" in methods and self.fault == "deaf":
                raise EndpointTimeout(host=host, after_s=10.0)
            if "eth_sendRawTransaction" in methods and self.fault == "refuses":
                return _refused(asked, json.loads(reply))
            return reply

        return answer

    def _post(self, body: bytes) -> bytes:
        connection = HTTPConnection("127.0.0.1", self.node.port, timeout=30)
        try:
            connection.request("POST", "/", body, {"content-type": "application/json"})
            return connection.getresponse().read()
        finally:
            connection.close()


def _refused(asked: Any, reply: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return the reply with an error in the place of what was made of the transaction."""
    error = {"code": -32000, "message": "internal error"}
    calls, replies = (asked, reply) if isinstance(asked, list) else ([asked], [reply])
    raw = {call["id"] for call in calls if call["method"] == "eth_sendRawTransaction"}
    told = [{"jsonrpc": "2.0", "id": each["id"], "error": error} if each["id"] in raw else each for each in replies]
    return json.dumps(told if isinstance(asked, list) else told[0]).encode()


class Wallet(Application):
    """The wallet without a window, before those servers."""

    def __init__(self, root: Path, node: Anvil, servers: Servers) -> None:
        urls = [f"http://{host}/" for host in HOSTS]
        network = local_network(*urls, chain_id=node.chain_id)
        super().__init__(replace(surrounds(root, network), sleep=_hurried))
        self._servers = servers

    @cached_property
    @override
    def _client(self) -> HttpClient:
        return HttpClient(self.clock, in_process=self._servers.answerers())


@dataclass
class Payment:
    """One press of the button, and the lives in which the wallet sees it through."""

    root: Path
    node: Anvil
    fault: str
    amount: int

    async def press(self, fail: Failpoint) -> dict[str, Any]:
        """Live the first life: review, sign, send, and see it settled where the node mines at once."""
        wallet = Wallet(self.root, self.node, Servers(self.node, self.fault, fail))
        session = await self._unlock(wallet)
        network = session.catalogue.networks()[0]
        sender = session.accounts.accounts()[0].address
        draft = Draft(network.id, sender, RECIPIENT, native_asset(network).id, self.amount)
        fail.arm()
        await session.sending.send(await session.sending.review(draft))
        if self.fault not in _BY_HAND:
            await until(lambda: self._is_over(session))
        return await self._end(wallet, session)

    async def look(self, fail: Failpoint) -> dict[str, Any]:
        """Live a later life: see what became of it, and send it again where no server knows it."""
        fail.arm()
        wallet = Wallet(self.root, self.node, Servers(self.node, "none", fail))
        session = await self._unlock(wallet)
        if self._ours(session) is not None:
            await until(lambda: session.settling.rounds)
            await until(lambda: self._is_over(session))
            ours = self._ours(session)
            if ours is not None and ours.state is TransferState.DROPPED:
                await session.sending.send_again(ours.id)
                await until(lambda: self._is_over(session))
        return await self._end(wallet, session)

    async def _unlock(self, wallet: Wallet) -> Session:
        [profile] = await wallet.profiles.list()
        return await wallet.unlock(profile.id, PASSWORD)

    async def _end(self, wallet: Wallet, session: Session) -> dict[str, Any]:
        ours = self._ours(session)
        told: dict[str, Any] = {"state": ours.state.value if ours else None}
        if ours is not None:
            key = BalanceKey(ours.draft.network, ours.draft.sender, ours.draft.asset)
            await session.balances.refresh([key])
            reading = session.balances.state(key).reading
            told["amount"] = reading.amount if reading else None
            told["spendable"] = session.balances.spendable(key)
            told["badge"] = session.balances.badge(key, None).kind.value
            told["id"] = ours.transaction
            told["raw"] = ours.raw.hex()
            told["nonce"] = ours.nonce
        await wallet.close()
        return told

    def _ours(self, session: Session) -> Transfer | None:
        return next((t for t in session.transfers.all() if t.draft.amount == self.amount), None)

    def _is_over(self, session: Session) -> bool:
        ours = self._ours(session)
        assert ours is not None
        if ours.state.is_mined:
            return ours.settled is not None
        return ours.state in (TransferState.DROPPED, TransferState.REPLACED)


def live(work: Callable[[Failpoint], Awaitable[dict[str, Any]]], at: int | None) -> dict[str, Any]:
    """Return what a child told before it ended, or that it was killed, and before which event."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            fail = Failpoint(at, writer)
            seen = asyncio.run(_told(work, fail))
            os.write(writer, json.dumps(seen | {"events": fail.passed}).encode())
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a child must never run the parent's code
            traceback.print_exc()
            os._exit(1)
    os.close(writer)
    text = b""
    while part := os.read(reader, 65_536):
        text += part
    os.close(reader)
    _, status = os.waitpid(child, 0)
    if not text or (not os.WIFSIGNALED(status) and os.waitstatus_to_exitcode(status)):
        raise RuntimeError(f"a life ended with {status}")
    told: dict[str, Any] = json.loads(text)
    return told


async def _told(work: Callable[[Failpoint], Awaitable[dict[str, Any]]], fail: Failpoint) -> dict[str, Any]:
    connect = dbapi2.connect

    def watched(*values: Any, **chosen: Any) -> Any:  # noqa: ANN401 - passed on
        connection = connect(*values, **chosen)
        connection.set_trace_callback(lambda statement: fail.event(f"statement {statement[:30]}"))
        return connection

    dbapi2.__dict__["connect"] = watched
    return await work(fail)


def strike(payment: Payment, node: Anvil, sender: str, nonce: int) -> None:
    """Do at the node what the fault of the day is, after the first life."""
    waiting = _waiting(node)
    match payment.fault:
        case "dropped":
            node.rpc("anvil_dropAllTransactions")
        case "replaced":
            node.rpc("anvil_dropAllTransactions")
            node.rpc("anvil_impersonateAccount", sender)
            transaction = {"from": sender, "to": sender, "value": "0x1", "nonce": hex(nonce)}
            node.rpc("eth_sendTransaction", transaction)
        case "reorged" | "reorged-away":
            last = node.rpc("eth_getBlockByNumber", "latest", True)["transactions"]
            if not any(int(each["value"], 16) == payment.amount for each in last):
                return  # it was never sent
            raws = [node.rpc("eth_getRawTransactionByHash", each["hash"]) for each in last]
            node.rpc("anvil_reorg", 1, [])
            node.rpc("anvil_dropAllTransactions")
            if payment.fault == "reorged":
                for raw in raws:
                    node.rpc("eth_sendRawTransaction", raw)
        case _:
            pass
    if payment.fault in _BY_HAND:
        node.rpc("evm_setAutomine", True)
        if waiting or payment.fault == "replaced":
            node.mine()


def _waiting(node: Anvil) -> int:
    return int(node.rpc("txpool_status")["pending"], 16)


def see_through(payment: Payment, kills: list[int | None]) -> dict[str, Any]:
    """Return how one payment went: killed as told, one life after the other, the last one whole."""
    node = payment.node
    before = int(node.rpc("eth_getBalance", RECIPIENT.text, "latest"), 16)
    if payment.fault in _BY_HAND:
        node.rpc("evm_setAutomine", False)
    sender = json.loads((payment.root / "sender.json").read_text("utf-8"))
    nonce = int(node.rpc("eth_getTransactionCount", sender, "latest"), 16)
    lives = [live(payment.press, kills[0])]
    strike(payment, node, sender, nonce)
    lives += [live(payment.look, at) for at in kills[1:]]
    last = live(payment.look, None)
    after = int(node.rpc("eth_getBalance", RECIPIENT.text, "latest"), 16)
    times, rest = divmod(after - before, payment.amount)
    return {
        "fault": payment.fault,
        "killed": [each.get("killed") for each in lives],
        "events": lives[0].get("events"),
        "state": last["state"],
        "paid": times if not rest else -1,
        "shown": last.get("amount"),
        "spendable": last.get("spendable"),
        "badge": last.get("badge"),
        "truth": int(node.rpc("eth_getBalance", sender, "latest"), 16),
    }


async def _settle_in(root: Path, node: Anvil) -> None:
    """Make the profile that all payments of a run come from."""
    fail = Failpoint(None, -1)
    wallet = Wallet(root, node, Servers(node, "none", fail))
    session = await wallet.create_profile("Main", PASSWORD, without_keyring=True)
    await session.settings.change(preload=False)
    await session.accounts.add_phrase("Savings", PHRASE, created=False)
    await session.catalogue.choose_networks([session.catalogue.networks(enabled_only=False)[0].id])
    sender = session.accounts.accounts()[0].address.text
    (root / "sender.json").write_text(json.dumps(sender), encoding="utf-8")
    await wallet.close()
    node.set_balance(sender, RICH_WEI)


def main(root: Path, kills: int, seed: int, faults: list[str]) -> None:
    """Make payments under each fault until so many lives were killed, and tell of each."""
    warm_up()
    draw = random.Random(seed)
    amount = 10**15
    for number, fault in enumerate(faults):
        share = kills // len(faults) + (number < kills % len(faults))
        with Anvil() as node:
            node.put_multicall3()
            folder = root / fault
            folder.mkdir(parents=True)
            asyncio.run(_settle_in(folder, node))
            whole = see_through(Payment(folder, node, fault, amount), [None])
            print(json.dumps(whole), flush=True)  # noqa: T201 - its report
            events, killed, tries = int(whole["events"]), 0, 0
            while killed < share:
                amount += 1
                # Evenly over the events of a whole life, and now and then once more on the way back. A life may have
                # a few events less than the first one had: who was not killed is not counted.
                first = tries * max(events // share, 1) % events if share <= events else tries % events
                tries += 1
                if tries > 4 * share + _SPARE_TRIES:
                    raise RuntimeError(f"{fault}: {killed} of {share} were killed in {tries} tries")
                again: list[int | None] = [draw.randrange(200)] if draw.random() < 0.25 else []
                told = see_through(Payment(folder, node, fault, amount), [first, *again])
                killed += sum(1 for each in told["killed"] if each)
                print(json.dumps(told), flush=True)  # noqa: T201 - its report


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] or list(FAULTS))
