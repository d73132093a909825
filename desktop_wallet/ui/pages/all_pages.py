"""Every page of the open wallet, in the order of the sidebar."""

from __future__ import annotations

from desktop_wallet.ui.pages.accounts import AccountsPage
from desktop_wallet.ui.pages.activity import ActivityPage
from desktop_wallet.ui.pages.balances import BalancesPage
from desktop_wallet.ui.pages.diagnostics import DiagnosticsPage
from desktop_wallet.ui.pages.page import Page
from desktop_wallet.ui.pages.receive import ReceivePage
from desktop_wallet.ui.pages.send.page import SendPage
from desktop_wallet.ui.pages.settings import SettingsPage

PAGES: tuple[type[Page], ...] = (
    BalancesPage,
    SendPage,
    ReceivePage,
    ActivityPage,
    AccountsPage,
    DiagnosticsPage,
    SettingsPage,
)
