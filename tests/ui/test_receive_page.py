"""The Receive page: the QR code is read back from the painted pixels, and the copy from the clipboard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import zxingcpp
from PIL import Image
from PySide6.QtGui import QGuiApplication, QImage

from desktop_wallet.core.accounts import WalletKind
from desktop_wallet.core.addresses import display_address
from desktop_wallet.core.changes import ChangeSet
from desktop_wallet.ui.pages.receive import ReceivePage, networks_text
from desktop_wallet.ui.pages.receive_qr import QrCode
from desktop_wallet.ui.theme import ThemeMode
from tests.ui.fake_session import FIRST_ADDRESS, FakeSession, network, small_session
from tests.ui.fake_shell import FakeShell, the_theme

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    Until = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture
def session() -> FakeSession:
    return small_session()


@pytest.fixture
def shell(qapp: QApplication, session: FakeSession) -> FakeShell:
    return FakeShell(the_theme(), session.clock)


@pytest.fixture
def page(shell: FakeShell, session: FakeSession) -> Iterator[ReceivePage]:
    made = ReceivePage(shell)
    made.resize(900, 700)
    made.attach(session)  # type: ignore[arg-type]  # a fake with the names that the page uses
    made.show()
    made.shown()
    yield made
    made.hidden()
    made.detach()
    made.close()
    made.deleteLater()


def _read(image: QImage) -> list[str]:
    grey = image.convertToFormat(QImage.Format.Format_RGB888)
    pixels = Image.frombuffer(
        "RGB", (grey.width(), grey.height()), bytes(grey.constBits()), "raw", "RGB", grey.bytesPerLine(), 1
    )
    return [found.text for found in zxingcpp.read_barcodes(pixels)]


@pytest.mark.parametrize("mode", [ThemeMode.LIGHT, ThemeMode.DARK])
def test_the_painted_code_holds_the_whole_address_in_either_theme(page: ReceivePage, mode: ThemeMode) -> None:
    the_theme(mode)
    assert _read(page.grab().toImage()) == [FIRST_ADDRESS]
    the_theme(ThemeMode.LIGHT)


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0, 3.0])
def test_modules_have_sharp_edges_at_every_scale(qtbot: QtBot, ratio: float) -> None:
    code = QrCode()
    qtbot.addWidget(code)
    code.set_text(FIRST_ADDRESS, "QR code")
    code.resize(code.sizeHint())
    image = QImage(code.size() * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(0xFFFFFF)
    code.render(image)
    inner = range(image.width() // 4, 3 * image.width() // 4)
    colors = {image.pixel(x, y) & 0xFFFFFF for x in inner for y in inner}
    assert colors == {0x000000, 0xFFFFFF}
    assert _read(image) == [FIRST_ADDRESS]


def test_each_account_can_be_chosen(page: ReceivePage, session: FakeSession) -> None:
    for number, account in enumerate(session.accounts.accounts()):
        page.choice.setCurrentIndex(number)
        whole = display_address(account.address)
        assert page.address.text().replace(" ", "") == whole
        assert page.qr.accessibleName() == f"QR code of the address {whole}"
        assert _read(page.qr.grab().toImage()) == [whole]


def test_hidden_accounts_are_not_offered(page: ReceivePage, session: FakeSession) -> None:
    session.accounts._accounts[1] = replace(session.accounts._accounts[1], hidden=True)
    session.tell(ChangeSet(accounts=True))
    assert page.choice.count() == 2
    assert "Account 1" in page.choice.itemText(0)


def test_the_chosen_account_stays_when_others_come(page: ReceivePage, session: FakeSession) -> None:
    page.show_account(session.accounts.accounts()[2].id)
    before = page.address.text()
    session.accounts.add("New", "Account 1")
    session.tell(ChangeSet(accounts=True))
    assert page.choice.count() == 4
    assert page.address.text() == before


async def test_a_copy_is_read_back_a_moment_later(page: ReceivePage, shell: FakeShell, until: Until) -> None:
    page.copy.click()
    assert shell.copied == [(FIRST_ADDRESS, "Address")]
    await until(lambda: bool(page.copied.text()))
    assert page.copied.text().startswith("Copied, and read back unchanged.")
    assert page.swapped.isHidden()


async def test_a_clipboard_that_another_program_changed_is_said_so(page: ReceivePage, until: Until) -> None:
    page.copy.click()
    QGuiApplication.clipboard().setText("0x" + "66" * 20)
    await until(lambda: not page.swapped.isHidden())
    assert page.swapped.text.startswith("The clipboard no longer holds this address: another program changed it.")
    assert page.copied.text() == ""


def test_practice_money_is_marked(page: ReceivePage, session: FakeSession) -> None:
    assert page.practice.isHidden()
    session.profile = replace(session.profile, practice=True)
    session.tell(ChangeSet(catalogue=True))
    assert page.practice.isVisible()
    assert page.practice.text.startswith("Play money only.")


def test_a_watched_address_says_that_the_wallet_cannot_spend_from_it(page: ReceivePage, session: FakeSession) -> None:
    assert page.watched.isHidden()
    session.accounts.add("Cold", "Shelf", kind=WalletKind.WATCH)
    session.tell(ChangeSet(accounts=True))
    page.choice.setCurrentIndex(3)
    assert page.watched.isVisible()


def test_the_networks_that_an_address_works_on_are_named(page: ReceivePage) -> None:
    assert page.networks.text().startswith("Ethereum, Base, Polygon. ")
    assert networks_text([]).startswith("No network is chosen yet")
    sepolia = network(11155111, "Sepolia", testnet=True)
    assert networks_text([network(1, "Ethereum"), sepolia]).startswith("Ethereum. For test coins also Sepolia.")
    assert networks_text([sepolia]).startswith("Test coins only: Sepolia.")


def test_without_an_account_the_page_says_how_one_comes_here(qtbot: QtBot, shell: FakeShell) -> None:
    page = ReceivePage(shell)
    qtbot.addWidget(page)
    page.attach(FakeSession(shell.clock))  # type: ignore[arg-type]
    assert page._stack.currentIndex() == 1
    page.detach()


def test_labels_are_shown_as_they_stand(page: ReceivePage, session: FakeSession) -> None:
    session.accounts._accounts[0] = replace(session.accounts._accounts[0], label="<b>Rent</b>\u202e")
    session.tell(ChangeSet(accounts=True))
    assert page.choice.itemText(0) == "0x5290…9EE7  Savings · <b>Rent</b>"


def test_nothing_is_left_after_detach(page: ReceivePage) -> None:
    page.copy.click()
    page.hidden()
    page.detach()
    assert page.address.text() == ""
    assert page.choice.count() == 0
    assert page.qr._modules == ()
    assert not page._read_back.isActive()


def test_when_every_account_is_hidden_it_says_so(page: ReceivePage, session: FakeSession) -> None:
    session.accounts._accounts = [replace(account, hidden=True) for account in session.accounts._accounts]
    session.tell(ChangeSet(accounts=True))
    assert page._stack.currentWidget() is page._all_hidden
