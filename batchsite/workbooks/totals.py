"""The totals row that an Excel file declares at the end of a table ("Format as table"). Pure."""

from __future__ import annotations

import re
from typing import IO

from batchsite.workbooks.package import Package
from batchsite.workbooks.xml_stream import XmlStream

_MOST_ROWS = 10
_LAST_ROW = re.compile(r"\$?[A-Z]+\$?\d+:\$?[A-Z]+\$?(\d+)")


def declared_totals(package: Package, sheet: str, last_row: int) -> int:
    """Rows from the totals that a table of a sheet declares to the last; 0 for none, or many. `sheet`: its part."""
    for relation in package.relations(sheet).values():
        if relation.kind == "table" and relation.target in package:
            table = _Table(package.open(relation.target))
            last = _LAST_ROW.fullmatch(table.area)
            if last and table.totals.isdecimal() and int(table.totals):
                rows = last_row - int(last[1]) + 1
                return rows if 0 < rows <= _MOST_ROWS else 0
    return 0


class _Table(XmlStream):
    """The cells that a table covers, and how many rows of totals it has."""

    def __init__(self, part: IO[bytes]) -> None:
        super().__init__(longest=0)
        self.area, self.totals = "", "0"
        self.take_all(part)

    def started(self, tag: str, values: dict[str, str]) -> None:
        if tag == "table":
            self.area, self.totals = values.get("ref", ""), values.get("totalsRowCount", "0")
