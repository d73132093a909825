"""What the program counts about itself, as other programs read it: JSON, and Prometheus' text format."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from desktop_wallet.core.alerts import Alert
    from desktop_wallet.services.metrics import MetricsSnapshot

    _Sample = tuple[str, Mapping[str, str], float]
    """Suffix of the name, labels, value."""
    _Family = tuple[str, str, str, Sequence[_Sample]]
    """Name, type, help, samples."""

Figures = dict[str, Any]
"""Names and numbers, some of them nested; as JSON has them. What is secret is not among them."""


def version() -> str:
    """Return the program's version."""
    try:
        return installed("desktop-wallet")
    except PackageNotFoundError:
        return "from source"


def figures(found: MetricsSnapshot, alerts: Iterable[Alert] = ()) -> Figures:
    """Return a snapshot by the names of `desktop-wallet stats --json`. Shares are 0 to 1, times Unix seconds."""
    return {
        "counting_since_s": found.since_s,
        "hits": {"memory": found.hits_memory, "disk": found.hits_disk},
        "misses": found.misses,
        "hit_rate": found.hit_rate,
        "stale_answers": found.stale_answers,
        "calls": found.calls,
        "calls_saved": found.calls_saved,
        "calls_saved_share": found.saved_share,
        "preloads": found.preloads,
        "preload_balances": found.preload_balances,
        "preload_failures": found.preload_failures,
        "invalidations": found.invalidations,
        "seal_failures": found.seal_failures,
        "rows_refused": found.rows_refused,
        "evictions": found.evictions,
        "disk": {"pages": found.pages, "bytes": found.bytes_on_disk},
        "memory": {"balances": found.memory_entries, "bytes_estimate": found.memory_bytes},
        "networks": {
            str(network): {
                "reads": latency.count,
                "mean_ms": round(latency.mean_ms, 1),
                "p50_ms": latency.p50_ms,
                "p95_ms": latency.p95_ms,
            }
            for network, latency in found.latency.items()
        },
        "assets": {
            str(asset): {"hits": lookups.hits, "misses": lookups.misses, "hit_rate": lookups.hit_rate}
            for asset, lookups in found.by_asset.items()
        },
        "alerts": [
            {
                "kind": alert.kind.value,
                "measured": alert.measured,
                "limit": alert.limit,
                "since_s": round(alert.since.wall_s),
            }
            for alert in alerts
        ],
    }


_COUNTERS = {
    "misses": ("cache_misses", "Balances that a server was asked for."),
    "stale_answers": ("stale_answers", "Balances for which only an outdated number could be shown."),
    "calls": ("calls", "Calls that answered balances."),
    "calls_saved": ("calls_saved", "Balances answered without a call of their own."),
    "preloads": ("preloads", "Preloads that had something to read."),
    "preload_balances": ("preload_balances", "Balances that preloads were to read."),
    "preload_failures": ("preload_failures", "Balances that preloads could not read."),
    "invalidations": ("invalidations", "Times that balances were declared out of date."),
    "seal_failures": ("seal_failures", "Pages of the cache whose seal did not open."),
    "rows_refused": ("rows_refused", "Rows in the cache's database that were none of ours."),
    "evictions": ("evictions", "Pages that had to make room."),
}
_SHARES = {
    "hit_rate": ("cache_hit_ratio", "Share of looked up balances that the cache answered."),
    "calls_saved_share": ("calls_saved_ratio", "Share of answered balances that needed no call of their own."),
}
_QUANTILES = {"0.5": "p50_ms", "0.95": "p95_ms"}


def prometheus(told: Figures) -> str:
    """Return figures in Prometheus' text exposition format, version 0.0.4; those that are missing are left out."""
    return "".join(f"{line}\n" for family in _families(told) for line in _family(*family))


def _families(told: Figures) -> Iterator[_Family]:
    yield "up", "gauge", "Whether the wallet runs.", [("", {}, int(told["running"]))]
    yield "build_info", "gauge", "The program's version.", [("", {"version": told["version"]}, 1)]
    if "locked" in told:
        yield "locked", "gauge", "Whether no profile is open.", [("", {}, int(told["locked"]))]
    if "uptime_s" in told:
        yield "uptime_seconds", "gauge", "Seconds since the wallet's start.", [("", {}, told["uptime_s"])]
    if "hits" not in told:
        return
    if told["counting_since_s"] is not None:
        about = "When counting began, in Unix time."
        yield "counting_since_timestamp_seconds", "gauge", about, [("", {}, told["counting_since_s"])]
    yield (
        "cache_hits_total",
        "counter",
        "Balances that the cache answered.",
        [("", {"tier": tier}, count) for tier, count in told["hits"].items()],
    )
    for name, (metric, about) in _COUNTERS.items():
        yield f"{metric}_total", "counter", about, [("", {}, told[name])]
    for name, (metric, about) in _SHARES.items():
        if told[name] is not None:
            yield metric, "gauge", about, [("", {}, told[name])]
    if "disk" in told:
        yield "cache_disk_pages", "gauge", "Pages on the disk.", [("", {}, told["disk"]["pages"])]
        yield "cache_disk_bytes", "gauge", "Bytes that the cache's files take.", [("", {}, told["disk"]["bytes"])]
        yield "cache_memory_balances", "gauge", "Balances in memory.", [("", {}, told["memory"]["balances"])]
        about = "Bytes that the balances in memory take, estimated."
        yield "cache_memory_bytes", "gauge", about, [("", {}, told["memory"]["bytes_estimate"])]
    yield from _by_label(told)


def _by_label(told: Figures) -> Iterator[_Family]:
    durations: list[_Sample] = []
    for network, took in told["networks"].items():
        label = {"network": network}
        durations += [("", {**label, "quantile": q}, took[name] / 1000) for q, name in _QUANTILES.items()]
        durations.append(("_sum", label, took["mean_ms"] * took["reads"] / 1000))
        durations.append(("_count", label, took["reads"]))
    if durations:
        about = "How long reads took; the quantiles are those of the last 256."
        yield "read_duration_seconds", "summary", about, durations
    for name in ("hits", "misses"):
        samples = [("", {"asset": asset}, found[name]) for asset, found in told["assets"].items()]
        if samples:
            yield f"asset_{name}_total", "counter", f"Look-ups of an asset's balances: {name}.", samples
    standing = {alert["kind"] for alert in told.get("alerts", ())}
    if told["running"]:
        kinds = ("low-hit-rate", "many-invalidations", "preload-failed")
        about = "Whether the wallet warns of itself."
        yield "alert", "gauge", about, [("", {"kind": kind}, int(kind in standing)) for kind in kinds]


def _family(name: str, kind: str, about: str, samples: Iterable[_Sample]) -> Iterator[str]:
    name = f"desktop_wallet_{name}"
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"
    for suffix, labels, value in samples:
        named = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{suffix}{'{' + named + '}' if named else ''} {float(value):.17g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
