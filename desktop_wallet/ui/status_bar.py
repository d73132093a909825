"""The status bar: what a worried person asks. Is it up, how well does the cache work, when is the next look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.errors import EndpointRateLimited
from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.text import Text, tooltip
from desktop_wallet.ui.words import count_text, left_text, percent_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from desktop_wallet.net.pool import EndpointStatus
    from desktop_wallet.services.session import Session

HEIGHT = 28
_NAMED = 2
"""More networks in trouble than these are counted, not named."""


@dataclass(frozen=True, slots=True)
class Health:
    """How the networks do: how many answer, and which are limited, down or not yet asked, by name."""

    up: int = 0
    limited: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    unasked: int = 0


def health(session: Session) -> Health:
    """Return how the networks of a session do, as far as their servers have been asked."""
    up = unasked = 0
    limited, down = [], []
    for network in session.catalogue.networks():
        statuses = session.catalogue.statuses(network.id)
        asked = [status for status in statuses if status.last_ok is not None or status.last_error is not None]
        if not asked:
            unasked += 1
        elif any(s.healthy and s.last_ok is not None and s.rate_limited_for_s <= 0 for s in asked):
            up += 1
        elif any(_is_limited(status) for status in asked):
            limited.append(network.name)
        else:
            down.append(network.name)
    return Health(up, tuple(limited), tuple(down), unasked)


def _is_limited(status: EndpointStatus) -> bool:
    """Return whether a server works and only limits us; one that is down is down, whatever waits for it."""
    works = status.healthy or isinstance(status.last_error, EndpointRateLimited)
    return works and status.rate_limited_for_s > 0


def health_texts(found: Health) -> tuple[tuple[Token, str], ...]:
    """Return what is said of the networks, each with the colour of its dot."""
    texts: list[tuple[Token, str]] = []
    if found.up or not (found.limited or found.down or found.unasked):
        texts.append((Token.FRESH if found.up else Token.MUTED, f"{count_text(found.up, 'network')} up"))
    if found.unasked:
        texts.append((Token.MUTED, f"{count_text(found.unasked, 'network')} not asked yet"))
    for token, names, word in ((Token.STALE, found.limited, "limited"), (Token.UNAVAILABLE, found.down, "down")):
        if len(names) > _NAMED:
            texts.append((token, f"{len(names)} {word}"))
        else:
            texts += [(token, f"{name} {word}") for name in names]
    return tuple(texts)


class StatusBar(QFrame):
    """One line at the foot of the window."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("ground", "sidebar")
        self.setProperty("edge", "top")
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Status")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(4 * GRID, 0, 4 * GRID, 0)
        self._row.setSpacing(18)
        # A widget of its own, made first: a screen reader reads in the order of making.
        room = QWidget()
        self._networks = QHBoxLayout(room)
        self._networks.setContentsMargins(0, 0, 0, 0)
        self._networks.setSpacing(18)
        self._row.addWidget(room)
        self._hit_rate = self._text()
        self._saved = self._text()
        self._row.addStretch(1)
        self._next = self._text()
        self._said: tuple[tuple[Token, str], ...] = ()

    def _text(self) -> Text:
        text = Text(self._theme, "", TextStyle.SMALL, Token.MUTED)
        text.hide()
        self._row.addWidget(text)
        return text

    def show_session(self, session: Session, next_refresh_s: float | None) -> None:
        """Show the figures as they are now."""
        self._show_networks(health_texts(health(session)))
        rate = session.metrics.hit_rate()
        self._say(self._hit_rate, "" if rate is None else f"Hit rate {percent_text(rate)}")
        self._hit_rate.setToolTip("How many balances were answered without asking a server")
        saved = session.metrics.calls_saved
        self._say(self._saved, f"{count_text(saved, 'call')} saved" if saved else "")
        self._saved.setToolTip("Requests that no server had to be sent")
        self._say(self._next, "" if next_refresh_s is None else f"Next refresh in {left_text(next_refresh_s)}")

    def clear(self) -> None:
        """Show nothing: the wallet is locked."""
        self._show_networks(())
        for text in (self._hit_rate, self._saved, self._next):
            self._say(text, "")

    @staticmethod
    def _say(place: Text, words: str) -> None:
        place.set_text(words)
        place.setVisible(bool(words))  # an empty one would leave a gap

    @property
    def texts(self) -> tuple[str, ...]:
        """Return what stands there."""
        words = [text for _, text in self._said]
        words += [text.text() for text in (self._hit_rate, self._saved, self._next) if text.text()]
        return tuple(words)

    def _show_networks(self, texts: Sequence[tuple[Token, str]]) -> None:
        if tuple(texts) == self._said:
            return
        self._said = tuple(texts)
        while (item := self._networks.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for token, text in texts:
            self._networks.addWidget(_Dotted(self._theme, token, text))


class _Dotted(QWidget):
    """A word with a dot in its colour. The word alone says it; the dot is for the eye."""

    _DOT = 7

    def __init__(self, theme: Theme, token: Token, text: str) -> None:
        super().__init__()
        self._theme, self._token = theme, token
        row = QHBoxLayout(self)
        row.setContentsMargins(self._DOT + 6, 0, 0, 0)
        row.addWidget(Text(theme, text, TextStyle.SMALL, Token.MUTED))
        self.setToolTip(tooltip(text))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(self._token))
        painter.drawEllipse(QRectF(0, (self.height() - self._DOT) / 2, self._DOT, self._DOT))
        painter.end()
