"""The totals row that an Excel file declares at the end of a table ("Format as table"). Pure."""

from __future__ import annotations

import posixpath
import re
import zipfile
from xml.etree import ElementTree

_MOST_BYTES = 1_000_000
_LAST_ROW = re.compile(r"\$?[A-Z]+\$?\d+:\$?[A-Z]+\$?(\d+)")


def declared_totals(archive: zipfile.ZipFile, sheet: str, last_row: int) -> int:
    """How many of the last rows of a sheet, which is the part `sheet`, are totals; 0 where nothing says so."""
    folder, name = posixpath.split(sheet)
    relations = _part(archive, f"{folder}/_rels/{name}.rels")
    if relations is None:
        return 0
    for relation in relations:
        if relation.get("Type", "").endswith("/table"):
            table = _part(archive, posixpath.normpath(posixpath.join(folder, relation.get("Target", ""))).lstrip("/"))
            last = _LAST_ROW.fullmatch(table.get("ref", "")) if table is not None else None
            if table is not None and last and int(last[1]) == last_row:
                count = table.get("totalsRowCount", "0")
                return min(int(count), 1) if count.isdecimal() else 0
    return 0


def _part(archive: zipfile.ZipFile, name: str) -> ElementTree.Element | None:
    """The root of a small part; None where there is none, or it cannot be read."""
    try:
        if archive.getinfo(name).file_size > _MOST_BYTES:
            return None
        return ElementTree.fromstring(archive.read(name))  # noqa: S314  (expat has limits)
    except (KeyError, ElementTree.ParseError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
