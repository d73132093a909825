"""The report that a person can hand to somebody who helps: figures, servers by host, events. No Qt.

It names no account, no whole address, no wallet, no path of a server, and holds no secret: nothing of these is in what
it is made from but addresses that events mention, which are shortened where events are caught.
"""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from desktop_wallet.services.figures import figures as stats
from desktop_wallet.ui.models.diagnostics_words import (
    EVENT_WORDS,
    MODE_WORDS,
    event_text,
    figures,
    headline,
    server_sentence,
    since_text,
    warnings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_wallet.services.diagnostics import Diagnosis, ServerLine
    from desktop_wallet.services.events import Event

REPORTED_EVENTS = 100
_NOBODYS_BUSINESS = frozenset({"assets"})
"""Figures that tell which assets a person looks at, by the whole addresses of their contracts."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a report is made of; `version` is the program's, empty where it runs from its sources."""

    found: Diagnosis
    events: Sequence[Event]
    version: str
    network_name: Callable[[str], str]


def report_text(report: Report) -> str:
    """Return the report as plain text."""
    found = report.found
    title, sentence, _ = headline(found)
    lines = [
        f"Wallet {report.version or 'from its sources'}, Python {platform.python_version()}, {platform.system()}",
        f"{_moment(found.at.wall_s)}: {title}. {sentence}",
        f"Cache: {MODE_WORDS[found.mode]}. {since_text(found.metrics, found.at)}",
    ]
    lines += [f"Warning: {each.spoken}" for each in warnings(found)]
    for heading, some in figures(found):
        lines += ["", heading]
        lines += [f"  {figure.spoken}" for figure in some]
    lines += ["", "Servers"]
    lines += [f"  {line.network.name}: {server_sentence(line, found.at)}" for line in found.servers]
    lines += ["", f"Last events, the newest first ({min(len(report.events), REPORTED_EVENTS)})"]
    lines += [
        f"  {_moment(event.at.wall_s)} {EVENT_WORDS[event.kind]}: {event_text(event, report.network_name)}"
        for event in report.events[:REPORTED_EVENTS]
    ]
    return "\n".join(lines)


def report_json(report: Report) -> str:
    """Return the report as JSON: the same, with the figures by the names of `desktop-wallet stats --json`."""
    found = report.found
    body = {
        "version": report.version,
        "python": platform.python_version(),
        "system": platform.system(),
        "at_unix_s": found.at.wall_s,
        "stats": {
            name: value for name, value in stats(found.metrics, found.alerts).items() if name not in _NOBODYS_BUSINESS
        },
        "cache": {
            "mode": found.mode.value,
            "limit_bytes": found.limit_bytes,
            "disk_in_use": found.disk_in_use,
            "trouble": None if found.trouble is None else found.trouble.kind.value,
        },
        "servers": [_server(line) for line in found.servers],
        "events": [
            {"at_unix_s": event.at.wall_s, "about": event.kind.value, "event": event.name, "fields": event.fields}
            for event in report.events[:REPORTED_EVENTS]
        ],
    }
    return json.dumps(body, indent=2, ensure_ascii=False)


def _server(line: ServerLine) -> dict[str, object]:
    body: dict[str, object] = {"network": str(line.network.id), "host": line.host, "state": line.state.value}
    body["pushes"] = line.pushes
    status = line.status
    if status is not None:
        body |= {
            "height": status.height,
            "lag_blocks": status.lag_blocks,
            "latency_ms": status.latency_ms,
            "requests": status.requests,
            "failures": status.failures,
            "last_error": None if status.last_error is None else type(status.last_error).__name__,
            "next_try_s": line.next_try_s,
        }
    return body


def _moment(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, tz=UTC).strftime("%Y-%m-%d %H:%M:%SZ")
