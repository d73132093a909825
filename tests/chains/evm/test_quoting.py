"""What a draft is told before it is signed: from a real node, and from servers that say something else."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from desktop_wallet.chains.evm.data_fees import GAS_PRICE_ORACLE
from desktop_wallet.clock import SystemClock
from desktop_wallet.core.addresses import parse_address
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.errors import EndpointRefused, NoEndpointLeft, UntrustedReply
from desktop_wallet.core.networks import DataFee, Endpoint, Family
from desktop_wallet.core.quotes import Code, CodeKind, Movement, SimulationMethod
from desktop_wallet.core.signing import LegacyPrice, MarketPrice
from desktop_wallet.core.transfers import TransferKind
from desktop_wallet.net.client import HttpClient
from tests.chains.evm.edited_node import (
    ETHER,
    ME,
    MISSING,
    THIRD,
    YOU,
    Edit,
    SendingStage,
    adapter_on,
    changed,
    error,
    receipt_of,
    result,
    stage_of,
)
from tests.fakes.anvil import REVERTING, Anvil
from tests.fakes.delaying_proxy import delaying_proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from desktop_wallet.core.fees import GasFee
    from desktop_wallet.core.quotes import Quote

pytestmark = pytest.mark.anvil

CONTRACT = parse_address(Family.EVM, "0x" + "c0de" * 10)
SUPPLY = 10**24
# PUSH32 selector and first word, MSTORE, PUSH1 17, PUSH1 4, MSTORE, PUSH1 36, PUSH1 0, REVERT
PANICS = f"0x7f4e487b71{'00' * 28}6000526011600452602460 00fd".replace(" ", "")
FALSE = "0x600060005260206000f3"
TRUE = "0x600160005260206000f3"
TWO = "0x600260005260206000f3"
FORWARDS = f"0x600060006000600034 73{THIRD.text[2:]}5af1".replace(" ", "")


@pytest.fixture
async def stage() -> AsyncIterator[SendingStage]:
    """Yield one server before one node."""
    with Anvil() as node:
        stage = stage_of(node)
        yield stage
        await stage.client.aclose()


@contextlib.asynccontextmanager
async def rollup(oracle: str) -> AsyncIterator[SendingStage]:
    with Anvil() as node:
        node.set_code(GAS_PRICE_ORACLE, oracle)
        stage = stage_of(node, data_fee=DataFee.ORACLE)
        yield stage
        await stage.client.aclose()


async def test_a_coin_transfer_takes_exactly_its_gas_and_moves_what_it_says(stage: SendingStage) -> None:
    stage.node.send(YOU.text, wei=1)
    quote = await stage.adapter.quote(stage.draft(3 * ETHER))

    assert {(fee.gas_limit, fee.gas_expected) for fee in choices(quote)} == {(21_000, 21_000)}
    assert quote.outcome.succeeds
    assert quote.outcome.method is SimulationMethod.SIMULATE
    assert set(quote.outcome.movements) == {
        Movement(ME, stage.coin, -3 * ETHER),
        Movement(YOU, stage.coin, 3 * ETHER),
    }
    assert (quote.used_nonces, quote.waiting_nonces) == (1, 1)
    assert (quote.sender_code, quote.recipient_code) == (Code(CodeKind.NONE), Code(CodeKind.NONE))
    block = stage.node.block()
    assert (quote.head.number, quote.head.hash) == (int(block["number"], 16), block["hash"])
    assert quote.host == "a.test"


async def test_a_token_transfer_has_room_and_moves_the_token(stage: SendingStage) -> None:
    token = stage.token(stage.node.deploy_token("Token", "TOK", supply=SUPPLY))
    quote = await stage.adapter.quote(stage.draft(5, token))
    receipt = stage.node.send_token(token.reference, YOU.text, 5)

    used = int(receipt["gasUsed"], 16)
    assert quote.fees.normal.gas_expected == used
    assert quote.fees.normal.gas_limit == -(-used * 125 // 100)
    assert set(quote.outcome.movements) == {Movement(ME, token, -5), Movement(YOU, token, 5)}


async def test_the_prices_of_a_real_node_get_a_transaction_mined(stage: SendingStage) -> None:
    stage.node.send(YOU.text, wei=1)
    fees = (await stage.adapter.quote(stage.draft(1))).fees
    for fee in (fees.slow, fees.normal, fees.fast):
        assert isinstance(fee.price, MarketPrice)
        sent = {
            "from": ME.text,
            "to": YOU.text,
            "value": "0x1",
            "gas": hex(fee.gas_limit),
            "maxFeePerGas": hex(fee.price.max_fee_wei),
            "maxPriorityFeePerGas": hex(fee.price.max_priority_fee_wei),
        }
        receipt = receipt_of(stage.node, stage.node.rpc("eth_sendTransaction", sent))
        assert int(receipt["effectiveGasPrice"], 16) <= fee.price.max_fee_wei


async def test_a_quote_is_one_round_trip_though_the_server_shows_its_chain_too() -> None:
    with Anvil() as node:
        async with delaying_proxy(node.url) as proxy:
            clock = SystemClock()
            client = HttpClient(clock)
            stage = stage_of(node)
            network = replace(stage.network, endpoints=(Endpoint(proxy.url),), data_fee=DataFee.ORACLE)
            node.set_code(GAS_PRICE_ORACLE, TRUE)
            await adapter_on(network, client, clock).quote(stage.draft(1))
            await client.aclose()
            await stage.client.aclose()

        assert len(proxy.requests) == 1
        assert b"eth_chainId" in proxy.requests[0].body


async def test_what_waits_in_the_pool_is_counted(stage: SendingStage) -> None:
    stage.node.rpc("evm_setAutomine", False)
    for _ in range(2):
        stage.node.rpc("eth_sendTransaction", {"from": ME.text, "to": YOU.text, "value": "0x1"})
    quote = await stage.adapter.quote(stage.draft(1))

    assert (quote.used_nonces, quote.waiting_nonces) == (0, 2)


@pytest.mark.parametrize("edit", [result("0x0"), error(-32000, "no pool")], ids=["less", "error"])
async def test_a_server_without_a_pool_counts_what_is_mined(stage: SendingStage, edit: Edit) -> None:
    stage.node.send(YOU.text, wei=1)
    stage.server.edits["eth_getTransactionCount"] = lambda call, reply: (
        edit(call, reply) if call["params"][1] == "pending" else reply
    )
    quote = await stage.adapter.quote(stage.draft(1))

    assert (quote.used_nonces, quote.waiting_nonces) == (1, 1)


async def test_a_contract_that_passes_the_coin_on_shows_where_it_goes(stage: SendingStage) -> None:
    stage.node.set_code(CONTRACT.text, FORWARDS)
    quote = await stage.adapter.quote(stage.draft(7, recipient=CONTRACT))

    assert quote.recipient_code == Code(CodeKind.CONTRACT)
    assert set(quote.outcome.movements) == {Movement(ME, stage.coin, -7), Movement(THIRD, stage.coin, 7)}
    assert quote.fees.normal.gas_limit > quote.fees.normal.gas_expected > 21_000


async def test_an_account_that_delegates_is_told_from_a_contract(stage: SendingStage) -> None:
    for who in (ME, YOU):
        stage.node.set_code(who.text, "0xef0100" + CONTRACT.text[2:])
    quote = await stage.adapter.quote(stage.draft(1))

    assert quote.recipient_code == quote.sender_code == Code(CodeKind.DELEGATED, CONTRACT)
    assert quote.outcome.succeeds
    assert quote.fees.normal.gas_limit > 21_000


async def test_what_begins_like_a_delegation_and_is_longer_is_a_contract(stage: SendingStage) -> None:
    stage.server.edits["eth_getCode"] = result("0xef0100" + "11" * 21)
    assert (await stage.adapter.quote(stage.draft(1))).recipient_code == Code(CodeKind.CONTRACT)


FALLBACKS: dict[str, dict[str, Edit]] = {"simulated": {}, "called": {"eth_simulateV1": MISSING}}


@pytest.mark.parametrize("edits", FALLBACKS.values(), ids=FALLBACKS)
async def test_a_contract_that_gives_up_is_an_outcome_with_its_own_words(
    stage: SendingStage, edits: dict[str, Edit]
) -> None:
    stage.server.edits.update(edits)
    token = stage.token(stage.node.deploy_token("Token", "TOK", supply=SUPPLY))
    outcome = (await stage.adapter.quote(stage.draft(SUPPLY + 1, token))).outcome

    assert (outcome.succeeds, outcome.reason) == (False, "ERC20: transfer amount exceeds balance")
    assert outcome.movements == ()


@pytest.mark.parametrize("edits", FALLBACKS.values(), ids=FALLBACKS)
@pytest.mark.parametrize(
    ("code", "succeeds", "reason"),
    [(TRUE, True, ""), ("0x00", True, ""), (FALSE, False, ""), (TWO, False, ""), (PANICS, False, "Panic(0x11)")],
    ids=["true", "nothing", "false", "two", "panic"],
)
async def test_a_token_says_whether_it_moved(
    stage: SendingStage, code: str, succeeds: bool, reason: str, edits: dict[str, Edit]
) -> None:
    stage.server.edits.update(edits)
    stage.node.set_code(CONTRACT.text, code)
    outcome = (await stage.adapter.quote(stage.draft(5, stage.token(CONTRACT.text)))).outcome

    assert (outcome.succeeds, outcome.reason) == (succeeds, reason)


async def test_a_contract_without_words_gives_up_without_a_reason_of_its_own(stage: SendingStage) -> None:
    stage.node.set_code(CONTRACT.text, REVERTING)
    quote = await stage.adapter.quote(stage.draft(1, recipient=CONTRACT))

    assert not quote.outcome.succeeds
    assert quote.outcome.movements == ()
    assert quote.fees.normal.gas_limit > 21_000


async def test_a_token_that_is_not_there_moves_nothing(stage: SendingStage) -> None:
    assert not (await stage.adapter.quote(stage.draft(5, stage.token(CONTRACT.text)))).outcome.succeeds


async def test_a_reason_is_cleaned_and_short(stage: SendingStage) -> None:
    words = "\u202egnp.\n<b>evil</b>\0 " + "x" * 500
    text = words.encode()
    data = f"0x08c379a0{0x20:064x}{len(text):064x}{text.hex()}{'00' * (-len(text) % 32)}"
    stage.server.edits["eth_estimateGas"] = stage.server.edits["eth_simulateV1"] = error(3, "execution reverted", data)
    reason = (await stage.adapter.quote(stage.draft(1))).outcome.reason

    assert len(reason) == 200
    assert reason.startswith("gnp.<b>evil</b> xxx")


async def test_a_contract_that_gives_no_reason_is_not_quoted(stage: SendingStage) -> None:
    reverted = error(3, "execution reverted", "0x")
    stage.server.edits["eth_estimateGas"] = stage.server.edits["eth_simulateV1"] = reverted
    outcome = (await stage.adapter.quote(stage.draft(1))).outcome

    assert (outcome.succeeds, outcome.reason) == (False, "")


@pytest.mark.parametrize("edits", FALLBACKS.values(), ids=FALLBACKS)
async def test_more_than_there_is_does_not_succeed_and_blames_no_server(
    stage: SendingStage, edits: dict[str, Edit]
) -> None:
    stage.server.edits.update(edits)
    quote = await stage.adapter.quote(stage.draft(10**30))

    assert not quote.outcome.succeeds
    assert "nsufficient funds" in quote.outcome.reason
    assert quote.fees.normal.gas_limit == 21_000
    assert [status.failures for status in stage.adapter.endpoint_statuses()] == [0]


async def test_a_server_that_cannot_simulate_costs_no_second_request(stage: SendingStage) -> None:
    stage.server.edits["eth_simulateV1"] = MISSING
    token = stage.token(stage.node.deploy_token("Token", "TOK", supply=SUPPLY))
    outcome = (await stage.adapter.quote(stage.draft(5, token))).outcome

    assert (outcome.method, outcome.succeeds, outcome.movements) == (SimulationMethod.CALL, True, ())
    assert len(stage.server.calls) == 1


async def test_a_gateway_that_refuses_whole_requests_for_the_simulation_is_asked_without(stage: SendingStage) -> None:
    async def refuse() -> None:
        if "eth_simulateV1" in stage.server.calls[-1]:
            raise EndpointRefused(host="a.test", status=403)

    stage.server.before = refuse
    token = stage.token(stage.node.deploy_token("Token", "TOK", supply=SUPPLY))
    quote = await stage.adapter.quote(stage.draft(5, token))

    assert (quote.outcome.method, quote.outcome.succeeds) == (SimulationMethod.CALL, True)
    assert quote.fees.normal.gas_expected > 21_000
    assert len(stage.server.calls) == 2


async def test_a_simulation_that_says_yes_does_not_outvote_an_estimate_that_says_no(stage: SendingStage) -> None:
    stage.server.edits["eth_estimateGas"] = error(3, "execution reverted: frozen")
    outcome = (await stage.adapter.quote(stage.draft(1))).outcome

    assert (outcome.succeeds, outcome.reason) == (False, "frozen")


async def test_a_cancel_asks_for_nothing_of_the_sender_itself(stage: SendingStage) -> None:
    draft = replace(stage.draft(0, recipient=ME), kind=TransferKind.CANCEL)
    quote = await stage.adapter.quote(draft)

    assert quote.outcome.succeeds
    assert quote.outcome.movements == ()
    assert quote.fees.normal.gas_limit == 21_000


# Prices


def history(*base_fees: int, tips: list[list[int]], ratios: list[float] | None = None) -> dict[str, object]:
    return {
        "oldestBlock": "0x1",
        "baseFeePerGas": [hex(fee) for fee in base_fees],
        "gasUsedRatio": ratios or [0.5] * len(tips),
        "reward": [[hex(tip) for tip in row] for row in tips],
    }


async def test_empty_blocks_say_nothing_of_tips(stage: SendingStage) -> None:
    told = history(100, 100, 100, 90, tips=[[0, 0, 0], [5, 6, 7], [0, 0, 0]], ratios=[0, 0.1, 0.0])
    stage.server.edits["eth_feeHistory"] = result(told)
    fees = (await stage.adapter.quote(stage.draft(1))).fees

    assert [fee.price for fee in (fees.slow, fees.normal, fees.fast)] == [
        MarketPrice(2 * 90 + tip, tip) for tip in (5, 6, 7)
    ]
    assert fees.normal.base_fee_wei == 90


async def test_where_nobody_sent_anything_the_servers_own_suggestion_counts(stage: SendingStage) -> None:
    stage.server.edits["eth_feeHistory"] = result(history(100, 90, tips=[[0, 0, 0]], ratios=[0]))
    stage.server.edits["eth_getBlockByNumber"] = changed(baseFeePerGas="0x64")
    stage.server.edits["eth_gasPrice"] = result(hex(123))
    assert (await stage.adapter.quote(stage.draft(1))).fees.fast.price == MarketPrice(180 + 23, 23)


async def test_a_tip_is_never_nothing_for_nodes_take_none_without(stage: SendingStage) -> None:
    stage.server.edits["eth_feeHistory"] = result(history(100, 90, tips=[[0, 0, 3]]))
    fees = (await stage.adapter.quote(stage.draft(1))).fees
    assert [fee.price for fee in (fees.slow, fees.fast)] == [MarketPrice(181, 1), MarketPrice(183, 3)]


async def test_a_network_without_a_base_fee_has_legacy_prices(stage: SendingStage) -> None:
    stage.server.edits["eth_getBlockByNumber"] = changed(baseFeePerGas=None)
    stage.server.edits["eth_feeHistory"] = MISSING
    stage.server.edits["eth_gasPrice"] = result(hex(1000))
    fees = (await stage.adapter.quote(stage.draft(1))).fees

    assert fees.slow.price == LegacyPrice(1000)
    assert isinstance(fees.fast.price, LegacyPrice)
    assert fees.fast.price.gas_price_wei > 1000
    assert fees.fast.base_fee_wei == 0


TOO_DEAR = 10**15 + 1
HISTORY = history(1, 1, tips=[[1, 1, 1]])
NONSENSE: dict[str, dict[str, Edit]] = {
    "a base fee beyond all": {"eth_feeHistory": result(history(1, TOO_DEAR, tips=[[1, 1, 1]]))},
    "a tip beyond all": {"eth_feeHistory": result(history(1, 1, tips=[[1, 1, TOO_DEAR]]))},
    "a gas price beyond all": {"eth_gasPrice": result(hex(TOO_DEAR))},
    "no tips": {"eth_feeHistory": result(history(1, 1, tips=[]))},
    "two tips": {"eth_feeHistory": result(history(1, 1, tips=[[1, 1]]))},
    "a base fee too few": {"eth_feeHistory": result(history(1, tips=[[1, 1, 1]]))},
    "a history that is none": {"eth_feeHistory": result("0x1")},
    "a negative tip": {
        "eth_feeHistory": result({**history(1, 1, tips=[[1, 1, 1]]), "reward": [["-0x1", "0x1", "0x1"]]})
    },
    "a ratio that is none": {"eth_feeHistory": result({**HISTORY, "gasUsedRatio": ["0.5"]})},
    "more gas than a block has": {"eth_estimateGas": result(hex(2**40))},
    "a count with leading zeros": {"eth_getTransactionCount": result("0x00")},
    "a count that nobody ever came to": {"eth_getTransactionCount": result(hex(2**48))},
    "a count that is none": {"eth_getTransactionCount": result(None)},
    "code that is none": {"eth_getCode": result("0xg0")},
    "no block": {"eth_getBlockByNumber": result(None)},
    "a block from the day after tomorrow": {"eth_getBlockByNumber": changed(timestamp=hex(2**40))},
    "an estimate that is none": {"eth_estimateGas": result("21000")},
    "a simulation of two blocks": {"eth_simulateV1": result([{}, {}])},
    "a simulation without calls": {"eth_simulateV1": result([{"calls": []}])},
    "a simulation that says 2": {
        "eth_simulateV1": result([{"calls": [{"status": "0x2", "gasUsed": "0x1", "returnData": "0x", "logs": []}]}])
    },
    "logs that are none": {
        "eth_simulateV1": result([{"calls": [{"status": "0x1", "gasUsed": "0x1", "returnData": "0x", "logs": [1]}]}])
    },
}


@pytest.mark.parametrize("edits", NONSENSE.values(), ids=NONSENSE)
async def test_nonsense_is_not_believed(stage: SendingStage, edits: dict[str, Edit]) -> None:
    stage.server.edits.update(edits)
    with pytest.raises(NoEndpointLeft) as caught:
        await stage.adapter.quote(stage.draft(1))
    assert isinstance(caught.value.data["last"], UntrustedReply)


async def test_what_ether_never_cost_is_believed_only_of_other_coins(stage: SendingStage) -> None:
    stage.server.edits["eth_gasPrice"] = result(hex(10**14))
    await stage.adapter.quote(stage.draft(1))
    network = replace(stage.network, native_slip44=60)
    draft = replace(stage.draft(1), asset=AssetId(network.id, "slip44", "60"))
    with pytest.raises(NoEndpointLeft):
        await adapter_on(network, stage.client, SystemClock()).quote(draft)
    # What a coin is worth that a person added, nobody knows, whatever it is called.
    added = replace(network, added_by_hand=True)
    await adapter_on(added, stage.client, SystemClock()).quote(draft)


async def test_another_server_answers_where_the_first_talks_nonsense() -> None:
    with Anvil() as node:
        stage = stage_of(node, node)
        stage.servers[0].edits["eth_gasPrice"] = result("nonsense")
        quote = await stage.adapter.quote(stage.draft(1))
        await stage.client.aclose()

    assert quote.host == "b.test"


# Movements


def simulated(*logs: dict[str, object]) -> Edit:
    return result([{"calls": [{"status": "0x1", "gasUsed": "0x5208", "returnData": "0x", "logs": list(logs)}]}])


def log(emitter: str, *topics: str, data: str = "0x") -> dict[str, object]:
    return {"address": emitter, "topics": [f"0x{topic.rjust(64, '0')}" for topic in topics], "data": data}


TRANSFER = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
SINGLE = "c3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62"
BATCH = "4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb"
MINE, YOURS = ME.text[2:], YOU.text[2:]


@pytest.mark.parametrize(
    ("event", "namespace", "change"),
    [
        (log(CONTRACT.text, TRANSFER, MINE, YOURS, data=f"0x{5:064x}"), "erc20", 5),
        (log(CONTRACT.text, TRANSFER, MINE, YOURS, "7b"), "erc721", 1),
        (log(CONTRACT.text, TRANSFER, data=f"0x{MINE:0>64}{YOURS:0>64}{5:064x}"), "erc721", 1),
        (log(CONTRACT.text, SINGLE, "1", MINE, YOURS, data=f"0x{9:064x}{4:064x}"), "erc1155", 4),
        (log(CONTRACT.text, BATCH, "1", MINE, YOURS, data="0x"), "erc1155", 1),
    ],
    ids=["erc20", "erc721", "not indexed", "erc1155", "erc1155 batch"],
)
async def test_what_moves_and_is_no_known_asset_is_not_hidden(
    stage: SendingStage, event: dict[str, object], namespace: str, change: int
) -> None:
    stage.server.edits["eth_simulateV1"] = simulated(event)
    moved = AssetId(stage.network.id, namespace, CONTRACT.text)
    outcome = (await stage.adapter.quote(stage.draft(1))).outcome

    assert set(outcome.movements) == {Movement(ME, moved, -change), Movement(YOU, moved, change)}


@pytest.mark.parametrize(
    "event",
    [
        log(CONTRACT.text, "0", MINE, YOURS, data=f"0x{5:064x}"),
        log(CONTRACT.text, TRANSFER, "f" * 64, YOURS, data=f"0x{5:064x}"),
        log(CONTRACT.text, TRANSFER, MINE, YOURS, data="0x05"),
        log(CONTRACT.text, TRANSFER, MINE, MINE, data=f"0x{5:064x}"),
        log(CONTRACT.text),
    ],
    ids=["another event", "no address", "no number", "to itself", "no topic"],
)
async def test_what_is_no_transfer_moves_nothing(stage: SendingStage, event: dict[str, object]) -> None:
    stage.server.edits["eth_simulateV1"] = simulated(event)
    assert (await stage.adapter.quote(stage.draft(1))).outcome.movements == ()


# Data fees

# The size of the call data as the fee for every question: CALLDATASIZE, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN
BY_SIZE = "0x3660005260206000f3"


async def test_a_rollups_data_fee_goes_by_the_size_of_the_transaction() -> None:
    async with rollup(BY_SIZE) as stage:
        token = stage.token(stage.node.deploy_token("Token", "TOK", supply=SUPPLY))
        coin_fee = (await stage.adapter.quote(stage.draft(ETHER))).fees.normal
        token_fee = (await stage.adapter.quote(stage.draft(5, token))).fees.normal
        sent = stage.node.rpc(
            "eth_signTransaction",
            {
                "from": ME.text,
                "to": YOU.text,
                "value": hex(ETHER),
                "gas": "0x5208",
                "nonce": "0x1",
                "maxFeePerGas": hex(10**10),
                "maxPriorityFeePerGas": hex(10**9),
                "chainId": hex(31337),
            },
        )

    # The question is a selector and two words longer than the transaction, and so is the operator's part a constant.
    unsigned = len(sent) // 2 - 68
    operator = 4 + 32
    assert coin_fee.data_fee_wei - operator - 4 - 64 >= unsigned
    assert token_fee.data_fee_wei >= coin_fee.data_fee_wei + 32
    assert coin_fee.data_fee_most_wei == 2 * coin_fee.data_fee_wei
    assert coin_fee.expected_wei == coin_fee.gas_expected * coin_fee.unit_wei + coin_fee.data_fee_wei
    assert coin_fee.most_wei > coin_fee.gas_limit * coin_fee.price.most_wei


async def test_the_operators_part_grows_with_the_gas() -> None:
    # The last word of the question, so getOperatorFee(gas) is `gas` wei: for 10^9 of gas 10^9 wei.
    # PUSH1 32, PUSH1 32, CALLDATASIZE, SUB, PUSH1 0, CALLDATACOPY, PUSH1 32, PUSH1 0, RETURN
    async with rollup("0x602060203603600037602060 00f3".replace(" ", "")) as stage:
        stage.server.edits["eth_call"] = lambda call, reply: (
            {"result": f"0x{1000:064x}"} if "49948e0e" in str(call["params"]) else reply
        )
        fee = (await stage.adapter.quote(stage.draft(ETHER))).fees.normal

    assert fee.data_fee_wei == 1000 + 21_000
    assert fee.data_fee_most_wei == 2 * (1000 + 21_000)


async def test_a_contract_without_an_operators_part_takes_none() -> None:
    async with rollup(REVERTING) as stage:
        stage.server.edits["eth_call"] = lambda call, reply: (
            {"result": f"0x{1000:064x}"} if "49948e0e" in str(call["params"]) else reply
        )
        fee = (await stage.adapter.quote(stage.draft(ETHER))).fees.normal

    assert fee.data_fee_wei == 1000


@pytest.mark.parametrize("fee", ["0x", "0x01", f"0x{10**21:064x}"], ids=["nothing", "one byte", "beyond all"])
async def test_a_data_fee_that_cannot_be_is_not_believed(fee: str) -> None:
    async with rollup(TRUE) as stage:
        stage.server.edits["eth_call"] = lambda call, reply: (
            {"result": fee} if "49948e0e" in str(call["params"]) else reply
        )
        with pytest.raises(NoEndpointLeft):
            await stage.adapter.quote(stage.draft(ETHER))


async def test_of_a_network_that_a_person_added_it_is_found_out(stage: SendingStage) -> None:
    network = replace(stage.network, added_by_hand=True)
    adapter = adapter_on(network, stage.client, SystemClock())
    for code, fee in (("0x", 0), (REVERTING, 0), (BY_SIZE, 200)):
        stage.node.set_code(GAS_PRICE_ORACLE, code)
        assert (await adapter.quote(stage.draft(ETHER))).fees.normal.data_fee_wei == fee


async def test_where_the_data_is_paid_in_gas_a_plain_transfer_has_room_too() -> None:
    with Anvil() as node:
        stage = stage_of(node, data_fee=DataFee.IN_GAS)
        stage.server.edits["eth_estimateGas"] = result(hex(40_000))
        fee = (await stage.adapter.quote(stage.draft(1))).fees.normal
        await stage.client.aclose()

    assert (fee.gas_expected, fee.gas_limit, fee.data_fee_wei) == (40_000, 50_000, 0)


def choices(quote: Quote) -> tuple[GasFee, ...]:
    return quote.fees.slow, quote.fees.normal, quote.fees.fast
