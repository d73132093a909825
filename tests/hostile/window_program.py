"""The real window, used for all that has to do with secrets and then locked; says what of them can still be reached.

Its arguments: a folder and the URL of a node. A process of its own, so that nothing but the program and its libraries
is in it. Prints JSON, as `session_program` does.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("QT_API", "pyside6")
import qasync
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from desktop_wallet.core.accounts import PathScheme
from desktop_wallet.ui.main_window import MainWindow
from desktop_wallet.ui.theme import Theme, ThemeMode
from desktop_wallet.vault.phrases import entropy_of, seed_of
from desktop_wallet.vault.signers.evm import child_key
from tests.end_to_end.house import at_rest, local_network, surrounds, until, wallet
from tests.end_to_end.person import Person
from tests.vault.memory_program import controls
from tests.vault.memory_walk import Needle, find, reachable

if TYPE_CHECKING:
    from desktop_wallet.services.session import Session

_FEWEST_WORDS = 4
_TWELVE = r"(\d+ [a-z]+(, )?){12}"
PATH = PathScheme.BIP44.path(0)


@dataclass
class Visit:
    """One person's visit; secrets are held only while they are typed."""

    window: MainWindow
    person: Person
    needles: list[Needle] = field(default_factory=list)

    @property
    def session(self) -> Session:
        session = self.window._application.session
        assert session is not None
        return session

    def look_for_phrase(self, name: str, phrase: str) -> None:
        """Look for a phrase and all that comes from it."""
        entropy, seed = entropy_of(phrase), seed_of(phrase, "")
        self.needles += [
            Needle.of(name, phrase),
            Needle.of(f"{name}: four words", " ".join(phrase.split()[4:8])),
            Needle.of(f"{name}: four words, as read out", ", ".join(f"{n} {w}" for n, w in _numbered(phrase)[4:8])),
            Needle.of(f"{name}: entropy", entropy),
            Needle.of(f"{name}: entropy in hexadecimal", entropy.hex()),
            Needle.of(f"{name}: seed", seed),
            Needle.of(f"{name}: key", child_key(seed, PATH)),
        ]

    async def create(self, password: str, url: str) -> None:
        """Go the way in with a new phrase."""
        person = self.person
        await person.press("Create a new wallet")
        await person.enter("Password", password)
        await person.enter("Password again", password)
        await person.press("Continue")
        await person.hears("12 words, covered")
        await person.press("Show the words")
        words = [pair.split()[1] for pair in (await person.hears(_TWELVE)).split(", ")]
        await person.press("I have written them down")
        asked = re.findall(r"static text: Word (\d+)$", await person.sees("Check what you wrote down"), re.MULTILINE)
        for number in asked:
            await person.enter(f"Word {number}", words[int(number) - 1])
        await person.press("Check and create")
        self.look_for_phrase("new phrase", " ".join(words))
        await person.choose("Servers of Local", "My own node…")
        await person.enter("Address of your node for Local", url)
        await person.press("Continue")
        await person.enter("Password of the backup file", password)
        await person.press("Later")
        await person.sees("All balances are zero")

    async def import_phrase(self) -> None:
        """Bring a phrase that exists."""
        phrase = await self.session.accounts.new_phrase(12)
        self.look_for_phrase("imported phrase", phrase)
        await self.person.press("Accounts")
        await self.person.press("Add wallet")
        await self.person.press("A recovery phrase")
        await self.person.enter("Recovery phrase", phrase)
        await self.person.press("Continue")
        await self.person.press("Later")
        await self.person.sees("2 wallets · 2 accounts")

    async def import_key(self) -> None:
        """Bring a private key."""
        key = os.urandom(32)
        self.needles += [Needle.of("private key", key), Needle.of("private key in hexadecimal", key.hex())]
        await self.person.press("Accounts")
        await self.person.press("Add wallet")
        await self.person.press("A private key")
        await self.person.enter("Private key", key.hex())
        await self.person.press("Continue")
        await self.person.press("Later")
        await self.person.sees("3 wallets · 3 accounts")

    async def show_phrase(self, password: str) -> None:
        """Have the phrase shown again, uncover it, and leave it on the screen."""
        await self.person.press("Show phrase: Wallet 1")
        await self.person.enter("Password", password, then=Qt.Key.Key_Return)
        await self.person.hears("12 words, covered")
        await self.person.press("Show the words")
        await self.person.hears(_TWELVE)

    async def locked(self) -> None:
        """Lock with the keyboard, whatever stands open, and wait until all is done."""
        self.window.lock()
        await until(lambda: self.window._application.session is None and not self.window.tasks.busy("lock"))
        await self.person.sees("button: Unlock")
        for _ in range(5):
            await asyncio.sleep(0.01)  # deleteLater, and the last turns of what was cancelled


def find_word_by_word(needles: list[Needle]) -> set[tuple[str, str]]:
    """Return which needles stand in a list or a tuple of words, with which of the two."""
    gc.collect()
    found: set[tuple[str, str]] = set()
    for each in reachable():
        if not isinstance(each, list | tuple) or len(each) < _FEWEST_WORDS:
            continue
        words = [word for word in each if isinstance(word, str)]
        if len(words) == len(each):
            joined = Needle.of("", " ".join(words)).masked
            found.update((needle.name, type(each).__name__) for needle in needles if needle.masked in joined)
    return found


def _numbered(phrase: str) -> list[tuple[int, str]]:
    return list(enumerate(phrase.split(), 1))


async def visit(app: QApplication, folder: Path, url: str) -> dict[str, object]:
    """Return what was found and when."""
    hidden, planted = controls()
    controls_found = {name for name, _ in find(planted)}
    del hidden
    async with wallet(surrounds(folder, local_network("http://127.0.0.1:1/"))) as application:
        window = MainWindow(application, Theme(app, ThemeMode.LIGHT))
        window.begin()
        window.show()
        await until(lambda: not window.entry.tasks.busy())
        here = Visit(window, Person(window))
        password = os.urandom(12).hex()
        here.needles.append(Needle.of("password", password))
        await here.create(password, url)
        await here.import_phrase()
        await here.import_key()
        await at_rest(here.session)
        here.needles.append(Needle.of("spend key", here.session._vault._box.keys.key("spend")))
        here.needles.append(Needle.of("view key", here.session._vault._box.keys.key("view")))
        await here.show_phrase(password)
        del password
        open_ = find(here.needles) | find_word_by_word(here.needles)
        await here.locked()
        locked = find(here.needles) | find_word_by_word(here.needles)
        await window.shut_down()
        window.hide()
        shiboken6.delete(window)
    return {
        "controls planted": sorted(needle.name for needle in planted),
        "controls found": sorted(controls_found),
        "controls found after they were dropped": sorted(find(planted)),
        "found while open": sorted(open_),
        "found after the lock": sorted(locked),
    }


def main(folder: Path, url: str) -> dict[str, object]:
    """Run the visit on the window's loop."""
    gc.disable()  # nothing of Qt's is collected on another thread
    app = QApplication(sys.argv[:1])
    app.setQuitOnLastWindowClosed(False)
    loop = qasync.QEventLoop(app)
    with loop:
        report: dict[str, object] = loop.run_until_complete(visit(app, folder, url))
    return report


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))
