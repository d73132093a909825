"""Has a review signed and sent, once, and tells what became of it. Leaving the page does not end the wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_wallet.core.errors import PasswordNeeded, ReviewOutdated, WalletError, WrongPassword
from desktop_wallet.ui.error_text import error_text
from desktop_wallet.ui.tasks import TaskOwner

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_wallet.services.reviews import Review
    from desktop_wallet.services.session import Session


class Signing(QObject):
    """Waits for a send. It owns its task: a page's own tasks end when the page is left."""

    sent = Signal(object)
    """The Transfer: signed and stored at least."""
    outdated = Signal(str)
    """What was reviewed is no longer so; why, in a word of ReviewOutdated."""
    password_wrong = Signal(str)
    """What to say of the password."""
    refused = Signal(object)
    """The WalletError; nothing left the machine."""
    unclear = Signal()
    """A mistake of ours came in between: nobody knows how far it came."""

    def __init__(self, report: Callable[[BaseException], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = TaskOwner(report)

    def begin(self, session: Session, review: Review, password: str | None) -> None:
        """Have it signed and sent; one at a time."""
        self._tasks.start(self._send(session, review, password), key="send")

    def stop(self) -> None:
        """Wait no longer: the service finishes what it has begun."""
        self._tasks.cancel()

    async def _send(self, session: Session, review: Review, password: str | None) -> None:
        try:
            transfer = await session.sending.send(review, password)
        except (WrongPassword, PasswordNeeded) as error:
            self.password_wrong.emit(error_text(error).text)
        except ReviewOutdated as error:
            self.outdated.emit(str(error.data.get("why", "")))
        except WalletError as error:
            self.refused.emit(error)
        except Exception:
            self.unclear.emit()
            raise
        else:
            self.sent.emit(transfer)
