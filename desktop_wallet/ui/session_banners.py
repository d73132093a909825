"""What stands above every page of a session for as long as it is so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_wallet.core.accounts import WalletKind
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.widgets.notice import NoticeAction, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.services.session import Session

PRACTICE = "Practice network. This is play money: it lives in this program and is worth nothing."


def session_banners(
    session: Session, retry_keyring: Callable[[], None], open_accounts: Callable[[], None]
) -> list[tuple[str, NoticeKind, NoticeAction | None]]:
    """Return the lasting bars: play money, secrets that cannot be opened, a phrase that exists nowhere else."""
    banners: list[tuple[str, NoticeKind, NoticeAction | None]] = []
    if session.profile.practice:
        banners.append((PRACTICE, NoticeKind.INFO, None))
    if session.spend_problem is not None:
        words = error_text(session.spend_problem)
        banners.append((words.text, NoticeKind.WARNING, NoticeAction("Try again", retry_keyring)))
    missing = [w.label for w in session.accounts.wallets() if w.kind is WalletKind.PHRASE and not w.backed_up]
    if missing:
        text = f"{missing[0]} is not backed up. If this computer is lost, so is what is in it."
        banners.append((text, NoticeKind.WARNING, NoticeAction("Back up", open_accounts)))
    return banners
