"""The parts of an Excel file: its sheets, number formats, texts, and the cells of a sheet as a stream. Pure.

openpyxl knows the package and its workbook. Cells are read past it, from the same XML, for three things it does not
give in a stream: numbers as they stand in the file, formulas beside their results, and memory that stays flat.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any
from xml.etree import ElementTree
from xml.parsers import expat

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils import column_index_from_string
from openpyxl.utils.datetime import CALENDAR_MAC_1904

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
_ISO_DATE, _ISO_MOMENT = "yyyy-mm-dd", "yyyy-mm-dd h:mm"
_BY_COUNTRY = {14: _ISO_DATE, 22: _ISO_MOMENT, **dict.fromkeys([*range(27, 32), 36, *range(50, 59)], _ISO_DATE)}
"""Built-in formats that every country shows in its own way: written as ISO 8601."""
_PART_BYTES = 100_000_000
"""Bytes of a part that is held as a whole."""
_TEXTS_IN_MEMORY = 32_000_000
_PIECE = 65_536
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"([A-Za-z]{1,3})(\d+)")
_MOST_MERGED = 1000


class Damaged(Exception):
    """The file is not what Excel would have written."""


@dataclass(frozen=True)
class Sheet:
    """A sheet of cells: its name, where its XML lies, and whether Excel hides it."""

    name: str
    path: str
    hidden: bool


class Book:
    """An Excel file. Raises all kinds of things where it is damaged."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = set(archive.namelist())
        self.by_country: set[int] = set()
        """Cell styles whose numbers are written as ISO 8601, other than on anybody's screen."""
        self.sheets, self.since_1904 = self._workbook()
        self.formats = self._styles()
        texts = self._part("sharedstrings.xml")
        self.texts = Texts(self._open(texts) if texts else None)

    def _workbook(self) -> tuple[list[Sheet], bool]:
        for name in self.names:
            big = self.archive.getinfo(name).file_size > _PART_BYTES
            if big and not name.startswith(("xl/worksheets/", "xl/sharedStrings", "xl/media/")):
                raise Damaged(name)
        reader = ExcelReader(self.archive.fp, read_only=True, data_only=True, keep_links=False)
        reader.read_manifest()
        reader.read_workbook()
        sheets = [
            Sheet(sheet.name, rel.target, sheet.state != "visible")
            for sheet, rel in reader.parser.find_sheets()
            if rel.target in self.names and "chartsheet" not in rel.Type and "dialogsheet" not in rel.Type
        ]
        return sheets, reader.wb.epoch == CALENDAR_MAC_1904

    def _styles(self) -> list[str]:
        """The number format of every cell style."""
        styles = self._part("styles.xml")
        if not styles:
            return []
        codes: dict[int, str] = {**BUILTIN_FORMATS, **_BY_COUNTRY}
        found: list[str] = []
        inside = False
        with self._open(styles) as part:
            for event, element in ElementTree.iterparse(part, ("start", "end")):  # noqa: S314  (expat has limits)
                tag = element.tag.rpartition("}")[2]
                if tag == "cellXfs":
                    inside = event == "start"
                elif event == "end" and tag == "numFmt":
                    codes[int(element.get("numFmtId", 0))] = element.get("formatCode", "")
                elif event == "end" and tag == "xf" and inside:
                    number = int(element.get("numFmtId", 0))
                    if number in _BY_COUNTRY and codes[number] == _BY_COUNTRY[number]:
                        self.by_country.add(len(found))
                    found.append(codes.get(number, "General"))
        return found

    def _part(self, name: str) -> str:
        """The path of a part that there is once; programs do not agree on its case."""
        return next((path for path in sorted(self.names) if path.lower() == f"xl/{name}"), "")

    def _open(self, name: str) -> IO[bytes]:
        return self.archive.open(name)

    def rows(self, sheet: Sheet) -> Iterator[SheetRow | SheetEnd]:
        """The rows of a sheet that have cells, in ascending order, and in the end what stands behind them."""
        reader = _SheetReader()
        with self._open(sheet.path) as part:
            yield from reader.read(part)


@dataclass
class Cell:
    """`kind` is the type of the cell in the file: n, s, str, inlineStr, b, e or d."""

    column: int
    kind: str
    style: int
    text: str
    formula: bool


@dataclass
class SheetRow:
    """`number` is what Excel shows at its left."""

    number: int
    cells: list[Cell]
    hidden: bool


@dataclass
class SheetEnd:
    """What is known of a sheet once it is read."""

    merged: list[str] = field(default_factory=list)
    hidden_columns: int = 0


class _Xml:
    """A stream of XML, its elements by their local names."""

    def __init__(self) -> None:
        self.taking = False
        self.parts: list[str] = []
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = self._doctype
        self._parser, self._local = parser, dict[str, str]()

    def feed(self, part: IO[bytes]) -> Iterator[None]:
        """Parses a piece at a time."""
        while piece := part.read(_PIECE):
            self._parser.Parse(piece, False)
            yield
        self._parser.Parse(b"", True)
        yield

    def started(self, tag: str, values: dict[str, str]) -> None:
        raise NotImplementedError

    def ended(self, tag: str) -> None:
        raise NotImplementedError

    def _start(self, name: str, values: dict[str, str]) -> None:
        tag = self._local.get(name) or self._local.setdefault(name, name.rpartition(" ")[2])
        self.started(tag, values)

    def _end(self, name: str) -> None:
        self.ended(self._local[name])

    def _data(self, text: str) -> None:
        if self.taking:
            self.parts.append(text)

    def _doctype(self, *_: Any) -> None:
        raise Damaged("a document type")


class _SheetReader(_Xml):
    def __init__(self) -> None:
        super().__init__()
        self._rows: list[SheetRow | SheetEnd] = []
        self._row, self._column = SheetRow(0, [], False), 0
        self._cell = Cell(0, "n", 0, "", False)
        self._phonetic = False
        self._end_of_sheet = SheetEnd()

    def read(self, part: IO[bytes]) -> Iterator[SheetRow | SheetEnd]:
        for _ in self.feed(part):
            yield from self._rows
            self._rows.clear()
        yield self._end_of_sheet

    def started(self, tag: str, values: dict[str, str]) -> None:
        if tag == "c":
            self._begin_cell(values)
        elif tag == "v" or (tag == "t" and not self._phonetic):
            self.taking = True
        elif tag == "f":
            self._cell.formula = True
        elif tag == "row":
            self._begin_row(values)
        elif tag == "rPh":
            self._phonetic = True
        elif tag == "mergeCell" and len(self._end_of_sheet.merged) < _MOST_MERGED:
            self._end_of_sheet.merged.append(values.get("ref", ""))
        elif tag == "col" and values.get("hidden") in {"1", "true"}:
            self._end_of_sheet.hidden_columns += 1

    def ended(self, tag: str) -> None:
        if tag == "c":
            self._cell.text = "".join(self.parts)
            self._row.cells.append(self._cell)
        elif tag in {"v", "t"}:
            self.taking = False
        elif tag == "row":
            self._rows.append(self._row)
        elif tag == "rPh":
            self._phonetic = False

    def _begin_row(self, values: dict[str, str]) -> None:
        number = int(values.get("r") or self._row.number + 1)
        if not self._row.number < number <= MOST_ROWS:
            raise Damaged("row numbers")
        self._row, self._column = SheetRow(number, [], values.get("hidden") in {"1", "true"}), 0

    def _begin_cell(self, values: dict[str, str]) -> None:
        column = self._column + 1
        if reference := values.get("r"):
            found = _REFERENCE.fullmatch(reference)
            column = column_index_from_string(found[1]) if found else 0
        if not self._column < column <= MOST_COLUMNS:
            raise Damaged("cell references")
        self._column = column
        self._cell = Cell(column, values.get("t", "n"), int(values.get("s", 0)), "", False)
        self.parts = []


class Texts(_Xml):
    """The texts that cells share. In memory while they are few, then in a file without a name."""

    def __init__(self, part: IO[bytes] | None) -> None:
        super().__init__()
        self._phonetic = False
        self._ends = array("Q", [0])
        self._file = tempfile.SpooledTemporaryFile(_TEXTS_IN_MEMORY)  # noqa: SIM115
        if part is not None:
            with part:
                for _ in self.feed(part):
                    pass

    def __getitem__(self, index: int) -> str:
        if index < 0:
            raise IndexError(index)
        begin, end = self._ends[index], self._ends[index + 1]
        self._file.seek(begin)
        return self._file.read(end - begin).decode()

    def started(self, tag: str, values: dict[str, str]) -> None:
        if tag == "si":
            self.parts = []
        elif tag == "rPh":
            self._phonetic = True
        elif tag == "t":
            self.taking = not self._phonetic

    def ended(self, tag: str) -> None:
        if tag == "t":
            self.taking = False
        elif tag == "rPh":
            self._phonetic = False
        elif tag == "si":
            data = unescaped("".join(self.parts)).encode()
            self._file.write(data)
            self._ends.append(self._ends[-1] + len(data))


def unescaped(text: str) -> str:
    """A text of a cell: characters that XML cannot hold are written as `_x000D_`."""
    return _ESCAPE.sub(_unescape, text) if "_x" in text else text


def _unescape(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return found[0] if code == 0 or 0xD800 <= code < 0xE000 else chr(code)
