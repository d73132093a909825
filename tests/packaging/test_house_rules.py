"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "desktop_wallet").rglob("*.py"))
LONGEST_FILE = 450
"""Lines; the aim is 400."""


def _exec_calls_in_coroutines(tree: ast.AST) -> list[int]:
    """Return the lines on which a coroutine calls the `exec` of a dialog, a menu or a loop."""
    return [
        call.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.AsyncFunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in {"exec", "exec_"}
    ]


def _offences(rule: Callable[[ast.AST], list[int]]) -> dict[str, list[int]]:
    """Return the lines of each source that break `rule`."""
    lines = {source: rule(ast.parse(source.read_text(encoding="utf-8"))) for source in SOURCES}
    return {source.relative_to(ROOT).as_posix(): found for source, found in lines.items() if found}


def test_no_coroutine_calls_exec() -> None:
    """With qasync 0.28 it hangs or re-enters the loop."""
    assert _offences(_exec_calls_in_coroutines) == {}


def test_the_rule_about_exec_sees_one() -> None:
    assert _exec_calls_in_coroutines(ast.parse("async def ask(dialog):\n    return dialog.exec()\n")) == [2]
    assert _exec_calls_in_coroutines(ast.parse("def ask(dialog):\n    return dialog.exec()\n")) == []


def _ownerless_tasks(tree: ast.AST) -> list[int]:
    """Return the lines that start a task elsewhere than in a TaskGroup."""
    groups = {
        item.optional_vars.id
        for block in ast.walk(tree)
        if isinstance(block, ast.AsyncWith)
        for item in block.items
        if isinstance(item.optional_vars, ast.Name) and "TaskGroup(" in ast.unparse(item.context_expr)
    }
    return [
        call.lineno
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in {"create_task", "ensure_future"}
        and ast.unparse(call.func.value) not in groups
    ]


def test_every_task_has_an_owner_that_cancels_and_awaits_it() -> None:
    """That is a TaskGroup, or one of the two modules that own tasks: of the window and of the services."""
    owners = {"desktop_wallet/ui/tasks.py", "desktop_wallet/services/tasks.py"}
    assert set(_offences(_ownerless_tasks)) - owners == set()


def test_the_rule_about_tasks_sees_one() -> None:
    owned = "async def go(w):\n    async with asyncio.TaskGroup() as group:\n        group.create_task(w)\n"
    assert _ownerless_tasks(ast.parse(owned)) == []
    assert _ownerless_tasks(ast.parse("loop.create_task(w)\nasyncio.ensure_future(w)\n")) == [1, 2]


def test_no_file_has_grown_too_long() -> None:
    lengths = {source: len(source.read_text(encoding="utf-8").splitlines()) for source in SOURCES}
    assert {str(source.relative_to(ROOT)): length for source, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_room_is_named_after_nothing() -> None:
    empty = {"utils", "util", "common", "manager", "helper", "helpers", "misc"}
    assert [source for source in SOURCES if empty & {source.stem, *source.relative_to(ROOT).parts}] == []


def test_packaging_is_no_package() -> None:
    """An __init__.py there would hide the library of that name."""
    assert not (ROOT / "packaging" / "__init__.py").exists()
