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


def test_every_file_of_code_that_a_page_names_is_there() -> None:
    """Pages name a file by the end of its path: `harvest.py`, `processes/gc_tuning.py`."""
    files = ["/manage.py"]
    files += [
        f"/{path.relative_to(ROOT)}"
        for room in ("batchsite", "tests", "benchmarks")
        for path in (ROOT / room).rglob("*.py")
    ]
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    named = {(page.name, name) for page in pages for name in re.findall(r"`([\w/]+\.py)`", page.read_text())}
    assert len(named) > 60
    assert [(page, name) for page, name in named if not any(file.endswith(f"/{name}") for file in files)] == []
