"""An Excel file: its sheets, number formats and shared texts, wherever its package has them. Pure."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO
from xml.parsers.expat import ExpatError

from batchsite.workbooks.package import Package, Relation, main_part
from batchsite.workbooks.shared_texts import Texts
from batchsite.workbooks.sheet_cells import SheetEnd, SheetReader, SheetRow
from batchsite.workbooks.styles import Styles
from batchsite.workbooks.xml_stream import Damaged, XmlStream

DAMAGE = (
    ExpatError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, LookupError,
    NotImplementedError, RuntimeError, Damaged,
)  # fmt: skip
"""What a file raises that no spreadsheet program wrote, or whose packing cannot be undone."""
_MOST_SHEETS = 10_000
_RELATION_ID = "id"
_USUAL_WORKBOOK, _BINARY_WORKBOOK = "xl/workbook.xml", "xl/workbook.bin"


@dataclass(frozen=True)
class Sheet:
    """A sheet of cells: its name, where its XML lies, and whether Excel hides it."""

    name: str
    path: str
    hidden: bool


class Book:
    """`longest`: characters of a row, or of one text. Raises TooLarge, and DAMAGE."""

    def __init__(self, archive: zipfile.ZipFile, longest: int) -> None:
        self.package = package = Package(archive)
        self.longest = longest
        main = main_part(package) or _USUAL_WORKBOOK
        self.binary = _BINARY_WORKBOOK in package or "binary" in package.kind_of(main)
        """Whether it is an .xlsb, of which nothing else is read."""
        if self.binary:
            return
        relations = package.relations(main)
        workbook = _Workbook(package.open(main))
        self.since_1904 = workbook.since_1904
        self.sheets = list(_sheets(workbook, relations, package))
        self.formats = Styles(self._related(relations, "styles")).formats
        self.texts = Texts(self._related(relations, "sharedStrings"), longest)

    def rows(self, sheet: Sheet) -> Iterator[SheetRow | SheetEnd]:
        """The rows of a sheet that have cells, in ascending order, and in the end what stands behind them."""
        with self.package.open(sheet.path) as part:
            yield from SheetReader(self.longest).read(part)

    def _related(self, relations: dict[str, Relation], kind: str) -> IO[bytes] | None:
        """The part of a kind, opened. None where the workbook has none."""
        target = next((relation.target for relation in relations.values() if relation.kind == kind), "")
        return self.package.open(target) if target in self.package else None


class _Workbook(XmlStream):
    """What the workbook says about its sheets: (name, state, id of the relationship)."""

    def __init__(self, part: IO[bytes]) -> None:
        super().__init__(longest=0)
        self.sheets: list[tuple[str, str, str]] = []
        self.since_1904 = False
        self.take_all(part)

    def started(self, tag: str, values: dict[str, str]) -> None:
        if tag == "workbookPr":
            self.since_1904 = values.get("date1904") in {"1", "true"}
        elif tag == "sheet":
            if len(self.sheets) > _MOST_SHEETS:
                raise Damaged("sheets")
            relation = next((value for key, value in values.items() if key.endswith(f" {_RELATION_ID}")), "")
            self.sheets.append((values.get("name", ""), values.get("state") or "visible", relation))


def _sheets(workbook: _Workbook, relations: dict[str, Relation], package: Package) -> Iterator[Sheet]:
    """The sheets with cells, in the order of their tabs; charts and dialogs have none. Raises KeyError."""
    for name, state, number in workbook.sheets:
        if not number:
            continue
        relation = relations[number]
        if relation.kind not in {"chartsheet", "dialogsheet"} and relation.target in package:
            yield Sheet(name, relation.target, state != "visible")
