"""What can be configured is written down, with the defaults that the code has."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from batchsite.options import Options
from tests.house.source import ROOT

PAGE = (ROOT / "docs" / "configuration.md").read_text()
ROWS = {name: (default, text) for name, default, text in re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", PAGE, re.M)}
OPTIONS = {item.metadata["name"]: item for item in dataclasses.fields(Options)}


def written(value: Any) -> str:
    """A default as the table writes it."""
    if value == "" or value == ():
        return "not set"
    if isinstance(value, bool):
        return f"`{int(value)}`"
    if isinstance(value, tuple):
        value = ",".join(value)
    return f"`{value}`".replace(f"{ROOT}/", "")


def test_every_option_is_documented_with_its_default() -> None:
    expected = {name: (written(item.default), item.metadata["help"]) for name, item in OPTIONS.items()}
    documented = {name: ROWS.get(name, ("", "")) for name in OPTIONS}
    assert [
        name
        for name, (default, text) in documented.items()
        if default != expected[name][0] or not text.startswith(expected[name][1])
    ] == []


def test_nothing_is_documented_that_does_not_exist() -> None:
    assert set(ROWS) <= set(OPTIONS)


def test_every_file_that_a_page_names_as_proof_is_there() -> None:
    pages = {path.name: path.read_text() for path in (ROOT / "docs").glob("*.md")}
    named = {(name, path) for name, text in pages.items() for path in re.findall(r"`(tests/[\w/]+\.py)`", text)}
    assert len(named) > 20
    assert [(name, path) for name, path in named if not (ROOT / path).exists()] == []
