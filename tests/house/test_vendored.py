"""The files of others are what the table beside them says."""

from __future__ import annotations

import hashlib
import re

import pytest
from django.conf import settings

from tests.house.source import ROOT

FOLDER = ROOT / "static" / "vendor"
TABLE = (FOLDER / "VENDORED.md").read_text()
ROWS = re.findall(r"^\| `(\S+)` \| `(\S+)` \| (\S+) \| .*`(licences/\S+)` \| `([0-9a-f]{64})` \|$", TABLE, re.M)
FILES = [row[0] for row in ROWS]
SAYS_ITS_VERSION = {"htmx.min.js": r'version:"([\d.]+)"', "modern-normalize.css": r"modern-normalize v([\d.]+)"}


@pytest.mark.parametrize("row", ROWS, ids=FILES)
def test_a_file_is_the_one_that_the_table_names(row: tuple[str, ...]) -> None:
    name, _, _, licence, digest = row
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest
    assert (FOLDER / licence).stat().st_size > 100


@pytest.mark.parametrize("name", SAYS_ITS_VERSION)
def test_the_version_in_the_file_is_the_one_of_the_table(name: str) -> None:
    found = re.search(SAYS_ITS_VERSION[name], (FOLDER / name).read_text())
    assert found
    assert {row[2] for row in ROWS if row[0] == name} == {found[1]}


def test_the_table_leaves_no_file_out() -> None:
    here = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()}
    assert {name for name in here if not name.startswith("licences/")} - {"VENDORED.md"} == set(FILES)


def test_pages_load_htmx_from_here() -> None:
    base = (settings.ROOT / "templates" / "base.html").read_text()
    assert "{% static 'vendor/htmx.min.js' %}" in base
