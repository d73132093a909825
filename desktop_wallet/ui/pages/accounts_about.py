"""What the wallet knows of one account beside its balances: since when, how lately, and what it was seen to hold."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.amounts import Amount, shown_text
from desktop_wallet.ui.dialogs import Dialog
from desktop_wallet.ui.pages.accounts_cards import SOURCE_WORDS
from desktop_wallet.ui.pages.details import FieldRow
from desktop_wallet.ui.pages.details_words import Field
from desktop_wallet.ui.theme import GRID, TextStyle
from desktop_wallet.ui.widgets.card import Separator
from desktop_wallet.ui.widgets.text import Text
from desktop_wallet.ui.words import count_text, time_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_wallet.core.accounts import Account, AccountId
    from desktop_wallet.registry.accounts import RegistryStatistics
    from desktop_wallet.registry.interactions import Interaction
    from desktop_wallet.services.session import Session
    from desktop_wallet.ui.pages.page import Shell

_WIDTH = 520
_MOST_HEIGHT = 420


def statistics_text(counted: RegistryStatistics) -> str:
    """Return "1 contract · 2 active in 24 h", without what is nought."""
    parts = [count_text(counted.contracts, "contract")] if counted.contracts else []
    if counted.active_24h:
        parts.append(f"{counted.active_24h:,} active in 24 h")
    return " · ".join(parts)


def account_fields(account: Account, last_active_s: float | None, now_s: float) -> tuple[Field, ...]:
    """Return what is known of an account itself."""
    address = display_address(account.address)
    fields = [
        Field("Address", address, copy=address, mono=True),
        Field("Since", f"{time_text(account.created_at_s, now_s)}, {SOURCE_WORDS[account.source]}"),
        Field(
            "Last active",
            "not seen yet" if last_active_s is None else time_text(last_active_s, now_s),
            "When an amount on it was last seen to change",
        ),
    ]
    if account.path is not None:
        fields.append(Field("Path", str(account.path), copy=str(account.path), mono=True))
    elif account.is_contract is not None:  # nobody doubts that an address with a key of ours is none
        fields.append(Field("A contract", "yes" if account.is_contract else "no"))
    return tuple(fields)


def seen_fields(seen: Sequence[Interaction], session: Session, now_s: float) -> tuple[Field, ...]:
    """Return one field for each asset that the account was seen to hold, last seen first."""
    return tuple(_seen_field(each, session, now_s) for each in seen)


def _seen_field(seen: Interaction, session: Session, now_s: float) -> Field:
    catalogue = session.catalogue
    try:
        asset = catalogue.asset(seen.asset)
        symbol = asset.symbol
        network = catalogue.network(seen.asset.network).name
    except KeyError:  # removed since
        symbol, network = seen.asset.reference, str(seen.asset.network)
    most = shown_text(Amount(seen.highest, catalogue.decimals(seen.asset)))
    when = f"{time_text(seen.first_seen_s, now_s)} to {time_text(seen.last_seen_s, now_s)}"
    if seen.first_seen_s == seen.last_seen_s:
        when = time_text(seen.first_seen_s, now_s)
    empty = "" if seen.has_balance else ", empty now"
    return Field(symbol, f"highest {most}", f"{network}, seen {when}{empty}")


async def show_about(parent: QWidget, shell: Shell, session: Session, account: AccountId) -> None:
    """Show what is known of an account, until the person has read it."""
    about = next((each for each in session.accounts.accounts() if each.id == account), None)
    if about is None:
        return
    last_active_s, seen = await session.accounts.seen(about.address)
    now_s = shell.clock.now().wall_s
    dialog = Dialog(parent, shell.theme, about.label)
    room = QWidget()
    column = QVBoxLayout(room)
    column.setContentsMargins(0, 0, 2 * GRID, 0)
    column.setSpacing(2 * GRID)
    add = partial(_add, shell, room, column)
    add(account_fields(about, last_active_s, now_s))
    column.addWidget(Separator(shell.theme))
    column.addWidget(Text(shell.theme, "Seen on it", TextStyle.STRONG))
    if seen:
        add(seen_fields(seen, session, now_s))
    else:
        column.addWidget(Text(shell.theme, "No asset has been seen on it yet.", wrap=True))
    column.addStretch(1)
    scroll = QScrollArea()
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QScrollArea.Shape.NoFrame)
    scroll.setAccessibleName("What is known of the account")
    scroll.setWidget(room)
    dialog.body.addWidget(scroll)
    dialog.setMinimumWidth(_WIDTH)
    scroll.setMinimumHeight(min(room.sizeHint().height() + 2 * GRID, _MOST_HEIGHT))
    dialog.buttons("Close", "")
    await dialog.run()


def _add(shell: Shell, room: QWidget, column: QVBoxLayout, fields: Sequence[Field]) -> None:
    for field in fields:
        row = FieldRow(shell, room)
        row.show_field(field)
        column.addWidget(row)
