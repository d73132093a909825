"""The wallet's figures as other programs read them: at the door, as JSON, and in Prometheus' text format."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_wallet.core.alerts import Alert, AlertKind
from desktop_wallet.core.assets import AssetId
from desktop_wallet.core.networks import NetworkId
from desktop_wallet.services import reception as reception_module
from desktop_wallet.services.door import LONGEST_ANSWER, Knock, Word
from desktop_wallet.services.figures import figures, prometheus
from desktop_wallet.services.latencies import Latency
from desktop_wallet.services.lookups import Lookups
from desktop_wallet.services.metrics import MetricsSnapshot
from desktop_wallet.services.reception import Reception
from tests.fakes.clock import FakeClock
from tests.fakes.engine import Engine, engine

if TYPE_CHECKING:
    from desktop_wallet.services.session import Session

MAINNET = NetworkId("eip155", "1")
SNAPSHOT = MetricsSnapshot(
    since_s=1_790_000_000,
    hits_memory=90,
    hits_disk=3,
    misses=7,
    stale_answers=1,
    calls=4,
    calls_saved=96,
    latency={MAINNET: Latency(4, 250.0, 200.0, 400.0)},
    by_asset={AssetId(MAINNET, "slip44", "60"): Lookups(93, 7)},
)
STARTED = {"version": "1.0", "running": True, "locked": False, "uptime_s": 60, "as_of_s": 1_790_000_060}


@dataclass
class Family:
    """One metric as a server that scrapes us would hold it."""

    kind: str
    about: str
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float] = field(default_factory=dict)


_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def parse(text: str) -> dict[str, Family]:
    """Return the families of a text in the exposition format 0.0.4; AssertionError for whatever it does not allow."""
    assert text.endswith("\n")
    found: dict[str, Family] = {}
    abouts: dict[str, str] = {}
    current = ""
    for line in text[:-1].split("\n"):
        if help_line := re.fullmatch(rf"# HELP ({_NAME}) (.*)", line):
            assert help_line[1] not in abouts, "one HELP a metric"
            abouts[help_line[1]] = help_line[2]
        elif type_line := re.fullmatch(rf"# TYPE ({_NAME}) (counter|gauge|histogram|summary|untyped)", line):
            current = type_line[1]
            assert current not in found, "one TYPE a metric, before its samples"
            found[current] = Family(type_line[2], abouts[current])
        else:
            sample = re.fullmatch(rf"({_NAME})(?:\{{(.*)\}})? (\S+)", line)
            assert sample, line
            name, labels, number = sample.groups()
            family = found[current]
            suffixes = ("", "_sum", "_count") if family.kind == "summary" else ("",)
            assert name in {current + suffix for suffix in suffixes}, "the lines of a metric stand together"
            pairs = _LABEL.findall(labels or "")
            assert ",".join(f'{key}="{value}"' for key, value in pairs) == (labels or "")
            assert len(dict(pairs)) == len(pairs), "no label twice"
            key = (name.removeprefix(current), tuple(sorted(pairs)))
            assert key not in family.samples, "no sample twice"
            assert not math.isnan(float(number))
            family.samples[key] = float(number)
            if family.kind == "counter":
                assert float(number) >= 0
                assert current.endswith("_total")
    assert all(family.samples for family in found.values())
    return found


def value(families: dict[str, Family], name: str, suffix: str = "", **labels: str) -> float:
    return families[f"desktop_wallet_{name}"].samples[suffix, tuple(sorted(labels.items()))]


def test_the_text_for_prometheus_can_be_read_by_it() -> None:
    alert = Alert(AlertKind.LOW_HIT_RATE, 0.4, 0.7, FakeClock().now())
    found = parse(prometheus({**STARTED, **figures(SNAPSHOT, [alert])}))
    assert all(name.startswith("desktop_wallet_") for name in found)
    assert value(found, "up") == 1
    assert value(found, "build_info", version="1.0") == 1
    assert value(found, "cache_hits_total", tier="memory") == 90
    assert value(found, "cache_hits_total", tier="disk") == 3
    assert value(found, "cache_misses_total") == 7
    assert value(found, "cache_hit_ratio") == pytest.approx(0.93)
    assert value(found, "calls_saved_ratio") == pytest.approx(0.96)
    assert value(found, "read_duration_seconds", network="eip155:1", quantile="0.95") == 0.4
    assert value(found, "read_duration_seconds", "_sum", network="eip155:1") == 1.0
    assert value(found, "read_duration_seconds", "_count", network="eip155:1") == 4
    assert value(found, "asset_hits_total", asset="eip155:1/slip44:60") == 93
    assert value(found, "alert", kind="low-hit-rate") == 1
    assert value(found, "alert", kind="preload-failed") == 0
    assert found["desktop_wallet_read_duration_seconds"].kind == "summary"


def test_of_a_locked_wallet_only_that_is_told() -> None:
    assert set(parse(prometheus({**STARTED, "locked": True}))) == {
        f"desktop_wallet_{name}" for name in ("up", "build_info", "locked", "uptime_seconds")
    }


def test_what_was_not_counted_yet_is_left_out() -> None:
    found = parse(prometheus({**STARTED, **figures(MetricsSnapshot())}))
    assert "desktop_wallet_cache_hit_ratio" not in found
    assert "desktop_wallet_read_duration_seconds" not in found


@given(st.text(st.characters(exclude_characters="\0"), max_size=50))
def test_no_label_breaks_the_text(odd: str) -> None:
    told: dict[str, Any] = {**STARTED, "version": odd}
    [((_, [(_, kept)]), _)] = parse(prometheus(told))["desktop_wallet_build_info"].samples.items()
    assert kept.replace("\\\\", "\0").replace('\\"', '"').replace("\\n", "\n").replace("\0", "\\") == odd


# At the door


def session_of(e: Engine) -> Session:
    alerts = SimpleNamespace(current=lambda: (Alert(AlertKind.PRELOAD_FAILED, 1.0, 0.1, e.clock.now()),))
    return cast("Session", SimpleNamespace(balances=e.balances, metrics=e.parts.counters, alerts=alerts))


async def test_of_a_locked_wallet_the_door_tells_nothing_but_that() -> None:
    clock = FakeClock()
    reception = Reception(lambda: None, clock)
    clock.advance(90)
    answer = await reception.answer(Knock(Word.STATS))
    assert answer.endswith(b"\n")
    told = json.loads(answer)
    assert set(told) == {"version", "running", "locked", "uptime_s", "as_of_s"}
    assert (told["running"], told["locked"], told["uptime_s"]) == (True, True, 90)
    assert await reception.answer(Knock(Word.NOTIFY, "network=eip155:1")) == b"locked\n"


async def test_of_an_open_profile_the_door_tells_its_figures_on_one_line(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.balances.read(e.keys)
        answer = await Reception(lambda: session_of(e), e.clock).answer(Knock(Word.STATS))
        assert answer.count(b"\n") == 1
        told = json.loads(answer)
        assert (told["misses"], told["calls"], told["memory"]["balances"]) == (1, 1, 1)
        assert told["alerts"] == [
            {"kind": "preload-failed", "measured": 1.0, "limit": 0.1, "since_s": round(e.clock.wall_s)}
        ]
        assert e.key.address.text not in answer.decode()
        parse(prometheus(told))


async def test_an_answer_stays_within_its_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with engine(tmp_path) as e:
        many = {AssetId(MAINNET, "erc20", f"0x{n:040x}"): Lookups(n, n) for n in range(500)}

        async def snapshot() -> MetricsSnapshot:
            return replace(SNAPSHOT, by_asset=many)

        monkeypatch.setattr(e.parts.counters, "snapshot", snapshot)
        reception = Reception(lambda: session_of(e), e.clock)
        whole = await reception.answer(Knock(Word.STATS))
        assert len(json.loads(whole)["assets"]) == 500
        assert len(whole) < LONGEST_ANSWER
        monkeypatch.setattr(reception_module, "LONGEST_ANSWER", 10_000)
        assert json.loads(await reception.answer(Knock(Word.STATS)))["assets"] == {}


async def test_a_notification_at_the_door_is_answered_by_what_became_of_it(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        reception = Reception(lambda: session_of(e), e.clock)
        said = ["network=eip155:1"] * 100 + ["network=eip155:1", "nonsense"]
        answers = [await reception.answer(Knock(Word.NOTIFY, text)) for text in said]
        assert answers == [b"ok\n"] * 100 + [b"too many\n", b"not understood\n"]
