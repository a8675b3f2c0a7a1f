"""A room renders its own templates, and includes follow the arrows between the rooms."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.house.source import ROOT

FOLDER = ROOT / "templates"
SHARED = {"parts", "charts", ""}
"""Folders that anybody may use; "" holds the bases and the error pages."""
NAMED = re.compile(r"\{%\s*(?:include|extends)\s+\"([^\"]+)\"")
LONGEST = 120


def test_includes_obey_the_arrows() -> None:
    offenders = [f"{name} uses {used}" for name, used in _uses() if not _may_use(_room_of(name), _room_of(used))]
    assert offenders == []


def test_a_view_renders_templates_of_its_own_room() -> None:
    offenders = [
        f"{path.relative_to(ROOT)} renders {name}"
        for path in sorted((ROOT / "batchsite").rglob("*.py"))
        for name in _templates_named_in(path)
        if _room_of(name) not in {path.relative_to(ROOT / "batchsite").parts[0], *SHARED}
    ]
    assert offenders == []


def test_a_line_is_never_too_long() -> None:
    lines = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted(FOLDER.rglob("*.html"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > LONGEST
    ]
    assert lines == []


def _uses() -> Iterator[tuple[str, str]]:
    for path in sorted(FOLDER.rglob("*.html")):
        for used in NAMED.findall(path.read_text()):
            yield str(path.relative_to(FOLDER)), used


def _may_use(room: str, other: str) -> bool:
    return other in SHARED or room == other or _heights().get(room, 0) > _heights().get(other, 0)


def _heights() -> dict[str, int]:
    """How high each room stands, by the contract of the layers in pyproject.toml."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return {
        room.strip().removeprefix("batchsite."): height
        for height, layer in enumerate(reversed(layers))
        for room in layer.split("|")
    }


def _room_of(name: str) -> str:
    return name.split("/")[0] if "/" in name else ""


def _templates_named_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".html"):
            yield node.value
