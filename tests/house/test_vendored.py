"""The files of others are what the table beside them says."""

from __future__ import annotations

import hashlib
import re

from django.conf import settings

from tests.house.source import ROOT

FOLDER = ROOT / "static" / "vendor"
TABLE = (FOLDER / "VENDORED.md").read_text()
ROWS = re.findall(r"^\| `(\S+)` \| `(\S+)` \| (\S+) \| .*`(licences/\S+)` \| `([0-9a-f]{64})` \|$", TABLE, re.M)
FILES = [row[0] for row in ROWS]
SAYS_ITS_VERSION = {"htmx.min.js": r'version="([\d.]+)"', "modern-normalize.css": r"modern-normalize v([\d.]+)"}


def test_every_file_is_the_one_that_the_table_names() -> None:
    digests = {row[0]: row[4] for row in ROWS}
    assert {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in FILES} == digests


def test_every_file_has_a_licence_beside_it() -> None:
    assert [licence for _, _, _, licence, _ in ROWS if (FOLDER / licence).stat().st_size <= 100] == []


def test_the_version_in_a_file_is_the_one_of_the_table() -> None:
    versions = {row[0]: [row[2]] for row in ROWS if row[0] in SAYS_ITS_VERSION}
    assert {
        name: re.findall(pattern, (FOLDER / name).read_text())[:1] for name, pattern in SAYS_ITS_VERSION.items()
    } == versions


def test_the_table_leaves_no_file_out() -> None:
    here = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()}
    assert {name for name in here if not name.startswith("licences/")} - {"VENDORED.md"} == set(FILES)


def test_pages_load_htmx_from_here() -> None:
    base = (settings.ROOT / "templates" / "base.html").read_text()
    assert "{% static 'vendor/htmx.min.js' %}" in base
