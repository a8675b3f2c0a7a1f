"""What can be configured is written down, with the defaults that the code has."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

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
    return f"`{value}`".replace(f"{ROOT}/", "")


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_documented(name: str) -> None:
    item: dataclasses.Field[Any] = OPTIONS[name]
    default, text = ROWS[name]
    assert default == written(item.default)
    assert text.startswith(item.metadata["help"])


def test_nothing_is_documented_that_does_not_exist() -> None:
    assert set(ROWS) <= set(OPTIONS)
