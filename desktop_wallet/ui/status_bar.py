"""The status bar: what a worried person asks. Is it up, how well does the cache work, when is the next look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget
from typing_extensions import override

from desktop_wallet.core.errors import EndpointRateLimited
from desktop_wallet.ui.theme import GRID, TextStyle, Theme, Token
from desktop_wallet.ui.widgets.buttons import LinkButton
from desktop_wallet.ui.widgets.text import ElidedText, Text, tooltip
from desktop_wallet.ui.words import count_text, left_text, percent_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from desktop_wallet.net.pool import EndpointStatus
    from desktop_wallet.services.session import Session

HEIGHT = 28
_MARGIN = 4 * GRID
_BETWEEN = 18
_NAMED = 2
"""More networks in trouble than these are counted, not named."""


class Limited(NamedTuple):
    """A network whose servers limit us, and in how many seconds one of them is asked again; 0: whenever it is due."""

    name: str
    next_try_s: float


@dataclass(frozen=True, slots=True)
class Health:
    """How the networks do: how many answer, and which are limited, down or not yet asked, by name."""

    up: int = 0
    limited: tuple[Limited, ...] = ()
    down: tuple[str, ...] = ()
    unasked: int = 0


def health(session: Session) -> Health:
    """Return how the networks of a session do, as far as their servers have been asked."""
    up = unasked = 0
    limited: list[Limited] = []
    down: list[str] = []
    for network in session.catalogue.networks():
        statuses = session.catalogue.statuses(network.id)
        asked = [status for status in statuses if status.last_ok is not None or status.last_error is not None]
        waits_s = [status.rate_limited_for_s for status in asked if _is_limited(status)]
        if not asked:
            unasked += 1
        elif any(s.healthy and s.last_ok is not None and s.rate_limited_for_s <= 0 for s in asked):
            up += 1
        elif waits_s:
            limited.append(Limited(network.name, min(waits_s)))
        else:
            down.append(network.name)
    return Health(up, tuple(limited), tuple(down), unasked)


def _is_limited(status: EndpointStatus) -> bool:
    """Return whether a server works and only limits us; one that is down is down, whatever waits for it."""
    if not status.healthy:
        return isinstance(status.last_error, EndpointRateLimited)
    return status.rate_limited_for_s > 0


def health_texts(found: Health, named: int = _NAMED) -> tuple[tuple[Token, str], ...]:
    """Return what is said of the networks, each with the colour of its dot; more in trouble than `named` are counted.

    "Ethereum limited, next try in 8 s", "Base down", "3 limited, next try in 8 s".
    """
    texts: list[tuple[Token, str]] = []
    if found.up or not (found.limited or found.down or found.unasked):
        texts.append((Token.FRESH if found.up else Token.MUTED, f"{count_text(found.up, 'network')} up"))
    if found.unasked:
        texts.append((Token.MUTED, f"{count_text(found.unasked, 'network')} not asked yet"))
    if len(found.limited) > named:
        first_s = min(limited.next_try_s for limited in found.limited)
        texts.append((Token.STALE, f"{len(found.limited)} limited{_next_try(first_s)}"))
    else:
        texts += [(Token.STALE, f"{name} limited{_next_try(wait_s)}") for name, wait_s in found.limited]
    if len(found.down) > named:
        texts.append((Token.UNAVAILABLE, f"{len(found.down)} down"))
    else:
        texts += [(Token.UNAVAILABLE, f"{name} down") for name in found.down]
    return tuple(texts)


def _next_try(wait_s: float) -> str:
    return f", next try in {left_text(max(wait_s, 1))}" if wait_s > 0 else ""


class StatusBar(QFrame):
    """One line at the foot of the window. Where it is too narrow for all of it, what matters least goes first."""

    alerts_wanted = Signal()
    """Somebody wants to know what the alerts are about."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("ground", "sidebar")
        self.setProperty("edge", "top")
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Status")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(_MARGIN, 0, _MARGIN, 0)
        self._row.setSpacing(_BETWEEN)
        # A widget of its own, made first: a screen reader reads in the order of making.
        room = QWidget()
        self._networks = QHBoxLayout(room)
        self._networks.setContentsMargins(0, 0, 0, 0)
        self._networks.setSpacing(_BETWEEN)
        self._row.addWidget(room)
        self._dotted: list[_Dotted] = []
        self.alerts = LinkButton(theme, "", "triangle-alert", self.alerts_wanted.emit)
        self.alerts.setProperty("warns", True)
        self.alerts.setFont(theme.font(TextStyle.SMALL))
        self.alerts.icon_token = Token.STALE
        self.alerts.set_icon("triangle-alert")
        self.alerts.hide()
        self._row.addWidget(self.alerts)
        self._hit_rate = self._text()
        self._saved = self._text()
        self._row.addStretch(1)
        self._next = self._text()
        self._found = Health()
        self._said: tuple[tuple[Token, str], ...] = ()

    def _text(self) -> Text:
        text = Text(self._theme, "", TextStyle.SMALL, Token.MUTED)
        text.hide()
        self._row.addWidget(text)
        return text

    def show_session(self, session: Session, next_refresh_s: float | None) -> None:
        """Show the figures as they are now."""
        self._found = health(session)
        self._show_alerts(session)
        rate = session.metrics.hit_rate()
        self._say(self._hit_rate, "" if rate is None else f"Hit rate {percent_text(rate)}")
        self._hit_rate.setToolTip("How many balances were answered without asking a server")
        saved = session.metrics.calls_saved
        self._say(self._saved, f"{count_text(saved, 'call')} saved" if saved else "")
        self._saved.setToolTip("Requests that no server had to be sent")
        self._say(self._next, "" if next_refresh_s is None else f"Next refresh in {left_text(next_refresh_s)}")
        self._fit(health_texts(self._found))

    def clear(self) -> None:
        """Show nothing: the wallet is locked."""
        self._found = Health()
        self._show_networks(())
        self.alerts.hide()
        self.alerts.setToolTip("")
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
        if not self.alerts.isHidden():
            words.append(self.alerts.accessibleName())
        words += [text.text() for text in (self._hit_rate, self._saved, self._next) if not text.isHidden()]
        return tuple(words)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._said:
            for text in (self._hit_rate, self._saved, self._next):
                text.setVisible(bool(text.text()))
            self._fit(health_texts(self._found))

    def _show_alerts(self, session: Session) -> None:
        alerts = session.alerts.current()
        self.alerts.setVisible(bool(alerts))
        if not alerts:
            self.alerts.setToolTip("")
            return
        from desktop_wallet.ui.models.diagnostics_words import alert_text  # noqa: PLC0415 - the first paint needs none

        now = session.diagnostics.now()
        told = [alert_text(alert, now) for alert in alerts]
        self.alerts.set_text(count_text(len(alerts), "alert"))
        self.alerts.setAccessibleDescription(" ".join(each.spoken for each in told))
        self.alerts.setToolTip(tooltip("\n".join(f"{each.title}: {each.measured}" for each in told)))

    def _fit(self, texts: tuple[tuple[Token, str], ...]) -> None:
        """Show these; leave out the figures and then the names for which there is no room."""
        self._show_networks(texts)
        for text in (self._saved, self._hit_rate, self._next):
            if self._fits():
                return
            text.hide()
        if not self._fits():
            self._show_networks(health_texts(self._found, named=0))

    def _fits(self) -> bool:
        shown = [each for each in (self.alerts, self._hit_rate, self._saved, self._next) if not each.isHidden()]
        widths = [each.sizeHint().width() for each in (*shown, *self._dotted) if not each.isHidden()]
        return 2 * _MARGIN + sum(widths) + _BETWEEN * len(widths) <= self.width()

    def _show_networks(self, texts: Sequence[tuple[Token, str]]) -> None:
        self._said = tuple(texts)
        while len(self._dotted) < len(texts):
            dotted = _Dotted(self._theme)
            self._networks.addWidget(dotted)
            self._dotted.append(dotted)
        for place, dotted in enumerate(self._dotted):
            dotted.setVisible(place < len(texts))
            dotted.show_text(*(texts[place] if place < len(texts) else (Token.MUTED, "")))


class _Dotted(QWidget):
    """A word with a dot in its colour. The word alone says it; the dot is for the eye."""

    _DOT = 7

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._token = theme, Token.MUTED
        row = QHBoxLayout(self)
        row.setContentsMargins(self._DOT + 6, 0, 0, 0)
        self._text = ElidedText(theme, "", TextStyle.SMALL, Token.MUTED)
        row.addWidget(self._text)

    def show_text(self, token: Token, text: str) -> None:
        """Show this text, with a dot of that colour."""
        self._text.set_text(text)
        if token is not self._token:
            self._token = token
            self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(self._token))
        painter.drawEllipse(QRectF(0, (self.height() - self._DOT) / 2, self._DOT, self._DOT))
        painter.end()
