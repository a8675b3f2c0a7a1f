"""The totals row that an Excel file declares at the end of a table ("Format as table"). Pure."""

from __future__ import annotations

import re
import zipfile
from xml.etree import ElementTree

from batchsite.tables.formats.excel_package import Package

_MOST_BYTES = 1_000_000
_LAST_ROW = re.compile(r"\$?[A-Z]+\$?\d+:\$?[A-Z]+\$?(\d+)")


def declared_totals(package: Package, sheet: str, last_row: int) -> int:
    """Returns how many of the last rows of a sheet, which is the part `sheet`, are totals; 0 if nothing says so."""
    for relation in package.relations(sheet).values():
        if relation.kind != "table" or relation.target not in package:
            continue
        table = _root_of(package, relation.target)
        last = _LAST_ROW.fullmatch(table.get("ref", "")) if table is not None else None
        if table is not None and last and int(last[1]) == last_row:
            count = table.get("totalsRowCount", "0")
            return min(int(count), 1) if count.isdecimal() else 0
    return 0


def _root_of(package: Package, name: str) -> ElementTree.Element | None:
    """Returns the root of a small part. None if it is large or cannot be read."""
    try:
        with package.open(name) as part:
            text = part.read(_MOST_BYTES + 1)
        return ElementTree.fromstring(text) if len(text) <= _MOST_BYTES else None  # noqa: S314  (expat has limits)
    except (ElementTree.ParseError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
