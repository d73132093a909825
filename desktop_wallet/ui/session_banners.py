"""What stands above every page of a session for as long as it is so."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
PRACTICE = "Practice network. This is play money: it lives in this program and is worth nothing."


def session_banners(
    session: Session,
    retry_keyring: Callable[[], None],
    open_accounts: Callable[[], None],
    open_activity: Callable[[], None],
) -> list[tuple[str, NoticeKind, NoticeAction | None]]:
    """Return the lasting bars: play money, locked secrets, payments in doubt, a phrase that exists nowhere else."""
    banners: list[tuple[str, NoticeKind, NoticeAction | None]] = []
    if session.profile.practice:
        banners.append((PRACTICE, NoticeKind.INFO, None))
    if session.spend_problem is not None:
        words = error_text(session.spend_problem)
        banners.append((words.text, NoticeKind.WARNING, NoticeAction("Try again", retry_keyring)))
    doubt = _doubt_text(session)
    if doubt:
        banners.append((doubt, NoticeKind.WARNING, NoticeAction("Show in Activity", open_activity)))
    missing = [w.label for w in session.accounts.wallets() if w.kind is WalletKind.PHRASE and not w.backed_up]
    if missing:
        text = f"{missing[0]} is not backed up. If this computer is lost, so is what is in it."
        banners.append((text, NoticeKind.WARNING, NoticeAction("Back up", open_accounts)))
    return banners


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
