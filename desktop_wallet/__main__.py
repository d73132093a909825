"""The program's door: what it was asked for on the command line, and nothing else. No secret ever comes this way."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path

from desktop_wallet.clock import SystemClock
from desktop_wallet.services.door import Door, Knock, Word
from desktop_wallet.services.folders import Folders, make_private
from desktop_wallet.vault.harden import harden_process

_COMMANDS = ("stats", "notify")


def main(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit code."""
    harden_process()
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in _COMMANDS:
        from desktop_wallet.cli import run as run_command  # noqa: PLC0415 - a start with a window does not need it

        return run_command(arguments)
    options = _parser().parse_args(arguments)
    if options.version:
        from importlib.metadata import version  # noqa: PLC0415 - a start with a window does not need it

        sys.stdout.write(f"desktop-wallet {version('desktop-wallet')}\n")
        return 0
    gc.disable()  # a start makes no garbage worth looking for; later the window looks for it itself
    if options.tour is not None:
        from desktop_wallet.app import walk  # noqa: PLC0415 - Qt takes its time, and --version and --help need none
        from desktop_wallet.logs import chosen_level, set_up  # noqa: PLC0415 - as above

        end_log = set_up(None, chosen_level(options.log), sys.stderr)
        try:
            return walk(options.tour)
        finally:
            end_log()
    folders = Folders.of_this_person() if options.data is None else Folders.under(options.data)
    make_private(folders.data)
    door = Door(folders.data, SystemClock())
    if door.hand_over(Knock(Word.PRACTICE if options.practice else Word.RAISE, _token())):
        return 0
    from desktop_wallet.app import run  # noqa: PLC0415 - as above, and a start that comes second needs none either
    from desktop_wallet.logs import chosen_level, set_up  # noqa: PLC0415 - as above

    end_log = set_up(folders.log, chosen_level(options.log), sys.stderr)
    try:
        return run(folders, door, practice=options.practice)
    finally:
        end_log()


def _token() -> str:
    """Return what the desktop gave this start, so that a window may come forward for it."""
    return os.environ.get("XDG_ACTIVATION_TOKEN") or os.environ.get("DESKTOP_STARTUP_ID", "")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="desktop-wallet",
        description="A wallet whose every balance says how old it is and where it came from.",
        epilog="Without a window: `desktop-wallet stats` and `desktop-wallet notify`, each with --help.",
    )
    parser.add_argument("--practice", action="store_true", help="open the practice profile: play money, no server")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="keep everything under this folder")
    parser.add_argument(
        "--tour", type=Path, metavar="FOLDER", help="walk through the practice profile and leave pictures there"
    )
    parser.add_argument(
        "--log",
        choices=("off", "warning", "info", "debug"),
        metavar="LEVEL",
        help="how much is logged: off, warning, info (the default) or debug; DESKTOP_WALLET_LOG says the same",
    )
    parser.add_argument("--version", action="store_true", help="say which version this is")
    return parser


if __name__ == "__main__":
    sys.exit(main())
