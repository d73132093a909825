"""What can be asked of the wallet from a terminal, without a window: `stats` and `notify`.

The running program answers at its door (`services/door.py`). Where none runs, `stats` reads what a profile keeps.
"""

# ruff: noqa: PLC0415 - a command loads what it needs, and answers in a tenth of a second

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_wallet.clock import SystemClock
from desktop_wallet.core.errors import StorageFailure, WrongPassword
from desktop_wallet.services.door import Door, Knock, Word
from desktop_wallet.services.folders import Folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from desktop_wallet.services.figures import Figures
    from desktop_wallet.services.profiles import ProfileSummary

LONGEST_PASSWORD_BYTES = 4_096


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    LOCKED = 3
    TOO_MANY = 4
    NOBODY = 5
    NOT_OPENED = 6


_EXITS = """\
exit codes:
  0  done
  1  refused or failed; the message says why
  2  the command was not understood
  3  the wallet is locked
  4  more than 100 notifications within a minute
  5  no wallet runs here, or it does not answer
  6  the password is wrong, or the profile cannot be read
"""


def run(arguments: Sequence[str]) -> int:
    """Run one command (its name comes first) and return the exit code."""
    options = _parser().parse_args(arguments)
    folders = Folders.of_this_person() if options.data is None else Folders.under(options.data)
    command = _stats if options.command == "stats" else _notify
    return int(command(options, folders))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="desktop-wallet", epilog=_EXITS, formatter_class=_Raw)
    commands = parser.add_subparsers(dest="command", required=True)
    stats = commands.add_parser(
        "stats",
        help="what the wallet counts about itself",
        description="Print what the wallet counts about itself. A running wallet answers by itself; where none runs, "
        "the counters that a profile keeps are read, for which its password is asked.",
        epilog=_EXITS,
        formatter_class=_Raw,
    )
    form = stats.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as one JSON object")
    form.add_argument("--prometheus", action="store_true", help="in Prometheus' text format (0.0.4)")
    stats.add_argument("--profile", metavar="NAME", help="the profile to read; else the one that was opened last")
    stats.add_argument("--password-fd", type=int, metavar="N", help="read the password from this file descriptor")
    notify = commands.add_parser(
        "notify",
        help="tell the running wallet that balances changed",
        description="Tell the running wallet that balances changed, so that it reads them anew. Name at least one of "
        "network, address and asset: all balances are meant that fit. At most 100 times a minute.",
        epilog=_EXITS,
        formatter_class=_Raw,
    )
    notify.add_argument("--network", metavar="CAIP2", help="for example eip155:1")
    notify.add_argument("--address", metavar="A", help="an address of yours")
    notify.add_argument("--asset", metavar="CAIP19", help="for example eip155:1/slip44:60")
    for command in (stats, notify):
        command.add_argument("--data", type=Path, metavar="FOLDER", help="where the wallet keeps everything")
    return parser


class _Raw(argparse.RawDescriptionHelpFormatter):
    """Leaves the list of exit codes as it is."""


def _say(text: str) -> None:
    print(f"desktop-wallet: {text}", file=sys.stderr)


# notify


def _notify(options: argparse.Namespace, folders: Folders) -> Exit:
    from desktop_wallet.services.notifying import Outcome, parse_scope, scope_text

    given = {name: getattr(options, name) for name in ("network", "address", "asset")}
    text = ";".join(f"{name}={value}" for name, value in given.items() if value is not None)
    try:
        knock = Knock(Word.NOTIFY, scope_text(parse_scope(text)))
    except ValueError:
        _say("notify takes --network, --address and --asset, at least one of them, as CAIP-2 and CAIP-19 write them")
        return Exit.USAGE
    answer = _ask(folders, knock)
    if answer is None:
        return Exit.NOBODY
    exits = {
        Outcome.DONE: (Exit.DONE, ""),
        Outcome.LOCKED: (Exit.LOCKED, "the wallet is locked"),
        Outcome.TOO_MANY: (Exit.TOO_MANY, "more than 100 notifications within a minute"),
        Outcome.UNKNOWN: (Exit.REFUSED, "no balance of the open profile is meant"),
        Outcome.NOT_UNDERSTOOD: (Exit.REFUSED, "the wallet did not understand that"),
        Outcome.FAILED: (Exit.REFUSED, "the wallet could not write it down"),
    }
    code, words = exits.get(_outcome(answer), (Exit.REFUSED, "the wallet gave an answer that is none"))
    if words:
        _say(words)
    return code


def _outcome(answer: bytes) -> Any:  # noqa: ANN401 - an Outcome or None; its module is loaded by whoever asks
    from desktop_wallet.services.notifying import Outcome

    return next((each for each in Outcome if answer == f"{each.value}\n".encode("ascii")), None)


def _ask(folders: Folders, knock: Knock) -> bytes | None:
    """Return the running program's answer; None, and it was said why, where there is none."""
    door = Door(folders.data, SystemClock())
    answer = door.ask(knock) if folders.data.is_dir() else None
    if answer is None:
        runs = folders.data.is_dir() and door.is_held()
        _say("the wallet runs and does not answer" if runs else "no wallet runs here")
    return answer


# stats


def _stats(options: argparse.Namespace, folders: Folders) -> Exit:
    door = Door(folders.data, SystemClock())
    if not folders.data.is_dir():
        _say("there is no wallet here")
        return Exit.NOBODY
    told: Figures | Exit | None
    answer = door.ask(Knock(Word.STATS))
    if answer is not None:
        told = _figures(answer)
        if told is None:
            _say("the wallet gave an answer that is none")
            return Exit.REFUSED
    elif door.is_held():
        _say("the wallet runs and does not answer")
        return Exit.NOBODY
    else:
        told = _kept(options, folders)
        if isinstance(told, Exit):
            return told
    _print(told, options)
    return Exit.DONE


def _figures(answer: bytes) -> Figures | None:
    """Return the figures that an answer holds; None if it holds none."""
    try:
        told = json.loads(answer)
    except ValueError:
        return None
    return told if isinstance(told, dict) and told.get("running") is True else None


def _kept(options: argparse.Namespace, folders: Folders) -> Figures | Exit:
    """Return what a profile keeps of its counters, or how the command ends; then it was said why."""
    from desktop_wallet.registry.looking import look
    from desktop_wallet.services.figures import figures, version
    from desktop_wallet.services.metrics import kept_snapshot
    from desktop_wallet.services.session import REGISTRY_FILE
    from desktop_wallet.vault.viewing import view_subkey

    profile = _profile(options.profile, folders)
    if profile is None:
        return Exit.NOBODY
    password = _password(profile, options.password_fd)
    if password is None:
        return Exit.USAGE
    folder = folders.profile(profile.id)
    try:
        kept = look(folder / REGISTRY_FILE, view_subkey(folder, password, "registry"))
    except WrongPassword:
        _say("the password is wrong")
        return Exit.NOT_OPENED
    except StorageFailure as failure:
        _say(f"the profile cannot be read ({type(failure).__name__})")
        return Exit.NOT_OPENED
    told: Figures = {"version": version(), "running": False, "as_of_s": round(kept.as_of_s)}
    counted = figures(kept_snapshot(kept.counters, kept.settings))
    return told | {name: value for name, value in counted.items() if name not in ("disk", "memory", "alerts")}


def _profile(name: str | None, folders: Folders) -> ProfileSummary | None:
    from desktop_wallet.services.profiles import Profiles
    from desktop_wallet.vault.stores import MemorySecretStore

    profiles = Profiles(folders, MemorySecretStore, SystemClock()).list_now()
    found = next((each for each in profiles if name in (None, each.name) and not each.damaged), None)
    if found is None:
        _say("there is no profile here" if name is None else "there is no profile of that name")
    return found


def _password(profile: ProfileSummary, descriptor: int | None) -> str | None:
    from desktop_wallet.compose import PRACTICE_PASSWORD

    if profile.practice:
        return PRACTICE_PASSWORD
    if descriptor is not None:
        return _password_from(descriptor)
    if not sys.stdin.isatty():
        _say("no wallet runs here; to read the counters of a profile, use a terminal or --password-fd")
        return None
    import getpass

    return getpass.getpass(f"No wallet runs here. Password of the profile {profile.name!r}: ")


def _password_from(descriptor: int) -> str | None:
    read = b""
    try:
        while len(read) < LONGEST_PASSWORD_BYTES and b"\n" not in read:
            part = os.read(descriptor, LONGEST_PASSWORD_BYTES - len(read))
            if not part:
                break
            read += part
        return read.partition(b"\n")[0].removesuffix(b"\r").decode("utf-8")
    except (OSError, ValueError):
        _say("the password could not be read from that file descriptor")
        return None


def _print(told: Figures, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(told, indent=2, sort_keys=True))
    elif options.prometheus:
        from desktop_wallet.services.figures import prometheus

        print(prometheus(told), end="")
    else:
        for line in _lines(told):
            print(line)


def _lines(told: Figures) -> Iterator[str]:
    """Yield what a person reads."""
    if told["running"]:
        yield f"desktop-wallet {told['version']}, running for {told['uptime_s']:,} s"
    else:
        yield f"desktop-wallet {told['version']}, not running; counters as of {_time(told['as_of_s'])}"
    if told.get("locked"):
        yield "locked: what it counts is told when a profile is open"
    if "hits" not in told:
        return
    if told["counting_since_s"] is not None:
        yield f"counting since {_time(told['counting_since_s'])}"
    hits = told["hits"]
    yield _row("hit rate", f"{_share(told['hit_rate'])} (memory {hits['memory']:,}, disk {hits['disk']:,})")
    yield _row("misses", f"{told['misses']:,}")
    yield _row("stale answers", f"{told['stale_answers']:,}")
    yield _row("calls", f"{told['calls']:,}")
    yield _row("calls saved", f"{told['calls_saved']:,} ({_share(told['calls_saved_share'])})")
    yield _row("preloads", f"{told['preloads']:,}")
    yield _row("not preloaded", f"{told['preload_failures']:,} of {told['preload_balances']:,} balances")
    for name in ("invalidations", "evictions", "seal_failures", "rows_refused"):
        yield _row(name.replace("_", " "), f"{told[name]:,}")
    if "disk" in told:
        yield _row("on disk", f"{told['disk']['pages']:,} pages, {told['disk']['bytes']:,} bytes")
        memory = told["memory"]
        yield _row("in memory", f"{memory['balances']:,} balances, about {memory['bytes_estimate']:,} bytes")
    for network, took in told["networks"].items():
        times = ", ".join(f"{name[:-3]} {took[name]:,.0f} ms" for name in ("mean_ms", "p50_ms", "p95_ms"))
        yield _row(network, f"{took['reads']:,} reads, {times}")
    for alert in told.get("alerts", ()):
        since = _time(alert["since_s"])
        yield _row("alert", f"{alert['kind']}: {alert['measured']:.4g}, limit {alert['limit']:.4g}, since {since}")


def _row(name: str, value: str) -> str:
    return f"{name:<16} {value}"


def _share(share: float | None) -> str:
    return "not known yet" if share is None else f"{share:.1%}"


def _time(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
