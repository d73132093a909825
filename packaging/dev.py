#!/usr/bin/env python3
"""Sets the project up, runs it and checks it, with nothing but the standard library.

usage: python3 packaging/dev.py COMMAND [ARGS...]

  setup        install everything that the other commands need
  run          open the wallet; without a display: its practice tour, into build/tour   (ARGS go to the wallet)
  test         format, lint, types, import contracts and tests                          (ARGS go to pytest)
  prove        the tests at full size, into build/proofs.md                             (ARGS go to pytest)
  bench        measure, side by side with the references          (ARGS, such as --only B1,B4 --json FILE)
  bench-peers  install the wallets and libraries that bench compares with, into build/peers
  format       format the code and mend what the linter can mend
  lock         write the requirement files and the npm lock anew
  clean        remove everything that these commands made, .venv included

As root it installs missing system packages itself; otherwise it prints the one line to run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "requirements"
NPM_PARTS = ROOT / "packaging" / "npm"
NPM = BUILD / "npm"
PEERS = BUILD / "peers"
TOUR = BUILD / "tour"
PROOFS = BUILD / "proofs.md"
LOG = BUILD / "setup.log"

OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 13)

# What PySide6 loads, off screen (first line) and in a window (second line).
RUN_PACKAGES = (
    *("libgl1", "libegl1", "libxkbcommon0", "libfontconfig1", "libglib2.0-0", "libdbus-1-3"),
    *("libxkbcommon-x11-0", "libxcb-cursor0", "libxcb-icccm4", "libxcb-keysyms1", "libxcb-shape0"),
)
# A screen, a message bus and a keyring of the tests' own.
TEST_PACKAGES = (*RUN_PACKAGES, "xvfb", "xauth", "dbus", "gnome-keyring", "libsecret-tools")
# Electrum's package only recommends the Qt that its window needs.
PEER_PACKAGES = ("electrum", "python3-pyqt5")

UNDER_XVFB = ("xvfb-run", "-a", "-s", "-screen 0 1280x900x24")
FIRST_LANE = ("tests/ui", "tests/hostile", "tests/cache")
"""Half of the tests by time; all others run beside them. Each lane has a screen, for keys go to the window in front."""


class SetupError(Exception):
    """Set-up cannot go on; the message says what a person can do."""


def main(arguments: list[str]) -> int:
    """Return the exit code of the command that `arguments` name."""
    commands = {
        "setup": setup,
        "run": run,
        "test": test,
        "prove": prove,
        "bench": bench,
        "bench-peers": bench_peers,
        "format": format_code,
        "lock": lock,
        "clean": clean,
    }
    if not arguments or arguments[0] not in commands:
        print(__doc__)
        return 0 if arguments[:1] in (["-h"], ["--help"], ["help"]) else 2
    try:
        require_python()
        return commands[arguments[0]](arguments[1:])
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def setup(_: list[str]) -> int:
    """Install everything for run and test."""
    prepare_tests()
    say("Everything is set up.")
    return 0


def run(arguments: list[str]) -> int:
    """Open the wallet, or take its tour where there is no display; return its exit code."""
    install_system_packages(RUN_PACKAGES)
    install_python_packages(VENV, "run", covers=("dev",))
    wallet = [str(program(VENV, "python")), "-m", "desktop_wallet"]
    is_command = arguments[:1] != [] and not arguments[0].startswith("-")
    if has_display() or is_command or {"-h", "--help", "--version", "--tour"} & set(arguments):
        return replace_process([*wallet, *arguments], dict(os.environ))
    say(
        "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open.",
        f"Taking the practice tour off screen instead; pictures and a transcript go to {TOUR.relative_to(ROOT)}/.",
    )
    code = subprocess.run(
        [*wallet, "--tour", str(TOUR)], cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, check=False
    ).returncode
    say(f"{len(list(TOUR.glob('*.png')))} pictures are in {TOUR.relative_to(ROOT)}/.")
    return code


def test(arguments: list[str]) -> int:
    """Run every check, also after one has failed; return 0 only if all passed."""
    prepare_tests()
    python = str(program(VENV, "python"))
    checks = {
        "format": [python, "-m", "ruff", "format", "--check", "."],
        "lint": [python, "-m", "ruff", "check", "."],
        "types": [python, "-m", "mypy"],
        "import contracts": [str(program(VENV, "lint-imports")), "--no-logo"],
    }
    outcomes = []
    for name, command in checks.items():
        say(f"{name}: {shown(command)}")
        started_s = time.perf_counter()
        code = run_privately(command)
        outcomes.append((name, code, time.perf_counter() - started_s))
    started_s = time.perf_counter()
    outcomes.append(("tests", run_tests(arguments), time.perf_counter() - started_s))
    print()
    for name, code, took_s in outcomes:
        print(f"  {'passed' if code == 0 else 'FAILED':8}{name:20}{took_s:7.1f} s")
    return int(any(code for _, code, _ in outcomes))


def prove(arguments: list[str]) -> int:
    """Run the tests at full size and leave their figures in build/proofs.md."""
    prepare_tests()
    # A test of full size may take as long as it takes; only a hang is cut off, after hours.
    size = ["--timeout=7200", "-o", "faulthandler_timeout=10800", "--full"]
    code = run_tests(arguments, size, PROOFS)
    say(f"The proofs stand in {PROOFS.relative_to(ROOT)}.")
    return code


def run_tests(arguments: list[str], size: Sequence[str] = (), proofs: Path | None = None) -> int:
    """Run all tests in two lanes, one a core, or only what `arguments` choose; return 0 only if all passed.

    Each lane writes a page of proofs, if one is wanted, and the second one's stands below the first one's.
    """
    pytest = [str(program(VENV, "python")), "-m", "pytest", *size]
    if arguments:
        command = [*UNDER_XVFB, *pytest, *(() if proofs is None else ("--proofs", str(proofs))), *arguments]
        say(f"tests: {shown(command)}")
        return run_privately(command)
    # Screens from numbers far apart, so that both can look for a free one at the same time.
    first = [UNDER_XVFB[0], "-n", "100", *UNDER_XVFB[1:], *pytest, *FIRST_LANE]
    others = [UNDER_XVFB[0], "-n", "200", *UNDER_XVFB[1:], *pytest, "-p", "no:cacheprovider"]
    others += [f"--ignore={folder}" for folder in FIRST_LANE]
    beside = None if proofs is None else proofs.with_suffix(".first.md")
    if proofs is not None:
        others += ["--proofs", str(proofs)]
        first += ["--proofs", str(beside)]
    say(f"tests, first lane: {shown(first)}")
    say(f"tests, second lane, beside it and told of below: {shown(others)}")
    with tempfile.TemporaryFile() as told, ThreadPoolExecutor(1) as lane:
        other = lane.submit(run_privately, others, told)
        code = run_privately(first)
        other_code = other.result()
        told.seek(0)
        sys.stdout.flush()
        shutil.copyfileobj(told, sys.stdout.buffer)
        sys.stdout.flush()
    if proofs is not None and beside is not None and beside.exists():
        with proofs.open("a", encoding="utf-8") as page:
            page.write("\n" + beside.read_text("utf-8"))
        beside.unlink()
    return int(bool(code or other_code))


def bench(arguments: list[str]) -> int:
    """Run the benchmarks in a window of a screen of their own."""
    prepare_tests()
    if not program(PEERS, "python").exists():
        say("Peers are not installed (make bench-peers), so some will be named as missing.")
    return run_privately([*UNDER_XVFB, str(program(VENV, "python")), "-m", "tests.benchmarks.run", *arguments])


def bench_peers(_: list[str]) -> int:
    """Install what bench compares with; return 1 if a peer is missing, and say which."""
    prepare_tests()
    missing = {}
    try:
        install_python_packages(PEERS, "peers")
    except SetupError as error:
        missing["web3.py"] = str(error)
    try:
        install_system_packages(PEER_PACKAGES)
    except SetupError as error:
        missing["Electrum"] = str(error)
    if shutil.which("electrum") is None:
        missing.setdefault("Electrum", "This system has no package of it.")
    for peer in ("viem", "web3.py", "Electrum"):
        say(f"{peer} is missing. {missing[peer]}" if peer in missing else f"{peer} is installed.")
    return int(bool(missing))


def format_code(_: list[str]) -> int:
    """Format the code and mend what the linter can mend."""
    install_python_packages(VENV, "dev")
    ruff = [str(program(VENV, "python")), "-m", "ruff"]
    mended = subprocess.run([*ruff, "check", "--fix", "."], cwd=ROOT, check=False).returncode
    return subprocess.run([*ruff, "format", "."], cwd=ROOT, check=False).returncode or mended


def lock(_: list[str]) -> int:
    """Write the requirement files and the npm lock anew, with hashes and without addresses."""
    install_python_packages(VENV, "dev")
    install_python_packages(BUILD / "lock", "lock")
    common = ["--generate-hashes", "--universal", "--no-emit-index-url", "--no-header", "--only-binary", ":all:"]
    common += ["--python-version", ".".join(map(str, OLDEST_PYTHON)), "--upgrade", "--quiet"]
    sources = {
        "run": ["pyproject.toml"],
        "dev": ["pyproject.toml", "--group", "dev"],
        "peers": ["requirements/peers.in", "--no-config"],
        "lock": ["requirements/lock.in", "--no-config"],
    }
    for name, source in sources.items():
        say(f"requirements/{name}.txt")
        uv = [str(program(BUILD / "lock", "uv")), "pip", "compile", *source, *common]
        execute([*uv, "--output-file", f"requirements/{name}.txt"], "The versions could not be resolved")
    say("packaging/npm/package-lock.json")
    (NPM_PARTS / "package-lock.json").unlink(missing_ok=True)
    npm(["install", "--package-lock-only"], NPM_PARTS)
    return 0


def clean(_: list[str]) -> int:
    """Remove what these commands made."""
    caches = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache")
    for folder in (BUILD, VENV, *(ROOT / cache for cache in caches)):
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def require_python() -> None:
    """Go on only with a Python that the pinned libraries have wheels for; a fitting one on PATH takes over."""
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        return
    for minor in range(NEWEST_PYTHON[1], OLDEST_PYTHON[1] - 1, -1):
        other = shutil.which(f"python3.{minor}")
        if other and subprocess.run([other, "-c", ""], capture_output=True, check=False).returncode == 0:
            raise SystemExit(replace_process([other, *sys.argv], dict(os.environ)))
    found = ".".join(map(str, sys.version_info[:3]))
    raise SetupError(f"This is Python {found}; the wallet needs Python 3.11, 3.12 or 3.13. Install one of these.")


def prepare_tests() -> None:
    """Install all that the checks need."""
    install_system_packages(TEST_PACKAGES)
    install_python_packages(VENV, "dev")
    install_npm_parts()


def install_system_packages(wanted: tuple[str, ...]) -> None:
    """Install the Debian packages that are missing, as root; raise SetupError with the line to run otherwise."""
    if not sys.platform.startswith("linux"):
        return
    needs_venv = not program(VENV, "python").exists() and importlib.util.find_spec("ensurepip") is None
    if shutil.which("dpkg-query") is None or shutil.which("apt-get") is None:
        if needs_venv:
            raise SetupError("This Python has no ensurepip. Install your system's package for Python's venv module.")
        return  # not Debian's family: the libraries' names are unknown here, and Qt says itself what it lacks
    if needs_venv and sys.base_prefix == "/usr":
        wanted = (*wanted, f"python3.{sys.version_info.minor}-venv")
    elif needs_venv:
        raise SetupError(f"{sys.executable} has no ensurepip, so it cannot make a virtual environment.")
    missing = missing_packages(wanted)
    if not missing:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        raise SetupError(
            "Some packages of the system are missing. Run this line once, then start again:\n\n"
            f"  sudo apt-get update && sudo {' '.join(install)}\n"
        )
    say(f"Installing {len(missing)} packages of the system: {' '.join(missing)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    waiting = ["-qq", "-o", "DPkg::Lock::Timeout=300"]
    trouble = "apt-get could not install the packages; is the network reachable?"
    execute(["apt-get", *waiting, "update"], trouble, environment=quiet)
    execute([*install[:1], *waiting, *install[1:]], trouble, environment=quiet)


def missing_packages(wanted: tuple[str, ...]) -> list[str]:
    """Return those of `wanted` that dpkg does not count as installed, under their name or the one they got in 2024."""
    names = [*wanted, *(f"{name}t64" for name in wanted)]
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *names]
    known = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    return [name for name in wanted if not {f"{name} installed", f"{name}t64 installed"} & set(known)]


def install_python_packages(venv: Path, requirements: str, covers: tuple[str, ...] = ()) -> None:
    """Make `venv` hold the pinned packages of requirements/NAME.txt; those in `covers` would do as well."""
    python = program(venv, "python")
    for name in (requirements, *covers):
        if python.exists() and is_stamped(venv / f"{name}.stamp", python_stamp(venv, name)):
            return
    if not python.exists() or not program(venv, "pip").exists():
        say(f"Making a virtual environment in {venv.relative_to(ROOT)}")
        # The real file, not a link that a later upgrade of the system would turn to another version.
        interpreter = os.path.realpath(sys.executable) if os.name == "posix" else sys.executable
        execute([interpreter, "-m", "venv", "--clear", str(venv)], "The virtual environment could not be made")
    say(f"Installing Python packages ({requirements}) into {venv.relative_to(ROOT)}; the first time takes a minute")
    # --no-deps: the file is complete, and one bound in it is overridden on purpose (see pyproject.toml).
    strict = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--no-input"]
    execute(
        [str(python), "-m", "pip", "install", *strict, "--requirement", str(REQUIREMENTS / f"{requirements}.txt")],
        "pip could not install the packages; is the network reachable?",
    )
    (venv / f"{requirements}.stamp").write_text(python_stamp(venv, requirements))


def python_stamp(venv: Path, requirements: str) -> str:
    """Return what changes when the pinned packages or the Python under `venv` change."""
    return digest(REQUIREMENTS / f"{requirements}.txt", venv / "pyvenv.cfg")


def install_npm_parts() -> None:
    """Make build/npm hold anvil, viem and the contract artefacts that the tests run against."""
    parts = [NPM_PARTS / name for name in ("package.json", "package-lock.json", ".npmrc")]
    if is_stamped(NPM / "stamp", digest(*parts)):
        return
    say(f"Installing anvil and contract artefacts from npm into {NPM.relative_to(ROOT)}")
    NPM.mkdir(parents=True, exist_ok=True)
    for part in parts:
        shutil.copy(part, NPM)
    npm(["ci", "--ignore-scripts"], NPM)
    (NPM / "stamp").write_text(digest(*parts))


def npm(arguments: list[str], folder: Path) -> None:
    """Run the npm that came with the Python packages, in `folder`."""
    # npm asks PATH for node; node by itself would not trust the certificates that this machine's owner trusts.
    environment = {"NODE_USE_SYSTEM_CA": "1", **os.environ}
    environment["PATH"] = f"{program(VENV, 'npm').parent}{os.pathsep}{os.environ.get('PATH', '')}"
    trouble = "npm could not install the parts for the tests; is the network reachable?"
    execute([str(program(VENV, "npm")), *arguments], trouble, environment=environment, folder=folder)


def execute(command: list[str], trouble: str, environment: dict[str, str] | None = None, folder: Path = ROOT) -> None:
    """Run `command` with its output in build/setup.log; raise SetupError with `trouble` and the last lines of it."""
    BUILD.mkdir(exist_ok=True)
    with LOG.open("a", encoding="utf-8") as log:
        print(f"\n$ {shown(command)}", file=log, flush=True)
        begin = log.tell()
        code = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
        ).returncode
    if code != 0:
        said = LOG.read_bytes()[begin:].decode("utf-8", "replace").splitlines()[-15:]
        raise SetupError("\n".join([*said, "", f"{trouble} (All of it: {LOG.relative_to(ROOT)})"]))


def replace_process(command: list[str], environment: dict[str, str]) -> int:
    """Become `command`, so that signals and the exit code are its own; where that is impossible, return its code."""
    sys.stdout.flush()
    if os.name == "posix":
        os.chdir(ROOT)
        os.execvpe(command[0], command, environment)  # noqa: S606 -- a list of arguments, no shell
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def run_privately(command: list[str], told: IO[bytes] | None = None) -> int:
    """Run `command` in folders of its own, which are gone afterwards; return its exit code.

    What it writes goes to `told` where that is given.
    """
    with tempfile.TemporaryDirectory(prefix="dw-", ignore_cleanup_errors=True) as home:
        return subprocess.run(
            command, cwd=ROOT, env=private_environment(Path(home)), stdout=told, stderr=told, check=False
        ).returncode


def private_environment(home: Path) -> dict[str, str]:
    """Return an environment in which no check can see or touch the person's data, session, or screen."""
    kept = {"PATH", "LANG", "TERM", "TMPDIR", "USER", "LOGNAME", "SYSTEMROOT", "NO_COLOR", "FORCE_COLOR", "CI"}
    environment = {name: value for name, value in os.environ.items() if name in kept}
    folders = {"HOME": "", "XDG_CONFIG_HOME": "c", "XDG_DATA_HOME": "d", "XDG_CACHE_HOME": "k", "XDG_STATE_HOME": "s"}
    # Names are short because sockets below XDG_RUNTIME_DIR may have 107 characters.
    for variable, name in {**folders, "XDG_RUNTIME_DIR": "r"}.items():
        (home / name).mkdir(mode=0o700, exist_ok=True)
        environment[variable] = str(home / name)
    environment["PATH"] = f"{program(VENV, 'python').parent}{os.pathsep}{environment['PATH']}"
    environment.update(QT_QPA_PLATFORM="xcb", QT_API="pyside6", PYTHONPATH=str(ROOT), LC_ALL="C.UTF-8", TZ="UTC")
    return environment


def has_display() -> bool:
    """Return whether a window can open, or the person has chosen Qt's platform."""
    variables = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in variables)


def program(venv: Path, name: str) -> Path:
    """Return where `venv` keeps a program."""
    return venv / "Scripts" / f"{name}.exe" if os.name == "nt" else venv / "bin" / name


def digest(*files: Path) -> str:
    """Return one hash over the contents of `files`."""
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()


def is_stamped(stamp: Path, content: str) -> bool:
    """Return whether an earlier set-up ended well with just this content."""
    return stamp.exists() and stamp.read_text() == content


def shown(command: list[str]) -> str:
    """Return `command` as a person would type it, from the project's folder."""
    return " ".join(f"'{part}'" if " " in part else part.replace(f"{ROOT}{os.sep}", "") for part in command)


def say(*lines: str) -> None:
    """Tell the person what happens now."""
    for line in lines:
        print(f"==> {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
