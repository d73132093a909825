"""The cases of the npm package @ethersproject/testcases 5.8.0 (MIT), which `packaging/dev.py` puts into build/npm."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

_CASES = Path(__file__).parents[2] / "build/npm/node_modules/@ethersproject/testcases/testcases"


def cases_of(name: str) -> list[dict[str, Any]]:
    """Return all cases of one of its files."""
    cases: list[dict[str, Any]] = json.loads(gzip.decompress((_CASES / f"{name}.json.gz").read_bytes()))
    return cases


def number(value: str | int | None) -> int:
    """Return a number as the cases write it: in hexadecimal or as itself; a missing one and 0x are 0."""
    if isinstance(value, str):
        return int(value.removeprefix("0x") or "0", 16)
    return value or 0


def data_of(value: str | None) -> bytes:
    """Return the bytes of a hexadecimal text; a missing one is empty."""
    return bytes.fromhex((value or "").removeprefix("0x"))
