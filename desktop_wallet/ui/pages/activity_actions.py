"""What a person does about payments: send again, speed up, cancel, close by hand, note, export, look elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from desktop_wallet.core.errors import NotAllowed
from desktop_wallet.core.transfers import TransferState
from desktop_wallet.services.activity import csv_text
from desktop_wallet.services.exporting import write_export
from desktop_wallet.ui.dialogs import ask_text, confirm, save_file
from desktop_wallet.ui.measures import count_text
from desktop_wallet.ui.models.activity_cells import transaction_of
from desktop_wallet.ui.pages.activity_details_words import explorer_url
from desktop_wallet.ui.pages.activity_words import CLOSE_TEXT, CLOSE_TITLE, Deed
from desktop_wallet.ui.pages.send.draft_words import refusal
from desktop_wallet.ui.widgets.notice import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from PySide6.QtWidgets import QWidget

    from desktop_wallet.core.assets import AssetId
    from desktop_wallet.core.fees import Speed
    from desktop_wallet.core.receipts import Received
    from desktop_wallet.core.transfers import Draft, Transfer, TransferId
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.models.activity_names import NamesOfActivity
    from desktop_wallet.ui.models.activity_rows import Row, SentRow
    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.tasks import TaskOwner

_NOTICE = "activity"
_CSV_FILES = "Comma-separated values (*.csv)"


class ActivityActions(QObject):
    """Runs what is done about payments, one at a time for each, and tells in a quiet notice what came of it."""

    review_wanted = Signal(object, object)
    """A Draft that replaces a payment, and the Speed it begins with: the Send page reviews it."""

    def __init__(self, shell: Shell, tasks: TaskOwner, window: QWidget) -> None:
        super().__init__(window)
        self._shell = shell
        self._tasks = tasks
        self._window = window
        self._session: Session | None = None

    def attach(self, session: Session | None) -> None:
        """Work for this session from now on, or for none."""
        self._session = session

    def do(self, deed: Deed, row: SentRow) -> None:
        """Do this about a payment."""
        transfer = row.transfer.id
        work = {
            Deed.SEND_AGAIN: self._send_again,
            Deed.FASTER: self._speed_up,
            Deed.CANCEL: self._cancel,
            Deed.CLOSE: self._close,
        }[deed]
        self._tasks.start(work(transfer), key=f"{deed.name} {transfer}")

    def edit_note(self, transfer: Transfer) -> None:
        """Ask for a payment's note and keep it."""
        self._tasks.start(self._edit_note(transfer), key="note")

    def open_explorer(self, row: Row) -> None:
        """Show a payment in the browser, where the network has an explorer over HTTPS."""
        transaction = transaction_of(row)
        url = "" if transaction is None else explorer_url(row.network, transaction)
        if url and not QDesktopServices.openUrl(QUrl(url, QUrl.ParsingMode.StrictMode)):
            self._say(f"No browser could be opened. The page is {url}", NoticeKind.WARNING)

    def export(self, rows: Sequence[Transfer | Received], names: NamesOfActivity) -> None:
        """Ask where, and save these rows there as comma-separated values."""
        self._tasks.start(self._export(tuple(rows), names), key="export")

    def look(self) -> None:
        """Ask the networks at once for everything that is not final."""
        session = self._session
        if session is None:
            return
        session.settling.look_now()
        session.discovery.look_now()
        if any(not transfer.final for transfer in session.transfers.all()):
            self._say("The networks are asked now about every payment that is not final.", NoticeKind.INFO)
        else:
            self._say("There is nothing to ask about: no payment is still open.", NoticeKind.INFO)

    def decide(self, asset: AssetId, *, take: bool) -> None:
        """Take a found token among ours, or hide it and its payments."""
        self._tasks.start(self._decide(asset, take=take), key=f"token {asset}")

    async def _decide(self, asset: AssetId, *, take: bool) -> None:
        session = self._session
        words = None if session is None else session.found_tokens.words(asset)
        if session is None or words is None:
            return
        if take:
            await session.found_tokens.take(asset)
            self._say(f"{words.symbol} was added. Its balances are read next.")
        else:
            await session.found_tokens.hide(asset)
            self._say(f"{words.symbol} and its payments are out of sight. Accounts, Tokens shows it again.")

    async def _send_again(self, transfer: TransferId) -> None:
        if self._session is None:
            return
        after = await self._session.sending.send_again(transfer)
        if after.state is TransferState.BROADCAST:
            self._say("A server has the payment again. It is the same one: it cannot be paid twice.", NoticeKind.DONE)
        elif after.state.is_mined:
            self._say("The payment stands in a block already.", NoticeKind.DONE)
        else:
            self._say("No server acknowledged it this time either. The wallet goes on asking.", NoticeKind.WARNING)

    async def _speed_up(self, transfer: TransferId) -> None:
        if self._session is not None:
            await self._review(self._session, self._session.sending.draft_faster(transfer))

    async def _cancel(self, transfer: TransferId) -> None:
        if self._session is not None:
            await self._review(self._session, self._session.sending.draft_cancel(transfer))

    async def _review(self, session: Session, drafting: Awaitable[tuple[Draft, Speed]]) -> None:
        try:
            draft, speed = await drafting
        except NotAllowed as error:
            self._say(refusal(error, lambda network: session.catalogue.network(network).name), NoticeKind.WARNING)
        else:
            self.review_wanted.emit(draft, speed)

    async def _close(self, transfer: TransferId) -> None:
        session = self._session
        if session is None:
            return
        sure = await confirm(
            self._window,
            self._shell.theme,
            CLOSE_TITLE,
            CLOSE_TEXT,
            action=Deed.CLOSE.value,
            danger=True,
            cancel="Go on watching",
        )
        if not sure:
            return
        after = await session.sending.close_by_hand(transfer)
        if after.closed:
            self._say("Closed by hand. Its amount and its place in the order stay reserved.", NoticeKind.DONE)
        else:
            self._say("Nothing was closed: it stands in a block meanwhile.", NoticeKind.INFO)

    async def _edit_note(self, transfer: Transfer) -> None:
        session = self._session
        if session is None:
            return

        async def keep(text: str) -> None:
            await session.sending.note(transfer.id, text)

        await ask_text(
            self._window,
            self._shell.theme,
            "Note",
            "For yourself: it stays on this computer, encrypted, and no server sees it.",
            label="Note",
            value=transfer.note,
            check=keep,
        )

    async def _export(self, rows: tuple[Transfer | Received, ...], names: NamesOfActivity) -> None:
        path = await save_file(self._window, "Save the activity", self._suggested(), _CSV_FILES)
        if path is None:
            return
        await write_export(path, csv_text(rows, names.for_search()))
        lines = count_text(len(rows), "line")
        self._say(f"{lines} saved in {path.name}. The file is not encrypted: it tells what you paid, and to whom.")

    def _suggested(self) -> str:
        day = datetime.fromtimestamp(self._shell.clock.now().wall_s, tz=UTC).astimezone().strftime("%Y-%m-%d")
        return str(Path.home() / f"wallet-activity-{day}.csv")

    def _say(self, text: str, kind: NoticeKind = NoticeKind.DONE) -> None:
        self._shell.notify(text, kind=kind, key=_NOTICE)
