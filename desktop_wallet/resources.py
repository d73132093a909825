"""Where the files of `resources/` are, in a checkout, in an installed package and in a frozen program.

No Qt and no meaning: fonts, icons and lists come out as paths, text, bytes or parsed TOML. What a network or a token
is stands in `core`; who turns these documents into values stands in `services`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]
"""A TOML file as `tomllib` reads it. That is imported late: a start shows its window without these."""

_MARKER = "networks.toml"
_PACKAGE = Path(__file__).resolve().parent


class MissingResource(RuntimeError):
    """A file that ships with the program is not there: a bug of ours or of the package, not of the person."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"resource is missing: {name}")


def candidate_roots(package: Path = _PACKAGE, frozen: str | None = None) -> tuple[Path, ...]:
    """Return the places where the resources may lie, the likeliest first.

    `frozen` is the folder that PyInstaller unpacked to (`sys._MEIPASS`). A wheel carries them as `_resources` inside
    the package, where no other distribution can put files; a checkout has them beside it.
    """
    if frozen is not None:
        return (Path(frozen) / "resources",)
    return (package / "_resources", package.parent / "resources")


def find_root(candidates: tuple[Path, ...]) -> Path:
    """Return the first place that holds our resources; MissingResource if none does.

    A folder counts by the network list in it: `site-packages/resources` may belong to somebody else.
    """
    for root in candidates:
        if (root / _MARKER).is_file():
            return root
    raise MissingResource(_MARKER)


def resource_path(*parts: str) -> Path:
    """Return the path of a file or folder under `resources/`, named part by part.

    Raises MissingResource naming it, when it is not there or lies outside.
    """
    root = find_root(candidate_roots(frozen=getattr(sys, "_MEIPASS", None)))
    path = root.joinpath(*parts)
    inside = path.is_relative_to(root) and ".." not in parts
    if not inside or not path.exists():
        raise MissingResource("/".join(parts))
    return path


def read_text(*parts: str) -> str:
    """Return a resource's text (UTF-8); MissingResource if it is not there."""
    return read_bytes(*parts).decode("utf-8")


def read_bytes(*parts: str) -> bytes:
    """Return a resource's bytes; MissingResource if it is not there."""
    path = resource_path(*parts)
    if not path.is_file():
        raise MissingResource("/".join(parts))
    return path.read_bytes()


def load_networks_document() -> Document:
    """Return `networks.toml`: `format`, `checked`, `sources`, `licence`, and a list `network`."""
    import tomllib  # noqa: PLC0415 - see Document

    return tomllib.loads(read_text("networks.toml"))


def load_tokens_documents() -> dict[str, Document]:
    """Return every token list by the CAIP-2 id of its network: `format`, ..., and a list `token`."""
    import tomllib  # noqa: PLC0415 - see Document

    documents = (
        tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(resource_path("tokens").glob("*.toml"))
    )
    return {document["network"]: document for document in documents}
