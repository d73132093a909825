"""The whole program without its window, on a real node and a real keyring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_wallet.core.assets import AssetId, native_asset
from desktop_wallet.core.balances import FailureReason
from desktop_wallet.core.freshness import BadgeKind, StaleReason
from tests.end_to_end.house import PASSWORD, Chain, amounts, at_rest, badges, kinds, local_network, surrounds, wallet

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_wallet.core.addresses import Address
    from desktop_wallet.services.session import Session
    from tests.fixtures.keyring_daemon import PrivateKeyring

pytestmark = [pytest.mark.anvil, pytest.mark.keyring_daemon]


async def test_a_new_wallet_reads_every_amount_exactly_through_a_lock_an_outage_and_another_chain(
    tmp_path: Path, chain: Chain, keyring: PrivateKeyring
) -> None:
    network = local_network(chain.node.url)
    async with wallet(surrounds(tmp_path, network)) as application:
        session = await application.create_profile("Main", PASSWORD)
        addresses = await three_accounts(session)
        chain.give(addresses)
        await session.catalogue.choose_networks([network.id])
        for token in chain.tokens:
            await session.catalogue.add_token(await session.catalogue.find_token(network.id, token))
        await application.lock()

        profile = (await application.profiles.list())[0].id
        session = await application.unlock(profile, PASSWORD)
        opened = application.clock.now()
        await at_rest(session)
        await session.preload.run(session.balances.keys())
        assert session.spend_problem is None
        assert amounts(session) == chain.expected(network, addresses)
        assert kinds(session) == {BadgeKind.CACHED}
        assert (await session.balances.refresh(session.balances.keys())).changed == 0
        assert kinds(session, opened) == {BadgeKind.FRESH}

        # A balance changes on the chain, and Refresh shows it.
        chain.node.set_balance(addresses[1].text, 5)
        chain.node.send_token(chain.tokens[3], addresses[2].text, 7)
        report = await session.balances.refresh(session.balances.keys())
        assert (report.changed, report.failed) == (2, ())
        changed = chain.expected(network, addresses)
        changed[addresses[1], native_asset(network).id] = 5
        changed[addresses[2], AssetId(network.id, "erc20", chain.tokens[3])] = 7
        assert amounts(session) == changed

        # The node dies: the old amounts stay, Stale, with the reason.
        chain.node.stop()
        report = await session.balances.refresh(session.balances.keys())
        assert (report.answered, len(report.failed)) == (0, 18)
        assert {failure.reason for failure in report.failed} == {FailureReason.UNREACHABLE}
        assert amounts(session) == changed
        assert {(badge.kind, badge.reasons[0]) for badge in badges(session, opened)} == {
            (BadgeKind.STALE, StaleReason.FAILED)
        }

        # It starts again as another chain, at lower heights and with other amounts.
        chain.node.start()
        chain.furnish()
        chain.give(addresses, more=11)
        report = await session.balances.refresh(session.balances.keys())
        await at_rest(session)
        assert report.failed == ()
        assert amounts(session) == chain.expected(network, addresses, more=11)
        assert kinds(session, opened) == {BadgeKind.FRESH}


async def test_after_a_restart_with_the_node_away_the_last_amounts_are_painted_stale(
    tmp_path: Path, chain: Chain, keyring: PrivateKeyring
) -> None:
    network = local_network(chain.node.url)
    async with wallet(surrounds(tmp_path, network)) as application:
        session = await application.create_profile("Main", PASSWORD)
        addresses = await three_accounts(session)
        chain.give(addresses)
        await session.catalogue.choose_networks([network.id])
        for token in chain.tokens:
            await session.catalogue.add_token(await session.catalogue.find_token(network.id, token))
        await session.balances.refresh(session.balances.keys())
        assert amounts(session) == chain.expected(network, addresses)
    chain.node.stop()
    async with wallet(surrounds(tmp_path, network)) as application:
        session = await application.unlock((await application.profiles.list())[0].id, PASSWORD)
        await session.balances.refresh(session.balances.keys())
        assert amounts(session) == chain.expected(network, addresses)
        assert kinds(session) == {BadgeKind.STALE}


async def three_accounts(session: Session) -> list[Address]:
    """Make a wallet of three accounts; return their addresses."""
    made = await session.accounts.add_phrase("Savings", await session.accounts.new_phrase(12), created=True)
    for _ in range(2):
        await session.accounts.add_account(made.id)
    return [account.address for account in session.accounts.accounts()]
