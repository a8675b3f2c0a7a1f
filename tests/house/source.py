"""The project's source as syntax trees, for the tests of the house."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "batchsite"
MADE = {"var", "staticfiles", "test-results", "__pycache__", "vendor", "node_modules"}
"""Folders whose files were made by programs or by others."""


def files() -> list[Path]:
    """Every Python file that people wrote: all of batchsite but its migrations."""
    return sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def name_of(path: Path) -> str:
    """`batchsite/teams/views.py` as `batchsite.teams.views`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports anywhere, also inside functions and for types only."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def texts() -> Iterator[tuple[PurePosixPath, str]]:
    """Every text file that people wrote, in any language: its path within the repository, and what it says."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in MADE and (name[0] != "." or name in {".ci", ".github"})]
        for path in (Path(folder, name) for name in names if name != ".git"):
            try:
                yield PurePosixPath(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
