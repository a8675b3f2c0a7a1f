"""What is installed is pinned with the hashes of its files, and the short lists say what was asked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.source import ROOT

LISTS = sorted(ROOT.glob("requirements*.in"))
PINNED = re.compile(
    r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;]+)[^\\]*((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE
)


def asked_for(name: str) -> set[str]:
    """The packages of a short list, and of those that it goes on from."""
    names: set[str] = set()
    for line in (ROOT / name).read_text().splitlines():
        if line.startswith("-r "):
            names |= asked_for(line[3:])
        elif line and not line.startswith("#"):
            names.add(canonicalize_name(Requirement(line).name))
    return names


def pinned(name: str) -> dict[str, str]:
    """Version by package of a list that is installed."""
    return {canonicalize_name(found[1]): found[2] for found in PINNED.finditer((ROOT / name).read_text())}


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_all_that_was_asked_for_is_pinned(path: Path) -> None:
    name = path.name
    assert asked_for(name) - set(pinned(name.replace(".in", ".txt"))) == set()


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_each_pin_has_hashes_and_nothing_else_is_in_the_list(path: Path) -> None:
    text = (ROOT / path.name.replace(".in", ".txt")).read_text()
    assert PINNED.sub("", text).strip() == ""


def test_the_lists_agree_on_every_version() -> None:
    small, scale, dev = (pinned(f"requirements{kind}.txt") for kind in ("", "-scale", "-dev"))
    assert small.items() <= scale.items() <= dev.items()


def test_they_are_installed_with_their_hashes_only() -> None:
    for name in ("Makefile", "Dockerfile"):
        text = (ROOT / name).read_text().replace("\\\n", " ")
        installs = re.findall(r"pip install [^\n&]*-r \S+", text)
        assert installs
        assert [line for line in installs if "--require-hashes" not in line] == []
