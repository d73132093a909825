"""What all tests share: which event loop they run on, and how large a proof is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.proof_report import ProofReport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    _LoopFactory = Callable[[], asyncio.AbstractEventLoop]

_TESTS = Path(__file__).parent
_ON_THE_WINDOW_LOOP = ("ui", "end_to_end", "app")
"""Folders of tests whose coroutines run on the loop of the window (qasync); all others run without Qt."""


@dataclass(frozen=True, slots=True)
class ProofSize:
    """How often each kind of proof is repeated in this run."""

    histories: int
    kills: int
    corruptions: int
    monkey_inputs: int


_EVERY_DAY = ProofSize(histories=300, kills=30, corruptions=500, monkey_inputs=2_000)
_FULL = ProofSize(histories=5_000, kills=500, corruptions=10_000, monkey_inputs=20_000)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `make prove` asks for."""
    parser.addoption("--full", action="store_true", help="run the proofs at full size")
    parser.addoption("--proofs", type=Path, metavar="FILE", help="write what the proofs showed to FILE")


def pytest_configure(config: pytest.Config) -> None:
    """Set the number of property histories; every run draws the same ones, so that a failure can be seen again."""
    size = _size(config)
    hypothesis.settings.register_profile(
        "wallet",
        max_examples=size.histories,
        deadline=None,
        derandomize=True,
        database=None,
        print_blob=True,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("wallet")
    page: Path | None = config.getoption("--proofs")
    if page is not None:
        config.pluginmanager.register(ProofReport(page, size, is_full=config.getoption("--full")))


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, _LoopFactory]:
    """Return the one loop an async test runs on."""
    room = item.path.relative_to(_TESTS).parts[0]
    if room not in _ON_THE_WINDOW_LOOP:
        return {"asyncio": asyncio.new_event_loop}
    import qasync

    return {"qt": qasync._get_qevent_loop}


@pytest.fixture(scope="session")
def proof_size(pytestconfig: pytest.Config) -> ProofSize:
    """Return how often proofs repeat: small for `make test`, full for `make prove`."""
    return _size(pytestconfig)


def _size(config: pytest.Config) -> ProofSize:
    return _FULL if config.getoption("--full") else _EVERY_DAY
