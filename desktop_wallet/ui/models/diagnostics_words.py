"""The words of the Diagnostics page: health, warnings, figures, servers, events. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_wallet.cache.pages import CacheMode
from desktop_wallet.cache.troubles import CacheTroubleKind
from desktop_wallet.core.alerts import AlertKind
from desktop_wallet.services.diagnostics import ServerState
from desktop_wallet.services.events import EventKind
from desktop_wallet.ui.error_text import TEXTS, error_text
from desktop_wallet.ui.measures import age_text, bytes_text, count_text, left_text, percent_text, time_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from desktop_wallet.cache.troubles import CacheTrouble
    from desktop_wallet.core.alerts import Alert
    from desktop_wallet.core.instants import Instant
    from desktop_wallet.services.diagnostics import Diagnosis, ServerLine
    from desktop_wallet.services.events import Event
    from desktop_wallet.services.metrics import MetricsSnapshot

STATE_WORDS = {
    ServerState.UNASKED: "Not asked yet",
    ServerState.UP: "Up",
    ServerState.BEHIND: "Behind",
    ServerState.STANDS_STILL: "Stands still",
    ServerState.PAUSED: "Paused",
    ServerState.LIMITED: "Limited",
    ServerState.DOWN: "Down",
}
_STATE_SENTENCES = {
    ServerState.UNASKED: "Nothing was asked of this server yet: those before it sufficed.",
    ServerState.UP: "It answers.",
    ServerState.BEHIND: "It answers from below the others, and is asked after them.",
    ServerState.STANDS_STILL: "It answers, but its newest block is too old to count as the present.",
    ServerState.PAUSED: "It asked for fewer requests too often. Until then only what you ask for yourself goes there.",
    ServerState.LIMITED: "It asks for fewer requests.",
    ServerState.DOWN: "Its last answer failed. Others of this network are asked before it, where there are any.",
}
EVENT_WORDS = {
    EventKind.READ: "Read",
    EventKind.INVALIDATION: "Invalidation",
    EventKind.PRELOAD: "Preload",
    EventKind.CACHE: "Cache",
    EventKind.SERVER: "Server",
    EventKind.PAYMENT: "Payment",
    EventKind.ALERT: "Alert",
    EventKind.OTHER: "Other",
}
MODE_WORDS = {
    CacheMode.ON: "On: in memory and, encrypted, on the disk",
    CacheMode.MEMORY_ONLY: "In memory only: nothing lies on the disk",
    CacheMode.OFF: "Off: every look asks the servers",
}
_TROUBLES = {
    CacheTroubleKind.READ_ONLY: ("The cache's folder cannot be written.", "Change the rights of the folder."),
    CacheTroubleKind.FULL: ("There is no space left for the cache.", "Free some space on the disk."),
    CacheTroubleKind.DAMAGED: ("The cache's database was damaged.", "Nothing needs to be done."),
    CacheTroubleKind.LOCKED: ("Another program holds the cache's database.", "Close the other program."),
    CacheTroubleKind.MISSING: ("The cache's database was gone.", "Nothing needs to be done."),
    CacheTroubleKind.FAILED: ("The cache's folder cannot be used.", "Look at the disk and at the folder's rights."),
}


@dataclass(frozen=True, slots=True)
class Warned:
    """Something out of the ordinary in words: what it is, what was measured against which limit, and what to do."""

    title: str
    measured: str
    what_to_do: str

    @property
    def spoken(self) -> str:
        """Return all of it in one paragraph."""
        return " ".join(part for part in (f"{self.title}.", self.measured, self.what_to_do) if part)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what it counts, how much, a quieter note, and what that means."""

    name: str
    value: str
    note: str = ""
    means: str = ""

    @property
    def spoken(self) -> str:
        """Return what a screen reader says."""
        return ", ".join(part for part in (f"{self.name}: {self.value}", self.note) if part)


def alert_text(alert: Alert, now: Instant) -> Warned:
    """Return a warning in words."""
    since = f"since {time_text(alert.since.wall_s, now.wall_s)}"
    match alert.kind:
        case AlertKind.LOW_HIT_RATE:
            share, limit = percent_text(alert.measured), percent_text(alert.limit)
            return Warned(
                "Few balances come from the cache",
                f"{share} within the last hour, {since}; below {limit} this warning comes.",
                "See that the cache is on in Settings, and that times in Settings > Freshness are not too short.",
            )
        case AlertKind.MANY_INVALIDATIONS:
            return Warned(
                "Balances are declared out of date very often",
                f"{alert.measured:,.0f} times within the last hour, {since}; above {alert.limit:,.0f} this warning "
                "comes.",
                "Look under Events for what causes it: payments, or a program that uses desktop-wallet notify.",
            )
        case AlertKind.PRELOAD_FAILED:
            share, limit = percent_text(alert.measured), percent_text(alert.limit)
            return Warned(
                "Many balances could not be read",
                f"{share} of the last preload, {since}; above {limit} this warning comes.",
                "Look under Servers for who fails, then press Preload.",
            )


def trouble_text(trouble: CacheTrouble) -> Warned:
    """Return what is wrong with the cache's folder, or was."""
    what, cure = _TROUBLES[trouble.kind]
    if trouble.rebuilt:
        return Warned("The cache was made anew", f"{what} A new one serves, and balances are read again.", "")
    return Warned("The cache is not on the disk", f"{what} Balances are read from the servers meanwhile.", cure)


def warnings(found: Diagnosis) -> tuple[Warned, ...]:
    """Return everything that is out of the ordinary, what weighs most first."""
    told = [] if found.trouble is None else [trouble_text(found.trouble)]
    return (*told, *(alert_text(alert, found.at) for alert in found.alerts))


def headline(found: Diagnosis) -> tuple[str, str, bool]:
    """Return how the wallet does in a few words and in a sentence, and whether all is well."""
    down = _networks_down(found.servers)
    told = warnings(found)
    if down:
        # Two names are too long for the smallest window; the status bar and the Servers part tell them.
        several = f"{count_text(len(down), 'network')} do not answer"
        title = f"No server of {down[0]} answers" if len(down) == 1 else several
    elif len(told) == 1:
        title = told[0].title
    elif told:
        title = f"{len(told)} warnings"
    else:
        title = "Everything works"
    return title, _state_sentence(found), not (down or told)


def _state_sentence(found: Diagnosis) -> str:
    asked = [line for line in found.servers if line.state is not ServerState.UNASKED]
    up = sum(line.state in (ServerState.UP, ServerState.BEHIND) for line in asked)
    parts = [f"{up} of {count_text(len(asked), 'server')} up" if asked else "No server was asked yet"]
    limited = [line for line in asked if line.state is ServerState.LIMITED and line.next_try_s]
    if limited:
        parts.append(f"{limited[0].host} limited, {next_try_text(limited[0])}")
    if found.preload is not None:
        parts.append(f"preload {found.preload.done:,} of {found.preload.total:,}")
    elif found.reading:
        parts.append(f"{count_text(found.reading, 'balance')} being read")
    oldest = [line.status.last_ok for line in asked if line.status is not None and line.status.last_ok is not None]
    if oldest:
        parts.append(f"last answer {age_text(max(min(at.age_s(found.at) for at in oldest), 0))} ago")
    return " · ".join(parts)


def _networks_down(servers: Iterable[ServerLine]) -> list[str]:
    """Return the networks whose asked servers are all down."""
    states: dict[str, list[ServerState]] = {}
    for line in servers:
        if line.state is not ServerState.UNASKED:
            states.setdefault(line.network.name, []).append(line.state)
    return [name for name, some in states.items() if all(state is ServerState.DOWN for state in some)]


# Figures


def figures(found: Diagnosis) -> tuple[tuple[str, tuple[Figure, ...]], ...]:
    """Return the figures of the cache, group by group."""
    metrics = found.metrics
    return (
        ("Where answers came from", _answers(metrics)),
        ("What servers were asked", _requests(metrics)),
        ("What is kept", _kept(found)),
        ("What was lost or refused", _losses(metrics)),
        ("How long reads take", _latencies(found)),
    )


def _answers(metrics: MetricsSnapshot) -> tuple[Figure, ...]:
    rate = "—" if metrics.hit_rate is None else percent_text(metrics.hit_rate)
    asked = metrics.hits + metrics.misses
    return (
        Figure("Hit rate", rate, f"of {count_text(asked, 'balance')}", "How many were answered without a server."),
        Figure("From memory", f"{metrics.hits_memory:,}"),
        Figure("From the disk", f"{metrics.hits_disk:,}"),
        Figure("Asked of a server", f"{metrics.misses:,}", means="Nothing that was kept served any more."),
        Figure(
            "Shown although outdated",
            f"{metrics.stale_answers:,}",
            means="No newer number could be had. Each of these is counted above too.",
        ),
    )


def _requests(metrics: MetricsSnapshot) -> tuple[Figure, ...]:
    share = metrics.saved_share
    failed = metrics.preload_failures
    return (
        Figure("Calls", f"{metrics.calls:,}", means="Each may answer many balances at once."),
        Figure(
            "Calls saved",
            f"{metrics.calls_saved:,}",
            "" if share is None else percent_text(share),
            "Balances that needed no call of their own: they were kept, or came with others.",
        ),
        Figure("Preloads", f"{metrics.preloads:,}", f"of {count_text(metrics.preload_balances, 'balance')}"),
        Figure("Failed in preloads", f"{failed:,}", means="Balances that could not be read then."),
        Figure("Invalidations", f"{metrics.invalidations:,}", means="How often balances were declared out of date."),
    )


def _kept(found: Diagnosis) -> tuple[Figure, ...]:
    metrics = found.metrics
    return (
        Figure(
            "On the disk",
            bytes_text(metrics.bytes_on_disk),
            f"of {bytes_text(found.limit_bytes)}" if found.mode is CacheMode.ON else "",
        ),
        Figure("Pages on the disk", f"{metrics.pages:,}", means="One for each address on each network, encrypted."),
        Figure(
            "Balances in memory",
            f"{metrics.memory_entries:,}",
            f"about {bytes_text(metrics.memory_bytes)}" if metrics.memory_entries else "",
        ),
    )


def _losses(metrics: MetricsSnapshot) -> tuple[Figure, ...]:
    return (
        Figure("Evicted", f"{metrics.evictions:,}", means="Pages that had to go because the cache was full."),
        Figure(
            "Seals that did not open",
            f"{metrics.seal_failures:,}",
            means="Pages that were damaged, or not written by this profile. They are dropped and read anew.",
        ),
        Figure("Rows refused", f"{metrics.rows_refused:,}", means="What a stranger put into the cache's database."),
    )


def _latencies(found: Diagnosis) -> tuple[Figure, ...]:
    names = {line.network.id: line.network.name for line in found.servers}
    return tuple(
        Figure(
            names.get(network, str(network)),
            _took_text(round(latency.p50_ms)),
            f"95 % within {_took_text(round(latency.p95_ms))}",
            f"Half of the last reads took no longer; {count_text(latency.count, 'read')} in all.",
        )
        for network, latency in sorted(found.metrics.latency.items(), key=lambda each: str(each[0]))
    )


def since_text(metrics: MetricsSnapshot, now: Instant) -> str:
    """Return since when is counted."""
    if metrics.since_s is None:
        return "Counted since this profile was made."
    return f"Counted since {time_text(metrics.since_s, now.wall_s)}."


# Servers


def next_try_text(line: ServerLine) -> str:
    """Return when the server is asked again: "next try in 8 s"; empty where nothing holds that back."""
    return "" if line.next_try_s is None else f"next try in {left_text(max(line.next_try_s, 1))}"


def server_sentence(line: ServerLine, now: Instant) -> str:
    """Return everything that is known of a server in words."""
    parts = [f"{line.host}: {_STATE_SENTENCES[line.state]}"]
    status = line.status
    if line.next_try_s is not None:
        parts.append(f"{next_try_text(line).capitalize()}.")
    if status is not None and status.last_error is not None:
        word = "Last error" if status.healthy else "What went wrong"
        parts.append(f"{word}: {error_text(status.last_error, lambda _: line.network.name).sentence}")
    if status is not None and status.last_ok is not None:
        parts.append(f"Its last answer came {age_text(max(status.last_ok.age_s(now), 0))} ago.")
    if line.pushes:
        parts.append("It tells of new blocks by itself.")
    return " ".join(parts)


def last_error_text(line: ServerLine) -> str:
    """Return the last error in words; empty where there was none."""
    if line.status is None or line.status.last_error is None:
        return ""
    return error_text(line.status.last_error, lambda _: line.network.name).title


def lag_text(line: ServerLine) -> str:
    """Return how far a server is behind the others: "3 behind", or nothing."""
    lag = None if line.status is None else line.status.lag_blocks
    return f"{lag:,} behind" if lag else ""


# Events


def event_text(event: Event, network_name: Callable[[str], str]) -> str:
    """Return an event in words; `network_name` gives the name for a network's id."""
    told = dict(event.fields)
    for name in ("network", "networks"):
        if name in told:
            told[name] = ", ".join(network_name(each) for each in told[name].split(","))
    words = _EVENTS.get(event.name)
    if words is None or not words.needs <= told.keys():
        of, between, rest = event.name.partition(": ")
        return _plain_event(f"{network_name(of)}{between}{rest}", told)
    if "reason" in told:
        told["reason"] = _reason_words(told["reason"])
    took_ms = told.get("took_ms", "")
    took = f"{words.took} {_took_text(int(took_ms))}" if took_ms.isdigit() else ""
    return ", ".join(part for part in (words.text.format_map(told), took) if part)


def _reason_words(reason: str) -> str:
    """Return an error that the log names by its class in our words: "Request refused, status 500"."""
    kind, *data = reason.split()
    words = {each.__name__: words for each, words in TEXTS.items()}.get(kind)
    if words is None:
        return reason
    return ", ".join((words.title, *(_datum_words(*each.partition("=")) for each in data)))


def _datum_words(name: str, _: str, value: str) -> str:
    if name == "problem":
        return value
    unit = " s" if name.endswith("_s") else ""
    return f"{name.removesuffix('_s').replace('_', ' ')} {value}{unit}"


def _took_text(took_ms: int) -> str:
    return f"{took_ms} ms" if took_ms < 1_000 else f"{took_ms / 1_000:.1f} s"


@dataclass(frozen=True, slots=True)
class _EventWords:
    text: str
    needs: frozenset[str]
    took: str = "in"


def _words(text: str, *needs: str, took: str = "in") -> _EventWords:
    return _EventWords(text, frozenset(needs), took)


_EVENTS = {
    "read": _words("{hits} from the cache, {misses} asked of {networks}", "hits", "misses", "networks"),
    "not read": _words(
        "{balances} balances of {network} not read: {host}, {reason}", "balances", "network", "host", "reason"
    ),
    "server failed": _words("{host} of {network} failed: {reason}", "host", "network", "reason", took="after"),
    "invalidated": _words("Out of date since {cause}: {networks}", "cause", "networks"),
    "refreshed": _words(
        "{balances} balances refreshed, {changed} changed, {failed} failed", "balances", "changed", "failed"
    ),
    "looked up": _words("{hits} from the cache, {misses} asked of servers", "hits", "misses"),
    "preloaded": _words("{balances} balances, {failed} failed", "balances", "failed"),
    "transfer": _words("A payment on {network} is {state}", "network", "state"),
}


def _plain_event(name: str, told: dict[str, str]) -> str:
    parts = [f"{field.removesuffix('_ms').replace('_', ' ')} {value}{_unit(field)}" for field, value in told.items()]
    return f"{name}: {', '.join(parts)}" if parts else name


def _unit(field: str) -> str:
    return " ms" if field.endswith("_ms") else ""
