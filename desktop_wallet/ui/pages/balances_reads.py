"""What a person asks of balances: refresh, preload, forget, clear. Each tells in a quiet notice what it did."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from desktop_wallet.core.amounts import plain_text
from desktop_wallet.core.freshness import BadgeKind
from desktop_wallet.ui.dialogs import confirm
from desktop_wallet.ui.pages.balances_words import failed_text, report_text
from desktop_wallet.ui.widgets.notice import NoticeAction, NoticeKind
from desktop_wallet.ui.words import count_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from PySide6.QtWidgets import QWidget

    from desktop_wallet.core.balances import BalanceKey, ReadFailure
    from desktop_wallet.core.networks import NetworkId
    from desktop_wallet.services.reports import Progress, Report
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.models.balance_snapshot import BalanceRow
    from desktop_wallet.ui.pages.balances_head import BalancesActivity
    from desktop_wallet.ui.pages.page import Shell
    from desktop_wallet.ui.tasks import TaskOwner

REFRESH, PRELOAD, ONE = "refresh", "preload", "refresh-one"
_NOTICE = "balances"
_LOOKED_AT_ONCE = 500


class BalanceReads:
    """Runs the reads of one page, and shows their progress and what came of them."""

    def __init__(self, shell: Shell, tasks: TaskOwner, activity: BalancesActivity, window: QWidget) -> None:
        self._shell = shell
        self._tasks = tasks
        self._activity = activity
        self._window = window
        self._session: Session | None = None
        self._progress: Progress | None = None
        self._refreshing: tuple[BalanceKey, ...] = ()
        self._failed: tuple[ReadFailure, ...] = ()
        self._preloaded_elsewhere = False
        activity.refresh.cancelled.connect(self._on_refresh_cancelled)
        activity.preload.cancelled.connect(self._on_preload_cancelled)

    def attach(self, session: Session | None) -> None:
        """Work for this session from now on, or for none."""
        self._session = session
        self._progress = None
        self._preloaded_elsewhere = False
        self._activity.refresh.set_progress(None, self._name)
        self._show_failures(())
        self.show_activity()

    @property
    def refreshing(self) -> bool:
        """Return whether a refresh of the page runs."""
        return self._tasks.busy(REFRESH)

    @property
    def preloading(self) -> bool:
        """Return whether the session's one preload runs, whoever began it."""
        return self._session is not None and self._session.preload.progress is not None

    def show_activity(self) -> None:
        """Show the progress of what runs now."""
        preload = None if self._session is None else self._session.preload.progress
        if preload is not None:
            self._preloaded_elsewhere = not self._tasks.busy(PRELOAD)
        elif self._preloaded_elsewhere:
            # The preload of the unlock tells nobody what failed; the balances know.
            self._preloaded_elsewhere = False
            self._tasks.start(self._look_for_failures(), key="failures")
        self._activity.preload.set_progress(preload, self._name)
        self._activity.refresh.set_progress(self._progress, self._name)
        self._activity.say_failures(self._failures_text())
        self._activity.settle()

    def take(self, changed: Collection[BalanceKey]) -> None:
        """Take over that these balances have changed: one that was read since is no failure any more."""
        session = self._session
        if session is None or not self._failed:
            return
        left = tuple(f for f in self._failed if f.key not in changed or session.balances.state(f.key).failure)
        if len(left) < len(self._failed):
            self._show_failures(left)
            self._activity.settle()

    def refresh(self, keys: Sequence[BalanceKey]) -> None:
        """Read these balances anew, past every tier; a second call while that runs does nothing."""
        self._tasks.start(self._refresh(tuple(keys)), key=REFRESH)

    def refresh_one(self, row: BalanceRow) -> None:
        """Read one balance anew."""
        self._tasks.start(self._refresh_one(row), key=f"{ONE} {row.key}")

    def read(self, keys: Sequence[BalanceKey]) -> None:
        """Read these balances from wherever their number still serves; what the page needs without a preload."""
        session = self._session
        if session is not None and keys:
            self._tasks.start(session.balances.read(keys), key="read")

    def preload(self, *, quiet: bool = False) -> None:
        """Read everything that is not within its time; quietly, only failures are told."""
        self._tasks.start(self._preload(quiet=quiet), key=PRELOAD)

    def forget(self, row: BalanceRow) -> None:
        """Drop what is kept of a balance, after asking."""
        self._tasks.start(self._forget(row), key="forget")

    def clear_cache(self) -> None:
        """Drop every kept reading, after asking."""
        self._tasks.start(self._clear_cache(), key="clear")

    async def _refresh(self, keys: tuple[BalanceKey, ...]) -> None:
        session = self._session
        if session is None:
            return
        self._refreshing = keys
        self._show_failures(())
        try:
            report = await session.balances.refresh(keys, self._on_progress)
        finally:
            self._progress = None
            self.show_activity()
        self._tell(report, keys)

    async def _refresh_one(self, row: BalanceRow) -> None:
        session = self._session
        if session is None:
            return
        report = await session.balances.refresh([row.key])
        name = f"{row.asset.symbol} on {row.asset.network.name}"
        if report.failed:
            why = failed_text(report.failed, self._name, self._shell.clock.now())
            action = NoticeAction("Retry", lambda: self.refresh_one(row))
            self._shell.notify(f"{name} was not read. {why}", kind=NoticeKind.WARNING, action=action, key=_NOTICE)
            return
        changed = "It has changed." if report.changed else "It has not changed."
        if session.balances.badge(row.key, None).kind is BadgeKind.PENDING:
            changed = "It stays pending until the open payment is settled."
        self._shell.notify(f"{name} was read in {report.took_s:.1f} s. {changed}", kind=NoticeKind.DONE, key=_NOTICE)

    async def _preload(self, *, quiet: bool) -> None:
        session = self._session
        if session is None:
            return
        keys = session.balances.keys()
        self._show_failures(())
        report = await session.preload.run()
        self._tell(report, keys, quiet=quiet)

    async def _look_for_failures(self) -> None:
        session = self._session
        if session is None:
            return
        failed: list[ReadFailure] = []
        for number, key in enumerate(session.balances.keys()):
            failure = session.balances.state(key).failure
            if failure is not None:
                failed.append(failure)
            if number % _LOOKED_AT_ONCE == 0:
                await asyncio.sleep(0)
        self._show_failures(tuple(failed))
        self._activity.settle()

    async def _forget(self, row: BalanceRow) -> None:
        session = self._session
        if session is None:
            return
        name = f"{row.asset.symbol} on {row.asset.network.name}"
        kept = "Nothing is kept of it yet." if row.amount is None else f"Kept is {plain_text(row.amount)}."
        sure = await confirm(
            self._window,
            self._shell.theme,
            "Forget this balance?",
            f"{kept} The wallet drops what it keeps of {name} in {row.account.wallet_label}, {row.account.label}. "
            "The balance itself is on the network and does not change; it is unknown here until it is read again.",
            action="Forget",
        )
        if not sure:
            return
        await session.balances.forget(row.key)
        action = NoticeAction("Read it again", lambda: self.refresh_one(row))
        self._shell.notify(f"{name} was forgotten.", kind=NoticeKind.DONE, action=action, key=_NOTICE)

    async def _clear_cache(self) -> None:
        session = self._session
        if session is None:
            return
        sure = await confirm(
            self._window,
            self._shell.theme,
            "Clear the cache?",
            "The wallet drops every balance that it keeps, in memory and on disk. Accounts, keys and settings stay. "
            "All balances are unknown until they are read again.",
            action="Clear cache",
            danger=True,
        )
        if not sure:
            return
        many = count_text(len(session.balances.keys()), "balance")
        await session.balances.clear_cache()
        action = NoticeAction("Read them again", self.preload)
        text = f"The cache is empty. {many} are unknown until they are read again."
        self._shell.notify(text, kind=NoticeKind.DONE, action=action, key=_NOTICE)

    def _tell(self, report: Report, keys: tuple[BalanceKey, ...], *, quiet: bool = False) -> None:
        self._show_failures(report.failed)
        if not quiet:
            kind = NoticeKind.INFO if report.failed or report.cancelled else NoticeKind.DONE
            self._shell.notify(report_text(report, keys), kind=kind, key=_NOTICE)

    def _show_failures(self, failed: tuple[ReadFailure, ...]) -> None:
        self._failed = failed
        keys = tuple(failure.key for failure in failed)
        self._activity.show_failures(self._failures_text(), lambda: self.refresh(keys))

    def _failures_text(self) -> str:
        """Return who failed; a server's limit counts down in it."""
        if not self._failed:
            return ""
        many = count_text(len(self._failed), "balance")
        return f"{many} could not be read. {failed_text(self._failed, self._name, self._shell.clock.now())}"

    def _on_progress(self, progress: Progress) -> None:
        self._progress = progress
        self.show_activity()

    def _on_refresh_cancelled(self) -> None:
        progress = self._progress
        self._tasks.cancel(REFRESH)
        done = 0 if progress is None else progress.done
        text = f"Refresh stopped. {done:,} of {count_text(len(self._refreshing), 'balance')} were read."
        self._shell.notify(text, key=_NOTICE)

    def _on_preload_cancelled(self) -> None:
        session = self._session
        if session is None:
            return
        begun_here = self._tasks.busy(PRELOAD)
        session.preload.cancel()
        if not begun_here:
            self._shell.notify("Preload stopped. What was read so far is kept.", key=_NOTICE)

    def _name(self, network: NetworkId) -> str:
        return str(network) if self._session is None else self._session.catalogue.network(network).name
