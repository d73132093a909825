"""What stands above every page of a session for as long as it is so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.cache.pages import CacheMode
from desktop_wallet.cache.troubles import CacheTrouble, CacheTroubleKind
from desktop_wallet.core.accounts import WalletKind
from desktop_wallet.core.transfers import TransferState
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.widgets.notice import NoticeAction, NoticeKind
from desktop_wallet.ui.words import count_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.core.transfers import Transfer
    from desktop_wallet.services.session import Session

_DOUBTFUL = (TransferState.UNKNOWN, TransferState.DROPPED)
_REBUILT = {
    CacheTroubleKind.DAMAGED: (
        "The known balances on the disk were damaged. They were set aside, and balances are read anew. "
        "Wallets, accounts and coins are not touched."
    ),
    CacheTroubleKind.MISSING: "The known balances on the disk were gone. A new folder is in use; nothing else is lost.",
}
_NOT_KEPT = {
    CacheTroubleKind.READ_ONLY: "their folder cannot be written.",
    CacheTroubleKind.FULL: "it is full.",
    CacheTroubleKind.DAMAGED: "what lies there is damaged and cannot be set aside.",
    CacheTroubleKind.LOCKED: "another program holds them locked.",
    CacheTroubleKind.MISSING: "their folder is gone and cannot be made.",
    CacheTroubleKind.FAILED: "their folder does not work.",
}
PRACTICE = "Practice network. This is play money: it lives in this program and is worth nothing."


def session_banners(
    session: Session,
    retry_keyring: Callable[[], None],
    open_accounts: Callable[[], None],
    open_activity: Callable[[], None],
) -> list[tuple[str, NoticeKind, NoticeAction | None]]:
    """Return the lasting bars.

    Play money, locked secrets, payments in doubt, a cache that fails, a phrase that exists nowhere else.
    """
    banners: list[tuple[str, NoticeKind, NoticeAction | None]] = []
    if session.profile.practice:
        banners.append((PRACTICE, NoticeKind.INFO, None))
    if session.spend_problem is not None:
        words = error_text(session.spend_problem)
        banners.append((words.text, NoticeKind.WARNING, NoticeAction("Try again", retry_keyring)))
    doubt = _doubt_text(session)
    if doubt:
        banners.append((doubt, NoticeKind.WARNING, NoticeAction("Show in Activity", open_activity)))
    if session.cache_trouble is not None:
        read = NoticeAction("OK", session.forget_cache_trouble)
        on = session.settings.now.cache_mode is CacheMode.ON
        banners.append((cache_sentence(session.cache_trouble, on=on), NoticeKind.WARNING, read))
    missing = [w.label for w in session.accounts.wallets() if w.kind is WalletKind.PHRASE and not w.backed_up]
    if missing:
        text = f"{missing[0]} is not backed up. If this computer is lost, so is what is in it."
        banners.append((text, NoticeKind.WARNING, NoticeAction("Back up", open_accounts)))
    return banners


def cache_sentence(trouble: CacheTrouble, *, on: bool) -> str:
    """Return what is wrong with the cache's folder, and what that means for whoever looks at balances.

    `on` is False where nothing should lie on the disk.
    """
    if trouble.rebuilt:
        return _REBUILT.get(trouble.kind, _REBUILT[CacheTroubleKind.DAMAGED])
    why = _NOT_KEPT[trouble.kind]
    if not on:
        return f"The known balances on the disk could not be removed: {why} It is tried again each minute."
    return f"Balances are not kept on the disk: {why} They are asked of the servers, and it is tried again each minute."


def _doubt_text(session: Session) -> str:
    """Return which payments nobody has acknowledged, or no server knows any more; of one nonce only the newest."""
    newest: dict[object, Transfer] = {}
    known = session.transfers.all()
    doubtful = {each.nonce for each in known if each.state in _DOUBTFUL}
    for transfer in known:
        if transfer.nonce not in doubtful:  # of thousands nearly all
            continue
        other = newest.get(transfer.slot)
        if other is None or transfer.attempt > other.attempt:
            newest[transfer.slot] = transfer
    open_ones = [transfer for transfer in newest.values() if not transfer.closed]
    unknown = sum(transfer.state is TransferState.UNKNOWN for transfer in open_ones)
    dropped = sum(transfer.state is TransferState.DROPPED for transfer in open_ones)
    parts = []
    if unknown:
        was, it = ("was", "it") if unknown == 1 else ("were", "them")
        parts.append(f"{count_text(unknown, 'payment')} {was} signed, and no server has acknowledged {it} yet.")
    if dropped:
        is_, it = ("is", "it") if dropped == 1 else ("are", "them")
        parts.append(f"{count_text(dropped, 'payment')} {is_} known to no server any more. You can send {it} again.")
    if parts:
        parts.append("What a payment may take stays reserved.")
    return " ".join(parts)
