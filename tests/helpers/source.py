"""The tree as text and syntax, for the tests that look at the code itself."""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "PACKAGES",
    "ROOT",
    "calls",
    "full_name",
    "imported_names",
    "modules",
    "parsed",
    "pyproject",
    "used_names",
    "where",
]

ROOT = Path(__file__).parents[2]
PACKAGES = ("analytics", "campaigns", "messaging", "rules", "schemas", "segments", "stores", "web", "workers")


@cache
def pyproject() -> dict[str, Any]:
    """Give pyproject.toml, decoded."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def modules(*folders: str) -> list[Path]:
    """Every Python file below the folders of the tree, sorted; a file may be named too."""
    found: set[Path] = set()
    for folder in folders:
        place = ROOT / folder
        found.update([place] if place.suffix == ".py" and place.is_file() else place.rglob("*.py"))
    return sorted(found)


@cache
def parsed(path: Path) -> ast.Module:
    """Give the syntax of one file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def where(path: Path, node: ast.stmt | ast.expr) -> str:
    """Say `folder/file.py:line`."""
    return f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"


def imported_names(tree: ast.Module) -> dict[str, str]:
    """Each name that an import binds, with the full name it stands for, wherever in the file the import is."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.split(".")[0]
                names[alias.asname or root] = alias.name if alias.asname else root
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def full_name(expression: ast.expr, imported: Mapping[str, str]) -> str:
    """Spell a name or attribute out through the imports: `dt.now` is `datetime.datetime.now`; else the empty text."""
    parts: list[str] = []
    while isinstance(expression, ast.Attribute):
        parts.append(expression.attr)
        expression = expression.value
    if not isinstance(expression, ast.Name):
        return ""
    return ".".join([imported.get(expression.id, expression.id), *reversed(parts)])


def used_names(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Every name or attribute in use, spelt out."""
    imported = imported_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            yield full_name(node, imported), node


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call, with what is called spelt out."""
    imported = imported_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield full_name(node.func, imported), node
