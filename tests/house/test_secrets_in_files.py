"""Every secret of the environment may stand in a file instead, by one rule."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from batchsite.options import ROOT, SECRETS, OptionError, Options, read


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_read_from_the_file_that_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("hush-hush\n")
    field = next(each.name for each in Options.__dataclass_fields__.values() if each.metadata["name"] == name)
    assert getattr(read({f"{name}_FILE": str(path)}), field) in {"hush-hush", ("hush-hush",)}


def test_a_file_that_does_not_hold_the_secret_stops_the_start(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for given, words in (
        ({"XAI_API_KEY_FILE": str(tmp_path / "gone")}, "must name a file that can be read"),
        ({"DATABASE_URL_FILE": str(empty)}, "is empty"),
        ({"SECRET_KEY_FILE": str(empty), "SECRET_KEY": "x"}, "are both set"),
    ):
        with pytest.raises(OptionError, match=words):
            read(given)


def test_nothing_else_is_read_from_files(tmp_path: Path) -> None:
    assert read({"BATCHSITE_HOSTS_FILE": str(tmp_path / "gone")}).hosts == ()


def test_the_documentation_lists_them() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    [paragraph] = re.findall(r"\*\*Secrets in files\*\*.*?\n\n", page, re.DOTALL)
    assert set(re.findall(r"`([A-Z_]+)`", paragraph)) - {"_FILE"} == set(SECRETS)
