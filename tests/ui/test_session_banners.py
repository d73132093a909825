from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_wallet.cache.pages import CacheMode, CacheTrouble, CacheTroubleKind
from desktop_wallet.core.transfers import Transfer, TransferState
from desktop_wallet.ui.session_banners import session_banners
from tests.fakes.transfers import block, signed
from tests.ui.fake_session import FakeSession, small_session

_S = TransferState


@pytest.fixture
def session() -> FakeSession:
    made = small_session()
    made.accounts._wallets = []  # no phrase that would have to be backed up
    return made


def stands(state: TransferState, nonce: int = 0, attempt: int = 0, *, closed: bool = False) -> Transfer:
    mined = state.is_mined or state is _S.REPLACED
    return replace(signed(nonce, attempt), state=state, closed=closed, block=block(5) if mined else None)


def banners(session: FakeSession, pressed: list[str] | None = None) -> list[str]:
    told = pressed if pressed is not None else []
    found = session_banners(
        session,  # type: ignore[arg-type]  # a fake with the names that are asked
        lambda: told.append("keyring"),
        lambda: told.append("accounts"),
        lambda: told.append("activity"),
    )
    for _, _, action in found:
        assert action is not None
        action.run()
    return [text for text, _, _ in found]


@pytest.mark.parametrize("state", [_S.SIGNED, _S.BROADCAST, _S.CONFIRMED, _S.FINALIZED, _S.FAILED, _S.REPLACED])
def test_a_payment_that_servers_know_needs_no_banner(session: FakeSession, state: TransferState) -> None:
    session.transfers.signed = [stands(state)]
    assert banners(session) == []


def test_a_payment_in_doubt_is_told_and_leads_to_activity(session: FakeSession) -> None:
    session.transfers.signed = [stands(_S.UNKNOWN)]
    pressed: list[str] = []
    assert banners(session, pressed) == [
        "1 payment was signed, and no server has acknowledged it yet. What a payment may take stays reserved."
    ]
    assert pressed == ["activity"]


def test_several_are_counted(session: FakeSession) -> None:
    states = (_S.UNKNOWN, _S.DROPPED, _S.DROPPED, _S.BROADCAST, _S.UNKNOWN)
    session.transfers.signed = [stands(state, nonce) for nonce, state in enumerate(states)]
    [text] = banners(session)
    assert text == (
        "2 payments were signed, and no server has acknowledged them yet. "
        "2 payments are known to no server any more. You can send them again. "
        "What a payment may take stays reserved."
    )


def test_what_was_closed_by_hand_or_has_a_newer_one_of_its_nonce_is_not_told(session: FakeSession) -> None:
    session.transfers.signed = [
        stands(_S.DROPPED, 1, closed=True),
        stands(_S.DROPPED, 2, 0),
        stands(_S.BROADCAST, 2, 1),
    ]
    assert banners(session) == []


@pytest.mark.parametrize("rebuilt", [True, False])
@pytest.mark.parametrize("mode", CacheMode)
@pytest.mark.parametrize("kind", CacheTroubleKind)
def test_every_trouble_with_the_cache_is_told_in_words_until_it_is_read(
    session: FakeSession, kind: CacheTroubleKind, mode: CacheMode, rebuilt: bool
) -> None:
    session.settings.cache_mode = mode
    session.cache_trouble = CacheTrouble(kind, rebuilt)
    [text] = banners(session)
    assert text.endswith(".")
    assert ("tried again" in text) is not rebuilt
    assert banners(session) == []


def test_what_could_not_be_removed_is_not_said_to_be_unkept(session: FakeSession) -> None:
    session.settings.cache_mode = CacheMode.MEMORY_ONLY
    session.cache_trouble = CacheTrouble(CacheTroubleKind.READ_ONLY, rebuilt=False)
    [text] = banners(session)
    assert text == (
        "The known balances on the disk could not be removed: their folder cannot be written. "
        "It is tried again each minute."
    )
