"""A server that says anything at all in one place: what comes of it is a network's fault, and never a bug of ours."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop_wallet.chains.adapter import Mined, ReadRequest, Wanted
from desktop_wallet.core.balances import BalanceKey, RegistryId
from desktop_wallet.core.errors import NoEndpointLeft
from desktop_wallet.core.networks import DataFee
from desktop_wallet.core.positions import Height, HeightKind
from tests.chains.evm.edited_node import ME, YOU, Edit, SendingStage, receipt_of, signed, stage_of
from tests.fakes.anvil import Anvil

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anvil

QUOTED = (
    *("eth_getBlockByNumber", "eth_getTransactionCount", "eth_getCode", "eth_estimateGas", "eth_simulateV1"),
    *("eth_call", "eth_feeHistory", "eth_gasPrice"),
)
LOOKED_UP = ("eth_getBlockByNumber", "eth_getTransactionCount", "eth_getTransactionReceipt", "eth_getTransactionByHash")
HEX = st.one_of(
    st.integers(0, 2**256).map(hex),
    st.binary(max_size=96).map(lambda data: f"0x{data.hex()}"),
    st.sampled_from(["", "0x", "0x00", "-0x1", "0X1", "0xg", " 0x1", "0x" + "f" * 64, "0x" + "f" * 65]),
)
VALUES = st.one_of(
    *(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False)),
    *(HEX, st.text(max_size=20)),
    *(st.lists(HEX, max_size=5), st.dictionaries(st.sampled_from(["hash", "number", "calls", "code"]), HEX)),
)


@pytest.fixture(scope="module")
def node() -> Iterator[Anvil]:
    """Yield one node for all histories: none of them changes its chain."""
    with Anvil() as node:
        yield node


def lie(data: st.DataObject) -> Edit:
    """Return an edit that puts something somewhere into a reply, or an error in its place."""
    value = data.draw(VALUES, label="value")
    turns = data.draw(st.lists(st.integers(0, 30), min_size=0, max_size=6), label="where")
    wrong = data.draw(st.booleans(), label="as an error")

    def edit(_call: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
        if wrong:
            return {"error": {"code": 3, "message": str(value), "data": value}}
        return {"result": put(copy.deepcopy(reply.get("result")), turns, value)}

    return edit


def put(into: Any, turns: list[int], value: object) -> object:  # noqa: ANN401 - JSON
    """Return a JSON value with `value` in the place to which the turns lead."""
    if not turns or not isinstance(into, list | dict) or not into:
        return value
    places: list[Any] = list(into) if isinstance(into, dict) else list(range(len(into)))
    place = places[turns[0] % len(places)]
    into[place] = put(into[place], turns[1:], value)
    return into


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_a_quote_is_made_or_refused(node: Anvil, data: st.DataObject) -> None:
    stage = stage_of(node, data_fee=DataFee.ORACLE if data.draw(st.booleans(), label="rollup") else DataFee.NONE)
    stage.server.edits[data.draw(st.sampled_from(QUOTED), label="method")] = lie(data)
    try:
        quote = await stage.adapter.quote(stage.draft(1))
    except NoEndpointLeft:
        return
    finally:
        await stage.client.aclose()
    fees = [quote.fees.slow, quote.fees.normal, quote.fees.fast]
    assert all(21_000 <= fee.gas_expected <= fee.gas_limit <= 2**26 for fee in fees if quote.outcome.succeeds)
    assert all(0 < fee.price.most_wei <= 3 * 10**15 for fee in fees)
    assert 0 <= quote.used_nonces <= quote.waiting_nonces
    assert len(quote.outcome.reason) <= 200
    assert quote.outcome.reason.isprintable()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_nothing_but_a_right_receipt_counts_as_mined(node: Anvil, data: st.DataObject) -> None:
    stage = stage_of(node)
    transaction = sent_once(stage)
    block = node.block(int(receipt_of(node, transaction)["blockNumber"], 16))
    known = Height(HeightKind.BLOCK, int(block["number"], 16), block["hash"])
    wish = Wanted(transaction, ME, 0, data.draw(st.sampled_from([None, known]), label="block"))
    stage.server.edits[data.draw(st.sampled_from(LOOKED_UP), label="method")] = lie(data)
    sightings = await stage.adapter.look_up([wish], everywhere=data.draw(st.booleans(), label="everywhere"))
    await stage.client.aclose()

    for sighting in sightings:
        seen = sighting.transactions[transaction]
        assert seen.block is None or seen.block.hash == block["hash"] or "eth_getBlockByNumber" in stage.server.edits
        assert sighting.finalized is None or sighting.finalized <= sighting.head.number


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_a_settled_read_is_made_or_there_is_none(node: Anvil, data: st.DataObject) -> None:
    stage = stage_of(node)
    block = node.block()
    height = Height(HeightKind.BLOCK, int(block["number"], 16), block["hash"])
    keys = tuple(BalanceKey(stage.network.id, who, stage.coin) for who in (ME, YOU))
    stage.server.edits[
        data.draw(
            st.sampled_from(["eth_getBlockByNumber", "eth_getBalance", "eth_getTransactionCount"]), label="method"
        )
    ] = lie(data)
    batch = await stage.adapter.read_settled(
        ReadRequest(keys, 1, RegistryId("registry")), [Mined(height, ME, -1)], at_least=0
    )
    await stage.client.aclose()

    assert batch is None or len(batch.readings) + len(batch.failures) == len(keys)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_a_broadcast_is_answered_once_by_every_server(node: Anvil, data: st.DataObject) -> None:
    stage = stage_of(node, node)
    sent_once(stage)
    method = data.draw(st.sampled_from(["eth_sendRawTransaction", "eth_getTransactionByHash"]), label="method")
    stage.server.edits[method] = lie(data)
    used = signed(node, nonce=0, wei=2)
    told = [delivery async for delivery in stage.adapter.broadcast(used)]
    await stage.client.aclose()

    assert sorted(delivery.host for delivery in told) == ["a.test", "b.test"]
    assert all(len(delivery.words) <= 200 for delivery in told)


def sent_once(stage: SendingStage) -> Any:  # noqa: ANN401 - a transaction's id
    """Return the id of the only transaction on the node's chain, which is sent if there is none."""
    transaction = signed(stage.node, nonce=0)
    if int(stage.node.rpc("eth_getTransactionCount", ME.text, "latest"), 16) == 0:
        stage.node.rpc("eth_sendRawTransaction", f"0x{transaction.raw.hex()}")
        receipt_of(stage.node, transaction.id)
    return transaction.id
