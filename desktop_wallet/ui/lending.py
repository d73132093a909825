"""Asking for the password before secrets are used, where the person wants to be asked."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, TypeVar

from desktop_wallet.core.errors import PasswordNeeded
from desktop_wallet.ui import dialogs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from PySide6.QtWidgets import QWidget

    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.theme import Theme

_T = TypeVar("_T")
_WHY: Final = "In this profile, phrases and keys are used only after its password was typed."


async def with_secrets(
    parent: QWidget, theme: Theme, session: Session, title: str, action: Callable[[], Awaitable[_T]]
) -> _T | None:
    """Return what the action returned: done at once, or where it needs the password, with the spend key lent for it.

    `title` says in the dialog what the password is for. None if the person cancelled that: have the action return
    something that is not None. What the action raises is raised, the second time too.
    """
    try:
        return await action()
    except PasswordNeeded:
        pass
    async with AsyncExitStack() as loan:

        async def lend(password: str) -> bool:
            await loan.enter_async_context(session.lend_spend_key(password))
            return True

        if not await dialogs.ask_password(parent, theme, title, _WHY, check=lend):
            return None
        return await action()
